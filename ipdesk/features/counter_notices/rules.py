"""The names that the law's files use for counter-notifications and court actions, as functions."""

from flask_babel import lazy_gettext as _l

from ipdesk.core.casework.advance import Act
from ipdesk.core.casework.rules import Rules
from ipdesk.core.db.core import db
from ipdesk.features.complaints import elements
from ipdesk.features.counter_notices import copies, facts, letters, operations, queries
from ipdesk.features.counter_notices.models import COURT_FLAGS, Answer, CounterNotice, CourtNotice
from ipdesk.features.holds.models import Hold
from ipdesk.features.holds.queries import holds_of_claims

REFUSALS = {
    "counter_notice_incomplete": _l("Something that the counter-notification must contain is missing."),
    "copy_changed": _l("The copy has changed since you read it, perhaps on another device. "
                       "Read it again before you sign."),
    "court_action_incomplete": _l(
        "The paper does not show everything that the rules ask for: who filed the action, against "
        "whom, about which listings, before which court and under which number."),
    "court_document_missing": _l("The document of the court action is missing."),
    "court_notice_about_others": _l("The notice of the court action does not name these listings."),
    "court_notice_too_late": _l("The notice of the court action came after the listing was put back."),
    "no_other_court_paper": _l("No other court paper waits for its examination."),
    "other_court_paper_waits": _l("Another court paper about these listings waits for its examination. Nothing follows from "
                                  "this one alone."),
    "answer_over": _l("The counter-notification has been answered, or the time to answer it has ended."),
    "complainant_answer_too_late": _l(
        "This answer arrived after the rights holder's time had ended, so that the decision rests on what was there. "
        "A private note can say what came and when."),
    "answer_too_late": _l("This answer arrived after the time to respond had ended."),
    "notice_was_countered": _l("A counter-notification was given about these listings, so that the same notice cannot take them down "
                               "again. A court paper that had come in time can be recorded; a new infringement takes a new notice."),
    "court_notice_examined": _l("This notice of a court action has been examined already."),
}


def counter_notice_is_complete(act: Act) -> str | None:
    """17 U.S.C. § 512(g)(3), or the house's list: every element of the regime is proven."""
    number = act.facts.get("counter_notice_id")
    if number is None:
        return "counter_notice_incomplete"
    row = db.session.get_one(CounterNotice, number)
    codes = {line.code for line in elements.signed(act.row.id, facts.document_of(row))}
    proofs = {"listings": row.claim_ids, "grounds": row.grounds, "explanation": row.explanation,
              "contact": row.contact, "signed_name": row.signed_name}
    lacking = elements.missing_from(act.row.regime, copies.DOCUMENT, proofs, codes)
    return "counter_notice_incomplete" if lacking else None


def notice_was_not_countered(act: Act) -> str | None:
    """17 U.S.C. § 512(g)(2)(C): a notice that a counter-notification has answered takes nothing down a second time."""
    answered = {number for row in queries.counter_notices_of(act.case.id) for number in row.claim_ids}
    return "notice_was_countered" if answered & set(act.mover_ids) else None


def answer_is_still_owed(act: Act) -> str | None:
    """Another step (telling of a court action) ended the time to answer, and no answer was given."""
    cut_short = queries.unanswered(act.row.id, "stopped", but=act.facts.get("answer_id"))
    return None if set(act.mover_ids) <= cut_short else "answer_over"


def answer_is_overdue(act: Act) -> str | None:
    """The time to answer ended in silence, and no answer was given."""
    silent = queries.unanswered(act.row.id, "fired", but=act.facts.get("answer_id"))
    return None if set(act.mover_ids) <= silent else "answer_over"


def answer_arrived_in_time(act: Act) -> str | None:
    """The answer reached the marketplace before the time ended that seemed to have passed in silence."""
    row = db.session.get_one(Answer, act.facts["answer_id"])
    in_time = queries.was_in_time(act.case.id, act.mover_ids, row.answered_at, clock="answer")
    return None if in_time else "complainant_answer_too_late"


def court_action_qualifies(act: Act) -> str | None:
    """17 U.S.C. § 512(g)(2)(C): a notice from the notifier, with its document, that an action has been
    filed to restrain this subscriber with regard to this material, received before the put-back. The house asks for the same.
    """
    number = act.facts.get("court_notice_id")
    if number is None:
        return "court_action_incomplete"
    row = db.session.get_one(CourtNotice, number)
    if not set(act.mover_ids) <= set(row.claim_ids):
        return "court_notice_about_others"
    if not row.exhibit_ids:
        return "court_document_missing"
    if elements.missing_from(act.row.regime, "court_action", operations.court_findings(row, act.facts.get("findings")), set()):
        return "court_action_incomplete"
    return "court_notice_too_late" if _put_back_before(act, row) else None


def received_before_put_back(act: Act) -> str | None:
    """The paper reached the marketplace before the put-back that it is to undo was ordered ("first receives")."""
    row = db.session.get_one(CourtNotice, act.facts["court_notice_id"])
    ordered = queries.put_backs_of(act.case.id)
    late = any(number not in ordered or row.received_at >= ordered[number] for number in act.mover_ids)
    return "court_notice_too_late" if late else None


def another_court_paper_waits(act: Act) -> str | None:
    """Another paper about each of these claims waits for its examination beside the one that this act is about."""
    return None if set(act.mover_ids) <= _in_several_papers(act) else "no_other_court_paper"


def no_other_court_paper_waits(act: Act) -> str | None:
    """No other paper about any of these claims waits: with this one the question is settled."""
    return "other_court_paper_waits" if _in_several_papers(act) & set(act.mover_ids) else None


def _in_several_papers(act: Act) -> set[int]:
    """The claims that another paper names than the one of this act, or, before one is chosen, more than one."""
    number = act.facts.get("court_notice_id")
    if "waiting_papers" not in act.recorded:
        act.recorded["waiting_papers"] = queries.waiting_papers(act.row.id, but=number)
    return {claim for claim, papers in act.recorded["waiting_papers"].items() if papers > (number is None)}


def arrived_in_time(act: Act) -> str | None:
    """The answer reached the marketplace before the time ended whose end took the listings down."""
    row = db.session.get_one(CounterNotice, act.facts["counter_notice_id"])
    return None if queries.was_in_time(
        act.case.id, act.mover_ids, row.received_at, clock="response") else "answer_too_late"


def _put_back_before(act: Act, row: CourtNotice) -> bool:
    """Whether a listing of this act was put back for want of a court action before the notice arrived.

    A restoration for another reason, an answer in time for one, makes no notice late.
    """
    ordered = queries.put_backs_of(act.case.id)
    return any(hold.claim_id in ordered and hold.lifted_at is not None and hold.lifted_at <= row.received_at
               for hold in _last_holds(act))


def _last_holds(act: Act) -> list[Hold]:
    """The newest hold of each claim of the act."""
    return list({hold.claim_id: hold for hold in holds_of_claims(act.mover_ids)}.values())


def forward_counter_notice(act: Act) -> None:
    """Effect: the rights holder sees from now on what the seller chose to share; the copy goes by letter."""
    row = db.session.get_one(CounterNotice, act.facts["counter_notice_id"])
    operations.show_to_rights_holder(
        act.actor, act.row,
        {exhibit: exhibit.visibility for exhibit in queries.exhibits(row.exhibit_ids)})


def register(rules: Rules) -> None:
    """Join the names of the workflow files to this feature."""
    rules.document(copies.DOCUMENT, copies.FIELDS)
    rules.document("court_action", ("forum", "docket", "filed_on", *COURT_FLAGS))
    rules.guard("counter_notice_is_complete", counter_notice_is_complete)
    rules.guard("notice_was_not_countered", notice_was_not_countered, early=True)
    rules.guard("answer_is_still_owed", answer_is_still_owed, early=True)
    rules.guard("answer_is_overdue", answer_is_overdue, early=True)
    rules.guard("answer_arrived_in_time", answer_arrived_in_time)
    rules.guard("court_action_qualifies", court_action_qualifies)
    rules.guard("received_before_put_back", received_before_put_back)
    rules.guard("another_court_paper_waits", another_court_paper_waits, early=True)
    rules.guard("no_other_court_paper_waits", no_other_court_paper_waits, early=True)
    rules.guard("arrived_in_time", arrived_in_time)
    rules.effect("forward_counter_notice", forward_counter_notice)
    for message in letters.MESSAGES:
        rules.letter(message, letters.context)
    rules.describer("complaint", "counter_notices", facts.describe_counter_notices)
    rules.describer("complaint", "answers", facts.describe_answers)
    rules.describer("complaint", "court_notices", facts.describe_court_notices)
    rules.describer("complaint", "received_documents", facts.describe_received_documents)
