"""One-time links of a store that nobody has claimed: how long they last, and what ends them."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.accounts.models import StoreBinding
from tests import make


@pytest.fixture
def told(desk):
    """``(complaint, store id, path of its link)`` of a complaint told to an unclaimed store."""
    market = desk.stores[0].marketplace_id
    db.session.rollback()
    store = make.store(marketplace_id=market, name="Unclaimed", contact_email="shop@unclaimed.example")
    store_id = store.id
    complaint, = desk.file(listings=[make.listing(store=store)])
    desk.accept([complaint])
    desk.work()
    return complaint, store_id, link_to("shop@unclaimed.example")


def link_to(address):
    text = db.session.execute(select(Outbox.body_text).where(
        Outbox.to_address == address).order_by(Outbox.month.desc(), Outbox.id.desc())).scalars().first()
    db.session.rollback()
    return re.search(r"(/links/\S+)", text)[1]


def claim(desk, store_id):
    user = make.user("seller")
    user_id = user.id
    with unit_of_work():
        db.session.add(StoreBinding(user_id=user_id, store_id=store_id, main=True, via="staff", bound_at=desk.clock.now()))


def test_a_link_opens_for_thirty_days(app, desk, told):
    _, _, path = told
    desk.clock.advance(timedelta(days=31))
    browser = app.test_client()
    answer = browser.post(path)
    assert answer.status_code == 409 and "too old" in answer.text
    assert "Send me a new link" in browser.get(path).text
    assert browser.post(path + "/again").status_code == 303
    assert app.test_client().post(link_to("shop@unclaimed.example")).status_code == 303


def test_a_link_dies_when_the_store_is_claimed(app, desk, told):
    complaint, store_id, path = told
    reader = app.test_client()
    assert reader.post(path).status_code == 303
    assert reader.get(f"/complaints/{complaint.reference}").status_code == 200
    claim(desk, store_id)
    assert reader.get(f"/complaints/{complaint.reference}").status_code == 404
    desk.clock.advance(timedelta(hours=1))
    assert reader.post(path + "/again").status_code == 409


def test_a_claimed_store_is_not_opened_by_an_old_letter(app, desk, told):
    complaint, store_id, path = told
    claim(desk, store_id)
    browser = app.test_client()
    answer = browser.post(path)
    assert answer.status_code == 409 and "has an account" in answer.text
    assert browser.get(f"/complaints/{complaint.reference}").status_code in (302, 404)
