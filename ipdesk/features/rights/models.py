"""The rights that notices rest on."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.casework.models import CountsSteps, HasCaseState
from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched

KINDS = ("trademark", "copyright", "design", "patent")


class Right(HasCaseState, CountsSteps, db.Model):
    """One right of one owner, a case of workflow ``right``.

    An unregistered copyright has no number; a guest's right has no organisation. ``contact``
    is the public contact that sellers see: ``{name, email, phone, address}``.
    """

    __tablename__ = "rights"
    vouched = Vouched(case="id", columns=(
        "organisation_id", "kind", "title", "number", "office", "owner", "territory", "classes", "description",
        "valid_from", "valid_until", "contact", "registered_at", "registered_by", "verified_at", "verified_by",
        "rejected_because"))

    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(300))
    number: Mapped[str] = mapped_column(String(64), default="")
    office: Mapped[str] = mapped_column(String(64), default="")
    owner: Mapped[str] = mapped_column(String(200))
    territory: Mapped[str] = mapped_column(String(64))  # ISO countries, space separated
    classes: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    contact: Mapped[dict[str, Any]] = mapped_column(CanonicalJson, default=dict)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    registered_by: Mapped[int | None] = mapped_column(BigId)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_by: Mapped[int | None] = mapped_column(BigId)
    rejected_because: Mapped[str] = mapped_column(Text, default="")
