"""Letters as they were written, and what became of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Sequence,
    String,
    Text,
    and_,
    event,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.guards import no_replace_statement
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched

CHANNELS = ("mail", "inbox", "webhook")  # nothing writes the last: a call to a marketplace is an instruction, no letter
# PostgreSQL numbers by this sequence; SQLite, with its one writer, counts within the month.
OUTBOX_IDS = Sequence("outbox_ids", metadata=db.metadata)


class Outbox(db.Model):
    """One letter to one party by one way. What it says stands; only its delivery moves.

    ``month`` is ``YYYYMM`` in UTC; numbers rise within a month, so (month, id) is the order
    of writing. ``accepted_at`` is when the next hand took it (the recipient's mail server,
    the inbox), ``failed_at`` when it was given up. ``on_delivered`` and
    ``on_failed`` name the triggers that this fires, ``trigger_facts`` their ids (ids only);
    ``settled_at`` is when that was done.
    """

    __tablename__ = "outbox"
    vouched = (
        Vouched(case="case_id", alone=True, columns=(
            "message", "recipient_role", "channel", "to_address", "locale", "subject", "body_text", "body_html", "enqueued_at")),
        # What became of a letter, where that set an act off: the start of a seller's time rests on it.
        Vouched(name="deliveries", case="case_id", alone=True, once=True, since="settled_at", columns=(
            "month", "id", "accepted_at", "failed_at", "proof")),
    )

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    thread_key: Mapped[str] = mapped_column(String(40))  # the reference of the case
    message: Mapped[str] = mapped_column(String(64))
    recipient_role: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(16))
    to_address: Mapped[str] = mapped_column(String(1000))
    locale: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(Text)
    body_text: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    context_sha256: Mapped[str] = mapped_column(String(64))
    subject_id: Mapped[str] = mapped_column(String(64))
    retention_class: Mapped[str] = mapped_column(String(32))
    on_delivered: Mapped[str | None] = mapped_column(String(64))
    on_failed: Mapped[str | None] = mapped_column(String(64))
    trigger_facts: Mapped[dict[str, Any]] = mapped_column(CanonicalJson, default=dict)
    enqueued_at: Mapped[datetime] = mapped_column(UtcDateTime)

    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    proof: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def mail_key(self) -> str:
        """The left half of the Message-ID: the same on every attempt, unique per row."""
        return f"{self.month}.{self.id}.{self.context_sha256[:12]}"

    @property
    def status(self) -> str:
        """``waiting``, ``delivered`` or ``failed``, for pages."""
        if self.failed_at is not None:
            return "failed"
        return "waiting" if self.accepted_at is None else "delivered"


_waiting = and_(Outbox.accepted_at.is_(None), Outbox.failed_at.is_(None))
_unsettled = and_(
    Outbox.settled_at.is_(None),
    or_(Outbox.accepted_at.is_not(None), Outbox.failed_at.is_not(None)),
)
Outbox.__table__.append_constraint(
    CheckConstraint(Outbox.__table__.c.channel.in_(CHANNELS), name="channel")
)
Index("ix_outbox_due", Outbox.next_attempt_at, sqlite_where=_waiting, postgresql_where=_waiting)
Index(
    "ix_outbox_order", Outbox.case_id, Outbox.channel, Outbox.to_address,
    sqlite_where=_waiting, postgresql_where=_waiting,
)
Index(
    "ix_outbox_unsettled", Outbox.next_attempt_at,
    sqlite_where=_unsettled, postgresql_where=_unsettled,
)
Index("ix_outbox_case", Outbox.case_id, Outbox.month, Outbox.id)

DELIVERY_FIELDS = frozenset({
    "next_attempt_at", "attempts", "lease_token", "lease_until", "accepted_at", "failed_at",
    "proof", "settled_at",
})
_WRITTEN = ", ".join(c.name for c in Outbox.__table__.columns if c.name not in DELIVERY_FIELDS)
_SAYS = "outbox: a written letter stands"
# The database itself refuses to change a letter or, once its way has ended, how it ended, and to lose one whose way has
# not ended: rows leave by retention only, and by DELETE.
LETTERS_STAND = {
    "sqlite": (
        f"CREATE TRIGGER outbox_letters_stand BEFORE UPDATE OF {_WRITTEN} ON outbox "
        f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
        "CREATE TRIGGER outbox_letters_stay BEFORE DELETE ON outbox WHEN old.settled_at IS NULL "
        f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
        no_replace_statement("outbox", (("rowid",), ("month", "id")), _SAYS),
        "CREATE TRIGGER outbox_proofs_stand BEFORE UPDATE OF accepted_at, failed_at, proof ON outbox "
        f"WHEN old.accepted_at IS NOT NULL OR old.failed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION outbox_letters_stand() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$",
        f"CREATE TRIGGER outbox_letters_stand BEFORE UPDATE OF {_WRITTEN} ON outbox "
        "FOR EACH ROW EXECUTE FUNCTION outbox_letters_stand()",
        "CREATE TRIGGER outbox_letters_stay BEFORE DELETE ON outbox FOR EACH ROW "
        "WHEN (old.settled_at IS NULL) EXECUTE FUNCTION outbox_letters_stand()",
        "CREATE TRIGGER outbox_proofs_stand BEFORE UPDATE OF accepted_at, failed_at, proof ON outbox FOR EACH ROW "
        "WHEN (old.accepted_at IS NOT NULL OR old.failed_at IS NOT NULL) EXECUTE FUNCTION outbox_letters_stand()",
        "CREATE TRIGGER outbox_no_truncate BEFORE TRUNCATE ON outbox "
        "FOR EACH STATEMENT EXECUTE FUNCTION outbox_letters_stand()",
    ),
}
for _dialect, _statements in LETTERS_STAND.items():
    for _statement in _statements:
        event.listen(
            Outbox.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect)
        )


class InboxMessage(db.Model):
    """A letter in a party's inbox on the desk; its words are those of the outbox row.

    ``owner_kind`` and ``owner_id`` say whose inbox: ``store`` 12, ``organisation`` 4, ``user`` 9.
    """

    __tablename__ = "inbox_messages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["outbox_month", "outbox_id"], ["outbox.month", "outbox.id"],
            name="fk_inbox_messages_outbox", ondelete="CASCADE",
        ),
        CheckConstraint("owner_kind in ('store', 'organisation', 'user')", name="owner_kind"),
        Index("ix_inbox_messages_owner", "owner_kind", "owner_id", "placed_at", "id"),
        Index("ix_inbox_messages_outbox", "outbox_month", "outbox_id"),
        Index("ix_inbox_messages_unread", "owner_kind", "owner_id",
              sqlite_where=text("read_at IS NULL"), postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    owner_kind: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[int] = mapped_column(BigId)
    outbox_month: Mapped[int]
    outbox_id: Mapped[int] = mapped_column(BigId)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    letter: Mapped[Outbox] = relationship()
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
