"""What happens if nobody answers, with the dates that the real calendar gives."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ipdesk.core.deadlines.calendar import compute
from ipdesk.core.workflow.simulate import simulate

ZONE = "America/New_York"
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo(ZONE))  # three days before Thanksgiving


def calendar(row, start, zone):
    return compute(row, start, zone=zone)


def run(registry, name, **more):
    return simulate(registry.workflow(name), registry, start=MONDAY, zone=ZONE, compute=calendar, **more)


def told(steps):
    """(state, local time, assumed) of each step."""
    return [(s.state.name, f"{s.at.astimezone(ZoneInfo(ZONE)):%a %d %b %Y %H:%M}", s.assumed) for s in steps]


def test_marketplace(registry):
    assert told(run(registry, "marketplace")) == [
        ("received.screening", "Mon 23 Nov 2026 10:00", False),
        ("pending_response.sending", "Mon 23 Nov 2026 10:00", True),
        ("pending_response.open", "Mon 23 Nov 2026 10:00", True),
        ("delisted.open", "Fri 27 Nov 2026 00:00", False),        # Tue, Wed, Thu
        ("closed.uncontested", "Mon 28 Dec 2026 00:00", False),   # thirty days after Fri 27 Nov
    ]


def test_us_dmca(registry):
    assert told(run(registry, "us_dmca")) == [
        ("received.screening", "Mon 23 Nov 2026 10:00", False),
        ("delisted.open", "Mon 23 Nov 2026 10:00", True),
        ("closed.uncontested", "Thu 24 Dec 2026 00:00", False),
    ]


def test_us_dmca_after_a_counter_notice(registry):
    steps = run(registry, "us_dmca", state="counter_notified.put_back")
    assert told(steps) == [
        ("counter_notified.put_back", "Mon 23 Nov 2026 10:00", False),
        ("counter_notified.restoring", "Wed 09 Dec 2026 09:00", False),  # the 11th business day; Thanksgiving not counted
        ("closed.reinstated", "Wed 09 Dec 2026 09:00", True),
    ]
    # The order and its confirmation share the statute's window: both count from the counter-notification.
    assert steps[0].counted.due_at == steps[1].counted.due_at


def test_us_dmca_with_a_court_paper_that_nobody_examines(registry):
    steps = run(registry, "us_dmca", state="counter_notified.court_notice")
    assert told(steps)[1] == ("counter_notified.restoring_paper", "Mon 14 Dec 2026 16:00", False)
    assert steps[1].at < steps[0].counted.due_at


def test_known_facts_count_and_the_past_is_not_rewritten(registry):
    """A counter-notification received weeks ago: the put-back is due at once, not before now."""
    received = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
    steps = run(registry, "us_dmca", state="counter_notified.put_back", facts={"counter_notice_received": received})
    assert steps[1].at == MONDAY
    assert steps[0].counted.due_at < MONDAY


@pytest.mark.parametrize(("name", "state", "last"), [
    ("marketplace", "counter_notified.complainant", "counter_notified.decision"),
    ("marketplace", "counter_notified.in_court", "counter_notified.in_court"),
    ("marketplace", "pending_response.undeliverable", "pending_response.open"),
    ("notice", "deficient", "refused"),
    ("notice", None, "accepted"),
    ("right", None, "verified"),
])
def test_it_ends_where_only_a_person_can_go_on(registry, name, state, last):
    names = [step.state.name for step in run(registry, name, state=state)]
    assert last in names


def test_a_decision_is_never_assumed(registry):
    (step,) = run(registry, "marketplace", state="counter_notified.decision")
    assert step.counted is not None and not step.assumed


def test_each_step_says_what_was_done(registry):
    steps = run(registry, "marketplace")
    assert steps[0].done == "" and steps[0].by is None
    assert steps[3].done == "The seller did not answer in time"
