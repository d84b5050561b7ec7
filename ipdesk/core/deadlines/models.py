"""Deadlines of cases, with the computation they came from frozen beside them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, and_, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched
from ipdesk.core.deadlines.calendar import Computation


class Deadline(db.Model):
    """One clock of one case. ``movers`` lists the ids of the claims it runs for.

    ``fires_at`` is when the sweep acts; ``opens_at``..``due_at`` is the legal window. ``until_at`` is what pages,
    letters and lists count to: the last second in which whoever is waited for should act.
    ``missed_at`` is set when people of the desk let theirs pass: it stays open, because nothing was
    decided and the case must stay at the top of the queue.
    ``attempts`` counts how often its act failed; it is tried again until it succeeds or the clock is stopped.
    ``computation`` holds every counted day, so a later holiday table never moves the date.
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        CheckConstraint("status in ('open', 'stopped', 'fired')", name="status"),
        Index("ix_deadlines_due", "status", "missed_at", "fires_at"),
        Index("ix_deadlines_reminder", "status", "remind_at"),
        Index("ix_deadlines_case", "case_id", "status"),
    )
    vouched = Vouched(case="case_id", columns=(
        "name", "status", "started_at", "opens_at", "due_at", "until_at", "ended_at", "missed_at", "trigger",
        "movers", "computation"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    name: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="open")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    fires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trigger: Mapped[str] = mapped_column(String(64), default="")
    movers: Mapped[list[int]] = mapped_column(CanonicalJson, default=list)
    computation: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    attempts: Mapped[int] = mapped_column(default=0)

    @classmethod
    def counted(cls, computed: Computation, **own: Any) -> "Deadline":
        """A clock that starts now, with the instants of ``computed``."""
        return cls(status="open", opens_at=computed.opens_at, due_at=computed.due_at, fires_at=computed.fires_at,
                   until_at=computed.until_at, computation=computed.as_dict(), **own)


# A clock that fired and could not act. Staff must look at it: what the law orders has not been done.
# Written without parameters, so that a database sees that the index fits the question.
FAILING = and_(Deadline.status == literal_column("'open'"), Deadline.attempts > literal_column("0"))
Index("ix_deadlines_failing", Deadline.id, sqlite_where=FAILING, postgresql_where=FAILING)
