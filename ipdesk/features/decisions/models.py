"""What staff decided, and why."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched

_proposed = text("status = 'proposed'")


class Decision(db.Model):
    """A decision on some claims of one complaint.

    ``reasons`` are the structured fields of the statement of reasons (facts, ground, basis,
    redress, automated means); ``statement`` is the text that was sent. Where the workflow asks
    for four eyes, ``status`` is ``proposed`` until another person approves.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("status in ('proposed','in_force','declined')", name="status"),
        CheckConstraint("approved_by is null or approved_by <> decided_by", name="four_eyes"),
        # What waits for a second person is few among all that was decided.
        Index("ix_decisions_proposed", "id", sqlite_where=_proposed, postgresql_where=_proposed),
    )
    vouched = Vouched(case="complaint_id", columns=(
        "reference", "claim_ids", "trigger", "reasons", "statement", "status", "decided_by", "decided_at", "approved_by",
        "approved_at", "declined_because"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id"), index=True)
    claim_ids: Mapped[list[int]] = mapped_column(CanonicalJson)
    trigger: Mapped[str] = mapped_column(String(64))
    reasons: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    statement: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[int] = mapped_column(BigId)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by: Mapped[int | None] = mapped_column(BigId)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    declined_because: Mapped[str] = mapped_column(Text, default="")


class Snippet(db.Model):
    """A text block that staff reuse in reasons."""

    __tablename__ = "snippets"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    created_by: Mapped[int] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConflictOfInterest(db.Model):
    """A handler who must not act in cases of one organisation or one store."""

    __tablename__ = "conflicts_of_interest"
    __table_args__ = (
        CheckConstraint("(organisation_id is null) <> (store_id is null)", name="one_side"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id"))
    because: Mapped[str] = mapped_column(Text)
    declared_by: Mapped[int | None] = mapped_column(BigId)
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HandlerSkill(db.Model):
    """What a handler is given by "take next". ``skill`` is a regime or a locale.

    Who has no skill of a sort, neither of its own nor by a team, is given everything of that sort.
    """

    __tablename__ = "handler_skills"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(String(64), primary_key=True)


class Team(db.Model):
    """Handlers who share skills. Who is in several teams has the skills of all of them and its own."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)


class TeamMember(db.Model):
    """A handler in a team."""

    __tablename__ = "team_members"

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)


class TeamSkill(db.Model):
    """What the members of a team are given, as in `HandlerSkill`."""

    __tablename__ = "team_skills"

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(String(64), primary_key=True)
