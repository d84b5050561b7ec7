"""People and the organisations they act for."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime

ROLES = ("rights_holder", "agent", "seller", "reviewer", "legal", "admin", "auditor")


class Organisation(db.Model):
    """A tenant on the complaining side: a rights holder, or an agency that acts for several."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))  # rights_holder, agent
    country: Mapped[str] = mapped_column(String(2), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class User(db.Model):
    """A person who can sign in. ``roles`` is a canonical list out of ``ROLES``."""

    __tablename__ = "users"

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
    organisation: Mapped[Organisation | None] = relationship()


class StoreBinding(db.Model):
    """Who may act for a store. The first active binding of a store is its main account."""

    __tablename__ = "store_bindings"
    __table_args__ = (UniqueConstraint("user_id", "store_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    store_id: Mapped[int] = mapped_column(BigId, index=True)
    main: Mapped[bool]
    via: Mapped[str] = mapped_column(String(16))  # invitation, marketplace, staff
    proof: Mapped[str] = mapped_column(Text, default="")
    bound_at: Mapped[datetime] = mapped_column(UtcDateTime)
    bound_by: Mapped[int | None] = mapped_column(BigId)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Invitation(db.Model):
    """A single-use way in: to a store, to an organisation, or to the staff."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))  # store, organisation, staff
    email: Mapped[str] = mapped_column(String(254))
    store_id: Mapped[int | None] = mapped_column(BigId)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    role: Mapped[str] = mapped_column(String(16))
    invited_by: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_by: Mapped[int | None] = mapped_column(BigId)
