"""Rows in bulk and columns: written and read without the session's bookkeeping, or read by number.

Acts write many rows that nobody changes afterwards (entries of the log, steps of counts, letters, dated
facts). Each kind goes in with one statement: at once, or, where nobody in the same unit of work reads
it, with all others of its kind when the unit commits.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Result, Select, event, insert, inspect, select
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.orm.util import identity_key

from ipdesk.core.db.core import db

_WAITING = "ipdesk.waiting_rows"
_MARKS = "ipdesk.waiting_marks"


def write_rows(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows`` (column → value, all with the same columns) into the table of ``model``.

    What they refer to must be in the database already. The caller's unit of work commits.
    """
    if rows:
        db.session.connection().execute(_insert_into(model), list(rows))


def write_rows_at_commit(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `write_rows`, but with the other rows of this unit of work, when it commits or `write_waiting` is called.

    Kinds go in in the order in which each was first written; a roll-back, also of a savepoint, forgets its rows.
    """
    waiting: list[tuple[Any, Mapping[str, Any]]] = db.session.info.setdefault(_WAITING, [])
    waiting += [(model, row) for row in rows]


def waiting_rows(model: Any) -> list[Mapping[str, Any]]:
    """What this unit of work will write into the table of ``model`` when it commits."""
    return [row for kind, row in db.session.info.get(_WAITING, ()) if kind is model]


def write_waiting() -> None:
    """Write what waits for the commit now, because it is about to be read."""
    _write_waiting(db.session())


@event.listens_for(Session, "before_commit")
def _write_waiting(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_WAITING):
        return
    kinds: dict[Any, list[Mapping[str, Any]]] = {}
    for model, row in session.info[_WAITING]:
        kinds.setdefault(model, []).append(row)
    session.flush()  # what they refer to
    for model, rows in kinds.items():
        session.connection().execute(_insert_into(model), rows)
    session.info[_WAITING].clear()


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


def read_columns(statement: Select[Any], **values: Any) -> Result[Any]:
    """The columns of ``statement`` with ``values`` filled in, without the session's bookkeeping.

    What waits in the session is not written first: for what never waits there.
    """
    return db.session.connection().execute(statement, values)


def rows_by_id(model: Any, ids: Iterable[int]) -> dict[int, Any]:
    """Number → row, for those that exist: out of the session where it holds them, else in one query."""
    session, found, missing = db.session(), {}, []
    for number in dict.fromkeys(ids):
        row = session.identity_map.get(identity_key(model, number))
        if row is None or inspect(row).expired:
            missing.append(number)
        else:
            found[number] = row
    if missing:
        query = select(model).where(model.id.in_(missing))
        with session.no_autoflush:  # what has a number is in the database
            found |= {row.id: row for row in session.execute(query).scalars()}
    return found


@cache
def _insert_into(model: Any) -> Insert:
    return insert(model.__table__)
