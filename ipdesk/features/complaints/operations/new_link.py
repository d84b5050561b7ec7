"""A new one-time link in the place of one that is used up or too old."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from ipdesk.core.casework import clocks
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.outbox.enqueue import Recipient, enqueue_letter
from ipdesk.features.accounts.letters import in_words
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints import letters, links, queries
from ipdesk.features.complaints.models import CaseLink, Complaint, Notice

# Whoever holds a used link can have a new one sent, to the address it was made for, so often.
AT_MOST_EVERY = timedelta(minutes=10)


def send_new_link(*, actor: Actor, token: str) -> CaseLink:
    """Write to the address of a link that is used up, with a new one and with the reader's time limit, if one runs.

    Refuses ``link_sent_recently`` and ``store_has_account``. The old link stays used.
    """
    link = links.find_link(token)
    links.refuse_claimed_store(link)
    _refuse_soon(link, actor.at)
    case, locale = db.session.get_one(Case, link.case_id), _locale_of(link)
    recipient = Recipient(role="seller" if link.audience == "seller" else "rights_holder", address=link.address, locale=locale)
    enqueue_letter(
        message="new_link", at=actor.at, case_id=case.id, reference=case.reference, recipient=recipient,
        context={
            "desk_name": rules.settings["desk_name"], "deadline": _deadline(link, actor.at, recipient), "audit_head": "",
            "case_url": letters.link_url(actor.at, link.case_id, link.audience, link.address),
            "now": moment_text(actor.at, rules.settings["zone"], locale), "within_text": in_words(links.LINK_LIFETIME, locale)})
    return link


def _refuse_soon(link: CaseLink, at: datetime) -> None:
    newest = db.session.execute(select(func.max(CaseLink.created_at)).where(
        CaseLink.case_id == link.case_id, CaseLink.audience == link.audience,
        CaseLink.address == link.address)).scalar_one()
    if newest > at - AT_MOST_EVERY:
        raise Refusal("link_sent_recently")


def _deadline(link: CaseLink, at: datetime, recipient: Recipient) -> dict[str, str] | None:
    """The reader's own running time limit; of a notifier's several the one that ends first."""
    found = ((line.until_at, letters.deadline_of(workflow_of(row.case), movers, [line], at, recipient))
             for row, movers in _read_with(link) for line in clocks.open_deadlines(row.id))
    running = [(until, told) for until, told in found if told]
    return min(running, key=lambda pair: pair[0])[1] if running else None


def _read_with(link: CaseLink) -> list[tuple[Complaint | Notice, list[Any]]]:
    """What the link lets its reader see, each with what moves in it."""
    if link.audience == "seller":
        complaint = db.session.get_one(Complaint, link.case_id)
        return [(complaint, [claim for claim in complaint.claims if claim.seller_told_at])]
    notice = db.session.get_one(Notice, link.case_id)
    return [(notice, [notice]), *((one, list(one.claims)) for one in queries.complaints_of(notice.id))]


def _locale_of(link: CaseLink) -> str:
    if link.audience == "guest":
        return db.session.get_one(Notice, link.case_id).locale
    return db.session.get_one(Store, db.session.get_one(Complaint, link.case_id).store_id).locale
