"""A second, naive implementation, day by day, compared with the desk's on random dates.

It shares nothing with the first: federal holidays are derived from 5 U.S.C. § 6103 here, Chinese
working days are asked of the ``holidays`` package one by one, instants come from stepping UTC.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipdesk.core.deadlines.calendar import Computation, calendar_named, compute
from ipdesk.core.kernel.canonical import canonical_json

ONE = timedelta(days=1)


def nth_weekday(year, month, weekday, n):
    """The n-th such weekday of a month; n = -1 is the last."""
    found = [date(year, month, 1) + k * ONE for k in range(31)]
    found = [d for d in found if d.month == month and d.weekday() == weekday]
    return found[n - 1] if n > 0 else found[n]


def federal_holidays(year):
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25), date(year + 1, 1, 1)]
    if year >= 2021:
        fixed.append(date(year, 6, 19))
    observed = [d - ONE if d.weekday() == 5 else d + ONE if d.weekday() == 6 else d for d in fixed]
    moving = [
        nth_weekday(year, 1, 0, 3), nth_weekday(year, 2, 0, 3), nth_weekday(year, 5, 0, -1),
        nth_weekday(year, 9, 0, 1), nth_weekday(year, 10, 0, 2), nth_weekday(year, 11, 3, 4),
    ]
    return {*observed, *moving}


def federal_working_day(on):
    return on.weekday() < 5 and on not in federal_holidays(on.year) | federal_holidays(on.year - 1)


CHINA = holidays.country_holidays("CN", years=range(2010, 2027))

WORKING = {
    "us_federal": federal_working_day,
    "cn": lambda on: CHINA.is_working_day(on),
    "weekdays": lambda on: on.weekday() < 5,
    "none": lambda on: True,
}


def step(on, n, working):
    while n:
        on += ONE
        n -= working(on)
    return on


def last_second(on, zone):
    """The last second of a local day, found by walking back from well after it."""
    at = datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(hours=50)
    while at.astimezone(ZoneInfo(zone)).date() > on:
        at -= timedelta(minutes=15)
    while (at + timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() == on:
        at += timedelta(seconds=1)
    return at


ZONES = st.sampled_from(["America/New_York", "Asia/Shanghai", "UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland", "Africa/Cairo"])
STARTS = st.datetimes(datetime(2012, 1, 1), datetime(2026, 9, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given their zone beside


@settings(max_examples=300, deadline=None)
@given(start=STARTS, zone=ZONES, calendar=st.sampled_from(["us_federal", "cn", "weekdays"]),
       earliest=st.integers(1, 12), more=st.integers(1, 8))
def test_windows_in_business_days(start, zone, calendar, earliest, more):
    rule = {"window": [earliest, earliest + more], "unit": "business_day", "calendar": calendar}
    working, received = WORKING[calendar], start.astimezone(ZoneInfo(zone)).date()

    found = compute(rule, start, zone=zone)

    opens, due = step(received, earliest + 1, working), step(received, earliest + more, working)
    assert found.opens_at == last_second(opens - ONE, zone) + timedelta(seconds=1)
    assert found.due_at == last_second(due, zone)
    counted = [d.on for d in found.days if d.number is not None]
    listed = [received + k * ONE for k in range((due - received).days + 1)]
    assert [d.on for d in found.days] == listed
    assert counted == [d for d in listed[1:] if working(d)]


@settings(max_examples=200, deadline=None)
@given(start=STARTS, zone=ZONES, calendar=st.sampled_from(["us_federal", "cn", "weekdays"]), length=st.integers(1, 45))
def test_calendar_days_that_roll(start, zone, calendar, length):
    rule = {"length": length, "unit": "calendar_day", "calendar": calendar, "roll": "forward"}
    received = start.astimezone(ZoneInfo(zone)).date()

    found = compute(rule, start, zone=zone)

    assert found.due_at == last_second(step(received + (length - 1) * ONE, 1, WORKING[calendar]), zone)


@settings(max_examples=200, deadline=None)
@given(start=STARTS, zone=ZONES, rule=st.fixed_dictionaries({
    "length": st.integers(1, 30), "unit": st.sampled_from(["business_day", "calendar_day", "month"]),
    "calendar": st.sampled_from(["us_federal", "weekdays"]), "counts_from": st.sampled_from(["next_day", "same_day", "instant"]),
    "fires": st.sampled_from(["at_end", "at_open", "first_working_hour_after_open", "last_working_hour_before_close"]),
}))
def test_whatever_the_rule_the_parts_agree(start, zone, rule):
    found = compute(rule, start, zone=zone)

    assert found.opens_at <= found.due_at < found.over_at
    assert found.opens_at <= found.fires_at <= found.over_at
    assert [d.number for d in found.days if d.number is not None][-1] == rule["length"]
    assert Computation.from_dict(found.as_dict()) == found
    assert canonical_json(Computation.from_dict(found.as_dict()).as_dict()) == canonical_json(found.as_dict())


@pytest.mark.parametrize("calendar", ["us_federal", "cn"])
def test_every_single_day_of_fifteen_years(calendar):
    table, working = calendar_named(calendar), WORKING[calendar]
    days = [date(2012, 1, 1) + k * ONE for k in range(365 * 15)]
    assert days[-1] < date(2027, 1, 1)
    assert [d for d in days if table.status(d).working != working(d)] == []
