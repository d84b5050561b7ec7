"""The listings file: one CSV, read record by record, each found good or refused with column and reason.

Columns: ``listing_id, store_id, store_name, title, url``, and if there ``brand, price, currency,
category, description, contact_email, locale, country, image_1`` … ``image_12``. UTF-8, with or
without a byte order mark; any line ends; quoted cells may hold line ends. A number is the record's
place in the file, the header being 1, as spreadsheets show it. A quote that opens a cell and is not closed swallows
what follows until the reader gives up; every line of that counts as a record of its own and is refused.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ipdesk.core.http.fields import clean
from ipdesk.core.kernel.text import N_
from ipdesk.features.catalogue import schemas
from ipdesk.features.catalogue.addresses import address_key

REQUIRED = ("listing_id", "store_id", "store_name", "title", "url")
IMAGES = tuple(f"image_{n}" for n in range(1, 13))
KNOWN = frozenset({*schemas.LIMITS, *IMAGES})
# The columns that the rejects file puts before a refused row: a mended rejects file can be imported.
REJECT_COLUMNS = ("rejected_row", "rejected_column", "problem")
_MOST_FIELD = 1_000_000
_SEVERAL_LINES = frozenset({"description"})
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PATTERNS = {
    "listing_id": (schemas.ID_PATTERN, N_("contains a space")),
    "store_id": (schemas.ID_PATTERN, N_("contains a space")),
    "price": (schemas.PRICE_PATTERN, N_("is not a price in digits, like 1234.50")),
    "currency": (schemas.CURRENCY_PATTERN, N_("is not a code of three capital letters, like USD")),
    "country": (schemas.COUNTRY_PATTERN, N_("is not a code of two capital letters, like DE")),
    "locale": (schemas.LOCALE_PATTERN, N_("is not a language code, like en or zh_CN")),
    "contact_email": (_MAIL, N_("is not an e-mail address")),
}
# A spreadsheet would run a cell that begins like this.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class BrokenHeader(ValueError):
    """The file cannot be a listings file; nothing of it was imported. The text says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: ``values`` by column, ``pictures`` as written, ``problems`` as (column, sentence)."""

    number: int
    cells: Sequence[str]
    values: dict[str, str] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


class ListingsFile:
    """An open listings file. ``header`` holds its columns, ``raw`` the byte stream for progress."""

    def __init__(self, raw: IO[bytes], text: IO[str], folder: Path) -> None:
        self.raw = raw
        self.folder = folder
        csv.field_size_limit(_MOST_FIELD)
        self._lines: list[str] = []
        self._reader = csv.reader(self._noted(text), strict=True)
        self.header = self._read_header()
        self.columns = tuple(name for name in self.header if name in schemas.LIMITS)
        self.has_pictures = any(name in IMAGES for name in self.header)
        self._is_rejects_file = REJECT_COLUMNS[0] in self.header

    def _noted(self, text: IO[str]) -> Iterator[str]:
        """The lines of the file; those of the record that is being read are kept."""
        for line in text:
            self._lines.append(line)
            yield line

    def _read_header(self) -> tuple[str, ...]:
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            raise BrokenHeader(f"the first line is not CSV: {error}") from error
        if not cells:
            raise BrokenHeader("the file is empty: the first line must name the columns")
        header = tuple(cell.strip() for cell in cells)
        missing = [name for name in REQUIRED if name not in header]
        unknown = [name for name in header if name not in KNOWN and name not in REJECT_COLUMNS]
        twice = sorted({name for name in header if header.count(name) > 1})
        problems = [f"{what}: {', '.join(map(repr, names))}" for what, names in (
            ("missing column", missing), ("unknown column", unknown), ("column named twice", twice)) if names]
        if "price" in header and "currency" not in header:
            problems.append("the column 'price' needs the column 'currency'")
        if problems:
            raise BrokenHeader("; ".join(problems))
        return header

    def records(self) -> Iterator[Record]:
        """Every record after the header, blank lines left out."""
        number = 1
        while True:
            self._lines.clear()
            number += 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield from self._refused(number, f"is not CSV: {error}")
                number += len(self._lines) - 1
                continue
            if len(cells) == len(self.header):
                yield self._check(number, cells)
            elif cells:
                yield from self._refused(number, f"the row has {len(cells)} cells, the header has {len(self.header)}")
                number += len(self._lines) - 1

    def _refused(self, number: int, sentence: str) -> Iterator[Record]:
        """What was read for one record that is none: its one line, or every line that an open quote has swallowed."""
        last = self._reader.line_num
        first = last - len(self._lines) + 1
        if first < last:
            sentence += f": a quote opens in line {first} and takes in all up to line {last}"
        for place, line in enumerate(self._lines):
            if line.strip():
                yield Record(number + place, _cells_of(line), problems=(("", sentence),))
            sentence = f"stands inside the quote that opens in line {first}"

    def _check(self, number: int, cells: list[str]) -> Record:
        if self._is_rejects_file:
            cells = [_unguarded(cell) for cell in cells]
        values: dict[str, str] = {}
        pictures: list[str] = []
        problems: list[tuple[str, str]] = []
        for column, cell in zip(self.header, cells, strict=True):
            if column in schemas.LIMITS:
                values[column] = tidy(column, cell)
                if problem := problem_of(column, cell, values[column]):
                    problems.append((column, problem))
            elif column in IMAGES and cell.strip():
                pictures.append(cell.strip())
                if problem := self._picture_problem(cell.strip()):
                    problems.append((column, problem))
        if values.get("price") and not values["currency"]:
            problems.append(("currency", N_("is empty, and there is a price")))
        return Record(number, cells, values, tuple(pictures), tuple(problems))

    def _picture_problem(self, text: str) -> str:
        if _DIGEST.fullmatch(text) or is_address(text):
            return ""
        try:
            path = self.picture_path(text)
            if not path.is_relative_to(self.folder):
                return N_("leads out of the folder of the file")
            return "" if path.is_file() else N_("names no picture beside the file")
        except (OSError, ValueError):
            return N_("names no picture beside the file")

    def picture_path(self, text: str) -> Path:
        """Where a picture named in the file lies. Raises ``OSError`` or ``ValueError`` for what is no name of a file."""
        return (self.folder / text).resolve()


def _cells_of(line: str) -> list[str]:
    """The cells of one line for the rejects file, however broken it is."""
    line = line.rstrip("\r\n")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return [line]


def is_address(text: str) -> bool:
    """Whether a picture is known by a web address (which the desk does not fetch)."""
    return text.startswith(("https://", "http://"))


def is_digest(text: str) -> bool:
    """Whether a picture is named by its SHA-256 in the evidence store."""
    return _DIGEST.fullmatch(text) is not None


def tidy(column: str, cell: str) -> str:
    """The cell as it is stored: without invisible characters, in one line where one line is meant."""
    if cell.isascii() and cell.isprintable():
        return " ".join(cell.split()) if "  " in cell else cell.strip()
    text = clean(cell.encode("utf-8", "replace").decode())
    return text.strip() if column in _SEVERAL_LINES else " ".join(text.split())


def problem_of(column: str, cell: str, text: str) -> str:
    """Why the cell cannot be taken, as a sentence after its column's name; empty when it can."""
    limit = schemas.LIMITS[column]
    if len(text) > limit:
        return f"has {len(text)} characters, at most {limit} are possible"
    if not text:
        return N_("is empty") if column in REQUIRED and column != "url" else ""
    if not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell):
        return N_("is not UTF-8 text")
    if column == "url":
        return "" if address_key(text) else N_("is not a web address, like https://market.example/item/1")
    pattern = _PATTERNS.get(column)
    return pattern[1] if pattern and not pattern[0].fullmatch(text) else ""


class Rejects:
    """The rejects file: number, columns, reasons, then the row as it came, one line per refused row.

    Written only when a row is refused; an older file of the same name is then replaced, and
    emptied to its header when nothing is refused, so that it always tells of the last run.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.count = 0
        self._width = len(header)
        self._header = [name for name in header if name not in REJECT_COLUMNS]
        self._kept = [i for i, name in enumerate(header) if name not in REJECT_COLUMNS]
        self._file: IO[str] | None = None
        self._writer: Any = None

    def add(self, record: Record, problems: Sequence[tuple[str, str]]) -> None:
        if self._writer is None:
            self._open()
        self.count += 1
        whole = len(record.cells) == self._width
        cells = [record.cells[i] for i in self._kept] if whole else record.cells
        self._writer.writerow([
            record.number, "; ".join(column for column, _ in problems),
            "; ".join(f"{column} {sentence}".strip() for column, sentence in problems),
            *(guarded(cell) for cell in cells)])

    def close(self) -> None:
        if self._writer is None and self.path.exists():
            self._open()
        if self._file is not None:
            self._file.close()

    def _open(self) -> None:
        self._file = self.path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([*REJECT_COLUMNS, *self._header])


def guarded(cell: str) -> str:
    """The cell so that no spreadsheet runs it; an apostrophe that is there already is doubled."""
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell
