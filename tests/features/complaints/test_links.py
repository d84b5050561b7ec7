"""One-time links of a store that nobody has claimed: how long they last, and what ends them."""

import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.accounts.models import StoreBinding
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence import queries as exhibits
from ipdesk.features.evidence.intake import current as intake
from tests import make
from tests.features.complaints.conftest import text_of
from tests.visitors import sign_in


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


def newest_letter(address):
    text = db.session.execute(select(Outbox.body_text).where(
        Outbox.to_address == address).order_by(Outbox.month.desc(), Outbox.id.desc())).scalars().first()
    db.session.rollback()
    return text


def link_to(address):
    return re.search(r"(/links/\S+)", newest_letter(address))[1]


def invitations():
    """``(address, path)`` of each invitation that was written."""
    found = db.session.execute(select(Outbox.to_address, Outbox.body_text).where(
        Outbox.message == "store_invitation").order_by(Outbox.month, Outbox.id)).all()
    db.session.rollback()
    return [(to, re.search(r"https://desk\.example(/invitations/\S+)", text)[1]) for to, text in found]


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


def test_a_new_link_says_until_when_its_reader_can_answer_and_what_silence_costs(app, desk, told):
    complaint, _, path = told
    browser = app.test_client()
    browser.post(path)
    until = BeautifulSoup(browser.get(f"/complaints/{complaint.reference}").text, "html.parser").select_one(".ipd-answers time").text
    desk.clock.advance(timedelta(minutes=11))
    assert browser.post(path + "/again").status_code == 303
    text = " ".join(newest_letter("shop@unclaimed.example").split())
    assert f"Until when ------------------------ {until} (" in text
    assert "The link is good for 30 days." in text and "taken down" in text.partition("If you do nothing")[2]


@pytest.mark.parametrize("lost", [1, 20])
def test_a_link_of_which_a_part_was_lost_says_what_to_do(app, told, lost):
    answer = app.test_client().get(told[2][:-lost])
    assert answer.status_code == 404 and "Copy its whole line" in answer.text
    for way in ("/notices/follow", "/sign-in/store"):
        assert f'href="{way}"' in answer.text and app.test_client().get(way).status_code == 200


def test_what_a_link_opened_is_open_for_a_day_in_a_copied_cookie_too(app, desk, told):
    complaint, _, path = told
    reader, thief = app.test_client(), app.test_client()
    reader.post(path)
    thief.set_cookie("ipdesk", reader.get_cookie("ipdesk").value)
    desk.clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert reader.get(f"/complaints/{complaint.reference}").status_code == 200
    desk.clock.advance(timedelta(seconds=1))
    for browser in (reader, thief):
        assert browser.get(f"/complaints/{complaint.reference}").status_code in (302, 404)
    assert reader.post(path + "/again").status_code == 303
    assert reader.post(link_to("shop@unclaimed.example")).status_code == 303
    assert reader.get(f"/complaints/{complaint.reference}").status_code == 200


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


@pytest.mark.tampers  # the file is shared by itself, without the act that does so
def test_a_link_finds_no_file_of_a_store_that_has_an_account(desk, told):
    complaint, store_id, _ = told
    with unit_of_work():
        holder = desk.actor("rights_holder")
        shared = evidence.take_in(actor=holder, file=intake().take([b"Comparison"], name="comparison.txt"))
        evidence.attach(actor=holder, exhibit=shared, case_id=complaint.id, role="notice", rules=intake().rules, visibility="share")
        evidence.file_exhibits(actor=holder, exhibits=[shared])
        evidence.disclose(actor=desk.actor("legal"), exhibit=shared, case_id=complaint.id, store_id=store_id)
    reader = Actor(at=desk.clock.now(), links=frozenset({("seller", complaint.id)}))
    assert [one.name for one in db.session.scalars(exhibits.visible_to(reader))] == ["comparison.txt"]
    db.session.rollback()
    claim(desk, store_id)
    assert not list(db.session.scalars(exhibits.visible_to(reader)))


def test_who_reads_by_a_link_makes_the_account_and_answers(app, desk, told):
    complaint, _, path = told
    reader, page = app.test_client(), f"/complaints/{complaint.reference}"
    reader.post(path)
    shown = text_of(reader.get(page))
    assert "Create the account of this store" in shown and "s…@unclaimed.example" in shown
    assert "shop@unclaimed.example" not in shown
    assert reader.post(page + "/store-account").location == page
    assert "on its way to s…@unclaimed.example" in text_of(reader.get(page))
    (to, invitation), = invitations()
    assert to == "shop@unclaimed.example"
    assert reader.post(invitation, data={"name": "Li Wei", "password": make.PASSWORD}).location == "/welcome"
    assert complaint.reference in reader.get("/complaints").text
    assert "Which listings do you contest?" in reader.get(page + "/contest").text


def test_the_mailbox_of_a_store_is_not_flooded(app, desk, told):
    complaint, _, path = told
    reader, page = app.test_client(), f"/complaints/{complaint.reference}"
    reader.post(path)
    reader.post(page + "/store-account")
    reader.post(page + "/store-account")
    assert "a few minutes ago" in text_of(reader.get(page)) and len(invitations()) == 1
    desk.clock.advance(timedelta(minutes=11))
    reader.post(page + "/store-account")
    assert len(invitations()) == 2


def test_only_a_reader_of_the_link_asks_for_the_account(app, desk, told):
    page = f"/complaints/{told[0].reference}"
    other = make.seller()
    db.session.refresh(other)
    for stranger in (app.test_client(), sign_in(app.test_client(), other)):
        assert stranger.post(page + "/store-account").status_code == 404
    assert not invitations()
