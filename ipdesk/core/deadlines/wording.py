"""Instants and distances as people read them: weekday, zone, and how far off in counted days."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_location

from ipdesk.core.deadlines.calendar import Computation, calendar_named, distance
from ipdesk.core.kernel.text import N_, translate

IN_WORKING_DAYS = N_("in %(n)s working days")
IN_ONE_WORKING_DAY = N_("in 1 working day")
IN_DAYS = N_("in %(n)s days")
TODAY = N_("today")
TOMORROW = N_("tomorrow")
OVER = N_("over")


@lru_cache(maxsize=1024)
def zone_text(zone: str, locale: str) -> str:
    """The zone as people say it: ``New York time``, ``UTC``; by its own name where no place is known."""
    try:
        place = get_timezone_location(zone, locale=locale, return_city=True)
    except LookupError:  # such as Factory: a zone of this machine that no locale knows
        return zone
    if place.startswith(("UTC", "GMT")):
        return place
    return translate(N_("%(place)s time"), locale) % {"place": place}


@lru_cache(maxsize=4096)
def moment_text(at: datetime, zone: str, locale: str) -> str:
    """``Thu 3 Dec 2026, 23:59 New York time``."""
    local = at.astimezone(ZoneInfo(zone))
    pattern = "y年M月d日 EEE HH:mm" if locale.startswith("zh") else "EEE d MMM y, HH:mm"
    return f"{format_datetime(local, pattern, locale=locale)} {zone_text(zone, locale)}"


def day_text(day: date, locale: str) -> str:
    """``Thu 3 Dec 2026``."""
    pattern = "y年M月d日 EEE" if locale.startswith("zh") else "EEE d MMM y"
    return format_date(day, pattern, locale=locale)


def is_over(due: datetime, now: datetime) -> bool:
    """Whether it is too late: whoever acts while the second ``due`` lasts is in time."""
    return now >= due + timedelta(seconds=1)


def distance_text(due: datetime, now: datetime, *, calendar: str, zone: str, locale: str) -> str:
    """How far off ``due`` is in the days that count: ``in 6 working days``, ``today``, ``over``.

    Plain days where the calendar does not reach, and where none of the days left is a working day.
    """
    if is_over(due, now):
        return translate(OVER, locale)
    here = ZoneInfo(zone)
    days = (due.astimezone(here).date() - now.astimezone(here).date()).days
    if days == 0:
        return translate(TODAY, locale)
    if days == 1:
        return translate(TOMORROW, locale)
    left = None
    if calendar not in ("", "none"):
        left = distance(now, due, calendar_named(calendar), zone=zone).working_days
    if not left:
        return translate(IN_DAYS, locale) % {"n": days}
    if left == 1:
        return translate(IN_ONE_WORKING_DAY, locale)
    return translate(IN_WORKING_DAYS, locale) % {"n": left}


def deadline_text(stored: Computation, now: datetime, locale: str) -> dict[str, str]:
    """``{due_text, days_text}`` of a stored computation."""
    calendar = stored.rule.get("calendar", "none")
    return {
        "due_text": moment_text(stored.until_at, stored.zone, locale),
        "days_text": distance_text(
            stored.until_at, now, calendar=calendar, zone=stored.zone, locale=locale),
    }
