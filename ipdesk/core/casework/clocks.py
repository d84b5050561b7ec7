"""Clocks of a case: opened, stopped and looked up in the transaction of the act that causes it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from ipdesk.core.casework.models import CaseFact
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.calendar import compute
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.workflow import Workflow

ENTERED = "entered"
# Statements of every act are made once: making them anew costs as much as running them.
_open_of_case = select(Deadline).where(
    Deadline.case_id == bindparam("case_id"), Deadline.status == "open").order_by(Deadline.due_at)


def deadline_rule(name: str) -> Mapping[str, Any]:
    """The row of ``tables/deadlines.yaml``."""
    return rules.workflows.deadline(name)


def leave(act: Any, transition: Any, group: Sequence[Any]) -> None:
    """Stop, for ``group`` only, the clocks of the states left and those the transition names."""
    if transition.keeps_clock:
        return
    law = act.workflow
    names = {law.states[act.moved[m.id]].deadline for m in group if act.moved[m.id]}
    names |= set(transition.deadlines.get("stop", ()))
    if names := {name for name in names if name}:
        _stop(act, names, {mover.id for mover in group})


def enter(act: Any, state: str, group: Sequence[Any], transition: Any = None) -> None:
    """Start the clocks of the state entered and those the transition names."""
    if transition is not None and transition.keeps_clock:
        return
    names = [act.workflow.states[state].deadline]
    if transition is not None:
        names += [n for n in transition.deadlines.get("open", ()) if n not in names]
    for name in filter(None, names):
        rule = deadline_rule(name)
        for start, ids in _by_start(act, rule.get("starts", ENTERED), group).items():
            act.deadlines.append(_open(name, act, rule, start, ids))


def _by_start(act: Any, fact: str, group: Sequence[Any]) -> dict[datetime, list[int]]:
    """The ids of ``group`` by the instant from which their clock counts.

    Claims that one act moves together may have been answered on different days; each keeps its own.
    """
    found: dict[datetime, list[int]] = {}
    for mover in group:
        found.setdefault(_start(act, fact, mover.id) or act.at, []).append(mover.id)
    return found


def _open(
    name: str, act: Any, rule: Mapping[str, Any], start: datetime, ids: list[int],
) -> Deadline:
    counted = compute(rule, start, zone=rules.settings["zone"])
    row = Deadline.counted(
        counted, case_id=act.case.id, name=name, started_at=start,
        remind_at=_first_reminder(rule, counted.until_at, act.at), trigger=rule.get("on_expiry") or "", movers=ids)
    db.session.add(row)
    return row


def _start(act: Any, fact: str, mover_id: int) -> datetime | None:
    """The latest recorded instant of ``fact`` for this mover; None for ``entered``."""
    if fact == ENTERED:
        return None
    if fact in act.dates:
        known: datetime = act.dates[fact]
        return known
    starts: list[datetime] = [at for at, movers in _dated(act, fact) if mover_id in movers]
    return starts[0] if starts else None


def _dated(act: Any, fact: str) -> Sequence[Any]:
    """``(instant, movers)`` of every time ``fact`` was recorded in this case, the latest first; read once an act."""
    if fact not in act.recorded:
        act.recorded[fact] = db.session.execute(
            select(CaseFact.at, CaseFact.movers)
            .where(CaseFact.case_id == act.case.id, CaseFact.name == fact)
            .order_by(CaseFact.id.desc())).all()
    return act.recorded[fact]  # type: ignore[no-any-return]


def _first_reminder(rule: Mapping[str, Any], due: datetime, now: datetime) -> datetime | None:
    remind = rule.get("remind")
    if not remind:
        return None
    at = due - timedelta(hours=remind["hours_before"])
    return at if at > now else None


def _stop(act: Any, names: set[str], ids: set[int]) -> None:
    for row in running(act):
        if row.name not in names:
            continue
        left = [mover for mover in row.movers if mover not in ids]
        if left == row.movers:
            continue
        if left:
            row.movers = left
        else:
            row.status, row.ended_at = "stopped", act.at


def of_case(case_id: int, name: str) -> Sequence[Deadline]:
    """Every run of this clock in the case, in the order in which they began, ended ones too."""
    return db.session.execute(select(Deadline).where(
        Deadline.case_id == case_id, Deadline.name.in_(versions(name))).order_by(Deadline.id)).scalars().all()


def over_by(law: Workflow, states: Iterable[str], trigger: str, fact: str, since: datetime, now: datetime) -> bool:
    """Whether the clock that ``trigger`` starts from ``fact`` at ``since`` would have run out by ``now`` already."""
    started = {law.states[edge.dest].deadline for state in states for edge in law.edges(state, trigger)}
    found = [deadline_rule(name) for name in started if name]
    return any(compute(rule, since, zone=rules.settings["zone"]).fires_at <= now for rule in found if rule.get("starts") == fact)


def versions(name: str) -> list[str]:
    """The rows of ``tables/deadlines.yaml`` that are this clock: ``response``, and what replaced it (``response.v2``)."""
    return [row for row in rules.workflows.table("deadlines") if row.partition(".")[0] == name]


def is_desk_clock(name: str) -> bool:
    """Whether people of the desk are to act before this clock ends, also where a statute acts without them."""
    return bool(deadline_rule(name).get("escalates_to"))


def desk_clocks() -> frozenset[str]:
    """The names of all of them."""
    return frozenset(name for name in rules.workflows.table("deadlines") if is_desk_clock(name))


def looked_at(case_id: int, at: datetime) -> None:
    """Somebody has looked at what a repeating clock asked for: the round that was missed is over."""
    for line in open_deadlines(case_id):
        if line.missed_at is not None and deadline_rule(line.name).get("repeats"):
            line.status, line.ended_at = "stopped", at
    db.session.flush()


def earliest(lines: Iterable[Deadline]) -> datetime | None:
    """The earliest ``until_at`` of these deadlines, UTC."""
    return min((line.until_at for line in lines), default=None)


def running(act: Any) -> list[Deadline]:
    """The open deadlines of the case as ``act`` leaves them: those that it found, read once, and those that it opened."""
    if "open_deadlines" not in act.recorded:
        with db.session.no_autoflush:  # what the act has changed is asked of the rows themselves
            act.recorded["open_deadlines"] = open_deadlines(act.case.id)
    return [row for row in {*act.recorded["open_deadlines"], *act.deadlines} if row.status == "open"]


def next_due(case_id: int) -> datetime | None:
    """The earliest ``until_at`` of the open deadlines of a case, UTC."""
    return earliest(open_deadlines(case_id))


def open_deadlines(case_id: int) -> list[Deadline]:
    """The running clocks of a case, most urgent first."""
    return list(db.session.execute(_open_of_case, {"case_id": case_id}).scalars())
