"""Files and what they are evidence of."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched

ROLES = ("notice", "counter_notice", "answer", "court", "right", "decision", "received_document")
_OF_COMPLAINANT = frozenset({"notice", "answer", "court", "right"})
VISIBILITIES = ("platform_only", "share", "staff_only")


class Blob(db.Model):
    """Bytes in the evidence store. ``facts`` is what `preview.Previews.inspect` found."""

    __tablename__ = "blobs"
    __table_args__ = (CheckConstraint("length(sha256) = 64", name="digest"),
                      CheckConstraint("size > 0", name="not_empty"))

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(100))
    facts: Mapped[dict[str, Any]] = mapped_column(CanonicalJson, default=dict)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    @property
    def can_be_shown(self) -> bool:
        return "cannot_show" not in self.facts

    @property
    def trouble(self) -> str | None:
        """The code of what its uploader should know, ``None`` when all is well."""
        reason = self.facts.get("cannot_show")
        if reason and reason != "no_preview":
            return str(reason)
        return "cut_off" if self.facts.get("cut_off") else None


# Claims belong to a feature above this one, so only their numbers are known here.
exhibit_claims = Table(
    "exhibit_claims", db.metadata,
    Column("exhibit_id", ForeignKey("exhibits.id", ondelete="CASCADE"), primary_key=True),
    Column("claim_id", BigInteger, primary_key=True, index=True),
)


class ExhibitClaim(db.Model):
    """The assignment of an exhibit to one claim; without any it belongs to all stores."""

    __table__ = exhibit_claims


class Exhibit(db.Model):
    """One file handed in by one party in one case.

    A draft until ``filed_at``: seen by its own side only, may be changed and removed; afterwards
    neither. ``original_name`` is the name as it came, a fact and never a path; ``name`` is what
    is shown and sent. ``visibility``: ``platform_only`` for the marketplace's decision and
    its court file, ``share`` also for the other side once it is disclosed to it,
    ``staff_only`` never leaves the desk. ``position`` orders the exhibits of a case.
    """

    __tablename__ = "exhibits"
    __table_args__ = (
        CheckConstraint("role in ('" + "','".join(ROLES) + "')", name="role"),
        CheckConstraint("visibility in ('" + "','".join(VISIBILITIES) + "')", name="visibility"),
        CheckConstraint("filed_at is null or case_id is not null", name="filed_in_a_case"),
        Index("ix_exhibits_case", "case_id", "position", "id"),
        Index("ix_exhibits_organisation", "owner_organisation_id", "id"),
        Index("ix_exhibits_store", "owner_store_id", "id"),
        Index("ix_exhibits_user", "owner_user_id", "id"),
    )
    vouched = Vouched(case="case_id", since="filed_at", columns=(
        "reference", "owner_organisation_id", "owner_store_id", "owner_user_id", "owner_key_hash", "blob_sha256",
        "original_name", "name", "title", "description", "role", "visibility", "position", "uploaded_by", "uploaded_at",
        "filed_at", "claim_ids"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    owner_organisation_id: Mapped[int | None] = mapped_column(BigId)
    owner_store_id: Mapped[int | None] = mapped_column(BigId)
    owner_user_id: Mapped[int | None] = mapped_column(BigId)
    owner_key_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    blob_sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    original_name: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    role: Mapped[str] = mapped_column(String(24), default="notice")
    visibility: Mapped[str] = mapped_column(String(16), default="platform_only")
    position: Mapped[int] = mapped_column(default=0)
    uploaded_by: Mapped[int | None] = mapped_column(BigId)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    filed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    subject_id: Mapped[int | None] = mapped_column(BigId)
    retention_class: Mapped[str] = mapped_column(String(32), default="exhibit")
    blob: Mapped[Blob] = relationship(lazy="joined", innerjoin=True)
    claims: Mapped[list[ExhibitClaim]] = relationship(
        lazy="selectin", cascade="all, delete-orphan")

    @property
    def claim_ids(self) -> frozenset[int]:
        """Claims it is assigned to; empty means all stores of its notice."""
        return frozenset(row.claim_id for row in self.claims)

    @property
    def is_for_all_stores(self) -> bool:
        return not self.claims

    @property
    def side(self) -> str:
        """Who handed it in: ``seller``, ``rights_holder`` or ``staff``; a guest and its paper have no owner but the role."""
        if self.owner_store_id is not None or self.role == "counter_notice":
            return "seller"
        return "rights_holder" if self.owner_organisation_id is not None or self.role in _OF_COMPLAINANT else "staff"


class ExhibitDisclosure(db.Model):
    """One side has been shown a shared exhibit: one store, organisation or guest, from then on."""

    __tablename__ = "exhibit_disclosures"
    __table_args__ = (
        CheckConstraint("(case when store_id is null then 0 else 1 end)"
                        " + (case when organisation_id is null then 0 else 1 end)"
                        " + (case when key_hash is null then 0 else 1 end) = 1", name="one_side"),
        Index("ix_exhibit_disclosures_store", "store_id", "exhibit_id"),
        Index("ix_exhibit_disclosures_organisation", "organisation_id", "exhibit_id"),
        Index("ix_exhibit_disclosures_key", "key_hash", "exhibit_id"),
    )
    vouched = Vouched(case="case_id", columns=("exhibit_id", "store_id", "organisation_id", "key_hash", "disclosed_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    exhibit_id: Mapped[int] = mapped_column(ForeignKey("exhibits.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    store_id: Mapped[int | None] = mapped_column(BigId)
    organisation_id: Mapped[int | None] = mapped_column(BigId)
    key_hash: Mapped[str | None] = mapped_column(String(64))
    disclosed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UploadPiece(db.Model):
    """So many bytes came in from one sender: an account, or the keyed hash of a guest's network.

    A beginning counts with ``size`` 0. Kept for a day, to know when a sender's day is full.
    """

    __tablename__ = "upload_pieces"
    __table_args__ = (Index("ix_upload_pieces_sender_arrived_at", "sender", "arrived_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sender: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    arrived_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Upload(db.Model):
    """A file on its way in pieces. Whoever holds its token may go on with it.

    ``parts`` lists ``[offset, size, key]`` without gaps; ``received`` is the next offset.
    ``exhibit_id`` is set when it has become an exhibit.
    """

    __tablename__ = "uploads"
    __table_args__ = (CheckConstraint("received >= 0 and received <= declared_size", name="received"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    owner_user_id: Mapped[int | None] = mapped_column(BigId, index=True)
    owner_key_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    original_name: Mapped[str] = mapped_column(Text)
    declared_size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    parts: Mapped[list[Any]] = mapped_column(CanonicalJson, default=list)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    exhibit_id: Mapped[int | None] = mapped_column(ForeignKey("exhibits.id", ondelete="SET NULL"))
    subject_id: Mapped[int | None] = mapped_column(BigId)
    retention_class: Mapped[str] = mapped_column(String(32), default="upload")
