"""Rows that carry evidence: what of them the audit log vouches for, and which of them a unit of work has written.

A model says so with a class attribute ``vouched``, one or several documents of each row. The log takes what was written at
the commit (`core.audit.documents`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
    their case (a reminder); only those that an act writes are bound. ``once``: never changed once it is bound, so that its
    hash alone stands for it, without a number. ``name`` is what the log calls the document where that is not the table.
    """

    case: str
    columns: tuple[str, ...]
    since: str = ""
    alone: bool = False
    once: bool = False
    name: str = ""

    def counts(self, row: Any) -> bool:
        """Whether this row is evidence yet, and of a case."""
        return getattr(row, self.case) is not None and (not self.since or getattr(row, self.since) is not None)

    def document(self, row: Any) -> dict[str, Any]:
        """What the log vouches for of one row."""
        return {name: getattr(row, name) for name in self.columns}


@dataclass(frozen=True)
class Written:
    """A row that this unit of work has written: its table (or what else the log calls the document), number and document.

    ``key`` is ``None`` for what is written once and never changed; ``document`` is ``None`` for a row that was deleted.
    """

    table: str
    case_id: int
    key: int | None
    document: dict[str, Any] | None


def vouched_documents() -> list[tuple[str, Any, Vouched]]:
    """(what the log calls it, model, what is bound) of everything that carries evidence, in the order of these names."""
    return sorted(((called(mapper.class_, vouched), mapper.class_, vouched) for mapper in db.Model.registry.mappers
                   for vouched in _vouched(mapper.class_)), key=lambda one: one[0])


def called(model: Any, vouched: Vouched) -> str:
    """What the log calls this document of a row."""
    return vouched.name or model.__tablename__  # type: ignore[no-any-return]


@cache
def _vouched(model: Any) -> tuple[Vouched, ...]:
    found = getattr(model, "vouched", ())
    return (found,) if isinstance(found, Vouched) else found


def take_written(case_ids: Collection[int]) -> Iterator[Written]:
    """What was written of these cases since this was last asked, each row once, as it stands now; what is of others waits on."""
    rows: dict[tuple[int, Vouched], Any] = {}
    for kept in take_waiting(Written):
        if not isinstance(kept, Written):
            row, vouched = kept
            rows[id(row), vouched] = row
        elif kept.case_id in case_ids:
            yield kept
        else:
            keep_waiting(Written, kept)
    for (_, vouched), row in rows.items():
        if inspect(row).deleted or inspect(row).detached or not vouched.counts(row):
            continue
        if getattr(row, vouched.case) in case_ids:
            yield Written(called(type(row), vouched), getattr(row, vouched.case), None if vouched.once else row.id,
                          vouched.document(row))
        else:
            keep_waiting(Written, (row, vouched))


def rely_on(*rows: Any) -> None:
    """The act of this unit of work rests on these rows, which were written before: its entry vouches for them as they stand."""
    for row in rows:
        for vouched in _vouched(type(row)):
            keep_waiting(Written, (row, vouched))


def note_evidence(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """These rows (column → value) are written in bulk by this unit of work, and never changed afterwards."""
    for vouched in _vouched(model):
        filled_in = _defaults(model)
        for row in rows:
            if row[vouched.case] is not None and (not vouched.since or row.get(vouched.since) is not None):
                document = {name: row[name] if name in row else filled_in[name] for name in vouched.columns}
                keep_waiting(Written, Written(called(model, vouched), row[vouched.case], None, document))


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
        for vouched in _vouched(type(row)):
            keep_waiting(Written, (row, vouched))
    for row in session.dirty:
        for vouched in _vouched(type(row)):
            if not _bound(vouched).isdisjoint(inspect(row).committed_state):
                keep_waiting(Written, (row, vouched))
    for row in session.deleted:
        for vouched in _vouched(type(row)):
            if vouched.counts(row) and not vouched.once:
                keep_waiting(Written, Written(called(type(row), vouched), getattr(row, vouched.case), row.id, None))


@cache
def _bound(vouched: Vouched) -> frozenset[str]:
    return frozenset({*vouched.columns, vouched.case, *filter(None, [vouched.since])})
