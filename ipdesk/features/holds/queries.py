"""Reading holds and instructions."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select

from ipdesk.core.db.core import db
from ipdesk.features.holds.models import Hold, Instruction

# After so long without a confirmation staff must look at it.
ALARM_AFTER = timedelta(hours=4)
# Statements of every act are made once: making them anew costs as much as running them.
_active_of_listing = select(Hold).where(
    Hold.listing_id == bindparam("listing_id"), Hold.lifted_at.is_(None)).order_by(Hold.id)
_last_of_listing = select(Instruction).where(
    Instruction.listing_id == bindparam("listing_id")).order_by(Instruction.id.desc()).limit(1)
_active_owners = select(Hold.listing_id, Hold.claim_id, Hold.scope).where(
    Hold.listing_id.in_(bindparam("listing_ids", expanding=True)), Hold.lifted_at.is_(None))


def active_holds(listing_id: int) -> Sequence[Hold]:
    """The holds that restrict the listing now, oldest first."""
    return db.session.scalars(_active_of_listing, {"listing_id": listing_id}).all()


def holds_of_claims(claim_ids: Collection[int]) -> Sequence[Hold]:
    """Every hold these claims ever owned, oldest first."""
    return db.session.scalars(select(Hold).where(Hold.claim_id.in_(claim_ids)).order_by(Hold.id)).all()


def owners_of_holds(listing_ids: Collection[int]) -> list[tuple[int, int | None, dict[str, Any]]]:
    """``(listing, claim, scope)`` of every active hold on these listings; an order or a sanction has no claim."""
    found = db.session.execute(_active_owners, {"listing_ids": list(listing_ids)})
    return [(row.listing_id, row.claim_id, row.scope) for row in found]


def last_instruction(listing_id: int) -> Instruction | None:
    """The instruction that counts for the listing."""
    return db.session.scalar(_last_of_listing, {"listing_id": listing_id})


def unconfirmed_listings(listing_ids: Collection[int]) -> set[int]:
    """Those of ``listing_ids`` whose last instruction the marketplace has not confirmed yet.

    The others need no confirmation: what they shall show is what they show. Lifting a hold while
    another one keeps the listing down, for one, changes nothing that could be confirmed.
    """
    return set(db.session.scalars(select(Instruction.listing_id).where(
        Instruction.listing_id.in_(listing_ids), Instruction.confirmed_at.is_(None))))


def confirmations_of(case_id: int, claim_ids: Collection[int]) -> Sequence[Instruction]:
    """What the marketplace has confirmed last of each of these claims."""
    newest = select(func.max(Instruction.id)).where(
        Instruction.case_id == case_id, Instruction.claim_id.in_(claim_ids), Instruction.confirmed_at.is_not(None),
    ).group_by(Instruction.claim_id)
    return db.session.scalars(select(Instruction).where(Instruction.id.in_(newest)).order_by(Instruction.id)).all()


def due(now: datetime, limit: int) -> Select[Any]:
    """Instructions that a worker may lease now, the longest due first."""
    return select(Instruction).where(
        Instruction.confirmed_at.is_(None), Instruction.superseded_by.is_(None), Instruction.next_attempt_at <= now,
        or_(Instruction.lease_until.is_(None), Instruction.lease_until <= now),
    ).order_by(Instruction.next_attempt_at, Instruction.id).limit(limit)


def stuck(now: datetime, after: timedelta = ALARM_AFTER) -> Sequence[Instruction]:
    """Instructions that count and wait for the marketplace longer than ``after``, oldest first."""
    return db.session.scalars(select(Instruction).where(
        Instruction.confirmed_at.is_(None), Instruction.superseded_by.is_(None),
        Instruction.created_at <= now - after).order_by(Instruction.id)).all()
