"""Proofs that entries stand in the log, for readers who have neither the desk nor its database."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ipdesk.core.audit.merkle import inclusion_proof
from ipdesk.core.audit.models import AuditEntry, AuditHead, AuditLeaf, AuditNode
from ipdesk.core.db.core import db


@dataclass(frozen=True, slots=True)
class Proof:
    """Leaf ``place`` (from 0) is in the tree of a head: the hashes from the leaf upwards, hex (RFC 6962 section 2.1.1)."""

    place: int
    path: tuple[str, ...]


def proofs_of(entries: Sequence[AuditEntry], head: AuditHead | None) -> dict[tuple[int, int], Proof]:
    """(month, id) → the proof against ``head`` of each entry that it seals; one that came later has none."""
    if head is None:
        return {}
    places = db.session.execute(
        select(AuditLeaf.month, AuditLeaf.entry_id, AuditLeaf.number)
        .where(AuditLeaf.month.in_({entry.month for entry in entries}),
               AuditLeaf.entry_id.in_([entry.id for entry in entries]), AuditLeaf.number < head.size))
    known: dict[tuple[int, int], bytes] = {}

    def node(level: int, number: int) -> bytes:
        if (level, number) not in known:
            known[level, number] = db.session.execute(
                select(AuditNode.hash).where(AuditNode.level == level, AuditNode.number == number)).scalar_one()
        return known[level, number]

    wanted = {(entry.month, entry.id) for entry in entries}
    return {(month, entry_id): Proof(place, tuple(part.hex() for part in inclusion_proof(place, head.size, node)))
            for month, entry_id, place in places if (month, entry_id) in wanted}
