"""The verbs of notices and complaints. Each runs in the caller's unit of work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from ipdesk.core.casework.advance import Act, advance, begin, open_case
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.models import Note, SignedStatement
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, Refusal
from ipdesk.core.kernel.ids import hash_token, new_token
from ipdesk.core.kernel.text import N_
from ipdesk.core.workflow.regimes import choose_regime
from ipdesk.features.catalogue import operations as catalogue
from ipdesk.features.catalogue import queries as catalogue_queries
from ipdesk.features.catalogue.models import Listing, Marketplace
from ipdesk.features.complaints import elements, queries
from ipdesk.features.complaints.models import (
    CaseLink,
    Claim,
    Complaint,
    Notice,
    NoticeListing,
    TestPurchase,
)
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights.models import Right


@dataclass(frozen=True)
class Entry:
    """One row of a notice as entered; empty reason and explanation mean those of the notice."""

    entered: str
    reason_code: str = ""
    explanation: str = ""


@dataclass(frozen=True)
class Content:
    """Everything a notice says. ``exhibits`` maps a draft exhibit to the entered rows it belongs to
    (empty: all stores). ``received_at`` differs from the act's time for a document that came by post.
    """

    right: Right
    reason_code: str
    explanation: str
    entries: Sequence[Entry]
    contact: Mapping[str, str]
    signed_name: str
    acting_as: str = "owner"
    statements: Sequence[str] = ()
    purchases: Sequence[Mapping[str, Any]] = ()
    exhibits: Mapping[Exhibit, Sequence[str]] = field(default_factory=dict)
    received_at: datetime | None = None
    channel: str = "desk"


@dataclass(frozen=True)
class Answered:
    """A row with the desk's answer: accepted, already_handled, not_found, other_marketplace, duplicate."""

    entry: Entry
    answer: str
    listing: Listing | None = None
    other_reference: str = ""


def answer_rows(
    entries: Sequence[Entry], right: Right | None, marketplace: Marketplace,
) -> list[Answered]:
    """What the desk says to each entered row, before anything is filed."""
    found = catalogue_queries.resolve([entry.entered for entry in entries], marketplace)
    listed = [row.listing.id for row in found if row.answer == "found" and row.listing]
    handled = queries.already_handled(listed, right.id) if right is not None and right.id else {}
    answers = []
    for entry, row in zip(entries, found, strict=True):
        if row.answer != "found":
            answers.append(Answered(entry, row.answer, row.listing))
        elif row.listing.id in handled:
            answers.append(Answered(entry, "already_handled", row.listing, handled[row.listing.id]))
        else:
            answers.append(Answered(entry, "accepted", row.listing))
    return answers


def start_notice(
    *, actor: Actor, marketplace: Marketplace, right: Right | None = None,
    draft: Mapping[str, Any] | None = None,
) -> Notice:
    """An empty draft, seen by its author's organisation only."""
    case = open_case(actor=actor, kind="notice", workflow="notice", marketplace_id=marketplace.id)
    notice = Notice(
        id=case.id, case=case, organisation_id=actor.organisation_id, filed_by=actor.user_id,
        right_id=right.id if right else None, locale=actor.locale, created_at=actor.at,
        draft=dict(draft or {}), contact={}, missing=[], version_id=1,
    )
    begin(actor=actor, row=notice)
    return notice


def save_draft(*, actor: Actor, notice: Notice, draft: Mapping[str, Any]) -> Notice:
    """Keep what was typed so far. Refuses a notice that was filed (``already_filed``)."""
    if notice.state not in ("draft", "deficient"):
        raise Refusal("already_filed")
    notice.draft = {**(notice.draft or {}), **draft}
    if right_id := notice.draft.get("right_id"):
        notice.right_id = right_id
    db.session.flush()
    return notice


def file_notice(
    *, actor: Actor, notice: Notice, content: Content, seen: int | None = None,
) -> list[Notice]:
    """File the notice; more listings than one notice holds are split into further notices.

    Returns the notices filed, the given one first. Raises ``Invalid`` naming the field when no
    listing can be accepted or the right has ended; ``Refusal`` when an element is missing.
    """
    marketplace = db.session.get(Marketplace, notice.case.marketplace_id)
    answers = answer_rows(content.entries, content.right, marketplace)
    accepted = [row for row in answers if row.answer == "accepted"]
    recorded = content.channel != "desk"
    if not accepted and not recorded:
        raise Invalid({"listings": [N_("None of these listings can be complained of here. "
                                       "See the answer beside each.")]})
    most = rules.workflows.table("limits")["listings_per_notice"]["value"]
    parts = [accepted[start:start + most] for start in range(0, len(accepted), most)] or [[]]
    others = [row for row in answers if row.answer != "accepted"]
    filed = []
    for place, part in enumerate(parts):
        target = notice if place == 0 else start_notice(
            actor=actor, marketplace=marketplace, right=content.right)
        _fill(actor, target, content, part + (others if place == 0 else []), marketplace)
        advance(
            actor=actor, row=target, trigger="record_notice" if recorded else "file_notice",
            facts={"rows": part, "content": content}, seen=seen if place == 0 else None,
            dated={"notice_received": content.received_at or actor.at})
        filed.append(target)
    _file_exhibits(actor, filed, content)
    return filed


def _fill(
    actor: Actor, notice: Notice, content: Content, rows: Sequence[Answered],
    marketplace: Marketplace,
) -> None:
    notice.right_id = content.right.id
    choice = choose_regime(
        rules.workflows, right_type=content.right.kind, markets=[marketplace.market])
    notice.regime, notice.regime_reason = choice.regime, choice.reason
    notice.reason_code, notice.explanation = content.reason_code, content.explanation
    notice.contact, notice.signed_name = dict(content.contact), content.signed_name
    notice.acting_as, notice.channel = content.acting_as, content.channel
    notice.received_at, notice.entered_at = content.received_at or actor.at, actor.at
    notice.draft = None
    db.session.add_all(
        NoticeListing(
            notice_id=notice.id, position=place, entered=row.entry.entered[:2000],
            listing_id=row.listing.id if row.listing else None, answer=row.answer,
            other_reference=row.other_reference)
        for place, row in enumerate(rows))
    db.session.add_all(
        TestPurchase(notice_id=notice.id, **purchase) for purchase in content.purchases)
    elements.sign_statements(
        actor=actor, case_id=notice.id, document=elements.DOCUMENT, regime=notice.regime,
        codes=list(content.statements), name=content.signed_name, locale=actor.locale)


def open_complaints(act: Act) -> None:
    """Effect: one complaint for each store, one claim for each accepted listing."""
    notice, content = act.row, act.facts["content"]
    by_store: dict[int, list[Answered]] = {}
    for row in act.facts["rows"]:
        by_store.setdefault(row.listing.store_id, []).append(row)
    for store_id, rows in by_store.items():
        _open_complaint(act, notice, content, store_id, rows)


def _open_complaint(
    act: Act, notice: Notice, content: Content, store_id: int, rows: Sequence[Answered],
) -> Complaint:
    case = open_case(actor=act.actor, kind="complaint", workflow=notice.regime,
                     marketplace_id=notice.case.marketplace_id)
    complaint = Complaint(
        id=case.id, case=case, notice_id=notice.id, right_id=notice.right_id, store_id=store_id,
        organisation_id=notice.organisation_id, regime=notice.regime,
        reason_code=rows[0].entry.reason_code or content.reason_code, state="", stage_name="",
        claims_count=len(rows), filed_at=notice.received_at, version_id=1)
    claims = [
        Claim(complaint_id=case.id, listing_id=row.listing.id, position=place, times={},
              reason_code=row.entry.reason_code or content.reason_code,
              explanation=row.entry.explanation)
        for place, row in enumerate(rows)]
    begin(actor=act.actor, row=complaint, movers=claims)
    return complaint


def capture(act: Act) -> None:
    """Effect: freeze the listings as they stand: at filing, before a hold, before a deletion."""
    if act.case.kind == "notice":
        for complaint in queries.complaints_of(act.row.id):
            _capture(act, complaint, queries.claims_of(complaint.id), "filing")
    else:
        occasion = "deletion" if act.trigger == "delete_listing" else "hold"
        _capture(act, act.row, act.movers, occasion)


def _capture(act: Act, complaint: Complaint, claims: Sequence[Claim], occasion: str) -> None:
    for listing in queries.listings_of(claims).values():
        catalogue.capture_listing(actor=act.actor, listing=listing, case_id=complaint.id,
                                  occasion=occasion, connector=rules.settings["connector"])


def _file_exhibits(actor: Actor, notices: Sequence[Notice], content: Content) -> None:
    """Assign each exhibit to the claims of its rows and show it to the stores concerned when told."""
    if not content.exhibits:
        return
    entered = {row.entered: row.listing_id for notice in notices
               for row in queries.rows_of_notice(notice.id) if row.answer == "accepted"}
    claims = {claim.listing_id: claim.id for notice in notices
              for complaint in queries.complaints_of(notice.id)
              for claim in queries.claims_of(complaint.id)}
    for exhibit, rows in content.exhibits.items():
        ids = [claims[entered[row]] for row in rows if row in entered]
        evidence.assign_claims(actor=actor, exhibit=exhibit, case_id=notices[0].id, claim_ids=ids)
    evidence.file_exhibits(actor=actor, exhibits=list(content.exhibits))


_ON_COMPLAINTS = {
    "accept": "accept_notice", "refuse": "refuse_notice", "withdraw_notice": "withdraw_claims",
    "deficiency_overdue": "notice_lapsed",
}


def advance_complaints(act: Act) -> None:
    """Effect: what happens to a notice as a whole happens to the complaints it opened."""
    trigger = _ON_COMPLAINTS[act.trigger]
    for complaint in queries.complaints_of(act.row.id):
        claims = [claim for claim in queries.claims_of(complaint.id)
                  if claim.state == "received.screening"]
        if not claims:
            continue
        if trigger == "accept_notice":
            complaint.seller_told_at = act.at
            _disclose_exhibits(act.actor, act.row, complaint, claims)
        advance(actor=act.actor, row=complaint, movers=claims, trigger=trigger, facts=act.facts)


def _disclose_exhibits(
    actor: Actor, notice: Notice, complaint: Complaint, claims: Sequence[Claim],
) -> None:
    """The store sees from now on the shared exhibits about its own listings or about all stores."""
    own = {claim.id for claim in claims}
    for exhibit in db.session.query(Exhibit).filter(
        Exhibit.case_id == notice.id, Exhibit.visibility == "share", Exhibit.filed_at.is_not(None),
    ):
        if exhibit.is_for_all_stores or exhibit.claim_ids & own:
            evidence.disclose(actor=actor, exhibit=exhibit, case_id=complaint.id,
                              store_id=complaint.store_id)


def screen_notice(
    *, actor: Actor, notice: Notice, trigger: str, reasons: str = "",
    missing: Sequence[str] = (), remark: str = "", seen: int | None = None,
) -> Notice:
    """Staff accept the notice, send it back (``missing``: codes of elements) or refuse it."""
    if trigger == "send_back":
        notice.missing = list(missing)
    advance(actor=actor, row=notice, trigger=trigger, seen=seen,
            facts={"reasons": reasons, "missing": list(missing), "remark": remark})
    return notice


def complete_notice(
    *, actor: Actor, notice: Notice, contact: Mapping[str, str], explanation: str, signed_name: str,
    statements: Iterable[str], seen: int | None = None,
) -> Notice:
    """The notifier makes good what was missing; signed statements are signed anew."""
    notice.contact, notice.explanation = dict(contact), explanation
    notice.signed_name, notice.missing = signed_name, []
    db.session.execute(delete(SignedStatement).where(
        SignedStatement.case_id == notice.id, SignedStatement.document == elements.DOCUMENT))
    elements.sign_statements(
        actor=actor, case_id=notice.id, document=elements.DOCUMENT, regime=notice.regime,
        codes=list(statements), name=signed_name, locale=actor.locale)
    advance(actor=actor, row=notice, trigger="complete_notice", seen=seen)
    return notice


def withdraw_notice(*, actor: Actor, notice: Notice, seen: int | None = None) -> Notice:
    """The notifier takes the whole notice back before it is accepted, or discards a draft."""
    advance(actor=actor, row=notice, trigger="withdraw_notice", seen=seen)
    return notice


def take_back(
    *, actor: Actor, complaint: Complaint, claim_ids: Sequence[int], seen: int | None = None,
) -> Complaint:
    """The notifier takes claims back: withdrawn before a hold or decision, retracted after."""
    by_trigger: dict[str, list[Claim]] = {}
    for claim in queries.claims_of(complaint.id, claim_ids):
        open_to = choices(actor, complaint, [claim])
        allowed = [name for name in ("withdraw_claims", "retract_claims")
                   if name in open_to and open_to[name].allowed]
        if not allowed:
            raise Refusal("transition_not_allowed")
        by_trigger.setdefault(allowed[0], []).append(claim)
    for trigger, claims in by_trigger.items():
        advance(actor=actor, row=complaint, movers=claims, trigger=trigger, seen=seen)
        seen = None  # the second group moves the version that the first one made
    return complaint


def write_note(*, actor: Actor, case_id: int, text: str) -> Note:
    """A private note of staff."""
    note = Note(case_id=case_id, author_id=actor.user_id, author_name=actor.name, text=text,
                written_at=actor.at)
    db.session.add(note)
    db.session.flush()
    return note


def make_link(*, at: datetime, case_id: int, audience: str, address: str) -> str:
    """The token of a new one-time link to a case; only its hash is kept."""
    token = new_token()
    db.session.add(CaseLink(token_hash=hash_token(token), case_id=case_id, audience=audience,
                            address=address, created_at=at))
    db.session.flush()
    return token


def open_link(*, actor: Actor, token: str) -> CaseLink:
    """Use a one-time link up. Refuses one that is unknown or was used (``link_used``)."""
    link = db.session.get(CaseLink, hash_token(token))
    if link is None or link.used_at is not None:
        raise Refusal("link_used")
    link.used_at = actor.at
    db.session.flush()
    return link
