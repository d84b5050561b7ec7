"""Clocks as a case page shows them: until when, with the counted days, and how that was counted."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from flask_babel import gettext, ngettext

from ipdesk.core.deadlines.calendar import Computation
from ipdesk.core.deadlines.sheet import sheet
from ipdesk.core.deadlines.wording import day_text, distance_text, is_over, moment_text, zone_text
from ipdesk.desk.words import law_text, listed, locale, zone

SOON = timedelta(hours=24)
LISTED_DAYS = 5  # more counted days than these are a number, and the sheet


def tone_of(due: datetime, now: datetime) -> str:
    """``overdue``, ``soon`` (a day or less) or ``calm``."""
    if is_over(due, now):
        return "overdue"
    return "soon" if due - now <= SOON else "calm"


def short_day(on: date) -> str:
    """``Thu 3 Dec``."""
    return format_date(on, "M月d日 EEE" if locale().startswith("zh") else "EEE d MMM", locale=locale())


def clock_facts(line: Mapping[str, Any], now: datetime, *, own: bool) -> dict[str, Any]:
    """One running clock for the macro ``deadline_line`` and the partial ``desk/_deadlines.html``.

    ``line`` is a deadline out of a disclosed view, ``own`` whether it is the reader's own time to act. The page counts to
    ``until_at`` of it; a window says its other end, too. Once its first end has passed, a target of the desk, and whoever
    only waits for what may follow, reads the last one.
    """
    opened = (line["for_staff"] or not own) and line["until_at"] < line["due_at"] and is_over(line["until_at"], now)
    counted = Computation.from_dict(line["computation"])
    last = _last(line, counted)
    until = last if opened else line["until_at"]
    calendar = counted.rule.get("calendar", "none")
    return {
        "name": line["name"], "label": law_text(line["label"]), "movers": line["movers"],
        "when": moment_text(until, zone(), locale()), "iso": until.isoformat(),
        "distance": distance_text(until, now, calendar=calendar, zone=counted.zone, locale=locale()),
        "tone": tone_of(until, now), "counted": _counted(counted, whole=opened), "window": _window(line, last, opened=opened),
        "basis": law_text(line["basis"]), "sheet": sheet_facts(counted),
    }


def _counted(computation: Computation, *, whole: bool) -> str:
    """The days that were counted; of a window those up to its first end, unless the ``whole`` is asked for."""
    most = computation.rule["window"][0] if "window" in computation.rule and not whole else None
    days = [day.on for day in computation.days
            if day.number is not None and (most is None or day.number <= most)]
    if not days:
        return ""
    if len(days) <= LISTED_DAYS:
        return listed(short_day(day) for day in days)
    return ngettext("%(num)s day, from %(first)s to %(last)s",
                    "%(num)s days, from %(first)s to %(last)s", len(days),
                    first=short_day(days[0]), last=short_day(days[-1]))


def _last(line: Mapping[str, Any], counted: Computation) -> datetime:
    """The last end of the time; of a clock that acts in the last working hour, the instant at which it does."""
    at: datetime = line["fires_at" if counted.rule.get("fires") == "last_working_hour_before_close" else "due_at"]
    return at


def _window(line: Mapping[str, Any], last: datetime, *, opened: bool) -> str:
    """The other end of a window, where the clock has two."""
    if line["until_at"] == line["due_at"]:
        return ""
    if opened and line["for_staff"]:
        return gettext("The target, %(target)s, has passed; this is the latest", target=moment_text(line["until_at"], zone(), locale()))
    if opened:
        return gettext("What follows may happen at any time since %(opens)s, and at the latest then",
                       opens=moment_text(line["opens_at"], zone(), locale()))
    latest = moment_text(last, zone(), locale())
    if line["for_staff"]:
        return gettext("This is the target; at the latest %(latest)s", latest=latest)
    return gettext("What follows may happen from %(opens)s on, at the latest %(latest)s",
                   opens=moment_text(line["opens_at"], zone(), locale()), latest=latest)


def sheet_facts(computation: Computation) -> dict[str, Any]:
    """The computation sheet in the reader's words."""
    plain = sheet(computation)
    return {
        "calendar": law_text(plain["calendar"]), "version": plain["calendar_version"],
        "zone": zone_text(plain["zone"], locale()), "unit": law_text(plain["unit"]),
        "earliest": plain["earliest"], "length": plain["length"],
        "basis": law_text(plain["basis"] or ""),
        "start": moment_text(plain["start"]["utc"], plain["zone"], locale()),
        "due": moment_text(plain["due"]["utc"], plain["zone"], locale()),
        "rows": [{
            "on": day_text(row["on"], locale()), "number": row["number"],
            "reason": law_text(row["reason"] or ""), "name": law_text(row["name"] or ""),
            "marks": listed(law_text(mark) for mark in row["marks"]),
        } for row in plain["rows"]],
    }
