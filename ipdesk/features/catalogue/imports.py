"""Taking a listings file into the catalogue, whole or not at all.

The file is read and checked to its end first, and what is new or different is set aside (`staging`) in batches.
Only then does it go in. On SQLite, which has one writer for everybody, it goes in by slices with a pause between
them, so that a filing never waits long: a file with up to ``SLICE_ROWS`` changes in one transaction, a larger one in several, which
are carried to the end by whoever comes next when this process dies. PostgreSQL takes every file in one transaction.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import text

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.catalogue import queries, staging
from ipdesk.features.catalogue.listing_csv import ListingsFile, Record, Rejects, is_address, is_digest
from ipdesk.features.catalogue.models import Marketplace

# Rows that are checked and set aside in one transaction: a person's own write between two batches does not wait.
BATCH_ROWS = 1000
# Changes that go in in one transaction on SQLite: about a second of the only writer's lock.
SLICE_ROWS = 25_000
# A waiting writer of another process asks again every tenth of a second; in this pause its turn comes.
PAUSE_SECONDS = 0.25
# Whose import shows no sign of life for so long is dead: what it has checked goes in without it, …
DEAD_AFTER = timedelta(seconds=30)
# … and what it has not checked to the end is forgotten, later: one may wait long for a disk.
FORGOTTEN_AFTER = timedelta(hours=1)


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
        said = {fact: record.values[fact] for fact in staging.STORE_FACTS if record.values.get(fact)}
        problems = [(fact, f"of store {store} is {known[fact][0]!r} in row {known[fact][1]}")
                    for fact, text in said.items() if fact in known and known[fact][0] != text]
        if not problems:
            self._rows.execute("INSERT INTO seen VALUES (?, ?)", (listing, record.number))
            self._rows.executemany("INSERT INTO stores VALUES (?, ?, ?, ?)", [
                (store, fact, text, record.number) for fact, text in said.items() if fact not in known])
        return problems

    def stores(self) -> Iterator[dict[str, dict[str, str]]]:
        """What was said of the stores (id → fact → text), a batch at a time."""
        rows = self._rows.execute("SELECT id, fact, said FROM stores ORDER BY id")
        batch: dict[str, dict[str, str]] = {}
        for store, facts in groupby(rows, key=lambda row: row[0]):
            batch[store] = {fact: said for _, fact, said in facts}
            if len(batch) == BATCH_ROWS:
                yield batch
                batch = {}
        if batch:
            yield batch

    def close(self) -> None:
        self._rows.close()


def import_listings(
    path: Path, *, marketplace: Marketplace, rejects: Path, now: Callable[[], datetime],
    keep_picture: Callable[[Path, datetime], str],
    progress: Callable[[int, int], None] | None = None,
    going_in: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Add or change the listings (and their stores) of the CSV file ``path``: all good rows, or none.

    Rows that cannot be taken go to the file ``rejects`` with number, columns and reasons; the
    first of several rows with one listing id counts, and the first that says something of a store.
    A file whose header is broken imports nothing (``BrokenHeader``); one whose reading is cut off imports nothing either.
    Running it again changes nothing. The instant at which it began (``now``, the desk's time) is stored as the time of change of
    what did change; a status (live, restricted, removed) is never touched. ``progress(rows, bytes)`` is called after
    each batch with what is read so far, ``going_in(done, all)`` while the changes go in. ``keep_picture`` takes a
    picture that lies beside the file into the evidence store and returns its SHA-256, or raises `Refusal`.
    """
    finish_cut_off(now)
    marketplace_id = marketplace.id
    _read_without_mapping()
    result = ImportResult()
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        file = ListingsFile(stream.buffer, stream, path.resolve().parent)
        said = {*file.columns, *(("images", "image_addresses") if file.has_pictures else ())}
        with unit_of_work():
            aside = staging.start(marketplace_id=marketplace_id, file=path.name, said=said, at=now())
        try:
            with closing(Rejects(rejects, file.header)) as refused:
                _set_aside(_Taker(file, aside, now, result, keep_picture), refused, progress)
        except BaseException:
            _forget(aside.import_id)
            raise
    finish_cut_off(now, before=aside.import_id)
    _put_all_in(aside.import_id, now, going_in or (lambda done, total: None))
    return result


def _set_aside(taker: "_Taker", refused: Rejects, progress: Callable[[int, int], None] | None) -> None:
    """Read the whole file, set aside what changes, and close it."""
    result, file = taker.result, taker.file
    with closing(_Seen()) as seen:
        for record in file.records():
            result.rows += 1
            row, problems = taker.row_of(record)
            problems = problems or seen.problems(record)
            if problems:
                refused.add(record, problems)
                result.rejected += 1
            else:
                taker.take(row)
            if progress and result.rows % BATCH_ROWS == 0:
                progress(result.rows, file.raw.tell())
        taker.close(seen)
    if progress:
        progress(result.rows, file.raw.tell())


def finish_cut_off(
    now: Callable[[], datetime], *, silent: timedelta = timedelta(0), slices: int | None = None, before: int | None = None,
) -> int:
    """Go on with what imports have left that are ``silent`` for so long: checked files go in, unchecked ones are forgotten.

    In the order in which they were checked, so that the newest file has the last word; only those that stand
    ``before`` that import. At most ``slices`` transactions (default: all that are needed); returns how many there were.
    """
    done = 0
    for import_id, is_checked in queries.cut_off_imports(now() - silent, now() - FORGOTTEN_AFTER):
        if import_id == before:
            break
        more = 1
        while more and (slices is None or done < slices):
            if done and slices is None:
                time.sleep(PAUSE_SECONDS)
            more = _put_slice_in(import_id, now, by_its_own=False) if is_checked else _forget_slice(import_id)
            done += 1
    return done


def _slice_rows() -> int:
    # PostgreSQL locks no more than the rows that change, so that a file of any size goes in at once.
    return SLICE_ROWS if db.engine.dialect.name == "sqlite" else 2**31 - 1


def _put_all_in(import_id: int, now: Callable[[], datetime], going_in: Callable[[int, int], None]) -> None:
    total, done = staging.rows_aside(import_id), 0
    while count := _put_slice_in(import_id, now, by_its_own=True):
        done += count
        going_in(done, total)
        if done < total:
            time.sleep(PAUSE_SECONDS)


def _put_slice_in(import_id: int, now: Callable[[], datetime], *, by_its_own: bool) -> int:
    with unit_of_work():
        return staging.put_in(import_id=import_id, most=_slice_rows(), now=now(), by_its_own=by_its_own)


def _forget(import_id: int) -> None:
    while _forget_slice(import_id):
        pass


def _forget_slice(import_id: int) -> int:
    with unit_of_work():
        return staging.discard(import_id=import_id, most=SLICE_ROWS)


def _read_without_mapping() -> None:
    """Keep the pages of a large SQLite file out of this process's memory; its own cache is enough."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("PRAGMA mmap_size=0"))
        db.session.rollback()


class _Taker:
    """Collects good rows and sets them aside a batch at a time."""

    def __init__(self, file: ListingsFile, aside: staging.Aside, now: Callable[[], datetime], result: ImportResult,
                 keep_picture: Callable[[Path, datetime], str]) -> None:
        self.file, self.result = file, result
        self._aside, self._now, self._keep_picture = aside, now, keep_picture
        self._rows: list[dict[str, Any]] = []

    def row_of(self, record: Record) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The record as a row with its pictures, and what is wrong with it."""
        row: dict[str, Any] = {**record.values, "position": record.number}
        problems = list(record.problems)
        if self.file.has_pictures and not problems:
            problems = self._add_pictures(row, record.pictures)
        return row, problems

    def _add_pictures(self, row: dict[str, Any], pictures: tuple[str, ...]) -> list[tuple[str, str]]:
        row["images"] = []
        row["image_addresses"] = [name for name in pictures if is_address(name)]
        for position, name in enumerate(pictures, start=1):
            if is_digest(name):
                row["images"].append(name)
            elif not is_address(name):
                try:
                    row["images"].append(self._keep_picture(self.file.picture_path(name), self._now()))
                except Refusal as refusal:
                    return [(f"image_{position}", f"is not taken: {refusal.code}")]
        return []

    def take(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) == BATCH_ROWS:
            self._store()

    def close(self, seen: _Seen) -> None:
        """Set aside the last rows and what was said of the stores; from then on the file goes in."""
        self._store()
        for facts in seen.stores():
            with unit_of_work():
                staging.set_stores_aside(aside=self._aside, facts=facts, now=self._now())
        with unit_of_work():
            staging.close(aside=self._aside, counts=self.result.as_dict(), now=self._now())

    def _store(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        with unit_of_work():
            added, changed = staging.set_listings_aside(aside=self._aside, rows=rows, now=self._now())
        self.result.added += added
        self.result.changed += changed
        self.result.unchanged += len(rows) - added - changed
