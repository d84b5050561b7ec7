"""Deadline rows that cannot be computed are refused with the name of the key."""

from datetime import datetime, time

import pytest

from ipdesk.core.deadlines.calendar import RuleInvalid, UnknownCalendar, calendar_named, compute, read_rule
from tests.tables.dates import utc

GOOD = {"length": 3, "unit": "business_day", "calendar": "us_federal"}

REFUSED = [
    ("unit", GOOD | {"unit": "fortnight"}),
    ("unit", {"length": 3, "calendar": "us_federal"}),
    ("calendar", GOOD | {"calendar": "mars"}),
    ("calendar", GOOD | {"calendar": None}),
    ("calendar", {"length": 3, "unit": "business_day"}),
    ("length", {"unit": "hour"}),
    ("length", GOOD | {"window": [1, 2]}),
    ("length", GOOD | {"length": 0}),
    ("length", GOOD | {"length": -3}),
    ("length", GOOD | {"length": "3"}),
    ("length", GOOD | {"length": 2.5}),
    ("length", GOOD | {"length": True}),
    ("window", {"window": [14, 10], "unit": "hour"}),
    ("window", {"window": [10, 10], "unit": "hour"}),
    ("window", {"window": [0, 10], "unit": "hour"}),
    ("window", {"window": [10], "unit": "hour"}),
    ("window", {"window": "10-14", "unit": "hour"}),
    ("window", {"window": [True, 10], "unit": "hour"}),
    ("counts_from", GOOD | {"counts_from": "yesterday"}),
    ("counts_from", {"length": 24, "unit": "hour", "counts_from": "next_day"}),
    ("ends", GOOD | {"ends": "25:00"}),
    ("ends", GOOD | {"ends": 86399}),
    ("ends", GOOD | {"ends": "23:59:59+08:00"}),
    ("ends", GOOD | {"ends": "23:59:59.5"}),
    ("ends", {"length": 24, "unit": "hour", "ends": "23:59:59"}),
    ("roll", GOOD | {"roll": "backward"}),
    ("roll", {"length": 24, "unit": "hour", "calendar": "us_federal", "roll": "forward"}),
    ("roll", {"length": 3, "unit": "calendar_day", "roll": "forward"}),
    ("fires", GOOD | {"fires": "whenever"}),
]


@pytest.mark.parametrize(("key", "rule"), REFUSED, ids=[str(r[1]) for r in REFUSED])
def test_a_row_that_cannot_be_computed_is_refused_by_its_key(key, rule):
    with pytest.raises(RuleInvalid, match=rf"^{key}"):
        read_rule(rule)
    with pytest.raises(RuleInvalid):
        compute(rule, utc("2026-06-01T09:00:00"), zone="UTC")


def test_what_a_row_leaves_out():
    days, hours = read_rule(GOOD), read_rule({"length": 24, "unit": "hour"})

    assert (days.earliest, days.zone, days.counts_from, days.ends, days.rolls, days.fires) == (
        None, "desk", "next_day", time(23, 59, 59), False, "at_end",
    )
    assert (hours.counts_from, hours.calendar) == ("instant", "none")


def test_keys_of_other_readers_are_left_alone():
    rule = GOOD | {"starts": "notice_delivered", "on_expiry": "response_overdue", "basis": "house rule"}

    assert read_rule(rule) == read_rule(GOOD)


@pytest.mark.parametrize("zone", ["Atlantis/Capital", "", "../etc/passwd"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(RuleInvalid, match=r"^zone"):
        compute(GOOD, utc("2026-06-01T09:00:00"), zone=zone)
    with pytest.raises(RuleInvalid, match=r"^zone"):
        compute(GOOD | {"zone": zone}, utc("2026-06-01T09:00:00"), zone="UTC")


def test_a_naive_start_is_refused():
    with pytest.raises(ValueError, match="aware"):
        compute(GOOD, datetime(2026, 6, 1, 9), zone="UTC")  # noqa: DTZ001 - the refusal is the test


def test_an_unknown_calendar_is_refused():
    with pytest.raises(UnknownCalendar):
        calendar_named("mars")
