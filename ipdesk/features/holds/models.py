"""Restrictions and the instructions that carry them out."""

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, Text, and_, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched
from ipdesk.features.catalogue.models import Listing


class Hold(db.Model):
    """A restriction on a listing, owned by one claim (or order, or sanction).

    ``scope`` is ``{"territory": [ISO…] or ["*"], "part": "listing"}``. An interim hold ends
    with its claim; a final one names the decision or the fact that carries it (``ground``).
    The owner is ``claim_id`` or, for an order or a sanction, its reference.
    """

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("kind in ('pause','delisting')", name="kind"),
        CheckConstraint("interim or ground <> ''", name="final_has_ground"),
        CheckConstraint("(owner_kind = 'claim') = (claim_id is not null)", name="claim_has_id"),
        CheckConstraint("owner_kind = 'claim' or owner_reference <> ''", name="order_has_reference"),
        Index("ix_holds_active", "listing_id", "lifted_at"),
        Index("ix_holds_owner", "owner_reference"),
    )
    vouched = Vouched(case="case_id", columns=(
        "listing_id", "claim_id", "owner_kind", "owner_reference", "kind", "ground", "scope", "interim", "placed_at",
        "lifted_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, index=True)
    claim_id: Mapped[int | None] = mapped_column(BigId, index=True)
    owner_kind: Mapped[str] = mapped_column(String(16))  # claim, order, sanction
    owner_reference: Mapped[str] = mapped_column(String(64), default="")
    kind: Mapped[str] = mapped_column(String(16))
    ground: Mapped[str] = mapped_column(Text, default="")
    scope: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    interim: Mapped[bool] = mapped_column(default=True)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Instruction(db.Model):
    """What the marketplace was told to show of a listing, until it confirms.

    ``wanted`` is what the active holds add up to (``strictest.Wanted.as_json``), or
    ``{"delete": true}``. The highest id of a listing counts: a newer one supersedes an older one that
    is not confirmed yet (``superseded_by``). ``confirmed_at`` is when the marketplace confirmed this
    one or, if superseded, the one that took its place. ``accepted_at`` is when it promised to
    confirm later. A worker holds the row until ``lease_until``; ``lease_token`` counts the leases, and
    who comes back with an old one is not heard. ``alarmed_at`` is when staff were told that it is stuck.
    """

    __tablename__ = "instructions"
    # What the marketplace has confirmed, where a step rests on it (``rely_on``).
    vouched = Vouched(name="confirmations", case="case_id", alone=True, since="confirmed_at", columns=(
        "listing_id", "claim_id", "wanted", "created_at", "confirmed_at", "proof"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(BigId, index=True)
    claim_id: Mapped[int | None] = mapped_column(BigId)
    wanted: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(Text, default="")
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    superseded_by: Mapped[int | None] = mapped_column(BigId)
    alarmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    proof: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    listing: Mapped[Listing] = relationship()


_due = and_(Instruction.confirmed_at.is_(None), Instruction.superseded_by.is_(None))
_SAYS = "instructions: what the marketplace confirmed stands"
_CONFIRMED = "listing_id, claim_id, wanted, created_at, confirmed_at, proof"
# What the database itself refuses: to change a confirmation. dialect -> statements.
CONFIRMATIONS_STAND = {
    "sqlite": (
        f"CREATE TRIGGER instructions_confirmed_stand BEFORE UPDATE OF {_CONFIRMED} ON instructions "
        f"WHEN old.confirmed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION instructions_confirmed_stand() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$",
        f"CREATE TRIGGER instructions_confirmed_stand BEFORE UPDATE OF {_CONFIRMED} ON instructions "
        "FOR EACH ROW WHEN (old.confirmed_at IS NOT NULL) EXECUTE FUNCTION instructions_confirmed_stand()",
    ),
}
for _dialect, _statements in CONFIRMATIONS_STAND.items():
    for _statement in _statements:
        event.listen(Instruction.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))
Index("ix_instructions_due", Instruction.next_attempt_at, Instruction.id, sqlite_where=_due, postgresql_where=_due)
