"""What was said and decided, bound to the entry of the act that wrote it.

A *document* is what the log vouches for of one row (`core.db.vouching`). The entry of an act commits, salted, to the list of
the documents that the act wrote: ``[table, number or null, SHA-256]`` each, ``null`` in place of the hash of a row that
was deleted. The list stands with its salt in ``audit_disclosures``, so that erasing it erases the link to a person.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from ipdesk.core.audit.models import AuditDisclosure, AuditEntry
from ipdesk.core.db.core import db
from ipdesk.core.db.vouching import take_written, vouched_documents
from ipdesk.core.kernel.canonical import canonical_json, salted_commitment, sha256_hex

FIELD = "documents"


def digest(table: str, document: dict[str, Any]) -> str:
    """SHA-256 of one document as canonical JSON, 64 hex digits."""
    return sha256_hex(canonical_json([table, document]))


def written_documents(acted_on: Collection[int]) -> dict[int, list[list[Any]]]:
    """Case → the documents that this unit of work wrote; ``acted_on`` are the cases with an entry in it.

    Nothing vouches for what was written without an act of its case; `document_faults` names it.
    """
    found: dict[int, list[list[Any]]] = defaultdict(list)
    for row in take_written(acted_on):
        found[row.case_id].append([row.table, row.key, None if row.document is None else digest(row.table, row.document)])
    return found


@dataclass
class Bound:
    """What the log vouches for of one case, by what its entries say last.

    ``rows``: (table, number) → hash; ``bulk``: (table, hash) → how often. ``erased``: the numbers of the entries whose list
    is gone, so that rows may stand which nothing vouches for any more.
    """

    rows: dict[tuple[str, int], str | None] = field(default_factory=dict)
    bulk: Counter[tuple[str, str]] = field(default_factory=Counter)
    erased: list[int] = field(default_factory=list)

    def add(self, documents: Sequence[Sequence[Any]]) -> None:
        for table, key, hashed in documents:
            if key is None:
                self.bulk[table, hashed] += 1
            else:
                self.rows[table, key] = hashed

    def take(self, table: str, key: int, hashed: str) -> str:
        """Why the row that stands is not the one of the log; empty when it is. Each row is taken once."""
        if self.bulk[table, hashed] > 0:
            self.bulk[table, hashed] -= 1
            return ""
        if (table, key) not in self.rows:
            return "" if self.erased else "no entry of the log vouches for it"
        return "" if self.rows.pop((table, key)) == hashed else "is not what the log vouches for"

    def missing(self) -> Iterator[str]:
        """What the log vouches for and nobody took, and where it cannot say any more what it vouched for."""
        for number in self.erased:
            yield f"entry {number}: what it vouches for was erased, so that its documents cannot be checked"
        for (table, key), hashed in self.rows.items():
            if hashed is not None:
                yield f"{table} {key}: the log vouches for it, and it is not there"
        for (table, _), times in self.bulk.items():
            if times:
                yield f"{table}: the log vouches for {times} that are not there"


def document_faults(case_ids: Sequence[int]) -> Iterator[tuple[int, str]]:
    """(case, what is wrong) for these cases: a row changed, added or taken away past the desk. One query for each table."""
    bound = _bound(case_ids)
    for table, model, vouched in vouched_documents():
        rows = db.session.execute(
            select(model).where(getattr(model, vouched.case).in_(case_ids)).order_by(model.id)).unique().scalars()
        for row in rows:
            if vouched.counts(row):
                case_id = getattr(row, vouched.case)
                why = bound[case_id].take(table, row.id, digest(table, vouched.document(row)))
                if why and not (vouched.alone and why.startswith("no entry")):
                    yield case_id, f"{table} {row.id}: {why}"
    for case_id, left in bound.items():
        yield from ((case_id, line) for line in left.missing())


def _bound(case_ids: Sequence[int]) -> dict[int, Bound]:
    found = {case_id: Bound() for case_id in case_ids}
    entries = db.session.execute(
        select(AuditEntry.case_id, AuditEntry.number, AuditEntry.body, AuditDisclosure.value, AuditDisclosure.salt)
        .outerjoin(AuditDisclosure, (AuditDisclosure.month == AuditEntry.month)
                   & (AuditDisclosure.entry_id == AuditEntry.id) & (AuditDisclosure.field == FIELD))
        .where(AuditEntry.case_id.in_(case_ids)).order_by(AuditEntry.case_id, AuditEntry.number))
    for case_id, number, body, documents, salt in entries:
        kept = json.loads(body)["commitments"].get(FIELD)
        if kept is not None and salt is not None and kept == salted_commitment(documents, salt):
            found[case_id].add(documents)
        elif kept is not None:  # erased; or changed, which is a fault of its own (`verify`)
            found[case_id].erased.append(number)
    return found
