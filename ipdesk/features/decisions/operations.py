"""The verbs of decisions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ipdesk.core.casework import clocks, journal
from ipdesk.core.casework.advance import Act, advance, workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.waiting import waiting_rows
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Forbidden, Invalid, Refusal, Stale
from ipdesk.core.kernel.ids import new_reference
from ipdesk.core.kernel.text import N_
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.complaints import operations as notices
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.decisions import queries, recorded, steps, work
from ipdesk.features.decisions.models import ConflictOfInterest, Decision, Snippet
from ipdesk.features.decisions.statement import statement_of_reasons
from ipdesk.features.evidence.models import Exhibit


def decide(
    *, actor: Actor, complaint: Complaint, claim_ids: Sequence[int], trigger: str,
    reasons: Mapping[str, Any], seen: int | None = None,
) -> Decision:
    """Decide on claims with a statement of reasons; where the workflow asks for four eyes, propose.

    ``reasons``: facts, ground, basis, automated (always false here) – the structured fields of a
    statement of reasons. Only staff's own decisions: see ``steps.decision_edges`` for what is refused.
    Raises besides what the door raises, and ``taken_by_another``; a proposal is checked like an act.
    """
    if seen is not None and seen != complaint.version_id:
        raise Stale(seen, complaint.version_id)
    claims, proposed = _checked(actor, complaint, claim_ids, trigger, reasons)
    decision = Decision(
        reference=new_reference("D"), complaint_id=complaint.id,
        claim_ids=[claim.id for claim in claims], trigger=trigger, reasons=dict(reasons),
        statement=statement_of_reasons(complaint, claims, trigger, reasons, actor.at),
        status="proposed" if proposed else "in_force", decided_by=actor.user_id,
        decided_at=actor.at, declined_because="")
    if proposed:
        _rehearsed(actor, complaint, claims, decision)
        db.session.add(decision)
        db.session.flush()
        complaint.version_id += 1
        journal.note(actor=actor, case_id=complaint.id, act="decision_proposed", decision_id=decision.id)
    else:
        db.session.add(decision)
        db.session.flush()
        _carry_out(actor, complaint, claims, decision)
    return decision


def _checked(
    actor: Actor, complaint: Complaint, claim_ids: Sequence[int], trigger: str,
    reasons: Mapping[str, Any],
) -> tuple[list[Claim], bool]:
    """The claims, and whether a second person is needed, once everything that forbids it is asked."""
    claims = steps.chosen(complaint, claim_ids)
    edges = steps.decision_edges(actor, complaint, _states(claims), trigger)
    work.require_free(actor, complaint)
    _require_reasons(reasons)
    if queries.proposed_claims(complaint.id, trigger) & {claim.id for claim in claims}:
        raise Refusal("already_proposed")
    return claims, any(edge.four_eyes for edge in edges)


def _states(claims: Sequence[Claim]) -> set[str]:
    return {claim.state for claim in claims}


def _require_reasons(reasons: Mapping[str, Any]) -> None:
    """The statement of reasons is never empty, so that the guard of the door cannot see this."""
    if not all(str(reasons.get(field) or "").strip() for field in ("facts", "ground")):
        raise Refusal("reasons_missing")


def approve(*, actor: Actor, decision: Decision, seen: int | None = None) -> Decision:
    """The second person puts a proposal into force, which they may do in their own right.

    Refuses the proposer (``same_person``), somebody bound to a side (``conflict_of_interest``) and a
    proposal whose claims were moved after it was made (``claims_moved``).
    """
    complaint = _locked(decision)
    claims = _approvable(actor, complaint, decision)
    decision.status, decision.approved_by, decision.approved_at = (
        "in_force", actor.user_id, actor.at)
    _carry_out(actor, complaint, claims, decision, seen)
    return decision


def _approvable(actor: Actor, complaint: Complaint, decision: Decision) -> list[Claim]:
    """The claims of a proposal that this person may put into force."""
    _require_proposal(actor, complaint, decision)
    if decision.decided_by == actor.user_id:
        raise Refusal("same_person")
    if queries.moved_since_proposed(decision):
        raise Refusal("claims_moved")
    claims = complaints.claims_of(complaint.id, decision.claim_ids)
    steps.decision_edges(actor, complaint, _states(claims), decision.trigger)
    return claims


def _require_proposal(actor: Actor, complaint: Complaint, decision: Decision) -> None:
    if decision.status != "proposed":
        raise Refusal("not_proposed")
    if queries.conflict_of(actor.user_id, complaint) is not None:
        raise Refusal("conflict_of_interest")


def _locked(decision: Decision) -> Complaint:
    """The complaint of a decision, locked, and the decision as it stands behind that lock."""
    complaint = rules.kinds["complaint"].load(decision.complaint_id)
    db.session.refresh(decision)
    return complaint


def decline(*, actor: Actor, decision: Decision, because: str) -> Decision:
    """The second person does not agree, or the first takes the proposal back; it ends, nothing moves.

    Raises ``Forbidden`` for somebody to whom the step does not belong.
    """
    complaint = _locked(decision)
    _require_proposal(actor, complaint, decision)
    if not queries.may_end(actor, decision, complaint.case.workflow):
        raise Forbidden(decision.trigger)
    if not because.strip():
        raise Refusal("reasons_missing")
    decision.status, decision.approved_by, decision.approved_at = (
        "declined", actor.user_id if actor.user_id != decision.decided_by else None, actor.at)
    decision.declined_because = because
    db.session.flush()
    journal.note(actor=actor, case_id=complaint.id, act="proposal_declined", decision_id=decision.id)
    return decision


def _carry_out(
    actor: Actor, complaint: Complaint, claims: Sequence[Claim], decision: Decision,
    seen: int | None = None,
) -> Act:
    return advance(actor=actor, row=complaint, movers=claims, trigger=decision.trigger, seen=seen,
                   facts={"reasons": decision.statement, "decision_id": decision.id,
                          "ground": f"decision {decision.reference}"})


def rehearse(
    *, actor: Actor, complaint: Complaint, claim_ids: Sequence[int], trigger: str,
    reasons: Mapping[str, Any],
) -> dict[str, Any]:
    """What a decision would write, word for word, with nothing left behind: ``statement`` and ``letters``.

    The step is really taken inside a savepoint that is rolled back, so that the preview cannot
    differ from the act. For a proposal these are the letters that its approval sends. Raises what
    ``decide`` raises. Inside a unit of work.
    """
    claims, _ = _checked(actor, complaint, claim_ids, trigger, reasons)
    return _rehearsed(actor, complaint, claims, Decision(
        reference="", trigger=trigger,
        statement=statement_of_reasons(complaint, claims, trigger, reasons, actor.at)))


def rehearse_approval(*, actor: Actor, decision: Decision) -> dict[str, Any]:
    """The same for the approval of a proposal: its statement as it was written, not written anew.

    Raises what ``approve`` raises. Inside a unit of work.
    """
    complaint = _locked(decision)
    return _rehearsed(actor, complaint, _approvable(actor, complaint, decision), decision)


def _rehearsed(
    actor: Actor, complaint: Complaint, claims: Sequence[Claim], decision: Decision,
) -> dict[str, Any]:
    letters = _letters_of(lambda: _carry_out(actor, complaint, claims, decision))
    return {"statement": decision.statement, "letters": letters}


def _letters_of(act: Callable[[], Any]) -> list[dict[str, Any]]:
    """What ``act`` would send, with nothing left behind.

    Each letter once: to which side, to which e-mail address, whether also into its inbox.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    savepoint = db.session.begin_nested()
    try:
        known = len(waiting_rows(Outbox))
        act()
        rows = waiting_rows(Outbox)[known:]
    finally:
        savepoint.rollback()
    for row in rows:
        one = found.setdefault((row["recipient_role"], row["body_text"]), {
            "to": row["recipient_role"], "address": "", "inbox": False, "subject": row["subject"],
            "text": row["body_text"]})
        one["inbox"] = one["inbox"] or row["channel"] == "inbox"
        one["address"] = one["address"] or row["to_address"]
    return list(found.values())


def screen(
    *, actor: Actor, notice: Notice, trigger: str, reasons: str = "", missing: Sequence[str] = (),
    remark: str = "", seen: int | None = None,
) -> Notice:
    """Accept a notice, send it back or refuse it, unless somebody else holds it."""
    work.require_free(actor, notice)
    return notices.screen_notice(actor=actor, notice=notice, trigger=trigger, reasons=reasons,
                                 missing=missing, remark=remark, seen=seen)


def rehearse_screening(*, actor: Actor, notice: Notice, **said: Any) -> list[dict[str, Any]]:
    """The letters that ``screen`` would send, to the notifier and to each seller, word for word. Inside a unit of work."""
    return _letters_of(lambda: screen(actor=actor, notice=notice, **said))


def take_step(
    *, actor: Actor, complaint: Complaint, claim_ids: Sequence[int], trigger: str,
    proof: str = "", delivered_at: datetime | None = None, documents: Sequence[Exhibit] = (),
    seen: int | None = None,
) -> Complaint:
    """A step of staff that needs no reasons: prove a delivery or its failure, send again, accept anew, confirm.

    ``proof`` says how a delivery, its failure, or that a listing is back, is proven; it is kept as a private note, which the log names.
    ``delivered_at`` is when the seller was reached, now if it is not given; ``documents`` show it to staff alone.
    Refuses what is no such step of this person (see ``steps.plain_edges``), raises ``Invalid`` for such a time in the
    future or before the sending.
    """
    claims = steps.chosen(complaint, claim_ids)
    require_delivery(complaint, claims, delivered_at, actor.at)
    steps.plain_edges(actor, complaint, _states(claims), trigger)
    work.require_free(actor, complaint)
    facts: dict[str, Any] = {"proof": proof}
    if proof.strip():
        facts["proof_note_id"] = notices.write_note(actor=actor, case_id=complaint.id, text=proof).id
    recorded.keep(actor=actor, case_id=complaint.id, originals=documents, claim_ids=[claim.id for claim in claims])
    advance(actor=actor, row=complaint, movers=claims, trigger=trigger, facts=facts, seen=seen,
            dated={"delivery_proven": delivered_at} if delivered_at else {})
    return complaint


def require_delivery(complaint: Complaint, claims: Sequence[Claim], delivered_at: datetime | None, now: datetime) -> None:
    """Raise ``Invalid`` for a delivery in the future, before the last sending, or so long ago that the time to answer would be over.

    Nobody's time ends in the minute in which the seller can read that it runs: the notice is sent again instead.
    """
    if delivered_at is None:
        return
    if delivered_at > now:
        raise Invalid({"delivered_at": [recorded.FUTURE]})
    sent_at = queries.last_sent_at(complaint, claims)
    if sent_at is None or delivered_at < sent_at.replace(second=0, microsecond=0):
        raise Invalid({"delivered_at": [N_("This lies before the notice was last sent.")]})
    if clocks.over_by(workflow_of(complaint.case), _states(claims), "prove_delivery", "delivery_proven", delivered_at, now):
        raise Invalid({"delivered_at": [N_("Counted from this day, the seller’s time would have ended before it could read that it runs. "
                                           "Send the notice again instead.")]})


def save_snippet(*, actor: Actor, title: str, text: str) -> Snippet:
    """Keep a text block for reasons; everyone of the staff may use it."""
    snippet = Snippet(title=title, text=text, created_by=actor.user_id, created_at=actor.at)
    db.session.add(snippet)
    db.session.flush()
    return snippet


def declare_conflict(
    *, actor: Actor, user_id: int, because: str, organisation_id: int | None = None,
    store_id: int | None = None,
) -> ConflictOfInterest:
    """From now on this person takes no step in cases of that organisation or store."""
    if (organisation_id is None) == (store_id is None):
        raise ValueError("name an organisation or a store")
    conflict = ConflictOfInterest(
        user_id=user_id, organisation_id=organisation_id, store_id=store_id, because=because,
        declared_by=actor.user_id, declared_at=actor.at)
    db.session.add(conflict)
    db.session.flush()
    return conflict


def end_conflict(*, actor: Actor, conflict: ConflictOfInterest) -> ConflictOfInterest:
    """The person may act in these cases again."""
    conflict.ended_at = conflict.ended_at or actor.at
    db.session.flush()
    return conflict
