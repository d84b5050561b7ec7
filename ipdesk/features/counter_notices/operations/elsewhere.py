"""What a party sent elsewhere, recorded by staff."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ipdesk.core.casework import journal
from ipdesk.core.casework.sweep import write_to
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid
from ipdesk.core.kernel.text import N_
from ipdesk.features.complaints import elements
from ipdesk.features.complaints import operations as complaint_operations
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.counter_notices import copies
from ipdesk.features.counter_notices.models import ReceivedDocument
from ipdesk.features.counter_notices.operations.answering import ANSWERED_IN_TIME, answer_counter_notice
from ipdesk.features.counter_notices.operations.contesting import delete_listings
from ipdesk.features.counter_notices.operations.shared import (
    chosen,
    hand_in,
    require,
    require_answer_arrival,
    require_arrival,
)
from ipdesk.features.evidence.models import Exhibit

# What a party may send elsewhere, and the steps of the law's files that staff take for it.
RECEIVED_STEPS = {"answer": ("answer_counter_notice", ANSWERED_IN_TIME), "take_back": ("withdraw_claims", "retract_claims"),
                  "delete": ("delete_listing",)}
NOTHING_MISSING = N_("Nothing is missing: record it as a counter-notification.")


def record_received(
    *, actor: Actor, complaint: Complaint, step: str, claim_ids: Iterable[int], original: Exhibit,
    received_at: datetime, channel: str, signed_name: str, text: str = "", seen: int | None = None,
) -> ReceivedDocument:
    """Staff take a step for the party whose document came in: a key of ``RECEIVED_STEPS``.

    The rights holder's original is for staff only, the seller's is its own. ``text`` is what an answer says.
    Raises what the party's own step raises, and ``Invalid`` for an arrival that cannot be.
    """
    require({"signed_name": signed_name})
    require_arrival(complaint, received_at, actor.at)
    claims = chosen(complaint, claim_ids)
    store_id, visibility = (complaint.store_id, "platform_only") if step == "delete" else (None, "staff_only")
    row = ReceivedDocument(
        complaint_id=complaint.id, step=step, claim_ids=[claim.id for claim in claims], signed_name=signed_name,
        channel=channel, received_at=received_at, entered_at=actor.at, entered_by=actor.user_id,
        exhibit_ids=hand_in(actor, complaint, {original: visibility}, role="received_document", claims=claims,
                             store_id=store_id))
    db.session.add(row)
    db.session.flush()
    told = {"actor": actor, "complaint": complaint, "claim_ids": row.claim_ids, "seen": seen,
            "facts": {"received_document_id": row.id}}
    if step == "answer":
        require_answer_arrival(complaint, claims, received_at, actor.at)
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
    claims = chosen(complaint, claim_ids)
    row = ReceivedDocument(
        complaint_id=complaint.id, step="deficient", claim_ids=[claim.id for claim in claims], signed_name=signed_name,
        channel=channel, received_at=received_at, entered_at=actor.at, entered_by=actor.user_id,
        exhibit_ids=hand_in(actor, complaint, {original: "platform_only"}, role="received_document", claims=claims,
                             store_id=complaint.store_id))
    db.session.add(row)
    db.session.flush()
    journal.note(actor=actor, case_id=complaint.id, act="deficient_recorded", received_document_id=row.id)
    write_to("seller", "counter_notice_deficient", complaint, actor.at, movers=row.claim_ids,
             facts={"missing": list(missing), "received_at": received_at})
    return row
