"""Rows in bulk: written once without the session's bookkeeping, or read by number.

Acts write many rows that nobody changes afterwards (entries of the log, steps of counts, dated
facts). Each kind goes in with one statement, at once, in the open transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, insert, inspect, select
from sqlalchemy.orm.util import identity_key

from ipdesk.core.db.core import db


def write_rows(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows`` (column → value, all with the same columns) into the table of ``model``.

    What they refer to must be in the database already. The caller's unit of work commits.
    """
    if rows:
        db.session.connection().execute(_insert_into(model), list(rows))


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
