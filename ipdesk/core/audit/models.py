"""The append-only log: entries, what may be erased of them, and the tree that seals them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    ForeignKey,
    Index,
    LargeBinary,
    Sequence,
    String,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.guards import no_replace_statement
from ipdesk.core.db.types import CanonicalJson, UtcDateTime

# PostgreSQL numbers by this sequence; SQLite, with its one writer, counts within the month.
AUDIT_IDS = Sequence("audit_ids", metadata=db.metadata)


class AuditEntry(db.Model):
    """One act on one case. ``body`` is canonical JSON without personal data; ``hash`` covers it.

    ``previous`` is the hash of the case's entry before; ``number`` counts within the case from 1.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    act: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    body: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditDisclosure(db.Model):
    """Personal data behind a commitment of an entry. Deleting a row leaves the log valid."""

    __tablename__ = "audit_disclosures"

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    salt: Mapped[str] = mapped_column(String(64))
    value: Mapped[Any] = mapped_column(CanonicalJson)


class AuditLeaf(db.Model):
    """The place of an entry in the Merkle log; leaves are numbered from 0 without gaps."""

    __tablename__ = "audit_leaves"
    __table_args__ = (Index("ix_audit_leaves_entry", "month", "entry_id", unique=True),)

    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    month: Mapped[int]
    entry_id: Mapped[int] = mapped_column(BigId)


class AuditNode(db.Model):
    """A complete node of the tree, written once (RFC 6962 section 2)."""

    __tablename__ = "audit_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditHead(db.Model):
    """A signed head of the log. ``edge`` is the tree's right edge, from which it grows on."""

    __tablename__ = "audit_heads"

    size: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed: Mapped[str] = mapped_column(Text)
    tree: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)


# Each table with the keys by which a row of it could take another one's place.
_APPEND_ONLY = {
    "audit_entries": (("rowid",), ("month", "id"), ("case_id", "number")),
    "audit_leaves": (("number",), ("month", "entry_id")),
    "audit_nodes": (("rowid",), ("level", "number")),
    "audit_heads": (("size",),),
}
_SAYS = "the audit log is append-only"


def append_only_statements(dialect: str) -> list[str]:
    """DDL by which the database itself refuses to change or remove a row; migrations use the same."""
    if dialect == "sqlite":
        return [
            *(f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
              f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
              for table in _APPEND_ONLY for verb in ("UPDATE", "DELETE")),
            *(no_replace_statement(table, keys, _SAYS) for table, keys in _APPEND_ONLY.items()),
        ]
    return [
        "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$",
        *(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
          "FOR EACH ROW EXECUTE FUNCTION audit_append_only()" for table in _APPEND_ONLY),
        *(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
          "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()" for table in _APPEND_ONLY),
    ]


for _dialect in ("sqlite", "postgresql"):
    for _statement in append_only_statements(_dialect):
        event.listen(
            db.metadata, "after_create", DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect))
