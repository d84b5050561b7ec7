"""Which days are working days, and why the others are not.

A calendar is turned once into a table of day numbers, so that every question is one bisection:
counting through the ``holidays`` package day by day is some seventy times slower. A calendar has a
first and a last day; a question beyond either raises :class:`CalendarTooShort`, because a guessed
holiday would move a legal date.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.kernel.errors import DeskError

# Why a day is not counted, or is counted against expectation. Labels are in ``sheet.py``.
WEEKEND = "weekend"
HOLIDAY = "holiday"
MAKE_UP_WORKDAY = "make_up_workday"

SATURDAY_SUNDAY = frozenset({5, 6})

# Rule-made calendars (the United States, plain weekdays) hold as long as their law does; the table
# ends somewhere, and far enough for the longest limit a workflow can name.
FIRST_YEAR = 2000
LAST_YEAR = 2060


class CalendarTooShort(DeskError):
    """The calendar says nothing about a day that the question needs."""

    def __init__(self, calendar: str, first: date, last: date) -> None:
        super().__init__(f"calendar {calendar} is known from {first} to {last} only")
        self.calendar = calendar
        self.first = first
        self.last = last


class UnknownCalendar(ValueError):
    """No calendar of this name."""


class DayStatus(NamedTuple):
    """Whether a day is a working day; ``reason`` and ``name`` where that needs a word."""

    working: bool
    reason: str | None
    name: str | None


_PLAIN_WORKDAY = DayStatus(True, None, None)
_PLAIN_WEEKEND = DayStatus(False, WEEKEND, None)


@dataclass(frozen=True, eq=False)
class WorkDays:
    """The working days of one calendar from ``first`` to ``last``, both included.

    ``weekend`` holds weekday numbers (Monday is 0). ``holidays`` names days off; ``make_up_days``
    names weekend days that are worked (China moves working days onto weekends around long
    holidays). ``version`` is the source with a digest of the whole table: equal versions count
    equal days.
    """

    name: str
    source: str
    first: date
    last: date
    weekend: frozenset[int] = SATURDAY_SUNDAY
    holidays: Mapping[date, str] = field(default_factory=dict)
    make_up_days: Mapping[date, str] = field(default_factory=dict)
    version: str = field(init=False)
    _special: dict[date, DayStatus] = field(init=False, repr=False)
    _working: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        special: dict[date, DayStatus] = {}
        for day, name in self.holidays.items():
            reason = WEEKEND if day.weekday() in self.weekend else HOLIDAY
            special[day] = DayStatus(False, reason, name)
        for day, name in self.make_up_days.items():
            special[day] = DayStatus(True, MAKE_UP_WORKDAY, name or None)
        object.__setattr__(self, "_special", special)
        span = range(self.first.toordinal(), self.last.toordinal() + 1)
        working = [n for n in span if self._look_up(date.fromordinal(n)).working]
        object.__setattr__(self, "_working", working)
        object.__setattr__(self, "version", f"{self.source}/{self._digest()[:12]}")

    def _digest(self) -> str:
        named = {
            day.isoformat(): list(status)
            for day, status in self._special.items()
            if self.first <= day <= self.last
        }
        return sha256_hex(canonical_json([self.first, self.last, self.weekend, named]))

    def _look_up(self, day: date) -> DayStatus:
        status = self._special.get(day)
        if status is not None:
            return status
        return _PLAIN_WEEKEND if day.weekday() in self.weekend else _PLAIN_WORKDAY

    def _too_short(self) -> CalendarTooShort:
        return CalendarTooShort(self.name, self.first, self.last)

    def _known(self, day: date) -> int:
        if not self.first <= day <= self.last:
            raise self._too_short()
        return day.toordinal()

    def status(self, day: date) -> DayStatus:
        """Whether ``day`` is a working day, and why. Raises :class:`CalendarTooShort`."""
        self._known(day)
        return self._look_up(day)

    def nth_after(self, day: date, n: int) -> date:
        """The ``n``-th working day (``n`` at least 1) strictly after ``day``."""
        index = bisect_right(self._working, self._known(day)) + n - 1
        if index >= len(self._working):
            raise self._too_short()
        return date.fromordinal(self._working[index])

    def on_or_after(self, day: date) -> date:
        """``day`` itself when it is a working day, else the next one."""
        index = bisect_left(self._working, self._known(day))
        if index >= len(self._working):
            raise self._too_short()
        return date.fromordinal(self._working[index])

    def on_or_before(self, day: date) -> date:
        """``day`` itself when it is a working day, else the one before."""
        index = bisect_right(self._working, self._known(day)) - 1
        if index < 0:
            raise self._too_short()
        return date.fromordinal(self._working[index])

    def count(self, after: date, until: date) -> int:
        """Working days later than ``after`` and not later than ``until``; negative backwards."""
        return bisect_right(self._working, self._known(until)) - bisect_right(
            self._working, self._known(after)
        )


def _every_day(name: str, weekend: frozenset[int]) -> WorkDays:
    return WorkDays(name, "built-in", date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31), weekend)


def _package() -> str:
    return f"holidays {version('holidays')}"


def _us_federal() -> WorkDays:
    """5 U.S.C. § 6103, observed as in E.O. 11582: Saturday's on Friday, Sunday's on Monday."""
    import holidays  # here: start-up of a process that computes nothing does not pay for it

    days = holidays.country_holidays(
        "US", years=range(FIRST_YEAR, LAST_YEAR + 1), language="en_US"
    )
    return WorkDays(
        "us_federal", _package(),
        date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31), holidays=dict(days.items()),
    )


def _cn() -> WorkDays:
    """The State Council's yearly arrangement; known as far as its make-up days are published."""
    import holidays

    days = holidays.country_holidays("CN", years=range(2001, LAST_YEAR + 1), language="en_US")
    announced = max(days.weekend_workdays).year
    first, last = date(2001, 1, 1), date(announced, 12, 31)
    return WorkDays(
        "cn", _package(), first, last,
        holidays={day: name for day, name in days.items() if day <= last},
        make_up_days=dict.fromkeys(days.weekend_workdays, ""),
    )


_BUILDERS = {
    "none": lambda: _every_day("none", frozenset()),
    "weekdays": lambda: _every_day("weekdays", SATURDAY_SUNDAY),
    "us_federal": _us_federal,
    "cn": _cn,
}

CALENDARS = frozenset(_BUILDERS)


@cache
def calendar_named(name: str) -> WorkDays:
    """The calendar ``name`` (one of ``CALENDARS``), built once per process.

    ``none`` has no days off at all; ``weekdays`` is Monday to Friday without holidays.
    Raises :class:`UnknownCalendar`.
    """
    if name not in _BUILDERS:
        raise UnknownCalendar(name)
    return _BUILDERS[name]()


def working_days_between(after: date, until: date, days: WorkDays) -> int:
    """Working days later than ``after`` and not later than ``until``; negative backwards."""
    return days.count(after, until)
