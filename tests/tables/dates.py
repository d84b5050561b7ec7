"""Reading of test data such as ``Fri 2026-07-03 18:30``: the weekday is part of the datum."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def day(text: str) -> date:
    """``Fri 2026-07-03`` as a date; a wrong weekday is an error in the table."""
    weekday, _, rest = text.partition(" ")
    on = date.fromisoformat(rest)
    assert WEEKDAYS[on.weekday()] == weekday, f"{rest} is not a {weekday}"
    return on


def moment(text: str, zone: str) -> datetime:
    """``Fri 2026-07-03 18:30`` (or with seconds) in ``zone``, as UTC."""
    on, _, at = text.rpartition(" ")
    return datetime.fromisoformat(f"{day(on)}T{at}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
