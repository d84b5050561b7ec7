"""An installation that sends no mail: nothing counts as delivered, and no seller's time starts."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.casework import clocks
from ipdesk.core.db.core import db
from ipdesk.core.jobs.loop import Worker
from ipdesk.core.outbox.models import Outbox
from ipdesk.worker import jobs


@pytest.fixture
def work(desk):
    """The worker as an operator starts it."""
    return lambda: Worker(jobs(desk.app.extensions["ipdesk.settings"], desk.clock), desk.clock).until_idle()


def test_a_letter_that_was_only_written_starts_no_clock_and_staff_look_for_another_way(desk, work):
    complaint = desk.file()[0]
    desk.accept([complaint])
    for _ in range(4):
        work()
        assert set(desk.states(complaint)) == {"pending_response.sending"}
        desk.clock.advance(timedelta(days=1))
    row = db.session.execute(select(Outbox).where(
        Outbox.case_id == complaint.id, Outbox.message == "complaint_opened", Outbox.channel == "mail")).scalar_one()
    assert (row.status, row.proof["way"]) == ("waiting", "folder") and "no mail server is set" in row.proof["error"]
    for _ in range(3):
        desk.clock.advance(timedelta(days=1))
        work()
    assert set(desk.states(complaint)) == {"pending_response.undeliverable"}, "given up, and the listing is up"
    assert {line.name for line in clocks.open_deadlines(complaint.id)} == {"unreached"}


def test_what_waits_goes_out_once_there_is_a_way(desk, work):
    complaint = desk.file()[0]
    desk.accept([complaint])
    work()
    desk.clock.advance(timedelta(hours=2))
    desk.work()
    assert set(desk.states(complaint)) == {"pending_response.open"}
    (line,) = clocks.open_deadlines(complaint.id)
    assert line.started_at == desk.clock.now()
