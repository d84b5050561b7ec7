"""The deadline computation sheet: every day of a count with the reason why it counts or does not.

Plain values for pages, letters and PDF. Labels are marked for translation and translated at the
edge; dates and instants are left to the reader's locale.
"""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ipdesk.core.deadlines.calendar import (
    HOLIDAY,
    MAKE_UP_WORKDAY,
    ROLLED_TO,
    START_DAY,
    WEEKEND,
    Computation,
    CountedDay,
)
from ipdesk.core.kernel.text import N_

REASONS = {
    START_DAY: N_("Day of the event, not counted"),
    WEEKEND: N_("Weekend"),
    HOLIDAY: N_("Public holiday"),
    MAKE_UP_WORKDAY: N_("Weekend day declared a working day"),
    ROLLED_TO: N_("Next working day"),
}

WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
    N_("Sunday"),
)

UNITS = {
    "business_day": N_("business days"),
    "calendar_day": N_("calendar days"),
    "month": N_("months"),
    "hour": N_("hours"),
}

CALENDAR_LABELS = {
    "none": N_("Every day"),
    "weekdays": N_("Monday to Friday; public holidays count like any other day"),
    "us_federal": N_("US federal business days"),
    "cn": N_("Working days of the People's Republic of China"),
}

MARKS = {
    "start": N_("Event"),
    "opens": N_("Opens"),
    "fires": N_("The clock acts"),
    "acted": N_("Acted on"),
    "due": N_("Ends"),
}


def sheet(computation: Computation, *, status: str = "open", ended_at: datetime | None = None) -> dict[str, Any]:
    """The sheet of one deadline; ``status`` and ``ended_at`` (aware) as `Deadline` has them.

    Only while it runs is the day shown on which the clock will act; one that has acted shows when it did, a stopped one neither.

    ``rows`` has one dict per listed day: on (date), weekday (label), number (int or None), counted
    (bool), reason (label or None), name (holiday's name or None), marks (labels of what falls on
    it). ``start``, ``opens``, ``due``, ``fires`` are each {"utc", "local"} datetimes, local in
    ``zone``. ``earliest`` and ``length`` are in ``unit``; ``earliest`` is None without a window.
    """
    moments = _moments(computation)
    acted = {"acted": _local(ended_at, computation)} if status == "fired" and ended_at else {}
    planned = {"fires": moments["fires"]} if status == "open" else {}
    marked = {key: moments[key] for key in ("start", "opens", "due")} | planned | acted
    earliest, length = _extent(computation.rule)
    return {
        "calendar": CALENDAR_LABELS.get(computation.calendar, computation.calendar),
        "calendar_version": computation.version,
        "zone": computation.zone,
        "unit": UNITS[computation.rule["unit"]],
        "earliest": earliest,
        "length": length,
        "basis": computation.rule.get("basis"),
        **moments,
        "rows": [_row(day, marked) for day in computation.days],
    }


def _moments(computation: Computation) -> dict[str, dict[str, datetime]]:
    instants = {
        "start": computation.start, "opens": computation.opens_at,
        "fires": computation.fires_at, "due": computation.due_at,
    }
    return {key: _local(at, computation) for key, at in instants.items()}


def _local(at: datetime, computation: Computation) -> dict[str, datetime]:
    return {"utc": at.astimezone(UTC), "local": at.astimezone(ZoneInfo(computation.zone))}


def _extent(rule: dict[str, Any]) -> tuple[int | None, int]:
    if "window" in rule:
        return rule["window"][0], rule["window"][1]
    return None, rule["length"]


def _row(day: CountedDay, moments: dict[str, dict[str, datetime]]) -> dict[str, Any]:
    return {
        "on": day.on,
        "weekday": WEEKDAYS[day.weekday],
        "number": day.number,
        "counted": day.number is not None,
        "reason": None if day.reason is None else REASONS[day.reason],
        "name": day.name,
        "marks": _marks(day.on, moments),
    }


def _marks(on: date, moments: dict[str, dict[str, datetime]]) -> list[str]:
    """What falls on ``on``; a window without an opening of its own does not repeat the event."""
    same_opening = moments["opens"] == moments["start"]
    return [
        label
        for key, label in MARKS.items()
        if key in moments and moments[key]["local"].date() == on and not (key == "opens" and same_opening)
    ]
