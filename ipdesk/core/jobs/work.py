"""Long work in the worker: started from its rows, kept alive by leases, taken over from the dead.

A process holds a row while it prolongs its lease. When it dies, the lease ends after ``LEASE`` and the next
process goes on after the last finished step: within half a minute. A process that was only slow finds its token
outdated and writes nothing more (fencing).
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import CursorResult, and_, or_, select, update

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.installation import clock, settings
from ipdesk.core.jobs import kinds
from ipdesk.core.jobs.models import CANCELLED, DONE, FAILED, RUNNING, WAITING, JobRequest
from ipdesk.core.kernel.clock import SystemClock
from ipdesk.core.kernel.ids import new_token

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=18)
HEARTBEAT_SECONDS = 5.0
# Each piece has child processes of its own; more at a time would only be slower.
MOST_AT_ONCE = 2
# The page that shows progress asks about once a second.
SECONDS_BETWEEN_SIGNS = 0.5
# How long a round of the worker waits for running work instead of asking again at once.
SECONDS_TO_WAIT = 0.5
SECONDS_TO_STOP = 5.0


@dataclass
class _Hands:
    """What this process has in its hands: tasks by the key under which the engine knows them."""

    app: Flask
    engine: Any
    tasks: dict[str, kinds.Task] = field(default_factory=dict)
    moved: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)


_hands: _Hands | None = None


def pump(now: datetime) -> int:
    """One round: start what waits, take over what died, wait a little for what runs. Returns how much that was.

    ``now`` is the desk's time and not used for leases, which are real time.
    """
    claimed = [] if _hands and len(_hands.tasks) >= MOST_AT_ONCE else _claim()
    for key, task, resumed in claimed:
        _begin(_working_hands(), key, task, resumed=resumed)
    if _hands is None or not _hands.tasks:
        return len(claimed)
    db.session.remove()  # nothing is held open while we wait
    _hands.moved.wait(SECONDS_TO_WAIT)
    _hands.moved.clear()
    return max(1, len(claimed))


def _begin(hands: "_Hands", key: str, task: kinds.Task, *, resumed: bool) -> None:
    hands.tasks[key] = task
    try:
        (hands.engine.resume if resumed else hands.engine.start)(key)
    except Exception:
        hands.tasks.pop(key, None)  # its lease runs out and somebody tries again
        raise


def close() -> None:
    """Stop working: running steps end at their next sign of life, their rows are free for the next process."""
    global _hands
    if _hands is None:
        return
    _hands.stopping.set()
    until = time.monotonic() + SECONDS_TO_STOP
    while _hands.tasks and time.monotonic() < until:
        _hands.moved.wait(0.1)
        _hands.moved.clear()
    _hands.engine.close()
    _hands = None


# --- whose work it is ------------------------------------------------------------------------------------


def _real_now() -> datetime:
    return SystemClock().now()


def _claim() -> list[tuple[str, kinds.Task, bool]]:
    """Lease what is free; a plain look comes first, so that an idle worker never takes the write lock."""
    free = MOST_AT_ONCE - (len(_hands.tasks) if _hands else 0)
    wanted = _free_rows().limit(free)
    if not db.session.execute(wanted.with_only_columns(JobRequest.id)).first():
        return []
    with unit_of_work():
        rows = db.session.scalars(wanted.with_for_update(skip_locked=True)).all()
        claimed = [(row.key, row.status == RUNNING, row) for row in rows]
        return [(key, _lease(row), resumed) for key, resumed, row in claimed]


def _free_rows() -> Any:
    return select(JobRequest).where(
        JobRequest.finished_at.is_(None),
        or_(JobRequest.status == WAITING, and_(JobRequest.status == RUNNING, JobRequest.lease_until < _real_now())),
    ).order_by(JobRequest.id)


def _lease(row: JobRequest) -> kinds.Task:
    row.status, row.lease_until = RUNNING, _real_now() + LEASE
    row.lease_token += 1
    return _task(row)


def _task(row: JobRequest) -> kinds.Task:
    number, token = row.id, row.lease_token
    signs = _Signs(number, token)
    return kinds.Task(id=number, args=dict(row.args), token=token, progress=signs.show, require_lease=signs.require)


def _take(key: str) -> kinds.Task | None:
    """Lease what another process has put into the engine's queue and this one has drawn."""
    with unit_of_work():
        row = db.session.scalar(select(JobRequest).where(JobRequest.key == key).with_for_update())
        return _lease(row) if row is not None and row.is_open else None


@dataclass
class _Signs:
    """Signs of life of one task, and what the row answers."""

    number: int
    token: int
    last: float = 0.0
    step: str = ""

    def show(self, done: int, total: int, step: str) -> None:
        """Note how far the work is; at most twice a second."""
        if _hands is None or _hands.stopping.is_set():
            raise kinds.Stopping
        if time.monotonic() - self.last < SECONDS_BETWEEN_SIGNS and step == self.step:
            return
        self.last, self.step = time.monotonic(), step
        with unit_of_work():
            found = db.session.execute(self._own().values(
                done=done, total=total, step=step[:64], lease_until=_real_now() + LEASE).returning(JobRequest.cancel_asked)).first()
        if found is None:
            raise kinds.LeaseLost
        if found.cancel_asked:
            raise kinds.Cancelled

    def require(self) -> None:
        """Inside a unit of work: ours still, or :class:`kinds.LeaseLost`."""
        if not _changed(self._own().values(lease_until=_real_now() + LEASE)):
            raise kinds.LeaseLost

    def _own(self) -> Any:
        return _own(self.number, self.token)


def _own(number: int, token: int) -> Any:
    return update(JobRequest).where(
        JobRequest.id == number, JobRequest.lease_token == token, JobRequest.status == RUNNING)


def _changed(statement: Any) -> bool:
    result: CursorResult[Any] = db.session.execute(statement)  # type: ignore[assignment]
    return bool(result.rowcount)


# --- doing it --------------------------------------------------------------------------------------------


def _working_hands() -> _Hands:
    """Opens the engine at the first work: a process that has none never loads it."""
    global _hands
    if _hands is None:
        from ipdesk.core.jobs.engine import Engine

        app = current_app._get_current_object()  # type: ignore[attr-defined]
        # A name of its own for every process: the engine would take a namesake's work for its own, alive or dead.
        executor = f"{socket.gethostname()}-{os.getpid()}-{new_token()[:8]}"
        _hands = _Hands(app, Engine(_engine_url(), executor, _work))
        threading.Thread(target=_keep_alive, args=(_hands,), name="leases", daemon=True).start()
    return _hands


def _engine_url() -> str:
    found = settings()
    url = str(found.database)
    return url if url.startswith("postgresql") else f"sqlite:///{found.instance / 'jobs.db'}"


def _keep_alive(hands: _Hands) -> None:
    """Prolongs the leases of what runs here, also while a step shows no progress."""
    while not hands.stopping.wait(HEARTBEAT_SECONDS):
        for task in list(hands.tasks.values()):
            try:
                with hands.app.app_context(), unit_of_work():
                    db.session.execute(_own(task.id, task.token).values(lease_until=_real_now() + LEASE))
            except Exception:
                # The next beat tries again; if none gets through, another process takes over.
                log.exception("the lease of job %s could not be prolonged", task.id)


def _work(key: str) -> None:
    """One piece of work from its first unfinished step on; in a thread of the engine."""
    hands = _hands
    if hands is None:
        return
    try:
        with hands.app.app_context():
            task = hands.tasks.get(key) or _take(key)
            if task is not None:
                hands.tasks[key] = task
                _do(hands, task)
    finally:
        hands.tasks.pop(key, None)
        hands.moved.set()


def _do(hands: _Hands, task: kinds.Task) -> None:
    kind = None
    try:
        kind = _kind_of(task)
        for name, step in kind.steps:
            answer = hands.engine.step(name, lambda step=step: _tried(step, task))
            if "failed" in answer:
                raise kinds.JobFailed(answer["failed"])
            task.results[name] = answer["result"]
        _finish(task, DONE, result=task.results[kind.steps[-1][0]])
    except kinds.JobFailed as failure:
        _give_up(task, kind, FAILED, failure.text)
    except kinds.Cancelled:
        _give_up(task, kind, CANCELLED, "")
    except kinds.LeaseLost:
        log.warning("job %s was taken over by another worker", task.id)
        raise
    except kinds.Stopping:
        with unit_of_work():
            db.session.execute(_own(task.id, task.token).values(lease_until=_real_now()))
        raise  # past the engine, which then keeps it as unfinished


def _kind_of(task: kinds.Task) -> kinds.Kind:
    row = db.session.get_one(JobRequest, task.id)
    name = row.kind
    db.session.rollback()
    return kinds.kind_of(name)


def _tried(step: kinds.Step, task: kinds.Task) -> dict[str, Any]:
    """What the engine remembers of a step: plain values, also of one that failed."""
    try:
        return {"result": step(task)}
    except kinds.JobFailed as failure:
        return {"failed": failure.text}
    except Exception:
        log.exception("job %s failed", task.id)
        return {"failed": kinds.SOMETHING_WENT_WRONG}
    finally:
        db.session.rollback()


def _finish(task: kinds.Task, status: str, **values: Any) -> bool:
    """The end of a piece of work, unless it is another's by now."""
    with unit_of_work():
        return _changed(_own(task.id, task.token).values(
            status=status, finished_at=clock().now(), lease_until=None, step="", **values))


def _give_up(task: kinds.Task, kind: kinds.Kind | None, status: str, error: str) -> None:
    if _finish(task, status, error=error) and kind is not None:
        _tidy(kind.given_up, task)


def _tidy(given_up: Callable[[kinds.Task], None], task: kinds.Task) -> None:
    try:
        given_up(task)
    except Exception:
        log.exception("what job %s left behind could not be removed", task.id)
