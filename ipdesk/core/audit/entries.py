"""Writing the log: one entry per act, in the act's own transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from ipdesk.core.audit.models import AUDIT_IDS, AuditDisclosure, AuditEntry
from ipdesk.core.db.core import db
from ipdesk.core.db.numbering import month_of, next_number
from ipdesk.core.db.rows import read_columns, waiting_rows, write_rows_at_commit, write_waiting
from ipdesk.core.kernel.canonical import canonical_json, salted_commitment, sha256_hex
from ipdesk.core.kernel.ids import new_token

FIRST = "0" * 64
_last_entry = select(AuditEntry.number, AuditEntry.hash).where(
    AuditEntry.case_id == bindparam("case_id")).order_by(AuditEntry.number.desc()).limit(1)


def append_entry(
    *, case_id: int, act: str, at: datetime, actor_roles: Sequence[str], actor_id: int | None,
    payload: Mapping[str, Any], personal: Mapping[str, Any] | None = None, first: bool = False,
) -> None:
    """Add an entry to the chain of a case. The caller's unit of work commits.

    ``payload`` must hold no personal data; what is personal goes to ``personal``, of which the
    entry keeps salted commitments only. The case's row is locked by the caller. ``first``: the case
    was opened by this very act, so that no entry of it can exist.
    """
    number, previous = (1, FIRST) if first else _follows(case_id)
    month = month_of(at)
    key = next_number(AuditEntry, month, AUDIT_IDS)
    kept = {name: (value, new_token()) for name, value in (personal or {}).items() if value}
    body = canonical_json({
        "case": case_id, "number": number, "act": act, "at": at, "actor_id": actor_id,
        "roles": list(actor_roles), "payload": payload, "previous": previous,
        "commitments": {name: salted_commitment(v, salt) for name, (v, salt) in kept.items()},
    })
    write_rows_at_commit(AuditEntry, [{
        "month": month, "id": key, "case_id": case_id, "number": number, "act": act, "at": at,
        "body": body.decode(), "previous": previous, "hash": sha256_hex(body)}])
    write_rows_at_commit(AuditDisclosure, [
        {"month": month, "entry_id": key, "field": name, "salt": salt, "value": value}
        for name, (value, salt) in kept.items()])


def _follows(case_id: int) -> tuple[int, str]:
    """Number and previous hash of the next entry of a case."""
    own = [row for row in waiting_rows(AuditEntry) if row["case_id"] == case_id]
    if own:
        return own[-1]["number"] + 1, own[-1]["hash"]
    last = read_columns(_last_entry, case_id=case_id).first()
    return (last.number + 1, last.hash) if last else (1, FIRST)


def entries_of(case_id: int) -> list[AuditEntry]:
    """The chain of a case in order."""
    write_waiting()
    return list(db.session.execute(
        select(AuditEntry).where(AuditEntry.case_id == case_id).order_by(AuditEntry.number)).scalars())
