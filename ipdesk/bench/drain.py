"""``python -m ipdesk.bench.drain INSTANCE DATABASE INSTANT``: the worker's sweep at one instant, until nothing is due.

Prints one JSON object: how many deadlines were due and in how many seconds they were acted on.
"""

import json
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from ipdesk import create_app
from ipdesk.config import load_settings
from ipdesk.core.casework.sweep import sweep
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.jobs.loop import Job, Worker
from ipdesk.core.kernel.clock import FixedClock


def drain(instance: Path, database: str, at: datetime) -> dict[str, float]:
    """Act on every deadline due at ``at``; exits with a message when one was left or failed."""
    clock = FixedClock(at)
    app = create_app(replace(load_settings(instance), database_url=database), clock)
    with app.app_context():
        worker = Worker([Job("deadlines", sweep)], clock)
        began = time.perf_counter()
        done = worker.until_idle()
        seconds = time.perf_counter() - began
        if left := _open(at):
            raise SystemExit(f"{done} deadlines were acted on, {left} are left")
    return {"deadlines": done, "seconds": seconds}


def _open(at: datetime) -> int:
    """Clocks of parties that are due and have not acted; those of staff stay open when they pass."""
    found = db.session.execute(select(func.count()).select_from(Deadline).where(
        Deadline.status == "open", Deadline.trigger != "", Deadline.fires_at <= at)).scalar_one()
    db.session.rollback()
    return found


if __name__ == "__main__":
    figures = drain(Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3]))
    sys.stdout.write(json.dumps(figures))
