"""Writing the log: one entry per act, in the act's own transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from ipdesk.core.audit.documents import FIELD, written_documents
from ipdesk.core.audit.models import AUDIT_IDS, AuditDisclosure, AuditEntry
from ipdesk.core.db.core import db
from ipdesk.core.db.numbering import month_of, next_number
from ipdesk.core.db.rows import read_columns, write_rows_at_commit, write_waiting
from ipdesk.core.db.waiting import completes_waiting, waiting_rows
from ipdesk.core.kernel.canonical import canonical_json, salted_commitment, sha256_hex
from ipdesk.core.kernel.ids import new_token

FIRST = "0" * 64
_last_entry = select(AuditEntry.number, AuditEntry.hash).where(
    AuditEntry.case_id == bindparam("case_id")).order_by(AuditEntry.number.desc()).limit(1)


def append_entry(
    *, case_id: int, act: str, at: datetime, actor_roles: Sequence[str], actor_id: int | None,
    payload: Mapping[str, Any], personal: Mapping[str, Any] | None = None, first: bool = False,
) -> None:
    """Add an entry to the chain of a case. The caller's unit of work commits, and binds it to the documents it wrote.

    ``payload`` must hold no personal data; what is personal goes to ``personal``, of which the
    entry keeps salted commitments only. The case's row is locked by the caller. ``first``: the case
    was opened by this very act, so that no entry of it can exist.
    """
    number, previous = (1, FIRST) if first else _follows(case_id)
    month = month_of(at)
    write_rows_at_commit(AuditEntry, [{
        "month": month, "id": next_number(AuditEntry, month, AUDIT_IDS), "case_id": case_id, "number": number, "act": act,
        "at": at, "previous": previous, "body": {
            "case": case_id, "number": number, "act": act, "at": at, "actor_id": actor_id,
            "roles": list(actor_roles), "payload": payload, "personal": personal or {}}}])


@completes_waiting
def _complete() -> None:
    """Bind the entries of this unit of work to what it wrote, and each to the one before it in its case."""
    entries = [row for row in waiting_rows(AuditEntry) if "hash" not in row]
    last = {row["case_id"]: row for row in entries}
    documents = written_documents(last.keys())
    before: dict[int, str] = {}
    for row in entries:
        body, case_id = row["body"], row["case_id"]
        previous = row["previous"] = before.get(case_id) or row["previous"]
        personal = body.pop("personal")
        if last[case_id] is row and documents[case_id]:
            personal = {**personal, FIELD: documents[case_id]}
        kept = {name: (value, new_token()) for name, value in personal.items() if value}
        text = canonical_json({**body, "previous": previous, "commitments": {
            name: salted_commitment(value, salt) for name, (value, salt) in kept.items()}})
        row["body"], row["hash"] = text.decode(), sha256_hex(text)
        before[case_id] = row["hash"]
        write_rows_at_commit(AuditDisclosure, [
            {"month": row["month"], "entry_id": row["id"], "field": name, "salt": salt, "value": value}
            for name, (value, salt) in kept.items()])


def _follows(case_id: int) -> tuple[int, str]:
    """Number and previous hash of the next entry of a case; the hash of one that still waits is filled in with it."""
    own = [row for row in waiting_rows(AuditEntry) if row["case_id"] == case_id]
    if own:
        return own[-1]["number"] + 1, ""
    last = read_columns(_last_entry, case_id=case_id).first()
    return (last.number + 1, last.hash) if last else (1, FIRST)


def entries_of(case_id: int) -> list[AuditEntry]:
    """The chain of a case in order."""
    write_waiting()
    return list(db.session.execute(
        select(AuditEntry).where(AuditEntry.case_id == case_id).order_by(AuditEntry.number)).scalars())
