"""What the seller answers, and what the notifier answers to that."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched

# What 17 U.S.C. § 512(g)(2)(C) wants to know of a court action beside court, number and day.
COURT_FLAGS = ("filed_by_notifier", "names_subscriber", "seeks_restraint")


class CounterNotice(db.Model):
    """A seller's counter-notification against some claims of one complaint.

    ``contact`` is ``{name, address, phone, email}``: under 17 U.S.C. § 512(g)(3)(D) it goes to the
    notifier. ``copy`` is the exact text that the notifier receives. ``grounds`` are codes.
    ``received_at`` is when it reached the operator, ``entered_at`` when it was typed in.
    """

    __tablename__ = "counter_notices"
    vouched = Vouched(case="complaint_id", columns=(
        "reference", "claim_ids", "grounds", "explanation", "contact", "signed_name", "copy", "channel", "received_at",
        "entered_at", "filed_by", "exhibit_ids"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id"), index=True)
    claim_ids: Mapped[list[int]] = mapped_column(CanonicalJson)
    grounds: Mapped[list[str]] = mapped_column(CanonicalJson)
    explanation: Mapped[str] = mapped_column(Text)
    contact: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    signed_name: Mapped[str] = mapped_column(String(200))
    copy: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(String(16), default="desk")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    filed_by: Mapped[int | None] = mapped_column(BigId)
    exhibit_ids: Mapped[list[int]] = mapped_column(CanonicalJson, default=list)


class CounterNoticeDraft(db.Model):
    """What a seller has typed so far, kept per complaint and person."""

    __tablename__ = "counter_notice_drafts"
    __table_args__ = (UniqueConstraint("complaint_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id"))
    user_id: Mapped[int] = mapped_column(BigId)
    form: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Answer(db.Model):
    """The notifier's answer to a counter-notification."""

    __tablename__ = "answers"
    vouched = Vouched(case="complaint_id", columns=(
        "claim_ids", "text", "signed_name", "answered_at", "answered_by", "exhibit_ids"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id"), index=True)
    claim_ids: Mapped[list[int]] = mapped_column(CanonicalJson)
    text: Mapped[str] = mapped_column(Text)
    signed_name: Mapped[str] = mapped_column(String(200))
    answered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_by: Mapped[int | None] = mapped_column(BigId)
    exhibit_ids: Mapped[list[int]] = mapped_column(CanonicalJson, default=list)


class ReceivedDocument(db.Model):
    """What a party sent elsewhere and staff recorded as its step, beside counter-notifications and court papers.

    ``step`` is ``answer``, ``take_back`` (both of the rights holder) or ``delete`` (of the seller); or ``deficient``, a
    counter-notification that lacks something and is no step yet. ``received_at`` is
    when it reached the operator, ``entered_at`` when it was typed in.
    """

    __tablename__ = "received_documents"
    __table_args__ = (CheckConstraint("step in ('answer','take_back','delete','deficient')", name="step"),)
    vouched = Vouched(case="complaint_id", columns=(
        "step", "claim_ids", "signed_name", "channel", "received_at", "entered_at", "entered_by", "exhibit_ids"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id"), index=True)
    step: Mapped[str] = mapped_column(String(16))
    claim_ids: Mapped[list[int]] = mapped_column(CanonicalJson)
    signed_name: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_by: Mapped[int | None] = mapped_column(BigId)
    exhibit_ids: Mapped[list[int]] = mapped_column(CanonicalJson)


class CourtNotice(db.Model):
    """A notice that a court action was filed. It counts only when staff confirm it.

    One that staff recorded holds what the paper says and nothing where it says nothing.
    ``result`` is empty while staff examine it, then ``confirmed`` or ``rejected``.
    """

    __tablename__ = "court_notices"
    vouched = Vouched(case="complaint_id", columns=(
        "claim_ids", "forum", "docket", "filed_on", "filed_by_notifier", "names_subscriber", "seeks_restraint", "channel",
        "received_at", "entered_at", "told_by", "result", "reason", "decided_at", "decided_by", "exhibit_ids"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id"), index=True)
    claim_ids: Mapped[list[int]] = mapped_column(CanonicalJson)
    forum: Mapped[str] = mapped_column(String(200))
    docket: Mapped[str] = mapped_column(String(100))
    filed_on: Mapped[date | None]
    filed_by_notifier: Mapped[bool]
    names_subscriber: Mapped[bool]
    seeks_restraint: Mapped[bool]
    channel: Mapped[str] = mapped_column(String(16), default="desk")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_by: Mapped[int | None] = mapped_column(BigId)
    result: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(BigId)
    exhibit_ids: Mapped[list[int]] = mapped_column(CanonicalJson, default=list)
