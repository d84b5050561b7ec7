"""The verbs of notices and complaints. Each runs in the caller's unit of work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ipdesk.core.audit.sealing import head_line
from ipdesk.core.casework import journal
from ipdesk.core.casework.advance import Act, advance, begin, new_case
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.models import Case, Note
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.rows import write_rows
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, NotVisible, Refusal, Stale
from ipdesk.core.kernel.ids import hash_token, new_token
from ipdesk.core.kernel.text import N_
from ipdesk.core.outbox.enqueue import Recipient, enqueue_letter
from ipdesk.core.workflow.regimes import choose_regime
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.catalogue import operations as catalogue
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import drafts, elements, facts, queries
from ipdesk.features.complaints.answers import LONGEST_ENTRY, Answered, Entry, answer_rows
from ipdesk.features.complaints.models import (
    CaseLink,
    Claim,
    Complaint,
    Notice,
    NoticeListing,
    TestPurchase,
)
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence import queries as evidence_queries
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights import operations as rights
from ipdesk.features.rights.models import Right
from ipdesk.features.rights.queries import today

LINK_LIFETIME = timedelta(days=30)  # an old letter in somebody's post box opens nothing
TOO_MANY_FOR_GUEST = N_("Without an account a notice holds at most ten listings. Register to file about more.")
RIGHT_ENDED = N_("This right has ended, has not begun yet or was taken off the desk. "
                 "Renew it first, or choose another one.")


@dataclass(frozen=True)
class Content:
    """Everything a notice says. ``exhibits`` maps a draft exhibit to the entered rows it belongs to
    (empty: all stores). ``received_at`` differs from the act's time for a document that came by post.
    ``answers`` are the desk's answers to ``entries`` where this very transaction has them already.
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
    answers: Sequence[Answered] | None = None


def start_notice(
    *, actor: Actor, marketplace: Marketplace, right: Right | None = None,
    draft: Mapping[str, Any] | None = None,
) -> Notice:
    """An empty draft, seen by its author's organisation only."""
    case = new_case(actor=actor, kind="notice", workflow="notice", marketplace_id=marketplace.id)
    notice = Notice(
        case=case, organisation_id=actor.organisation_id, filed_by=actor.user_id,
        right_id=right.id if right else None, locale=actor.locale, created_at=actor.at,
        draft=dict(draft or {}), contact={}, missing=[], versions=[], version_id=1,
    )
    begin(actor=actor, row=notice)
    return notice


def save_draft(
    *, actor: Actor, notice: Notice, draft: Mapping[str, Any], right: Right | None = None,
) -> Notice:
    """Keep what was typed so far; only a part that ``draft`` names is replaced.

    Refuses a notice that was filed (``notice_filed``).
    """
    if notice.state != "draft":
        raise Refusal("notice_filed")
    notice.draft = {**(notice.draft or {}), **draft}
    if right is not None:
        notice.right_id = right.id
    db.session.flush()
    return notice


def file_notice(
    *, actor: Actor, notice: Notice, content: Content, seen: int | None = None,
) -> list[Notice]:
    """File the notice; more listings than one notice holds are split into further notices.

    Returns the notices filed, the given one first. Raises ``Invalid`` naming the field when no
    listing can be accepted or the right has ended; ``Refusal`` when an element is missing.
    What came from elsewhere is recorded as it is. The exhibits of ``content`` are attached to
    ``notice`` already.
    """
    marketplace = db.session.get(Marketplace, notice.case.marketplace_id)
    answers = content.answers
    if answers is None:
        answers = answer_rows(content.entries, content.right, marketplace, actor=actor)
    accepted = [row for row in answers if row.answer == "accepted"]
    recorded = content.channel != "desk"
    if not recorded and not drafts.can_file_from(content.right, marketplace, today(actor.at)):
        raise Invalid({"right": [RIGHT_ENDED]})
    if not accepted and not recorded:
        raise Invalid({"listings": [N_("None of these listings can be complained of here. "
                                       "See the answer beside each.")]})
    most = limit("listings_per_notice")
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


def file_draft(
    *, actor: Actor, notice: Notice, signed_name: str, statements: Sequence[str], shown: str,
    seen: int | None = None,
) -> list[Notice]:
    """File what the draft says. ``shown`` is the digest of what the signer read (``draft_changed``).

    Raises as `file_notice`; ``element_missing`` where the draft lacks what the law asks for.
    """
    if notice.state != "draft":
        raise Refusal("notice_filed")
    draft = drafts.Draft.load(notice, actor)
    if draft.right is None:
        raise Refusal("element_missing")
    found = draft_files(actor, draft)
    said = draft.said({reference: exhibit.name for reference, exhibit in found.items()})
    if said.digest() != shown:
        raise Refusal("draft_changed")
    if said.missing():
        raise Refusal("element_missing")
    handed = {}
    for place, (reference, (visibility, rows)) in enumerate(drafts.exhibit_rows(said).items()):
        evidence.attach(actor=actor, exhibit=found[reference], case_id=notice.id, role="notice",
                        rules=intake().rules, visibility=visibility, position=place)
        handed[found[reference]] = rows
    return file_notice(actor=actor, notice=notice, seen=seen, content=Content(
        right=draft.right, reason_code=said.reason_code, explanation=said.explanation,
        entries=[row.entry for row in said.rows], answers=said.rows, contact=said.contact, signed_name=signed_name,
        acting_as=said.acting_as, statements=statements, purchases=drafts.purchases(said),
        exhibits=handed))


def draft_files(actor: Actor, draft: drafts.Draft) -> dict[str, Exhibit]:
    """Reference → exhibit of a draft; what its side has removed meanwhile is left out."""
    found = {}
    for one in draft.values["exhibits"]:
        try:
            found[one["reference"]] = evidence_queries.own_drafts(actor, [one["reference"]])[0]
        except NotVisible:
            continue
    return found


def file_as_guest(
    *, actor: Actor, marketplace: Marketplace, right: Mapping[str, Any], entries: Sequence[Entry],
    exhibits: Sequence[Exhibit] = (), **said: Any,
) -> Notice:
    """File the notice of somebody without account, whose right is described in it, and ask to
    confirm the mail address.

    An address that is never confirmed stops no clock; staff see that it is not. Raises as `file_notice`, and
    ``Invalid`` for more listings than a guest's notice holds.
    """
    most = limit("listings_per_guest_notice")
    if len(entries) > most:
        raise Invalid({"listings": [TOO_MANY_FOR_GUEST]})
    described = rights.register_right(actor=actor, **right)
    notice = start_notice(actor=actor, marketplace=marketplace, right=described)
    author = replace(actor, links=actor.links | {("guest", notice.id)})
    for place, exhibit in enumerate(exhibits):
        evidence.attach(actor=author, exhibit=exhibit, case_id=notice.id, role="notice",
                        rules=intake().rules, visibility="share", position=place)
    file_notice(actor=author, notice=notice, content=Content(
        right=described, entries=entries, exhibits=dict.fromkeys(exhibits, ()), **said))
    send_link(actor=author, notice=notice)
    return notice


def send_link(*, actor: Actor, notice: Notice) -> None:
    """Send a guest a new link to its notice; opening it also confirms the address."""
    address = notice.contact.get("email", "")
    token = make_link(at=actor.at, case_id=notice.id, audience="guest", address=address)
    enqueue_letter(
        message="confirm_address", at=actor.at, case_id=notice.id, reference=notice.reference,
        recipient=Recipient(role="rights_holder", name=notice.contact.get("name", ""), address=address,
                            locale=notice.locale, subject_id=f"notice:{notice.id}"),
        context={"desk_name": rules.settings["desk_name"], "audit_head": head_line(), "deadline": None,
                 "now": moment_text(actor.at, rules.settings["zone"], notice.locale),
                 "case_url": f"{rules.settings['base_url']}/links/{token}"})


LIMITS = frozenset({"listings_per_notice", "listings_per_guest_notice", "listings_per_draft"})


def limit(name: str) -> int:
    """A number of ``tables/limits.yaml``."""
    return int(rules.workflows.table("limits")[name]["value"])


def _fill(
    actor: Actor, notice: Notice, content: Content, rows: Sequence[Answered],
    marketplace: Marketplace,
) -> None:
    notice.right_id, notice.right_facts = content.right.id, facts.frozen_right(content.right)
    choice = choose_regime(
        rules.workflows, right_type=content.right.kind, markets=[marketplace.market])
    notice.regime, notice.regime_reason = choice.regime, choice.reason
    notice.reason_code, notice.explanation = content.reason_code, content.explanation
    notice.contact, notice.signed_name = dict(content.contact), content.signed_name
    notice.acting_as, notice.channel = content.acting_as, content.channel
    notice.received_at, notice.entered_at = content.received_at or actor.at, actor.at
    notice.draft = None
    _add_rows(notice, rows)
    own = {row.listing.id for row in rows if row.answer == "accepted" and row.listing}
    db.session.add_all(
        TestPurchase(notice_id=notice.id, **purchase) for purchase in content.purchases
        if purchase.get("listing_id") is None or purchase["listing_id"] in own)
    elements.sign_statements(
        actor=actor, case_id=notice.id, document=elements.DOCUMENT, regime=notice.regime,
        codes=list(content.statements), name=content.signed_name, locale=actor.locale)


def _add_rows(notice: Notice, rows: Sequence[Answered], start: int = 0) -> None:
    write_rows(NoticeListing, [{
        "notice_id": notice.id, "position": place, "entered": row.entry.entered[:LONGEST_ENTRY],
        "listing_id": row.listing.id if row.listing else None, "answer": row.answer,
        "other_reference": row.other_reference} for place, row in enumerate(rows, start)])


def open_complaints(act: Act) -> None:
    """Effect: one complaint for each store, one claim for each accepted listing."""
    act.opened += _open_complaints(act.actor, act.row, act.facts["rows"])


def _open_complaints(
    actor: Actor, notice: Notice, accepted: Sequence[Answered],
) -> list[tuple[Complaint, Sequence[Claim]]]:
    by_store: dict[int, list[Answered]] = {}
    for row in accepted:
        by_store.setdefault(row.listing.store_id, []).append(row)
    return [_open_complaint(actor, notice, store_id, rows) for store_id, rows in by_store.items()]


def _open_complaint(
    actor: Actor, notice: Notice, store_id: int, rows: Sequence[Answered],
) -> tuple[Complaint, Sequence[Claim]]:
    case = new_case(actor=actor, kind="complaint", workflow=notice.regime,
                     marketplace_id=notice.case.marketplace_id)
    complaint = Complaint(
        case=case, notice_id=notice.id, right_id=notice.right_id, store_id=store_id,
        organisation_id=notice.organisation_id, regime=notice.regime,
        reason_code=rows[0].entry.reason_code or notice.reason_code, state="", stage_name="",
        claims_count=len(rows), filed_at=notice.received_at, version_id=1)
    claims = [
        Claim(complaint=complaint, listing_id=row.listing.id, position=place, times={},
              reason_code=row.entry.reason_code or notice.reason_code,
              explanation=row.entry.explanation)
        for place, row in enumerate(rows)]
    begin(actor=actor, row=complaint, movers=claims)
    return complaint, claims


def capture(act: Act) -> None:
    """Effect: freeze the listings as they stand: at filing, before a hold, before a deletion."""
    if act.case.kind == "notice":
        for complaint, claims in act.opened:
            _capture(act.actor, complaint, claims, "filing")
    else:
        occasion = "deletion" if act.trigger == "delete_listing" else "hold"
        _capture(act.actor, act.row, act.movers, occasion)


def _capture(actor: Actor, complaint: Complaint, claims: Sequence[Claim], occasion: str) -> None:
    for listing in queries.listings_of(claims).values():
        catalogue.capture_listing(actor=actor, listing=listing, case_id=complaint.id,
                                  occasion=occasion, connector=rules.settings["connector"],
                                  pictures=rules.settings["pictures"])


def _file_exhibits(actor: Actor, notices: Sequence[Notice], content: Content) -> None:
    """Give each exhibit to the notices of its rows, with their claims; stores see it when told.

    An exhibit whose rows were all refused belongs to no store: it stays with the desk. Where
    a notice was split, each part has its own copy of what belongs to it.
    """
    if not content.exhibits:
        return
    claims = [_claims_by_entry(notice) for notice in notices]
    for exhibit, rows in content.exhibits.items():
        targets = [(notice, [found[row] for row in rows if row in found])
                   for notice, found in zip(notices, claims, strict=True)]
        if rows:
            targets = [(notice, ids) for notice, ids in targets if ids]
        if not targets:
            _give(actor, exhibit, notices[0], [], "platform_only")
        for place, (notice, ids) in enumerate(targets):
            own = exhibit if place == 0 else evidence.copy_draft(actor=actor, exhibit=exhibit)
            _give(actor, own, notice, ids, exhibit.visibility)
        # Copies are made of drafts: an exhibit is filed when every part has its own.
    filed = [row for notice in notices for row in queries.draft_exhibits(notice.id)]
    evidence.file_exhibits(actor=actor, exhibits=filed)


def _claims_by_entry(notice: Notice) -> dict[str, int]:
    """Entered row → its claim, for the accepted rows of a notice."""
    listings = {row.listing_id: row.entered for row in queries.rows_of_notice(notice.id)
                if row.answer == "accepted"}
    return {listings[claim.listing_id]: claim.id for complaint in queries.complaints_of(notice.id)
            for claim in queries.claims_of(complaint.id)}


def _give(
    actor: Actor, exhibit: Exhibit, notice: Notice, claim_ids: Sequence[int], visibility: str,
) -> None:
    evidence.attach(
        actor=actor, exhibit=exhibit, case_id=notice.id, role=exhibit.role, rules=intake().rules,
        visibility=visibility, claim_ids=claim_ids, title=exhibit.title,
        description=exhibit.description, position=exhibit.position)


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
        notice.missing = list(missing)
    advance(actor=actor, row=notice, trigger=trigger, seen=seen,
            facts={"reasons": reasons, "missing": list(missing), "remark": remark})
    return notice


def complete_notice(
    *, actor: Actor, notice: Notice, contact: Mapping[str, str], explanation: str, signed_name: str,
    statements: Iterable[str], reason_code: str = "", entries: Sequence[Entry] = (),
    seen: int | None = None,
) -> Notice:
    """The notifier makes good what was missing and signs anew; what it said and signed before is kept.

    ``entries`` are taken where the notice named no listing that could be accepted, and
    ``reason_code`` where it gave none. Raises ``Invalid`` when none of the entries can be accepted.
    """
    if seen is not None and seen != notice.version_id:
        raise Stale(seen, notice.version_id)
    _keep_version(notice, actor.at)
    notice.contact, notice.explanation = dict(contact), explanation
    notice.signed_name, notice.missing = signed_name, []
    if reason_code and not notice.reason_code:
        _give_reason(notice, reason_code)
    if entries and not any(row.answer == "accepted" for row in queries.rows_of_notice(notice.id)):
        _name_listings(actor, notice, entries)
    elements.sign_statements(
        actor=actor, case_id=notice.id, document=elements.document_of(notice), regime=notice.regime,
        codes=list(statements), name=signed_name, locale=actor.locale)
    advance(actor=actor, row=notice, trigger="complete_notice", seen=seen)
    return notice


def _keep_version(notice: Notice, at: datetime) -> None:
    notice.versions = [*notice.versions, {
        "document": elements.document_of(notice), "contact": dict(notice.contact),
        "explanation": notice.explanation, "reason_code": notice.reason_code,
        "signed_name": notice.signed_name, "replaced_at": at.isoformat()}]


def _give_reason(notice: Notice, reason_code: str) -> None:
    notice.reason_code = reason_code
    for complaint in queries.complaints_of(notice.id):
        complaint.reason_code = complaint.reason_code or reason_code
        for claim in queries.claims_of(complaint.id):
            claim.reason_code = claim.reason_code or reason_code


def _name_listings(actor: Actor, notice: Notice, entries: Sequence[Entry]) -> None:
    """Listings for a notice that came without any: answered, captured, opened as complaints."""
    marketplace = db.session.get(Marketplace, notice.case.marketplace_id)
    right = db.session.get(Right, notice.right_id) if notice.right_id else None
    answers = answer_rows(entries[:limit("listings_per_notice")], right, marketplace, actor=actor)
    accepted = [row for row in answers if row.answer == "accepted"]
    if not accepted:
        raise Invalid({"listings": [N_("None of these listings can be found on this marketplace.")]})
    start = len(queries.rows_of_notice(notice.id))
    _add_rows(notice, answers, start)
    db.session.flush()
    for complaint, claims in _open_complaints(actor, notice, accepted):
        _capture(actor, complaint, claims, "filing")


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
        allowed = [name for name in ("withdraw_claims", "retract_claims")
                   if name in open_to and open_to[name].allowed]
        if not allowed:
            raise Refusal("transition_not_allowed")
        by_trigger.setdefault(allowed[0], []).append(claim)
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


def make_link(*, at: datetime, case_id: int, audience: str, address: str) -> str:
    """The token of a new one-time link to a case; only its hash is kept."""
    token = new_token()
    db.session.add(CaseLink(token_hash=hash_token(token), case_id=case_id, audience=audience,
                            address=address, created_at=at))
    db.session.flush()
    return token


def refuse_claimed_store(link: CaseLink) -> None:
    """A store with an account reads there; its old address may be somebody else's (``store_has_account``)."""
    if link.audience == "seller" and accounts.main_binding(db.session.get_one(Complaint, link.case_id).store_id):
        raise Refusal("store_has_account")


def open_link(*, actor: Actor, token: str) -> CaseLink:
    """Use a one-time link up. Refuses one that is unknown or was used (``link_used``), is too old
    (``link_expired``) or reads for a store that has an account by now (``store_has_account``).
    """
    link = db.session.get(CaseLink, hash_token(token))
    if link is None:
        raise Refusal("link_used")
    rules.kinds[db.session.get_one(Case, link.case_id).kind].load(link.case_id)
    db.session.refresh(link)  # as it stands behind the lock: of two who open it at once one is too late
    if link.used_at is not None:
        raise Refusal("link_used")
    if actor.at - link.created_at > LINK_LIFETIME:
        raise Refusal("link_expired")
    refuse_claimed_store(link)
    link.used_at = actor.at
    journal.note(actor=actor, case_id=link.case_id, act="link_opened")
    notice = db.session.get(Notice, link.case_id) if link.audience == "guest" else None
    if notice is not None and notice.guest_confirmed_at is None:
        notice.guest_confirmed_at = actor.at  # the link went to that address and nowhere else
    db.session.flush()
    return link
