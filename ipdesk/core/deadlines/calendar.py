"""From a rule and a start to the instants of a deadline, with the days that were counted.

Pure: no database, no request, no reading of the time. A rule is one row of
``workflows/tables/deadlines.yaml``; the keys read here are listed at :func:`read_rule`, the others
(what starts, stops and follows a deadline) belong to the workflow engine.

An act is in time while the second ``due_at`` lasts; the first instant that is too late is one
second later (``Computation.over_at``).
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ipdesk.core.deadlines.work_days import (
    CALENDARS,
    HOLIDAY,
    MAKE_UP_WORKDAY,
    WEEKEND,
    CalendarTooShort,
    UnknownCalendar,
    WorkDays,
    calendar_named,
    working_days_between,
)

__all__ = [
    "CALENDARS", "HOLIDAY", "MAKE_UP_WORKDAY", "OFFICE_HOURS", "ROLLED_TO",
    "START_DAY", "WEEKEND", "CalendarTooShort", "Computation", "CountedDay", "Distance",
    "RuleInvalid", "Terms", "UnknownCalendar", "WorkDays", "WorkingHours", "calendar_named",
    "compute", "distance", "read_rule", "working_days_between",
]

START_DAY = "start_day"
ROLLED_TO = "rolled_to"

_ONE_DAY = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)
_MIDNIGHT = time(0)


class RuleInvalid(ValueError):
    """A deadline row that cannot be computed; the message names the key."""


class WorkingHours(NamedTuple):
    """When the desk is staffed on a working day, in the zone of the deadline."""

    opens: time = time(9)
    closes: time = time(17)


OFFICE_HOURS = WorkingHours()


class Terms(NamedTuple):
    """The arithmetic part of a deadline row, checked. ``earliest`` is the lower end of a window."""

    earliest: int | None
    length: int
    unit: str
    calendar: str
    zone: str
    counts_from: str
    ends: time
    rolls: bool
    fires: str


class CountedDay(NamedTuple):
    """One day of the count. ``number`` is its ordinal, None when it is not counted.

    ``reason`` says why it is not counted, or why it is although one would not expect it; ``name``
    is the holiday's name. ``weekday``: Monday is 0.
    """

    on: date
    weekday: int
    number: int | None
    reason: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Computation:
    """One deadline, computed and self-contained: kept with the deadline, it needs no calendar.

    ``opens_at``: from when the act of the window may happen (``start`` where the rule has a length
    and no window). ``due_at``: the last second in time. ``fires_at``: when the clock acts. ``until_at``: the
    last second in which whoever is waited for should act: ``due_at``, or in a window the last one before the
    clock may act, or, where it acts at the end only, the end of the lower bound (a target). All are aware UTC.
    ``zone`` is the IANA zone whose local days were counted. ``days`` is empty for hours.
    """

    calendar: str
    version: str
    days: tuple[CountedDay, ...]
    start: datetime
    opens_at: datetime
    due_at: datetime
    fires_at: datetime
    until_at: datetime
    zone: str
    rule: dict[str, Any]

    @property
    def over_at(self) -> datetime:
        """The first instant that is too late."""
        return self.due_at + _ONE_SECOND

    def as_dict(self) -> dict[str, Any]:
        """JSON types only, for storage and hashing; :meth:`from_dict` gives an equal object."""
        return {
            "calendar": self.calendar,
            "version": self.version,
            "days": [[d.on.isoformat(), d.number, d.reason, d.name] for d in self.days],
            "start": _text(self.start),
            "opens_at": _text(self.opens_at),
            "due_at": _text(self.due_at),
            "fires_at": _text(self.fires_at),
            "until_at": _text(self.until_at),
            "zone": self.zone,
            "rule": self.rule,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The computation that :meth:`as_dict` wrote."""
        return cls(
            calendar=stored["calendar"],
            version=stored["version"],
            days=tuple(_day_from(row) for row in stored["days"]),
            start=datetime.fromisoformat(stored["start"]),
            opens_at=datetime.fromisoformat(stored["opens_at"]),
            due_at=datetime.fromisoformat(stored["due_at"]),
            fires_at=datetime.fromisoformat(stored["fires_at"]),
            until_at=datetime.fromisoformat(stored["until_at"]),
            zone=stored["zone"],
            rule=dict(stored["rule"]),
        )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _day_from(row: list[Any]) -> CountedDay:
    on = date.fromisoformat(row[0])
    return CountedDay(on, on.weekday(), *row[1:])


# --- the rule -----------------------------------------------------------------------------------


def read_rule(rule: Mapping[str, Any]) -> Terms:
    """The arithmetic of a deadline row, or :class:`RuleInvalid`. Foreign keys are left alone.

    ============= =================================================================================
    key           values (default first)
    ============= =================================================================================
    length        n ≥ 1; or ``window: [m, n]``, m < n: after m full units, until the end of unit n
    unit          business_day, calendar_day, month, hour
    calendar      none, or one of ``CALENDARS``
    zone          desk, or an IANA name
    counts_from   next_day (for hours: instant), same_day, instant
    ends          "23:59:59": local time of the last day; not with ``instant``
    roll          none, forward: a last day that is no working day moves to the next one
    fires         at_end, at_open, first_working_hour_after_open, last_working_hour_before_close
    ============= =================================================================================
    """
    unit = _one_of(rule, "unit", ("business_day", "calendar_day", "month", "hour"))
    calendar = _one_of(rule, "calendar", CALENDARS, "none")
    if unit == "business_day" and calendar == "none":
        raise RuleInvalid("calendar: business days need a calendar with days off")
    counts_from = _one_of(
        rule, "counts_from", ("next_day", "same_day", "instant"),
        "instant" if unit == "hour" else "next_day",
    )
    if unit == "hour" and counts_from != "instant":
        raise RuleInvalid("counts_from: hours run from the instant")
    if counts_from == "instant" and "ends" in rule:
        raise RuleInvalid("ends: a period from the instant ends at its own time of day")
    rolls = _one_of(rule, "roll", ("none", "forward"), "none") == "forward"
    # Periods in hours never move to a working day: Regulation (EEC, Euratom) 1182/71 art. 3(4).
    if rolls and (unit == "hour" or calendar == "none"):
        raise RuleInvalid("roll: only days and months of a calendar with days off can roll")
    earliest, length = _extent(rule)
    return Terms(
        earliest, length, unit, calendar, str(rule.get("zone", "desk")), counts_from,
        _time_of_day(rule), rolls, _one_of(rule, "fires", tuple(_FIRES), "at_end"),
    )


def _one_of(
    rule: Mapping[str, Any], key: str, allowed: tuple[str, ...] | frozenset[str],
    default: str | None = None,
) -> str:
    value = rule.get(key, default)
    if not isinstance(value, str) or value not in allowed:
        raise RuleInvalid(f"{key}: {value!r} is not one of {', '.join(sorted(allowed))}")
    return value


def _extent(rule: Mapping[str, Any]) -> tuple[int | None, int]:
    if ("window" in rule) == ("length" in rule):
        raise RuleInvalid("length, window: exactly one of them is needed")
    if "length" in rule:
        length = rule["length"]
        if type(length) is not int or length < 1:
            raise RuleInvalid(f"length: {length!r} is not a whole number from 1")
        return None, length
    window = rule["window"]
    if not isinstance(window, (list, tuple)) or [type(n) for n in window] != [int, int]:
        raise RuleInvalid(f"window: {window!r} is not a pair of whole numbers")
    if not 1 <= window[0] < window[1]:
        raise RuleInvalid(f"window: {window!r} does not open from 1 and before it ends")
    return window[0], window[1]


def _time_of_day(rule: Mapping[str, Any]) -> time:
    text = rule.get("ends", "23:59:59")
    try:
        ends = time.fromisoformat(text)
    except (TypeError, ValueError):
        raise RuleInvalid(f"ends: {text!r} is not a time of day") from None
    if ends.tzinfo is not None or ends.microsecond:
        raise RuleInvalid(f"ends: {text!r} is not a plain time of day in seconds")
    return ends


def _snapshot(value: Any) -> Any:
    """The row as JSON types, so that a stored computation equals the fresh one."""
    if isinstance(value, Mapping):
        return {str(key): _snapshot(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_snapshot(item) for item in value]
    return value


# --- local time ---------------------------------------------------------------------------------


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RuleInvalid(f"zone: {name!r} is not a known time zone") from None


def _begins(day: date, at: time, place: ZoneInfo) -> datetime:
    """First instant of a local time: of a skipped hour its end, of a repeated one the first run."""
    return datetime.combine(day, at, place).replace(fold=0).astimezone(UTC)


def _ends(day: date, at: time, place: ZoneInfo) -> datetime:
    """Last instant of a local time: whoever must act has all of a repeated or skipped hour."""
    wall = datetime.combine(day, at, place)
    return max(wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _add_months(day: date, months: int) -> date:
    """The day of the same number, or the last of a month too short (1182/71 art. 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# --- counting -----------------------------------------------------------------------------------


class _Span(NamedTuple):
    opens_at: datetime
    due_at: datetime
    days: tuple[CountedDay, ...]
    target: datetime | None = None  # the end of a window's lower bound


class _Count(NamedTuple):
    """What a counting function may know."""

    terms: Terms
    start: datetime
    place: ZoneInfo
    days: WorkDays

    @property
    def local(self) -> datetime:
        return self.start.astimezone(self.place)

    @property
    def origin(self) -> date:
        """The local day after which counting begins."""
        first = self.local.date()
        return first - _ONE_DAY if self.terms.counts_from == "same_day" else first

    def due_on(self, day: date) -> datetime:
        if self.terms.counts_from == "instant":
            return _ends(day, self.local.time(), self.place)
        return _ends(day, self.terms.ends, self.place)

    def opens_on(self, full: date, following: date) -> datetime:
        """Opening of a window: ``full`` is its last closed day, ``following`` the day after it."""
        if self.terms.counts_from == "instant":
            return _begins(full, self.local.time(), self.place)
        return _begins(following, _MIDNIGHT, self.place)

    def landing(self, nominal: date) -> date:
        return self.days.on_or_after(nominal) if self.terms.rolls else nominal


def _count_business_days(count: _Count) -> _Span:
    terms, days, origin = count.terms, count.days, count.origin
    last = days.nth_after(origin, terms.length)
    opens_at, target = count.start, None
    if terms.earliest is not None:
        full = days.nth_after(origin, terms.earliest)
        opens_at, target = count.opens_on(full, days.nth_after(origin, terms.earliest + 1)), count.due_on(full)
    rows, number = [], 0
    for ordinal in range(count.local.date().toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        working, reason, name = days.status(day)
        if day <= origin:
            rows.append(CountedDay(day, day.weekday(), None, START_DAY, name))
        elif working:
            number += 1
            rows.append(CountedDay(day, day.weekday(), number, reason, name))
        else:
            rows.append(CountedDay(day, day.weekday(), None, reason, name))
    return _Span(opens_at, count.due_on(last), tuple(rows), target)


def _count_calendar_days(count: _Count) -> _Span:
    terms, origin = count.terms, count.origin
    nominal = origin + timedelta(days=terms.length)
    opens_at, target = count.start, None
    if terms.earliest is not None:
        full = origin + timedelta(days=terms.earliest)
        opens_at, target = count.opens_on(full, full + _ONE_DAY), count.due_on(full)
    rows = [_start_row(origin)] if origin == count.local.date() else []
    for number in range(1, terms.length):
        day = origin + timedelta(days=number)
        rows.append(CountedDay(day, day.weekday(), number, None, None))
    rows.extend(_landing_rows(count, nominal, terms.length))
    return _Span(opens_at, count.due_on(count.landing(nominal)), tuple(rows), target)


def _count_months(count: _Count) -> _Span:
    """Whole months end on the day that bears the number of the day of the event.

    Regulation 1182/71 art. 3(2)(c); likewise art. 202 of the PRC Civil Code. Only the days that
    decide are listed: the event's, the nominal last and those it moves over.
    """
    terms, first = count.terms, count.local.date()
    back = first - count.origin
    nominal = _add_months(first, terms.length) - back
    opens_at, target = count.start, None
    if terms.earliest is not None:
        full = _add_months(first, terms.earliest) - back
        opens_at, target = count.opens_on(full, full + _ONE_DAY), count.due_on(full)
    rows = [_start_row(first)] if not back else []
    rows.extend(_landing_rows(count, nominal, terms.length))
    return _Span(opens_at, count.due_on(count.landing(nominal)), tuple(rows), target)


def _count_hours(count: _Count) -> _Span:
    terms, start = count.terms, count.start
    opens_at = start if terms.earliest is None else start + timedelta(hours=terms.earliest)
    return _Span(opens_at, start + timedelta(hours=terms.length), (), opens_at if terms.earliest else None)


def _start_row(day: date) -> CountedDay:
    return CountedDay(day, day.weekday(), None, START_DAY, None)


def _landing_rows(count: _Count, nominal: date, number: int) -> list[CountedDay]:
    """The nominal last day and, where it rolls, every day it moves over and the one it reaches."""
    if not count.terms.rolls:
        return [CountedDay(nominal, nominal.weekday(), number, None, None)]
    landing, rows, day = count.landing(nominal), [], nominal
    while day < landing:
        _, reason, name = count.days.status(day)
        rows.append(
            CountedDay(day, day.weekday(), number if day == nominal else None, reason, name)
        )
        day += _ONE_DAY
    _, reason, name = count.days.status(landing)
    if landing == nominal:
        rows.append(CountedDay(landing, landing.weekday(), number, reason, name))
    else:
        rows.append(CountedDay(landing, landing.weekday(), None, ROLLED_TO, name))
    return rows


_COUNTS: dict[str, Callable[[_Count], _Span]] = {
    "business_day": _count_business_days,
    "calendar_day": _count_calendar_days,
    "month": _count_months,
    "hour": _count_hours,
}


# --- when the clock acts ------------------------------------------------------------------------


def _at_end(count: _Count, span: _Span, hours: WorkingHours) -> datetime:
    return span.due_at + _ONE_SECOND


def _at_open(count: _Count, span: _Span, hours: WorkingHours) -> datetime:
    return span.opens_at


def _first_working_hour(count: _Count, span: _Span, hours: WorkingHours) -> datetime:
    """The first staffed instant of the window, never after its end."""
    opening = span.opens_at.astimezone(count.place)
    day = count.days.on_or_after(opening.date())
    if day == opening.date() and opening.time() >= hours.opens:
        if opening.time() < hours.closes:
            return span.opens_at
        day = count.days.on_or_after(day + _ONE_DAY)
    return min(_begins(day, hours.opens, count.place), span.due_at)


def _last_working_hour(count: _Count, span: _Span, hours: WorkingHours) -> datetime:
    """The beginning of the last whole staffed hour of the window, never before its opening."""
    closing = span.due_at.astimezone(count.place)
    day = count.days.on_or_before(closing.date())
    until = hours.closes
    if day == closing.date() and closing.time() < hours.closes:
        until = closing.time()
        if datetime.combine(day, until) - datetime.combine(day, hours.opens) < timedelta(hours=1):
            day, until = count.days.on_or_before(day - _ONE_DAY), hours.closes
    begins = (datetime.combine(day, until) - timedelta(hours=1)).time()
    return max(_begins(day, begins, count.place), span.opens_at)


_FIRES: dict[str, Callable[[_Count, _Span, WorkingHours], datetime]] = {
    "at_end": _at_end,
    "at_open": _at_open,
    "first_working_hour_after_open": _first_working_hour,
    "last_working_hour_before_close": _last_working_hour,
}


def _until(terms: Terms, span: _Span) -> datetime:
    """The last second in which whoever is waited for should act (see :class:`Computation`)."""
    if span.target is None:
        return span.due_at
    acts_at_opening = terms.fires in ("at_open", "first_working_hour_after_open")
    return span.opens_at - _ONE_SECOND if acts_at_opening else span.target


# --- the two questions --------------------------------------------------------------------------


def compute(
    rule: Mapping[str, Any],
    start: datetime,
    *,
    zone: str,
    hours: WorkingHours = OFFICE_HOURS,
) -> Computation:
    """The deadline that ``rule`` gives to an event at ``start`` (aware).

    ``zone`` is the desk's IANA zone, used where the rule says ``zone: desk``. Raises
    :class:`RuleInvalid`, and :class:`CalendarTooShort` when the count leaves what the calendar
    knows.
    """
    if start.tzinfo is None:
        raise ValueError("a deadline starts at an aware datetime")
    terms = read_rule(rule)
    days = calendar_named(terms.calendar)
    place = _zone(zone if terms.zone == "desk" else terms.zone)
    count = _Count(terms, start.astimezone(UTC), place, days)
    span = _COUNTS[terms.unit](count)
    return Computation(
        calendar=days.name,
        version=days.version,
        days=span.days,
        start=count.start,
        opens_at=span.opens_at,
        due_at=span.due_at,
        fires_at=_FIRES[terms.fires](count, span, hours),
        until_at=_until(terms, span),
        zone=place.key,
        rule=_snapshot(rule),
    )


class Distance(NamedTuple):
    """How far a deadline is, in whole figures; all are negative when it has passed.

    ``seconds`` of elapsed time, ``days`` between the local dates, ``working_days`` later than today
    up to the due day (0: due today), None where the calendar does not reach.
    """

    seconds: int
    days: int
    working_days: int | None


def distance(now: datetime, due: datetime, calendar: WorkDays, *, zone: str) -> Distance:
    """From ``now`` to ``due`` (both aware), in the local days of the IANA ``zone``."""
    place = _zone(zone)
    today, due_on = now.astimezone(place).date(), due.astimezone(place).date()
    try:
        working = working_days_between(today, due_on, calendar)
    except CalendarTooShort:
        working = None
    return Distance(int((due - now).total_seconds()), (due_on - today).days, working)
