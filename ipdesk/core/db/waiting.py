"""What a unit of work keeps until it commits. A roll-back, also of a savepoint, forgets what was kept since."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from ipdesk.core.db.core import db

_WAITING = "ipdesk.waiting"
_MARKS = "ipdesk.waiting_marks"
_completions: list[Callable[[], None]] = []


def keep_waiting(kind: Any, item: Any) -> None:
    """Keep ``item`` under ``kind`` until the commit."""
    db.session.info.setdefault(_WAITING, []).append((kind, item))


def waiting_rows(kind: Any) -> list[Any]:
    """What waits under ``kind``, in the order in which it was kept."""
    return [item for known, item in db.session.info.get(_WAITING, ()) if known is kind]


def take_waiting(kind: Any) -> list[Any]:
    """The same, and it waits no longer."""
    waiting = db.session.info.get(_WAITING, [])
    found = [item for known, item in waiting if known is kind]
    waiting[:] = [pair for pair in waiting if pair[0] is not kind]
    return found


def take_all_waiting() -> dict[Any, list[Any]]:
    """Everything that waits by kind, kinds in the order in which each first came, after the completions have run."""
    if not db.session.info.get(_WAITING):
        return {}
    for complete in _completions:
        complete()
    kinds: dict[Any, list[Any]] = {}
    for kind, item in db.session.info[_WAITING]:
        kinds.setdefault(kind, []).append(item)
    db.session.info[_WAITING].clear()
    return kinds


def completes_waiting(complete: Callable[[], None]) -> Callable[[], None]:
    """``complete`` runs when what waits is about to be written, and all that it refers to is in the database."""
    _completions.append(complete)
    return complete


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, begun: SessionTransaction) -> None:
    if begun.nested:
        session.info.setdefault(_MARKS, {})[begun] = len(session.info.get(_WAITING, ()))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, ended: SessionTransaction) -> None:
    while ended.parent is not None and not ended.nested:
        ended = ended.parent  # a flush that failed takes the savepoint around it along
    if session.info.get(_WAITING):
        del session.info[_WAITING][session.info.get(_MARKS, {}).get(ended, 0):]


@event.listens_for(Session, "after_transaction_end")
def _forget_marks(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:  # the end of a savepoint is announced before its roll-back is
        session.info.pop(_MARKS, None)
