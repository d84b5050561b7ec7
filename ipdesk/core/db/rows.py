"""Rows in bulk and columns: written and read without the session's bookkeeping, or read by number.

Acts write many rows that nobody changes afterwards (entries of the log, steps of counts, letters, dated
facts). Each kind goes in with one statement: at once, or, where nobody in the same unit of work reads
it, with all others of its kind when the unit commits.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Result, Select, event, insert, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from ipdesk.core.db.core import db
from ipdesk.core.db.vouching import Written, note_evidence
from ipdesk.core.db.waiting import keep_waiting, take_all_waiting


def write_rows(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows`` (column → value, all with the same columns) into the table of ``model``.

    What they refer to must be in the database already. The caller's unit of work commits.
    """
    if rows:
        db.session.connection().execute(_insert_into(model), list(rows))
        note_evidence(model, rows)


def write_rows_at_commit(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `write_rows`, but with the other rows of this unit of work, when it commits or `write_waiting` is called.

    Kinds go in in the order in which each was first written; a roll-back, also of a savepoint, forgets its rows.
    """
    for row in rows:
        keep_waiting(model, row)
    note_evidence(model, rows)


def write_waiting() -> None:
    """Write what waits for the commit now, because it is about to be read.

    Evidence whose case has no entry of this unit of work yet waits on: the act that is about to come vouches for it.
    """
    for evidence in _write_waiting(db.session()):
        keep_waiting(Written, evidence)


@event.listens_for(Session, "before_commit")
def _write_waiting(session: Session) -> list[Any]:
    """Write all that waits; the evidence that no entry of the log has taken."""
    if session.in_nested_transaction():
        return []
    session.flush()  # what they refer to
    waiting = take_all_waiting()
    untaken = waiting.pop(Written, [])
    for model, rows in waiting.items():
        session.connection().execute(_insert_into(model), rows)
    return untaken


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
