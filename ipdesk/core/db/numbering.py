"""Numbers of rows whose key is (month, number): rising within a month, in the order of writing."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Sequence, bindparam, event, func, select
from sqlalchemy.orm import Session, SessionTransaction

from ipdesk.core.db.core import db
from ipdesk.core.db.rows import read_columns

_KEY = "ipdesk.numbers"


def month_of(at: datetime) -> int:
    """``YYYYMM`` in UTC."""
    return int(at.astimezone(UTC).strftime("%Y%m"))


def next_number(model: Any, month: int, sequence: Sequence) -> int:
    """The next number of ``model`` (columns ``month`` and ``id``) in this transaction.

    PostgreSQL takes its sequence. SQLite has one writer at a time, so the highest number is read once in a
    transaction and counted on from there; the count is forgotten when the transaction ends.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        return db.session.execute(select(sequence.next_value())).scalar_one()
    numbers = db.session.info.setdefault(_KEY, {})
    key = (model.__tablename__, month)
    if key not in numbers:
        numbers[key] = read_columns(_highest(model), month=month).scalar_one() or 0
    numbers[key] += 1
    return numbers[key]


@cache
def _highest(model: Any) -> Select[Any]:
    return select(func.max(model.id)).where(model.month == bindparam("month"))


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    """A savepoint's end changes nothing: numbers that it used and gave up stay gaps."""
    if ended.parent is None:
        session.info.pop(_KEY, None)
