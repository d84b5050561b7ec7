"""Reads of rights."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, false, or_, select, true

from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.rights.models import Right


def visible_to(actor: Actor) -> Any:
    """The condition under which ``actor`` may see a right with its papers: its owner's side and staff."""
    if actor.reads_as_staff or actor.is_clock:
        return true()
    ways = []
    if actor.organisation_id is not None and actor.has("rights_holder", "agent"):
        ways.append(Right.organisation_id == actor.organisation_id)
    return or_(*ways) if ways else false()


def right(actor: Actor, reference: str) -> Right:
    """The right, or ``NotVisible``."""
    row = db.session.execute(
        select(Right).join(Case, Case.id == Right.id)
        .where(Case.reference == reference, visible_to(actor))).scalar_one_or_none()
    if row is None:
        raise NotVisible
    return row


def right_list(actor: Actor, *, state: str = "") -> Select[Any]:
    """The rows of a list of rights; the last column is the key ``id``."""
    query = (
        select(Case.reference, Right.kind, Right.title, Right.number, Right.office, Right.owner,
               Right.territory, Right.valid_until, Right.state, Right.id)
        .join(Case, Case.id == Right.id).where(visible_to(actor))
    )
    return query.where(Right.state == state) if state else query


def of_organisation(actor: Actor) -> list[Right]:
    """Every right of the actor's organisation, by title."""
    if actor.organisation_id is None:
        return []
    return list(db.session.execute(
        select(Right).where(Right.organisation_id == actor.organisation_id)
        .order_by(Right.title, Right.id)).scalars())


def today(at: datetime) -> date:
    """The day of the instant ``at`` in the desk's zone, where the validity of rights is read."""
    return at.astimezone(ZoneInfo(rules.settings["zone"])).date()


def in_force(right: Right, on: date) -> bool:
    """Whether the right can carry a notice on that day; verification is no condition."""
    return right.state != "rejected" and not has_ended(right, on)


def has_ended(right: Right, on: date) -> bool:
    """Whether the right is over, not begun or off the desk on that day, whatever staff think of its papers."""
    if right.state in ("withdrawn", "expired"):
        return True
    return bool(right.valid_from and on < right.valid_from) or bool(
        right.valid_until and on > right.valid_until)
