"""Reads of notices and complaints. Every list starts from ``visible_to(actor)``."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, false, func, or_, select, true
from sqlalchemy import case as either
from sqlalchemy.orm import aliased, selectinload

from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.rows import read_columns, rows_by_id
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.workflow import Workflow
from ipdesk.features.accounts.queries import claimed_stores
from ipdesk.features.catalogue.models import Capture, Listing, Marketplace, Store
from ipdesk.features.complaints.models import IS_RESTORING, Claim, Complaint, Notice, NoticeListing, TestPurchase
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights.models import Right


def complaint_visible_to(actor: Actor) -> Any:
    """The condition under which ``actor`` may know of a complaint.

    A seller learns of it when it is told, never while the notice is screened. A guest who has not
    shown that the e-mail address is its own knows the notice alone: a complaint names the seller.
    """
    if actor.reads_as_staff or actor.is_clock:
        return true()
    ways = []
    if actor.organisation_id is not None and actor.has("rights_holder", "agent"):
        ways.append(Complaint.organisation_id == actor.organisation_id)
    if actor.store_ids:
        ways.append(and_(Complaint.store_id.in_(sorted(actor.store_ids)),
                         Complaint.seller_told_at.is_not(None)))
    if linked := actor.linked("seller"):
        ways.append(and_(Complaint.id.in_(sorted(linked)), Complaint.seller_told_at.is_not(None),
                         Complaint.store_id.not_in(claimed_stores())))
    if linked := actor.linked("guest"):
        ways.append(Complaint.notice_id.in_(select(Notice.id).where(
            Notice.id.in_(sorted(linked)), Notice.guest_confirmed_at.is_not(None))))
    return or_(*ways) if ways else false()


def elsewhere_complained_of(actor: Actor, complaint: Complaint, listing_ids: Iterable[int]) -> list[str]:
    """The references of other complaints that ``actor`` knows of and that are still open about one of these listings."""
    return list(db.session.execute(
        select(Case.reference).join(Complaint, Complaint.id == Case.id).join(Claim, Claim.complaint_id == Complaint.id)
        .where(Claim.listing_id.in_(sorted(listing_ids)), Complaint.id != complaint.id, Claim.state.not_like("closed.%"),
               complaint_visible_to(actor)).distinct().order_by(Case.reference)).scalars())


def notice_visible_to(actor: Actor) -> Any:
    """The condition under which ``actor`` may see a notice whole; drafts, discarded or not, are their author's own."""
    return _seen_by(*_reader_of_notices(actor))


def _reader_of_notices(actor: Actor) -> tuple[bool, int | None, frozenset[int]]:
    """What of ``actor`` says which notices it may see: staff or clock, its organisation, the notices of its links."""
    own = actor.organisation_id if actor.has("rights_holder", "agent") else None
    return actor.reads_as_staff or actor.is_clock, own, actor.linked("guest") | actor.linked("filer")


def _seen_by(reads_all: bool, organisation_id: int | None, linked: frozenset[int]) -> Any:
    if reads_all:
        return and_(Notice.state != "draft", Notice.received_at.is_not(None))
    ways = []
    if organisation_id is not None:
        ways.append(Notice.organisation_id == organisation_id)
    if linked:
        ways.append(Notice.id.in_(sorted(linked)))
    return or_(*ways) if ways else false()


def complaint(actor: Actor, reference: str) -> Complaint:
    """The complaint, or ``NotVisible``."""
    row = db.session.execute(
        select(Complaint).join(Case, Case.id == Complaint.id)
        .where(Case.reference == reference, complaint_visible_to(actor))).scalar_one_or_none()
    if row is None:
        raise NotVisible
    return row


def _of_notice(*columns: Any) -> Select[Any]:
    """``columns`` of the notice ``:reference``, its marketplace and, where it has one, its right."""
    return (select(*columns).select_from(Notice).join(Case, Case.id == Notice.id)
            .join(Marketplace, Marketplace.id == Case.marketplace_id)
            .outerjoin(Right, Right.id == Notice.right_id).where(Case.reference == bindparam("reference")))


_notice = _of_notice(Notice, Right, Marketplace)
_filed_under = _of_notice(Notice.regime, func.coalesce(Right.kind, ""), Marketplace.market)


@lru_cache(maxsize=256)
def _for_reader(query: Select[Any], reader: tuple[bool, int | None, frozenset[int]]) -> Select[Any]:
    """The same query for one reader, made once: to make it costs as much as to ask it."""
    return query.where(_seen_by(*reader))


def notice(actor: Actor, reference: str) -> Notice:
    """The notice (drafts too, for their own organisation), or ``NotVisible``.

    Its right and marketplace are read along with it; an open unit of work keeps them at hand.
    """
    query = _for_reader(_notice, _reader_of_notices(actor))
    row = db.session.execute(query, {"reference": reference}).one_or_none()
    if row is None:
        raise NotVisible
    return row[0]


def filed_under(actor: Actor, reference: str) -> tuple[str, str, str]:
    """Of a notice: its regime (empty for a draft), the kind of its right, the market; or ``NotVisible``."""
    row = read_columns(_for_reader(_filed_under, _reader_of_notices(actor)), reference=reference).one_or_none()
    if row is None:
        raise NotVisible
    return row[0], row[1], row[2]


def first_notice_on(right_id: int) -> Notice | None:
    """The oldest notice that rests on this right and has come in."""
    return db.session.execute(select(Notice).where(
        Notice.right_id == right_id, Notice.received_at.is_not(None)).order_by(Notice.id).limit(1)).scalar()


def claims_of(complaint_id: int, ids: Iterable[int] | None = None) -> list[Claim]:
    """The claims of a complaint in filing order; with ``ids`` only those."""
    query = select(Claim).where(Claim.complaint_id == complaint_id).order_by(Claim.position)
    if ids is not None:
        query = query.where(Claim.id.in_(list(ids)))
    return list(db.session.execute(query).scalars())


def prefetch(complaint_ids: Sequence[int]) -> None:
    """Read these complaints and what acts and letters about them look at; the open unit of work keeps it at hand."""
    with db.session.no_autoflush:
        found = db.session.execute(
            select(Complaint).where(Complaint.id.in_(complaint_ids)).options(selectinload(Complaint.claims))).scalars().all()
    rows_by_id(Notice, [row.notice_id for row in found])
    rows_by_id(Right, [row.right_id for row in found])
    rows_by_id(Store, [row.store_id for row in found])
    rows_by_id(Listing, [claim.listing_id for row in found for claim in row.claims])


_claims_of_notice = select(Claim).join(Complaint, Complaint.id == Claim.complaint_id).where(
    Complaint.notice_id == bindparam("notice_id")).order_by(Claim.id)


def open_claims_of_notice(notice_id: int) -> list[Claim]:
    """The claims of all complaints of a notice that are not closed, in filing order."""
    with db.session.no_autoflush:  # claims never wait in the session, and their states are asked of the rows themselves
        found = db.session.execute(_claims_of_notice, {"notice_id": notice_id}).scalars()
        return [claim for claim in found if not claim.state.startswith("closed.")]


def complaints_of(notice_id: int) -> list[Complaint]:
    """The complaints that a notice opened, by store."""
    return list(db.session.execute(
        select(Complaint).where(Complaint.notice_id == notice_id).order_by(Complaint.id)).scalars())


def listings_of(claims: Sequence[Claim]) -> dict[int, Listing]:
    """Listing id → listing, for these claims."""
    return listings_by_id(claim.listing_id for claim in claims)


def listings_by_id(ids: Iterable[int]) -> dict[int, Listing]:
    """Listing id → listing."""
    return rows_by_id(Listing, ids)


def captures_of(case_id: int, listing_ids: Iterable[int] | None = None) -> list[Capture]:
    """What the listings looked like at filing, before each hold and before a deletion."""
    query = select(Capture).where(Capture.case_id == case_id).order_by(Capture.id)
    if listing_ids is not None:
        query = query.where(Capture.listing_id.in_(list(listing_ids)))
    return list(db.session.execute(query).scalars())


_rows_of_notice = select(NoticeListing).where(
    NoticeListing.notice_id == bindparam("notice_id")).order_by(NoticeListing.position)
_accepted_row = select(NoticeListing.id).where(
    NoticeListing.notice_id == bindparam("notice_id"), NoticeListing.answer == "accepted").limit(1)


def rows_of_notice(notice_id: int) -> list[NoticeListing]:
    """What the notifier entered, row by row, with the desk's answers."""
    with db.session.no_autoflush:  # they are written at once and never wait in the session
        return list(db.session.execute(_rows_of_notice, {"notice_id": notice_id}).scalars())


def has_accepted_rows(notice_id: int) -> bool:
    """Whether the desk accepted any listing that the notice names."""
    return read_columns(_accepted_row, notice_id=notice_id).first() is not None


def purchases_of(notice_id: int) -> list[TestPurchase]:
    return list(db.session.execute(select(TestPurchase).where(
        TestPurchase.notice_id == notice_id).order_by(TestPurchase.id)).scalars())


_ENDED_WITHOUT_EFFECT = ("closed.withdrawn", "closed.retracted", "closed.refused", "closed.dismissed", "closed.reinstated")
# Asked of every listing that is filed, and nearly always without an answer: made once, and before the long question.
_any_claim = select(Claim.id).where(
    Claim.listing_id.in_(bindparam("listing_ids", expanding=True)), Claim.state.not_in(_ENDED_WITHOUT_EFFECT)).limit(1)


def already_handled(actor: Actor, listing_ids: Sequence[int], right: Right) -> dict[int, str]:
    """Listing id → reference of a complaint on the same right that runs or took the listing down.

    The same right is the same row, or another row for the same registration: kind, office, number and
    owner. The reference is empty where ``actor`` may not know of that complaint.
    """
    if not listing_ids or read_columns(_any_claim, listing_ids=list(listing_ids)).first() is None:
        return {}
    case = aliased(Case)
    found = db.session.execute(
        select(Claim.listing_id, case.reference, complaint_visible_to(actor))
        .join(Complaint, Complaint.id == Claim.complaint_id).join(case, case.id == Complaint.id)
        .join(Right, Right.id == Complaint.right_id)
        .where(Claim.listing_id.in_(list(listing_ids)), _same_right(right),
               Claim.state.not_in(_ENDED_WITHOUT_EFFECT)))
    return {listing_id: reference if mine else "" for listing_id, reference, mine in found}


def _same_right(right: Right) -> Any:
    if not right.number:
        return Right.id == right.id  # two works of one title are two works
    return or_(Right.id == right.id, and_(
        Right.kind == right.kind, func.lower(Right.office) == right.office.lower(),
        func.lower(Right.number) == right.number.lower(), func.lower(Right.owner) == right.owner.lower()))


def draft_exhibits(notice_id: int) -> list[Exhibit]:
    """The exhibits attached to a notice that are not filed yet, in order."""
    return list(db.session.execute(select(Exhibit).where(
        Exhibit.case_id == notice_id, Exhibit.filed_at.is_(None),
    ).order_by(Exhibit.position, Exhibit.id)).scalars())


def notice_list(actor: Actor, *, state: str = "") -> Select[Any]:
    """The rows of a list of notices with what a row shows; the last columns are the keys ``respond_by`` and ``id``."""
    query = (
        select(Case.reference, Notice.state, Notice.waits_for, Notice.next_due_at, Notice.regime,
               Notice.created_at, Notice.received_at, Notice.right_id,
               Right.title.label("right_title"), Right.number.label("right_number"), Notice.id)
        .join(Case, Case.id == Notice.id).outerjoin(Right, Right.id == Notice.right_id)
        .where(notice_visible_to(actor)))
    return query.where(Notice.state == state) if state else query


def counts_of_notices(notice_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Notice id → its complaints and the listings complained of."""
    found = db.session.execute(
        select(Complaint.notice_id, func.count(), func.sum(Complaint.claims_count))
        .where(Complaint.notice_id.in_(list(notice_ids))).group_by(Complaint.notice_id))
    return {notice_id: (complaints, int(claims)) for notice_id, complaints, claims in found}


def last_contact(actor: Actor) -> dict[str, Any]:
    """The contact of the organisation's last notice, so that nobody types it twice."""
    if actor.organisation_id is None:
        return {}
    found = db.session.execute(
        select(Notice.contact).where(Notice.organisation_id == actor.organisation_id,
                                     Notice.received_at.is_not(None), Notice.channel == "desk")
        .order_by(Notice.id.desc()).limit(1)).scalar()
    return dict(found or {})


def complaint_list(
    actor: Actor, *, stage: str = "", state: str = "", regime: str = "", store: int | None = None,
    right: int | None = None, waiting: str = "", search: str = "",
) -> Select[Any]:
    """The rows of a list of complaints with what a row shows; the last columns are the keys ``respond_by`` and ``id``.

    ``waiting`` is ``seller`` (to be responded to), ``history`` (everything else of a seller),
    ``staff`` or ``complainant``; whom else a complaint waits for is nothing that a seller can ask.
    """
    query = (
        select(
            Case.reference, Complaint.state, Complaint.regime, Complaint.reason_code,
            Complaint.claims_count, Complaint.filed_at, Complaint.next_due_at, Complaint.waits_for,
            Complaint.seller_state, Complaint.organisation_id,
            Complaint.to_respond, Notice.waits_for.label("notice_waits_for"), Notice.next_due_at.label("notice_due_at"),
            Store.name.label("store"), Store.external_id.label("store_code"),
            Right.title.label("right_title"), Right.number.label("right_number"),
            Right.kind.label("right_kind"), Right.owner.label("owner"),
            Complaint.respond_by, Complaint.id,
        )
        .join(Case, Case.id == Complaint.id).join(Store, Store.id == Complaint.store_id)
        .join(Right, Right.id == Complaint.right_id).join(Notice, Notice.id == Complaint.notice_id)
        .where(complaint_visible_to(actor))
    )
    if stage:
        query = query.where(_as_read(actor, Complaint.stage_name, Complaint.seller_stage) == stage)
    if state:
        query = query.where(Complaint.state == state)
    if regime:
        query = query.where(Complaint.regime == regime)
    if store is not None:
        query = query.where(Complaint.store_id == store)
    if right is not None:
        query = query.where(Complaint.right_id == right)
    if waiting in ("seller", "history"):
        query = query.where(Complaint.to_respond.is_(waiting == "seller"))
    elif waiting == "staff":
        query = query.where(_as_read(actor, Complaint.for_staff, false()).is_(True))
    elif waiting == "complainant":
        query = query.where(_as_read(actor, Complaint.for_complainant, false()).is_(True))
    if search:
        query = query.where(Case.reference == search.strip().upper())
    return query


def reads_as_seller(actor: Actor, organisation_id: int | None) -> bool:
    """Whether ``actor`` reads a complaint of this organisation as its seller does."""
    return (not actor.reads_as_staff and bool(actor.store_ids or actor.linked("seller"))
            and (actor.organisation_id is None or actor.organisation_id != organisation_id))


def _as_read(actor: Actor, real: Any, shown: Any) -> Any:
    """The column ``real``, or ``shown`` where the actor reads the row as its seller does."""
    if actor.reads_as_staff or not (actor.store_ids or actor.linked("seller")):
        return real
    if actor.organisation_id is None:
        return shown
    return either((Complaint.organisation_id == actor.organisation_id, real), else_=shown)


def first_listings(complaint_ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Complaint id → the title of its first listing that the seller was told of, and how many there are."""
    told = (select(Claim.complaint_id, func.min(Claim.position).label("first"), func.count().label("many"))
            .where(Claim.complaint_id.in_(list(complaint_ids)), Claim.seller_told_at.is_not(None))
            .group_by(Claim.complaint_id).subquery())
    return {number: (title, many) for number, title, many in db.session.execute(
        select(told.c.complaint_id, Listing.title, told.c.many)
        .join(Claim, and_(Claim.complaint_id == told.c.complaint_id, Claim.position == told.c.first))
        .join(Listing, Listing.id == Claim.listing_id))}


def restoring_claims(most: int) -> dict[int, list[Claim]]:
    """Complaint id → claims that wait for the marketplace to show their listing again."""
    found: dict[int, list[Claim]] = {}
    for claim in db.session.execute(select(Claim).where(
        IS_RESTORING).order_by(Claim.id).limit(most)).scalars():
        found.setdefault(claim.complaint_id, []).append(claim)
    return found


def closes_the_door(law: Workflow, deadline: str) -> bool:
    """Whether the end of this clock leads to a state from which nothing can be contested any more."""
    return any(
        edge.trigger == rules.workflows.deadline(deadline).get("on_expiry")
        and not law.edges(edge.dest, "receive_counter_notice")
        for name, state in law.states.items() if state.deadline == deadline
        for edge in law.edges(name))
