"""What every case has, whatever it is about: identity, state, statements, notes, tallies."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched


class Case(db.Model):
    """The identity that deadlines, audit, outbox, statements and notes point to.

    ``workflow_digest`` is the SHA-256 of the workflow's file when the case was opened; the
    case keeps that version for life.
    """

    __tablename__ = "cases"
    vouched = Vouched(case="id", once=True, columns=(
        "kind", "reference", "marketplace_id", "workflow", "workflow_version", "workflow_digest", "opened_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    marketplace_id: Mapped[int | None] = mapped_column(BigId)
    workflow: Mapped[str] = mapped_column(String(64))
    workflow_version: Mapped[int]
    workflow_digest: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HasState:
    """A row that a workflow moves. Only ``core.workflow.engine`` writes ``state``."""

    state: Mapped[str] = mapped_column(String(64))

    @property
    def stage(self) -> str:
        """The part before the dot: one of the five for claims and complaints."""
        return self.state.partition(".")[0]


class CountsSteps:
    """A row that goes through its workflow itself: how often it took each step that is limited."""

    times: Mapped[dict[str, int]] = mapped_column(CanonicalJson, default=dict)


class HasCaseState(HasState):
    """A case's own row: its state, who it waits for, its next deadline, its version.

    ``version_id`` counts acts; a form carries the version its page showed, and another
    one is refused as stale. ``next_due_at`` is the earliest open deadline, UTC.
    """

    version_id: Mapped[int] = mapped_column(default=1)
    waits_for: Mapped[str] = mapped_column(String(32), default="")
    next_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assignee_id: Mapped[int | None] = mapped_column(BigId)
    taken_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @declared_attr
    def id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("cases.id"), primary_key=True)

    @declared_attr
    def case(cls) -> Mapped[Case]:
        from sqlalchemy.orm import relationship

        return relationship(Case, lazy="joined", innerjoin=True)

    @property
    def reference(self) -> str:
        return self.case.reference


class SignedStatement(db.Model):
    """A statement as it was shown and signed, word for word."""

    __tablename__ = "signed_statements"
    vouched = Vouched(case="case_id", columns=(
        "document", "code", "version", "locale", "text", "signed_name", "signed_by", "signed_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    document: Mapped[str] = mapped_column(String(32))  # notice, counter_notice:<id>, …
    code: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    locale: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    signed_name: Mapped[str] = mapped_column(String(200))
    signed_by: Mapped[int | None] = mapped_column(BigId)
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Note(db.Model):
    """A private note of staff on a case. It never leaves the desk. One that proves a delivery belongs to that act."""

    __tablename__ = "notes"
    vouched = Vouched(case="case_id", alone=True, columns=("author_id", "author_name", "text", "written_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    author_id: Mapped[int] = mapped_column(BigId)
    author_name: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TallyEntry(db.Model):
    """One step of a count, appended by the act that caused it and folded by a job."""

    __tablename__ = "tally_entries"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scope: Mapped[str] = mapped_column(String(48))
    key: Mapped[str] = mapped_column(String(96))
    delta: Mapped[int]


class Tally(db.Model):
    """A folded count: ``scope`` is ``desk``, ``organisation:7`` or ``store:9``."""

    __tablename__ = "tallies"

    scope: Mapped[str] = mapped_column(String(48), primary_key=True)
    key: Mapped[str] = mapped_column(String(96), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class CaseFact(db.Model):
    """A dated fact of a case that a clock starts or stops on (``counter_notice_received``)."""

    __tablename__ = "case_facts"
    __table_args__ = (Index("ix_case_facts_case_name", "case_id", "name"),)
    vouched = Vouched(case="case_id", columns=("name", "at", "movers"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    name: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    movers: Mapped[list[Any]] = mapped_column(CanonicalJson, default=list)
