"""Bundles that were made or are being made."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import UtcDateTime
from ipdesk.core.jobs.models import JobRequest

# The languages of a bundle's own pages, each by its own name.
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}


class Bundle(db.Model):
    """One bundle of one case, asked for by one person; the file lies under ``reference``.

    ``sha256``, ``size`` (bytes), ``pages`` and ``bundle_id`` (the number printed on its pages) are there
    once it is made. ``made_at`` is when the file was finished, which the file itself does not say.
    """

    __tablename__ = "bundles"
    __table_args__ = (
        CheckConstraint("(made_at is null) = (sha256 = '')", name="made"),
        CheckConstraint("sha256 = '' or length(sha256) = 64", name="digest"),
        Index("ix_bundles_case", "case_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    job_id: Mapped[int] = mapped_column(ForeignKey("job_requests.id"), unique=True)
    language: Mapped[str] = mapped_column(String(16))
    requested_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pages: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigId, default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    bundle_id: Mapped[str] = mapped_column(String(24), default="")
    job: Mapped[JobRequest] = relationship(lazy="joined", innerjoin=True)
