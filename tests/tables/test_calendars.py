"""Calendars: which days are off and why, how far each is known, and distances between days."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from ipdesk.core.deadlines.calendar import (
    CalendarTooShort,
    calendar_named,
    compute,
    distance,
    working_days_between,
)
from tests.tables.dates import day, moment, utc

# calendar, day, working, reason, name
DAYS = [
    ("us_federal", "Thu 2026-01-01", False, "holiday", "New Year's Day"),
    ("us_federal", "Mon 2026-01-19", False, "holiday", "Martin Luther King Jr. Day"),
    ("us_federal", "Mon 2026-02-16", False, "holiday", "Washington's Birthday"),
    ("us_federal", "Mon 2026-05-25", False, "holiday", "Memorial Day"),
    ("us_federal", "Fri 2026-06-19", False, "holiday", "Juneteenth National Independence Day"),
    ("us_federal", "Fri 2026-07-03", False, "holiday", "Independence Day (observed)"),
    ("us_federal", "Sat 2026-07-04", False, "weekend", "Independence Day"),
    ("us_federal", "Mon 2026-07-06", True, None, None),
    ("us_federal", "Mon 2026-09-07", False, "holiday", "Labor Day"),
    ("us_federal", "Mon 2026-10-12", False, "holiday", "Columbus Day"),
    ("us_federal", "Wed 2026-11-11", False, "holiday", "Veterans Day"),
    ("us_federal", "Thu 2026-11-26", False, "holiday", "Thanksgiving Day"),
    ("us_federal", "Fri 2026-11-27", True, None, None),
    ("us_federal", "Thu 2026-12-24", True, None, None),
    ("us_federal", "Fri 2026-12-25", False, "holiday", "Christmas Day"),
    ("us_federal", "Mon 2027-07-05", False, "holiday", "Independence Day (observed)"),
    ("us_federal", "Fri 2027-12-31", False, "holiday", "New Year's Day (observed)"),
    ("us_federal", "Fri 2020-06-19", True, None, None),
    ("cn", "Sat 2026-02-14", True, "make_up_workday", None),
    ("cn", "Tue 2026-02-17", False, "holiday", "Chinese New Year (Spring Festival)"),
    ("cn", "Sat 2026-05-09", True, "make_up_workday", None),
    ("cn", "Sun 2026-09-20", True, "make_up_workday", None),
    ("cn", "Sat 2026-10-10", True, "make_up_workday", None),
    ("cn", "Sat 2026-10-17", False, "weekend", None),
    ("weekdays", "Fri 2026-12-25", True, None, None),
    ("weekdays", "Sun 2026-12-27", False, "weekend", None),
    ("none", "Sun 2026-12-27", True, None, None),
]


@pytest.mark.parametrize(("calendar", "on", "working", "reason", "name"), DAYS, ids=[f"{r[0]} {r[1]}" for r in DAYS])
def test_days(calendar, on, working, reason, name):
    assert calendar_named(calendar).status(day(on)) == (working, reason, name)


def test_china_is_known_as_far_as_its_make_up_days_are_published():
    cn = calendar_named("cn")

    assert (cn.last.month, cn.last.day) == (12, 31)
    assert any(on.year == cn.last.year for on in cn.make_up_days)
    with pytest.raises(CalendarTooShort):
        cn.status(cn.last + timedelta(days=1))


def test_the_version_names_the_days_and_not_the_object():
    weekdays = calendar_named("weekdays")
    holiday = {day("Mon 2026-06-01"): "Closed"}

    closed = replace(weekdays, holidays=holiday)
    assert closed.version == replace(weekdays, holidays=dict(holiday)).version != weekdays.version
    assert replace(weekdays).version == weekdays.version
    assert calendar_named("weekdays") is weekdays


BETWEEN = [
    ("us_federal", "Thu 2026-07-02", "Mon 2026-07-06", 1),
    ("us_federal", "Mon 2026-07-06", "Thu 2026-07-02", -1),
    ("us_federal", "Fri 2026-07-10", "Fri 2026-07-10", 0),
    ("us_federal", "Wed 2026-12-23", "Mon 2027-01-04", 6),
    ("cn", "Fri 2026-02-13", "Wed 2026-02-25", 3),
    ("none", "Fri 2026-07-10", "Mon 2026-07-13", 3),
]


@pytest.mark.parametrize(("calendar", "after", "until", "expected"), BETWEEN, ids=[f"{r[0]} {r[1]} {r[2]}" for r in BETWEEN])
def test_working_days_between(calendar, after, until, expected):
    assert working_days_between(day(after), day(until), calendar_named(calendar)) == expected


# now, due, days, working days (Shanghai, plain weekdays)
DISTANCES = [
    ("Wed 2026-11-25 10:00:00", "Thu 2026-12-03 23:59:59", 8, 6),
    ("Thu 2026-12-03 10:00:00", "Thu 2026-12-03 23:59:59", 0, 0),
    ("Fri 2026-12-04 00:30:00", "Thu 2026-12-03 23:59:59", -1, -1),
    ("Mon 2026-12-07 10:00:00", "Thu 2026-12-03 23:59:59", -4, -2),
]


@pytest.mark.parametrize(("now", "due", "days", "working"), DISTANCES)
def test_distance_in_local_days(now, due, days, working):
    zone = "Asia/Shanghai"
    start, end = moment(now, zone), moment(due, zone)

    found = distance(start, end, calendar_named("weekdays"), zone=zone)

    assert (found.days, found.working_days) == (days, working)
    assert found.seconds == (end - start).total_seconds()


def test_distance_beyond_the_calendar_has_no_working_days_but_still_days():
    cn = calendar_named("cn")
    now = utc(f"{cn.last}T12:00:00")

    assert distance(now, now + timedelta(days=30), cn, zone="UTC") == (30 * 86400, 30, None)


def test_a_rule_from_a_frozen_file_is_kept_as_plain_values():
    rule = MappingProxyType({"window": (10, 14), "unit": "business_day", "calendar": "us_federal",
                             "stops_on": ("court_action_confirmed",)})

    found = compute(rule, utc("2026-06-01T09:00:00"), zone="UTC")

    assert found.rule == {"window": [10, 14], "unit": "business_day", "calendar": "us_federal", "stops_on": ["court_action_confirmed"]}
