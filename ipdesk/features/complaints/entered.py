"""Listings as people enter them: pasted in any form, or in a file."""

import csv
import re
from collections.abc import Iterator

from flask_babel import gettext, ngettext

from ipdesk.core.http.fields import clean
from ipdesk.core.kernel.errors import Invalid
from ipdesk.features.complaints.answers import LONGEST_ENTRY, Entry

LARGEST_FILE = 2_000_000  # bytes
# Column names under which people's own lists keep the id or the address of a listing.
_NAMES = ("listing", "listing_id", "listing id", "url", "link", "address", "id", "item", "item_id", "item id",
          "asin", "product", "product_id", "product id", "listing url", "listing_url")
_IS_ADDRESS = re.compile(r"(?i)https?://")
# A further address begins behind a comma or a semicolon; inside an address both are allowed.
_NEXT_ADDRESS = re.compile(r"(?i)[,;|]+(?=https?://)")
_AROUND = "\"'“”‘’«»<>()[]{},;|"


def from_text(text: str) -> list[Entry]:
    """The ids and addresses in ``text``, separated by anything. Raises ``Invalid`` for ``pasted``."""
    found = [Entry(token) for token in _tokens(clean(text))]
    too_long = [entry for entry in found if len(entry.entered) > LONGEST_ENTRY]
    if too_long:
        raise Invalid({"pasted": [gettext(
            "“%(start)s…” has %(n)s characters and cannot be an id or an address. Separate the entries by spaces "
            "or lines.", start=too_long[0].entered[:40], n=len(too_long[0].entered))]})
    return found


def _tokens(text: str) -> Iterator[str]:
    for word in text.split():
        pieces = _NEXT_ADDRESS.split(word) if _IS_ADDRESS.search(word) else re.split(r"[,;|]+", word)
        for piece in pieces:
            token = piece.strip(_AROUND)
            if any(letter.isalnum() for letter in token):
                yield token


def from_file(content: bytes, codes: frozenset[str]) -> tuple[list[Entry], dict[int, str]]:
    """The rows of a CSV: the id or address, and if there ``reason_code`` and ``explanation``.

    The first line may name the columns; without names the first column counts. ``codes`` are
    the reason codes that fit the right; a row with another one has the reason for all, and its
    number with what stood there is returned beside the rows. Raises ``Invalid`` for ``file``.
    """
    text = _decoded(content)
    rows = [row for row in csv.reader(text.splitlines(), _dialect(text)) if any(cell.strip() for cell in row)]
    if not rows:
        raise _file_error(gettext("This file is empty."))
    columns = {cell.strip().lower(): place for place, cell in enumerate(rows[0])}
    place = next((columns[name] for name in _NAMES if name in columns), None)
    if place is None:
        return _checked([Entry(clean(row[0]).strip()) for row in rows]), {}
    reason, why = columns.get("reason_code"), columns.get("explanation")
    entries, unknown = [], {}
    for number, row in enumerate(rows[1:], 2):
        code = _cell(row, reason)
        if code and code not in codes:
            unknown[number], code = code, ""
        entries.append(Entry(_cell(row, place), code, _cell(row, why)))
    return _checked(entries), unknown


def _cell(row: list[str], place: int | None) -> str:
    return clean(row[place]).strip() if place is not None and place < len(row) else ""


def _checked(entries: list[Entry]) -> list[Entry]:
    for number, entry in enumerate(entries, 1):
        if len(entry.entered) > LONGEST_ENTRY or len(entry.explanation) > 10_000:
            raise _file_error(gettext("Row %(n)s is too long.", n=number))
    return [entry for entry in entries if entry.entered]


def _decoded(content: bytes) -> str:
    if not content:
        raise _file_error(gettext("This file is empty."))
    if len(content) > LARGEST_FILE:
        raise _file_error(gettext("This file is larger than 2 MB. Save only the column with the ids or addresses."))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if b"\x00" in content or content.startswith((b"PK", b"%PDF")):
        raise _file_error(gettext("This is no CSV file. In a spreadsheet, choose “Save as” and then CSV."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _dialect(text: str) -> type[csv.Dialect]:
    first = text.split("\n", 1)[0]
    mark = max(",;\t|", key=first.count)

    class Found(csv.excel):
        delimiter = mark

    return Found


def unknown_codes_text(unknown: dict[int, str]) -> str:
    """Which rows of a file have the reason for all, because their own is none."""
    first = "; ".join(gettext("row %(n)s: “%(code)s”", n=number, code=code[:40]) for number, code in list(unknown.items())[:10])
    return ngettext("%(num)s row names no reason code of this right, so it has the reason for all listings: %(rows)s.",
                    "%(num)s rows name no reason code of this right, so they have the reason for all listings: %(rows)s.",
                    len(unknown), rows=first + (" …" if len(unknown) > 10 else ""))


def _file_error(message: str) -> Invalid:
    return Invalid({"file": [message]})
