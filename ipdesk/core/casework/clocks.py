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
    return rules.workflows.table("deadlines")[name]


def leave(act: Any, transition: Any, group: Sequence[Any]) -> None:
    """Stop, for ``group`` only, the clocks of the states left and those the transition names."""
    law = act.workflow
    names = {law.states[act.moved[m.id]].deadline for m in group if act.moved[m.id]}
    names |= set(transition.deadlines.get("stop", ()))
    _stop([n for n in names if n], act.case.id, {m.id for m in group}, act.at)


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
    start = _start(rule.get("starts", ENTERED), act.case.id, ids) or act.at
    counted = compute(rule, start, zone=rules.settings["zone"])
    row = Deadline(
        case_id=act.case.id, name=name, status="open", started_at=start,
        opens_at=counted.opens_at, due_at=counted.due_at, fires_at=counted.fires_at,
        remind_at=_first_reminder(rule, counted.due_at, act.at), trigger=rule.get("on_expiry") or "",
        movers=ids, computation=counted.as_dict(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def _start(fact: str, case_id: int, ids: list[int]) -> datetime | None:
    """The latest recorded instant of ``fact`` for any of these movers; None for ``entered``."""
    if fact == ENTERED:
        return None
    found = db.session.execute(
        select(CaseFact.at, CaseFact.movers)
        .where(CaseFact.case_id == case_id, CaseFact.name == fact).order_by(CaseFact.id.desc())
    )
    wanted = set(ids)
    return next((at for at, movers in found if not movers or wanted & set(movers)), None)


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
    db.session.flush()


def next_due(case_id: int) -> datetime | None:
    """The earliest open deadline of a case, UTC; for people of the desk their target, not the breach."""
    target = case((and_(Deadline.trigger == "", Deadline.opens_at.is_not(None)), Deadline.opens_at),
                  else_=Deadline.due_at)
    return db.session.execute(select(func.min(target)).where(
        Deadline.case_id == case_id, Deadline.status == "open")).scalar()


def open_deadlines(case_id: int) -> list[Deadline]:
    """The running clocks of a case, most urgent first."""
    return list(db.session.execute(select(Deadline).where(
        Deadline.case_id == case_id, Deadline.status == "open").order_by(Deadline.due_at)).scalars())
