"""Letters in the inboxes of a reader's own side."""

from typing import Any

from sqlalchemy import Select, and_, false, func, or_, select

from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.outbox.models import InboxMessage, Outbox

MOST_COUNTED = 99


def own(actor: Actor) -> Any:
    """The condition under which a message lies in an inbox of ``actor``."""
    ways = []
    if actor.store_ids:
        ways.append(and_(InboxMessage.owner_kind == "store",
                         InboxMessage.owner_id.in_(sorted(actor.store_ids))))
    if actor.organisation_id is not None and actor.has("rights_holder", "agent"):
        ways.append(and_(InboxMessage.owner_kind == "organisation",
                         InboxMessage.owner_id == actor.organisation_id))
    if actor.user_id is not None:
        ways.append(and_(InboxMessage.owner_kind == "user", InboxMessage.owner_id == actor.user_id))
    return or_(*ways) if ways else false()


def unread(actor: Actor) -> int:
    """How many letters nobody has read yet, counted to 99."""
    some = select(InboxMessage.id).where(own(actor), InboxMessage.read_at.is_(None)).limit(
        MOST_COUNTED).subquery()
    return db.session.execute(select(func.count()).select_from(some)).scalar_one()


def messages(actor: Actor) -> Select[Any]:
    """The rows of the inbox; the last columns are the keys ``placed_at``, ``id``."""
    return _with_letter(
        InboxMessage.read_at, Outbox.subject, Outbox.message, Case.reference, Case.kind,
        InboxMessage.placed_at, InboxMessage.id).where(own(actor))


def message(actor: Actor, number: int) -> Any:
    """One letter with its words, or ``NotVisible``."""
    found = db.session.execute(_with_letter(
        InboxMessage.read_at, Outbox.subject, Outbox.body_text, Case.reference, Case.kind,
        InboxMessage.placed_at, InboxMessage.id,
    ).where(own(actor), InboxMessage.id == number)).one_or_none()
    if found is None:
        raise NotVisible
    return found


def mark_read(actor: Actor, number: int) -> None:
    """Note that somebody of this side has opened the letter; in a unit of work."""
    row = db.session.get(InboxMessage, number)
    if row is not None and row.read_at is None:
        row.read_at = actor.at


def _with_letter(*columns: Any) -> Select[Any]:
    return (select(*columns)
            .join(Outbox, and_(Outbox.month == InboxMessage.outbox_month,
                               Outbox.id == InboxMessage.outbox_id))
            .outerjoin(Case, Case.id == InboxMessage.case_id))
