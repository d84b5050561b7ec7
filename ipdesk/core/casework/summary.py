"""The state of a case with parts: that of its most urgent part."""

from collections.abc import Sequence
from typing import Any

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.workflow import Workflow, engine

MIXED = "closed.mixed"


def summary_of(states: list[str], law: Workflow) -> str:
    """The state of lowest ``rank``; ``closed.mixed`` when all are closed but ended differently."""
    first = min(states, key=lambda state: (law.states[state].rank, state))
    if first.startswith("closed.") and len(set(states)) > 1:
        return MIXED
    return first


def summarise(
    row: Any, law: Workflow, running: Sequence[Deadline], movers: Sequence[Any] | None = None,
) -> None:
    """Write the summary of ``row`` in its own transaction; a case without parts is its own.

    ``running`` are its open deadlines, ``movers`` all its parts where the caller has them at hand.
    """
    if movers is None:
        with db.session.no_autoflush:  # the parts are there already; their states are read off the session
            movers = rules.kinds[row.case.kind].movers(row, None)
    movers = list(movers)
    if movers != [row]:
        engine.assign(row, summary_of([mover.state for mover in movers], law))
    state = law.states.get(row.state)
    row.waits_for = (state.waits_for or "") if state else ""
    rules.kinds[row.case.kind].summarised(row, movers, law, running)
