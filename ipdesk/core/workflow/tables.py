"""The tables beside the workflows: deadlines, calendars, grounds, statements and the like.

A table is one file of ``workflows/tables/``: a mapping from a row's name to a row. Rows are immutable once a
case has used them; a change is a new row (``put_back.v2``). The tables named in ``SCHEMAS`` are checked key by
key; others (``disclosure``) are only read strictly, and whoever uses them checks them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from ipdesk.core.workflow.strict_yaml import Block, DefinitionError, Problem


@dataclass(frozen=True)
class Table(Mapping[str, Any]):
    """Rows by name, in the file's order. A row is a read-only mapping of plain values."""

    name: str
    rows: Mapping[str, Any]
    file: str

    def __getitem__(self, row: str) -> Any:
        return self.rows[row]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, row: str) -> str:
        """``file:line`` of a row."""
        found = self.rows[row]
        return found.place() if isinstance(found, Block) else self.file


@dataclass(frozen=True, slots=True)
class Schema:
    """The keys of a row: those of text, of whole numbers, of flags, of lists of texts, of mappings."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    mappings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    untyped: tuple[str, ...] = ()


SCHEMAS: Mapping[str, Schema] = MappingProxyType({
    "deadlines": Schema(
        required=("label", "unit", "calendar", "zone", "fires", "starts", "basis"),
        optional=("length", "window", "counts_from", "ends", "roll", "stops_on", "on_expiry", "escalates_to",
                  "repeats", "remind", "statutory"),
        numbers=("length",), flags=("repeats", "statutory"), lists=("stops_on",),
        mappings={"remind": ("hours_before", "to", "message")}, untyped=("window",),
    ),
    "calendars": Schema(required=("label", "from", "until", "basis")),
    "holds": Schema(
        required=("label", "kind", "time", "inverse", "statements", "appeal", "basis"), lists=("statements", "appeal"),
    ),
    "grounds": Schema(required=("label", "hint"), optional=("helps",)),
    "reason_codes": Schema(required=("label", "hint", "right_types"), lists=("right_types",)),
    "statements": Schema(
        required=("regime", "document", "version", "basis", "statements"), numbers=("version",),
        rows={"statements": ("code", "text", "article")},
    ),
    "elements": Schema(
        required=("regime", "document", "version", "basis", "elements"), numbers=("version",),
        rows={"elements": ("code", "label", "article", "proven_by", "missing")},
    ),
    "regimes": Schema(
        required=("order", "right_types", "markets", "regime", "reason", "basis"), numbers=("order",),
        lists=("right_types", "markets"),
    ),
    "limits": Schema(required=("label", "value", "basis"), numbers=("value",)),
})


def table_from(name: str, block: Block) -> Table:
    """The table that a file holds. Raises ``DefinitionError`` with every row that breaks its schema."""
    schema = SCHEMAS.get(name)
    if schema is not None:
        problems: list[Problem] = []
        for row in block:
            try:
                _check_row(block.block(row), schema)
            except DefinitionError as error:
                problems.extend(error.problems)
        if problems:
            raise DefinitionError(problems)
    return Table(name, MappingProxyType(block), block.file)


def _check_row(row: Block, schema: Schema) -> None:
    row.only(schema.required, schema.optional)
    for key in row:
        if key in schema.numbers:
            row.number(key)
        elif key in schema.flags:
            row.flag(key)
        elif key in schema.lists:
            row.texts(key)
        elif key in schema.mappings:
            row.block(key).only(schema.mappings[key])
        elif key in schema.rows:
            for item in row.blocks(key):
                item.only(schema.rows[key])
        elif key not in schema.untyped:
            row.text(key)


def day(row: Block, key: str) -> date:
    """A calendar date written as text, ``2060-12-31``."""
    try:
        return date.fromisoformat(row.text(key))
    except ValueError:
        raise row.refuse("wrong_type", f"{key!r} must be a date like 2030-12-31", key) from None
