"""Who sees what: one matrix, applied in one place.

``workflows/tables/disclosure.yaml`` lists, for each kind of case, fields as dotted paths and who may
read them. Pages, letters, PDFs, dumps and exports receive ``view(row, actor)`` and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.shown import as_shown
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible

STAFF_VIEW = "staff"
# Capacity -> column. Who came by a one-time link reads what the store reads and takes no step.
_COLUMNS = {"rights_holder": "rights_holder", "seller": "seller", "guest": "rights_holder",
            "reads_for_seller": "seller", "reads_for_guest": "rights_holder"}


def audience(actor: Actor, row: Any) -> str:
    """The column of the matrix that fits ``actor``: staff, rights_holder, seller … or ``NotVisible``."""
    if actor.reads_as_staff or actor.is_clock:
        return STAFF_VIEW
    capacity = rules.kinds[row.case.kind].capacity(actor, row)
    for held, column in _COLUMNS.items():
        if held in capacity:
            return column
    raise NotVisible


def view(row: Any, actor: Actor) -> dict[str, Any]:
    """The facts of a case that ``actor`` may see, as plain values; what may not be seen is absent."""
    column = audience(actor, row)
    return disclose(row.case.kind, as_shown(rules.describe(row), workflow_of(row.case), column), column)


def disclose(kind: str, facts: Mapping[str, Any], column: str) -> dict[str, Any]:
    """``facts`` cut down to what ``column`` may see under the regime and state in ``facts``."""
    matrix = rules.workflows.table("disclosure")[kind]
    regime, state = str(facts.get("regime", "")), str(facts.get("state", ""))
    kept: dict[str, Any] = _cut(facts, matrix, column, regime, state, "")
    return kept


def _cut(
    value: Any, matrix: Mapping[str, Any], column: str, regime: str, state: str, path: str,
) -> Any:
    if isinstance(value, Mapping):
        kept = {}
        for name, inner in value.items():
            place = f"{path}.{name}" if path else name
            cell = matrix.get(place)
            if cell is None:
                continue  # what the matrix does not name, nobody sees
            if _allows(cell, column, regime, state):
                if mark := cell.get("when", {}).get(column):
                    inner = [record for record in inner if record.get(mark)]
                deeper = any(key.startswith(place + ".") for key in matrix)
                kept[name] = (
                    _cut(inner, matrix, column, regime, state, place) if deeper else inner)
        return kept
    if isinstance(value, (list, tuple)):
        return [_cut(item, matrix, column, regime, state, path) for item in value]
    return value


def _allows(cell: Mapping[str, Any], column: str, regime: str, state: str) -> bool:
    """A cell is yes, no, or a list of states (stages) in which it is yes; a regime may differ."""
    own = cell.get("regimes", {}).get(regime, {})
    rule = own.get(column, cell.get(column, False))
    if isinstance(rule, bool):
        return rule
    return any(state == wanted or state.startswith(wanted + ".") for wanted in rule)
