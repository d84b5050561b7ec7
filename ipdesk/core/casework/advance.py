"""The one door. Nothing that has a state moves in any other way."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from ipdesk.core.audit.entries import append_entry
from ipdesk.core.audit.sealing import head_line
from ipdesk.core.casework import clocks, tallies
from ipdesk.core.casework.locks import lock, note_locked
from ipdesk.core.casework.models import Case, CaseFact
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.summary import summarise
from ipdesk.core.db.core import db
from ipdesk.core.db.rows import write_rows
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Forbidden, Refusal, Stale
from ipdesk.core.kernel.ids import new_reference
from ipdesk.core.outbox.enqueue import Consequence, Recipient, enqueue_letter
from ipdesk.core.workflow import Transition, Workflow, engine

PREFIXES = {"notice": "N", "complaint": "C", "right": "R"}


@dataclass
class Act:
    """One act as guards, effects, recipients and letters see it.

    ``movers`` are the claims (or the case's own row) of *this* transition; ``moved`` maps every
    mover of the whole act to the state it came from, ``reached`` to the one it is in now; ``dates``
    are the dated facts that the act establishes, ``recorded`` what it looked up once for all who ask. ``facts`` came
    with the act (checked input and ids). ``row`` is the complaint, notice, right …; ``case`` its identity. ``opened`` are other cases that
    effects of this act opened, each with its movers.
    """

    actor: Actor
    row: Any
    case: Case
    workflow: Workflow
    trigger: str
    facts: Mapping[str, Any]
    movers: Sequence[Any] = ()
    transition: Transition | None = None
    moved: dict[int, str] = field(default_factory=dict)
    reached: dict[int, str] = field(default_factory=dict)
    dates: dict[str, datetime] = field(default_factory=dict)
    recorded: dict[str, Any] = field(default_factory=dict)
    deadlines: list[Any] = field(default_factory=list)
    letters: list[Any] = field(default_factory=list)
    opened: list[tuple[Any, Sequence[Any]]] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        return self.actor.at

    @cached_property
    def log_head(self) -> str:
        """The head of the audit log as letters of this act name it."""
        return head_line()

    @property
    def mover_ids(self) -> list[int]:
        return [mover.id for mover in self.movers]


def new_case(
    *, actor: Actor, kind: str, workflow: str, marketplace_id: int | None = None,
) -> Case:
    """A new case identity under the newest version of ``workflow``, its files' digest frozen.

    It has its number once `begin` has put the row that it is of into the database.
    """
    law = rules.workflows.workflow(workflow)
    return Case(
        kind=kind, reference=new_reference(PREFIXES[kind]), marketplace_id=marketplace_id,
        workflow=law.name, workflow_version=law.version, workflow_digest=law.digest,
        opened_at=actor.at,
    )


def begin(
    *, actor: Actor, row: Any, movers: Sequence[Any] | None = None,
    facts: Mapping[str, Any] | None = None, dated: Mapping[str, datetime] | None = None,
) -> Act:
    """Put a fresh row (and its movers) with its case into the database, in the first state of its workflow.

    Writes what a move writes: deadlines of that state, summary, tallies, audit entry.
    """
    case: Case = row.case
    law = workflow_of(case)
    movers = list(movers if movers is not None else [row])
    act = Act(actor=actor, row=row, case=case, workflow=law, trigger="open", facts=facts or {},
              movers=movers, recorded={"open_deadlines": []})  # nothing runs yet
    for mover in [row, *movers]:
        engine.assign(mover, law.initial)
    summarise(row, law, [], movers)  # already what it will be where no clock runs, so that it is written once
    row.next_due_at = None
    db.session.add_all([row, *movers])
    db.session.flush()
    note_locked([case.id])  # nobody else can know of it yet
    act.moved = {mover.id: "" for mover in movers}
    act.reached = {mover.id: law.initial for mover in movers}
    for name, instant in (dated or {}).items():
        _keep_date(act, name, instant)
    clocks.enter(act, law.initial, movers)
    _settle(act, before=None, all_movers=movers)
    return act


def workflow_of(case: Case) -> Workflow:
    """The version of the workflow that the case was opened under."""
    return rules.workflows.workflow(case.workflow, case.workflow_version)


def advance(
    *, actor: Actor, row: Any, trigger: str, movers: Sequence[Any] | None = None,
    facts: Mapping[str, Any] | None = None, dated: Mapping[str, datetime] | None = None,
    seen: int | None = None,
) -> Act:
    """Move ``movers`` (claims of ``row``, or ``row`` itself) by ``trigger``, in the open unit of work.

    ``dated`` gives the instant of a fact that the step establishes where it is not the act's own
    (``{"counter_notice_received": at}`` for a letter that came by post); ``seen`` is the version the
    person saw. Raises ``Stale``, ``Forbidden`` (another role's step) or ``Refusal``
    (no such step from here, or a guard says no). Either everything is written or, with the caller's
    roll-back, nothing: states, holds and other effects, deadlines, audit entry, letters, tallies.
    """
    movers = list(movers if movers is not None else [row])
    lock(row, movers)
    if seen is not None and seen != row.version_id:
        raise Stale(seen, row.version_id)
    if not movers:
        raise Refusal("nothing_chosen")
    before = tallies.counted(row)
    act = Act(actor=actor, row=row, case=row.case, workflow=workflow_of(row.case), trigger=trigger,
              facts=facts or {})
    groups = _choose_transitions(act, movers)
    for transition, group in groups:
        _move(act, transition, group, dated or {})
    _write_letters(act, groups)
    _settle(act, before=before)
    return act


def _choose_transitions(act: Act, movers: Sequence[Any]) -> list[tuple[Transition, list[Any]]]:
    """One transition for each mover, every guard asked before anything moves."""
    by_state: dict[str, list[Any]] = defaultdict(list)
    for mover in movers:
        by_state[mover.state].append(mover)
    capacity = rules.kinds[act.case.kind].capacity(act.actor, act.row)
    return [
        (_allowed(act, state, group, capacity), group) for state, group in sorted(by_state.items())
    ]


def _allowed(act: Act, state: str, group: list[Any], capacity: frozenset[str]) -> Transition:
    found = act.workflow.transitions_from(state, act.trigger)
    if not found:
        raise Refusal("transition_not_allowed", state=state, trigger=act.trigger)
    mine = [transition for transition in found if not capacity.isdisjoint(transition.who)]
    if not mine:
        raise Forbidden(act.trigger)
    refused = ""
    for transition in mine:
        act.movers, act.transition = group, transition
        refused = next((code for name in transition.guards if (code := rules.guards[name](act))), "")
        if not refused:
            _count_uses(act, transition, group)
            return transition
    raise Refusal(refused)


def _count_uses(act: Act, transition: Transition, group: list[Any]) -> None:
    """Refuse a step that has been taken as often as its file allows (``at_most``)."""
    if transition.at_most is None:
        return
    if any(is_used_up(mover, transition) for mover in group):
        raise Refusal("used_up", times=transition.at_most)
    for mover in group:
        times = mover.times or {}
        mover.times = {**times, transition.key: times.get(transition.key, 0) + 1}


def is_used_up(mover: Any, transition: Transition) -> bool:
    """Whether ``mover`` has taken this step as often as the file allows."""
    return transition.at_most is not None and (
        (mover.times or {}).get(transition.key, 0) >= transition.at_most)


def _move(
    act: Act, transition: Transition, group: list[Any], dated: Mapping[str, datetime],
) -> None:
    act.movers, act.transition = group, transition
    for mover in group:
        act.moved[mover.id] = mover.state
        engine.move(act.workflow, mover, act.trigger, transition)
        act.reached[mover.id] = mover.state
    if transition.establishes:
        _keep_date(act, transition.establishes, dated.get(transition.establishes, act.at))
    clocks.leave(act, transition, group)
    for name in transition.effects:
        rules.effects[name](act)
    clocks.enter(act, group[0].state, group, transition)


def _keep_date(act: Act, name: str, at: datetime) -> None:
    """Record a dated fact that clocks start from: the act's instant, or a document's arrival."""
    act.dates[name] = at
    write_rows(CaseFact, [{"case_id": act.case.id, "name": name, "at": at, "movers": act.mover_ids}])


def _write_letters(act: Act, groups: Iterable[tuple[Transition, list[Any]]]) -> None:
    """One letter for each message and party, about all the claims that this act moved for it."""
    wanted: dict[tuple[str, str], tuple[Transition, Any, list[Any]]] = {}
    for transition, group in groups:
        for line in transition.notify:
            known = wanted.get((line.to, line.message))
            if known:
                known[2].extend(group)
            else:
                wanted[line.to, line.message] = (transition, line, list(group))
    for (_, message), (transition, line, group) in wanted.items():
        act.movers, act.transition = group, transition
        for recipient in rules.recipients_of(act.case.kind, line.to)(act):
            act.letters += _letter(act, message, line, recipient)


def _letter(act: Act, message: str, line: Any, recipient: Recipient) -> list[Any]:
    consequence = Consequence(
        on_delivered=line.on_delivered, on_failed=line.on_failed,
        facts={"movers": act.mover_ids},
    )
    return enqueue_letter(
        message=message, recipient=recipient, context=rules.letters[message](act, recipient),
        at=act.at, case_id=act.case.id, reference=act.case.reference, consequence=consequence,
    )


def _settle(act: Act, *, before: Any, all_movers: Sequence[Any] | None = None) -> None:
    """Summary, next deadline, version, tallies and the audit entry: the end of every act."""
    running = clocks.running(act)
    summarise(act.row, act.workflow, running, all_movers)
    act.row.next_due_at = clocks.earliest(running)
    if before is not None:
        act.row.version_id += 1
    tallies.step(act.row, before)
    append_entry(
        case_id=act.case.id, act=act.trigger, at=act.at,
        actor_roles=sorted(act.actor.roles), actor_id=act.actor.user_id,
        payload=_payload(act),
        personal={"actor_name": act.actor.name, "address": act.actor.address}
        if act.actor.user_id or act.actor.address else {},
        first=before is None,
    )


def _payload(act: Act) -> dict[str, Any]:
    """What the log says of an act: no personal data, only ids, states, clocks and letters."""
    return {
        "workflow": f"{act.workflow.name}.v{act.workflow.version}",
        "moved": sorted([mover, start, act.reached[mover]] for mover, start in act.moved.items()),
        "deadlines": [[d.name, d.due_at] for d in act.deadlines],
        "letters": [[letter.message, letter.recipient_role, letter.channel]
                    for letter in act.letters],
        "facts": {name: value for name, value in act.facts.items()
                  if isinstance(value, (int, bool)) or name.endswith("_id")},
    }
