"""The matrix of who sees what: a slip in it must not open a field to everybody, or shut it for all."""

from collections.abc import Iterator, Mapping
from typing import Any

from ipdesk.core.workflow.definition import KINDS, STAGES
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import Problem

COLUMNS = ("staff", "rights_holder", "seller")
_KEYS = (*COLUMNS, "regimes", "when")


def problems(registry: Registry) -> Iterator[Problem]:
    """Unknown kinds, readers, regimes and states; values that are neither yes nor no nor a list of states."""
    table = registry.table("disclosure")
    regimes = {w.name for w in registry.versions.values() if w.kind == "complaint"}
    states = set(STAGES) | {state for w in registry.versions.values() for state in w.states}
    for kind, matrix in table.items():
        place = table.place(kind)
        if kind not in KINDS:
            yield Problem("unknown_kind", f"disclosure: there is no kind of case {kind!r}", place)
            continue
        for field, cell in matrix.items():
            where = cell.place() if hasattr(cell, "place") else place
            for message in _wrong(cell, regimes, states):
                yield Problem("disclosure_unreadable", f"{kind}.{field}: {message}", where)


def _wrong(cell: Any, regimes: set[str], states: set[str]) -> Iterator[str]:
    if not isinstance(cell, Mapping):
        yield "must be a mapping of readers"
        return
    yield from (f"there is no reader {key!r}" for key in cell if key not in _KEYS)
    yield from _wrong_columns(cell, states)
    for regime, own in _mapping(cell.get("regimes")).items():
        if regime not in regimes:
            yield f"there is no regime {regime!r}"
        yield from (f"there is no reader {key!r}" for key in _mapping(own) if key not in COLUMNS)
        yield from _wrong_columns(_mapping(own), states)
    for reader, mark in _mapping(cell.get("when")).items():
        if reader not in COLUMNS or not isinstance(mark, str):
            yield f"'when' must name a fact for each reader, not {reader!r}: {mark!r}"


def _wrong_columns(columns: Mapping[str, Any], states: set[str]) -> Iterator[str]:
    for reader in COLUMNS:
        rule = columns.get(reader, False)
        if isinstance(rule, bool):
            continue
        if not isinstance(rule, (list, tuple)):
            yield f"{reader} must be yes, no or a list of states"
            continue
        yield from (f"there is no state {state!r}" for state in rule if state not in states)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
