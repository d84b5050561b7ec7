"""Reads of decisions."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.features.complaints.queries import complaint_visible_to
from ipdesk.features.decisions.models import ConflictOfInterest, Decision, Snippet


def decisions_of(complaint_id: int) -> list[Decision]:
    """Decisions and proposals of a complaint, oldest first."""
    return list(db.session.execute(select(Decision).where(
        Decision.complaint_id == complaint_id).order_by(Decision.id)).scalars())


def decision(actor: Actor, reference: str) -> Decision:
    """The decision, or ``NotVisible``; proposals are staff's own."""
    row = db.session.execute(
        select(Decision).join(Complaint, Complaint.id == Decision.complaint_id)
        .where(Decision.reference == reference, complaint_visible_to(actor))).scalar_one_or_none()
    if row is None or (row.status != "in_force" and not actor.reads_as_staff):
        raise NotVisible
    return row


def snippets() -> Sequence[Snippet]:
    """Text blocks by title."""
    return db.session.execute(select(Snippet).order_by(Snippet.title)).scalars().all()


def conflict_of(user_id: int | None, row: Complaint | Notice) -> ConflictOfInterest | None:
    """A declared conflict of this handler with a side of the case."""
    if user_id is None:
        return None
    sides = []
    if row.organisation_id is not None:
        sides.append(ConflictOfInterest.organisation_id == row.organisation_id)
    if (store_id := getattr(row, "store_id", None)) is not None:
        sides.append(ConflictOfInterest.store_id == store_id)
    if not sides:
        return None
    return db.session.execute(select(ConflictOfInterest).where(
        ConflictOfInterest.user_id == user_id, ConflictOfInterest.ended_at.is_(None),
        or_(*sides)).limit(1)).scalar_one_or_none()
