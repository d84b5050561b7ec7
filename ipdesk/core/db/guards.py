"""What the database itself refuses, beyond constraints: the triggers that keep rows as they were written."""

import re
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import text

from ipdesk.core.db.core import db

_CREATE = re.compile(r"CREATE TRIGGER (\w+) ")
_TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, CASE tgenabled WHEN 'D' THEN '' ELSE pg_get_triggerdef(oid) END FROM pg_trigger",
}


def no_replace_statement(table: str, keys: Iterable[Sequence[str]], says: str) -> str:
    """The trigger by which SQLite refuses a row of ``table`` whose key is taken, in the words ``says``.

    Without it ``INSERT OR REPLACE`` removes the older row, and no trigger on DELETE hears of it. ``keys`` are all
    unique ones; ``rowid`` is one where the table has no number of its own.
    """
    same = [" AND ".join(f"{name} = new.{name}" for name in key) for key in keys]
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in same)  # noqa: S608 - names of our own
    return (f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END")


def weak_triggers(statements: Iterable[str]) -> Iterator[str]:
    """The names of triggers that ``statements`` make and that are missing, switched off or no longer the same.

    PostgreSQL keeps what a trigger says in words of its own; there only its being there and on is looked at.
    """
    dialect = db.session.get_bind().dialect.name
    there: dict[str, str] = dict(db.session.execute(text(_TRIGGERS[dialect])).all())
    for statement in statements:
        if made := _CREATE.match(statement):
            stands = there.get(made[1])
            if not stands or (dialect == "sqlite" and stands != statement):
                yield made[1]
