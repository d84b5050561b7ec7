"""Reads of people, organisations, bindings and invitations."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Text, bindparam, func, or_, select, type_coerce
from sqlalchemy.orm import joinedload

from ipdesk.core.db.core import db
from ipdesk.core.db.rows import read_columns
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.kernel.ids import hash_token
from ipdesk.features.accounts.models import (
    STAFF_ACCOUNT_ROLES,
    Invitation,
    Organisation,
    SecurityAlarm,
    SignIn,
    StoreBinding,
    User,
    mailbox,
)

# A session lasts no longer than this, however busy it is.
SESSION_LIFETIME = timedelta(hours=12)
_main_of_store = select(StoreBinding).where(
    StoreBinding.store_id == bindparam("store_id"), StoreBinding.main, StoreBinding.revoked_at.is_(None),
).options(joinedload(StoreBinding.user))
_address_of_store = select(User.email, User.locale).join(StoreBinding, StoreBinding.user_id == User.id).where(
    StoreBinding.store_id == bindparam("store_id"), StoreBinding.main, StoreBinding.revoked_at.is_(None))
ACCOUNT_COLUMNS = (
    User.id, User.email, User.name, User.password, User.active, User.fs_uniquifier,
    User.confirmed_at, User.locale, User.zone, User.role_names, User.organisation_id,
    User.tf_primary_method, User.tf_totp_secret, User.tf_last_counter, User.mf_recovery_codes,
)


def signed_in(uniquifier: str, token: str, at: datetime) -> Row[Any] | None:
    """The account of a live session, as ``ACCOUNT_COLUMNS``; ``None`` once it has ended."""
    return db.session.execute(
        select(*ACCOUNT_COLUMNS)
        .join(SignIn, SignIn.user_id == User.id)
        .where(
            SignIn.token_hash == hash_token(token), SignIn.ended_at.is_(None),
            SignIn.began_at > at - SESSION_LIFETIME,
            User.fs_uniquifier == uniquifier, User.active,
        )
    ).one_or_none()


def stores_of(user_id: int) -> frozenset[int]:
    """The stores that this person may act for."""
    return frozenset(db.session.execute(
        select(StoreBinding.store_id)
        .where(StoreBinding.user_id == user_id, StoreBinding.revoked_at.is_(None))
    ).scalars())


def user_by_email(email: str) -> User | None:
    return db.session.execute(
        select(User).where(User.email == mailbox(email))).scalar_one_or_none()


def get_user(user_id: int) -> User:
    """The person; ``NotVisible`` if there is none."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotVisible
    return user


def names(ids: Iterable[int]) -> dict[int, str]:
    """The people's names by id."""
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(sorted(set(ids)))))
    return dict(found.all())


def own_account(actor: Actor) -> User:
    """The actor's own row; ``NotVisible`` for a guest."""
    if actor.user_id is None:
        raise NotVisible
    return get_user(actor.user_id)


def members(actor: Actor) -> Sequence[User]:
    """The people of the actor's organisation, by name."""
    if actor.organisation_id is None:
        return []
    return db.session.execute(
        select(User).where(User.organisation_id == actor.organisation_id)
        .order_by(User.name, User.id)
    ).scalars().all()


def own_organisation(actor: Actor) -> Organisation:
    """The actor's organisation; ``NotVisible`` without one."""
    found = db.session.get(Organisation, actor.organisation_id) if actor.organisation_id else None
    if found is None:
        raise NotVisible
    return found


def organisation(organisation_id: int | None) -> Organisation | None:
    return db.session.get(Organisation, organisation_id) if organisation_id else None


def open_invitations(at: datetime, *, kind: str, organisation_id: int | None = None) -> Sequence[Invitation]:
    """Invitations that can still be accepted, newest first."""
    query = select(Invitation).where(
        Invitation.kind == kind, Invitation.used_at.is_(None), Invitation.expires_at > at)
    if organisation_id is not None:
        query = query.where(Invitation.organisation_id == organisation_id)
    return db.session.execute(query.order_by(Invitation.id.desc()).limit(200)).scalars().all()


def open_invitations_by(user_id: int, at: datetime) -> Sequence[Invitation]:
    """What this person sent out and nobody has accepted yet."""
    return db.session.execute(select(Invitation).where(
        Invitation.invited_by == user_id, Invitation.used_at.is_(None), Invitation.expires_at > at,
    )).scalars().all()


def find_invitation(token: str, *, to_use: bool = False) -> Invitation:
    """The invitation of a link, in whatever condition; ``NotVisible`` for a token nobody made.

    ``to_use`` locks the row, so that of many who use it at once one finds it unused.
    """
    query = select(Invitation).where(Invitation.token_hash == hash_token(token))
    found = db.session.execute(query.with_for_update() if to_use else query).scalar_one_or_none()
    if found is None:
        raise NotVisible
    return found


def newest_store_invitation(store_id: int) -> datetime | None:
    """When the store was invited last."""
    return db.session.execute(select(func.max(Invitation.created_at)).where(
        Invitation.kind == "store", Invitation.store_id == store_id)).scalar_one()


def staff() -> Sequence[User]:
    """Every staff account, active ones first. They are few (tens), so no paging."""
    return db.session.execute(
        select(User).where(_has_any_role(STAFF_ACCOUNT_ROLES))
        .order_by(User.active.desc(), User.name, User.id)
    ).scalars().all()


def active_admins() -> Sequence[User]:
    return db.session.execute(
        select(User).where(_has_any_role(["admin"]), User.active)).scalars().all()


def _has_any_role(roles: Sequence[str]) -> Any:
    # role_names is canonical JSON text; role names contain no quotes.
    names = type_coerce(User.role_names, Text)
    return or_(*(names.contains(f'"{role}"', autoescape=True) for role in roles))


def bindings_of_store(store_id: int) -> Sequence[StoreBinding]:
    """Every binding the store ever had, the newest first."""
    return db.session.execute(
        select(StoreBinding).where(StoreBinding.store_id == store_id)
        .options(joinedload(StoreBinding.user)).order_by(StoreBinding.id.desc())
    ).scalars().all()


def main_binding(store_id: int) -> StoreBinding | None:
    """The store's main account, if it has been claimed."""
    return db.session.execute(_main_of_store, {"store_id": store_id}).scalar_one_or_none()


def main_address(store_id: int) -> tuple[str, str] | None:
    """E-mail address and language of the store's main account, if it has been claimed; what letters need of it."""
    found = read_columns(_address_of_store, store_id=store_id).first()
    return (found.email, found.locale) if found else None


def claimed_stores() -> Any:
    """The ids of the stores that have a main account, as a subquery."""
    return select(StoreBinding.store_id).where(StoreBinding.main, StoreBinding.revoked_at.is_(None))


def binding_of(user_id: int, store_id: int) -> StoreBinding | None:
    """The person's binding to the store, revoked or not."""
    return db.session.execute(
        select(StoreBinding)
        .where(StoreBinding.user_id == user_id, StoreBinding.store_id == store_id)
    ).scalar_one_or_none()


def alarms(*, open_only: bool) -> Sequence[SecurityAlarm]:
    """The newest 200 alarms."""
    query = select(SecurityAlarm).order_by(SecurityAlarm.id.desc()).limit(200)
    if open_only:
        query = query.where(SecurityAlarm.seen_at.is_(None))
    return db.session.execute(query).scalars().all()
