"""What happened in a case, from the audit log, in the words of its workflow file."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ipdesk.core.audit.entries import entries_of
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.journal import DESK_ACTS, STAFF_ONLY_ACTS
from ipdesk.core.workflow import Workflow

_SIDES = (
    ("clock", "clock"), ("legal", "staff"), ("reviewer", "staff"), ("admin", "staff"),
    ("seller", "seller"), ("rights_holder", "rights_holder"), ("agent", "rights_holder"),
)


@dataclass(frozen=True)
class Event:
    """One entry: what was done (an English sentence to translate), by which side (and person, for staff to read), to how many."""

    at: datetime
    act: str
    title: str
    side: str
    moved: list[tuple[int, str, str]] = field(default_factory=list)
    letters: list[list[str]] = field(default_factory=list)
    hash: str = ""
    number: int = 0
    actor_id: int | None = None

    @property
    def states(self) -> list[str]:
        """The states reached, each once."""
        return sorted({end for _, _, end in self.moved if end})


def timeline(
    row: Any, only: Iterable[int] | None = None, *, desk: bool = False, audience: str = "",
) -> list[Event]:
    """The events of a case, newest first; with ``only``, those that moved one of these parts.

    What people of the desk did without moving the case is their own: only with ``desk``. That the desk was
    late, or made a bundle, is told with ``desk`` and to the ``audience`` staff. What a trigger's
    ``hidden_from`` keeps from the party ``audience`` is left out until a step named there has followed.
    """
    law = workflow_of(row.case)
    wanted = set(only) if only is not None else None
    events = []
    for entry in entries_of(row.case.id):
        if not desk and (entry.act in DESK_ACTS or (entry.act in STAFF_ONLY_ACTS and audience != "staff")):
            continue
        body = json.loads(entry.body)
        moved = [tuple(line) for line in body["payload"].get("moved", [])]
        if wanted is not None and moved and wanted.isdisjoint(m[0] for m in moved):
            continue
        trigger = law.triggers.get(entry.act)
        events.append(Event(
            at=entry.at, act=entry.act, title=trigger.done if trigger else entry.act,
            side=_side(body["roles"]), moved=moved, letters=body["payload"].get("letters", []),
            hash=entry.hash, number=entry.number, actor_id=body["actor_id"]))
    return [event for place, event in enumerate(events)
            if not _is_secret(event, events[place + 1:], law, audience)][::-1]


def secrets(row: Any, audience: str) -> list[Event]:
    """The acts of the workflow that ``audience`` may not read of yet."""
    known = {event.number for event in timeline(row, audience=audience)}
    return [event for event in timeline(row, audience="staff")
            if event.number not in known and event.act not in STAFF_ONLY_ACTS]


def _is_secret(event: Event, later: Iterable[Event], law: Workflow, audience: str) -> bool:
    """Whether ``audience`` may not read of ``event`` yet: nothing ``later`` about the same parts has disclosed it."""
    trigger = law.triggers.get(event.act)
    if trigger is None or audience not in trigger.hidden_from:
        return False
    parts, ends = {number for number, _, _ in event.moved}, trigger.hidden_from[audience]
    return not any(one.act in ends and not parts.isdisjoint(number for number, _, _ in one.moved) for one in later)


def _side(roles: Iterable[str]) -> str:
    held = set(roles)
    return next((side for role, side in _SIDES if role in held), "rights_holder")
