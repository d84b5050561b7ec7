"""Who may know of a complaint by a one-time link, asked of the condition that every list and page starts from."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import Notice
from tests import make


@pytest.fixture
def told(desk):
    """A complaint against a store that somebody has claimed, and one against a store that nobody has."""
    unclaimed = make.listing(store=make.store(marketplace_id=desk.stores[0].marketplace_id, name="Store C"))
    filed = desk.file(listings=[desk.listings[0], unclaimed])
    desk.accept(filed)
    desk.work()
    return filed


def sees(desk, filed, *links):
    try:
        return queries.complaint(Actor(at=desk.clock.now(), links=frozenset(links)), filed.reference).id == filed.id
    except NotVisible:
        return False


def test_a_seller_s_link_reads_its_own_complaint_and_nothing_once_the_store_has_an_account(desk, told):
    claimed, unclaimed = told
    assert sees(desk, unclaimed, ("seller", unclaimed.id))
    assert not sees(desk, unclaimed, ("seller", claimed.id)) and not sees(desk, unclaimed)
    assert not sees(desk, claimed, ("seller", claimed.id)), "its account reads it"


def test_a_seller_s_link_reads_nothing_before_the_seller_was_told(desk):
    unclaimed = make.listing(store=make.store(marketplace_id=desk.stores[0].marketplace_id, name="Store C"))
    (filed,) = desk.file(listings=[unclaimed])
    assert not sees(desk, filed, ("seller", filed.id))


def test_a_guest_reads_the_complaints_of_its_notice_once_the_address_is_confirmed(desk, told):
    filed = replace(told[0])
    link = ("guest", filed.notice_id)
    assert not sees(desk, filed, link)
    with unit_of_work():
        db.session.execute(update(Notice).where(Notice.id == filed.notice_id).values(guest_confirmed_at=desk.clock.now()))
    assert sees(desk, filed, link) and not sees(desk, filed, ("guest", filed.notice_id + 1))
