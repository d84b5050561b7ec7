"""Instants and distances as people read them, in both languages, in every zone, at every edge."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from ipdesk.core.deadlines import calendar
from ipdesk.core.deadlines.wording import (
    day_text,
    deadline_text,
    distance_text,
    is_over,
    moment_text,
    zone_text,
)

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def far(due: str, now: str, *, of: str = "us_federal", locale: str = "en", zone: str = "America/New_York") -> str:
    place = ZoneInfo(zone)
    return distance_text(at(due, place), at(now, place), calendar=of, zone=zone, locale=locale)


MOMENTS = {
    ("America/New_York", "en"): "Thu 3 Dec 2026, 10:59 New York time",
    ("Asia/Shanghai", "en"): "Thu 3 Dec 2026, 23:59 Shanghai time",
    ("UTC", "en"): "Thu 3 Dec 2026, 15:59 UTC",
    ("Zulu", "en"): "Thu 3 Dec 2026, 15:59 UTC",
    ("Etc/GMT+5", "en"): "Thu 3 Dec 2026, 10:59 GMT+5",
    ("Asia/Kathmandu", "en"): "Thu 3 Dec 2026, 21:44 Kathmandu time",
    ("Asia/Shanghai", "zh_CN"): "2026年12月3日 周四 23:59 上海时间",
    ("UTC", "zh_CN"): "2026年12月3日 周四 15:59 UTC",
}


@pytest.mark.parametrize(("zone", "locale"), MOMENTS)
def test_a_moment_has_weekday_zone_and_day_in_the_readers_order(zone, locale):
    assert moment_text(datetime(2026, 12, 3, 15, 59, tzinfo=UTC), zone, locale) == MOMENTS[zone, locale]


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_every_zone_of_this_machine_can_be_said(locale):
    """A reader's zone comes from a cookie: whatever it names, a page with a date opens."""
    for zone in available_timezones():
        said = moment_text(datetime(2026, 12, 3, 15, 59, tzinfo=UTC), zone, locale)
        assert said.endswith(zone_text(zone, locale)) and zone_text(zone, locale).strip(), zone


def test_a_day_in_both_languages():
    assert [day_text(date(2026, 12, 3), locale) for locale in ("en", "zh_CN")] == [
        "Thu 3 Dec 2026", "2026年12月3日 周四"]


DISTANCES = {
    "the same day": (("2026-03-02T23:59:59", "2026-03-02T10:00:00"), "today"),
    "the first second of the day": (("2026-03-02T23:59:59", "2026-03-02T00:00:00"), "today"),
    "the last second lasts": (("2026-03-02T23:59:59", "2026-03-02T23:59:59.999999"), "today"),
    "one second later": (("2026-03-02T23:59:59", "2026-03-03T00:00:00"), "over"),
    "years later": (("2026-03-02T23:59:59", "2036-03-03T00:00:00"), "over"),
    "the next day": (("2026-03-03T23:59:59", "2026-03-02T10:00:00"), "tomorrow"),
    "the next day, a Saturday": (("2026-03-07T23:59:59", "2026-03-06T10:00:00"), "tomorrow"),
    "a week": (("2026-03-09T23:59:59", "2026-03-02T10:00:00"), "in 5 working days"),
    "over a weekend": (("2026-03-09T23:59:59", "2026-03-06T10:00:00"), "in 1 working day"),
    "only days off are left": (("2026-03-08T23:59:59", "2026-03-06T10:00:00"), "in 2 days"),
    "over a holiday": (("2026-07-06T23:59:59", "2026-07-02T10:00:00"), "in 1 working day"),  # 3 July is observed
}


@pytest.mark.parametrize("case", DISTANCES)
def test_a_distance_is_said_in_the_days_that_count(case):
    (due, now), said = DISTANCES[case]
    assert far(due, now) == said


def test_every_day_counts_where_there_is_no_calendar():
    assert far("2026-03-09T23:59:59", "2026-03-06T10:00:00", of="none") == "in 3 days"
    assert far("2026-03-09T23:59:59", "2026-03-06T10:00:00", of="") == "in 3 days"


def test_beyond_what_a_calendar_knows_plain_days_are_said():
    beyond = calendar.calendar_named("cn").last + timedelta(days=40)
    assert far(f"{beyond}T12:00:00", f"{beyond - timedelta(days=60)}T12:00:00", of="cn", zone="Asia/Shanghai") == "in 60 days"


def test_the_day_is_that_of_the_deadlines_zone_not_of_the_machine():
    due = datetime(2026, 3, 3, 4, 59, 59, tzinfo=UTC)  # still Monday in New York
    now = datetime(2026, 3, 2, 20, tzinfo=UTC)
    assert distance_text(due, now, calendar="us_federal", zone="America/New_York", locale="en") == "today"
    assert distance_text(due, now, calendar="us_federal", zone="Asia/Shanghai", locale="en") == "today"
    assert distance_text(due, now, calendar="us_federal", zone="UTC", locale="en") == "tomorrow"


def test_a_day_of_twenty_three_hours_is_one_day():
    assert far("2026-03-09T12:00:00", "2026-03-08T01:00:00") == "tomorrow"  # the clocks went forward at two


@pytest.mark.parametrize(("due", "now"), [(case[0][0], case[0][1]) for case in DISTANCES.values()])
def test_chinese_says_the_same_in_chinese(due, now):
    said = far(due, now, locale="zh_CN")
    assert not any(letter.isascii() and letter.isalpha() for letter in said), said


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=999_999)])
def test_who_acts_while_the_last_second_lasts_is_in_time(late):
    due = datetime(2026, 3, 3, 4, 59, 59, tzinfo=UTC)
    assert not is_over(due, due + late)
    assert is_over(due, due + timedelta(seconds=1))


def test_a_stored_computation_is_said_as_it_was_counted():
    """The zone and calendar are those of the count, whatever the reader's are."""
    rule = {"length": 3, "unit": "business_day", "calendar": "us_federal", "zone": "desk"}
    counted = calendar.compute(rule, datetime(2026, 3, 2, 15, tzinfo=UTC), zone="America/New_York")
    stored = calendar.Computation.from_dict(counted.as_dict())
    assert deadline_text(stored, datetime(2026, 3, 2, 15, tzinfo=UTC), "en") == {
        "due_text": "Thu 5 Mar 2026, 23:59 New York time", "days_text": "in 3 working days"}
