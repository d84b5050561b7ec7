"""Accounts and their sessions, and what the people of the desk may do."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, Refusal
from ipdesk.core.kernel.ids import hash_token, new_token
from ipdesk.core.kernel.text import N_, translate
from ipdesk.features.accounts import queries
from ipdesk.features.accounts.models import MANAGER, STAFF_ACCOUNT_ROLES, Organisation, SignIn, User, mailbox
from ipdesk.features.accounts.operations.base import NewPerson, require
from ipdesk.features.accounts.operations.invitations import end_invitations

SESSIONS_KEPT = timedelta(days=90)


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
    require(actor, "admin")
    user = queries.get_user(user_id)
    if user.id == actor.user_id:
        raise Refusal("own_account")
    _keep_an_admin(user, [])
    user.active = False
    end_sessions(user=user)
    end_invitations(user, at=actor.at)
    return user


def enable_account(*, actor: Actor, user_id: int) -> User:
    """Let a person in again; they sign in anew."""
    require(actor, "admin")
    user = queries.get_user(user_id)
    user.active = True
    end_sessions(user=user)
    return user


def change_staff_roles(*, actor: Actor, user_id: int, roles: list[str]) -> User:
    """Give a member of staff exactly ``roles``; their sessions end.

    Refusals: ``account_is_no_staff`` (parties never become staff by a change of role),
    ``own_account``, ``last_admin``, and ``Invalid`` for no role at all.
    """
    require(actor, "admin")
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
    end_invitations(user, at=actor.at)
    return user


def _keep_an_admin(user: User, roles: list[str]) -> None:
    if "admin" in roles or "admin" not in user.role_names or not user.active:
        return
    if all(admin.id == user.id for admin in queries.active_admins()):
        raise Refusal("last_admin")
