"""Time acting: due deadlines go through the one door as the clock, reminders are written."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select

from ipdesk.core.audit.entries import append_entry
from ipdesk.core.casework import clocks
from ipdesk.core.casework.advance import Act, advance, workflow_of
from ipdesk.core.casework.journal import note
from ipdesk.core.casework.locks import locking, note_locked
from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.rows import rows_by_id
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.deadlines.calendar import compute
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.kernel.actors import clock_actor
from ipdesk.core.outbox.enqueue import enqueue_letter

log = logging.getLogger(__name__)

BATCH = 50
_RETRY = timedelta(minutes=15)


def sweep(now: datetime, batch: int = BATCH) -> int:
    """Fire one batch of deadlines due at ``now`` (UTC); returns how many were due.

    Each deadline is an act of its own (savepoint): one that cannot be carried out is tried again
    later and holds nobody up. A crash loses the open transaction only; the next sweep finds the
    same rows again, because a deadline is marked in the transaction of what it does.
    """
    with unit_of_work():
        due = _leased(
            select(Deadline).where(Deadline.status == "open", Deadline.missed_at.is_(None),
                                   Deadline.fires_at <= now, or_(Deadline.opens_at.is_(None), Deadline.opens_at <= now))
            .order_by(Deadline.fires_at, Deadline.id).limit(batch))
        _prefetch(due)
        for deadline in due:
            _fire(deadline, now)
    return len(due)


def _prefetch(due: Sequence[Deadline]) -> None:
    """Read the cases of these deadlines, and what acts on them look at, all at once instead of one by one."""
    kinds: dict[str, list[int]] = {}
    for case in rows_by_id(Case, [deadline.case_id for deadline in due]).values():
        kinds.setdefault(case.kind, []).append(case.id)
    for kind, case_ids in kinds.items():
        rules.kinds[kind].prefetch(case_ids)


def _leased(query: Select[Any]) -> Sequence[Deadline]:
    """What ``query`` finds, their cases locked; without those whose case somebody is moving just now."""
    if db.session.get_bind().dialect.name == "sqlite":
        return db.session.execute(query).scalars().all()
    cases = set(db.session.execute(locking(
        query.join(Case, Case.id == Deadline.case_id).with_only_columns(Deadline.case_id))).scalars())
    note_locked(cases)
    # Asked again: whoever held a case a moment ago may have stopped its clock.
    return db.session.execute(query.where(Deadline.case_id.in_(cases))).scalars().all() if cases else []


def _fire(deadline: Deadline, now: datetime) -> None:
    try:
        with db.session.begin_nested():
            if deadline.trigger:
                _act(deadline, now)
            else:
                _note_lateness(deadline, now)
    except Exception:
        log.exception("deadline %s of case %s", deadline.name, deadline.case_id)
        deadline.attempts += 1
        deadline.fires_at = now + _RETRY


def _act(deadline: Deadline, now: datetime) -> None:
    row = _row_of(deadline)
    law = workflow_of(row.case)
    movers = [mover for mover in rules.kinds[row.case.kind].movers(row, deadline.movers)
              if law.edges(mover.state, deadline.trigger)]
    if not movers:  # the case went another way; the clock has nothing left to do here
        deadline.status, deadline.ended_at = "stopped", now
        note(actor=clock_actor(now), case_id=row.id, act="clock_ended", deadline_id=deadline.id)
        return
    deadline.status, deadline.ended_at = "fired", now
    advance(actor=clock_actor(now), row=row, movers=movers, trigger=deadline.trigger,
            facts={"deadline_id": deadline.id})


def _row_of(deadline: Deadline) -> Any:
    case = db.session.get_one(Case, deadline.case_id)
    return rules.kinds[case.kind].load(case.id)


def _note_lateness(deadline: Deadline, now: datetime) -> None:
    """Staff (or the marketplace) are late: nothing is decided, the log says so, the clock may repeat."""
    row = _row_of(deadline)
    rule = clocks.deadline_rule(deadline.name)
    append_entry(
        case_id=deadline.case_id, act="deadline_missed", at=now, actor_roles=["clock"],
        actor_id=None, payload={"deadline": deadline.name, "due_at": deadline.due_at,
                                "escalates_to": rule.get("escalates_to", "")})
    if rule.get("repeats"):
        _start_again(deadline, rule, now)
    deadline.missed_at = now
    db.session.flush()
    row.next_due_at = clocks.next_due(deadline.case_id)
    _write(row, deadline, {"to": rule.get("escalates_to"), "message": "deadline_missed"}, now)


def _start_again(missed: Deadline, rule: Mapping[str, Any], now: datetime) -> None:
    """A new round of a clock that repeats; of the missed rounds only the last one stays, until somebody looks."""
    for line in clocks.open_deadlines(missed.case_id):
        if line.name == missed.name and line.movers == missed.movers and line.missed_at is not None:
            line.status, line.ended_at = "stopped", now
    counted = compute(rule, now, zone=rules.settings["zone"])
    db.session.add(Deadline.counted(
        counted, case_id=missed.case_id, name=missed.name, started_at=now, trigger="", movers=list(missed.movers)))


def remind(now: datetime, batch: int = BATCH) -> int:
    """Write one batch of reminders due at ``now``; returns how many."""
    with unit_of_work():
        due = _leased(
            select(Deadline).where(Deadline.status == "open", Deadline.remind_at <= now)
            .order_by(Deadline.remind_at, Deadline.id).limit(batch))
        for deadline in due:
            deadline.remind_at = None
            _remind_once(deadline, now)
    return len(due)


def _remind_once(deadline: Deadline, now: datetime) -> None:
    """One reminder in a savepoint of its own: a letter that cannot be written keeps no other one back."""
    try:
        with db.session.begin_nested():
            line = clocks.deadline_rule(deadline.name)["remind"]
            _write(_row_of(deadline), deadline, line, now)
    except Exception:
        log.exception("reminder of %s in case %s", deadline.name, deadline.case_id)


def _write(row: Any, deadline: Deadline, line: Mapping[str, Any], now: datetime) -> None:
    write_to(line["to"], line["message"], row, now, movers=deadline.movers, deadlines=[deadline],
             facts={"deadline_id": deadline.id})


def write_to(
    role: str, message: str, row: Any, now: datetime, *, facts: Mapping[str, Any], movers: Sequence[int] | None = None,
    deadlines: Sequence[Deadline] = (),
) -> None:
    """A letter about a case that no act writes: a reminder, word that something is late or did not arrive."""
    act = Act(actor=clock_actor(now), row=row, case=row.case, workflow=workflow_of(row.case),
              trigger=message, facts=facts, movers=rules.kinds[row.case.kind].movers(row, movers))
    act.deadlines = list(deadlines)
    for recipient in rules.recipients_of(row.case.kind, role)(act):
        enqueue_letter(
            message=message, recipient=recipient, context=rules.letters[message](act, recipient),
            at=now, case_id=row.case.id, reference=row.case.reference)
