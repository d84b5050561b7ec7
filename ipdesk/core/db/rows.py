"""Rows that are written once: straight into their table, without the session's bookkeeping.

Acts write many rows that nobody changes afterwards (entries of the log, steps of counts, dated
facts). Each kind goes in with one statement, at once, in the open transaction.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, insert

from ipdesk.core.db.core import db


def write_rows(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows`` (column → value, all with the same columns) into the table of ``model``.

    What they refer to must be in the database already. The caller's unit of work commits.
    """
    if rows:
        db.session.connection().execute(_insert_into(model), list(rows))


@cache
def _insert_into(model: Any) -> Insert:
    return insert(model.__table__)
