"""What letters about notices and complaints may say: plain facts for the templates under ``mail/``."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from babel import Locale
from babel.lists import format_list

from ipdesk.core.casework import clocks
from ipdesk.core.casework.advance import Act
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.calendar import Computation, compute
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.deadlines.wording import deadline_text, moment_text
from ipdesk.core.kernel.canonical import canonical_json
from ipdesk.core.kernel.text import N_, translate
from ipdesk.core.outbox.enqueue import Recipient
from ipdesk.core.outbox.render import best_locale
from ipdesk.core.workflow import State, Workflow
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints import elements, facts, links, queries
from ipdesk.features.complaints.models import Complaint, Notice, NoticeListing
from ipdesk.features.holds.queries import holds_of_claims, owners_of_holds
from ipdesk.features.holds.strictest import EVERYWHERE, WHOLE
from ipdesk.features.rights.words import KINDS_IN_LETTERS

MESSAGES = (
    "case_closed", "claims_accepted", "claims_dismissed", "claims_refused", "claims_reopened",
    "claims_retracted", "claims_upheld", "claims_withdrawn", "complaint_opened",
    "listing_delisted", "listings_deleted", "listings_restored", "listings_restricted",
    "notice_accepted", "notice_deficient", "notice_receipt", "notice_refused", "notice_withdrawn",
    "reminder_answer", "reminder_put_back", "reminder_response", "answer_overdue", "seller_not_reached", "seller_reached",
)
ROW_ANSWERS = {
    "accepted": N_("%(entered)s: accepted into the notice"),
    "already_handled": N_("%(entered)s: handled already in %(reference)s"),
    "handled_elsewhere": N_("%(entered)s: handled already"),
    "not_found": N_("%(entered)s: not publicly found at this time"),
    "other_marketplace": N_("%(entered)s: belongs to another marketplace"),
    "duplicate": N_("%(entered)s: named twice"),
}
CAUSES = {"accept_notice": "notice", "response_overdue": "silence", "uphold": "decision",
          "act_now": "manifest", "confirm_court_action": "court", "record_court_outcome_for_notifier": "order"}
BY_COURT = frozenset({"record_court_outcome_for_notifier", "record_court_outcome_for_seller"})
RESTORED_BECAUSE = {
    "put_back_elapsed": N_("The time that the law sets for the put-back has come."),
    "receive_timely_counter_notice": N_("The seller's answer had arrived in time."),
    "prove_delivery_failure": N_("The notice had never reached the seller, so that its silence does not count."),
}
STILL_EXAMINED = N_("The time that the law sets for the put-back has come while your court paper was not yet examined. It arrived in time "
                    "and is examined all the same; if it qualifies, the listings are taken down again.")
APPEAL = N_("You can ask for a review by writing to the contact on the page Legal contacts, with the reference of "
            "this letter, and go to court at any time.")
STILL_OPEN = {
    "seller": N_("It can still be contested: open the case and choose Contest."),
    "rights_holder": N_("The seller can still contest it; you would be told."),
}


def context(act: Act, recipient: Recipient) -> dict[str, Any]:
    """Every fact that a letter about this act may need; a letter sees only the ones it names."""
    return {**_common(act, recipient), **(
        _notice_facts(act, recipient) if act.case.kind == "notice"
        else _complaint_facts(act, recipient))}


def say(text: str, recipient: Recipient, **facts: Any) -> str:
    """``text`` in the recipient's language with ``facts`` filled in."""
    spoken = translate(text, recipient.locale)
    return spoken % facts if facts else spoken


def when(at: Any, recipient: Recipient) -> str:
    """An instant in the desk's zone, in the recipient's language; empty for none."""
    return moment_text(at, rules.settings["zone"], recipient.locale) if at else ""


def _common(act: Act, recipient: Recipient) -> dict[str, Any]:
    now = when(act.at, recipient)
    return {
        "desk_name": rules.settings["desk_name"], "now": now,
        "case_url": case_url(act, recipient), "deadline": own_deadline(act, recipient),
        "audit_head": act.log_head, "reasons": str(act.facts.get("reasons") or ""),
        "redress_text": say(APPEAL, recipient), "remark": str(act.facts.get("remark") or ""),
        "deleted_text": now, "withdrawn_text": now,
        "restored_text": now, "delivered_text": now,
    }


def case_url(act: Act, recipient: Recipient) -> str:
    """The page of the case, or a one-time link for a reader without account."""
    base = rules.settings["base_url"]
    if recipient.inbox is None and recipient.address:
        audience = "seller" if recipient.role == "seller" else "guest"
        case_id = act.case.id
        if audience == "guest" and act.case.kind == "complaint":
            case_id = act.row.notice_id
        return link_url(act.at, case_id, audience, recipient.address)
    return f"{base}/{act.case.kind}s/{act.case.reference}"


def link_url(at: datetime, case_id: int, audience: str, address: str) -> str:
    """The address of a new one-time link to a case."""
    token = links.make_link(at=at, case_id=case_id, audience=audience, address=address)
    return f"{rules.settings['base_url']}/links/{token}"


def own_deadline(act: Act, recipient: Recipient) -> dict[str, str] | None:
    """The reader's own running clock over what this letter is about, with the effect of silence."""
    return deadline_of(act.workflow, act.movers, act.deadlines or clocks.open_deadlines(act.case.id), act.at, recipient)


def deadline_of(
    law: Workflow, movers: Sequence[Any], lines: Sequence[Deadline], at: datetime, recipient: Recipient,
) -> dict[str, str] | None:
    """The reader's own one of these running clocks over ``movers``, with the effect of silence.

    None where the reader can do the same after its end: it is not the reader's time that runs out.
    """
    ids = {mover.id for mover in movers}
    for line in lines:
        state = _state_waiting_on(law, movers, line)
        if state is None or ids.isdisjoint(line.movers) or line.status != "open":
            continue
        if state.waits_for == "delivery" and recipient.role == "seller":
            return _started_by_arrival(law, state, at, recipient)
        if state.waits_for == recipient.role and (state.stage != "delisted" or queries.closes_the_door(law, line.name)):
            shown = deadline_text(Computation.from_dict(line.computation), at, recipient.locale)
            return {**shown, "silence_text": say(state.silence_for(recipient.role), recipient)}
    return None


def _started_by_arrival(law: Workflow, state: State, at: datetime, recipient: Recipient) -> dict[str, str]:
    """The clock that the arrival of this letter starts, counted as if it arrived at once: it never ends earlier."""
    reached = law.states[law.edges(state.name, "record_delivery")[0].dest]
    counted = compute(clocks.deadline_rule(reached.deadline), at, zone=rules.settings["zone"])
    return {**deadline_text(counted, at, recipient.locale),
            "silence_text": say(reached.silence_for(recipient.role), recipient)}


def _state_waiting_on(law: Workflow, movers: Sequence[Any], line: Deadline) -> Any:
    return next((law.states[mover.state] for mover in movers
                 if mover.state in law.states and law.states[mover.state].deadline == line.name), None)


def _notice_facts(act: Act, recipient: Recipient) -> dict[str, Any]:
    notice: Notice = act.row
    rows = queries.rows_of_notice(notice.id)
    found = queries.listings_of(queries.open_claims_of_notice(notice.id))
    codes = set(notice.missing)
    return {
        "right": right_of(facts.right_of_notice(notice), recipient),
        "listings": [_listing(row) for row in found.values()],
        "received_text": when(notice.received_at, recipient),
        "row_answers": [_row_answer(row, recipient) for row in rows],
        "missing": [say(element["missing"], recipient)
                    for element in elements.required(notice.regime) if element["code"] in codes]
        if notice.regime else [],
        "restricted": bool(notice.regime) and rules.workflows.workflow(notice.regime).mode == "act_first",
        "lapsed": act.trigger == "deficiency_overdue",
    }


def _row_answer(row: NoticeListing, recipient: Recipient) -> str:
    known = "handled_elsewhere" if row.answer == "already_handled" and not row.other_reference else row.answer
    return say(ROW_ANSWERS[known], recipient, entered=row.entered[:200], reference=row.other_reference)


def _complaint_facts(act: Act, recipient: Recipient) -> dict[str, Any]:
    complaint: Complaint = act.row
    notice = db.session.get(Notice, complaint.notice_id)
    store = db.session.get(Store, complaint.store_id)
    found = queries.listings_of(act.movers)
    listings = [_listing(found[claim.listing_id]) for claim in act.movers
                if recipient.role != "seller" or claim.seller_told_at]
    right = facts.right_of_notice(notice)
    return {
        "right": right_of(right, recipient),
        "listings": listings,
        "complainant": complainant(notice, right),
        "store": {"name": store.name},
        "explanation": _explanation(notice, act.movers), "reason_text": _reasons(act, recipient),
        "before": act.trigger == "find_deleted", "cause": _cause(act), "by_court": act.trigger in BY_COURT, "lifted": _lifted(act),
        "measure": _measure(act, notice, recipient),
        "outcome_text": say(_read_by(act, recipient).meaning_for(recipient.role), recipient),
        "contest_text": say(STILL_OPEN.get(recipient.role, ""), recipient) if _contestable(act) else "",
        "cause_text": _restored_because(act, recipient),
        "restricted": any(claim_id in act.mover_ids for _, claim_id, _ in _owners_of_holds(act)),
        "still_restricted": _still_restricted(act, found),
        "response_due_text": "", **_response_due(act, recipient),
    }


def _restored_because(act: Act, recipient: Recipient) -> str:
    """Why a restriction ended; of a court paper that waits only the reader hears who may know of it."""
    law = act.workflow
    waits = act.trigger == "put_back_elapsed" and any(law.states[one.state].waits_for == "staff" for one in act.movers)
    knows = all(law.shown(one.state, recipient.role) == one.state for one in act.movers)
    return say(STILL_EXAMINED if waits and knows else RESTORED_BECAUSE.get(act.trigger, ""), recipient)


def _read_by(act: Act, recipient: Recipient) -> State:
    """The state that the claims have come to, as this reader sees it."""
    return act.workflow.states[act.workflow.shown(act.movers[0].state, recipient.role)]


def _cause(act: Act) -> str:
    """Why listings are taken down; of a manifest case whether the seller had answered already."""
    cause = CAUSES.get(act.trigger, "decision")
    return "answered" if cause == "manifest" and not _contestable(act) else cause


def _lifted(act: Act) -> bool:
    """Whether a hold of these claims ended with this act."""
    if act.transition is None or "lift_restriction" not in act.transition.effects:
        return False
    key = f"lifted:{sorted(act.mover_ids)}"
    if key not in act.recorded:
        act.recorded[key] = any(hold.lifted_at == act.at for hold in holds_of_claims(act.mover_ids))
    return bool(act.recorded[key])


def _listing(row: Any) -> dict[str, str]:
    return {"title": row.title, "listing_id": row.external_id, "url": row.url}


def right_of(right: Mapping[str, Any] | None, recipient: Recipient) -> dict[str, str] | None:
    """The right (facts of it) as letters name it."""
    if right is None:
        return None
    return {"title": right["title"], "type": say(KINDS_IN_LETTERS[right["kind"]], recipient),
            "number": right["number"], "owner": right["owner"]}


def complainant(notice: Notice, right: Mapping[str, Any] | None) -> dict[str, str]:
    """Who complains, with the public contact of the right; empty where nobody named one."""
    contact = (right or {}).get("contact", {})
    public = ", ".join(filter(None, (contact.get("email"), contact.get("phone"))))
    return {"name": notice.contact.get("company") or notice.contact.get("name", ""),
            "contact": public}


def _explanation(notice: Notice, claims: Sequence[Any]) -> str:
    own = list(dict.fromkeys(claim.explanation for claim in claims if claim.explanation))
    return "\n\n".join([part for part in [notice.explanation, *own] if part])


def _reasons(act: Act, recipient: Recipient) -> str:
    """What these listings are said to be, in the words of the table of reasons."""
    table = rules.workflows.table("reason_codes")
    codes = dict.fromkeys(claim.reason_code or act.row.reason_code for claim in act.movers)
    return "; ".join(say(table[code]["label"], recipient) for code in codes if code in table)


def _measure(act: Act, notice: Notice, recipient: Recipient) -> dict[str, Any] | None:
    basis = act.transition.basis[0] if act.transition else ""
    return {"ground_text": say(basis, recipient), "scope_text": _scope_text(act, recipient),
            "since_text": when(act.at, recipient), "automated": act.actor.is_clock}


def _scope_text(act: Act, recipient: Recipient) -> str:
    """What the holds of these claims cover, in words; empty for an act that restricts nothing."""
    if act.transition is None or "restrict_listing" not in act.transition.effects:
        return ""
    own = {canonical_json(scope): scope for _, claim_id, scope in _owners_of_holds(act) if claim_id in act.mover_ids}
    return "; ".join(_one_scope(scope, recipient) for scope in own.values())


def _one_scope(scope: Mapping[str, Any], recipient: Recipient) -> str:
    part = say(N_("The whole listing"), recipient) if scope["part"] == WHOLE else str(scope["part"])
    if EVERYWHERE in scope["territory"]:
        return say(N_("%(part)s, wherever it is offered on this marketplace"), recipient, part=part)
    language = Locale.parse(best_locale(recipient.locale))
    names = [language.territories.get(code, code) for code in scope["territory"]]
    return say(N_("%(part)s, where it is offered in: %(countries)s"), recipient, part=part, countries=format_list(names, locale=language))


def _contestable(act: Act) -> bool:
    return any(act.workflow.edges(mover.state, "receive_counter_notice") for mover in act.movers)


def _still_restricted(act: Act, listings: Any) -> list[str]:
    own = {claim.listing_id: claim.id for claim in act.movers}
    held = {listing_id for listing_id, claim_id, _ in _owners_of_holds(act) if claim_id != own[listing_id]}
    return [listings[claim.listing_id].external_id for claim in act.movers if claim.listing_id in held]


def _owners_of_holds(act: Act) -> list[tuple[int, int | None, dict[str, Any]]]:
    """The holds on these listings as the act leaves them (the marketplace confirms later), read once for all readers."""
    wanted = sorted(claim.listing_id for claim in act.movers)
    key = f"owners_of_holds:{wanted}"
    if key not in act.recorded:
        act.recorded[key] = owners_of_holds(wanted)
    found: list[tuple[int, int | None, dict[str, Any]]] = act.recorded[key]
    return found


def _response_due(act: Act, recipient: Recipient) -> dict[str, str]:
    line = next((line for line in act.deadlines if line.name in clocks.versions("response")), None)
    return {"response_due_text": when(line.due_at, recipient)} if line else {}
