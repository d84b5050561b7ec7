"""Clocks of a case: opened, stopped and looked up in the transaction of the act that causes it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, select

from ipdesk.core.casework.models import CaseFact
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.calendar import compute
from ipdesk.core.deadlines.models import Deadline

ENTERED = "entered"


def deadline_rule(name: str) -> Mapping[str, Any]:
    """The row of ``tables/deadlines.yaml``."""
    return rules.workflows.deadline(name)


def leave(act: Any, transition: Any, group: Sequence[Any]) -> None:
    """Stop, for ``group`` only, the clocks of the states left and those the transition names."""
    law = act.workflow
    names = {law.states[act.moved[m.id]].deadline for m in group if act.moved[m.id]}
    names |= set(transition.deadlines.get("stop", ()))
    if names := {name for name in names if name}:
        _stop(names, act.case.id, {mover.id for mover in group}, act.at)


def enter(act: Any, state: str, group: Sequence[Any], transition: Any = None) -> None:
    """Start the clocks of the state entered and those the transition names."""
    names = [act.workflow.states[state].deadline]
    if transition is not None:
        names += [n for n in transition.deadlines.get("open", ()) if n not in names]
    for name in names:
        if name:
            act.deadlines.append(_open(name, act, group))


def _open(name: str, act: Any, group: Sequence[Any]) -> Deadline:
    rule = deadline_rule(name)
    ids = [mover.id for mover in group]
    start = _start(act, rule.get("starts", ENTERED), ids) or act.at
    counted = compute(rule, start, zone=rules.settings["zone"])
    row = Deadline(
        case_id=act.case.id, name=name, status="open", started_at=start,
        opens_at=counted.opens_at, due_at=counted.due_at, fires_at=counted.fires_at,
        remind_at=_first_reminder(rule, counted.due_at, act.at), trigger=rule.get("on_expiry") or "",
        movers=ids, computation=counted.as_dict(),
    )
    db.session.add(row)
    return row


def _start(act: Any, fact: str, ids: list[int]) -> datetime | None:
    """The latest recorded instant of ``fact`` for any of these movers; None for ``entered``."""
    if fact == ENTERED:
        return None
    if fact in act.dates:
        known: datetime = act.dates[fact]
        return known
    found = db.session.execute(
        select(CaseFact.at, CaseFact.movers)
        .where(CaseFact.case_id == act.case.id, CaseFact.name == fact).order_by(CaseFact.id.desc())
    )
    wanted = set(ids)
    starts: list[datetime] = [at for at, movers in found if not movers or wanted & set(movers)]
    return starts[0] if starts else None


def _first_reminder(rule: Mapping[str, Any], due: datetime, now: datetime) -> datetime | None:
    remind = rule.get("remind")
    if not remind:
        return None
    at = due - timedelta(hours=remind["hours_before"])
    return at if at > now else None


def _stop(names: Iterable[str], case_id: int, ids: set[int], at: datetime) -> None:
    for row in db.session.execute(select(Deadline).where(
        Deadline.case_id == case_id, Deadline.status == "open", Deadline.name.in_(list(names)),
    )).scalars():
        left = [mover for mover in row.movers if mover not in ids]
        if left == row.movers:
            continue
        if left:
            row.movers = left
        else:
            row.status, row.ended_at = "stopped", at


def target_of(line: Deadline) -> datetime:
    """When a clock is due for who must act: people of the desk go by their target, not the breach."""
    return line.opens_at if not line.trigger and line.opens_at is not None else line.due_at


def next_due_after(act: Any) -> datetime | None:
    """The earliest ``target_of`` the open deadlines once ``act`` is written, UTC.

    Asked before the session has written them: what the act stopped and opened counts.
    """
    with db.session.no_autoflush:
        kept = open_deadlines(act.case.id)
    running = {id(line): line for line in [*kept, *act.deadlines] if line.status == "open"}
    return min((target_of(line) for line in running.values()), default=None)


def next_due(case_id: int) -> datetime | None:
    """The earliest ``target_of`` the open deadlines of a case, UTC."""
    target = case((and_(Deadline.trigger == "", Deadline.opens_at.is_not(None)), Deadline.opens_at),
                  else_=Deadline.due_at)
    return db.session.execute(select(func.min(target)).where(
        Deadline.case_id == case_id, Deadline.status == "open")).scalar()


def open_deadlines(case_id: int) -> list[Deadline]:
    """The running clocks of a case, most urgent first."""
    return list(db.session.execute(select(Deadline).where(
        Deadline.case_id == case_id, Deadline.status == "open").order_by(Deadline.due_at)).scalars())
