"""Letters as they were written and what became of them, for staff; one-time links stay hidden."""

import re
from typing import Any

from flask_babel import gettext
from sqlalchemy import Select, and_, select

from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.accounts.letters import SECRET_LETTERS

# Whoever reads one of these addresses could act as the letter's reader.
_ONE_TIME = re.compile(r"\S*/(?:links|invitations|confirm-address|reset-password)/\S+")
STATUSES = {
    "waiting": and_(Outbox.accepted_at.is_(None), Outbox.failed_at.is_(None)),
    "delivered": Outbox.accepted_at.is_not(None),
    "failed": Outbox.failed_at.is_not(None),
}


def warnings(settings: Any) -> list[str]:
    """What staff must know where no letter leaves the desk; the demo's folder stands for its readers."""
    if settings.smtp_url or settings.demo:
        return []
    return [gettext("No mail server is set, so that letters wait in the outbox, reach nobody by mail and start no seller’s time. "
                    "Set smtp_url in the settings of this installation.")]


def letters(*, status: str = "", case_reference: str = "") -> Select[Any]:
    """The rows of the outbox, ready for ``fetch_page`` by ``month``, ``id``."""
    query = (select(
        Outbox.message, Outbox.recipient_role, Outbox.channel, Outbox.to_address, Outbox.subject,
        Outbox.enqueued_at, Outbox.accepted_at, Outbox.failed_at, Outbox.attempts,
        Outbox.retention_class, Case.reference, Case.kind, Outbox.month, Outbox.id)
        .outerjoin(Case, Case.id == Outbox.case_id))
    if status in STATUSES:
        query = query.where(STATUSES[status])
    if case_reference:
        query = query.where(Case.reference == case_reference.strip().upper())
    return query


def letter(month: int, number: int) -> dict[str, Any]:
    """One letter as plain values; ``text`` is ``None`` where it is a secret of its reader."""
    row = db.session.get(Outbox, (month, number))
    if row is None:
        raise NotVisible
    case = db.session.get(Case, row.case_id) if row.case_id else None
    return {
        "message": row.message, "role": row.recipient_role, "channel": row.channel,
        "address": row.to_address, "locale": row.locale, "subject": row.subject,
        "text": shown_text(row), "status": row.status, "enqueued_at": row.enqueued_at,
        "accepted_at": row.accepted_at, "failed_at": row.failed_at, "attempts": row.attempts,
        "proof": dict(row.proof or {}), "sha256": row.context_sha256,
        "reference": case.reference if case else "", "kind": case.kind if case else "",
    }


def shown_text(row: Outbox) -> str | None:
    """The words of a letter without the addresses that let their reader in."""
    if row.retention_class == SECRET_LETTERS:
        return None
    return _ONE_TIME.sub("[…]", row.body_text)


def status_of(row: Any) -> str:
    if row.failed_at is not None:
        return "failed"
    return "waiting" if row.accepted_at is None else "delivered"
