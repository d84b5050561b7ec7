"""What is sold where, and by whom."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime


class Marketplace(db.Model):
    """One storefront of the operator. ``market`` is the ISO country it sells into, or ``*``."""

    __tablename__ = "marketplaces"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(Text)
    market: Mapped[str] = mapped_column(String(8), default="*")


class Store(db.Model):
    """A seller's shop. ``contact_email`` is where an unclaimed store is served."""

    __tablename__ = "stores"
    __table_args__ = (UniqueConstraint("marketplace_id", "external_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    marketplace_id: Mapped[int] = mapped_column(ForeignKey("marketplaces.id"))
    external_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200), index=True)
    contact_email: Mapped[str] = mapped_column(String(254), default="")
    locale: Mapped[str] = mapped_column(String(16), default="en")
    country: Mapped[str] = mapped_column(String(2), default="")


class Listing(db.Model):
    """One offer of one store. ``status`` is what the marketplace shows.

    ``live`` (on sale), ``restricted`` (holds keep it down) or ``removed_by_seller``
    (a fact, never a hold). ``images`` lists SHA-256 of the pictures in the evidence store.
    """

    __tablename__ = "listings"
    __table_args__ = (
        UniqueConstraint("marketplace_id", "external_id"),
        CheckConstraint("status in ('live','restricted','removed_by_seller')", name="status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    marketplace_id: Mapped[int] = mapped_column(ForeignKey("marketplaces.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id"), index=True)
    external_id: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text, default="", index=True)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    brand: Mapped[str] = mapped_column(String(200), default="")
    price: Mapped[str] = mapped_column(String(32), default="")
    currency: Mapped[str] = mapped_column(String(8), default="")
    category: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[str] = mapped_column(String(24), default="live")
    images: Mapped[list[str]] = mapped_column(CanonicalJson, default=list)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    store: Mapped[Store] = relationship(lazy="joined", innerjoin=True)


class Capture(db.Model):
    """A listing frozen as it stood: before the seller was told, before a hold, before a deletion.

    ``content`` holds title, text, price, seller, URL; ``images`` the SHA-256 of the pictures;
    ``sha256`` is the hash of both as canonical JSON.
    """

    __tablename__ = "captures"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"), index=True)
    case_id: Mapped[int] = mapped_column(BigId, index=True)
    occasion: Mapped[str] = mapped_column(String(16))  # filing, hold, deletion
    captured_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    images: Mapped[list[str]] = mapped_column(CanonicalJson, default=list)
    sha256: Mapped[str] = mapped_column(String(64))
