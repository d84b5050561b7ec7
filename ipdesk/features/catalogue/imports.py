"""Taking a listings file into the catalogue, batch by batch, each batch whole or not at all."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.features.catalogue import operations
from ipdesk.features.catalogue.listing_csv import ListingsFile, Record, Rejects, is_address, is_digest
from ipdesk.features.catalogue.models import Marketplace

# Rows of one transaction: short enough that a person's own write between two batches does not wait.
BATCH_ROWS = 1000


@dataclass(slots=True)
class ImportResult:
    """What became of the rows: every row is added, changed, unchanged or rejected."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class _Seen:
    """What a file has said already and in which row, in a temporary file, so that memory stays flat."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.execute("PRAGMA cache_size=-8000")
        self._rows.execute("PRAGMA journal_mode=OFF")
        self._rows.execute("CREATE TABLE seen (id TEXT PRIMARY KEY, row INTEGER) WITHOUT ROWID")
        self._rows.execute("CREATE TABLE stores (id TEXT, fact TEXT, said TEXT, row INTEGER, PRIMARY KEY (id, fact)) WITHOUT ROWID")
        self._rows.execute("BEGIN")

    def problems(self, record: Record) -> list[tuple[str, str]]:
        """How the record contradicts an earlier row; one that does not is remembered."""
        listing, store = record.values["listing_id"], record.values["store_id"]
        earlier = self._rows.execute("SELECT row FROM seen WHERE id = ?", (listing,)).fetchone()
        if earlier:
            return [("listing_id", f"stands already in row {earlier[0]}")]
        known = {fact: (said, row) for fact, said, row in self._rows.execute(
            "SELECT fact, said, row FROM stores WHERE id = ?", (store,))}
        # An empty cell says nothing about a store.
        said = {fact: record.values[fact] for fact in operations.STORE_FACTS if record.values.get(fact)}
        problems = [(fact, f"of store {store} is {known[fact][0]!r} in row {known[fact][1]}")
                    for fact, text in said.items() if fact in known and known[fact][0] != text]
        if not problems:
            self._rows.execute("INSERT INTO seen VALUES (?, ?)", (listing, record.number))
            self._rows.executemany("INSERT INTO stores VALUES (?, ?, ?, ?)", [
                (store, fact, text, record.number) for fact, text in said.items() if fact not in known])
        return problems

    def close(self) -> None:
        self._rows.close()


def import_listings(
    path: Path, *, marketplace: Marketplace, rejects: Path, at: datetime,
    progress: Callable[[int, int], None] | None = None,
    keep_picture: Callable[[Path], str] | None = None,
) -> ImportResult:
    """Add or change the listings (and their stores) of the CSV file ``path``.

    Rows that cannot be taken go to the file ``rejects`` with number, columns and reasons; the
    first of several rows with one listing id counts, and the first that says something of a store.
    A file whose header is broken imports nothing (``BrokenHeader``). Running it again changes nothing, and completes what a
    crash left. ``at`` is stored as the time of change of what did change; a status (live,
    restricted, removed) is never touched. ``progress(rows, bytes)`` is called after
    each batch with what is done so far. ``keep_picture`` takes a picture lying beside the
    file into the evidence store and returns its SHA-256; without it such pictures are rejected.
    """
    marketplace_id = marketplace.id
    _read_without_mapping()
    result = ImportResult()
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        file = ListingsFile(stream.buffer, stream, path.resolve().parent)
        taker = _Taker(file, marketplace_id, at, result, keep_picture)
        with closing(Rejects(rejects, file.header)) as refused, closing(_Seen()) as seen:
            for record in file.records():
                result.rows += 1
                problems = list(record.problems) or seen.problems(record) or taker.take(record)
                if problems:
                    refused.add(record, problems)
                    result.rejected += 1
                if progress and result.rows % BATCH_ROWS == 0:
                    progress(result.rows, file.raw.tell())
            taker.store()
            if progress:
                progress(result.rows, file.raw.tell())
    return result


def _read_without_mapping() -> None:
    """Keep the pages of a large SQLite file out of this process's memory; its own cache is enough."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("PRAGMA mmap_size=0"))
        db.session.rollback()


class _Taker:
    """Collects good records and stores them a batch at a time."""

    def __init__(self, file: ListingsFile, marketplace_id: int, at: datetime, result: ImportResult,
                 keep_picture: Callable[[Path], str] | None) -> None:
        self._file, self._marketplace_id, self._at = file, marketplace_id, at
        self._result, self._keep_picture = result, keep_picture
        self._rows: list[dict[str, Any]] = []

    def take(self, record: Record) -> list[tuple[str, str]]:
        """Put the record into the batch; the problems of its pictures keep it out."""
        row: dict[str, Any] = dict(record.values)
        if self._file.has_pictures:
            problems = self._add_pictures(row, record.pictures)
            if problems:
                return problems
        self._rows.append(row)
        if len(self._rows) == BATCH_ROWS:
            self.store()
        return []

    def _add_pictures(self, row: dict[str, Any], pictures: tuple[str, ...]) -> list[tuple[str, str]]:
        row["images"] = []
        row["image_addresses"] = [name for name in pictures if is_address(name)]
        for position, name in enumerate(pictures, start=1):
            if is_digest(name):
                row["images"].append(name)
            elif not is_address(name):
                path = self._file.picture_path(name)
                if self._keep_picture is None or path is None:
                    return [(f"image_{position}", "cannot be kept: give its SHA-256 or its web address")]
                row["images"].append(self._keep_picture(path))
        return []

    def store(self) -> None:
        """Store the batch in one transaction; a rival who stored the same id first is met by changing it."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        try:
            added, changed = self._in_one_transaction(rows)
        except IntegrityError:
            added, changed = self._in_one_transaction(rows)
        self._result.added += added
        self._result.changed += changed
        self._result.unchanged += len(rows) - added - changed

    def _in_one_transaction(self, rows: list[dict[str, Any]]) -> tuple[int, int]:
        with unit_of_work():
            return operations.upsert_listings(
                marketplace_id=self._marketplace_id, rows=rows, at=self._at)
