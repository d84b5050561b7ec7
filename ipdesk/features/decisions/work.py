"""Who works on what: take, take next, give back, reassign, note. Nothing of it moves a state or a version."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select

from ipdesk.core.casework import clocks, journal
from ipdesk.core.casework.locks import locking
from ipdesk.core.casework.models import Case, Note
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.complaints import operations as notices
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.features.decisions import queries
from ipdesk.features.decisions.models import HandlerSkill

# So long a handler holds a case without acting; then others are given it.
TIME_OUT = timedelta(minutes=30)


def is_held_by_another(actor: Actor, row: Any) -> bool:
    """Whether somebody else holds the case now."""
    if row.assignee_id in (None, actor.user_id):
        return False
    return row.taken_until is None or row.taken_until > actor.at


def require_free(actor: Actor, row: Any) -> None:
    """Refuse (``taken_by_another``) a step in a case that somebody else holds."""
    if is_held_by_another(actor, row):
        raise Refusal("taken_by_another", name=accounts.get_user(row.assignee_id).name)


def take(*, actor: Actor, row: Any) -> Any:
    """Hold the case for half an hour; taking it again starts the half hour anew.

    Refuses ``taken_by_another`` and ``conflict_of_interest``.
    """
    require_free(actor, row)
    if queries.conflict_of(actor.user_id, row) is not None:
        raise Refusal("conflict_of_interest")
    return _hold(actor, row)


def _hold(actor: Actor, row: Any) -> Any:
    if row.assignee_id != actor.user_id or row.taken_until is not None:
        if row.assignee_id != actor.user_id:
            journal.note(actor=actor, case_id=row.id, act="case_taken")
        row.assignee_id, row.taken_until = actor.user_id, actor.at + TIME_OUT
    db.session.flush()
    return row


def give_back(*, actor: Actor, row: Any) -> Any:
    """Put one's own case back into the queue; an administrator puts back anybody's."""
    if row.assignee_id is None:
        return row
    if row.assignee_id != actor.user_id and not actor.has("admin"):
        require_free(actor, row)
    journal.note(actor=actor, case_id=row.id, act="case_given_back", holder_id=row.assignee_id)
    row.assignee_id = row.taken_until = None
    db.session.flush()
    return row


def reassign(*, actor: Actor, row: Any, user_id: int) -> Any:
    """Give the case to a handler for good: no time-out, whoever held it before.

    Refuses somebody who is no handler (``not_a_handler``) or has a conflict of interest.
    """
    user = accounts.get_user(user_id)
    if not user.active or {"reviewer", "legal"}.isdisjoint(user.role_names):
        raise Refusal("not_a_handler")
    if queries.conflict_of(user_id, row) is not None:
        raise Refusal("conflict_of_other", name=user.name)
    journal.note(actor=actor, case_id=row.id, act="case_assigned", holder_id=user_id)
    row.assignee_id, row.taken_until = user_id, None
    db.session.flush()
    return row


def write_note(*, actor: Actor, row: Any, text: str) -> Note:
    """A private note on a case. On one that a court keeps waiting it says that somebody has looked."""
    note = notices.write_note(actor=actor, case_id=row.id, text=text)
    journal.note(actor=actor, case_id=row.id, act="note_written", note_id=note.id)
    clocks.looked_at(row.id, actor.at)
    row.next_due_at = clocks.next_due(row.id)
    return note


def take_next(*, actor: Actor) -> Any | None:
    """Take the most urgent case that this handler may work on; ``None`` when there is none.

    Left out: what others hold, sides of a conflict of interest, states in which this person has no step,
    regimes and languages outside of the person's skills. A case that was assigned to or is still
    held by this person comes before all others.
    """
    found = [one for one in (
        _first(actor, "notice", _open_notices(actor)), _first(actor, "complaint", _open_complaints(actor)),
        _first(actor, "complaint", _overdue_complaints(actor))) if one is not None]
    if not found:
        return None
    _, _, kind, case_id = min(found)
    row = rules.kinds[kind].load(case_id)
    if is_held_by_another(actor, row):  # somebody was quicker, between the search and the lock
        return take_next(actor=actor)
    return _hold(actor, row)


def _first(actor: Actor, kind: str, conditions: Iterable[Any]) -> tuple[bool, Any, str, int] | None:
    """``(somebody else's or nobody's, due, kind, id)`` of the first case of a kind."""
    model = Notice if kind == "notice" else Complaint
    due = queries.due_of(model)
    query = select(model.id, model.assignee_id, due).where(
        *conditions,
        or_(model.assignee_id.is_(None), model.assignee_id == actor.user_id,
            and_(model.taken_until.is_not(None), model.taken_until <= actor.at)))
    row = db.session.execute(locking(
        query.join(Case, Case.id == model.id)
        .order_by((model.assignee_id.is_distinct_from(actor.user_id)), due, model.id).limit(1))).first()
    return (row.assignee_id != actor.user_id, row.due_at, kind, row.id) if row else None


def _open_notices(actor: Actor) -> list[Any]:
    conflicts = queries.conflicts(actor.user_id or 0)
    stores = [one.store_id for one in conflicts if one.store_id is not None]
    rival = select(Complaint.id).where(
        Complaint.notice_id == Notice.id, Complaint.store_id.in_(stores)).exists()
    return [queries.waiting_notices(), _no_conflict(Notice, conflicts), ~rival,
            *_skilled(actor, Notice.regime, Notice.locale)]


def _open_complaints(actor: Actor) -> list[Any]:
    mine = queries.states_open_to(actor.roles, "staff")
    return [queries.waiting_complaints(), *_of_handler(actor),
            or_(Complaint.waits_for != "staff", Complaint.state.in_(sorted(mine)))]


def _overdue_complaints(actor: Actor) -> list[Any]:
    """What a court or the marketplace keeps waiting for too long, where this handler could do something."""
    mine = queries.states_open_to(actor.roles, "court", "marketplace")
    return [queries.overdue_elsewhere(), *_of_handler(actor), Complaint.state.in_(sorted(mine))]


def _of_handler(actor: Actor) -> list[Any]:
    """Complaints in which this handler has no conflict of interest and all skills."""
    conflicts = queries.conflicts(actor.user_id or 0)
    stores = [one.store_id for one in conflicts if one.store_id is not None]
    locale = select(Notice.locale).where(Notice.id == Complaint.notice_id).scalar_subquery()
    return [_no_conflict(Complaint, conflicts), Complaint.store_id.not_in(stores),
            *_skilled(actor, Complaint.regime, locale)]


def _no_conflict(model: Any, conflicts: Iterable[Any]) -> Any:
    sides = [one.organisation_id for one in conflicts if one.organisation_id is not None]
    return or_(model.organisation_id.is_(None), model.organisation_id.not_in(sides))


def _skilled(actor: Actor, regime: Any, locale: Any) -> list[Any]:
    """Conditions out of the handler's skills: only of the sorts in which there is one."""
    skills = queries.skills_of(actor.user_id or 0)
    regimes = {law.name for law in rules.workflows.workflows("complaint")}
    conditions = []
    if named := sorted(skills & regimes):
        conditions.append(regime.in_(named))
    if spoken := sorted(skills - regimes):
        conditions.append(locale.in_(spoken))
    return conditions


def set_skills(*, actor: Actor, user_id: int, skills: Iterable[str]) -> None:
    """What "take next" gives to this handler from now on; none means everything."""
    user = accounts.get_user(user_id)
    if not user.is_staff:
        raise Refusal("not_a_handler")
    db.session.execute(delete(HandlerSkill).where(HandlerSkill.user_id == user_id))
    db.session.add_all(HandlerSkill(user_id=user_id, skill=skill) for skill in sorted(set(skills)))
    db.session.flush()
