"""What an actor may do with a case now, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ipdesk.core.casework.advance import Act, is_used_up, workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.kernel.actors import Actor


@dataclass(frozen=True)
class Choice:
    """One step: the ids it could move now, and the refusal code where a known fact forbids it."""

    trigger: str
    label: str
    movers: tuple[int, ...]
    four_eyes: bool = False
    why_not: str = ""

    @property
    def allowed(self) -> bool:
        return not self.why_not


def choices(actor: Actor, row: Any, movers: Sequence[Any] | None = None) -> dict[str, Choice]:
    """Every step of the workflow open to ``actor`` in this case, by trigger, in the file's order.

    Guards that need what a form will bring are asked by the door, not here.
    """
    kind = rules.kinds[row.case.kind]
    capacity = kind.capacity(actor, row)
    law = workflow_of(row.case)
    found: dict[str, Choice] = {}
    answers: dict[tuple[str, int], str | None] = {}
    recorded: dict[str, Any] = {}
    for mover in movers if movers is not None else kind.movers(row, None):
        for transition in law.transitions_from(mover.state):
            if capacity.isdisjoint(transition.who) or is_used_up(mover, transition):
                continue
            known = found.get(transition.trigger)
            if known and known.allowed:
                found[transition.trigger] = _with(known, mover)
                continue
            found[transition.trigger] = Choice(
                trigger=transition.trigger, label=law.triggers[transition.trigger].label,
                movers=(*(known.movers if known else ()), mover.id),
                four_eyes=transition.four_eyes, why_not=_why_not(actor, row, law, mover, transition, answers, recorded))
    return found


def _with(choice: Choice, mover: Any) -> Choice:
    if mover.id in choice.movers:
        return choice
    return Choice(choice.trigger, choice.label, (*choice.movers, mover.id), choice.four_eyes)


def _why_not(
    actor: Actor, row: Any, law: Any, mover: Any, transition: Any, answers: dict[tuple[str, int], str | None],
    recorded: dict[str, Any],
) -> str:
    """The first refusal of the early guards; each is asked once about a mover, whatever the step is.

    ``recorded`` is what guards looked up once for all movers (`Act.recorded`).
    """
    act = Act(actor=actor, row=row, case=row.case, workflow=law, trigger=transition.trigger,
              facts={}, movers=[mover], transition=transition, recorded=recorded)
    for name in transition.guards:
        if name in rules.early_guards:
            if (name, mover.id) not in answers:
                answers[name, mover.id] = rules.guards[name](act)
            if code := answers[name, mover.id]:
                return code
    return ""
