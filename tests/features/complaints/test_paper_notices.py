"""Notices that came by post: what they hold stays where the law puts it, and they come in as they are."""

from contextvars import Context
from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Invalid, Refusal
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import elements, operations, queries
from ipdesk.features.complaints.links import find_link
from ipdesk.features.complaints.models import Notice
from ipdesk.features.decisions import recorded
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.rights import operations as rights
from tests import make
from tests.journeys.conftest import Filed
from tests.journeys.test_put_back import counter
from tests.visitors import sign_in

SECRETS = ("1 Hidden Lane", "+1 555 0199", "pat@home.example")


@pytest.fixture
def record(desk):
    """Record a notice that came by post; ``record(**changed) -> its id``."""
    def made(**changed):
        said = {
            "name": "Pat Private", "company": "", "address": SECRETS[0], "phone": SECRETS[1],
            "email": SECRETS[2], "kind": "trademark", "title": "AURORA", "number": "123", "office": "USPTO",
            "owner": "Aurora Ltd", "territory": "US", "locale": "en", "reason_code": "counterfeit",
            "explanation": "A copy.", "listings": desk.listings[0].external_id, "signed_name": "Pat Private",
            "acting_as": "owner", "statements": ["good_faith", "accurate_and_authorised", "copy_to_seller"],
            "received_at": desk.clock.now() - timedelta(hours=1), "channel": "post", **changed}
        actor = desk.actor("legal")
        with unit_of_work():
            market = db.session.get(Marketplace, desk.stores[0].marketplace_id)
            original = evidence.take_in(actor=actor, file=intake().take([b"A letter.\n"], name="letter.txt"))
            return recorded.record_notice(actor=actor, marketplace=market, original=original, said=said).id
    return made


def screen(desk, notice_id, trigger="accept", **facts):
    with unit_of_work():
        operations.screen_notice(actor=desk.actor("legal"), notice=rules.kinds["notice"].load(notice_id),
                                 trigger=trigger, **facts)


def test_the_private_contact_of_a_letter_never_reaches_the_seller(desk, record):
    notice_id = record()
    screen(desk, notice_id)
    desk.work()
    complaint, = queries.complaints_of(notice_id)
    seen = str(disclosure.view(complaint, desk.actor("seller_a")))
    letters = [row.body_text for row in db.session.execute(select(Outbox).where(
        Outbox.recipient_role == "seller")).scalars()]
    assert "Pat Private" in seen and letters
    browser = sign_in(desk.app.test_client(), desk.people["seller_a"])
    page = Context().run(browser.get, f"/complaints/{complaint.reference}/complainant").get_data(as_text=True)
    assert "named no contact for sellers" in page
    assert not any("Contact the complainant" in letter for letter in letters), "there is nowhere to write to"
    assert not any(secret in text for secret in SECRETS for text in [seen, page, *letters])
    staff = disclosure.view(db.session.get(Notice, notice_id), desk.actor("legal"))
    assert staff["contact"]["address"] == SECRETS[0]
    assert staff["right"]["contact"] == {}, "who wrote is not the public contact of the right"


def test_a_seller_reads_the_public_contact_of_a_right_but_no_address(app):
    contact = {"name": "Ada", "email": "public@aurora.example", "phone": "+1 555 0111", "address": "2 Public Street"}
    seen = {column: disclosure.disclose("complaint", {"right": {"title": "AURORA", "contact": contact}}, column)["right"]
            for column in ("seller", "rights_holder", "staff")}
    assert seen["seller"] == {"title": "AURORA", "contact": {
        name: contact[name] for name in ("name", "email", "phone")}}
    assert seen["rights_holder"]["contact"] == seen["staff"]["contact"] == contact


@pytest.mark.parametrize("kept", ["address", "phone", "email"])
def test_any_way_to_reach_the_notifier_is_enough_for_the_statute(desk, record, kept):
    gone = {name: "" for name in ("address", "phone", "email") if name != kept}
    notice_id = record(kind="copyright", number="", office="", reason_code="copied_picture", **gone)
    screen(desk, notice_id)
    assert db.session.get(Notice, notice_id).state == "accepted"


def test_with_no_way_to_reach_the_notifier_or_no_name_it_is_not_complete(desk, record):
    for gone in ({"address": "", "phone": "", "email": ""}, {"name": ""}):
        notice_id = record(kind="copyright", number="", office="", reason_code="copied_picture",
                           listings=make.listing(store=desk.stores[0]).external_id, **gone)
        with pytest.raises(Refusal, match="element_missing"):
            screen(desk, notice_id)


def test_a_trademark_without_number_is_recorded_as_it_came(desk, record):
    notice_id = record(number="", office="")
    assert db.session.get(Notice, notice_id).state == "filed"


def test_over_the_desk_a_trademark_needs_its_number(desk):
    with pytest.raises(Invalid, match="number"), unit_of_work():
        rights.register_right(actor=desk.actor("rights_holder"), kind="trademark", title="AURORA", owner="Aurora Ltd",
                              territory="US")


@pytest.mark.parametrize(("trigger", "message"), [("reject_right", "right_rejected"), ("verify_right", "right_verified")])
def test_the_notifier_reads_what_became_of_the_right_in_its_letter(desk, record, trigger, message):
    notice_id = record()
    right_id = db.session.get(Notice, notice_id).right_id
    db.session.rollback()
    with unit_of_work():
        rights.judge_right(actor=desk.actor("legal_two"), right=rules.kinds["right"].load(right_id), trigger=trigger,
                           reasons="The register names another owner.")
    letter, = db.session.execute(select(Outbox).where(Outbox.message == message)).scalars()
    assert (letter.to_address, letter.recipient_role, letter.channel) == ("pat@home.example", "rights_holder", "mail")
    said = " ".join(letter.body_text.split())
    assert "Dear Pat Private" in said and ("names another owner" in said) == (trigger == "reject_right")
    assert "Open the right" not in said and "and submit it again" not in said, "it has no page of the right"
    link = find_link(said.split("https://desk.example/links/")[1].split()[0])
    assert (link.case_id, link.audience) == (notice_id, "guest")


def test_staff_are_told_when_the_copy_of_a_counter_notification_reaches_nobody(desk, record):
    codes = [line["code"] for line in elements.statements("us_dmca")]
    notice_id = record(kind="copyright", number="", office="", reason_code="copied_picture", statements=codes, email="")
    screen(desk, notice_id)
    row, = queries.complaints_of(notice_id)
    complaint = Filed(row.id, notice_id, row.reference)
    db.session.rollback()
    counter(desk, complaint)
    desk.work()
    told = db.session.execute(select(Outbox).where(Outbox.message == "letter_failed", Outbox.channel == "mail")).scalars().all()
    assert {letter.to_address for letter in told} == {desk.people["legal"].email, desk.people["legal_two"].email}
    assert "Copy of a counter-notification" in told[0].body_text and f"/complaints/{complaint.reference}" in told[0].body_text
    desk.work()
    assert len(db.session.execute(select(Outbox.id).where(Outbox.message == "letter_failed", Outbox.channel == "mail")).all()) == 2
    browser = sign_in(desk.app.test_client(), desk.people["legal"])
    page = Context().run(browser.get, f"/complaints/{complaint.reference}")
    assert "A letter could not be delivered" in page.get_data(as_text=True)
