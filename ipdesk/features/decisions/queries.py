"""Reads of decisions and of the staff's work."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, and_, case, false, func, literal, literal_column, or_, select, union, union_all
from sqlalchemy.orm import aliased

from ipdesk.core.audit.entries import entries_of
from ipdesk.core.casework import clocks
from ipdesk.core.casework.models import Case, Note
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.timeline import Event
from ipdesk.core.db.core import db
from ipdesk.core.db.types import UtcDateTime
from ipdesk.core.deadlines.models import FAILING, Deadline
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.accounts.models import StoreBinding, User
from ipdesk.features.catalogue.models import Listing, Store
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.complaints.queries import complaint_visible_to
from ipdesk.features.decisions.models import ConflictOfInterest, Decision, HandlerSkill, Snippet, Team, TeamMember, TeamSkill
from ipdesk.features.rights.models import Right

# A complaint whose notice is still screened is no work of its own: the notice is.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
SCREENED_WITH_NOTICE = "received.screening"
PROPOSED = "decision_proposed"
MOST_PROPOSALS = 200
# Whoever these are waited for, somebody of the staff has to look at the case.
STAFF_ACTS = ("staff", "court", "marketplace")


def decisions_of(complaint_id: int) -> list[Decision]:
    """Decisions and proposals of a complaint, oldest first."""
    return list(db.session.execute(select(Decision).where(
        Decision.complaint_id == complaint_id).order_by(Decision.id)).scalars())


def decision(actor: Actor, reference: str) -> Decision:
    """The decision, or ``NotVisible``; proposals are staff's own."""
    row = db.session.execute(
        select(Decision).join(Complaint, Complaint.id == Decision.complaint_id)
        .where(Decision.reference == reference, complaint_visible_to(actor))).scalar_one_or_none()
    if row is None or (row.status != "in_force" and not actor.reads_as_staff):
        raise NotVisible
    return row


def moved_since_proposed(found: Decision) -> bool:
    """Whether any claim of a proposal has moved after it was written, even there and back.

    Read off the log, which has both: a state alone would not tell.
    """
    entries = [(entry.act, json.loads(entry.body)["payload"]) for entry in entries_of(found.complaint_id)
               if entry.at >= found.decided_at]
    begun = next((place for place, (act, payload) in enumerate(entries)
                  if act == PROPOSED and payload.get("decision_id") == found.id), -1)
    wanted = set(found.claim_ids)
    return any(wanted & {line[0] for line in payload.get("moved", ())}
               for _, payload in entries[begun + 1:])


def proposed_claims(complaint_id: int, trigger: str) -> set[int]:
    """The claims for which this step is proposed already and waits for a second person."""
    return {number for found in decisions_of(complaint_id)
            if found.status == "proposed" and found.trigger == trigger for number in found.claim_ids}


def complaint_of(found: Decision) -> Complaint:
    """The complaint that a decision is about."""
    return db.session.get_one(Complaint, found.complaint_id)


def second_person_steps(actor: Actor) -> dict[str, list[str]]:
    """Workflow → the steps needing two people that are this person's to take; an auditor reads them all."""
    found = {law.name: sorted({
        edge.trigger for edge in law.transitions if edge.four_eyes
        and (actor.has("auditor") or not actor.roles.isdisjoint(edge.who))
    }) for law in rules.workflows.workflows("complaint")}
    return {name: triggers for name, triggers in found.items() if triggers}


def may_end(actor: Actor, found: Decision, workflow: str) -> bool:
    """Whether this person may decline a proposal of theirs or of a step that is theirs too; a conflict is asked apart."""
    return actor.is_staff and (
        found.decided_by == actor.user_id or found.trigger in second_person_steps(actor).get(workflow, ()))


def _proposed_to(actor: Actor) -> Any:
    steps = second_person_steps(actor)
    return and_(Decision.status == literal_column("'proposed'"), or_(false(), *(
        and_(Case.workflow == name, Decision.trigger.in_(triggers)) for name, triggers in steps.items())))


def count_proposals(actor: Actor) -> int:
    """How many rows ``proposals`` has."""
    some = (select(Decision.id).join(Case, Case.id == Decision.complaint_id)
            .where(_proposed_to(actor)).limit(MOST_PROPOSALS).subquery())
    return db.session.execute(select(func.count()).select_from(some)).scalar_one()


def proposals(actor: Actor) -> Sequence[Any]:
    """Proposals of steps that are this person's too, the oldest first, with their complaint and proposer."""
    return db.session.execute(
        select(Decision.reference, Decision.trigger, Decision.decided_at, Decision.decided_by,
               User.name.label("proposer"), Case.reference.label("complaint"), Case.workflow,
               Store.name.label("store"), Right.title.label("right_title"))
        .join(Complaint, Complaint.id == Decision.complaint_id).join(Case, Case.id == Complaint.id)
        .join(Store, Store.id == Complaint.store_id).join(Right, Right.id == Complaint.right_id)
        .join(User, User.id == Decision.decided_by)
        .where(_proposed_to(actor)).order_by(Decision.id).limit(MOST_PROPOSALS)).all()


def snippets() -> Sequence[Snippet]:
    """Text blocks by title."""
    return db.session.execute(select(Snippet).order_by(Snippet.title)).scalars().all()


def snippet(number: int) -> Snippet:
    """One text block, or ``NotVisible``."""
    row = db.session.get(Snippet, number)
    if row is None:
        raise NotVisible
    return row


def notes_of(case_ids: Iterable[int]) -> Sequence[Note]:
    """Private notes of staff on these cases, newest first."""
    return db.session.execute(select(Note).where(
        Note.case_id.in_(list(case_ids))).order_by(Note.id.desc())).scalars().all()


def plain_notes(case_ids: Iterable[int]) -> list[dict[str, Any]]:
    """The notes of these cases as staff's pages show them."""
    return [{"author": note.author_name, "text": note.text, "written_at": note.written_at}
            for note in notes_of(case_ids)]


def colleagues(events: Iterable[Event]) -> dict[int | None, str]:
    """The names of the people of the desk who did these things: what staff may read of each other, and parties may not."""
    return {**accounts.names(event.actor_id for event in events if event.side == "staff" and event.actor_id)}


def holder_of(row: Any, now: datetime) -> dict[str, Any] | None:
    """Who holds the case now and until when (``None``: for good); ``None`` when nobody does."""
    if row.assignee_id is None or (row.taken_until is not None and row.taken_until <= now):
        return None
    user = db.session.get(User, row.assignee_id)
    return {"user_id": row.assignee_id, "name": user.name if user else "", "until": row.taken_until}


def stores_of_notice(notice_id: int) -> list[dict[str, Any]]:
    """The complaints of a notice, each with its store and its listings, as plain values."""
    found: dict[int, dict[str, Any]] = {}
    for row in db.session.execute(
        select(Complaint.id, Case.reference, Complaint.state, Store.name, Store.external_id,
               Listing.external_id.label("code"), Listing.title, Listing.url, Listing.price,
               Listing.currency, Listing.status, Claim.id.label("claim_id"), Claim.reason_code, Claim.explanation)
        .join(Case, Case.id == Complaint.id).join(Store, Store.id == Complaint.store_id)
        .join(Claim, Claim.complaint_id == Complaint.id).join(Listing, Listing.id == Claim.listing_id)
        .where(Complaint.notice_id == notice_id).order_by(Complaint.id, Claim.position)
    ):
        store = found.setdefault(row.id, {
            "reference": row.reference, "state": row.state, "name": row.name,
            "code": row.external_id, "listings": []})
        store["listings"].append({
            "claim_id": row.claim_id, "code": row.code, "title": row.title, "url": row.url, "status": row.status,
            "price": f"{row.price} {row.currency}".strip(), "reason_code": row.reason_code,
            "explanation": row.explanation})
    return list(found.values())


# --- conflicts of interest and skills ------------------------------------------------------------------


def conflicts(user_id: int) -> Sequence[ConflictOfInterest]:
    """The conflicts that this handler has declared and not ended."""
    return [one for one in every_conflict(user_id) if one.ended_at is None]


def every_conflict(user_id: int) -> Sequence[ConflictOfInterest]:
    """The same with those that have ended."""
    return db.session.execute(select(ConflictOfInterest).where(
        ConflictOfInterest.user_id == user_id).order_by(ConflictOfInterest.id)).scalars().all()


def last_sent_at(complaint: Complaint, claims: Sequence[Claim]) -> datetime | None:
    """When the notice last went to the seller about any of these claims, None before the first time."""
    wanted = {claim.id for claim in claims}
    sent = [line.started_at for line in clocks.of_case(complaint.id, "delivery") if wanted & set(line.movers)]
    return max([*sent, complaint.seller_told_at], default=None) if complaint.seller_told_at else None


def conflict_of(user_id: int | None, row: Any) -> ConflictOfInterest | None:
    """A declared conflict of this handler with a side of the case; for a notice with any of its stores."""
    if user_id is None:
        return None
    stores = _stores_of(row)
    return next((one for one in conflicts(user_id)
                 if (one.organisation_id is not None and one.organisation_id == row.organisation_id)
                 or one.store_id in stores), None)


def _stores_of(row: Any) -> set[int]:
    if (store_id := getattr(row, "store_id", None)) is not None:
        return {store_id}
    if not isinstance(row, Notice):
        return set()
    return set(db.session.execute(
        select(Complaint.store_id).where(Complaint.notice_id == row.id)).scalars())


def conflicted(row: Any) -> set[int]:
    """The handlers who have a conflict of interest with a side of the case."""
    sides = ConflictOfInterest.store_id.in_(sorted(_stores_of(row)))
    if row.organisation_id is not None:
        sides = or_(sides, ConflictOfInterest.organisation_id == row.organisation_id)
    return set(db.session.execute(select(ConflictOfInterest.user_id).where(
        ConflictOfInterest.ended_at.is_(None), sides)).scalars())


def sorts_of(row: Any) -> tuple[str, str]:
    """The regime and the language by which a case is given to handlers; empty where it has none."""
    if isinstance(row, Right):
        user = db.session.get(User, row.registered_by) if row.registered_by else None
        return "", user.locale if user else ""
    notice = row if isinstance(row, Notice) else db.session.get_one(Notice, row.notice_id)
    return row.regime, notice.locale


def skills_of(user_id: int) -> frozenset[str]:
    """The regimes and locales that this handler is given, by itself and by its teams."""
    return frozenset(db.session.execute(union(
        select(HandlerSkill.skill).where(HandlerSkill.user_id == user_id),
        select(TeamSkill.skill).join(TeamMember, TeamMember.team_id == TeamSkill.team_id).where(TeamMember.user_id == user_id),
    )).scalars())


def own_skills() -> dict[int, list[str]]:
    """Handler → its own skills, for those who have any."""
    return _by_first(db.session.execute(select(HandlerSkill.user_id, HandlerSkill.skill).order_by(HandlerSkill.skill)))


def skills() -> dict[int, list[str]]:
    """Handler → skills, its own and those of its teams, for those who have any."""
    both = union(
        select(HandlerSkill.user_id, HandlerSkill.skill),
        select(TeamMember.user_id, TeamSkill.skill).join(TeamSkill, TeamSkill.team_id == TeamMember.team_id)).subquery()
    return _by_first(db.session.execute(select(both.c.user_id, both.c.skill).order_by(both.c.skill)))


def _by_first(pairs: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for first, second in pairs:
        found.setdefault(first, []).append(second)
    return found


@dataclass(frozen=True)
class TeamFacts:
    """A team with the numbers of its members and its skills."""

    id: int
    name: str
    members: Sequence[int]
    skills: Sequence[str]


def teams() -> list[TeamFacts]:
    """Every team, by name."""
    members = _by_first(db.session.execute(select(TeamMember.team_id, TeamMember.user_id).order_by(TeamMember.user_id)))
    skilled = _by_first(db.session.execute(select(TeamSkill.team_id, TeamSkill.skill).order_by(TeamSkill.skill)))
    return [TeamFacts(team.id, team.name, members.get(team.id, []), skilled.get(team.id, []))
            for team in db.session.scalars(select(Team).order_by(Team.name))]


def team(number: int) -> TeamFacts:
    """One team, or ``NotVisible``."""
    found = next((one for one in teams() if one.id == number), None)
    if found is None:
        raise NotVisible
    return found


# --- the queue -----------------------------------------------------------------------------------------


def waiting_complaints() -> Any:
    """The condition of complaints that wait for staff by themselves."""
    return and_(Complaint.for_staff.is_(True), Complaint.state != SCREENED_WITH_NOTICE)


def waiting_notices() -> Any:
    return and_(Notice.waits_for == "staff", Notice.state == "filed")


def overdue_elsewhere() -> Any:
    """The condition of complaints that wait for a court or the marketplace, whose clock ran out: staff must look."""
    missed = select(Deadline.case_id).where(Deadline.status == "open", Deadline.missed_at.is_not(None))
    return and_(Complaint.for_staff.is_(False), Complaint.id.in_(missed))


def waiting() -> list[tuple[str, Any, Any]]:
    """Kind, model and condition of everything that waits for staff; no case is in two of them."""
    return [("notice", Notice, waiting_notices()), ("complaint", Complaint, waiting_complaints()),
            ("complaint", Complaint, overdue_elsewhere()), ("right", Right, Right.waits_for == "staff")]


def due_of(model: Any) -> Any:
    """What the queue is sorted by. A case without a running clock is late already: it comes first."""
    return func.coalesce(model.next_due_at, literal(LONG_AGO, UtcDateTime)).label("due_at")


def queue_keys(*, held_by: Collection[int] | None = None, only: str = "") -> Select[Any]:
    """Kind, due instant and id of everything that waits for staff; ``held_by``: what these handlers hold, ``only``: one kind.

    Only keys, so that sorting 10,000 waiting cases touches no other table; the last two columns
    are the keys of ``fetch_page``.
    """
    parts = []
    for kind, model, condition in waiting():
        if only not in ("", kind):
            continue
        part = select(literal(kind).label("kind"), due_of(model), model.id.label("id")).where(condition)
        parts.append(part if held_by is None else part.where(model.assignee_id.in_(sorted(held_by))))
    both = union_all(*parts).subquery()
    return select(both.c.kind, both.c.due_at, both.c.id)


def queue_rows(keys: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows of the queue for these keys, in their order, as plain values."""
    found = {kind: read([key.id for key in keys if key.kind == kind]) for kind, read in (
        ("notice", _queue_notices), ("complaint", _queue_complaints), ("right", _queue_rights))}
    running = staff_clocks([key.id for key in keys])
    return [{**found[key.kind][key.id], "kind": key.kind, "clock": running.get(key.id)} for key in keys]


def _held(model: Any) -> tuple[Any, ...]:
    return model.assignee_id, model.taken_until, User.name.label("holder")


def _queue_notices(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    return {row.id: dict(row._mapping) for row in db.session.execute(
        select(Notice.id, Case.reference, Notice.state, Notice.regime, Notice.locale,
               Notice.channel, Notice.contact, Right.title.label("right_title"),
               Right.kind.label("right_kind"), *_held(Notice))
        .join(Case, Case.id == Notice.id).outerjoin(Right, Right.id == Notice.right_id)
        .outerjoin(User, User.id == Notice.assignee_id).where(Notice.id.in_(ids)))} if ids else {}


def _queue_complaints(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    seller = aliased(User)
    return {row.id: dict(row._mapping) for row in db.session.execute(
        select(Complaint.id, Case.reference, Complaint.state, Complaint.regime, Notice.locale,
               Complaint.claims_count, Store.name.label("store"),
               func.coalesce(seller.locale, Store.locale).label("seller_locale"),
               Right.title.label("right_title"), Right.kind.label("right_kind"), *_held(Complaint))
        .join(Case, Case.id == Complaint.id).join(Notice, Notice.id == Complaint.notice_id)
        .join(Store, Store.id == Complaint.store_id).join(Right, Right.id == Complaint.right_id)
        .outerjoin(StoreBinding, and_(StoreBinding.store_id == Store.id, StoreBinding.main,
                                      StoreBinding.revoked_at.is_(None)))
        .outerjoin(seller, seller.id == StoreBinding.user_id)
        .outerjoin(User, User.id == Complaint.assignee_id).where(Complaint.id.in_(ids)))} if ids else {}


def _queue_rights(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    author = aliased(User)
    return {row.id: dict(row._mapping) | {"regime": ""} for row in db.session.execute(
        select(Right.id, Case.reference, Right.state, Right.owner, Right.title.label("right_title"),
               Right.kind.label("right_kind"), author.locale, *_held(Right))
        .join(Case, Case.id == Right.id).outerjoin(User, User.id == Right.assignee_id)
        .outerjoin(author, author.id == Right.registered_by)
        .where(Right.id.in_(ids)))} if ids else {}


def staff_clocks(case_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Case → the desk's own most urgent clock: name, target, breach and whether that has passed.

    A clock that has run out without deciding anything is a breach for as long as the case waits. Where
    a statute acts when it ends, the breach is the instant at which it does.
    """
    found: dict[int, dict[str, Any]] = {}
    for line in db.session.execute(
        select(Deadline.case_id, Deadline.name, Deadline.until_at, Deadline.due_at, Deadline.fires_at,
               Deadline.trigger, Deadline.missed_at)
        .where(Deadline.case_id.in_(list(case_ids)), Deadline.status == "open",
               Deadline.name.in_(clocks.desk_clocks()))
        .order_by(Deadline.until_at)
    ):
        found.setdefault(line.case_id, _staff_clock(line))
    return found


def _staff_clock(line: Any) -> dict[str, Any]:
    return {"name": line.name, "target_at": line.until_at,
            "breach_at": line.fires_at if line.trigger else line.due_at, "acts": bool(line.trigger),
            "missed": line.missed_at is not None}


# --- what the supervisor sees --------------------------------------------------------------------------


def load_per_handler(now: datetime) -> dict[int, int]:
    """Handler → how many waiting cases they hold now."""
    found: dict[int, int] = {}
    for _, model, condition in waiting():
        for user_id, number in db.session.execute(
            select(model.assignee_id, func.count()).where(condition, held(model, now))
            .group_by(model.assignee_id)
        ):
            found[user_id] = found.get(user_id, 0) + number
    return found


def held(model: Any, now: datetime) -> Any:
    """The condition that somebody holds the row: taken and not timed out, or assigned for good."""
    return and_(model.assignee_id.is_not(None),
                or_(model.taken_until.is_(None), model.taken_until > now))


def late(now: datetime, most: int = 100) -> list[dict[str, Any]]:
    """Every case in which a clock of the desk has run out or its target has passed, the latest first.

    ``clock`` as in `staff_clocks`. What waits for the marketplace has no target of the desk's own.
    """
    ours = clocks.desk_clocks()
    passed = or_(Deadline.missed_at.is_not(None), Deadline.due_at <= now,
                 and_(Deadline.name.not_in(_clocks_of_the_marketplace()), Deadline.until_at < now))
    holder = func.coalesce(*(case((held(model, now), model.assignee_id)) for model in (Notice, Complaint, Right)))
    query = select(Case.kind, Case.reference, Deadline.name, Deadline.until_at, Deadline.due_at, Deadline.fires_at,
                   Deadline.trigger, Deadline.missed_at, User.name.label("holder")).join(Case, Case.id == Deadline.case_id)
    for model in (Notice, Complaint, Right):
        query = query.outerjoin(model, model.id == Case.id)
    rows = db.session.execute(
        query.outerjoin(User, User.id == holder)
        .where(Deadline.status == "open", Deadline.name.in_(ours), passed)
        .order_by(Deadline.until_at).limit(most))
    return [{"kind": row.kind, "reference": row.reference, "holder": row.holder, "clock": _staff_clock(row)} for row in rows]


def _clocks_of_the_marketplace() -> set[str]:
    return {state.deadline for law in rules.workflows.workflows("complaint")
            for state in law.states.values() if state.waits_for == "marketplace" and state.deadline}


def failing_clocks(most: int = 50) -> list[dict[str, Any]]:
    """Open clocks whose act failed when they fired; each is tried again. The longest due first."""
    return [dict(row._mapping) for row in db.session.execute(
        select(Case.kind, Case.reference, Deadline.name, Deadline.due_at, Deadline.attempts,
               Deadline.fires_at.label("next_at"))
        .join(Case, Case.id == Deadline.case_id).where(FAILING)
        .order_by(Deadline.due_at, Deadline.id).limit(most))]


def failed_letters(most: int = 50, case_id: int | None = None) -> Sequence[Any]:
    """Letters that were given up, of all cases or of one, the newest first."""
    query = select(Outbox.month, Outbox.id, Outbox.message, Outbox.subject, Outbox.recipient_role, Outbox.failed_at,
                   Outbox.thread_key).where(Outbox.failed_at.is_not(None))
    if case_id is not None:
        query = query.where(Outbox.case_id == case_id)
    return db.session.execute(query.order_by(Outbox.failed_at.desc()).limit(most)).all()


def states_open_to(roles: frozenset[str], *waits_for: str, kind: str = "complaint") -> set[str]:
    """The states waiting for one of ``waits_for`` from which somebody with these roles has a step of their own."""
    return {
        state.name for law in rules.workflows.workflows(kind) for state in law.states.values()
        if state.waits_for in waits_for
        and any(not roles.isdisjoint(edge.who) for edge in law.edges(state.name))
    }
