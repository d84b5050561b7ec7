"""What the seller answers, what the rights holder answers to that, and what a court has before it.

Each verb runs in the caller's unit of work.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from ipdesk.core.casework import journal
from ipdesk.core.casework.advance import advance, workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.sweep import write_to
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.canonical import sha256_hex
from ipdesk.core.kernel.errors import Forbidden, Invalid, NotVisible, Refusal
from ipdesk.core.kernel.ids import new_reference
from ipdesk.core.kernel.text import N_
from ipdesk.features.complaints import elements
from ipdesk.features.complaints import operations as complaint_operations
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.counter_notices import copies, facts, queries
from ipdesk.features.counter_notices.models import (
    Answer,
    CounterNotice,
    CounterNoticeDraft,
    CourtNotice,
    ReceivedDocument,
)
from ipdesk.features.evidence import intake
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.evidence.queries import side_of_guest

LONGEST_DRAFT_FIELD = 20_000
TIMELY = "receive_timely_counter_notice"
ANSWERED_IN_TIME = "receive_timely_answer"
TOLD_IN_TIME = "tell_timely_court_action"
ONE_OF_SEVERAL = "reject_one_court_action"
TELLING = ("tell_court_action", "tell_further_court_action", TOLD_IN_TIME)
# What a party may send elsewhere, and the steps of the law's files that staff take for it.
RECEIVED_STEPS = {"answer": ("answer_counter_notice", ANSWERED_IN_TIME), "take_back": ("withdraw_claims", "retract_claims"),
                  "delete": ("delete_listing",)}
AHEAD_OF_UTC = timedelta(hours=14)  # where the day begins first, so that nobody's today is refused
CHOOSE = N_("Choose at least one listing.")
NOTHING_MISSING = N_("Nothing is missing: record it as a counter-notification.")
FUTURE = N_("This day lies in the future.")
BEFORE_COMPLAINT = N_("This lies before the complaint was filed.")
NO_DOCUMENT = N_("Add the document.")
FILL_IN = N_("Fill this in.")
TICK = N_("Tick this to go on.")


# --- the seller ----------------------------------------------------------------------------------


def delete_listings(
    *, actor: Actor, complaint: Complaint, claim_ids: Iterable[int], facts: Mapping[str, Any] | None = None,
    seen: int | None = None,
) -> Complaint:
    """The seller has these listings deleted, which ends their claims and admits nothing."""
    advance(actor=actor, row=complaint, movers=_chosen(complaint, claim_ids),
            trigger="delete_listing", facts=facts, seen=seen)
    return complaint


def save_draft(
    *, actor: Actor, complaint: Complaint, form: Mapping[str, Any],
) -> CounterNoticeDraft:
    """Keep what this person has typed for this complaint so far, on whatever device."""
    if actor.user_id is None:
        raise Forbidden("save_draft")
    kept = {name: _shortened(value) for name, value in form.items()}
    row = queries.draft(complaint.id, actor.user_id)
    if row is None:
        row = CounterNoticeDraft(complaint_id=complaint.id, user_id=actor.user_id, form={})
        db.session.add(row)
    row.form, row.saved_at = {**row.form, **kept}, actor.at
    db.session.flush()
    return row


def _shortened(value: Any) -> Any:
    return value[:LONGEST_DRAFT_FIELD] if isinstance(value, str) else value


def load_draft(*, actor: Actor, complaint: Complaint) -> dict[str, Any]:
    """What `save_draft` kept for this person; empty for none."""
    row = queries.draft(complaint.id, actor.user_id)
    return dict(row.form) if row else {}


def file_counter_notice(
    *, actor: Actor, complaint: Complaint, claim_ids: Iterable[int], grounds: Sequence[str] = (),
    explanation: str = "", contact: Mapping[str, str], signed_name: str,
    statements: Iterable[str], exhibits: Mapping[Exhibit, str] | None = None,
    original: Exhibit | None = None, received_at: datetime | None = None, channel: str = "desk",
    copy_shown: str | None = None, seen: int | None = None,
) -> CounterNotice:
    """Receive the seller's counter-notification and send its copy to the rights holder.

    ``statements`` are codes of the regime's set; ``exhibits`` maps drafts to ``platform_only`` or
    ``share`` (where a statute fixes the elements, nothing else is shared). A document received
    elsewhere brings its ``original``, ``channel`` and ``received_at``. ``copy_shown`` is the SHA-256 of
    the copy that the signer read. Raises ``Invalid`` naming the field of each missing element,
    ``Refusal`` (``copy_changed`` and those of the door), ``Stale``.
    """
    claims, codes = _chosen(complaint, claim_ids), list(statements)
    _require_known_grounds(grounds)
    handed = _visibilities(complaint.regime, exhibits or {})
    said = draft_record(complaint, claims, grounds=grounds, explanation=explanation,
                        contact=contact, signed_name=signed_name, statements=codes, exhibits=handed)
    require_elements(complaint.regime, said)
    require_arrival(complaint, received_at, actor.at)
    row = CounterNotice(
        reference=new_reference("CN"), complaint_id=complaint.id,
        claim_ids=[claim.id for claim in claims], grounds=list(grounds), explanation=explanation,
        contact=dict(contact), signed_name=signed_name, copy=copy_for(complaint, said),
        channel=channel, received_at=received_at or actor.at, entered_at=actor.at,
        filed_by=actor.user_id, exhibit_ids=[])
    if copy_shown is not None and copy_shown != digest_of(row.copy):
        raise Refusal("copy_changed")
    db.session.add(row)
    db.session.flush()
    elements.sign_statements(
        actor=actor, case_id=complaint.id, document=facts.document_of(row), regime=complaint.regime,
        codes=codes, name=signed_name, locale=actor.locale, kind=copies.DOCUMENT)
    filed = _hand_in(actor, complaint, handed, role="counter_notice", claims=claims, store_id=complaint.store_id)
    if original is not None:
        filed += _hand_in(actor, complaint, {original: "platform_only"}, role="received_document", claims=claims,
                          store_id=complaint.store_id)
    row.exhibit_ids = filed
    for trigger, group in _by_arrival(complaint, claims, received_at):
        advance(actor=actor, row=complaint, movers=group, trigger=trigger, seen=seen,
                facts={"counter_notice_id": row.id},
                dated={"counter_notice_received": row.received_at})
        seen = None  # the version that the person saw is the one before the first act
    if (draft := queries.draft(complaint.id, actor.user_id)) is not None:
        db.session.delete(draft)
    db.session.flush()
    return row


def _by_arrival(
    complaint: Complaint, claims: Sequence[Claim], received_at: datetime | None,
) -> list[tuple[str, list[Claim]]]:
    """The claims by the step they take: those that silence took down although the answer had come in time apart."""
    law = workflow_of(complaint.case)
    timely = [claim for claim in claims if received_at is not None and law.edges(claim.state, TIMELY)
              and queries.was_in_time(complaint.id, [claim.id], received_at, clock="response")]
    others = [claim for claim in claims if claim not in timely]
    return [(trigger, group) for trigger, group in (("receive_counter_notice", others), (TIMELY, timely)) if group]


def draft_record(
    complaint: Complaint, claims: Sequence[Claim], *, grounds: Sequence[str], explanation: str,
    contact: Mapping[str, str], signed_name: str, statements: Iterable[str],
    exhibits: Mapping[Exhibit, str],
) -> dict[str, Any]:
    """The record of a counter-notification that nobody has signed yet."""
    return facts.said(
        claims=claims, grounds=grounds, explanation=explanation, contact=contact,
        signed_name=signed_name, statements=facts.statements_of(complaint.regime, statements),
        exhibits=[facts.exhibit_facts(exhibit, shared=choice == "share")
                  for exhibit, choice in exhibits.items()])


def copy_for(complaint: Complaint, said: Mapping[str, Any]) -> str:
    """The exact text that the rights holder gets, in the language of its notice."""
    notice = db.session.get(Notice, complaint.notice_id)
    return copies.render(complaint.regime, complaint.state, said, notice.locale)


def digest_of(copy: str) -> str:
    """What a form carries to prove which copy its signer read."""
    return sha256_hex(copy.encode())


def _visibilities(regime: str, exhibits: Mapping[Exhibit, str]) -> dict[Exhibit, str]:
    """17 U.S.C. § 512(g)(2)(B) sends the counter-notification, not its enclosures."""
    if copies.is_statutory(regime):
        return dict.fromkeys(exhibits, "platform_only")
    return dict(exhibits)


_FIELDS = {"listings": "claim_ids", "contact.name": "name", "contact.address": "address",
           "contact.phone": "phone"}
_SAY = {"listings": CHOOSE, "grounds": N_("Choose at least one ground."),
        "explanation": N_("Say in your own words why the complaint is wrong."),
        "contact.name": N_("Enter your full name."), "contact.address": N_("Enter your postal address."),
        "contact.phone": N_("Enter a telephone number.")}


def form_field(proof: str) -> str:
    """The field of the form behind a field of the table of elements: ``statement_jurisdiction``."""
    return _FIELDS.get(proof, proof.replace(":", "_"))


def missing_fields(regime: str, said: Mapping[str, Any]) -> dict[str, list[str]]:
    """Form field → what the regime asks for and ``said`` does not prove."""
    codes = {line["code"] for line in said["statements"]}
    return {
        form_field(proof): [TICK if proof.startswith("statement:") else _SAY.get(
            proof, element["missing"])]
        for element in elements.required(regime, copies.DOCUMENT) for proof in element["proven_by"]
        if not elements.is_proven(proof, said, codes)
    }


def asked_fields(regime: str) -> set[str]:
    """The form fields that the regime cannot do without."""
    return {form_field(proof) for element in elements.required(regime, copies.DOCUMENT)
            for proof in element["proven_by"]}


def require_elements(regime: str, said: Mapping[str, Any]) -> None:
    if missing := missing_fields(regime, said):
        raise Invalid(missing)


def _require_known_grounds(grounds: Iterable[str]) -> None:
    if not set(grounds) <= set(rules.workflows.table("grounds")):
        raise Invalid({"grounds": [N_("Choose from the list.")]})


def require_arrival(complaint: Complaint, received_at: datetime | None, now: datetime) -> None:
    if received_at is None:
        return
    if received_at > now:
        raise Invalid({"received_at": [FUTURE]})
    if received_at < complaint.filed_at:
        raise Invalid({"received_at": [BEFORE_COMPLAINT]})


def require_filed(filed_on: date | None, now: datetime) -> None:
    if filed_on is not None and filed_on > (now + AHEAD_OF_UTC).date():
        raise Invalid({"filed_on": [FUTURE]})


# --- the rights holder ---------------------------------------------------------------------------


def answer_counter_notice(
    *, actor: Actor, complaint: Complaint, claim_ids: Iterable[int], text: str, signed_name: str,
    exhibits: Mapping[Exhibit, str] | None = None, answered_at: datetime | None = None,
    facts: Mapping[str, Any] | None = None, seen: int | None = None,
) -> Answer:
    """The rights holder maintains the complaint against a counter-notification; staff decide next.

    ``answered_at`` is the arrival of an answer that came in elsewhere: in time, it counts although silence has ended the
    time to answer meanwhile.
    """
    _require({"text": text, "signed_name": signed_name})
    claims = _chosen(complaint, claim_ids)
    handed = dict(exhibits or {})
    row = Answer(
        complaint_id=complaint.id, claim_ids=[claim.id for claim in claims], text=text,
        signed_name=signed_name, answered_at=answered_at or actor.at, answered_by=actor.user_id,
        exhibit_ids=_hand_in(actor, complaint, handed, role="answer", claims=claims))
    db.session.add(row)
    db.session.flush()
    for trigger, group in _by_silence(complaint, claims, row, elsewhere=answered_at is not None):
        advance(actor=actor, row=complaint, movers=group, trigger=trigger, seen=seen,
                facts={**(facts or {}), "answer_id": row.id})
        seen = None  # the version that the person saw is the one before the first act
    _show_to_store(actor, complaint, handed)
    return row


def _by_silence(
    complaint: Complaint, claims: Sequence[Claim], answer: Answer, *, elsewhere: bool,
) -> list[tuple[str, list[Claim]]]:
    """The claims by the step they take: those whose time to answer seemed to pass in silence apart, where the answer came in elsewhere."""
    law = workflow_of(complaint.case)
    silent = queries.unanswered(complaint.id, "fired", but=answer.id) if elsewhere else set()
    overdue = [claim for claim in claims if claim.id in silent and law.edges(claim.state, ANSWERED_IN_TIME)]
    others = [claim for claim in claims if claim not in overdue]
    return [(trigger, group) for trigger, group in (("answer_counter_notice", others), (ANSWERED_IN_TIME, overdue)) if group]


def tell_court_action(
    *, actor: Actor, complaint: Complaint, claim_ids: Iterable[int], forum: str, docket: str,
    filed_on: date | None, documents: Sequence[Exhibit], statements: Iterable[str], signed_name: str,
    filed_by_notifier: bool = False, names_subscriber: bool = False, seeks_restraint: bool = False,
    received_at: datetime | None = None, channel: str = "desk", seen: int | None = None,
) -> CourtNotice:
    """The rights holder tells of a court action with its document; legal staff examine it.

    A paper received elsewhere brings its ``channel`` and ``received_at``; its original is the document, and what it does not
    say stays empty: staff who examine it find that it does not qualify.

    The three flags are what the notifier says of the action; whether it qualifies is decided in
    `confirm_court_action`. Raises ``Invalid`` without document and, where the notifier itself tells,
    without forum, docket, day or signature.
    """
    if channel == "desk":
        _require({"forum": forum, "docket": docket, "signed_name": signed_name, "filed_on": str(filed_on or "")})
    if not documents:
        raise Invalid({"documents": [NO_DOCUMENT]})
    require_filed(filed_on, actor.at)
    require_arrival(complaint, received_at, actor.at)
    claims, codes = _chosen(complaint, claim_ids), list(statements)
    if channel == "desk":
        _require_statements(complaint.regime, codes)
    row = CourtNotice(
        complaint_id=complaint.id, claim_ids=[claim.id for claim in claims], forum=forum,
        docket=docket, filed_on=filed_on, filed_by_notifier=filed_by_notifier,
        names_subscriber=names_subscriber, seeks_restraint=seeks_restraint,
        received_at=received_at or actor.at, channel=channel, entered_at=actor.at, told_by=actor.user_id,
        exhibit_ids=_hand_in(actor, complaint, dict.fromkeys(documents, "share"), role="court",
                             claims=claims))
    db.session.add(row)
    db.session.flush()
    elements.sign_statements(
        actor=actor, case_id=complaint.id, document=f"court_notice:{row.id}",
        regime=complaint.regime, codes=codes, name=signed_name, locale=actor.locale,
        kind="court_action")
    for trigger, group in _by_telling(actor, complaint, claims):
        advance(actor=actor, row=complaint, movers=group, trigger=trigger, seen=seen,
                facts={"court_notice_id": row.id}, dated={"court_action_told": row.received_at})
        seen = None  # the version that the person saw is the one before the first act
    return row


def _by_telling(
    actor: Actor, complaint: Complaint, claims: Sequence[Claim],
) -> list[tuple[str, list[Claim]]]:
    """The claims by the step they take: those of which a paper waits already, and those put back, where staff record what came before."""
    law = workflow_of(complaint.case)
    known = TELLING if actor.is_staff else TELLING[:-1]
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        trigger = next((name for name in known if law.edges(claim.state, name)), TELLING[0])
        groups.setdefault(trigger, []).append(claim)
    return list(groups.items())


def _require_statements(regime: str, codes: Sequence[str]) -> None:
    unsigned = [line["code"] for line in elements.statements(regime, "court_action")
                if line["code"] not in codes]
    if unsigned:
        raise Invalid({f"statement_{code}": [TICK] for code in unsigned})


# --- what came in elsewhere ------------------------------------------------------------------------


def record_received(
    *, actor: Actor, complaint: Complaint, step: str, claim_ids: Iterable[int], original: Exhibit,
    received_at: datetime, channel: str, signed_name: str, text: str = "", seen: int | None = None,
) -> ReceivedDocument:
    """Staff take a step for the party whose document came in: a key of ``RECEIVED_STEPS``.

    The rights holder's original is for staff only, the seller's is its own. ``text`` is what an answer says.
    Raises what the party's own step raises, and ``Invalid`` for an arrival that cannot be.
    """
    _require({"signed_name": signed_name})
    require_arrival(complaint, received_at, actor.at)
    claims = _chosen(complaint, claim_ids)
    store_id, visibility = (complaint.store_id, "platform_only") if step == "delete" else (None, "staff_only")
    row = ReceivedDocument(
        complaint_id=complaint.id, step=step, claim_ids=[claim.id for claim in claims], signed_name=signed_name,
        channel=channel, received_at=received_at, entered_at=actor.at, entered_by=actor.user_id,
        exhibit_ids=_hand_in(actor, complaint, {original: visibility}, role="received_document", claims=claims,
                             store_id=store_id))
    db.session.add(row)
    db.session.flush()
    told = {"actor": actor, "complaint": complaint, "claim_ids": row.claim_ids, "seen": seen,
            "facts": {"received_document_id": row.id}}
    if step == "answer":
        answer_counter_notice(text=text, signed_name=signed_name, answered_at=received_at, **told)
    elif step == "take_back":
        complaint_operations.take_back(**told)
    else:
        delete_listings(**told)
    return row


def lacking(regime: str, said: Mapping[str, Any]) -> list[str]:
    """What a counter-notification must contain and ``said`` does not prove, in the words for the seller."""
    codes = {line["code"] for line in said["statements"]}
    return [element["missing"] for element in elements.missing_from(regime, copies.DOCUMENT, said, codes)]


def keep_deficient(
    *, actor: Actor, complaint: Complaint, claim_ids: Iterable[int], original: Exhibit, received_at: datetime,
    channel: str, signed_name: str, missing: Sequence[str],
) -> ReceivedDocument:
    """A counter-notification on paper that lacks something: kept as it came, without effect; the seller is told what is missing.

    Raises ``Invalid`` for an arrival that cannot be, or where nothing is missing.
    """
    require_arrival(complaint, received_at, actor.at)
    if not missing:
        raise Invalid({"keep": [NOTHING_MISSING]})
    claims = _chosen(complaint, claim_ids)
    row = ReceivedDocument(
        complaint_id=complaint.id, step="deficient", claim_ids=[claim.id for claim in claims], signed_name=signed_name,
        channel=channel, received_at=received_at, entered_at=actor.at, entered_by=actor.user_id,
        exhibit_ids=_hand_in(actor, complaint, {original: "platform_only"}, role="received_document", claims=claims,
                             store_id=complaint.store_id))
    db.session.add(row)
    db.session.flush()
    journal.note(actor=actor, case_id=complaint.id, act="deficient_recorded", received_document_id=row.id)
    write_to("seller", "counter_notice_deficient", complaint, actor.at, movers=row.claim_ids,
             facts={"missing": list(missing), "received_at": received_at})
    return row


# --- legal staff ---------------------------------------------------------------------------------


def confirm_court_action(
    *, actor: Actor, complaint: Complaint, notice: CourtNotice,
    findings: Mapping[str, bool] | None = None, reasons: str = "", seen: int | None = None,
) -> CourtNotice:
    """Legal staff find that the action qualifies; the listings wait for the court.

    ``findings`` holds what the examiner found of ``filed_by_notifier``, ``names_subscriber`` and
    ``seeks_restraint``; what is not in it was not found. Without ``findings`` the notifier's own
    statements stand. The document is shown to the store from now on.
    """
    claims = _examined(complaint, notice, "confirm_court_action")
    _settle(actor, notice, "confirmed", reasons)
    advance(actor=actor, row=complaint, movers=claims, trigger="confirm_court_action", seen=seen,
            facts={"court_notice_id": notice.id, "findings": findings})
    _show_to_store(actor, complaint, {one: one.visibility
                                      for one in queries.exhibits(notice.exhibit_ids)})
    return notice


def reject_court_action(
    *, actor: Actor, complaint: Complaint, notice: CourtNotice, reasons: str,
    seen: int | None = None,
) -> CourtNotice:
    """Legal staff find that the paper does not qualify; the put-back runs from the same day as before.

    Claims of which another paper waits for its examination stay where they are.
    """
    claims = _examined(complaint, notice, "reject_court_action")
    _settle(actor, notice, "rejected", reasons)
    for trigger, group in _by_waiting(complaint, claims, notice):
        advance(actor=actor, row=complaint, movers=group, trigger=trigger, seen=seen,
                facts={"court_notice_id": notice.id, "reasons": reasons})
        seen = None  # the version that the person saw is the one before the first act
    return notice


def _by_waiting(
    complaint: Complaint, claims: Sequence[Claim], notice: CourtNotice,
) -> list[tuple[str, list[Claim]]]:
    """The claims by the step they take: those of which another paper waits apart, where the law knows that step."""
    law, named = workflow_of(complaint.case), queries.waiting_papers(complaint.id, but=notice.id)
    kept = [claim for claim in claims if claim.id in named and law.edges(claim.state, ONE_OF_SEVERAL)]
    others = [claim for claim in claims if claim not in kept]
    return [(trigger, group) for trigger, group in ((ONE_OF_SEVERAL, kept), ("reject_court_action", others)) if group]


def record_court_outcome(
    *, actor: Actor, complaint: Complaint, claim_ids: Iterable[int], for_rights_holder: bool,
    reasons: str, documents: Sequence[Exhibit], seen: int | None = None,
) -> Complaint:
    """Legal staff record how the court action ended, on a document that both sides may see."""
    if not documents:
        raise Invalid({"documents": [NO_DOCUMENT]})
    claims = _chosen(complaint, claim_ids)
    handed = dict.fromkeys(documents, "share")
    _hand_in(actor, complaint, handed, role="court", claims=claims)
    winner = "notifier" if for_rights_holder else "seller"
    advance(actor=actor, row=complaint, movers=claims, seen=seen, facts={"reasons": reasons},
            trigger=f"record_court_outcome_for_{winner}")
    _show_to_store(actor, complaint, handed)
    show_to_rights_holder(actor, complaint, handed)
    return complaint


def _examined(complaint: Complaint, notice: CourtNotice, trigger: str) -> list[Claim]:
    """The claims of this court notice that still wait for its examination."""
    if notice.complaint_id != complaint.id:
        raise NotVisible
    if notice.result:
        raise Refusal("court_notice_examined")
    law = workflow_of(complaint.case)
    waiting = [claim for claim in complaints.claims_of(complaint.id, notice.claim_ids)
               if law.edges(claim.state, trigger)]
    if not waiting:
        raise Refusal("transition_not_allowed", state=complaint.state, trigger=trigger)
    return waiting


def _settle(actor: Actor, notice: CourtNotice, result: str, reasons: str) -> None:
    notice.result, notice.reason = result, reasons
    notice.decided_at, notice.decided_by = actor.at, actor.user_id


# --- shared ----------------------------------------------------------------------------------------


def _chosen(complaint: Complaint, claim_ids: Iterable[int]) -> list[Claim]:
    """The claims with these ids, all of this complaint; a foreign id is nothing that the sender may know."""
    wanted = set(claim_ids)
    if not wanted:
        raise Invalid({"claim_ids": [CHOOSE]})
    found = complaints.claims_of(complaint.id, wanted)
    if len(found) != len(wanted):
        raise NotVisible
    return found


def _require(values: Mapping[str, str]) -> None:
    if missing := {name: [FILL_IN] for name, value in values.items() if not value.strip()}:
        raise Invalid(missing)


def _hand_in(
    actor: Actor, complaint: Complaint, exhibits: Mapping[Exhibit, str], *, role: str,
    claims: Sequence[Claim], store_id: int | None = None,
) -> list[int]:
    """Attach the drafts to the complaint and file them; their ids in the given order."""
    upload_rules = intake.current().rules if exhibits else None
    for position, (exhibit, visibility) in enumerate(exhibits.items()):
        evidence.attach(
            actor=actor, exhibit=exhibit, case_id=complaint.id, role=role, rules=upload_rules,
            visibility=visibility, claim_ids=[claim.id for claim in claims], position=position,
            store_id=store_id)
    evidence.file_exhibits(actor=actor, exhibits=exhibits)
    return [exhibit.id for exhibit in exhibits]


def show_to_rights_holder(
    actor: Actor, complaint: Complaint, exhibits: Mapping[Exhibit, str],
) -> None:
    """Disclose the shared ones among filed ``exhibits`` to the complainant's organisation, or to who follows its notice."""
    side: dict[str, Any] = {"organisation_id": complaint.organisation_id}
    if complaint.organisation_id is None:
        side = {"key_hash": side_of_guest(complaint.notice_id)}
    for exhibit, visibility in exhibits.items():
        if visibility == "share":
            evidence.disclose(actor=actor, exhibit=exhibit, case_id=complaint.id, **side)


def _show_to_store(actor: Actor, complaint: Complaint, exhibits: Mapping[Exhibit, str]) -> None:
    for exhibit, visibility in exhibits.items():
        if visibility == "share":
            evidence.disclose(actor=actor, exhibit=exhibit, case_id=complaint.id,
                              store_id=complaint.store_id)
