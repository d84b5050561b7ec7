"""Inviting people: to the desk, into an organisation, to a store."""

from datetime import datetime, timedelta

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, NotVisible, Refusal
from ipdesk.core.kernel.ids import hash_token, new_token
from ipdesk.core.kernel.text import translate
from ipdesk.features.accounts import queries
from ipdesk.features.accounts.letters import Addressee, Letterhead, in_words, send_account_mail
from ipdesk.features.accounts.models import MANAGER, MEMBER, STAFF_ACCOUNT_ROLES, Invitation, User, mailbox
from ipdesk.features.accounts.operations.base import find_store, managed_organisation, require
from ipdesk.features.accounts.stores import StoreCard
from ipdesk.features.accounts.words import ROLE_NAMES

INVITATION_LIFETIME = timedelta(days=7)
STAFF_INVITATION_LIFETIME = timedelta(days=2)
# Anybody can ask for a store's invitation, so that its mailbox gets it no more often than this.
ASKED_AT_MOST_EVERY = timedelta(minutes=10)


def invite_staff(
    *, actor: Actor, email: str, role: str, letterhead: Letterhead, locale: str = "en",
) -> tuple[Invitation, str]:
    """Invite ``email`` to work here; returns the invitation and its secret.

    Refused (``account_exists``) for an address that has an account: roles of staff are changed,
    and a party's account never becomes staff.
    """
    require(actor, "admin")
    if role not in STAFF_ACCOUNT_ROLES:
        raise Invalid({"role": [translate("Choose one.", actor.locale)]})
    if queries.user_by_email(email) is not None:
        raise Refusal("account_exists")
    invitation, token = _invite(
        actor, kind="staff", email=email, role=role, lifetime=STAFF_INVITATION_LIFETIME)
    _send_invitation(
        "staff_invitation", invitation, token, letterhead, Addressee(email, "", locale, "staff"),
        {"inviter_name": actor.name or letterhead.desk_name,
         "role_text": translate(ROLE_NAMES[role], locale)})
    return invitation, token


def invite_member(
    *, actor: Actor, email: str, role: str, letterhead: Letterhead,
) -> tuple[Invitation, str]:
    """Invite ``email`` into the actor's organisation as manager or member. For managers."""
    organisation = managed_organisation(actor)
    if role not in (MANAGER, MEMBER):
        raise Invalid({"role": [translate("Choose one.", actor.locale)]})
    known = queries.user_by_email(email)
    if known is not None and known.organisation_id == organisation.id:
        raise Refusal("already_member")
    invitation, token = _invite(
        actor, kind="organisation", email=email, role=role, lifetime=INVITATION_LIFETIME,
        organisation_id=organisation.id)
    _send_invitation(
        "member_invitation", invitation, token, letterhead,
        Addressee(invitation.email, "", actor.locale, "rights_holder"),
        {"inviter_name": actor.name, "organisation_name": organisation.name})
    return invitation, token


def invite_to_store(
    *, actor: Actor, store_id: int, letterhead: Letterhead,
) -> tuple[Invitation, str]:
    """Invite the contact that the catalogue names for the store, and nobody else.

    Refusals: ``store_has_no_contact``, ``store_already_claimed``, ``account_is_staff``.
    """
    require(actor, "reviewer", "legal", "admin")
    return _invite_contact(actor, find_store(store_id), letterhead)


def ask_for_store_account(*, actor: Actor, store_id: int, letterhead: Letterhead) -> Invitation:
    """Have the contact that the catalogue names for the store invited, whoever asks.

    Asking gives nothing: who reads the store's mailbox gets the invitation. Refusals as of
    ``invite_to_store``, and ``invitation_sent_recently``.
    """
    store = find_store(store_id)
    newest = queries.newest_store_invitation(store.id)
    if newest is not None and newest > actor.at - ASKED_AT_MOST_EVERY:
        raise Refusal("invitation_sent_recently")
    return _invite_contact(actor, store, letterhead)[0]


def _invite_contact(actor: Actor, store: StoreCard, letterhead: Letterhead) -> tuple[Invitation, str]:
    if not store.contact_email:
        raise Refusal("store_has_no_contact")
    return invite_to(actor, store, store.contact_email, "", letterhead)


def invite_to(
    actor: Actor, store: StoreCard, email: str, proof: str, letterhead: Letterhead,
) -> tuple[Invitation, str]:
    """Invite ``email`` to the store. Refusals: ``store_already_claimed``, ``account_is_staff``."""
    if queries.main_binding(store.id) is not None:
        raise Refusal("store_already_claimed")
    known = queries.user_by_email(email)
    if known is not None and known.is_staff:
        raise Refusal("account_is_staff")
    invitation, token = _invite(
        actor, kind="store", email=email, role="seller", lifetime=INVITATION_LIFETIME,
        store_id=store.id, proof=proof)
    _send_invitation(
        "store_invitation", invitation, token, letterhead,
        Addressee(invitation.email, "", store.locale, "seller"), {"store": {"name": store.name}})
    return invitation, token


def _invite(
    actor: Actor, *, kind: str, email: str, role: str, lifetime: timedelta,
    store_id: int | None = None, organisation_id: int | None = None, proof: str = "",
) -> tuple[Invitation, str]:
    token = new_token()
    invitation = Invitation(
        token_hash=hash_token(token), kind=kind, email=mailbox(email), role=role, proof=proof,
        store_id=store_id, organisation_id=organisation_id, invited_by=actor.user_id,
        inviter_name=actor.name, created_at=actor.at, expires_at=actor.at + lifetime)
    db.session.add(invitation)
    db.session.flush()
    return invitation, token


def _send_invitation(
    letter: str, invitation: Invitation, token: str, letterhead: Letterhead, to: Addressee,
    facts: dict[str, object],
) -> None:
    expires = in_words(invitation.expires_at - invitation.created_at, to.locale)
    send_account_mail(
        letter, to, letterhead=letterhead, link=letterhead.invitation_link(token),
        at=invitation.created_at, facts={**facts, "within_text": expires})


def withdraw_invitation(*, actor: Actor, invitation_id: int) -> Invitation:
    """End an open invitation: staff's by an admin, an organisation's by its managers."""
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None:
        raise NotVisible
    if invitation.kind == "organisation":
        if managed_organisation(actor).id != invitation.organisation_id:
            raise NotVisible
    else:
        require(actor, "admin", *(("legal", "reviewer") if invitation.kind == "store" else ()))
    if invitation.used_at is None:
        invitation.expires_at = min(invitation.expires_at, actor.at)
    return invitation


def check_invitation(invitation: Invitation, *, at: datetime) -> None:
    """Refuse an invitation that was used, is over, or whose inviter may not invite any more."""
    if invitation.used_at is not None:
        raise Refusal("invitation_used")
    if invitation.expires_at <= at:
        raise Refusal("invitation_expired")
    if invitation.invited_by is not None:  # else the command line invited
        inviter = db.session.get(User, invitation.invited_by)
        if inviter is None or not _may_invite(inviter, invitation):
            raise Refusal("invitation_expired")


def _may_invite(user: User, invitation: Invitation) -> bool:
    """Whether ``user`` could make this very invitation today."""
    if not user.active:
        return False
    if invitation.kind == "organisation":
        return (user.organisation_id, user.organisation_role) == (invitation.organisation_id, MANAGER)
    if invitation.kind == "staff":
        return "admin" in user.role_names
    roles = {"legal", "admin"} if invitation.proof else {"reviewer", "legal", "admin"}
    return not roles.isdisjoint(user.role_names)


def end_invitations(user: User, *, at: datetime) -> None:
    """End the open invitations by ``user`` that the person could not make any more."""
    for invitation in queries.open_invitations_by(user.id, at):
        if not _may_invite(user, invitation):
            invitation.expires_at = at
