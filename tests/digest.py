"""Everything a database holds, as one digest per table: nothing was written when they are equal."""

import hashlib
from typing import Any

from sqlalchemy import select

from ipdesk.core.db.core import db


def digest(*, but: tuple[str, ...] = ()) -> dict[str, str]:
    """Table → digest of its rows as they are in the database, read outside of any open work."""
    with db.engine.connect() as connection:
        return {
            name: _digest(connection, table) for name, table in sorted(db.metadata.tables.items()) if name not in but}


def _digest(connection: Any, table: Any) -> str:
    rows = sorted(repr(tuple(row)) for row in connection.execute(select(table)))
    return f"{len(rows)}:{hashlib.sha256(chr(10).join(rows).encode()).hexdigest()[:16]}"


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that differ, with their numbers of rows."""
    return [f"{name} {before[name].split(':')[0]} -> {after[name].split(':')[0]}" for name in before
            if before[name] != after[name]]
