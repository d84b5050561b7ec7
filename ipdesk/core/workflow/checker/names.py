"""Every name in a file must be known: to the file itself, to a table or to the program."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from ipdesk.core.workflow.definition import ROLES, Transition, Workflow
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import Problem

ENTERED = "entered"
STATEMENT = "statement:"
HOUSE_RULE = "house rule"
# How an article is cited: a section, an article, a regulation or a rule by its number.
_CITATION = re.compile(r"§|\bArt\.|\barts?\. |\bArticle|Regulation|C\.F\.R\.|第.+条")


def cites_article(basis: str) -> bool:
    """Whether ``basis`` rests on an article of law; a house rule does not, whatever article it mentions."""
    return not basis.startswith(HOUSE_RULE) and _CITATION.search(basis) is not None


@dataclass(frozen=True)
class KnownNames:
    """What the program has registered under the names that files may use.

    ``documents``: what a party signs → the fields that can prove an element of it. ``limits`` are the rows that the
    program reads.
    """

    guards: frozenset[str]
    effects: frozenset[str]
    recipients: frozenset[str]
    messages: frozenset[str]
    roles: frozenset[str] = frozenset(ROLES)
    documents: Mapping[str, frozenset[str]] = field(default_factory=dict)
    right_types: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()


def names_used(registry: Registry) -> KnownNames:
    """All names that the files use: what the program has to register."""
    transitions = [t for w in registry.versions.values() for t in w.transitions]
    letters = [letter for t in transitions for letter in t.notify]
    reminders = [row["remind"] for row in registry.table("deadlines").values() if "remind" in row]
    return KnownNames(
        guards=frozenset(name for t in transitions for name in t.guards),
        effects=frozenset(name for t in transitions for name in t.effects),
        recipients=frozenset(letter.to for letter in letters) | {r["to"] for r in reminders},
        messages=frozenset(letter.message for letter in letters) | {r["message"] for r in reminders},
        roles=frozenset(role for t in transitions for role in t.who),
        documents={document: frozenset(_proofs(registry, document)) for document in {
            row["document"] for row in registry.table("elements").values()}},
        right_types=frozenset(kind for name in ("regimes", "reason_codes") for row in registry.table(name).values()
                              for kind in row["right_types"]),
        limits=frozenset(registry.table("limits")),
    )


def _proofs(registry: Registry, document: str) -> Iterator[str]:
    for row in registry.table("elements").values():
        if row["document"] == document:
            for element in row["elements"]:
                for proof in element.texts("proven_by"):
                    yield from (name for name in proof.split("|") if not name.startswith(STATEMENT))


def unknown_states(workflow: Workflow) -> Iterator[Problem]:
    """A source, a target or the initial state that the file does not have."""
    for name, place in workflow.unresolved:
        yield Problem("unknown_state", f"there is no state {name!r}", place)


def unknown(code: str, what: str, used: Iterable[str], known: Iterable[str], place: str, row: str = "") -> Iterator[Problem]:
    """Names that are not known, each with the known one that is spelt most like it."""
    for name in used:
        if name not in known:
            near = get_close_matches(name, known, 1)
            yield Problem(code, f"{f'{row!r}: ' if row else ''}there is no {what} {name!r}"
                          f"{f'; is {near[0]!r} meant?' if near else ''}", place)


def unknown_guard(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A guard that no feature has registered."""
    for t in workflow.transitions:
        yield from unknown("unknown_guard", "guard", t.guards, known.guards, t.place)


def unknown_effect(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """An effect that no feature has registered."""
    for t in workflow.transitions:
        yield from unknown("unknown_effect", "effect", t.effects, known.effects, t.place)


def unknown_message(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A letter that nobody writes."""
    for t in workflow.transitions:
        yield from unknown("unknown_message", "message", (n.message for n in t.notify), known.messages, t.place)


def unknown_recipient(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A letter to somebody whom no feature can find."""
    for t in workflow.transitions:
        yield from unknown("unknown_recipient", "recipient", (n.to for n in t.notify), known.recipients, t.place)


def unknown_role(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A role that nobody can have; or a step that nobody may take."""
    for t in workflow.transitions:
        yield from unknown("unknown_role", "role", t.who, known.roles, t.place)
        if not t.who:
            yield Problem("unknown_role", f"nobody may take {t.trigger!r}", t.place)


def unknown_deadline(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A deadline that ``tables/deadlines.yaml`` does not have."""
    rows = registry.table("deadlines")
    for state in workflow.states.values():
        if state.deadline is not None:
            yield from unknown("unknown_deadline", "deadline", [state.deadline], rows, state.place)
    for t in workflow.transitions:
        yield from unknown("unknown_deadline", "deadline", (*t.opens, *t.stops), rows, t.place)


def unknown_trigger(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """A trigger without words, words without a trigger, or a letter whose fate fires nothing."""
    used = {t.trigger for t in workflow.transitions}
    for t in workflow.transitions:
        if t.trigger not in workflow.triggers:
            yield Problem("trigger_undescribed", f"{t.trigger!r} has no entry under 'triggers'", t.place)
        fired = (name for letter in t.notify for name in (letter.on_delivered, letter.on_failed) if name)
        yield from unknown("unknown_trigger", "trigger", fired, used, t.place)
        for letter in t.notify:
            yield from _wrong_fate(workflow, t, letter.on_delivered, "delivery")
            yield from _wrong_fate(workflow, t, letter.on_failed, "delivery_failure")
    top = f"{workflow.file}:1"
    yield from unknown("unknown_trigger", "trigger", [*workflow.triggers, *workflow.usual], used, top)


def _wrong_fate(workflow: Workflow, t: Transition, trigger: str | None, event: str) -> Iterator[Problem]:
    """What the fate of a letter fires is a step of the clock that waits for just that event."""
    steps = [edge for edge in workflow.transitions if edge.trigger == trigger]
    if steps and any(edge.fired_by != event for edge in steps):
        yield Problem("wrong_event", f"{trigger!r} is not a step that a {event} fires", t.place)


def at_most_differs(workflow: Workflow, registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """``at_most`` is counted by trigger, so that all its transitions must say the same."""
    first: dict[str, Transition] = {}
    for t in workflow.transitions:
        if t.at_most != first.setdefault(t.trigger, t).at_most:
            yield Problem("at_most_differs", f"{t.trigger!r} has another 'at_most' elsewhere; it is counted by trigger", t.place)


RULES = (
    unknown_guard, unknown_effect, unknown_message, unknown_recipient, unknown_role, unknown_deadline, unknown_trigger,
    at_most_differs,
)
