"""What happens if nobody answers: the steps that follow by themselves, with dates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ipdesk.core.workflow.checker.names import ENTERED
from ipdesk.core.workflow.definition import State, Transition, Workflow
from ipdesk.core.workflow.registry import Registry


class Counted(Protocol):
    """What the calendar gives back: aware UTC instants (see ``deadlines.calendar.Computation``)."""

    @property
    def opens_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def until_at(self) -> datetime: ...
    @property
    def fires_at(self) -> datetime: ...


# (row of tables/deadlines.yaml, aware start, zone) → the instants
Calendar = Callable[[Mapping[str, Any], datetime, str], Counted]


@dataclass(frozen=True, slots=True)
class Step:
    """One state on the way: entered ``at`` (UTC) by ``by`` (None for the first).

    ``assumed`` steps are what staff, the post or the marketplace usually do, taken as done at once; all others
    follow from silence. ``counted`` is the state's deadline, if it has one.
    """

    state: State
    at: datetime
    by: Transition | None
    done: str
    assumed: bool
    deadline: str | None
    counted: Counted | None


def simulate(
    workflow: Workflow,
    registry: Registry,
    *,
    start: datetime,
    zone: str,
    compute: Calendar,
    state: str | None = None,
    facts: Mapping[str, datetime] | None = None,
) -> list[Step]:
    """The way a case takes from ``state`` (the first one by default), entered at ``start``, if no party does anything.

    Staff, the post and the marketplace do what the file calls ``usual``, at once. The list ends with a final state
    or with one that only a person can leave. ``facts`` are instants known before (``counter_notice_received``); a
    deadline that counts from a fact nobody gave counts from the entry.
    """
    known = dict(facts or {})
    at, by, name = start, None, state or workflow.initial
    steps: list[Step] = []
    while True:
        here = workflow.states[name]
        counted = _counted(registry, here, known, at, zone, compute)
        done = workflow.triggers[by.trigger].done if by else ""
        steps.append(Step(here, at, by, done, by is not None and by.trigger in workflow.usual, here.deadline, counted))
        following = _following(workflow, registry, here)
        if here.final or following is None or len(steps) > len(workflow.states):
            return steps
        if following.trigger not in workflow.usual and counted is not None:
            # A window that is already open when the state is entered acts at once, never in the past.
            at = max(at, counted.fires_at)
        if following.establishes:
            known[following.establishes] = at
        by, name = following, following.dest


def _counted(
    registry: Registry, state: State, known: dict[str, datetime], at: datetime, zone: str, compute: Calendar
) -> Counted | None:
    if state.deadline is None:
        return None
    row = registry.deadline(state.deadline)
    return compute(row, at if row["starts"] == ENTERED else known.setdefault(row["starts"], at), zone)


def _following(workflow: Workflow, registry: Registry, state: State) -> Transition | None:
    """What comes next without a party: the usual step first, else the end of the deadline."""
    edges = workflow.edges(state.name)
    usual = next((edge for edge in edges if edge.trigger in workflow.usual), None)
    if usual is not None:
        return usual
    expiry = registry.deadline(state.deadline).get("on_expiry") if state.deadline else None
    return next((edge for edge in edges if edge.trigger == expiry and edge.by_clock), None)
