"""What a claim's hold does on every path: it is there while the listing is down and settled when the claim ends."""

from collections.abc import Iterator

from ipdesk.core.workflow.checker.names import KnownNames
from ipdesk.core.workflow.definition import Transition, Workflow
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import Problem

NONE, INTERIM, FINAL = "no hold", "an interim hold", "a final hold"
_LEAVES = {"restrict_listing": INTERIM, "lift_restriction": NONE, "make_hold_interim": INTERIM}
_ASKS = {"claims_are_unrestricted": NONE, "claims_are_restricted": INTERIM}
# Steps that take something down at once, or take up again what was settled: a second person signs, too.
FOUR_EYES = ("act_now", "reopen")


def _after(t: Transition, hold: str) -> str:
    for effect in t.effects:
        if effect == "make_hold_final":
            hold = FINAL if hold != NONE else NONE
        elif effect == "make_hold_interim":
            hold = INTERIM if hold != NONE else NONE
        else:
            hold = _LEAVES.get(effect, hold)
    return hold


def _possible(t: Transition, holds: set[str]) -> set[str]:
    """The holds with which this step can be taken: its guards ask for some of them."""
    asked = {_ASKS[guard] for guard in t.guards if guard in _ASKS}
    return {hold for hold in holds if not asked or (hold == NONE) == (NONE in asked)}


def holds_of(workflow: Workflow) -> dict[str, set[str]]:
    """For every state that can be reached the holds that a claim in it can own."""
    found: dict[str, set[str]] = {workflow.initial: {NONE}}
    waiting = [workflow.initial]
    while waiting:
        name = waiting.pop()
        for edge in workflow.edges(name):
            reached = {_after(edge, hold) for hold in _possible(edge, found[name])}
            if not reached <= found.setdefault(edge.dest, set()):
                found[edge.dest] |= reached
                waiting.append(edge.dest)
    return found


def hold_unsettled(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A claim that is over has no interim hold; a claim that is delisted has a hold."""
    if workflow.kind != "complaint":
        return
    for name, holds in holds_of(workflow).items():
        state = workflow.states[name]
        if state.final and INTERIM in holds:
            yield Problem("hold_outlives_claim", f"a claim can end in {name!r} with an interim hold that nothing lifts", state.place)
        if state.stage == "delisted" and NONE in holds:
            yield Problem("delisted_without_hold", f"a claim can stand in {name!r} without a hold on its listing", state.place)


def second_person_missing(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Acting at once and reopening need a second person."""
    for t in workflow.transitions:
        if t.trigger in FOUR_EYES and not t.four_eyes:
            yield Problem("second_person_missing", f"{t.trigger!r} needs 'four_eyes: true'", t.place)


def seller_unheard(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A seller is told before its listing can be restricted, and answers by itself with a complete document."""
    if workflow.kind != "complaint":
        return
    for t in workflow.transitions:
        first = any(source.startswith("received.") for source in t.sources)
        if first and t.dest.partition(".")[0] in ("pending_response", "delisted") and "tell_seller" not in t.effects:
            yield Problem("seller_not_told", f"{t.trigger!r} opens the complaint to the seller and must 'tell_seller'", t.place)
        if t.trigger == "receive_counter_notice":
            if "seller" not in t.who:
                yield Problem("seller_shut_out", "the seller itself must be able to 'receive_counter_notice'", t.place)
            if "counter_notice_is_complete" not in t.guards:
                yield Problem("document_unchecked", f"{t.trigger!r} needs the guard 'counter_notice_is_complete'", t.place)


RULES = (hold_unsettled, second_person_missing, seller_unheard)
