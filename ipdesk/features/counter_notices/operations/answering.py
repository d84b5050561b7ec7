"""What the rights holder answers to a counter-notification."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ipdesk.core.casework.advance import advance, workflow_of
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.features.complaints.models import Claim, Complaint
from ipdesk.features.counter_notices import queries
from ipdesk.features.counter_notices.models import Answer
from ipdesk.features.counter_notices.operations.shared import (
    chosen,
    hand_in,
    require,
    show_to_store,
)
from ipdesk.features.evidence.models import Exhibit

ANSWERED_IN_TIME = "receive_timely_answer"


def answer_counter_notice(
    *, actor: Actor, complaint: Complaint, claim_ids: Iterable[int], text: str, signed_name: str,
    exhibits: Mapping[Exhibit, str] | None = None, answered_at: datetime | None = None,
    facts: Mapping[str, Any] | None = None, seen: int | None = None,
) -> Answer:
    """The rights holder maintains the complaint against a counter-notification; staff decide next.

    ``answered_at`` is the arrival of an answer that came in elsewhere: in time, it counts although silence has ended the
    time to answer meanwhile.
    """
    require({"text": text, "signed_name": signed_name})
    claims = chosen(complaint, claim_ids)
    handed = dict(exhibits or {})
    row = Answer(
        complaint_id=complaint.id, claim_ids=[claim.id for claim in claims], text=text,
        signed_name=signed_name, answered_at=answered_at or actor.at, answered_by=actor.user_id,
        exhibit_ids=hand_in(actor, complaint, handed, role="answer", claims=claims))
    db.session.add(row)
    db.session.flush()
    for trigger, group in _by_silence(complaint, claims, row, elsewhere=answered_at is not None):
        advance(actor=actor, row=complaint, movers=group, trigger=trigger, seen=seen,
                facts={**(facts or {}), "answer_id": row.id})
        seen = None  # the version that the person saw is the one before the first act
    show_to_store(actor, complaint, handed)
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
