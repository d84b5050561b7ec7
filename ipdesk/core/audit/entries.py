"""Writing the log: one entry per act, in the act's own transaction."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from ipdesk.core.audit.models import AUDIT_IDS, AuditDisclosure, AuditEntry
from ipdesk.core.db.core import db
from ipdesk.core.kernel.canonical import canonical_json, salted_commitment, sha256_hex
from ipdesk.core.kernel.ids import new_token

FIRST = "0" * 64


def append_entry(
    *, case_id: int, act: str, at: datetime, actor_roles: Sequence[str], actor_id: int | None,
    payload: Mapping[str, Any], personal: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry to the chain of a case. The caller's unit of work commits.

    ``payload`` must hold no personal data; what is personal goes to ``personal``, of which the
    entry keeps salted commitments only. The case's row is locked by the caller.
    """
    last = db.session.execute(
        select(AuditEntry.number, AuditEntry.hash).where(AuditEntry.case_id == case_id)
        .order_by(AuditEntry.number.desc()).limit(1)).first()
    number, previous = (last.number + 1, last.hash) if last else (1, FIRST)
    month = int(at.astimezone(UTC).strftime("%Y%m"))
    key = _next_id(month)
    kept = {name: (value, new_token()) for name, value in (personal or {}).items() if value}
    body = canonical_json({
        "case": case_id, "number": number, "act": act, "at": at, "actor_id": actor_id,
        "roles": list(actor_roles), "payload": payload, "previous": previous,
        "commitments": {name: salted_commitment(v, salt) for name, (v, salt) in kept.items()},
    })
    entry = AuditEntry(
        month=month, id=key, case_id=case_id, number=number, act=act, at=at, body=body.decode(),
        previous=previous, hash=sha256_hex(body))
    db.session.add(entry)
    db.session.add_all(
        AuditDisclosure(month=month, entry_id=key, field=name, salt=salt, value=value)
        for name, (value, salt) in kept.items())
    db.session.flush()
    return entry


def _next_id(month: int) -> int:
    if db.session.get_bind().dialect.name == "postgresql":
        return db.session.execute(select(AUDIT_IDS.next_value())).scalar_one()
    last = select(func.max(AuditEntry.id)).where(AuditEntry.month == month)
    return (db.session.execute(last).scalar_one() or 0) + 1


def entries_of(case_id: int) -> list[AuditEntry]:
    """The chain of a case in order."""
    return list(db.session.execute(
        select(AuditEntry).where(AuditEntry.case_id == case_id).order_by(AuditEntry.number)).scalars())
