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


class DemoClock:
    """The machine's clock moved by what the file says now, so that running processes follow."""

    def __init__(self, instance: Path) -> None:
        self._instance = instance

    def now(self) -> datetime:
        return OffsetClock(moved_by(self._instance)).now()
