"""What parties may rely on: they are told, for a reason, and a restriction can be undone."""

from collections.abc import Iterator

from ipdesk.core.workflow.checker.names import HOUSE_RULE, KnownNames, cites_article
from ipdesk.core.workflow.definition import Transition, Workflow
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import Problem

# An effect whose name begins so restricts somebody and needs a row in tables/holds.yaml.
RESTRICTING = ("restrict_", "suspend_", "pause_", "block_", "make_hold_final")


def party_not_told(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Each party of the case is told, or the file says why not."""
    for t in workflow.transitions:
        told = {letter.to for letter in t.notify}
        if not t.notify and not t.silent_because:
            yield Problem("silence_without_reason", f"{t.trigger!r} tells nobody and gives no 'silent_because'", t.place)
            continue
        for party in workflow.parties:
            silent = party in t.silent_because or (not t.notify and "all" in t.silent_because)
            if party not in told and not silent:
                yield Problem("party_not_told", f"{t.trigger!r} does not tell the {party} and gives no 'silent_because' for it", t.place)
            elif party in told and party in t.silent_because:
                yield Problem("told_and_silent", f"{t.trigger!r} tells the {party} and says why it does not", t.place)


def unknown_party(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Reasons and waiting are about parties that the workflow has."""
    for t in workflow.transitions:
        for party in sorted(set(t.silent_because) - {"all", *workflow.parties}):
            yield Problem("unknown_party", f"{party!r} is no party here", t.place)
    for state in workflow.states.values():
        if state.waits_for in ("rights_holder", "seller") and state.waits_for not in workflow.parties:
            yield Problem("unknown_party", f"{state.name!r} waits for {state.waits_for!r}, who is no party here", state.place)


def secret_unkept(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A state that a party reads as another one gives it away neither by its name nor by what the party may do.

    The other state is of the same stage, or final; it is read as it is; the party has the same steps in both.
    """
    for state in workflow.states.values():
        for party, name in state.shown_to.items():
            other = workflow.states.get(name)
            if party not in workflow.parties:
                yield Problem("unknown_party", f"{party!r} is no party here", state.place)
            elif other is None or other.shown_to or not (other.final or other.stage == state.stage):
                yield Problem("shown_state_unfit", f"{state.name!r} cannot be shown as {name!r}", state.place)
            elif (own := _steps_of(workflow, party, state.name)) != (seen := _steps_of(workflow, party, name)):
                yield Problem("shown_state_differs", f"{state.name!r} is shown to the {party} as {name!r}, where it may take "
                              f"other steps: {', '.join(sorted(own ^ seen))}", state.place)


def _steps_of(workflow: Workflow, party: str, state: str) -> set[str]:
    return {edge.trigger for edge in workflow.edges(state) if party in edge.who}


def hidden_for_ever(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """What is kept from a party names triggers that exist, and a party that exists."""
    for trigger in workflow.triggers.values():
        for party, ends in trigger.hidden_from.items():
            if party not in workflow.parties:
                yield Problem("unknown_party", f"{trigger.name!r} is hidden from {party!r}, who is no party here", f"{workflow.file}:1")
            for name in ends:
                if name not in workflow.triggers:
                    yield Problem("unknown_trigger", f"{trigger.name!r} is hidden until {name!r}, which does not exist",
                                  f"{workflow.file}:1")


def basis_missing(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Every step rests on an article or on a house rule that is spelled out."""
    for t in workflow.transitions:
        if not t.basis:
            yield Problem("basis_missing", f"{t.trigger!r} names neither an article nor a house rule", t.place)
        for basis in t.basis:
            if basis.startswith(HOUSE_RULE) and not basis.removeprefix(HOUSE_RULE).strip(": "):
                yield Problem("basis_missing", f"{t.trigger!r}: the house rule is not spelled out", t.place)
            if not basis.startswith(HOUSE_RULE) and not cites_article(basis):
                yield Problem("basis_missing", f"{t.trigger!r}: {basis!r} names no article and is no house rule", t.place)


def restriction_unanswerable(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A restriction has its inverse, its statement of reasons and its way to appeal."""
    holds = registry.table("holds")
    for t in workflow.transitions:
        for effect in t.effects:
            if effect in holds:
                yield from _restriction(workflow, t, effect, holds[effect])
            elif effect.startswith(RESTRICTING):
                yield Problem("restriction_unlisted", f"{effect!r} restricts and has no row in tables/holds.yaml", t.place)


def _restriction(workflow: Workflow, t: Transition, effect: str, row: dict[str, object]) -> Iterator[Problem]:
    statements, appeal = row["statements"], row["appeal"]
    assert isinstance(statements, list) and isinstance(appeal, list)  # noqa: S101 - by schema
    if not any(row["inverse"] in edge.effects for edge in _after(workflow, t.dest)):
        yield Problem("restriction_without_inverse", f"after {t.trigger!r} nothing can undo {effect!r} by {row['inverse']!r}", t.place)
    if not any(letter.to == "seller" and letter.message in statements for letter in t.notify):
        yield Problem("restriction_without_statement",
                      f"{t.trigger!r} restricts by {effect!r} and sends the seller no statement of reasons", t.place)
    here = {t.dest, *(edge.dest for edge in workflow.edges(t.dest) if edge.by_clock)}  # at once, or when its clock ends
    if not any(edge.trigger in appeal for name in here for edge in workflow.edges(name)):
        yield Problem("restriction_without_appeal", f"after {t.trigger!r} nothing lets {effect!r} be looked at again", t.place)


def _after(workflow: Workflow, state: str) -> list[Transition]:
    """Every transition that can still be taken from ``state`` on."""
    seen, waiting, found = {state}, [state], []
    while waiting:
        for edge in workflow.edges(waiting.pop()):
            found.append(edge)
            if edge.dest not in seen:
                seen.add(edge.dest)
                waiting.append(edge.dest)
    return found


RULES = (party_not_told, unknown_party, secret_unkept, hidden_for_ever, basis_missing, restriction_unanswerable)
