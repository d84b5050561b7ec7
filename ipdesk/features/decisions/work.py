"""Who works on what: take, take next, give back, reassign, note. Nothing of it moves a state or a version."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select

from ipdesk.core.casework import clocks, journal
from ipdesk.core.casework.locks import locking
from ipdesk.core.casework.models import Case, Note
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, Refusal
from ipdesk.core.kernel.text import N_
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.accounts.holding import is_held_by_another, require_free
from ipdesk.features.accounts.models import User
from ipdesk.features.complaints import operations as notices
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.features.decisions import queries
from ipdesk.features.decisions.models import HandlerSkill, Team, TeamMember, TeamSkill
from ipdesk.features.rights.models import Right

# So long a handler holds a case without acting; then others are given it.
TIME_OUT = timedelta(minutes=30)
HANDLERS = frozenset({"legal", "reviewer"})
MODELS: dict[str, Any] = {"notice": Notice, "complaint": Complaint, "right": Right}


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


def reassign(*, actor: Actor, row: Any, user_id: int) -> User:
    """Give the case to a handler for good: no time-out, whoever held it before. Returns who has it now.

    Refuses somebody who is no handler (``not_a_handler``) and what ``candidates`` names.
    """
    user = next((one for one in handlers() if one.id == user_id), None)
    if user is None:
        raise Refusal("not_a_handler")
    if why_not := _candidate(user, row, queries.conflicted(row), queries.skills()):
        raise Refusal(why_not, name=user.name)
    journal.note(actor=actor, case_id=row.id, act="case_assigned", holder_id=user_id)
    row.assignee_id, row.taken_until = user_id, None
    db.session.flush()
    return user


def handlers() -> list[User]:
    """Who works on cases, by name."""
    return [user for user in accounts.staff() if user.active and not HANDLERS.isdisjoint(user.role_names)]


def candidates(row: Any) -> list[tuple[User, str]]:
    """The handlers by name, each with the refusal code where the case cannot be given to that person.

    ``conflict_of_other``, ``skill_of_other`` (other rules or languages), ``step_of_other`` (no step of
    that person's roles where the case stands).
    """
    conflicted, skills = queries.conflicted(row), queries.skills()
    return [(user, _candidate(user, row, conflicted, skills)) for user in handlers()]


def _candidate(
    user: User, row: Any, conflicted: Collection[int], skills: dict[int, list[str]],
) -> str:
    regime, locale = queries.sorts_of(row)
    named, spoken = _by_sort(skills.get(user.id, ()))
    if user.id in conflicted:
        return "conflict_of_other"
    if (named and regime and regime not in named) or (spoken and locale and locale not in spoken):
        return "skill_of_other"
    if row.waits_for in queries.STAFF_ACTS and row.state not in queries.states_open_to(
        frozenset(user.role_names), row.waits_for, kind=row.case.kind
    ):
        return "step_of_other"
    return ""


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
        _first(actor, "complaint", _overdue_complaints(actor)), _first(actor, "right", _open_rights(actor)),
    ) if one is not None]
    if not found:
        return None
    _, _, case_id, kind = min(found)
    row = rules.kinds[kind].load(case_id)
    if is_held_by_another(actor, row):  # somebody was quicker, between the search and the lock
        return take_next(actor=actor)
    return _hold(actor, row)


def _first(actor: Actor, kind: str, conditions: Iterable[Any]) -> tuple[bool, Any, int, str] | None:
    """``(somebody else's or nobody's, due, id, kind)`` of the first case of a kind, in the queue's order."""
    model = MODELS[kind]
    due = queries.due_of(model)
    query = select(model.id, model.assignee_id, due).where(
        *conditions,
        or_(model.assignee_id.is_(None), model.assignee_id == actor.user_id,
            and_(model.taken_until.is_not(None), model.taken_until <= actor.at)))
    row = db.session.execute(locking(
        query.join(Case, Case.id == model.id)
        .order_by((model.assignee_id.is_distinct_from(actor.user_id)), due, model.id).limit(1))).first()
    return (row.assignee_id != actor.user_id, row.due_at, row.id, kind) if row else None


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


def _open_rights(actor: Actor) -> list[Any]:
    """A right is of no regime; its language is that of the person who registered it, who reads the reasons."""
    _, spoken = _by_sort(queries.skills_of(actor.user_id or 0))
    locale = select(User.locale).where(User.id == Right.registered_by).scalar_subquery()
    return [Right.waits_for == "staff", _no_conflict(Right, queries.conflicts(actor.user_id or 0)),
            Right.state.in_(sorted(queries.states_open_to(actor.roles, "staff", kind="right"))),
            *([or_(locale.is_(None), locale.in_(sorted(spoken)))] if spoken else [])]


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
    named, spoken = _by_sort(queries.skills_of(actor.user_id or 0))
    return [column.in_(sorted(skills)) for column, skills in ((regime, named), (locale, spoken)) if skills]


def _by_sort(skills: Iterable[str]) -> tuple[set[str], set[str]]:
    """Regimes and languages apart."""
    regimes = {law.name for law in rules.workflows.workflows("complaint")}
    return set(skills) & regimes, set(skills) - regimes


def save_team(
    *, actor: Actor, name: str, members: Iterable[int], skills: Iterable[str], team_id: int | None = None,
) -> Team:
    """Make a team, or change one. Its members have its skills from now on.

    Raises ``Invalid`` for a name that another team has, ``Refusal`` (``not_a_handler``) for a member who works on no cases.
    """
    if not set(members) <= {user.id for user in handlers()}:
        raise Refusal("not_a_handler")
    if any(one.name == name and one.id != team_id for one in queries.teams()):
        raise Invalid({"name": [N_("Another team has this name.")]})
    team = Team(name=name) if team_id is None else db.session.get_one(Team, team_id)
    team.name = name
    db.session.add(team)
    db.session.flush()
    _empty(team.id)
    db.session.add_all(TeamMember(team_id=team.id, user_id=number) for number in sorted(set(members)))
    db.session.add_all(TeamSkill(team_id=team.id, skill=skill) for skill in sorted(set(skills)))
    db.session.flush()
    return team


def remove_team(*, actor: Actor, team_id: int) -> None:
    """Dissolve a team. Its members keep their own skills and the cases that they hold."""
    _empty(team_id)
    db.session.delete(db.session.get_one(Team, team_id))
    db.session.flush()


def _empty(team_id: int) -> None:
    for rows in (TeamMember, TeamSkill):
        db.session.execute(delete(rows).where(rows.team_id == team_id))


def set_skills(*, actor: Actor, user_id: int, skills: Iterable[str]) -> None:
    """What "take next" gives to this handler from now on; none means everything."""
    user = accounts.get_user(user_id)
    if not user.is_staff:
        raise Refusal("not_a_handler")
    db.session.execute(delete(HandlerSkill).where(HandlerSkill.user_id == user_id))
    db.session.add_all(HandlerSkill(user_id=user_id, skill=skill) for skill in sorted(set(skills)))
    db.session.flush()
