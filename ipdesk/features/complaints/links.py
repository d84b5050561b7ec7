"""One-time links for readers without account: looked at, opened, sent anew."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible, Refusal
from ipdesk.core.kernel.ids import hash_token
from ipdesk.core.outbox.enqueue import Recipient, enqueue_letter
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints import operations
from ipdesk.features.complaints.models import CaseLink, Complaint, Notice

# Whoever holds a used link can have a new one sent, to the address it was made for, so often.
AT_MOST_EVERY = timedelta(minutes=10)


def find_link(token: str) -> CaseLink:
    """The link of a letter, used or not; ``NotVisible`` for a token that nobody made."""
    link = db.session.get(CaseLink, hash_token(token))
    if link is None:
        raise NotVisible
    return link


def address_of(link: CaseLink) -> str:
    """The path of the page that the link opens."""
    case = db.session.get_one(Case, link.case_id)
    return f"/{case.kind}s/{case.reference}"


def is_over(link: CaseLink, at: datetime) -> bool:
    """Whether the link opens nothing any more, because it was used or is too old."""
    return link.used_at is not None or at - link.created_at > operations.LINK_LIFETIME


def send_new_link(*, actor: Actor, token: str) -> CaseLink:
    """Write to the address of a link that is used up, with a new one.

    Refuses ``link_sent_recently`` and ``store_has_account``. The old link stays used.
    """
    link = find_link(token)
    operations.refuse_claimed_store(link)
    newest = db.session.execute(select(func.max(CaseLink.created_at)).where(
        CaseLink.case_id == link.case_id, CaseLink.audience == link.audience,
        CaseLink.address == link.address)).scalar_one()
    if newest > actor.at - AT_MOST_EVERY:
        raise Refusal("link_sent_recently")
    case = db.session.get_one(Case, link.case_id)
    fresh = operations.make_link(
        at=actor.at, case_id=link.case_id, audience=link.audience, address=link.address)
    locale = _locale_of(link)
    enqueue_letter(
        message="new_link", at=actor.at, case_id=case.id, reference=case.reference,
        recipient=Recipient(role="seller" if link.audience == "seller" else "rights_holder",
                            address=link.address, locale=locale),
        context={
            "desk_name": rules.settings["desk_name"], "deadline": None, "audit_head": "",
            "case_url": f"{rules.settings['base_url']}/links/{fresh}",
            "now": moment_text(actor.at, rules.settings["zone"], locale)})
    return link


def _locale_of(link: CaseLink) -> str:
    if link.audience == "guest":
        return db.session.get_one(Notice, link.case_id).locale
    return db.session.get_one(Store, db.session.get_one(Complaint, link.case_id).store_id).locale
