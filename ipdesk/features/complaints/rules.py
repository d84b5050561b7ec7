"""The names that the law's files use for notices and complaints, as functions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from ipdesk.core.casework.advance import Act
from ipdesk.core.casework.locks import loader
from ipdesk.core.casework.rules import KindOfCase, Rules
from ipdesk.core.casework.summary import summary_of
from ipdesk.core.casework.timeline import timeline
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.kernel.actors import CLOCK_ROLE, Actor
from ipdesk.core.outbox.enqueue import Recipient
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints import elements, letters, operations, queries
from ipdesk.features.complaints.facts import describe_complaint, describe_notice
from ipdesk.features.complaints.models import NO_LIMIT, Claim, Complaint, Notice
from ipdesk.features.holds.models import Hold
from ipdesk.features.rights.models import Right
from ipdesk.features.rights.queries import in_force, today

REFUSALS = {
    "element_missing": _l("Something the law asks for is missing. See the list."),
    "reasons_missing": _l("Write the reasons."),
    "deficiency_not_named": _l("Tick what is missing."),
    "listing_is_gone": _l("The listing has been deleted already."),
    "listing_is_there": _l("The listing has not been deleted."),
    "notice_filed": _l("This notice was filed meanwhile, so its draft can no longer be changed."),
    "draft_changed": _l("The notice changed after you opened this page. Read it again before you sign."),
    "nothing_chosen": _l("Choose at least one listing."),
    "link_used": _l("This link was used already. Ask for a new one."),
    "link_expired": _l("This link is too old. Ask for a new one."),
    "store_has_account": _l("This store has an account by now. Sign in to read the complaint."),
    "link_sent_recently": _l(
        "The last letter with a link to this case was sent a few minutes ago. Look into your mail, or ask again in ten minutes."),
    "no_regime": _l("No set of rules fits this right and this market. The desk has to decide."),
    "not_restricted": _l("Nothing of this complaint restricts the listing. Withdraw it instead."),
    "already_restricted": _l("The listing is restricted already. Retract the complaint instead."),
    "proof_missing": _l("Say how it is proven that the seller received the complaint."),
    "failure_proof_missing": _l("Say how you know that the notice never arrived."),
    "not_taken_down_for_silence": _l("Silence did not take these listings down, so that nothing of it rests on the delivery."),
    "used_up": _l("This step has been taken as often as the rules allow (%(times)s)."),
}


# --- guards ----------------------------------------------------------------------------------------


def notice_is_complete(act: Act) -> str | None:
    """17 U.S.C. § 512(c)(3)(A), or the house's list: every element of the regime is proven."""
    return "element_missing" if elements.missing(notice_of(act)) else None


def right_is_in_force(act: Act) -> str | None:
    """The right is valid on the day of the act, in the desk's zone, and still on the desk."""
    right = act.row if act.case.kind == "right" else db.session.get(Right, act.row.right_id)
    return None if in_force(right, today(act.at)) else "right_not_in_force"


def decision_has_reasons(act: Act) -> str | None:
    return None if str(act.facts.get("reasons") or "").strip() else "reasons_missing"


def deficiency_is_named(act: Act) -> str | None:
    return None if act.facts.get("missing") else "deficiency_not_named"


def listing_is_live(act: Act) -> str | None:
    gone = [row for row in queries.listings_of(act.movers).values()
            if row.status == "removed_by_seller"]
    return "listing_is_gone" if gone else None


def listing_is_gone(act: Act) -> str | None:
    """The seller deleted every one of these listings by itself."""
    there = [row for row in queries.listings_of(act.movers).values() if row.status != "removed_by_seller"]
    return "listing_is_there" if there else None


def claims_are_restricted(act: Act) -> str | None:
    """Taking a claim back after a hold is a retraction."""
    return None if _restricted(act) else "not_restricted"


def claims_are_unrestricted(act: Act) -> str | None:
    """Taking a claim back before any hold is a withdrawal."""
    return "already_restricted" if _restricted(act) else None


def _restricted(act: Act) -> bool:
    return bool(db.session.execute(select(Hold.id).where(
        Hold.claim_id.in_(act.mover_ids), Hold.lifted_at.is_(None)).limit(1)).first())


def delivery_is_proven(act: Act) -> str | None:
    """Staff record a proof of delivery by another way: what, and how they know."""
    return None if str(act.facts.get("proof") or "").strip() else "proof_missing"


def failure_is_proven(act: Act) -> str | None:
    """Staff record that the notice never arrived, whatever a channel had said: how they know."""
    return None if str(act.facts.get("proof") or "").strip() else "failure_proof_missing"


def taken_down_for_silence(act: Act) -> str | None:
    """The last act that brought these claims to where they stand was the clock's."""
    if "moved_by_clock" not in act.recorded:
        act.recorded["moved_by_clock"] = {mover: entry.side == "clock" for entry in reversed(timeline(act.row))
                                          for mover, start, end in entry.moved if start != end}
    by_clock = act.recorded["moved_by_clock"]
    return None if all(by_clock.get(number) for number in act.mover_ids) else "not_taken_down_for_silence"


# --- effects ---------------------------------------------------------------------------------------


def record_outcome(act: Act) -> None:
    """The day on which the last claim closed, and on which it did as the seller reads it."""
    row, claims = act.row, act.row.claims
    if all(claim.stage == "closed" for claim in claims):
        row.closed_at = act.at
    if row.seller_stage != "closed" and all(act.workflow.shown(claim.state, "seller").startswith("closed.") for claim in claims):
        row.seller_closed_at = act.at


# --- recipients ------------------------------------------------------------------------------------


def seller(act: Act) -> Iterable[Recipient]:
    """The store's main account, or the contact in the catalogue while nobody has claimed the store.

    Nobody for claims that the store was never told of.
    """
    complaint: Complaint = act.row
    if not any(claim.seller_told_at for claim in act.movers):
        return
    store = db.session.get(Store, complaint.store_id)
    if claimed := accounts.main_address(store.id):
        address, locale = claimed
        yield Recipient(role="seller", name=store.name, address=address, locale=locale,
                        inbox=("store", store.id), subject_id=f"store:{store.id}")
    else:
        yield Recipient(role="seller", name=store.name, address=store.contact_email,
                        locale=store.locale, subject_id=f"store:{store.id}")


def rights_holder(act: Act) -> Iterable[Recipient]:
    """Who filed the notice: the organisation's inbox and the address it gave."""
    yield _notifier(notice_of(act))


def owner_of_right(act: Act) -> Iterable[Recipient]:
    """Who registered a right, in the organisation's inbox.

    A right that a letter or a notice without account named has its notifier alone, who gets a link to that
    notice; staff only typed it in.
    """
    right: Right = act.row
    if right.organisation_id is not None:
        user = accounts.get_user(right.registered_by)
        yield Recipient(role="rights_holder", name=user.name, address=user.email, locale=user.locale,
                        inbox=("organisation", right.organisation_id), subject_id=f"organisation:{right.organisation_id}")
    elif (notice := queries.first_notice_on(right.id)) is not None:
        told = _notifier(notice)
        yield replace(told, case_url=letters.link_url(act.at, notice.id, "guest", told.address) if told.address else "")


def _notifier(notice: Notice) -> Recipient:
    inbox = ("organisation", notice.organisation_id) if notice.organisation_id else None
    return Recipient(
        role="rights_holder", name=notice.contact.get("name", ""),
        address=notice.contact.get("email", ""), locale=notice.locale, inbox=inbox,
        subject_id=f"organisation:{notice.organisation_id}" if notice.organisation_id
        else f"notice:{notice.id}")


def notice_of(act: Act) -> Notice:
    """The notice of an act on a notice or on one of its complaints."""
    return act.row if act.case.kind == "notice" else db.session.get(Notice, act.row.notice_id)


# --- what the door must know -----------------------------------------------------------------------


def _staff_capacity(actor: Actor) -> set[str]:
    held = set(actor.roles) & {"reviewer", "legal", "admin", CLOCK_ROLE}
    if held & {"reviewer", "legal"}:
        held |= {"staff_for_seller", "staff_for_rights_holder"}
    return held


def complaint_capacity(actor: Actor, row: Complaint) -> frozenset[str]:
    """The workflow roles of ``actor`` in this complaint."""
    held = _staff_capacity(actor)
    if actor.has("rights_holder", "agent") and actor.organisation_id is not None and (
        actor.organisation_id == row.organisation_id
    ):
        held.add("rights_holder")
    if row.notice_id in actor.linked("guest") and db.session.get_one(Notice, row.notice_id).guest_confirmed_at:
        held |= {"guest", "rights_holder"}
    if actor.has("seller") and row.store_id in actor.store_ids:
        held.add("seller")
    elif row.id in actor.linked("seller") and accounts.main_binding(row.store_id) is None:
        held.add("reads_for_seller")
    return frozenset(held)


def notice_capacity(actor: Actor, row: Notice) -> frozenset[str]:
    """The workflow roles of ``actor`` in this notice; the browser that filed it only looks on."""
    held = _staff_capacity(actor)
    if actor.has("rights_holder", "agent") and actor.organisation_id is not None and (
        actor.organisation_id == row.organisation_id
    ):
        held.add("rights_holder")
    if row.id in actor.linked("guest"):
        held |= {"guest", "rights_holder"}
    elif row.id in actor.linked("filer"):
        held.add("reads_for_guest")
    return frozenset(held)


def _claims(row: Complaint, ids: Iterable[int] | None) -> list[Claim]:
    wanted = None if ids is None else set(ids)
    return [claim for claim in row.claims if wanted is None or claim.id in wanted]


def _summarise(row: Complaint, claims: list[Any], law: Any, running: Sequence[Deadline]) -> None:
    """The marks that lists filter by, and what a seller's lists show (see the model)."""
    row.stage_name = row.stage
    states = [law.states[claim.state] for claim in claims]
    row.to_respond = any(
        state.waits_for in ("seller", "delivery") and law.edges(state.name, "receive_counter_notice")
        for state in states)
    row.for_staff = any(state.waits_for == "staff" for state in states)
    row.for_complainant = any(state.waits_for == "rights_holder" for state in states)
    if row.stage != "closed":
        row.closed_at = None
    _show_seller(row, claims, law)
    own = {(claim.id, state.deadline) for claim, state in zip(claims, states, strict=True)
           if state.waits_for == "seller" and state.deadline
           and (state.stage != "delisted" or queries.closes_the_door(law, state.deadline))}
    row.respond_by = min((line.until_at for line in running
                          if any((mover, line.name) in own for mover in line.movers)), default=NO_LIMIT)


def _show_seller(row: Complaint, claims: list[Any], law: Any) -> None:
    """The state that the seller reads; while that one is a closed one, the day on which it closed stays."""
    shown = summary_of([law.shown(claim.state, "seller") for claim in claims], law)
    row.seller_state, row.seller_stage = shown, shown.partition(".")[0]
    if row.seller_stage != "closed":
        row.seller_closed_at = None


def _complaint_scopes(row: Complaint) -> list[str]:
    scopes = ["desk", f"store:{row.store_id}"]
    return [*scopes, f"organisation:{row.organisation_id}"] if row.organisation_id else scopes


def _notice_scopes(row: Notice) -> list[str]:
    return ["desk", f"organisation:{row.organisation_id}"] if row.organisation_id else ["desk"]


def register(rules: Rules) -> None:
    """Join the names of the workflow files to this feature."""
    rules.kind("complaint", KindOfCase(
        load=loader(Complaint), movers=_claims, prefetch=queries.prefetch,
        capacity=complaint_capacity, scopes=_complaint_scopes, summarised=_summarise,
        describe=describe_complaint))
    rules.kind("notice", KindOfCase(
        load=loader(Notice), movers=lambda row, ids: [row], capacity=notice_capacity,
        scopes=_notice_scopes, describe=describe_notice))
    rules.document("notice", elements.FIELDS)
    rules.limits = operations.LIMITS
    rules.guard("notice_is_complete", notice_is_complete)
    rules.guard("right_is_in_force", right_is_in_force, early=True)
    rules.guard("decision_has_reasons", decision_has_reasons)
    rules.guard("deficiency_is_named", deficiency_is_named)
    rules.guard("listing_is_live", listing_is_live, early=True)
    rules.guard("listing_is_gone", listing_is_gone, early=True)
    rules.guard("claims_are_restricted", claims_are_restricted, early=True)
    rules.guard("claims_are_unrestricted", claims_are_unrestricted, early=True)
    rules.guard("delivery_is_proven", delivery_is_proven)
    rules.guard("failure_is_proven", failure_is_proven)
    rules.guard("taken_down_for_silence", taken_down_for_silence, early=True)
    rules.effect("open_complaints", operations.open_complaints)
    rules.effect("advance_complaints", operations.advance_complaints)
    rules.effect("tell_seller", operations.tell_seller)
    rules.effect("capture_listing", operations.capture)
    rules.effect("record_outcome", record_outcome)
    rules.recipient("seller", seller)
    rules.recipient("rights_holder", rights_holder)
    rules.recipient("right:rights_holder", owner_of_right)
    for message in letters.MESSAGES:
        rules.letter(message, letters.context)
