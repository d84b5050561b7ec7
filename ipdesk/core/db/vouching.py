"""Rows that carry evidence: what of them the audit log vouches for, and which of them a unit of work has written.

A model says so with a class attribute ``vouched``. The log takes what was written at the commit (`core.audit.documents`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from ipdesk.core.db.core import db
from ipdesk.core.db.waiting import keep_waiting, take_waiting


@dataclass(frozen=True)
class Vouched:
    """What the log vouches for in the rows of one table.

    ``case`` names the column with the number of the case, ``columns`` what is bound. ``since``: only rows in which
    this column is filled, so that drafts stay free. ``alone``: rows that are also written without any act of
    their case (a reminder); only those that an act writes are bound.
    """

    case: str
    columns: tuple[str, ...]
    since: str = ""
    alone: bool = False

    def counts(self, row: Any) -> bool:
        """Whether this row is evidence yet, and of a case."""
        return getattr(row, self.case) is not None and (not self.since or getattr(row, self.since) is not None)

    def document(self, row: Any) -> dict[str, Any]:
        """What the log vouches for of one row."""
        return {name: getattr(row, name) for name in self.columns}


@dataclass(frozen=True)
class Written:
    """A row that this unit of work has written: its table, number and document.

    ``key`` is ``None`` for rows that are written once, in bulk, and never changed; ``document`` is ``None`` for a row that
    was deleted.
    """

    model: Any
    case_id: int
    key: int | None
    document: dict[str, Any] | None


def vouched_models() -> list[Any]:
    """Every model whose rows carry evidence, by the name of its table."""
    found = [mapper.class_ for mapper in db.Model.registry.mappers if hasattr(mapper.class_, "vouched")]
    return sorted(found, key=lambda model: model.__tablename__)


def take_written() -> Iterator[Written]:
    """What was written since this was last asked, each row once, as it stands now."""
    rows: dict[int, Any] = {}
    for kept in take_waiting(Written):
        if isinstance(kept, Written):
            yield kept
        else:
            rows[id(kept)] = kept
    for row in rows.values():
        vouched = type(row).vouched
        if inspect(row).deleted or inspect(row).detached:
            continue
        if vouched.counts(row):
            yield Written(type(row), getattr(row, vouched.case), row.id, vouched.document(row))


def note_evidence(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """These rows (column → value) are written in bulk by this unit of work, and never changed afterwards."""
    vouched = getattr(model, "vouched", None)
    if vouched is None:
        return
    filled_in = _defaults(model)
    for row in rows:
        if row[vouched.case] is not None:
            document = {name: row[name] if name in row else filled_in[name] for name in vouched.columns}
            keep_waiting(Written, Written(model, row[vouched.case], None, document))


@cache
def _defaults(model: Any) -> dict[str, Any]:
    """What the columns hold that are not given."""
    found: dict[str, Any] = {}
    for column in model.__table__.columns:
        default = column.default
        found[column.name] = default.arg if default is not None and default.is_scalar else None
    return found


@event.listens_for(Session, "before_flush")
def _note(session: Session, _context: Any, _instances: Any) -> None:
    for row in session.new:
        if hasattr(row, "vouched"):
            keep_waiting(Written, row)
    for row in session.dirty:
        if hasattr(row, "vouched") and not _bound(type(row)).isdisjoint(inspect(row).committed_state):
            keep_waiting(Written, row)
    for row in session.deleted:
        if hasattr(row, "vouched") and row.vouched.counts(row):
            keep_waiting(Written, Written(type(row), getattr(row, row.vouched.case), row.id, None))


@cache
def _bound(model: Any) -> frozenset[str]:
    vouched = model.vouched
    return frozenset({*vouched.columns, vouched.case, *filter(None, [vouched.since])})
