"""Writing a letter into the outbox, inside the transaction of the act that calls for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from ipdesk.core.db.numbering import month_of, next_number
from ipdesk.core.db.rows import write_rows_at_commit
from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.outbox.models import OUTBOX_IDS, InboxMessage, Outbox
from ipdesk.core.outbox.render import Rendered, best_locale, letter_book

NO_CASE = ""  # letters about accounts have no reference and no thread


@dataclass(frozen=True, slots=True)
class Recipient:
    """A party that gets a letter: who it is for the case, and the ways to reach it.

    ``role`` is the audience of the letter (``seller``, ``rights_holder``, ``staff``);
    ``inbox`` is ``("store", 12)``, ``("organisation", 4)`` or ``("user", 9)``;
    ``subject_id`` names the person or firm whose data the letter holds; ``case_url`` is the page that the letter
    leads to, where that is not the page of the case it is about.
    """

    role: str
    name: str = ""
    address: str = ""
    locale: str = "en"
    inbox: tuple[str, int] | None = None
    subject_id: str = ""
    case_url: str = ""


@dataclass(frozen=True, slots=True)
class Consequence:
    """The triggers that the fate of a letter fires, and the ids they need (ids only)."""

    on_delivered: str | None = None
    on_failed: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


NO_CONSEQUENCE = Consequence()


class Letter(NamedTuple):
    """A letter that was written: the key of its row, to whom, and its words."""

    month: int
    id: int
    message: str
    recipient_role: str
    channel: str
    to_address: str
    subject: str
    body_text: str


def enqueue_letter(
    *, message: str, recipient: Recipient, context: Mapping[str, Any], at: datetime,
    case_id: int | None = None, reference: str = NO_CASE,
    consequence: Consequence = NO_CONSEQUENCE, retention_class: str = "case",
) -> list[Letter]:
    """Render ``message`` for ``recipient`` and add one row for each way of reaching it.

    The caller's unit of work commits. ``recipient_name``, ``audience`` and ``reference`` of
    the context are filled in here. The consequence rides on the mail where there is one,
    because its delivery is what has to be proven; otherwise on the inbox. A recipient that
    cannot be reached at all gets a mail row without address, which fails and says so.
    """
    facts = {
        **context, "recipient_name": recipient.name, "audience": recipient.role,
        "reference": reference,
    }
    book = letter_book()
    rendered = book.render(message, recipient.locale, facts)
    digest = sha256_hex(canonical_json(rendered.facts))
    channels = ["mail"] if recipient.address or recipient.inbox is None else []
    channels += ["inbox"] if recipient.inbox else []
    rows = [_row(
        channel=channel, to_address=recipient.address if channel == "mail" else "",
        message=message, recipient_role=recipient.role, locale=best_locale(recipient.locale),
        rendered=rendered, digest=digest, at=at, case_id=case_id, reference=reference,
        consequence=consequence if channel == channels[0] else NO_CONSEQUENCE,
        subject_id=recipient.subject_id, retention_class=retention_class,
    ) for channel in channels]
    write_rows_at_commit(Outbox, rows)
    if recipient.inbox is not None:
        _place_in_inbox(rows[-1], recipient.inbox)
    return [Letter(*(row[name] for name in Letter._fields)) for row in rows]


def _row(
    *, channel: str, to_address: str, message: str, recipient_role: str, locale: str,
    rendered: Rendered, digest: str, at: datetime, case_id: int | None, reference: str,
    consequence: Consequence, subject_id: str, retention_class: str,
) -> dict[str, Any]:
    month = month_of(at)
    return {
        "month": month, "id": next_number(Outbox, month, OUTBOX_IDS), "case_id": case_id,
        "thread_key": reference, "message": message, "recipient_role": recipient_role,
        "channel": channel, "to_address": to_address, "locale": locale,
        "subject": rendered.subject, "body_text": rendered.text, "body_html": rendered.html,
        "context_sha256": digest, "subject_id": subject_id, "retention_class": retention_class,
        "on_delivered": consequence.on_delivered, "on_failed": consequence.on_failed,
        "trigger_facts": dict(consequence.facts), "enqueued_at": at, "next_attempt_at": at,
    }


def _place_in_inbox(row: Mapping[str, Any], inbox: tuple[str, int]) -> None:
    write_rows_at_commit(InboxMessage, [{
        "owner_kind": inbox[0], "owner_id": inbox[1], "outbox_month": row["month"],
        "outbox_id": row["id"], "case_id": row["case_id"], "placed_at": row["enqueued_at"]}])
