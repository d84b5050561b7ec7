"""Deadlines as tables. Every date was counted by hand on a printed calendar, not by the code."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ipdesk.core.deadlines.calendar import CalendarTooShort, calendar_named, compute
from ipdesk.core.workflow import load as load_law
from tests.tables.dates import day, moment, utc

LAW = Path(__file__).resolve().parents[2] / "workflows"
NEW_YORK = "America/New_York"
SHANGHAI = "Asia/Shanghai"

PUT_BACK = {
    "window": [10, 14], "unit": "business_day", "calendar": "us_federal", "zone": "desk",
    "counts_from": "next_day", "ends": "23:59:59", "roll": "forward",
    "fires": "first_working_hour_after_open", "basis": "17 U.S.C. § 512(g)(2)(C)",
}


# counter-notice received (New York)       start of the 11th   end of the 14th   what the row is about
PUT_BACK_DATES = [
    ("Tue 2026-04-14 10:00:00", "Wed 2026-04-29", "Mon 2026-05-04", "weekends only"),
    ("Sat 2026-03-28 09:00:00", "Mon 2026-04-13", "Thu 2026-04-16", "received on a Saturday"),
    ("Sun 2026-03-29 23:59:59", "Mon 2026-04-13", "Thu 2026-04-16", "last second of a Sunday"),
    ("Mon 2026-03-30 00:00:00", "Tue 2026-04-14", "Fri 2026-04-17", "first second of a Monday"),
    ("Mon 2026-03-02 10:00:00", "Tue 2026-03-17", "Fri 2026-03-20", "clocks go forward Sun 2026-03-08"),
    ("Thu 2026-10-22 15:00:00", "Fri 2026-11-06", "Thu 2026-11-12", "clocks go back Sun 2026-11-01, Wed 2026-11-11 Veterans Day"),
    ("Fri 2026-06-19 23:00:00", "Tue 2026-07-07", "Fri 2026-07-10", "Fri 2026-07-03 observed holiday"),
    ("Fri 2026-06-05 09:00:00", "Tue 2026-06-23", "Fri 2026-06-26", "Fri 2026-06-19 Juneteenth"),
    ("Fri 2026-08-21 17:30:00", "Tue 2026-09-08", "Fri 2026-09-11", "Mon 2026-09-07 Labor Day just before the window"),
    ("Wed 2026-08-19 17:30:00", "Thu 2026-09-03", "Wed 2026-09-09", "Mon 2026-09-07 Labor Day inside the window"),
    ("Mon 2026-11-16 12:00:00", "Wed 2026-12-02", "Mon 2026-12-07", "Thu 2026-11-26 Thanksgiving"),
    ("Fri 2026-12-18 12:00:00", "Wed 2027-01-06", "Mon 2027-01-11", "year end: Fri 2026-12-25 and Fri 2027-01-01"),
    ("Fri 2027-12-17 12:00:00", "Wed 2028-01-05", "Mon 2028-01-10", "year end observed: Fri 2027-12-24 and Fri 2027-12-31"),
    ("Fri 2022-12-16 12:00:00", "Wed 2023-01-04", "Mon 2023-01-09", "year end observed on Mondays: 2022-12-26 and 2023-01-02"),
    ("Thu 2028-02-17 12:00:00", "Mon 2028-03-06", "Thu 2028-03-09", "Mon 2028-02-21 holiday, leap day Tue 2028-02-29"),
]


@pytest.mark.parametrize(("received", "opens", "ends", "about"), PUT_BACK_DATES, ids=[r[3] for r in PUT_BACK_DATES])
def test_put_back_opens_on_the_eleventh_and_ends_on_the_fourteenth_business_day(received, opens, ends, about):
    found = compute(PUT_BACK, moment(received, NEW_YORK), zone=NEW_YORK)

    assert found.opens_at == moment(f"{opens} 00:00:00", NEW_YORK)
    assert found.due_at == moment(f"{ends} 23:59:59", NEW_YORK)
    assert found.fires_at == moment(f"{opens} 09:00:00", NEW_YORK)
    assert found.until_at == found.opens_at - timedelta(seconds=1), "nobody is told a day on which it may be put back already"
    numbers = {d.on: d.number for d in found.days}
    assert (numbers[day(opens)], numbers[day(ends)]) == (11, 14)
    assert len([d for d in found.days if d.number is not None]) == 14


@pytest.mark.parametrize("name", ["put_back", "put_back_latest", "restoration"])
@pytest.mark.parametrize("zone", [SHANGHAI, "Asia/Tokyo", "Europe/Berlin", "Pacific/Honolulu"])
def test_us_business_days_are_counted_in_the_united_states_wherever_the_desk_is(name, zone):
    """Not less than 10 and not more than 14 business days: the eleventh is not begun while the tenth still runs there."""
    rule = load_law(LAW).deadline(name)
    received = moment("Mon 2026-03-02 09:00:00", NEW_YORK)
    found = compute(rule, received, zone=zone)
    assert (found.opens_at, found.due_at) == (moment("Tue 2026-03-17 00:00:00", NEW_YORK), moment("Fri 2026-03-20 23:59:59", NEW_YORK))
    assert found == compute(rule, received, zone=NEW_YORK) and found.opens_at <= found.fires_at <= found.due_at


DECISION = {"window": [2, 5], "unit": "business_day", "calendar": "weekdays", "zone": "desk", "counts_from": "next_day",
            "ends": "23:59:59", "roll": "forward", "fires": "at_end", "basis": "house rule"}


@pytest.mark.parametrize(("entered", "target", "breach"), [
    ("Wed 2026-11-25 10:00:00", "Fri 2026-11-27 23:59:59", "Wed 2026-12-02 23:59:59"),  # not on the Sunday after it
    ("Thu 2026-11-26 10:00:00", "Mon 2026-11-30 23:59:59", "Thu 2026-12-03 23:59:59"),
    ("Sat 2026-11-28 10:00:00", "Tue 2026-12-01 23:59:59", "Fri 2026-12-04 23:59:59"),
])
def test_the_target_of_the_desk_ends_with_its_last_counted_day(entered, target, breach):
    found = compute(DECISION, moment(entered, NEW_YORK), zone=NEW_YORK)
    assert (found.until_at, found.due_at) == (moment(target, NEW_YORK), moment(breach, NEW_YORK))


def test_a_target_in_hours_and_a_length_without_window():
    hours = compute({"window": [24, 48], "unit": "hour", "fires": "at_end"}, utc("2026-03-02T10:00:00"), zone=NEW_YORK)
    assert (hours.until_at, hours.due_at) == (utc("2026-03-03T10:00:00"), utc("2026-03-04T10:00:00"))
    plain = compute({**{k: v for k, v in DECISION.items() if k != "window"}, "length": 3}, utc("2026-03-02T10:00:00"), zone=NEW_YORK)
    assert plain.until_at == plain.due_at


def test_the_window_is_wall_clock_time_on_both_sides_of_the_change():
    forward = compute(PUT_BACK, moment("Mon 2026-03-02 10:00:00", NEW_YORK), zone=NEW_YORK)
    back = compute(PUT_BACK, moment("Thu 2026-10-22 15:00:00", NEW_YORK), zone=NEW_YORK)

    assert (forward.opens_at, forward.due_at) == (utc("2026-03-17T04:00:00"), utc("2026-03-21T03:59:59"))
    assert (back.opens_at, back.due_at) == (utc("2026-11-06T05:00:00"), utc("2026-11-13T04:59:59"))


def test_the_day_of_receipt_is_the_local_one():
    """02:30 UTC on a Wednesday is still Tuesday in New York, so Wednesday is the first day counted."""
    received = utc("2026-03-04T02:30:00")

    in_new_york = compute(PUT_BACK, received, zone=NEW_YORK)
    in_utc = compute(PUT_BACK, received, zone="UTC")

    assert in_new_york.opens_at == moment("Wed 2026-03-18 00:00:00", NEW_YORK)
    assert in_utc.opens_at == moment("Thu 2026-03-19 00:00:00", "UTC")
    assert in_new_york.days[0].on == day("Tue 2026-03-03")


def test_a_rule_with_its_own_zone_ignores_the_desks():
    rule = PUT_BACK | {"zone": NEW_YORK}
    received = utc("2026-03-04T02:30:00")

    assert compute(rule, received, zone=SHANGHAI).due_at == compute(PUT_BACK, received, zone=NEW_YORK).due_at
    assert compute(rule, received, zone=SHANGHAI).zone == NEW_YORK


# calendar, zone, delivered, end of the third business day, what the row is about
RESPONSE_DATES = [
    ("us_federal", NEW_YORK, "Fri 2026-07-10 19:00:00", "Wed 2026-07-15", "Friday evening"),
    ("us_federal", NEW_YORK, "Fri 2026-09-04 23:59:59", "Thu 2026-09-10", "Friday evening before Labor Day Mon 2026-09-07"),
    ("us_federal", NEW_YORK, "Thu 2026-07-02 16:00:00", "Wed 2026-07-08", "Fri 2026-07-03 observed holiday"),
    ("us_federal", NEW_YORK, "Fri 2026-07-03 08:00:00", "Wed 2026-07-08", "delivered on an observed holiday"),
    ("us_federal", NEW_YORK, "Wed 2026-12-30 08:00:00", "Tue 2027-01-05", "year end"),
    ("weekdays", SHANGHAI, "Fri 2026-02-13 18:00:00", "Wed 2026-02-18", "no holidays in plain weekdays"),
    ("cn", SHANGHAI, "Fri 2026-02-13 18:00:00", "Wed 2026-02-25", "Sat 2026-02-14 is worked, the Spring Festival is not"),
    ("cn", SHANGHAI, "Thu 2026-10-08 18:00:00", "Mon 2026-10-12", "Sat 2026-10-10 is worked"),
    ("cn", SHANGHAI, "Fri 2025-09-26 20:00:00", "Tue 2025-09-30", "Sun 2025-09-28 is worked"),
    ("cn", SHANGHAI, "Sat 2026-05-09 01:00:00", "Wed 2026-05-13", "delivered on a worked Saturday, Friday in UTC"),
    ("cn", "UTC", "Fri 2026-05-08 17:00:00", "Tue 2026-05-12", "the same instant counted in UTC: the Saturday counts"),
]


@pytest.mark.parametrize(("calendar", "zone", "delivered", "ends", "about"), RESPONSE_DATES, ids=[r[4] for r in RESPONSE_DATES])
def test_three_business_days_to_answer(calendar, zone, delivered, ends, about):
    rule = {"length": 3, "unit": "business_day", "calendar": calendar}
    start = moment(delivered, zone)

    found = compute(rule, start, zone=zone)

    assert found.due_at == moment(f"{ends} 23:59:59", zone)
    assert found.opens_at == start
    assert found.fires_at == found.over_at == found.due_at + timedelta(seconds=1)


# rule, zone, start, last second, what the row is about
OTHER_UNITS = [
    ({"length": 1, "unit": "calendar_day"}, NEW_YORK, "Sat 2026-03-07 12:00:00", "2026-03-09T03:59:59", "ends on the 23-hour day"),
    ({"length": 1, "unit": "calendar_day"}, NEW_YORK, "Sat 2026-10-31 12:00:00", "2026-11-02T04:59:59", "ends on the 25-hour day"),
    ({"length": 1, "unit": "calendar_day", "counts_from": "instant"}, NEW_YORK, "Sat 2026-03-07 12:00:00",
     "2026-03-08T16:00:00", "same time of day across the change"),
    ({"length": 24, "unit": "hour"}, NEW_YORK, "Sat 2026-03-07 12:00:00", "2026-03-08T17:00:00", "24 elapsed hours across the change"),
    ({"length": 24, "unit": "hour"}, NEW_YORK, "Sat 2026-10-31 12:00:00", "2026-11-01T16:00:00", "24 elapsed hours across the change back"),
    ({"length": 15, "unit": "calendar_day", "calendar": "cn", "roll": "forward"}, SHANGHAI, "Thu 2026-09-17 09:00:00",
     "2026-10-08T15:59:59", "Fri 2026-10-02 National Day moves to Thu 2026-10-08"),
    ({"length": 15, "unit": "calendar_day", "calendar": "cn"}, SHANGHAI, "Thu 2026-09-17 09:00:00",
     "2026-10-02T15:59:59", "without roll it ends on the holiday"),
    ({"length": 10, "unit": "calendar_day", "counts_from": "same_day"}, "UTC", "Mon 2026-06-01 09:00:00",
     "2026-06-10T23:59:59", "the day of the event is day one"),
    ({"length": 10, "unit": "calendar_day"}, "UTC", "Mon 2026-06-01 09:00:00", "2026-06-11T23:59:59", "it is not"),
    ({"length": 1, "unit": "month"}, "UTC", "Sat 2026-01-31 09:00:00", "2026-02-28T23:59:59", "a shorter month ends earlier"),
    ({"length": 1, "unit": "month", "calendar": "weekdays", "roll": "forward"}, "UTC", "Sat 2026-01-31 09:00:00",
     "2026-03-02T23:59:59", "Sat 2026-02-28 moves to Mon 2026-03-02"),
    ({"length": 1, "unit": "month", "calendar": "cn", "roll": "forward"}, "UTC", "Sat 2026-01-31 09:00:00",
     "2026-02-28T23:59:59", "Sat 2026-02-28 is worked in China"),
    ({"length": 1, "unit": "month"}, "UTC", "Mon 2028-01-31 09:00:00", "2028-02-29T23:59:59", "leap year"),
    ({"length": 13, "unit": "month"}, "UTC", "Sun 2026-11-22 09:00:00", "2027-12-22T23:59:59", "over the year end"),
    ({"length": 1, "unit": "month", "counts_from": "same_day"}, "UTC", "Mon 2026-06-01 09:00:00", "2026-06-30T23:59:59", "same day"),
    ({"length": 1, "unit": "business_day", "calendar": "weekdays", "counts_from": "same_day"}, "UTC", "Mon 2026-06-01 09:00:00",
     "2026-06-01T23:59:59", "the business day of the event is day one"),
    ({"length": 1, "unit": "business_day", "calendar": "weekdays", "counts_from": "same_day"}, "UTC", "Sat 2026-06-06 09:00:00",
     "2026-06-08T23:59:59", "on a Saturday day one is Monday"),
    ({"length": 2, "unit": "business_day", "calendar": "weekdays", "counts_from": "instant"}, "UTC", "Fri 2026-06-05 09:30:00",
     "2026-06-09T09:30:00", "business days from the instant"),
    ({"length": 1, "unit": "calendar_day", "ends": "17:00:00"}, SHANGHAI, "Mon 2026-06-01 09:00:00", "2026-06-02T09:00:00", "ends at five"),
    ({"length": 1, "unit": "calendar_day", "ends": "02:30:00"}, NEW_YORK, "Sat 2026-03-07 12:00:00",
     "2026-03-08T07:30:00", "an end in the skipped hour is the later reading"),
    ({"length": 1, "unit": "calendar_day", "ends": "01:30:00"}, NEW_YORK, "Sat 2026-10-31 12:00:00",
     "2026-11-01T06:30:00", "an end in the repeated hour is the second run"),
    ({"length": 1, "unit": "calendar_day"}, "Africa/Cairo", "Wed 2026-10-28 12:00:00",
     "2026-10-29T21:59:59", "the last hour of Thu 2026-10-29 happens twice"),
]


@pytest.mark.parametrize(("rule", "zone", "start", "ends", "about"), OTHER_UNITS, ids=[r[4] for r in OTHER_UNITS])
def test_other_units(rule, zone, start, ends, about):
    assert compute(rule, moment(start, zone), zone=zone).due_at == utc(ends)


# rule, zone, start, opening, what the row is about
WINDOWS = [
    ({"window": [1, 2], "unit": "calendar_day"}, "Africa/Cairo", "Wed 2026-04-22 12:00:00", "2026-04-23T22:00:00",
     "Fri 2026-04-24 has no midnight: it opens where the day begins"),
    ({"window": [10, 20], "unit": "calendar_day"}, "UTC", "Mon 2026-06-01 09:00:00", "2026-06-12T00:00:00", "after ten full days"),
    ({"window": [10, 20], "unit": "calendar_day", "counts_from": "instant"}, "UTC", "Mon 2026-06-01 09:00:00",
     "2026-06-11T09:00:00", "after ten days to the minute"),
    ({"window": [1, 2], "unit": "month"}, "UTC", "Mon 2026-06-01 09:00:00", "2026-07-02T00:00:00", "after one full month"),
    ({"window": [48, 72], "unit": "hour"}, "UTC", "Mon 2026-06-01 09:00:00", "2026-06-03T09:00:00", "after 48 hours"),
    ({"window": [2, 3], "unit": "business_day", "calendar": "weekdays", "counts_from": "instant"}, "UTC",
     "Fri 2026-06-05 09:30:00", "2026-06-09T09:30:00", "two business days to the minute"),
]


@pytest.mark.parametrize(("rule", "zone", "start", "opens", "about"), WINDOWS, ids=[r[4] for r in WINDOWS])
def test_window_openings(rule, zone, start, opens, about):
    assert compute(rule, moment(start, zone), zone=zone).opens_at == utc(opens)


DAYS_5 = {"length": 5, "unit": "calendar_day", "calendar": "us_federal"}

# fires, rule, start (New York), the instant at which the clock acts (New York), what the row is about
FIRES = [
    ("at_end", DAYS_5, "Mon 2026-06-01 10:00:00", "Sun 2026-06-07 00:00:00", "when the last second is over"),
    ("at_open", PUT_BACK, "Tue 2026-04-14 10:00:00", "Wed 2026-04-29 00:00:00", "start of the window"),
    ("last_working_hour_before_close", PUT_BACK, "Tue 2026-04-14 10:00:00", "Mon 2026-05-04 16:00:00", "last staffed hour of the 14th day"),
    ("last_working_hour_before_close", DAYS_5, "Mon 2026-06-01 10:00:00", "Fri 2026-06-05 16:00:00", "due Saturday: Friday's last hour"),
    ("last_working_hour_before_close", DAYS_5 | {"ends": "12:00:00"}, "Wed 2026-06-03 10:00:00",
     "Mon 2026-06-08 11:00:00", "due at noon"),
    ("last_working_hour_before_close", DAYS_5 | {"ends": "09:30:00"}, "Wed 2026-06-03 10:00:00",
     "Fri 2026-06-05 16:00:00", "due before a whole staffed hour: the working day before"),
    ("last_working_hour_before_close", {"length": 2, "unit": "hour", "calendar": "us_federal"}, "Sat 2026-06-06 10:00:00",
     "Sat 2026-06-06 10:00:00", "never before the window opens"),
    ("first_working_hour_after_open", DAYS_5, "Mon 2026-06-01 10:00:00", "Mon 2026-06-01 10:00:00", "staffed at once"),
    ("first_working_hour_after_open", DAYS_5, "Mon 2026-06-01 07:00:00", "Mon 2026-06-01 09:00:00", "at nine the same day"),
    ("first_working_hour_after_open", DAYS_5, "Fri 2026-07-03 10:00:00", "Mon 2026-07-06 09:00:00", "observed holiday"),
    ("first_working_hour_after_open", DAYS_5, "Thu 2026-07-02 17:00:00", "Mon 2026-07-06 09:00:00", "after five before a holiday"),
    ("first_working_hour_after_open", {"length": 2, "unit": "hour", "calendar": "us_federal"}, "Sat 2026-06-06 10:00:00",
     "Sat 2026-06-06 12:00:00", "never after the end"),
]


@pytest.mark.parametrize(("fires", "rule", "start", "expected", "about"), FIRES, ids=[f"{r[0]}: {r[4]}" for r in FIRES])
def test_when_the_clock_acts(fires, rule, start, expected, about):
    found = compute(rule | {"fires": fires}, moment(start, NEW_YORK), zone=NEW_YORK)

    assert found.fires_at == moment(expected, NEW_YORK)


def test_the_count_says_why_each_day_counts_or_not():
    found = compute(PUT_BACK, moment("Thu 2026-07-02 16:00:00", NEW_YORK), zone=NEW_YORK)

    assert [(d.on, d.number, d.reason, d.name) for d in found.days[:6]] == [
        (day("Thu 2026-07-02"), None, "start_day", None),
        (day("Fri 2026-07-03"), None, "holiday", "Independence Day (observed)"),
        (day("Sat 2026-07-04"), None, "weekend", "Independence Day"),
        (day("Sun 2026-07-05"), None, "weekend", None),
        (day("Mon 2026-07-06"), 1, None, None),
        (day("Tue 2026-07-07"), 2, None, None),
    ]


def test_a_worked_saturday_is_counted_and_named():
    found = compute({"length": 3, "unit": "business_day", "calendar": "cn"}, moment("Fri 2026-10-09 18:00:00", SHANGHAI), zone=SHANGHAI)

    assert [(d.on, d.number, d.reason) for d in found.days[:3]] == [
        (day("Fri 2026-10-09"), None, "start_day"),
        (day("Sat 2026-10-10"), 1, "make_up_workday"),
        (day("Sun 2026-10-11"), None, "weekend"),
    ]


def test_a_rolled_end_lists_the_days_it_moves_over():
    rule = {"length": 15, "unit": "calendar_day", "calendar": "cn", "roll": "forward"}
    found = compute(rule, moment("Thu 2026-09-17 09:00:00", SHANGHAI), zone=SHANGHAI)

    tail = [(d.on.isoformat(), d.number, d.reason) for d in found.days[-7:]]
    assert tail[0] == ("2026-10-02", 15, "holiday")
    assert [number for _, number, _ in tail[1:]] == [None] * 6
    assert tail[-1] == ("2026-10-08", None, "rolled_to")


@pytest.mark.parametrize("rule", [
    {"length": 3, "unit": "business_day", "calendar": "cn"},
    {"length": 15, "unit": "calendar_day", "calendar": "cn", "roll": "forward"},
    {"window": [1, 9], "unit": "business_day", "calendar": "cn"},
])
def test_beyond_what_a_calendar_knows_nothing_is_guessed(rule):
    last = calendar_named("cn").last
    start = datetime(last.year, last.month, last.day, 4, tzinfo=UTC) - timedelta(days=1)

    with pytest.raises(CalendarTooShort) as refused:
        compute(rule, start, zone=SHANGHAI)
    assert (refused.value.calendar, refused.value.last) == ("cn", last)


def test_a_count_that_needs_no_working_days_goes_beyond_the_calendar():
    last = calendar_named("cn").last
    start = datetime(last.year, last.month, last.day, 4, tzinfo=UTC)

    found = compute({"length": 30, "unit": "calendar_day", "calendar": "cn"}, start, zone="UTC")

    assert found.due_at.date() == last + timedelta(days=30)


def test_before_the_first_day_of_a_calendar_nothing_is_guessed_either():
    with pytest.raises(CalendarTooShort):
        compute(PUT_BACK, utc("1999-12-30T12:00:00"), zone=NEW_YORK)
