"""One writer per case.

SQLite has one writer anyway. On PostgreSQL the row in ``cases`` is the lock: whoever moves a case takes
it first and reads the case after that, so that two rivals are one after the other, and whoever
sweeps many cases takes it too, so that nobody waits for somebody who waits for them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, event, select
from sqlalchemy.orm import Session

from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.kernel.errors import NotVisible

_KEY = "ipdesk.locked_cases"


def _held() -> set[int] | None:
    """Cases locked in this transaction; None where the database has one writer."""
    if db.session.get_bind().dialect.name == "sqlite":
        return None
    held: set[int] = db.session.info.setdefault(_KEY, set())
    return held


def note_locked(case_ids: Iterable[int]) -> None:
    """The caller's own query has locked these cases (see `locking`)."""
    held = _held()
    if held is not None:
        held.update(case_ids)


def locking(query: Select[Any]) -> Select[Any]:
    """``query`` (which names or joins ``cases``) with a lock on its cases; those that somebody holds are left out.

    Not a full ``FOR UPDATE``: rows that refer to the case may be written meanwhile.
    """
    return query.with_for_update(of=Case, key_share=True, skip_locked=True)


def lock(row: Any, movers: Sequence[Any]) -> None:
    """Lock the case of ``row`` for the open unit of work; what was read before that is read again."""
    held = _held()
    if held is None or row.id in held:
        return
    _lock_case(row.id)
    held.add(row.id)
    db.session.flush()  # reading again must not lose what the caller has changed
    db.session.refresh(row)
    parts = [mover for mover in movers if mover is not row]
    if parts:
        model = type(parts[0])
        db.session.execute(
            select(model).where(model.id.in_([part.id for part in parts]))
            .execution_options(populate_existing=True)).scalars().all()


def loader(model: Any) -> Callable[[int], Any]:
    """``load(case_id)`` for a kind of case: the row of ``model``, locked, or ``NotVisible``."""
    def load(case_id: int) -> Any:
        held = _held()
        fresh = held is not None and case_id not in held
        if fresh:
            _lock_case(case_id)
        row = db.session.get(model, case_id, populate_existing=fresh)
        if row is None:
            raise NotVisible
        if held is not None:
            held.add(case_id)
        return row

    return load


def _lock_case(case_id: int) -> None:
    with db.session.no_autoflush:  # what was changed already must not take its rows' locks before the case's
        db.session.execute(select(Case.id).where(Case.id == case_id).with_for_update(key_share=True))


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_rollback")
@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, *_: Any) -> None:
    """After the roll-back of a savepoint a lock taken inside it is gone; one taken before is asked for again."""
    session.info.pop(_KEY, None)
