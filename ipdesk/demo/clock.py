"""The clock of a demo installation, which a person may move forward to see silence act."""

from datetime import datetime, timedelta
from pathlib import Path

from ipdesk.core.kernel.clock import OffsetClock

_FILE = "demo-clock"


def moved_by(instance: Path) -> timedelta:
    """How far the demo's clock has been moved."""
    file = instance / _FILE
    return timedelta(seconds=float(file.read_text())) if file.exists() else timedelta()


def advance_clock(instance: Path, by: timedelta) -> timedelta:
    """Move the clock forward; returns how far it is moved now. Never backward (``ValueError``)."""
    if by <= timedelta():
        raise ValueError("the clock only goes forward")
    total = moved_by(instance) + by
    (instance / _FILE).write_text(str(total.total_seconds()))
    return total


def reset_clock(instance: Path) -> None:
    """Let the demo's clock be the machine's again: for a demo that begins anew."""
    (instance / _FILE).unlink(missing_ok=True)


def span_text(span: timedelta) -> str:
    """``4 days 6 hours``: what a person says for it; seconds are left out."""
    minutes = int(span.total_seconds()) // 60
    counts = (("day", minutes // 1440), ("hour", minutes // 60 % 24), ("minute", minutes % 60))
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in counts if count)


class DemoClock:
    """The machine's clock moved by what the file says now, so that running processes follow."""

    def __init__(self, instance: Path) -> None:
        self._instance = instance

    def now(self) -> datetime:
        return OffsetClock(moved_by(self._instance)).now()
