"""What the seller answers: deletes, drafts and files a counter-notification."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ipdesk.core.casework.advance import advance, workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.kernel.errors import Forbidden, Invalid, Refusal
from ipdesk.core.kernel.ids import new_reference
from ipdesk.core.kernel.text import N_
from ipdesk.features.complaints import elements
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.counter_notices import copies, facts, queries
from ipdesk.features.counter_notices.models import CounterNotice, CounterNoticeDraft
from ipdesk.features.counter_notices.operations.shared import (
    CHOOSE,
    TICK,
    chosen,
    hand_in,
    require_counter_arrival,
)
from ipdesk.features.evidence.models import Exhibit

LONGEST_DRAFT_FIELD = 20_000
TIMELY = "receive_timely_counter_notice"


def delete_listings(
    *, actor: Actor, complaint: Complaint, claim_ids: Iterable[int], facts: Mapping[str, Any] | None = None,
    seen: int | None = None,
) -> Complaint:
    """The seller has these listings deleted, which ends their claims and admits nothing."""
    advance(actor=actor, row=complaint, movers=chosen(complaint, claim_ids),
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
    elsewhere brings its ``original``, ``channel`` and ``received_at``. ``copy_shown`` is what
    `digest_of` made of what the signer read. Raises ``Invalid`` naming the field of each missing element,
    ``Refusal`` (``copy_changed`` and those of the door), ``Stale``.
    """
    claims, codes = chosen(complaint, claim_ids), list(statements)
    _require_known_grounds(grounds)
    handed = _visibilities(complaint.regime, exhibits or {})
    said = draft_record(complaint, claims, grounds=grounds, explanation=explanation,
                        contact=contact, signed_name=signed_name, statements=codes, exhibits=handed)
    require_elements(complaint.regime, said)
    require_counter_arrival(complaint, claims, received_at, actor.at)
    row = CounterNotice(
        reference=new_reference("CN"), complaint_id=complaint.id,
        claim_ids=[claim.id for claim in claims], grounds=list(grounds), explanation=explanation,
        contact=dict(contact), signed_name=signed_name, copy=copy_for(complaint, said),
        channel=channel, received_at=received_at or actor.at, entered_at=actor.at,
        filed_by=actor.user_id, exhibit_ids=[])
    if copy_shown is not None and copy_shown != digest_of(row.copy, said):
        raise Refusal("copy_changed")
    db.session.add(row)
    db.session.flush()
    elements.sign_statements(
        actor=actor, case_id=complaint.id, document=facts.document_of(row), regime=complaint.regime,
        codes=codes, name=signed_name, locale=actor.locale, kind=copies.DOCUMENT)
    filed = hand_in(actor, complaint, handed, role="counter_notice", claims=claims, store_id=complaint.store_id)
    if original is not None:
        filed += hand_in(actor, complaint, {original: "platform_only"}, role="received_document", claims=claims,
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


def digest_of(copy: str, said: Mapping[str, Any]) -> str:
    """What a form carries to prove what its signer read: the copy, and all that is signed with it but is not in the copy.

    ``said`` as `draft_record` makes it; of an exhibit its bytes and who sees it count, not what its preview has found by now.
    """
    exhibits = [[one["reference"], one["sha256"], one["shared"]] for one in said["exhibits"]]
    return sha256_hex(canonical_json({"copy": copy, **said, "exhibits": exhibits}))


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
