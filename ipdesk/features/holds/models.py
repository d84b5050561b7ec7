"""Restrictions and the instructions that carry them out."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime


class Hold(db.Model):
    """A restriction on a listing, owned by one claim (or order, or sanction).

    ``scope`` is ``{"territory": [ISO…] or ["*"], "part": "listing"}``. An interim hold ends
    with its claim; a final one names the decision or the fact that carries it (``ground``).
    """

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("kind in ('pause','delisting')", name="kind"),
        CheckConstraint("interim or ground <> ''", name="final_has_ground"),
        Index("ix_holds_active", "listing_id", "lifted_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, index=True)
    claim_id: Mapped[int | None] = mapped_column(BigId, index=True)
    owner_kind: Mapped[str] = mapped_column(String(16))  # claim, order, sanction
    kind: Mapped[str] = mapped_column(String(16))
    ground: Mapped[str] = mapped_column(Text, default="")
    scope: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    interim: Mapped[bool] = mapped_column(default=True)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Instruction(db.Model):
    """What the marketplace was told to show of a listing, until it confirms.

    ``wanted`` is the strictest of the active holds, ``{"show": bool, "scope": {...}}``, or
    ``{"delete": true}``. Retried until ``confirmed_at`` is set; the highest id of a listing counts.
    """

    __tablename__ = "instructions"
    __table_args__ = (Index("ix_instructions_due", "confirmed_at", "next_attempt_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(BigId, index=True)
    claim_id: Mapped[int | None] = mapped_column(BigId)
    wanted: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    proof: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
