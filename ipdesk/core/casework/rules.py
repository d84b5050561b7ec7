"""The names that the law's files use, joined to functions of the features.

``wiring`` calls ``register(rules)`` of every feature's ``rules.py``; the door looks names up here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipdesk.core.kernel.actors import Actor
from ipdesk.core.outbox.enqueue import Recipient

if TYPE_CHECKING:
    from ipdesk.core.casework.advance import Act
    from ipdesk.core.workflow import Registry

Guard = Callable[["Act"], str | None]
Effect = Callable[["Act"], None]
Recipients = Callable[["Act"], Iterable[Recipient]]
Letter = Callable[["Act", Recipient], dict[str, Any]]


@dataclass
class KindOfCase:
    """What the door must know of a kind of case; the feature that owns the table provides it.

    ``load(case_id)`` gives the row, locked; ``movers(row, ids)`` what its workflow moves (the row
    itself where it has no parts); ``capacity(actor, row)`` the workflow roles of the actor in this
    very case; ``scopes(row)`` whose dashboards count it; ``summarised(row, movers,
    workflow, running)`` writes what lists of this kind show and filter by (``running``: the open deadlines);
    ``prefetch(case_ids)`` reads what acts on many cases will look at, all at once; ``describe(row)`` every fact as plain
    values, from which disclosure takes what an actor may see.
    """

    load: Callable[[int], Any]
    movers: Callable[[Any, Iterable[int] | None], list[Any]]
    capacity: Callable[[Actor, Any], frozenset[str]]
    scopes: Callable[[Any], list[str]] = lambda row: []
    summarised: Callable[[Any, list[Any], Any, Sequence[Any]], None] = lambda row, movers, law, running: None
    prefetch: Callable[[Sequence[int]], None] = lambda case_ids: None
    describe: Callable[[Any], dict[str, Any]] = lambda row: {}


@dataclass
class Rules:
    """All registered names. A name that is registered twice is a programming error."""

    workflows: "Registry" = None  # type: ignore[assignment]  # set by wiring before anybody asks
    guards: dict[str, Guard] = field(default_factory=dict)
    early_guards: set[str] = field(default_factory=set)
    effects: dict[str, Effect] = field(default_factory=dict)
    recipients: dict[str, Recipients] = field(default_factory=dict)
    letters: dict[str, Letter] = field(default_factory=dict)
    kinds: dict[str, KindOfCase] = field(default_factory=dict)
    describers: dict[str, dict[str, Callable[[Any], Any]]] = field(default_factory=dict)
    documents: dict[str, frozenset[str]] = field(default_factory=dict)
    right_types: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def guard(self, name: str, function: Guard, *, early: bool = False) -> None:
        """``early`` guards need neither the facts of the act nor its step: pages ask them before offering steps."""
        self._add(self.guards, name, function)
        if early:
            self.early_guards.add(name)

    def effect(self, name: str, function: Effect) -> None:
        self._add(self.effects, name, function)

    def recipient(self, role: str, function: Recipients) -> None:
        self._add(self.recipients, role, function)

    def recipients_of(self, kind: str, role: str) -> Recipients:
        """Who ``role`` is for a kind of case; registered as ``kind:role`` where kinds differ."""
        return self.recipients.get(f"{kind}:{role}") or self.recipients[role]

    def letter(self, message: str, function: Letter) -> None:
        self._add(self.letters, message, function)

    def kind(self, name: str, kind: KindOfCase) -> None:
        self._add(self.kinds, name, kind)

    def document(self, name: str, fields: Iterable[str]) -> None:
        """The fields of a document that a party signs, under which the table of elements says what proves an element."""
        self._add(self.documents, name, frozenset(fields))

    def describer(self, kind: str, name: str, function: Callable[[Any], Any]) -> None:
        """A feature above adds the facts ``name`` to those of a kind of case (plain values)."""
        self._add(self.describers.setdefault(kind, {}), name, function)

    def describe(self, row: Any) -> dict[str, Any]:
        """Every fact of a case as plain values."""
        kind = row.case.kind
        more = {name: say(row) for name, say in self.describers.get(kind, {}).items()}
        return {**self.kinds[kind].describe(row), **more}

    @staticmethod
    def _add(table: dict[str, Any], name: str, value: Any) -> None:
        if name in table and table[name] is not value:
            raise RuntimeError(f"{name} is registered twice")
        table[name] = value


rules = Rules()
