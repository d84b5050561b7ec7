"""One-time links for readers without account: made, looked at, opened."""

from datetime import datetime, timedelta

from sqlalchemy import select

from ipdesk.core.casework import journal
from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible, Refusal
from ipdesk.core.kernel.ids import hash_token, new_token
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.complaints.models import CaseLink, Complaint, Notice

LINK_LIFETIME = timedelta(days=30)  # an old letter in somebody's post box opens nothing


def make_link(*, at: datetime, case_id: int, audience: str, address: str) -> str:
    """The token of a new one-time link to a case; only its hash is kept."""
    token = new_token()
    db.session.add(CaseLink(token_hash=hash_token(token), case_id=case_id, audience=audience,
                            address=address, created_at=at))
    db.session.flush()
    return token


def find_link(token: str) -> CaseLink:
    """The link of a letter, used or not; ``NotVisible`` for a token that nobody made."""
    link = db.session.get(CaseLink, hash_token(token))
    if link is None:
        raise NotVisible
    return link


def address_of(link: CaseLink) -> str:
    """The path of the page that the link opens; a guest's leads to the one complaint that waits for it, where it is one."""
    case = db.session.get_one(Case, link.case_id)
    if link.audience == "guest":
        waiting = db.session.execute(
            select(Case.reference).join(Complaint, Complaint.id == Case.id)
            .where(Complaint.notice_id == link.case_id, Complaint.for_complainant.is_(True)).limit(2)).scalars().all()
        if len(waiting) == 1:
            return f"/complaints/{waiting[0]}"
    return f"/{case.kind}s/{case.reference}"


def is_over(link: CaseLink, at: datetime) -> bool:
    """Whether the link opens nothing any more, because it was used or is too old."""
    return link.used_at is not None or at - link.created_at > LINK_LIFETIME


def refuse_claimed_store(link: CaseLink) -> None:
    """A store with an account reads there; its old address may be somebody else's (``store_has_account``)."""
    if link.audience == "seller" and accounts.main_binding(db.session.get_one(Complaint, link.case_id).store_id):
        raise Refusal("store_has_account")


def open_link(*, actor: Actor, token: str) -> CaseLink:
    """Use a one-time link up. Refuses one that is unknown or was used (``link_used``), is too old
    (``link_expired``) or reads for a store that has an account by now (``store_has_account``).
    """
    link = db.session.get(CaseLink, hash_token(token))
    if link is None:
        raise Refusal("link_used")
    rules.kinds[db.session.get_one(Case, link.case_id).kind].load(link.case_id)
    db.session.refresh(link)  # as it stands behind the lock: of two who open it at once one is too late
    if link.used_at is not None:
        raise Refusal("link_used")
    if actor.at - link.created_at > LINK_LIFETIME:
        raise Refusal("link_expired")
    refuse_claimed_store(link)
    link.used_at = actor.at
    journal.note(actor=actor, case_id=link.case_id, act="link_opened")
    notice = db.session.get(Notice, link.case_id) if link.audience == "guest" else None
    if notice is not None and notice.guest_confirmed_at is None:
        notice.guest_confirmed_at = actor.at  # the link went to that address and nowhere else
    db.session.flush()
    return link
