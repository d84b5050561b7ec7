"""A further court paper while one is examined: each is kept with its own time, and the one that qualifies counts."""

from datetime import datetime, timedelta

import pytest
from flask import g
from sqlalchemy import select

from ipdesk.core.casework import clocks
from ipdesk.core.db.core import db
from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.outbox.models import Outbox
from ipdesk.desk.case import complaint_page
from ipdesk.features.complaints import queries
from ipdesk.features.counter_notices.models import CourtNotice
from tests.journeys.test_put_back import NEW_YORK, counter, examine, sue


@pytest.fixture
def contested(desk):
    complaint = desk.file(kind="copyright")[0]
    desk.accept([complaint])
    desk.work()
    counter(desk, complaint)
    desk.work()
    return complaint


def claims_of(filed):
    return [claim.id for claim in queries.claims_of(filed.id)]


def due(filed):
    return {line.name: line.due_at for line in clocks.open_deadlines(filed.id)}


def papers(filed):
    return [(row.result, row.received_at) for row in db.session.execute(
        select(CourtNotice).where(CourtNotice.complaint_id == filed.id).order_by(CourtNotice.id)).scalars()]


def test_a_fit_paper_counts_although_an_unfit_one_waits(desk, contested):
    claims = claims_of(contested)
    latest = due(contested)["put_back"]
    first = sue(desk, contested, claims)
    told_first = desk.clock.now()
    desk.clock.advance(timedelta(days=1))
    second = sue(desk, contested, claims)
    assert papers(contested) == [("", told_first), ("", desk.clock.now())], "each with the day on which it came"
    assert due(contested) == {"put_back_latest": latest}, "and neither moves the latest day"

    examine(desk, contested, first, fit=False)
    assert desk.states(contested) == ["counter_notified.court_notice"] * 2, "the second still waits"
    examine(desk, contested, second, fit=True)
    assert desk.states(contested) == ["counter_notified.in_court"] * 2
    desk.clock.set(latest + timedelta(days=3))
    desk.work()
    assert desk.states(contested) == ["counter_notified.in_court"] * 2, "what qualified is not put back"


def test_when_no_paper_qualifies_the_put_back_goes_on_from_the_first_day(desk, contested):
    claims, before = claims_of(contested), due(contested)
    first, second = sue(desk, contested, claims), sue(desk, contested, claims)
    examine(desk, contested, second, fit=False)
    assert desk.states(contested) == ["counter_notified.court_notice"] * 2
    examine(desk, contested, first, fit=False)
    assert desk.states(contested) == ["counter_notified.put_back"] * 2
    assert due(contested) == before


def test_only_the_listings_of_the_waiting_paper_stay(desk, contested):
    one, other = claims_of(contested)
    both, narrow = sue(desk, contested, [one, other]), sue(desk, contested, [other])
    examine(desk, contested, both, fit=False)
    states = {claim.id: claim.state for claim in queries.claims_of(contested.id)}
    assert states == {one: "counter_notified.put_back", other: "counter_notified.court_notice"}
    examine(desk, contested, narrow, fit=True)
    states = {claim.id: claim.state for claim in queries.claims_of(contested.id)}
    assert states == {one: "counter_notified.put_back", other: "counter_notified.in_court"}


def test_a_paper_is_examined_once_and_its_sender_told_each_time(desk, contested):
    claims = claims_of(contested)
    first = sue(desk, contested, claims)
    sue(desk, contested, claims)
    examine(desk, contested, first, fit=False)
    with pytest.raises(Refusal, match="court_notice_examined"):
        examine(desk, contested, first, fit=True)
    db.session.rollback()
    sent = [tuple(row) for row in db.session.execute(select(Outbox.message, Outbox.recipient_role).where(
        Outbox.case_id == contested.id, Outbox.channel == "mail", Outbox.message.like("court_action%")))]
    assert sorted(sent) == [("court_action_received", "rights_holder")] * 2 + [("court_action_rejected", "rights_holder")], (
        "the seller learns of a court action once one is confirmed")


def test_the_clock_puts_back_what_nobody_confirmed_however_many_papers_wait(desk, contested):
    for _ in range(3):
        sue(desk, contested, claims_of(contested))
    desk.clock.set(due(contested)["put_back_latest"])
    desk.work()
    assert set(desk.states(contested)) <= {"counter_notified.restoring_paper", "counter_notified.timely_paper"}


def test_the_seller_reads_the_last_day_once_the_window_has_opened_and_never_that_it_is_over(desk, contested):
    """It waits for the put-back and may not know of the paper: eleventh to fourteenth business day, not a day that has passed."""
    def shown():
        with desk.app.test_request_context():
            actor = g.actor = desk.actor("seller_a")
            found = complaint_page(queries.complaint(actor, contested.reference), actor)["case"]
        db.session.rollback()
        return found["deadline"]

    sue(desk, contested, claims_of(contested))
    early = shown()
    assert early["when"].startswith("Mon 16 Mar 2026, 23:59") and "20 Mar 2026" in early["window"]
    desk.clock.set(datetime(2026, 3, 18, 12, tzinfo=NEW_YORK))
    desk.work()
    assert desk.states(contested) == ["counter_notified.court_notice"] * 2
    late = shown()
    assert late["when"].startswith("Fri 20 Mar 2026, 23:59") and late["distance"] == "in 2 working days"
    assert "at any time since Tue 17 Mar 2026, 00:00" in late["window"] and late["tone"] != "overdue"
    assert late["counted"].startswith("14 days")
