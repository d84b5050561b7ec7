"""Readers without account open the exhibits that they were shown, and no others."""

import re

import pytest
from sqlalchemy import select

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import operations, queries
from ipdesk.features.complaints.answers import Entry
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from tests import make
from tests.journeys.conftest import CONTACT

RIGHT = {"kind": "trademark", "title": "AURORA", "owner": "Aurora Ltd", "number": "1", "office": "USPTO", "territory": "US"}
SELLER = {"name": "Wei Example", "address": "88 Harbour Road", "phone": "+86 755 5550123", "email": "wei@seller.example"}


def take(actor, name, **more):
    return evidence.take_in(actor=actor, file=intake().take([name.encode()], name=name), **more)


@pytest.fixture
def by_guest(desk):
    """A guest's notice with a photo of its own, accepted; its id."""
    guest = Actor(at=desk.clock.now())
    with unit_of_work():
        notice_id = operations.file_as_guest(
            actor=guest, marketplace=db.session.get(Marketplace, desk.stores[0].marketplace_id), right=RIGHT,
            entries=[Entry(desk.listings[0].external_id)], reason_code="counterfeit", explanation="A copy.",
            contact=CONTACT, signed_name="Ada Example", exhibits=[take(guest, "own.txt", key_hash="k" * 64)],
            statements=["good_faith", "accurate_and_authorised", "copy_to_seller"]).id
    with unit_of_work():
        operations.screen_notice(actor=desk.actor("legal"), notice=rules.kinds["notice"].load(notice_id), trigger="accept")
    desk.work()
    return notice_id


def opened(app, message):
    """A browser that has opened the newest link in letters of this kind."""
    text = db.session.execute(select(Outbox.body_text).where(
        Outbox.message == message, Outbox.body_text.contains("/links/")).order_by(Outbox.month.desc(), Outbox.id.desc())).scalars().first()
    db.session.rollback()
    browser = app.test_client()
    browser.came_to = browser.post(re.search(r"(/links/\S+)", text)[1]).location
    assert browser.came_to
    return browser


def test_a_guest_opens_what_the_seller_shared_and_nothing_else(app, desk, by_guest):
    with unit_of_work():
        complaint, = queries.complaints_of(by_guest)
        seller, reference = desk.actor("seller_a"), complaint.reference
        notice_reference = rules.kinds["notice"].load(by_guest).reference
        shared, secret = take(seller, "invoice.txt"), take(seller, "prices.txt")
        answers.file_counter_notice(
            actor=seller, complaint=complaint, claim_ids=[one.id for one in queries.claims_of(complaint.id)],
            grounds=["genuine_goods"], explanation="Genuine.", contact=SELLER, signed_name="Wei Example",
            statements=["good_faith", "accurate_and_authorised", "copy_to_rights_holder"],
            exhibits={shared: "share", secret: "platform_only"})
        paths = {one.name: f"/evidence/exhibits/{one.reference}/original" for one in (shared, secret)}
    browser = opened(app, "counter_notice_copy")
    assert browser.came_to == f"/complaints/{reference}", "what the letter is about, not the notice, which waits for nobody"
    page = browser.get(f"/complaints/{reference}").text
    assert f"You, in the complaint {reference}" in browser.get(f"/notices/{notice_reference}").text
    assert "invoice.txt" in page and "prices.txt" not in page
    assert browser.get(paths["invoice.txt"]).status_code == 200
    assert browser.get(paths["prices.txt"]).status_code == 404
    with browser.session_transaction() as session:
        session["links"] = [["guest", by_guest + 1000, int(make.now().timestamp())]]
    assert browser.get(paths["invoice.txt"]).status_code == 404, "another notice opens none of it"


def test_a_guest_opens_its_own_exhibits_in_whatever_browser(app, desk, by_guest):
    browser = opened(app, "confirm_address")
    reference, = (one.reference for one in db.session.execute(
        select(evidence.Exhibit).where(evidence.Exhibit.case_id == by_guest)).scalars())
    db.session.rollback()
    assert browser.get(f"/evidence/exhibits/{reference}/original").status_code == 200
    assert app.test_client().get(f"/evidence/exhibits/{reference}/original").status_code == 404
