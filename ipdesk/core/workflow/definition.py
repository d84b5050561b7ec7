"""A workflow as plain, frozen data, read from one strict YAML file.

Names only: no code, no expressions. States may be nested in the file by a parent entry (``delisted: {initial:
open}``) and a source or target may name a parent; here everything is expanded to leaves with dotted names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.workflow.strict_yaml import Block

# Whom a state can wait for. `delivery`: the message is on its way; `marketplace`: it must confirm an order;
# `court` and `outside` have no automatic exit.
WAITS_FOR = ("rights_holder", "seller", "staff", "delivery", "marketplace", "court", "outside", "nobody")
# What lets the clock act when no deadline ends: proof or failure of a delivery, an act on the notice, a
# confirmation by the marketplace, the end of a right's validity.
EVENTS = ("delivery", "delivery_failure", "notice", "marketplace", "validity")
KINDS = ("complaint", "notice", "right")
MODES = ("respond_first", "act_first")
CLOCK = "clock"
STAFF = ("reviewer", "legal", "admin")
# Every role that a transition may name. A guest counts as rights holder of its own notice.
ROLES = (*STAFF, "rights_holder", "seller", "staff_for_rights_holder", "staff_for_seller", CLOCK)
STAGES = ("received", "pending_response", "counter_notified", "delisted", "closed")


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a trigger is called: ``label`` on a button, ``done`` in a timeline (a whole sentence).

    ``hidden_from`` maps a party to the triggers of which one must have followed before it reads of this step.
    """

    name: str
    label: str
    done: str
    hidden_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """One leaf state.

    ``rank``: the lower, the more urgent. ``labels``, ``meaning`` and ``silence`` map an audience (``all``, ``seller``,
    ``rights_holder``, ``staff``) to what it reads of the state and of what follows when nobody acts. Exactly one of ``deadline`` and
    ``no_deadline`` (a reason) is set on a state that is not final. ``shown_to`` maps a party to the state that it reads
    instead of this one.
    """

    name: str
    labels: Mapping[str, str]
    meaning: Mapping[str, str]
    waits_for: str
    rank: int
    final: bool = False
    deadline: str | None = None
    no_deadline: str | None = None
    silence: Mapping[str, str] = field(default_factory=dict)
    shown_to: Mapping[str, str] = field(default_factory=dict)
    place: str = ""

    @property
    def stage(self) -> str:
        """The part before the dot; one of the five for claims and complaints."""
        return self.name.partition(".")[0]

    @property
    def label(self) -> str:
        """The state in a few words, for everybody."""
        return self.labels.get("all", "")

    def label_for(self, audience: str) -> str:
        """The same, as ``audience`` reads it."""
        return self.labels.get(audience) or self.label

    def meaning_for(self, audience: str) -> str:
        """What the state means, as ``audience`` reads it: who is spoken of reads "you"."""
        return self.meaning.get(audience) or self.meaning.get("all", "")

    def silence_for(self, audience: str) -> str:
        """What ``audience`` reads about silence; empty on a final state that says nothing."""
        return self.silence.get(audience) or self.silence.get("all", "")


@dataclass(frozen=True, slots=True)
class Notify:
    """One letter of a transition; the outbox row carries the two triggers that its fate fires."""

    to: str
    message: str
    on_delivered: str | None = None
    on_failed: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Transition:
    """One edge (or several with the same target).

    ``deadlines`` has ``open`` and ``stop``: names of clocks that start and end with this step, for the rows
    moved. ``establishes`` is the dated fact that the act creates (its instant is the act's, or the arrival of a
    document received elsewhere). ``at_most`` says how often one row may go through it, counted under ``key``.
    ``fired_by`` is the event that lets the clock act without a deadline. ``silent_because`` gives, per party,
    the reason for not telling it.
    """

    trigger: str
    sources: tuple[str, ...]
    dest: str
    who: tuple[str, ...]
    basis: tuple[str, ...]
    guards: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    deadlines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notify: tuple[Notify, ...] = ()
    silent_because: Mapping[str, str] = field(default_factory=dict)
    at_most: int | None = None
    four_eyes: bool = False
    establishes: str | None = None
    fired_by: str | None = None
    place: str = ""
    declared_sources: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What ``at_most`` is counted under: the trigger, wherever it starts from."""
        return self.trigger

    @property
    def by_clock(self) -> bool:
        return CLOCK in self.who

    @property
    def keeps_clock(self) -> bool:
        """Whether the state's clock runs on: a step that leads back to where it starts and names no clock."""
        return self.sources == (self.dest,) and not (self.opens or self.stops)

    @property
    def opens(self) -> tuple[str, ...]:
        return self.deadlines.get("open", ())

    @property
    def stops(self) -> tuple[str, ...]:
        return self.deadlines.get("stop", ())


# What of a row of tables/deadlines.yaml is said about the clock and does not move it.
_WORDS_OF_A_CLOCK = ("label", "basis", "remind")


@dataclass(frozen=True, eq=False)
class Workflow:
    """One version of one workflow. Compared by identity; a case is tied to it by name, version and digest."""

    name: str
    version: int
    kind: str
    label: str
    law: str
    mode: str | None
    parties: tuple[str, ...]
    initial: str
    usual: tuple[str, ...]
    states: Mapping[str, State]
    transitions: tuple[Transition, ...]
    triggers: Mapping[str, Trigger]
    parents: Mapping[str, str]
    file: str
    # Names that stand for no state, with their places; the checker reports them.
    unresolved: tuple[tuple[str, str], ...] = ()
    # The rows of tables/deadlines.yaml that its states and steps name.
    clocks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def _edges(self) -> Mapping[str, tuple[Transition, ...]]:
        found: dict[str, list[Transition]] = {}
        for transition in self.transitions:
            for source in transition.sources:
                found.setdefault(source, []).append(transition)
        return {state: tuple(edges) for state, edges in found.items()}

    def edges(self, state: str, trigger: str | None = None) -> tuple[Transition, ...]:
        """The transitions that leave ``state`` (by one ``trigger``), in the file's order; empty for an unknown state."""
        found = self._edges.get(state, ())
        return found if trigger is None else tuple(edge for edge in found if edge.trigger == trigger)

    # The same question in the words of the door.
    transitions_from = edges

    def shown(self, state: str, audience: str) -> str:
        """The state that ``audience`` reads where a row stands in ``state``."""
        found = self.states.get(state)
        return found.shown_to.get(audience, state) if found else state

    @property
    def clock_names(self) -> set[str]:
        """The deadlines that its states and steps name."""
        steps = {name for t in self.transitions for name in (*t.opens, *t.stops)}
        return steps | {state.deadline for state in self.states.values() if state.deadline}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that moves a case, its clocks included, and of what is kept from a party.

        Labels and explanations do not count: a typo is no new law.
        """
        return sha256_hex(canonical_json({
            "clocks": {name: {key: row[key] for key in row if key not in _WORDS_OF_A_CLOCK} for name, row in self.clocks.items()},
            "hidden": {t.name: dict(t.hidden_from) for t in self.triggers.values() if t.hidden_from},
            "workflow": [self.name, self.version, self.kind, self.mode, self.law, self.initial, self.parties],
            "states": {
                state.name: [state.waits_for, state.rank, state.final, state.deadline, dict(state.shown_to)]
                for state in self.states.values()
            },
            "transitions": [
                [t.trigger, t.sources, t.dest, t.who, t.guards, t.effects, t.opens, t.stops,
                 [[n.to, n.message, n.on_delivered, n.on_failed] for n in t.notify],
                 t.at_most, t.four_eyes, t.establishes, t.fired_by, t.basis]
                for t in self.transitions
            ],
        }))


_REQUIRED = ("workflow", "version", "kind", "label", "law", "parties", "initial", "triggers", "states", "transitions")
_OPTIONAL = ("mode", "usual")
_PARENT = ("label", "initial")
_STATE_REQUIRED = ("label", "meaning", "waits_for", "rank")
_STATE_OPTIONAL = ("deadline", "no_deadline", "silence", "final", "shown_to")
_TRANSITION_REQUIRED = ("trigger", "source", "dest", "who", "notify")
_TRANSITION_OPTIONAL = ("guards", "effects", "deadlines", "silent_because", "at_most", "four_eyes",
                        "establishes", "fired_by", "basis")


def workflow_from(block: Block) -> Workflow:
    """The workflow that a file describes. Raises ``DefinitionError`` for what has no meaning at all;
    what has a meaning but must not be is left to the checker."""
    block.only(_REQUIRED, _OPTIONAL)
    states, parents = _states(block.block("states"))
    unresolved: list[tuple[str, str]] = []
    transitions = tuple(
        _transition(item, states, parents, unresolved) for item in block.blocks("transitions")
    )
    initial = _leaf(block.text("initial"), states, parents)
    if initial not in states:
        unresolved.append((initial, block.place("initial")))
    return Workflow(
        name=block.text("workflow"),
        version=block.number("version") or 0,
        kind=_one_of(block, "kind", KINDS),
        label=block.text("label"),
        law=block.text("law"),
        mode=_one_of(block, "mode", MODES) if "mode" in block else None,
        parties=block.texts("parties"),
        initial=initial,
        usual=block.texts("usual"),
        states=MappingProxyType(states),
        transitions=transitions,
        triggers=MappingProxyType(_triggers(block.block("triggers"))),
        parents=MappingProxyType(parents),
        file=block.file,
        unresolved=tuple(unresolved),
    )


def _one_of(block: Block, key: str, allowed: tuple[str, ...]) -> str:
    value = block.text(key)
    if value not in allowed:
        raise block.refuse("unknown_word", f"{key!r}: {value!r} is not one of {', '.join(allowed)}", key)
    return value


def _triggers(block: Block) -> dict[str, Trigger]:
    found = {}
    for name in block:
        item = block.block(name)
        item.only(("label", "done"), ("hidden_from",))
        hidden = item.block("hidden_from")
        found[name] = Trigger(name, item.text("label"), item.text("done"),
                              MappingProxyType({party: hidden.texts(party) for party in hidden}))
    return found


def _states(block: Block) -> tuple[dict[str, State], dict[str, str]]:
    """Leaf states by name, and the initial leaf of each parent entry."""
    states: dict[str, State] = {}
    parents: dict[str, str] = {}
    for name in block:
        item = block.block(name)
        if "initial" in item:
            item.only(_PARENT[1:], _PARENT[:1])
            parents[name] = f"{name}.{item.text('initial')}"
        else:
            states[name] = _state(name, item, block.place(name))
    return states, parents


def _state(name: str, item: Block, place: str) -> State:
    item.only(_STATE_REQUIRED, _STATE_OPTIONAL)
    rank, shown = item.number("rank"), item.block("shown_to")
    return State(
        name=name,
        labels=MappingProxyType(_per_party(item, "label", "all")),
        meaning=MappingProxyType(_per_party(item, "meaning", "all")),
        waits_for=_one_of(item, "waits_for", WAITS_FOR),
        rank=rank if rank is not None else 0,
        final=item.flag("final"),
        deadline=item.maybe_text("deadline"),
        no_deadline=item.maybe_text("no_deadline"),
        silence=MappingProxyType(_per_party(item, "silence", "all")),
        shown_to=MappingProxyType({party: shown.text(party) for party in shown}),
        place=place,
    )


def _per_party(item: Block, key: str, everybody: str) -> dict[str, str]:
    """A text for everybody, or one text per party."""
    value = item.get(key)
    if value is None:
        return {}
    if isinstance(value, str):
        return {everybody: item.text(key)}
    texts = item.block(key)
    return {party: texts.text(party) for party in texts}


def _transition(
    item: Block, states: Mapping[str, State], parents: Mapping[str, str], unresolved: list[tuple[str, str]]
) -> Transition:
    item.only(_TRANSITION_REQUIRED, _TRANSITION_OPTIONAL)
    declared = item.texts("source")
    sources: list[str] = []
    for name in declared:
        leaves = _leaves(name, states)
        if not leaves:
            unresolved.append((name, item.place("source")))
        sources.extend(leaf for leaf in leaves if leaf not in sources)
    dest = _leaf(item.text("dest"), states, parents)
    if dest not in states:
        unresolved.append((dest, item.place("dest")))
    changes = item.block("deadlines")
    changes.only((), ("open", "stop"))
    at_most = item.number("at_most")
    if at_most is not None and at_most < 1:
        raise item.refuse("wrong_type", "'at_most' must be a whole number from 1", "at_most")
    return Transition(
        trigger=item.text("trigger"),
        sources=tuple(sources),
        dest=dest,
        who=item.texts("who"),
        basis=item.texts("basis"),
        guards=item.texts("guards"),
        effects=item.texts("effects"),
        deadlines=MappingProxyType({"open": changes.texts("open"), "stop": changes.texts("stop")}),
        notify=tuple(_notify(letter) for letter in item.blocks("notify")),
        silent_because=MappingProxyType(_per_party(item, "silent_because", "all")),
        at_most=at_most,
        four_eyes=item.flag("four_eyes"),
        establishes=item.maybe_text("establishes"),
        fired_by=_one_of(item, "fired_by", EVENTS) if "fired_by" in item else None,
        place=item.place(),
        declared_sources=declared,
    )


def _notify(letter: Block) -> Notify:
    letter.only(("to", "message"), ("on_delivered", "on_failed"))
    return Notify(
        letter.text("to"), letter.text("message"), letter.maybe_text("on_delivered"), letter.maybe_text("on_failed")
    )


def _leaves(name: str, states: Mapping[str, State]) -> list[str]:
    """The state itself, or all leaves below a parent, in the file's order."""
    if name in states:
        return [name]
    return [leaf for leaf in states if leaf.startswith(f"{name}.")]


def _leaf(name: str, states: Mapping[str, State], parents: Mapping[str, str]) -> str:
    """The state itself, or the initial leaf of a parent; an unknown name stays as it is."""
    return name if name in states else parents.get(name, name)
