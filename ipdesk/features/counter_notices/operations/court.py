"""What the rights holder tells of a court action, what staff find of it, and how it ended."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ipdesk.core.casework.advance import advance, workflow_of
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, NotVisible, Refusal
from ipdesk.features.complaints import elements
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Claim, Complaint
from ipdesk.features.counter_notices import queries
from ipdesk.features.counter_notices.models import COURT_FLAGS, CourtNotice
from ipdesk.features.counter_notices.operations.shared import (
    NO_DOCUMENT,
    TICK,
    chosen,
    hand_in,
    require,
    require_arrival,
    require_filed,
    show_to_rights_holder,
    show_to_store,
)
from ipdesk.features.evidence.models import Exhibit

TOLD_IN_TIME = "tell_timely_court_action"
ONE_OF_SEVERAL = "reject_one_court_action"
TELLING = ("tell_court_action", "tell_further_court_action", TOLD_IN_TIME)


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
        require({"forum": forum, "docket": docket, "signed_name": signed_name, "filed_on": str(filed_on or "")})
    if not documents:
        raise Invalid({"documents": [NO_DOCUMENT]})
    require_filed(filed_on, actor.at)
    require_arrival(complaint, received_at, actor.at)
    claims, codes = chosen(complaint, claim_ids), list(statements)
    if channel == "desk":
        _require_statements(complaint.regime, codes)
    row = CourtNotice(
        complaint_id=complaint.id, claim_ids=[claim.id for claim in claims], forum=forum,
        docket=docket, filed_on=filed_on, filed_by_notifier=filed_by_notifier,
        names_subscriber=names_subscriber, seeks_restraint=seeks_restraint,
        received_at=received_at or actor.at, channel=channel, entered_at=actor.at, told_by=actor.user_id,
        exhibit_ids=hand_in(actor, complaint, dict.fromkeys(documents, "share"), role="court",
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


OF_THE_ACTION = ("forum", "docket", "filed_on")


def court_findings(notice: CourtNotice, findings: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is known of a court action under the names that the table of elements uses.

    The court, the number and the day as they were told, or else as the examiner read them in the document. Of the three flags
    what the examiner found, whatever the notifier had said; without ``findings`` what it said.
    """
    said = {name: getattr(notice, name) for name in (*OF_THE_ACTION, *COURT_FLAGS)}
    if findings is None:
        return said
    return {name: said[name] or findings.get(name) for name in OF_THE_ACTION} | {name: bool(findings.get(name)) for name in COURT_FLAGS}


def not_shown(complaint: Complaint, notice: CourtNotice, findings: Mapping[str, Any]) -> dict[str, str]:
    """What the rules ask for and the document does not show: field → the missing element's own words."""
    facts = court_findings(notice, findings)
    return {name: element["missing"] for element in elements.missing_from(complaint.regime, "court_action", facts, set())
            for name in element["proven_by"] if not facts.get(name)}


def confirm_court_action(
    *, actor: Actor, complaint: Complaint, notice: CourtNotice,
    findings: Mapping[str, Any] | None = None, reasons: str = "", seen: int | None = None,
) -> CourtNotice:
    """Legal staff find that the action qualifies; the listings wait for the court.

    ``findings``: see `court_findings`; what it adds of the court, the number and the day is kept with the notice. The document
    is shown to the store from now on.
    """
    claims = _examined(complaint, notice, "confirm_court_action")
    require_filed((findings or {}).get("filed_on"), actor.at)
    _settle(actor, notice, "confirmed", reasons)
    found = court_findings(notice, findings)
    notice.forum, notice.docket, notice.filed_on = found["forum"] or "", found["docket"] or "", found["filed_on"]
    advance(actor=actor, row=complaint, movers=claims, trigger="confirm_court_action", seen=seen,
            facts={"court_notice_id": notice.id, "findings": findings})
    show_to_store(actor, complaint, {one: one.visibility
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
    claims = chosen(complaint, claim_ids)
    handed = dict.fromkeys(documents, "share")
    hand_in(actor, complaint, handed, role="court", claims=claims)
    winner = "notifier" if for_rights_holder else "seller"
    advance(actor=actor, row=complaint, movers=claims, seen=seen, facts={"reasons": reasons},
            trigger=f"record_court_outcome_for_{winner}")
    show_to_store(actor, complaint, handed)
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
