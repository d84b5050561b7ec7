"""Notices, complaints and claims."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.casework.models import CountsSteps, HasCaseState, HasState
from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched

# The listing shall be shown again; the marketplace has not confirmed it yet.
IS_RESTORING = text("state IN ('counter_notified.restoring', 'counter_notified.restoring_paper')")
# Comes after every time limit.
NO_LIMIT = datetime(9999, 12, 31, tzinfo=UTC)


class Notice(HasCaseState, CountsSteps, db.Model):
    """What a rights holder, agent or guest filed: one right, up to 300 listings.

    ``received_at`` is when it reached the operator, ``entered_at`` when it was typed in; for a
    notice filed here both are the same. ``draft`` holds the form of an unfiled notice.
    ``right_facts`` are the entries of the right when it was filed: complaints rest on these, whatever
    becomes of the register. ``versions`` are what it said before it was made good, oldest first:
    ``{document, contact, explanation, reason_code, right, signed_name, replaced_at}``, with ``document`` under
    which the statements of that version are signed. ``missing`` and ``remark`` are why it was sent back.
    ``contact`` is ``{name, company, address, phone, email}`` of the notifier.
    """

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_organisation", "organisation_id", "id"),
                      Index("ix_notices_waiting", "waits_for", "next_due_at", "id"))
    vouched = Vouched(case="id", since="received_at", columns=(
        "organisation_id", "right_id", "regime", "reason_code", "explanation", "acting_as", "contact", "signed_name",
        "channel", "locale", "filed_by", "received_at", "entered_at", "right_facts", "versions"))

    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    right_id: Mapped[int | None] = mapped_column(ForeignKey("rights.id"), index=True)
    regime: Mapped[str] = mapped_column(String(64), default="")
    regime_reason: Mapped[str] = mapped_column(Text, default="")
    reason_code: Mapped[str] = mapped_column(String(64), default="")
    explanation: Mapped[str] = mapped_column(Text, default="")
    acting_as: Mapped[str] = mapped_column(String(16), default="owner")  # owner, agent
    contact: Mapped[dict[str, Any]] = mapped_column(CanonicalJson, default=dict)
    signed_name: Mapped[str] = mapped_column(String(200), default="")
    channel: Mapped[str] = mapped_column(String(16), default="desk")  # desk, mail, post, agent
    locale: Mapped[str] = mapped_column(String(16), default="en")
    filed_by: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    entered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    guest_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    missing: Mapped[list[str]] = mapped_column(CanonicalJson, default=list)
    remark: Mapped[str] = mapped_column(Text, default="", server_default="")
    right_facts: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    versions: Mapped[list[dict[str, Any]]] = mapped_column(CanonicalJson, default=list)
    draft: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)


class NoticeListing(db.Model):
    """One row of a notice as it was entered, with the desk's answer to it."""

    __tablename__ = "notice_listings"
    __table_args__ = (
        CheckConstraint(
            "answer in ('accepted','already_handled','not_found','other_marketplace','duplicate')",
            name="answer"),
        CheckConstraint("answer <> 'accepted' or listing_id is not null", name="accepted_is_known"),
    )
    vouched = Vouched(case="notice_id", columns=("position", "entered", "listing_id", "answer", "other_reference"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"), index=True)
    position: Mapped[int]
    entered: Mapped[str] = mapped_column(Text)
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listings.id"))
    answer: Mapped[str] = mapped_column(String(24))
    other_reference: Mapped[str] = mapped_column(String(24), default="")


class TestPurchase(db.Model):
    """An undercover purchase. Staff only, unless the notifier shares it."""

    __tablename__ = "test_purchases"
    __test__ = False
    vouched = Vouched(case="notice_id", columns=("listing_id", "ordered_on", "order_number", "findings", "visibility"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"), index=True)
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listings.id"))
    ordered_on: Mapped[date | None]
    order_number: Mapped[str] = mapped_column(String(64), default="")
    findings: Mapped[str] = mapped_column(Text, default="")
    visibility: Mapped[str] = mapped_column(String(16), default="staff_only")


class Complaint(HasCaseState, db.Model):
    """The part of a notice that concerns one store. Its state is that of its most urgent claim.

    ``state`` is a stored summary, written by ``advance`` in the claims' own transaction and
    proven by ``ipdesk fsck``. So are the three marks that lists filter by: ``to_respond`` (some claim
    waits for the seller and for nobody before), ``for_staff``, ``for_complainant``; and what the seller's
    lists show: ``seller_state`` with its ``seller_stage`` (see ``casework.shown``), ``respond_by``, the end of
    the seller's own earliest clock or ``NO_LIMIT``, and ``seller_closed_at``. The seller sees nothing before ``seller_told_at``.
    """

    __tablename__ = "complaints"
    __table_args__ = (
        UniqueConstraint("notice_id", "store_id"),
        Index("ix_complaints_store", "store_id", "to_respond", "id", "seller_stage"),
        Index("ix_complaints_to_respond", "store_id", "respond_by", "id",
              sqlite_where=text("to_respond IS 1"), postgresql_where=text("to_respond IS true")),
        Index("ix_complaints_organisation", "organisation_id", "id"),
        # With every column that a list filters by, so that what does not fit is passed over without reading its row.
        Index("ix_complaints_stage", "stage_name", "regime", "id", "store_id", "right_id", "organisation_id",
              "for_staff", "for_complainant", "to_respond"),
        Index("ix_complaints_right", "right_id", "id"),
        Index("ix_complaints_queue", "for_staff", "next_due_at", "id"),
    )
    vouched = Vouched(case="id", columns=(
        "notice_id", "right_id", "store_id", "organisation_id", "regime", "filed_at", "seller_told_at", "closed_at"))

    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    right_id: Mapped[int] = mapped_column(ForeignKey("rights.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    regime: Mapped[str] = mapped_column(String(64))
    reason_code: Mapped[str] = mapped_column(String(64))
    stage_name: Mapped[str] = mapped_column(String(24))
    claims_count: Mapped[int]
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seller_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    to_respond: Mapped[bool] = mapped_column(default=False)
    for_staff: Mapped[bool] = mapped_column(default=False)
    for_complainant: Mapped[bool] = mapped_column(default=False)
    seller_state: Mapped[str] = mapped_column(String(64), default="")
    seller_stage: Mapped[str] = mapped_column(String(24), default="")
    respond_by: Mapped[datetime] = mapped_column(UtcDateTime, default=NO_LIMIT)
    seller_closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # In filing order. A complaint is opened with all its claims and never gets another one.
    claims: Mapped[list["Claim"]] = relationship(order_by="Claim.position", viewonly=True)


class Claim(HasState, CountsSteps, db.Model):
    """One listing said to infringe one right: what the machine moves.

    ``seller_told_at``: a claim that was taken back before the seller was told stays unknown to it.
    """

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("complaint_id", "listing_id"),
        CheckConstraint(
            "state like 'received.%' or state like 'pending_response.%' or "
            "state like 'counter_notified.%' or state like 'delisted.%' or state like 'closed.%'",
            name="one_of_five"),
        Index("ix_claims_listing", "listing_id", "state"),
        Index("ix_claims_restoring", "id", sqlite_where=IS_RESTORING, postgresql_where=IS_RESTORING),
    )
    vouched = Vouched(case="complaint_id", columns=("listing_id", "position", "reason_code", "explanation", "seller_told_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id"), index=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    position: Mapped[int]
    reason_code: Mapped[str] = mapped_column(String(64))
    explanation: Mapped[str] = mapped_column(Text, default="")
    seller_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    complaint: Mapped[Complaint] = relationship()  # so that a complaint goes into the database before its claims


class CaseLink(db.Model):
    """A one-time link to one case for a reader without account.

    ``audience`` is ``seller`` (an unclaimed store reads this complaint) or ``guest`` (a notifier
    without account follows its notice). The first opening uses it up.
    """

    __tablename__ = "case_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    audience: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
