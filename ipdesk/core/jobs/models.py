"""Requests for long work: the desk's own rows, written in the transaction of the fact that calls for it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.kernel.ids import new_token

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
OPEN = (WAITING, RUNNING)


class JobRequest(db.Model):
    """One piece of long work. ``args`` and ``result`` hold ids and figures only, never personal data.

    ``key`` is the name of the work in the durable engine, whose memory may be older or newer than this database.
    ``step``, ``done`` of ``total`` tell how far it is, ``error`` why it failed, in plain words. The process that
    works on it holds it until ``lease_until`` and prolongs that while it lives; ``lease_token`` counts those
    who took it, and who comes back with an old one is not heard. ``lease_until`` is real time even where
    the desk's clock is not: a demo's clock may jump.
    """

    __tablename__ = "job_requests"
    __table_args__ = (
        CheckConstraint("status in ('waiting','running','done','failed','cancelled')", name="status"),
        CheckConstraint("(status in ('waiting','running')) = (finished_at is null)", name="finished"),
        Index("ix_job_requests_open", "id", sqlite_where=text("finished_at IS NULL"),
              postgresql_where=text("finished_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)
    kind: Mapped[str] = mapped_column(String(32))
    args: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    requested_by: Mapped[int | None] = mapped_column(BigId)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16), default=WAITING)
    step: Mapped[str] = mapped_column(String(64), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    lease_token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    error: Mapped[str] = mapped_column(Text, default="")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN
