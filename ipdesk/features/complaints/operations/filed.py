"""What becomes of a notice and its complaints once it is filed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ipdesk.core.casework.advance import Act, advance
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.models import Note
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, Refusal, Stale
from ipdesk.core.kernel.text import N_
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import elements, queries
from ipdesk.features.complaints.answers import Entry, answer_rows
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.complaints.operations.filing import limit
from ipdesk.features.complaints.operations.opening import add_rows, capture_all, complaints_for
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence import queries as evidence_queries
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights.models import Right

_ON_COMPLAINTS = {
    "accept": "accept_notice", "refuse": "refuse_notice", "withdraw_notice": "withdraw_claims",
    "deficiency_overdue": "notice_lapsed",
}


def advance_complaints(act: Act) -> None:
    """Effect: what happens to a notice as a whole happens to the complaints it opened.

    Claims whose listing its seller deleted meanwhile are not accepted but closed.
    """
    trigger = _ON_COMPLAINTS[act.trigger]
    for complaint in queries.complaints_of(act.row.id):
        claims = [claim for claim in queries.claims_of(complaint.id)
                  if claim.state == "received.screening"]
        gone = _deleted(claims) if act.trigger == "accept" else []
        for step, movers in (("find_deleted", gone), (trigger, [claim for claim in claims if claim not in gone])):
            if movers:
                advance(actor=act.actor, row=complaint, movers=movers, trigger=step, facts=act.facts)


def _deleted(claims: Sequence[Claim]) -> list[Claim]:
    listings = queries.listings_of(claims)
    return [claim for claim in claims if listings[claim.listing_id].status == "removed_by_seller"]


def tell_seller(act: Act) -> None:
    """Effect: the store sees these claims from now on, and the shared exhibits about them or about all stores."""
    complaint = act.row
    complaint.seller_told_at = complaint.seller_told_at or act.at
    for claim in act.movers:
        claim.seller_told_at = claim.seller_told_at or act.at
    own = set(act.mover_ids)
    for exhibit in db.session.query(Exhibit).filter(
        Exhibit.case_id == complaint.notice_id, Exhibit.visibility == "share", Exhibit.filed_at.is_not(None),
    ):
        if exhibit.is_for_all_stores or exhibit.claim_ids & own:
            evidence.disclose(actor=act.actor, exhibit=exhibit, case_id=complaint.id,
                              store_id=complaint.store_id)


def screen_notice(
    *, actor: Actor, notice: Notice, trigger: str, reasons: str = "",
    missing: Sequence[str] = (), remark: str = "", seen: int | None = None,
) -> Notice:
    """Staff accept the notice, send it back (``missing``: codes of elements) or refuse it."""
    if trigger == "send_back":
        notice.missing, notice.remark = list(missing), remark
    advance(actor=actor, row=notice, trigger=trigger, seen=seen,
            facts={"reasons": reasons, "missing": list(missing), "remark": remark})
    return notice


def complete_notice(
    *, actor: Actor, notice: Notice, contact: Mapping[str, str], explanation: str, signed_name: str,
    statements: Iterable[str], reason_code: str = "", entries: Sequence[Entry] = (),
    right: Mapping[str, str] | None = None, exhibits: Sequence[Exhibit] = (), seen: int | None = None,
) -> Notice:
    """The notifier makes good what was missing and signs anew; what it said and signed before is kept.

    ``entries`` are taken where the notice named no listing that could be accepted; ``reason_code`` replaces the one that
    the notice gave for all its listings. ``right`` holds those entries of the right that this notice names anew; the
    register stays as it is. ``exhibits`` are shared with every store concerned. Raises ``Invalid`` when none of the
    entries can be accepted.
    """
    if seen is not None and seen != notice.version_id:
        raise Stale(seen, notice.version_id)
    _keep_version(notice, actor.at)
    notice.contact, notice.explanation = dict(contact), explanation
    notice.signed_name, notice.missing, notice.remark = signed_name, [], ""
    if right:
        notice.right_facts = {**(notice.right_facts or {}), **right}
    if reason_code and reason_code != notice.reason_code:
        _give_reason(notice, reason_code)
    if entries and not any(row.answer == "accepted" for row in queries.rows_of_notice(notice.id)):
        _name_listings(actor, notice, entries)
    elements.sign_statements(
        actor=actor, case_id=notice.id, document=elements.document_of(notice), regime=notice.regime,
        codes=list(statements), name=signed_name, locale=actor.locale)
    _hand_in(actor, notice, exhibits)
    advance(actor=actor, row=notice, trigger="complete_notice", seen=seen)
    return notice


def _hand_in(actor: Actor, notice: Notice, exhibits: Sequence[Exhibit]) -> None:
    start = len(evidence_queries.of_case(actor, notice.id)) if exhibits else 0
    for place, exhibit in enumerate(exhibits, start):
        evidence.attach(actor=actor, exhibit=exhibit, case_id=notice.id, role="notice", rules=intake().rules,
                        visibility="share", position=place)
    evidence.file_exhibits(actor=actor, exhibits=exhibits)


def _keep_version(notice: Notice, at: datetime) -> None:
    notice.versions = [*notice.versions, {
        "document": elements.document_of(notice), "contact": dict(notice.contact),
        "explanation": notice.explanation, "reason_code": notice.reason_code, "right": notice.right_facts,
        "signed_name": notice.signed_name, "replaced_at": at.isoformat()}]


def _give_reason(notice: Notice, reason_code: str) -> None:
    """The reason of the whole notice; a listing that was given a reason of its own keeps it."""
    before, notice.reason_code = notice.reason_code, reason_code
    for complaint in queries.complaints_of(notice.id):
        complaint.reason_code = reason_code
        for claim in queries.claims_of(complaint.id):
            if claim.reason_code == before:
                claim.reason_code = reason_code


def _name_listings(actor: Actor, notice: Notice, entries: Sequence[Entry]) -> None:
    """Listings for a notice that came without any: answered, captured, opened as complaints."""
    marketplace = db.session.get(Marketplace, notice.case.marketplace_id)
    right = db.session.get(Right, notice.right_id) if notice.right_id else None
    answers = answer_rows(entries[:limit("listings_per_notice")], right, marketplace, actor=actor)
    accepted = [row for row in answers if row.answer == "accepted"]
    if not accepted:
        raise Invalid({"listings": [N_("None of these listings can be found on this marketplace.")]})
    start = len(queries.rows_of_notice(notice.id))
    add_rows(notice, answers, start)
    db.session.flush()
    for complaint, claims in complaints_for(actor, notice, accepted):
        capture_all(actor, complaint, claims, "filing")


def withdraw_notice(*, actor: Actor, notice: Notice, seen: int | None = None) -> Notice:
    """The notifier takes the whole notice back before it is accepted, or discards a draft."""
    advance(actor=actor, row=notice, trigger="withdraw_notice", seen=seen)
    return notice


def take_back(
    *, actor: Actor, complaint: Complaint, claim_ids: Sequence[int], facts: Mapping[str, Any] | None = None,
    seen: int | None = None,
) -> Complaint:
    """The notifier takes claims back: withdrawn before a hold or decision, retracted after."""
    by_trigger: dict[str, list[Claim]] = {}
    for claim in queries.claims_of(complaint.id, claim_ids):
        open_to = choices(actor, complaint, [claim])
        known = [open_to[name] for name in ("withdraw_claims", "retract_claims") if name in open_to]
        if not any(choice.allowed for choice in known):
            raise Refusal(known[0].why_not if known else "transition_not_allowed")
        by_trigger.setdefault(next(choice.trigger for choice in known if choice.allowed), []).append(claim)
    for trigger, claims in by_trigger.items():
        advance(actor=actor, row=complaint, movers=claims, trigger=trigger, facts=facts, seen=seen)
        seen = None  # the second group moves the version that the first one made
    return complaint


def write_note(*, actor: Actor, case_id: int, text: str) -> Note:
    """A private note of staff."""
    note = Note(case_id=case_id, author_id=actor.user_id, author_name=actor.name, text=text,
                written_at=actor.at)
    db.session.add(note)
    db.session.flush()
    return note
