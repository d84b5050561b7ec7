"""Nobody waits for the desk unseen: the queue, what is late, and the letter to whoever must know."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.outbox.models import InboxMessage, Outbox
from ipdesk.features.catalogue.connector import Retry
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.decisions import queries, work
from tests.journeys.test_put_back import examine, sue, window


def queued(floor):
    """Kind, reference and clock of every row of the queue."""
    with floor.app.app_context():
        keys = queries.queue_keys()
        rows = queries.queue_rows(db.session.execute(
            keys.order_by(keys.selected_columns.due_at, keys.selected_columns.id)).all())
    return {row["reference"]: row for row in rows}


def late(floor):
    with floor.app.app_context():
        return {row["reference"]: row for row in queries.late(floor.clock.now())}


def pass_time(floor, **time):
    floor.clock.advance(timedelta(**time))
    with floor.app.app_context():
        floor.desk.work()


def letters(floor, reference):
    with floor.app.app_context():
        return db.session.execute(select(Outbox).where(
            Outbox.message == "deadline_missed", Outbox.thread_key == reference,
            Outbox.channel == "mail").order_by(Outbox.id)).scalars().all()


@pytest.fixture
def told(floor):
    """A counter-notified complaint whose rights holder has told of a court action, and its window."""
    filed = floor.contested("copyright")
    with floor.app.app_context():
        span = window(filed)
        sue(floor.desk, filed, floor.claims(filed))
    return filed, *span


def test_a_court_paper_is_due_before_the_put_back_can_come(floor, told):
    filed, opens, closes = told
    row = queued(floor)[filed.reference]
    assert row["clock"]["name"] == "put_back_latest"
    assert row["clock"]["target_at"] == opens - timedelta(seconds=1) and row["clock"]["breach_at"] < closes
    with floor.app.app_context():
        assert db.session.get(Complaint, filed.id).next_due_at == opens - timedelta(seconds=1)
    page = floor.browser("legal").get("/queue").get_data(as_text=True)
    assert "Time to examine the court paper" in page and "No clock of the desk runs" not in page
    assert filed.reference not in late(floor)
    floor.clock.set(opens + timedelta(minutes=1))
    assert late(floor)[filed.reference]["clock"]["target_at"] == opens - timedelta(seconds=1)
    assert filed.reference in floor.browser("admin").get("/supervision").get_data(as_text=True)


def test_a_put_back_that_the_marketplace_does_not_confirm_comes_to_the_desk(floor, monkeypatch):
    filed = floor.contested("copyright")
    with floor.app.app_context():
        opens, closes = window(filed)
    broken = type("Broken", (type(rules.settings["connector"]),), {"apply": lambda *_: Retry("down")})
    monkeypatch.setattr(rules, "settings", {**rules.settings, "connector": broken()})
    floor.clock.set(opens + timedelta(hours=10))
    pass_time(floor, hours=0)
    assert floor.states(filed) == ["counter_notified.restoring"]
    assert filed.reference not in queued(floor) and filed.reference not in late(floor)
    floor.clock.set(closes)
    pass_time(floor, hours=0)
    assert queued(floor)[filed.reference]["clock"]["missed"]
    assert late(floor)[filed.reference]["clock"]["name"] == "restoration"
    assert {row.to_address for row in letters(floor, filed.reference)} == {
        floor.desk.people[who].email for who in ("legal", "legal_two")}
    assert floor.act(work.take, "legal", "complaint", filed.id)


def test_a_case_in_court_comes_back_every_ninety_days_until_somebody_looks(floor, told):
    filed, *_ = told
    with floor.app.app_context():
        paper = rules.describe(db.session.get(Complaint, filed.id))["court_notices"][0]["id"]
        examine(floor.desk, filed, paper, fit=True)
    assert filed.reference not in queued(floor)
    pass_time(floor, days=95)
    assert queued(floor)[filed.reference]["clock"]["missed"]
    assert late(floor)[filed.reference]["clock"]["name"] == "court_review"
    assert len(letters(floor, filed.reference)) == 2, "each of the legal staff is told"
    pass_time(floor, days=95)
    assert len(letters(floor, filed.reference)) == 4, "and again"
    floor.act(work.write_note, "legal", "complaint", filed.id, text="Still pending; hearing in May.")
    assert filed.reference not in queued(floor) and filed.reference not in late(floor)
    pass_time(floor, days=95)
    assert filed.reference in queued(floor)
    assert floor.states(filed) == ["counter_notified.in_court"]


def test_a_right_that_waits_for_its_verification_stands_in_the_queue(floor):
    floor.file()
    (right,) = [row for row in queued(floor).values() if row["kind"] == "right"]
    assert right["clock"]["name"] == "verification"
    page = floor.browser("legal").get("/queue").get_data(as_text=True)
    assert f"/rights/{right['reference']}/judge" in page
    assert floor.browser("legal").get(f"/rights/{right['reference']}/judge").status_code == 200
    auditor = floor.browser("auditor").get("/queue").get_data(as_text=True)
    assert f"/rights/{right['reference']}" in auditor and "/judge" not in auditor
    pass_time(floor, days=9)
    assert late(floor)[right["reference"]]["kind"] == "right"
    assert [row.to_address for row in letters(floor, right["reference"])] == [floor.desk.people["admin"].email]


def test_whoever_must_know_is_told_what_was_due_since_when_and_where(floor):
    filed = floor.file()[0]
    with floor.app.app_context():
        notice = rules.kinds["notice"].load(filed.notice_id).reference
        db.session.rollback()
    pass_time(floor, days=4)
    found = letters(floor, notice)
    assert {row.to_address for row in found} == {floor.desk.people[who].email for who in ("legal", "legal_two")}
    assert f"/notices/{notice}/screen" in found[0].body_text
    assert "Screening of the notice" in found[0].body_text and "Overdue since" in found[0].body_text
    with floor.app.app_context():
        owners = set(db.session.execute(select(InboxMessage.owner_kind, InboxMessage.owner_id).join(
            Outbox, InboxMessage.outbox_id == Outbox.id).where(Outbox.message == "deadline_missed")).all())
    assert ("user", floor.desk.people["legal"].id) in owners
    assert floor.states(filed) == ["received.screening"], "nothing is decided by it"


def test_queue_and_supervision_say_of_one_case_the_same(floor):
    """A target that has passed is no breach: overdue is what has passed its last instant, wherever it is read."""
    floor.file()
    for hours, said in ((30, "target passed, overdue from"), (30, "overdue since")):
        pass_time(floor, hours=hours)
        for page in ("/queue", "/supervision"):
            text = " ".join(floor.browser("legal").get(page).get_data(as_text=True).split())
            assert said in text, (page, said)
