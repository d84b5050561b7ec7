"""Deadlines: opened where they run, stopped where they end, and a clock that is never stuck."""

from collections.abc import Iterator

from ipdesk.core.workflow.checker.names import ENTERED, KnownNames
from ipdesk.core.workflow.definition import CLOCK, State, Transition, Workflow
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import Problem

LOOKED_AT_EVERY = 90  # days between two looks at what waits for a court or for outside


def expiry_of(state: State, registry: Registry) -> str | None:
    """The trigger that the clock fires when the deadline of ``state`` ends."""
    rows = registry.table("deadlines")
    if state.deadline is None or state.deadline not in rows:
        return None
    trigger: str | None = rows[state.deadline].get("on_expiry")
    return trigger


def deadline_missing(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Every state that is not final has a deadline or says why it has none, never both."""
    for state in workflow.states.values():
        if state.deadline and state.no_deadline:
            yield Problem("deadline_and_reason", f"{state.name!r} has a deadline and a reason for having none", state.place)
        elif not state.final and not state.deadline and not state.no_deadline:
            yield Problem("deadline_missing", f"{state.name!r} has neither a deadline nor a 'no_deadline' reason", state.place)


def _ends_by_itself(t: Transition, state: State, registry: Registry) -> bool:
    """Whether this step is nothing but the end of the state's own deadline."""
    return t.who == (CLOCK,) and t.fired_by is None and expiry_of(state, registry) == t.trigger


def deadlines_opened(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A transition opens the deadline of its target (unless it keeps the clock running), and no other."""
    for t in workflow.transitions:
        target = workflow.states[t.dest].deadline
        if target and target not in t.opens and not t.keeps_clock:
            yield Problem("deadline_not_opened", f"{t.trigger!r} leads to {t.dest!r} and must open {target!r}", t.place)
        for name in t.opens:
            if name != target:
                yield Problem("deadline_opened_elsewhere", f"{t.trigger!r} opens {name!r}, which {t.dest!r} does not have", t.place)


def deadlines_stopped(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A transition stops the deadline of every state it leaves (unless that has just ended or runs on), and no other."""
    for t in workflow.transitions:
        running = {workflow.states[source].deadline for source in t.sources}
        for source in t.sources:
            state = workflow.states[source]
            if state.deadline and state.deadline not in t.stops and not (t.keeps_clock or _ends_by_itself(t, state, registry)):
                yield Problem("deadline_left_running", f"{t.trigger!r} leaves {source!r} and must stop {state.deadline!r}", t.place)
        for name in t.stops:
            if name not in running:
                yield Problem("deadline_not_running", f"{t.trigger!r} stops {name!r}, which none of its sources has", t.place)


def expiry_goes_nowhere(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """The end of a deadline must lead somewhere, by the clock."""
    for state in workflow.states.values():
        trigger = expiry_of(state, registry)
        if trigger and not any(edge.by_clock for edge in workflow.edges(state.name, trigger)):
            yield Problem("expiry_goes_nowhere", f"when {state.deadline!r} ends, {trigger!r} does not leave {state.name!r} by the clock",
                          state.place)


def clock_transitions(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """The clock has a cause (a deadline or an event) and no guards: it must never be stuck."""
    for t in workflow.transitions:
        if t.fired_by and not t.by_clock:
            yield Problem("event_without_clock", f"{t.trigger!r} is fired by {t.fired_by!r} but the clock may not take it", t.place)
        if not t.by_clock:
            continue
        if t.guards:
            yield Problem("clock_transition_guarded", f"{t.trigger!r} is taken by the clock and must have no guards", t.place)
        without = [s for s in t.sources if expiry_of(workflow.states[s], registry) != t.trigger]
        if without and not t.fired_by:
            yield Problem("clock_transition_without_cause", f"no deadline of {without[0]!r} ends with {t.trigger!r}, and no event fires it",
                          t.place)


def fact_not_established(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A deadline may count only from a fact that every way to it has established."""
    certain = _certain_facts(workflow)
    rows = registry.table("deadlines")
    first = workflow.states[workflow.initial]
    if first.deadline in rows and rows[first.deadline or ""]["starts"] != ENTERED:
        yield Problem("fact_not_established", f"{first.deadline!r} counts from a fact that nothing has established yet", first.place)
    for t in workflow.transitions:
        for name in t.opens:
            fact = rows[name]["starts"] if name in rows else ENTERED
            for source in t.sources:
                if fact not in (ENTERED, t.establishes) and fact not in certain.get(source, {fact}):
                    yield Problem("fact_not_established",
                                  f"{name!r} counts from {fact!r}, which a way through {source!r} does not establish", t.place)


def _certain_facts(workflow: Workflow) -> dict[str, frozenset[str]]:
    """For every state that can be reached, the facts that all ways to it have established."""
    certain: dict[str, frozenset[str]] = {workflow.initial: frozenset()}
    waiting = [workflow.initial]
    while waiting:
        name = waiting.pop()
        for edge in workflow.edges(name):
            facts = certain[name] | ({edge.establishes} if edge.establishes else frozenset())
            known = certain.get(edge.dest)
            narrowed = facts if known is None else known & facts
            if narrowed != known:
                certain[edge.dest] = narrowed
                waiting.append(edge.dest)
    return certain


def late_staff(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Where people of the desk, the marketplace or a court are waited for, somebody is told of lateness."""
    rows = registry.table("deadlines")
    for state in workflow.states.values():
        row = rows.get(state.deadline) if state.deadline else None
        if row is None or state.waits_for not in ("staff", "marketplace", "court", "outside"):
            continue
        if "escalates_to" not in row:
            yield Problem("escalation_missing",
                          f"{state.name!r} waits for {state.waits_for}, and {state.deadline!r} tells nobody of lateness", state.place)
        if state.waits_for in ("court", "outside"):
            if "on_expiry" in row:
                yield Problem("automatic_exit", f"{state.name!r} waits for {state.waits_for}: only a document may end that", state.place)
            if row["unit"] != "calendar_day" or longest(row) > LOOKED_AT_EVERY or not row.get("repeats"):
                yield Problem("review_missing", f"{state.name!r} must be looked at every {LOOKED_AT_EVERY} days", state.place)


def longest(row: object) -> int:
    """The length of a deadline row in its unit; of a window, its end."""
    assert isinstance(row, dict)  # noqa: S101 - rows are mappings by schema
    window = row.get("window")
    found: int = window[-1] if window else row.get("length", 0)
    return found


RULES = (
    deadline_missing, deadlines_opened, deadlines_stopped, expiry_goes_nowhere, clock_transitions, fact_not_established,
    late_staff,
)
