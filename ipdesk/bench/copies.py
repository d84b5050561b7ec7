"""Many cases out of few: copies in bulk of what the real operations wrote.

A *prototype* is one notice with its complaints and everything that hangs on them (or one right), row by
row as they stand in the database. A copy has the same rows under new numbers, with listings of its
own, at a store and a right of the caller's choice; the chain of the audit log is computed anew. What the
desk proves about itself (``ipdesk fsck``) holds for copies as for prototypes.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Table, cast, column, func, insert, literal, select, table
from sqlalchemy.dialects.postgresql import REGCLASS

from ipdesk.core.audit.documents import FIELD, digest
from ipdesk.core.casework import tallies
from ipdesk.core.casework.models import Tally
from ipdesk.core.db.core import db
from ipdesk.core.db.vouching import vouched_documents
from ipdesk.core.kernel.canonical import canonical_json, salted_commitment, sha256_hex

# Where a column's name says what its numbers mean: the table whose rows they name. A notice, a
# complaint and a right have the number of their case.
_NUMBERS = {
    "case_id": "cases", "notice_id": "cases", "complaint_id": "cases", "claim_id": "claims",
    "listing_id": "listings", "store_id": "stores", "owner_store_id": "stores", "right_id": "rights",
    "exhibit_id": "exhibits", "entry_id": "audit_entries", "outbox_id": "outbox",
}
_LISTS = {"claim_ids": "claims", "exhibit_ids": "exhibits"}
_CASE_ROWS = ("notices", "complaints", "rights")
# Parents before children. What is not named here is not copied (one-time links, drafts, bundles).
_TABLES = (
    "listings", "cases", "rights", "notices", "notice_listings", "test_purchases", "complaints", "claims",
    "signed_statements", "case_facts", "deadlines", "captures", "holds", "instructions", "exhibits",
    "exhibit_claims", "exhibit_disclosures", "counter_notices", "answers", "court_notices", "decisions",
    "outbox", "inbox_messages", "audit_entries", "audit_disclosures",
)
_BATCH = 300  # copies written together
_LETTER_BODY = "The words of this letter were left out: it is one of many copies made for a measurement.\n"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _columns(name: str) -> Table:
    """The table without types: values pass as the driver gives and takes them."""
    return table(name, *(column(c.name) for c in db.metadata.tables[name].columns))  # type: ignore[return-value]


@dataclass
class Prototype:
    """Rows by table, as dictionaries. ``kind`` is ``notice`` or ``right``."""

    rows: dict[str, list[dict[str, Any]]]
    kind: str

    @property
    def complaints(self) -> list[dict[str, Any]]:
        return self.rows.get("complaints", [])

    @cached_property
    def states(self) -> frozenset[str]:
        return frozenset(row["state"] for row in self.complaints)

    @cached_property
    def links(self) -> dict[str, list[tuple[dict[str, Any], list[tuple[str, str, Any]]]]]:
        """Each row with what in it names another one: (column, table, key of the row there)."""
        return {name: [(row, _links(name, row)) for row in self.rows[name]] for name in _TABLES}

    @cached_property
    def documents(self) -> dict[tuple[str, int], str]:
        """(table, place of the row) → hash of what the log vouches for in it, as it stands in the prototype."""
        return {(name, place): digest(name, _document(name, row, self.claims_of_exhibit))
                for name in _vouched(db.engine.dialect.name) for place, row in enumerate(self.rows.get(name, ()))}

    @cached_property
    def claims_of_exhibit(self) -> dict[int, list[int]]:
        return _claims_of_exhibit(self.rows["exhibit_claims"])

    @cached_property
    def lists(self) -> dict[tuple[int, int], tuple[str, list[Any]]]:
        """(month, number) of an entry → salt and the documents that it vouches for."""
        return {(row["month"], row["entry_id"]): (row["salt"], json.loads(row["value"]))
                for row in self.rows["audit_disclosures"] if row["field"] == FIELD}

    @cached_property
    def organisation_id(self) -> int | None:
        return self.rows["notices" if self.kind == "notice" else "rights"][0]["organisation_id"]


def read_prototype(connection: Connection, case_ids: Sequence[int], kind: str) -> Prototype:
    """The rows of these cases: a notice and its complaints, or a right."""
    rows: dict[str, list[dict[str, Any]]] = {}

    def take(name: str, by: str, among: Iterable[Any]) -> None:
        source = _columns(name)
        found = connection.execute(
            select(source).where(source.c[by].in_(sorted(among))).order_by(*_key(source)))
        rows[name] = [dict(row) for row in found.mappings()]

    for name in _TABLES:
        names = db.metadata.tables[name].columns.keys()
        if name in ("cases", *_CASE_ROWS):
            take(name, "id", case_ids)
        elif link := next((c for c in ("case_id", "notice_id", "complaint_id") if c in names), None):
            take(name, link, case_ids)
    take("exhibit_claims", "exhibit_id", {row["id"] for row in rows["exhibits"]})
    take("listings", "id", {row["listing_id"] for row in [*rows["claims"], *rows["notice_listings"]]
                            if row["listing_id"]})
    entries = {(row["month"], row["id"]) for row in rows["audit_entries"]}
    take("audit_disclosures", "entry_id", {number for _, number in entries})
    rows["audit_disclosures"] = [
        row for row in rows["audit_disclosures"] if (row["month"], row["entry_id"]) in entries]
    return Prototype(rows, kind)


def _key(source: Table) -> list[Any]:
    return [source.c[c.name] for c in db.metadata.tables[source.name].primary_key]


@dataclass
class Copier:
    """Writes copies through ``connection``; ``close`` writes the rest, the counts and the sequences."""

    connection: Connection
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._next: dict[Any, int] = {}
        self._waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._copies = 0
        self._references = 0

    def copy(
        self, prototype: Prototype, *, stores: Mapping[int, int] | None = None,
        rights: Mapping[int, int] | None = None,
    ) -> list[int]:
        """One more of ``prototype``; gives the new case numbers in the order of the old ones.

        ``stores`` and ``rights`` say where it belongs instead (old → new number; others stay).
        """
        given = {"stores": stores or {}, "rights": rights or {}}
        numbers = self._number(prototype) | given
        references = {row["reference"]: self._reference(row["reference"][0])
                      for name in ("cases", "counter_notices", "decisions", "exhibits")
                      for row in prototype.rows[name]}
        copying = _Copying(numbers, references, {}, prototype)
        for name in _TABLES:
            change = _CHANGES.get(name)
            for row, links in prototype.links[name]:
                new = {**row, **{column: numbers[space].get(old, row[column]) for column, space, old in links}}
                for listed in _LISTS.keys() & new.keys():
                    new[listed] = _json([numbers[_LISTS[listed]][old] for old in json.loads(row[listed])])
                if "reference" in new:
                    new["reference"] = references[row["reference"]]
                if change:
                    change(new, row, copying)
                self._waiting[name].append(new)
                copying.rows[name].append(new)
        self._count(prototype, numbers)
        self._copies += 1
        if self._copies % _BATCH == 0:
            self.flush()
        return [numbers["cases"][row["id"]] for row in prototype.rows["cases"]]

    def _number(self, prototype: Prototype) -> dict[str, dict[Any, int]]:
        """New numbers for every row that others refer to, rising as the old ones do."""
        numbers: dict[str, dict[Any, int]] = {}
        for name in _TABLES:
            if name in _CASE_ROWS or "id" not in db.metadata.tables[name].columns:
                continue
            found = numbers[name] = {}
            for row in prototype.rows[name]:
                month = row.get("month")
                key = row["id"] if month is None else (month, row["id"])
                found[key] = self._take(name, month)
        return numbers

    def _take(self, name: str, month: int | None) -> int:
        place = (name, month)
        if place not in self._next:
            source = _columns(name)
            query = select(func.coalesce(func.max(source.c.id), 0))
            if month is not None and db.engine.dialect.name == "sqlite":
                query = query.where(source.c.month == month)  # a number of its own for each month
            self._next[place] = self.connection.execute(query).scalar_one()
        self._next[place] += 1
        return self._next[place]

    def _reference(self, prefix: str) -> str:
        """A reference that no other copy has: the count, scattered over all that can be."""
        self._references += 1
        left = self._references * 0x9E3779B97F4A7C15 % (1 << 40)
        body = ""
        for _ in range(8):
            left, place = divmod(left, 32)
            body += _ALPHABET[place]
        return f"{prefix}-{body[:4]}-{body[4:]}"

    def _count(self, prototype: Prototype, numbers: Mapping[str, Mapping[Any, int]]) -> None:
        kinds = {row["id"]: SimpleNamespace(kind=row["kind"]) for row in prototype.rows["cases"]}
        for name in _CASE_ROWS:
            for row in prototype.rows[name]:
                store = row.get("store_id")
                seen = SimpleNamespace(
                    case=kinds[row["id"]], state=row["state"], waits_for=row["waits_for"],
                    organisation_id=row["organisation_id"], store_id=numbers["stores"].get(store, store))
                self.counts.update(tallies.counted(seen))

    def flush(self) -> None:
        """Write what waits, parents first."""
        for name in _TABLES:
            if rows := self._waiting.pop(name, None):
                self.connection.execute(insert(_columns(name)), rows)

    def close(self) -> None:
        """Everything that is still to write; the connection's transaction stays open."""
        self.flush()
        for (scope, key), value in self.counts.items():
            known = Tally.__table__
            where = (known.c.scope == scope) & (known.c.key == key)
            if not self.connection.execute(
                known.update().where(where).values(value=known.c.value + value)).rowcount:
                self.connection.execute(known.insert().values(scope=scope, key=key, value=value))
        if db.engine.dialect.name == "postgresql":
            self._move_sequences()

    def _move_sequences(self) -> None:
        """PostgreSQL numbers new rows by sequences that did not see these."""
        for name in _TABLES:
            if name in _CASE_ROWS or "id" not in db.metadata.tables[name].columns:
                continue
            rows = db.metadata.tables[name]
            own = {"audit_entries": literal("audit_ids"), "outbox": literal("outbox_ids")}.get(
                name, func.pg_get_serial_sequence(name, "id"))
            highest = select(func.greatest(func.max(rows.c.id), 1)).scalar_subquery()
            self.connection.execute(select(func.setval(cast(own, REGCLASS), highest)))


@dataclass
class _Copying:
    """What a change to one kind of row needs of the copy that it belongs to."""

    numbers: Mapping[str, Mapping[Any, int]]
    references: Mapping[str, str]
    previous: dict[int, str]
    prototype: Prototype
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    @cached_property
    def documents(self) -> dict[tuple[str, Any], tuple[int | None, str]]:
        """(table, old number, or old hash of what was written in bulk) → new number or none, and new hash.

        First asked for by the entries, when all other rows are there.
        """
        claims = _claims_of_exhibit(self.rows["exhibit_claims"])
        found: dict[tuple[str, Any], tuple[int | None, str]] = {}
        for name in _vouched(db.engine.dialect.name):
            for place, (old, new) in enumerate(zip(self.prototype.rows.get(name, ()), self.rows[name], strict=True)):
                hashed = digest(name, _document(name, new, claims))
                found[name, self.prototype.documents[name, place]] = (None, hashed)
                found[name, old["id"]] = (new["id"], hashed)
        return found

    def vouched_for(self, month: int, entry_id: int) -> tuple[str, list[Any]] | None:
        """Salt and documents of the copy of this entry. What is not copied is not vouched for."""
        if (month, entry_id) not in self.prototype.lists:
            return None
        salt, listed = self.prototype.lists[month, entry_id]
        return salt, [[name, *self.documents[name, key or hashed]] for name, key, hashed in listed
                      if hashed is not None and (name, key or hashed) in self.documents]


def _document(name: str, row: Mapping[str, Any], claims_of_exhibit: Mapping[int, list[int]]) -> dict[str, Any]:
    """What the log vouches for of a row as the driver gives it."""
    vouched, read = _vouched(db.engine.dialect.name)[name]
    return {column: claims_of_exhibit.get(row["id"], []) if column == "claim_ids" and name == "exhibits"
            else read[column](row[column]) for column in vouched.columns}


def _claims_of_exhibit(rows: Sequence[Mapping[str, Any]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row["exhibit_id"], []).append(row["claim_id"])
    return {number: sorted(claims) for number, claims in found.items()}


@cache
def _vouched(dialect: str) -> dict[str, tuple[Any, dict[str, Callable[[Any], Any]]]]:
    """Table → what is bound of its rows, and for each column what makes the driver's value the one that the model has."""
    return {name: (vouched, {
        column.name: column.type.dialect_impl(db.engine.dialect).result_processor(db.engine.dialect, None) or (lambda value: value)
        for column in model.__table__.columns}) for name, model, vouched in vouched_documents() if name in _TABLES}


def _links(name: str, row: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """What in ``row`` names a row: (column, table, key there); rows of audit and outbox are keyed by month too."""
    month = row.get("month") or row.get("outbox_month")
    found = []
    if "id" in row:
        found.append(("id", "cases" if name in _CASE_ROWS else name, row["id"] if row.get("month") is None else (month, row["id"])))
    for column_name, space in _NUMBERS.items():
        if (old := row.get(column_name)) is not None:
            found.append((column_name, space, (month, old) if space in ("audit_entries", "outbox") else old))
    return found


def _json(value: Any) -> str:
    return canonical_json(value).decode()


def _mover(copying: _Copying, case_id: int, old: int) -> int:
    """A notice and a right move themselves; of a complaint its claims move."""
    own = copying.numbers["cases"]
    return own[old] if old == case_id else copying.numbers["claims"][old]


def _change_movers(new: dict[str, Any], row: Mapping[str, Any], copying: _Copying) -> None:
    new["movers"] = _json([_mover(copying, row["case_id"], old) for old in json.loads(row["movers"])])


def _change_listing(new: dict[str, Any], row: Mapping[str, Any], copying: _Copying) -> None:
    new["external_id"] = f"K{new['id']}"
    for name in ("url", "url_key"):
        new[name] = row[name].replace(row["external_id"], new["external_id"]).replace(
            row["external_id"].lower(), new["external_id"].lower())


def _change_statement(new: dict[str, Any], row: Mapping[str, Any], copying: _Copying) -> None:
    document, separator, number = row["document"].partition(":")
    if separator and document == "counter_notice":
        new["document"] = f"{document}:{copying.numbers['counter_notices'][int(number)]}"


def _change_entry(new: dict[str, Any], row: Mapping[str, Any], copying: _Copying) -> None:
    """The entry's text with the new numbers, chained to the copy's own entry before."""
    body = json.loads(row["body"])
    payload = body["payload"]
    if "moved" in payload:
        payload["moved"] = [[_mover(copying, row["case_id"], mover), start, end]
                            for mover, start, end in payload["moved"]]
    facts = payload.get("facts", {})
    if "deadline_id" in facts:
        facts["deadline_id"] = copying.numbers["deadlines"].get(facts["deadline_id"], facts["deadline_id"])
    if vouched := copying.vouched_for(row["month"], row["id"]):
        salt, documents = vouched
        body["commitments"][FIELD] = salted_commitment(documents, salt)
    body["case"] = new["case_id"]
    new["previous"] = body["previous"] = copying.previous.get(new["case_id"], row["previous"])
    text_of_entry = canonical_json(body)
    new["body"], new["hash"] = text_of_entry.decode(), sha256_hex(text_of_entry)
    copying.previous[new["case_id"]] = new["hash"]


def _change_disclosure(new: dict[str, Any], row: Mapping[str, Any], copying: _Copying) -> None:
    if row["field"] == FIELD and (vouched := copying.vouched_for(row["month"], row["entry_id"])):
        new["value"] = _json(vouched[1])


def _change_letter(new: dict[str, Any], row: Mapping[str, Any], copying: _Copying) -> None:
    reference = copying.references[row["thread_key"]]
    new["subject"] = row["subject"].replace(row["thread_key"], reference)
    new["thread_key"], new["body_text"], new["body_html"] = reference, _LETTER_BODY, ""
    facts = json.loads(row["trigger_facts"])
    if "movers" in facts:
        facts["movers"] = [_mover(copying, row["case_id"], old) for old in facts["movers"]]
        new["trigger_facts"] = _json(facts)


def _change_inbox(new: dict[str, Any], row: Mapping[str, Any], copying: _Copying) -> None:
    if row["owner_kind"] == "store":
        new["owner_id"] = copying.numbers["stores"].get(row["owner_id"], row["owner_id"])


_CHANGES = {
    "listings": _change_listing, "case_facts": _change_movers, "deadlines": _change_movers,
    "signed_statements": _change_statement, "audit_entries": _change_entry, "audit_disclosures": _change_disclosure,
    "outbox": _change_letter, "inbox_messages": _change_inbox,
}
