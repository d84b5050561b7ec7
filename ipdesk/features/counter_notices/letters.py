"""What letters about counter-notifications and court actions may say: plain facts for ``templates/mail``."""

from typing import Any

from ipdesk.core.casework.advance import Act
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.deadlines.wording import day_text
from ipdesk.core.kernel.text import N_
from ipdesk.core.outbox.enqueue import Recipient
from ipdesk.features.complaints import letters as complaints
from ipdesk.features.counter_notices import copies, queries
from ipdesk.features.counter_notices.models import Answer, CounterNotice, CourtNotice
from ipdesk.features.counter_notices.operations import ANSWERED_IN_TIME, TELLING

MESSAGES = (
    "counter_notice_copy", "counter_notice_received", "complainant_answered",
    "court_action_received", "court_action_confirmed", "court_action_rejected", "counter_notice_deficient",
)
COPY_OF = N_("Counter-notification %(reference)s")


def context(act: Act, recipient: Recipient) -> dict[str, Any]:
    """The facts of `complaints.letters` and those of the document that this act is about."""
    own: dict[str, Any] = {}
    if number := act.facts.get("counter_notice_id"):
        own = _of_counter_notice(act, db.session.get_one(CounterNotice, number), recipient)
    elif number := act.facts.get("answer_id"):
        answer = db.session.get_one(Answer, number)
        in_time = act.trigger == ANSWERED_IN_TIME
        own = {"answer": answer.text, "arrived_text": complaints.when(answer.answered_at, recipient) if in_time else ""}
    elif missing := act.facts.get("missing"):
        own = {"missing": [complaints.say(text, recipient) for text in missing],
               "received_text": complaints.when(act.facts["received_at"], recipient)}
    elif number := act.facts.get("court_notice_id"):
        own = _of_court_notice(act, db.session.get_one(CourtNotice, number), recipient)
    return {**complaints.context(act, recipient), **own}


def _of_counter_notice(act: Act, row: CounterNotice, recipient: Recipient) -> dict[str, Any]:
    shared = [one.name for one in queries.exhibits(row.exhibit_ids) if one.visibility == "share"]
    put_back = _put_back(act, recipient)
    at_once = {"deadline": None} if put_back and put_back["over"] else {}  # nothing is left to wait for
    return {
        **at_once, "received_text": complaints.when(row.received_at, recipient),
        "statutory": copies.is_statutory(act.row.regime),
        "elements": [{"label": complaints.say(COPY_OF, recipient, reference=row.reference),
                      "text": row.copy}],
        "exhibits": shared, "forwarded": True, "put_back": put_back,
    }


def _put_back(act: Act, recipient: Recipient) -> dict[str, Any] | None:
    """The first and the last instant of the put-back that this act has started, and whether it happens at once."""
    line: Deadline | None = next((d for d in act.deadlines if d.name.startswith("put_back")), None)
    if line is None:
        return None
    return {"earliest_text": complaints.when(line.opens_at, recipient),
            "latest_text": complaints.when(line.due_at, recipient), "over": line.fires_at <= act.at}


def _of_court_notice(act: Act, row: CourtNotice, recipient: Recipient) -> dict[str, Any]:
    def open_to_party(*triggers: str) -> bool:
        return any("rights_holder" in edge.who for mover in act.movers for trigger in triggers
                   for edge in act.workflow.edges(mover.state, trigger))

    if recipient.role == "seller" and row.result != "confirmed":  # the store reads the paper once it counts
        return {"can_answer": False, "can_tell_again": False, "action": None, "reasons": ""}
    return {"can_answer": open_to_party("answer_counter_notice"), "can_tell_again": open_to_party(*TELLING),
            "action": {"court": row.forum, "case_number": row.docket,
                       "filed_text": day_text(row.filed_on, recipient.locale) if row.filed_on else ""}}
