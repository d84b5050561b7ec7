"""Silence: parties may be silent for ever and the case still ends; staff's silence decides nothing.

The proof is finite because every cycle has a transition with ``at_most`` (rule ``cycle_unbounded``): when those
are used up, the graph has no way round, and every state below must have a way on without them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ipdesk.core.workflow.checker.clocks import expiry_of
from ipdesk.core.workflow.checker.graph import reachable
from ipdesk.core.workflow.checker.names import KnownNames, cites_article
from ipdesk.core.workflow.definition import STAFF, State, Transition, Workflow
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import Problem

_DESK = ("staff", "marketplace", "court", "outside")


def at_rest(workflow: Workflow, state: State) -> bool:
    """Where a case may stay for ever: the end, and outside complaints also a draft or a state that waits for nobody."""
    if state.final:
        return True
    return workflow.kind != "complaint" and (state.waits_for == "nobody" or state.name == workflow.initial)


def ways_on(workflow: Workflow, registry: Registry, state: State) -> list[Transition]:
    """The steps that surely remain while every party is silent and every counted step is used up.

    Where a party (or a delivery) is waited for, only the end of the deadline is sure; where the desk, the
    marketplace or a court is waited for, any step that staff may take.
    """
    expiry = expiry_of(state, registry)
    edges = [edge for edge in workflow.edges(state.name) if edge.at_most is None and edge.dest != state.name]
    if state.waits_for in _DESK:
        return [edge for edge in edges if not set(STAFF).isdisjoint(edge.who)]
    return [edge for edge in edges if edge.by_clock and edge.trigger == expiry]


def silence_never_closes(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A way on which seller or complainant can stay silent and the case never ends."""
    following = {
        name: [edge.dest for edge in ways_on(workflow, registry, workflow.states[name])] for name in reachable(workflow)
    }
    ends = {name for name in following if at_rest(workflow, workflow.states[name])}
    while True:
        further = {name for name, after in following.items() if name not in ends and not ends.isdisjoint(after)}
        if not further:
            break
        ends |= further
    for name in sorted(set(following) - ends):
        yield Problem("silence_never_closes", f"with every party silent, a case in {name!r} need never end", workflow.states[name].place)


def staff_silence_decides(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Only a restoration that a statute orders may happen because people of the desk did nothing."""
    rows, holds = registry.table("deadlines"), registry.table("holds")
    inverses = {row["inverse"] for row in holds.values()}
    for state in workflow.states.values():
        trigger = expiry_of(state, registry)
        if trigger is None or state.waits_for not in ("staff", "marketplace"):
            continue
        for edge in workflow.edges(state.name, trigger):
            restores = not inverses.isdisjoint(edge.effects) and set(holds).isdisjoint(edge.effects)
            if not (restores and _rests_on_statute(rows[state.deadline or ""], edge)):
                yield Problem("staff_silence_decides", f"the silence of {state.waits_for} in {state.name!r} leads to {edge.dest!r}; "
                              "only a restoration that a statute orders may do so", state.place)


def _rests_on_statute(clock: Mapping[str, Any], edge: Transition) -> bool:
    """Whether clock and step cite the same article of law; that a row calls itself statutory proves nothing."""
    article = str(clock["basis"])
    return bool(clock.get("statutory")) and cites_article(article) and article in edge.basis


def silence_unexplained(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Every state says what it means, and one that is not final what silence does, to everybody."""
    audiences = {"all", "staff", *workflow.parties}
    for state in workflow.states.values():
        if not state.label:
            yield Problem("label_missing", f"{state.name!r} has no label for everybody ('all')", state.place)
        if not state.meaning_for("all"):
            yield Problem("meaning_missing", f"{state.name!r} does not say to everybody what it means ('all')", state.place)
        if not state.final and not (state.silence_for("all") or set(workflow.parties) <= set(state.silence)):
            yield Problem("silence_text_missing", f"{state.name!r} does not say what silence does", state.place)
        for audience in sorted({*state.labels, *state.silence, *state.meaning} - audiences):
            yield Problem("unknown_party", f"{audience!r} is no audience here", state.place)


RULES = (silence_never_closes, staff_silence_decides, silence_unexplained)
