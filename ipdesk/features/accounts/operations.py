"""What people do with accounts. Nothing here commits; the caller's unit of work does."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Forbidden, Invalid, NotVisible, Refusal
from ipdesk.core.kernel.ids import hash_token, new_token
from ipdesk.core.kernel.text import N_, translate
from ipdesk.features.accounts import queries
from ipdesk.features.accounts.letters import Addressee, Letterhead, in_words, send_account_mail
from ipdesk.features.accounts.models import (
    MANAGER,
    MEMBER,
    STAFF_ACCOUNT_ROLES,
    Invitation,
    Organisation,
    SecurityAlarm,
    SignIn,
    StoreBinding,
    UsedStoreLink,
    User,
    mailbox,
)
from ipdesk.features.accounts.store_links import LIFETIME, StoreLink
from ipdesk.features.accounts.stores import StoreCard, store_book
from ipdesk.features.accounts.words import ROLE_NAMES

INVITATION_LIFETIME = timedelta(days=7)
STAFF_INVITATION_LIFETIME = timedelta(days=2)
# Anybody can ask for a store's invitation, so that its mailbox gets it no more often than this.
ASKED_AT_MOST_EVERY = timedelta(minutes=10)
SESSIONS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person who has no account yet. ``password_hash`` is argon2id, or ``None`` for none."""

    name: str
    password_hash: str | None = field(repr=False)
    locale: str = "en"


# --- accounts ---------------------------------------------------------------------------------

def add_account(
    *, at: datetime, email: str, person: NewPerson, roles: tuple[str, ...] = (),
    confirmed: bool = False, uniquifier: str = "",
) -> User:
    """A new account. ``confirmed`` says that the address is proven to be the person's."""
    user = User(
        email=mailbox(email), name=person.name, password=person.password_hash, active=True,
        fs_uniquifier=uniquifier or new_token(), confirmed_at=at if confirmed else None,
        created_at=at, locale=person.locale, role_names=sorted(roles),
    )
    db.session.add(user)
    db.session.flush()
    return user


def register(
    *, at: datetime, email: str, person: NewPerson, organisation_name: str, kind: str,
    uniquifier: str,
) -> User:
    """A rights holder or an agent with its organisation; nothing may be done before the mail
    address is confirmed. The person is the organisation's first manager."""
    organisation = Organisation(name=organisation_name, kind=kind, created_at=at)
    db.session.add(organisation)
    user = add_account(at=at, email=email, person=person, roles=(kind,), uniquifier=uniquifier)
    user.organisation, user.organisation_role = organisation, MANAGER
    db.session.flush()
    return user


def update_profile(*, actor: Actor, name: str, locale: str, zone: str) -> User:
    """The actor's own name, language and IANA zone."""
    user = queries.own_account(actor)
    user.name, user.locale, user.zone = name, locale, zone
    return user


def end_sessions(*, user: User) -> None:
    """End every session and every link by mail of this person, on all processes at once."""
    user.fs_uniquifier = new_token()


def begin_session(*, at: datetime, user_id: int, token: str, via: str, address: str) -> None:
    """Record a session, so that it can be ended from here and not only in the browser.

    The person's records of more than ``SESSIONS_KEPT`` ago are dropped.
    """
    db.session.execute(delete(SignIn).where(
        SignIn.user_id == user_id, SignIn.began_at < at - SESSIONS_KEPT))
    db.session.add(SignIn(
        user_id=user_id, token_hash=hash_token(token), via=via, address=address[:64], began_at=at))


def end_session(*, at: datetime, token: str) -> None:
    """End the session of this cookie; a copy of the cookie is worth nothing from now on."""
    db.session.execute(
        update(SignIn).where(SignIn.token_hash == hash_token(token), SignIn.ended_at.is_(None))
        .values(ended_at=at).execution_options(synchronize_session=False))


def disable_account(*, actor: Actor, user_id: int) -> User:
    """Shut a person out, from the next request on. Refusals: ``own_account``, ``last_admin``."""
    _require(actor, "admin")
    user = queries.get_user(user_id)
    if user.id == actor.user_id:
        raise Refusal("own_account")
    _keep_an_admin(user, [])
    user.active = False
    end_sessions(user=user)
    _end_invitations(user, at=actor.at)
    return user


def enable_account(*, actor: Actor, user_id: int) -> User:
    """Let a person in again; they sign in anew."""
    _require(actor, "admin")
    user = queries.get_user(user_id)
    user.active = True
    end_sessions(user=user)
    return user


def change_staff_roles(*, actor: Actor, user_id: int, roles: list[str]) -> User:
    """Give a member of staff exactly ``roles``; their sessions end.

    Refusals: ``account_is_no_staff`` (parties never become staff by a change of role),
    ``own_account``, ``last_admin``, and ``Invalid`` for no role at all.
    """
    _require(actor, "admin")
    user = queries.get_user(user_id)
    if not user.is_staff:
        raise Refusal("account_is_no_staff")
    if user.id == actor.user_id:
        raise Refusal("own_account")
    if not roles or not set(roles) <= set(STAFF_ACCOUNT_ROLES):
        raise Invalid({"roles": [translate(N_("Choose at least one."), actor.locale)]})
    _keep_an_admin(user, roles)
    user.role_names = sorted(roles)
    end_sessions(user=user)
    _end_invitations(user, at=actor.at)
    return user


def _keep_an_admin(user: User, roles: list[str]) -> None:
    if "admin" in roles or "admin" not in user.role_names or not user.active:
        return
    if all(admin.id == user.id for admin in queries.active_admins()):
        raise Refusal("last_admin")


def _require(actor: Actor, *roles: str) -> None:
    if not actor.has(*roles):
        raise Forbidden


# --- invitations ------------------------------------------------------------------------------

def invite_staff(
    *, actor: Actor, email: str, role: str, letterhead: Letterhead, locale: str = "en",
) -> tuple[Invitation, str]:
    """Invite ``email`` to work here; returns the invitation and its secret.

    Refused (``account_exists``) for an address that has an account: roles of staff are changed,
    and a party's account never becomes staff.
    """
    _require(actor, "admin")
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
    organisation = _managed(actor)
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
    _require(actor, "reviewer", "legal", "admin")
    return _invite_contact(actor, _store(store_id), letterhead)


def ask_for_store_account(*, actor: Actor, store_id: int, letterhead: Letterhead) -> Invitation:
    """Have the contact that the catalogue names for the store invited, whoever asks.

    Asking gives nothing: who reads the store's mailbox gets the invitation. Refusals as of
    ``invite_to_store``, and ``invitation_sent_recently``.
    """
    store = _store(store_id)
    newest = queries.newest_store_invitation(store.id)
    if newest is not None and newest > actor.at - ASKED_AT_MOST_EVERY:
        raise Refusal("invitation_sent_recently")
    return _invite_contact(actor, store, letterhead)[0]


def _invite_contact(actor: Actor, store: StoreCard, letterhead: Letterhead) -> tuple[Invitation, str]:
    if not store.contact_email:
        raise Refusal("store_has_no_contact")
    return _invite_to(actor, store, store.contact_email, "", letterhead)


def _invite_to(
    actor: Actor, store: StoreCard, email: str, proof: str, letterhead: Letterhead,
) -> tuple[Invitation, str]:
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
        if _managed(actor).id != invitation.organisation_id:
            raise NotVisible
    else:
        _require(actor, "admin", *(("legal", "reviewer") if invitation.kind == "store" else ()))
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


def _end_invitations(user: User, *, at: datetime) -> None:
    """End the open invitations by ``user`` that the person could not make any more."""
    for invitation in queries.open_invitations_by(user.id, at):
        if not _may_invite(user, invitation):
            invitation.expires_at = at


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of an invitation or a link. ``refused`` is a code where an alarm was raised:
    the alarm must be kept, so this is no exception."""

    user: User | None
    refused: str = ""
    is_new: bool = False


def accept_invitation(
    *, actor: Actor, token: str, person: NewPerson | None = None,
) -> Accepted:
    """Use an invitation, as the signed-in actor or, with ``person``, by making the account.

    Refusals: ``invitation_used``, ``invitation_expired``, ``invitation_for_another_address``,
    ``sign_in_first`` (an account with this address exists), ``account_is_staff``,
    ``account_exists``, ``belongs_to_another_organisation``. A store that is already claimed is
    answered by ``Accepted.refused`` and an alarm.
    """
    invitation = queries.find_invitation(token, to_use=True)
    check_invitation(invitation, at=actor.at)
    if invitation.kind == "store" and _is_second_claim(
            actor, _store(invitation.store_id), invitation.email, via="invitation"):
        invitation.used_at = actor.at
        return Accepted(None, "store_already_claimed")
    user, is_new = _invited_person(actor, invitation, person)
    if invitation.kind == "staff":
        if not is_new:
            raise Refusal("account_exists")
        user.role_names = [invitation.role]
    elif user.is_staff:
        raise Refusal("account_is_staff")
    elif invitation.kind == "organisation":
        _join(user, invitation)
    else:
        _bind(actor, _store(invitation.store_id), user, proof=invitation.proof,
              via="staff" if invitation.proof else "invitation", bound_by=invitation.invited_by)
    invitation.used_at, invitation.used_by = actor.at, user.id
    return Accepted(user, is_new=is_new)


def _invited_person(
    actor: Actor, invitation: Invitation, person: NewPerson | None,
) -> tuple[User, bool]:
    if actor.user_id is not None:
        user = queries.own_account(actor)
        if user.email != invitation.email:
            raise Refusal("invitation_for_another_address")
        return user, False
    if person is None or queries.user_by_email(invitation.email) is not None:
        raise Refusal("sign_in_first")
    # Who holds the link reads the mail of this address, so it is confirmed.
    return add_account(at=actor.at, email=invitation.email, person=person, confirmed=True), True


# --- organisations ----------------------------------------------------------------------------

def _join(user: User, invitation: Invitation) -> None:
    if user.organisation_id not in (None, invitation.organisation_id):
        raise Refusal("belongs_to_another_organisation")
    organisation = db.session.get(Organisation, invitation.organisation_id)
    if organisation is None:
        raise NotVisible
    user.organisation, user.organisation_role = organisation, invitation.role
    user.role_names = sorted({*user.role_names, organisation.kind})


def remove_member(*, actor: Actor, user_id: int) -> User:
    """Take a person out of the actor's organisation; their sessions end at once.

    Managers remove anybody, everybody may leave. Refusal: ``last_manager``.
    """
    organisation = queries.own_organisation(actor)
    user = _member(organisation, user_id)
    if user.id != actor.user_id:
        _managed(actor)
    _keep_a_manager(organisation, user)
    user.organisation, user.organisation_role = None, ""
    user.role_names = sorted(set(user.role_names) - {"rights_holder", "agent"})
    end_sessions(user=user)
    _end_invitations(user, at=actor.at)
    return user


def change_member_role(*, actor: Actor, user_id: int, role: str) -> User:
    """Make a member a manager, or the other way round. Refusal: ``last_manager``."""
    organisation = _managed(actor)
    user = _member(organisation, user_id)
    if role not in (MANAGER, MEMBER):
        raise Invalid({"role": [translate("Choose one.", actor.locale)]})
    if role != MANAGER:
        _keep_a_manager(organisation, user)
    user.organisation_role = role
    _end_invitations(user, at=actor.at)
    return user


def _member(organisation: Organisation, user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None or user.organisation_id != organisation.id:
        raise NotVisible
    return user


def _managed(actor: Actor) -> Organisation:
    organisation = queries.own_organisation(actor)
    if queries.own_account(actor).organisation_role != MANAGER:
        raise Forbidden
    return organisation


def _keep_a_manager(organisation: Organisation, leaving: User) -> None:
    others = select(User.id).where(
        User.organisation_id == organisation.id, User.organisation_role == MANAGER,
        User.active, User.id != leaving.id).limit(1)
    if leaving.organisation_role == MANAGER and db.session.execute(others).first() is None:
        raise Refusal("last_manager")


# --- stores -----------------------------------------------------------------------------------

def _store(store_id: int | None) -> StoreCard:
    card = store_book().by_id(store_id) if store_id is not None else None
    if card is None:
        raise NotVisible
    return card


def _is_second_claim(actor: Actor, store: StoreCard, email: str, *, via: str) -> bool:
    """Whether somebody else has the store; if so, staff are alarmed."""
    main = queries.main_binding(store.id)
    if main is None or main.user.email == mailbox(email):
        return False
    db.session.add(SecurityAlarm(
        kind="second_claim", store_id=store.id, user_id=actor.user_id, raised_at=actor.at,
        facts={"via": via, "claimed_by": mailbox(email), "store_name": store.name,
               "main_account": main.user_id, "from": actor.address}))
    return True


def _bind(
    actor: Actor, store: StoreCard, user: User, *, via: str, proof: str = "",
    bound_by: int | None = None,
) -> StoreBinding:
    """Make ``user`` the main account of a store that has no other one."""
    binding = queries.binding_of(user.id, store.id) or StoreBinding(
        user_id=user.id, store_id=store.id)
    if binding.main and binding.revoked_at is None:
        return binding
    binding.main, binding.via, binding.proof = True, via, proof
    binding.bound_at, binding.bound_by = actor.at, bound_by or user.id
    binding.revoked_at, binding.revoked_by, binding.revoked_because = None, None, ""
    db.session.add(binding)
    user.role_names = sorted({*user.role_names, "seller"})
    db.session.flush()
    return binding


def bind_with_proof(
    *, actor: Actor, store_id: int, email: str, proof: str, letterhead: Letterhead,
) -> Accepted | Invitation:
    """Staff bind the account of ``email`` to the store, with ``proof`` of what they saw.

    Without an account the address gets an invitation that carries the proof. A store that is
    claimed is refused and alarms, as for everybody: its binding must be revoked first. An account
    whose address nobody confirmed is refused: anyone may have registered it.
    """
    _require(actor, "legal", "admin")
    store = _store(store_id)
    if _is_second_claim(actor, store, email, via="staff"):
        return Accepted(None, "store_already_claimed")
    user = queries.user_by_email(email)
    if user is None:
        return _invite_to(actor, store, email, proof, letterhead)[0]
    if user.is_staff:
        raise Refusal("account_is_staff")
    if user.confirmed_at is None:
        raise Refusal("address_not_confirmed", email=user.email)
    _bind(actor, store, user, via="staff", proof=proof, bound_by=actor.user_id)
    return Accepted(user)


def revoke_binding(*, actor: Actor, binding_id: int, because: str) -> StoreBinding:
    """Take a store from an account. Its next request no longer reaches the store."""
    _require(actor, "legal", "admin")
    binding = db.session.get(StoreBinding, binding_id)
    if binding is None or binding.revoked_at is not None:
        raise NotVisible
    binding.revoked_at, binding.revoked_by = actor.at, actor.user_id
    binding.revoked_because = because
    db.session.flush()
    if not queries.stores_of(binding.user_id):
        binding.user.role_names = sorted(set(binding.user.role_names) - {"seller"})
    return binding


def enter_by_store_link(*, actor: Actor, token: str, link: StoreLink) -> Accepted:
    """Use the marketplace's sign-in link: bind at the first time, sign in whoever is bound.

    The marketplace vouches for the store, not for an account that was here before: an address
    that has an account which is not yet bound to this store must sign in by its own means
    (``sign_in_first``). Other refusals: ``store_link_used``, ``store_link_unknown_store``,
    ``account_is_staff``, ``account_disabled``.
    """
    store = store_book().by_external_id(link.marketplace, link.store)
    if store is None:
        raise Refusal("store_link_unknown_store")
    user = queries.user_by_email(link.mail)
    if user is not None and user.is_staff:
        raise Refusal("account_is_staff")
    if user is not None and not user.active:
        raise Refusal("account_disabled")
    if actor.user_id is not None and (user is None or user.id != actor.user_id):
        raise Refusal("signed_in_as_another")
    _refuse_spent(token)
    if _is_second_claim(actor, store, link.mail, via="marketplace"):
        _spend(actor, token)
        return Accepted(None, "store_already_claimed")
    if user is not None and user.id != actor.user_id and not _is_bound(user, store):
        raise Refusal("sign_in_first")
    _spend(actor, token)
    is_new = user is None
    if user is None:
        person = NewPerson(link.name, None, store.locale)
        user = add_account(at=actor.at, email=link.mail, person=person, confirmed=True)
    _bind(actor, store, user, via="marketplace")
    return Accepted(user, is_new=is_new)


def _is_bound(user: User, store: StoreCard) -> bool:
    binding = queries.binding_of(user.id, store.id)
    return binding is not None and binding.revoked_at is None


def _refuse_spent(token: str) -> None:
    if db.session.get(UsedStoreLink, hash_token(token)) is not None:
        raise Refusal("store_link_used")


def _spend(actor: Actor, token: str) -> None:
    """Mark the link as used; marks that no valid link can match any more are dropped."""
    db.session.execute(delete(UsedStoreLink).where(UsedStoreLink.used_at < actor.at - 2 * LIFETIME))
    db.session.add(UsedStoreLink(token_hash=hash_token(token), used_at=actor.at))
    db.session.flush()


def acknowledge_alarm(*, actor: Actor, alarm_id: int) -> SecurityAlarm:
    """Note who looked at an alarm and when; the alarm stays."""
    _require(actor, "reviewer", "legal", "admin")
    alarm = db.session.get(SecurityAlarm, alarm_id)
    if alarm is None:
        raise NotVisible
    if alarm.seen_at is None:
        alarm.seen_at, alarm.seen_by = actor.at, actor.user_id
    return alarm


