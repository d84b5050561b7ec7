"""The shape of the graph: what can be reached, left, counted and summed up."""

from collections.abc import Iterator, Mapping

from ipdesk.core.workflow.checker.names import KnownNames
from ipdesk.core.workflow.definition import STAFF, STAGES, Workflow
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import Problem


def reachable(workflow: Workflow) -> set[str]:
    """Every state that some sequence of acts leads to."""
    seen, waiting = {workflow.initial}, [workflow.initial]
    while waiting:
        for edge in workflow.edges(waiting.pop()):
            if edge.dest not in seen:
                seen.add(edge.dest)
                waiting.append(edge.dest)
    return seen


def unreachable_state(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A state to which nothing leads."""
    seen = reachable(workflow)
    for state in workflow.states.values():
        if state.name not in seen:
            yield Problem("unreachable_state", f"nothing leads to {state.name!r}", state.place)


def dead_end(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A state that is not final and that nothing can leave."""
    for state in workflow.states.values():
        if not state.final and not any(edge.dest != state.name for edge in workflow.edges(state.name)):
            yield Problem("dead_end", f"nothing can leave {state.name!r}, and it is not final", state.place)


def trigger_declared_twice(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A trigger on a parent and its child, or twice from one state: two targets for one act."""
    taken: dict[tuple[str, str], tuple[str, ...]] = {}
    for t in workflow.transitions:
        for source in t.sources:
            before = taken.setdefault((t.trigger, source), t.declared_sources)
            if before is t.declared_sources:
                continue
            nested = (source in before) != (source in t.declared_sources)
            code = "trigger_on_parent_and_child" if nested else "ambiguous_trigger"
            yield Problem(code, f"{t.trigger!r} leaves {source!r} by two transitions", t.place)


def stages(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A complaint has the five stages; ``closed`` and only ``closed`` is final; final waits for nobody."""
    for state in workflow.states.values():
        if state.final and state.waits_for != "nobody":
            yield Problem("final_state_waits", f"{state.name!r} is final and cannot wait for anybody", state.place)
        if workflow.kind != "complaint":
            continue
        if state.stage not in STAGES or "." not in state.name:
            yield Problem("unknown_stage", f"{state.name!r} belongs to none of the five: {', '.join(STAGES)}", state.place)
        elif state.final != (state.stage == "closed"):
            yield Problem("final_outside_closed", f"{state.name!r}: closed states and no others are final", state.place)


def ranks(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """The most urgent state must be a single one, and never a closed one while another is open."""
    seen: dict[int, str] = {}
    urgent = [state.rank for state in workflow.states.values() if not state.final]
    for state in workflow.states.values():
        if state.rank in seen:
            yield Problem("rank_repeated", f"{state.name!r} has the rank of {seen[state.rank]!r}", state.place)
        seen.setdefault(state.rank, state.name)
        if workflow.kind == "complaint" and state.final and urgent and state.rank < max(urgent):
            yield Problem("closed_before_open", f"{state.name!r} is final and ranks before an open state", state.place)


def cycle_unbounded(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A round that could be walked for ever: each cycle needs a transition with ``at_most``."""
    unbounded = {
        name: [edge.dest for edge in workflow.edges(name) if edge.at_most is None] for name in workflow.states
    }
    round_trip = _cycle(unbounded)
    if round_trip:
        place = workflow.states[round_trip[0]].place
        yield Problem("cycle_unbounded", f"this round has no 'at_most': {' → '.join(round_trip)}", place)


def _cycle(graph: Mapping[str, list[str]]) -> list[str]:
    """One cycle of the graph, its first state repeated at the end; empty when there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name):], name]
        if name in done:
            return []
        for following in graph[name]:
            found = walk(following, [*path, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in graph if (found := walk(name, []))), [])


def act_now_missing(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Where the listing stays up while a party may answer, staff must be able to act on a manifest case."""
    if workflow.mode != "respond_first":
        return
    for state in workflow.states.values():
        up_and_waiting = state.stage == "pending_response" or (
            state.stage == "counter_notified" and state.waits_for in workflow.parties
        )
        if up_and_waiting and not any(not set(STAFF).isdisjoint(e.who) for e in workflow.edges(state.name, "act_now")):
            yield Problem("act_now_missing", f"staff cannot act on a manifest case in {state.name!r}", state.place)


RULES = (
    unreachable_state, dead_end, trigger_declared_twice, stages, ranks, cycle_unbounded, act_now_missing,
)
