"""The one commit. Everything a request or a job writes is written here or not at all."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from ipdesk.core.db.core import db, writing


class FairLock:
    """A lock that is handed on in the order of asking, so that no writer starves."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


_one_writer = FairLock()
_rows_key = "ipdesk.rows"


@event.listens_for(Session, "loaded_as_persistent")
@event.listens_for(Session, "pending_to_persistent")
def _hold(session: Session, row: Any) -> None:
    """Keep what a unit of work has read or written until it ends, so that nothing is read twice.

    By itself the session forgets a row as soon as nobody holds it.
    """
    if writing.get():
        session.info.setdefault(_rows_key, []).append(row)


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Begin, run the block, commit; on any error roll everything back and raise it.

    What was read before is forgotten, so that the block loads what it judges inside its
    own transaction. SQLite has one writer at a time; waiting is fair within the process.
    Nesting is a programming error (``RuntimeError``).
    """
    if writing.get():
        raise RuntimeError("a unit of work is already open")
    db.session.rollback()
    lock = _one_writer if db.engine.dialect.name == "sqlite" else None
    if lock:
        lock.acquire()
    token = writing.set(True)
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        db.session.info.pop(_rows_key, None)
        writing.reset(token)
        if lock:
            lock.release()
