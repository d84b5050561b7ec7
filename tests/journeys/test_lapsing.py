"""What ends by the calendar: rights, and the designation of the agent."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.complaints.jobs import remind_of_designation
from ipdesk.features.rights import operations as rights
from tests import make


def test_a_right_expires_on_the_day_after_its_last_day(desk):
    with unit_of_work():
        number = rights.register_right(
            actor=desk.actor("rights_holder"), kind="trademark", title="AURORA", number="1",
            office="USPTO", owner="Aurora Ltd", territory="US", valid_until=date(2026, 3, 4)).id

    def state():
        db.session.rollback()
        return rules.kinds["right"].load(number).state

    desk.clock.set(datetime(2026, 3, 5, 4, 59, tzinfo=UTC))  # still 4 March in New York
    desk.work()
    assert state() == "submitted"
    desk.clock.set(datetime(2026, 3, 5, 5, 1, tzinfo=UTC))
    desk.work()
    assert state() == "expired"
    assert db.session.execute(select(Outbox.message).where(
        Outbox.message == "right_expired")).scalars().all()


@pytest.mark.parametrize(("days_before", "written"), [(91, 0), (90, 1), (75, 1), (30, 1), (-1, 0)])
def test_administrators_are_reminded_before_the_designation_lapses(desk, days_before, written):
    make.user(role="admin")
    last = date(2027, 6, 1)
    now = datetime(2027, 6, 1, 12, tzinfo=UTC) - timedelta(days=days_before)
    assert remind_of_designation(now, last.isoformat()) == written
    assert remind_of_designation(now + timedelta(hours=1), last.isoformat()) == 0, "once for each date"


def test_each_of_the_three_dates_has_its_reminder(desk):
    make.user(role="admin")
    start = datetime(2027, 1, 1, 12, tzinfo=UTC)
    assert sum(remind_of_designation(start + timedelta(days=n), "2027-06-01") for n in range(160)) == 3
