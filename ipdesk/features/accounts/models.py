"""People, the organisations they act for, the stores they are bound to, and how they got in."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime

ROLES = ("rights_holder", "agent", "seller", "reviewer", "legal", "admin", "auditor")
STAFF_ACCOUNT_ROLES = ("reviewer", "legal", "admin", "auditor")
ORGANISATION_KINDS = ("rights_holder", "agent")
MANAGER, MEMBER = "manager", "member"


def mailbox(address: str) -> str:
    """``address`` as accounts are stored and found by: trimmed and in lower case."""
    return address.strip().lower()


class Organisation(db.Model):
    """A tenant on the complaining side: a rights holder, or an agency that acts for several."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))  # one of ORGANISATION_KINDS
    country: Mapped[str] = mapped_column(String(2), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class User(db.Model):
    """A person who can sign in. ``role_names`` is a list out of ``ROLES``.

    ``fs_uniquifier`` names the person in sessions and in links by mail; giving it a new value
    ends them all. ``tf_last_counter`` is the time step of the last accepted one-time code, so
    that no code works twice. Secrets and recovery codes are stored encrypted.
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_is_lower_case"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    locale: Mapped[str] = mapped_column(String(16), default="en")
    zone: Mapped[str] = mapped_column(String(64), default="")
    role_names: Mapped[list[str]] = mapped_column(CanonicalJson, default=list)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    organisation_role: Mapped[str] = mapped_column(String(16), default="")  # manager, member
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(Text)
    tf_last_counter: Mapped[int | None] = mapped_column(BigInteger)
    mf_recovery_codes: Mapped[list[str]] = mapped_column(CanonicalJson, default=list)
    organisation: Mapped[Organisation | None] = relationship()

    @property
    def is_staff(self) -> bool:
        """Whether this account works for the desk (an auditor counts)."""
        return not set(STAFF_ACCOUNT_ROLES).isdisjoint(self.role_names)


class SignIn(db.Model):
    """One session. Its cookie is worth nothing once ``ended_at`` is set or its time is over."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    via: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(64), default="")
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInTry(db.Model):
    """One try to sign in that did not succeed, or one letter that somebody unknown asked for.

    ``key`` is a keyed hash of what is counted and of an address. Kept for an hour.
    """

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index("ix_sign_in_tries_key_tried_at", "key", "tried_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class StoreBinding(db.Model):
    """Who may act for a store. The first active binding of a store is its main account."""

    __tablename__ = "store_bindings"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    store_id: Mapped[int] = mapped_column(BigId, index=True)
    main: Mapped[bool]
    via: Mapped[str] = mapped_column(String(16))  # invitation, marketplace, staff
    proof: Mapped[str] = mapped_column(Text, default="")
    bound_at: Mapped[datetime] = mapped_column(UtcDateTime)
    bound_by: Mapped[int | None] = mapped_column(BigId)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by: Mapped[int | None] = mapped_column(BigId)
    revoked_because: Mapped[str] = mapped_column(Text, default="")
    user: Mapped[User] = relationship()

    __table_args__ = (UniqueConstraint("user_id", "store_id"),)


_main = and_(StoreBinding.main, StoreBinding.revoked_at.is_(None))
# The database itself refuses a second main account, whoever raced whom.
Index("uq_store_bindings_main", StoreBinding.store_id, unique=True,
      sqlite_where=_main, postgresql_where=_main)


class Invitation(db.Model):
    """A single-use way in: to a store, to an organisation, or to the staff.

    ``role`` is the account role it gives; for an organisation it is ``manager`` or ``member``.
    ``proof`` is what staff saw when the invitation does not go to the catalogue's contact.
    """

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))  # store, organisation, staff
    email: Mapped[str] = mapped_column(String(254), index=True)
    store_id: Mapped[int | None] = mapped_column(BigId)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    proof: Mapped[str] = mapped_column(Text, default="")
    invited_by: Mapped[int | None] = mapped_column(BigId)
    inviter_name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_by: Mapped[int | None] = mapped_column(BigId)


class UsedStoreLink(db.Model):
    """A sign-in link of the marketplace that was already used; kept while it could be replayed."""

    __tablename__ = "used_store_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SecurityAlarm(db.Model):
    """Something staff must look at. ``kind`` is a past fact; ``facts`` hold ids and addresses."""

    __tablename__ = "security_alarms"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))  # second_claim
    store_id: Mapped[int | None] = mapped_column(BigId)
    user_id: Mapped[int | None] = mapped_column(BigId)
    facts: Mapped[dict[str, Any]] = mapped_column(CanonicalJson, default=dict)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_by: Mapped[int | None] = mapped_column(BigId)
