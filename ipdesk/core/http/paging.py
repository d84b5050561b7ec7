"""Lists by keyset: a page costs the same wherever it lies."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, tuple_

from ipdesk.core.db.core import db

PAGE_ROWS = 25
_BIGGEST = 2**63


@dataclass(frozen=True)
class Page:
    """``rows`` of one page; ``before`` and ``after`` are cursors, empty at the ends."""

    rows: Sequence[Any]
    before: str = ""
    after: str = ""


def _cursor(direction: str, values: Sequence[Any]) -> str:
    plain = [v.isoformat() if isinstance(v, datetime) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps([direction, *plain]).encode()).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[Any]) -> tuple[str, list[Any]] | None:
    """The direction and key values of a cursor; ``None`` for one that nobody here made."""
    try:
        direction, *values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if direction not in ("after", "before") or len(values) != len(keys):
            return None
        return direction, [_value(k.type.python_type, v) for k, v in zip(keys, values, strict=True)]
    except (ValueError, TypeError):
        return None


def _value(kind: type, said: Any) -> Any:
    """A key value out of a cursor; ``ValueError`` for one that no column could hold."""
    if kind is datetime:
        at = datetime.fromisoformat(said)
        if at.tzinfo is None:
            raise ValueError("an instant without zone")
        return at
    value = kind(said)
    if isinstance(value, int) and not -_BIGGEST <= value < _BIGGEST:
        raise ValueError("a number beyond 64 bits")
    if isinstance(value, str) and (value != said or "\0" in value):
        raise ValueError("no text")
    return value


def fetch_page(
    query: Select[Any], *, keys: Sequence[Any], cursor: str = "", descending: bool = False,
    rows: int = PAGE_ROWS,
) -> Page:
    """One page of ``query`` ordered by ``keys`` (columns that are never null, the last unique).

    The key values must be the last columns of each row. A broken cursor shows the first page.
    """
    place = _read(cursor, keys) if cursor else None
    backwards = place is not None and place[0] == "before"
    falling = descending != backwards
    if place is not None:
        # Bound by the columns' own types: an instant has another text in SQLite than a plain datetime.
        edge, here = tuple_(*keys), tuple_(*[literal(v, k.type) for k, v in zip(keys, place[1], strict=True)])
        query = query.where(edge < here if falling else edge > here)
    query = query.order_by(*[key.desc() if falling else key.asc() for key in keys]).limit(rows + 1)
    found = list(db.session.execute(query).all())
    more = len(found) > rows
    found = found[:rows]
    if backwards:
        found.reverse()
    if not found:
        return Page(found)
    width = len(keys)
    has_before = more if backwards else place is not None
    has_after = True if backwards else more
    return Page(
        found,
        before=_cursor("before", found[0][-width:]) if has_before else "",
        after=_cursor("after", found[-1][-width:]) if has_after else "",
    )
