"""Stable bytes: the same value always gives the same JSON and so the same hash."""

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical_json(value: Any) -> bytes:
    """``value`` as JSON with sorted keys, no white space, UTF-8.

    Datetimes become UTC ISO 8601 with microseconds. NaN and infinities are refused
    (``ValueError``), unknown types too (``TypeError``).
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False,
        allow_nan=False, default=_plain,
    ).encode()


def sha256_hex(content: bytes) -> str:
    """SHA-256 of ``content`` as 64 lower-case hex digits."""
    return hashlib.sha256(content).hexdigest()


def salted_commitment(value: Any, salt: str) -> str:
    """A hash that binds ``value`` without showing it; erasing ``salt`` erases the link."""
    return sha256_hex(salt.encode() + b"\x00" + canonical_json(value))
