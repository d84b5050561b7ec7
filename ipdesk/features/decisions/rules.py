"""The names that the law's files use for decisions, as functions."""

from typing import Any

from flask_babel import lazy_gettext as _l

from ipdesk.core.casework.advance import Act
from ipdesk.core.casework.rules import Rules
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.decisions import letters, queries
from ipdesk.features.holds import queries as holds

REFUSALS = {
    "conflict_of_interest": _l("You declared a conflict of interest with a side of this case. "
                               "Somebody else has to take this step."),
    "same_person": _l("A second person has to approve this. You proposed it yourself."),
    "taken_by_another": _l("%(name)s is working on this case. Ask them to give it back."),
    "conflict_of_other": _l("%(name)s declared a conflict of interest with a side of this case."),
    "skill_of_other": _l("%(name)s is not given cases of these rules or in this language."),
    "step_of_other": _l("%(name)s has no step to take where this case stands."),
    "not_a_handler": _l("This account does not work on cases."),
    "not_decided_here": _l("This step is not decided here. A party takes it, or it rests on a document."),
    "claim_of_another": _l("These listings do not all belong to this complaint. Open its page again."),
    "claims_moved": _l("The claims have moved since this was proposed; decline it and propose anew."),
    "restoration_unconfirmed": _l("The marketplace has not confirmed that the listing is back. Wait for it, "
                                  "or say how you know."),
    "already_proposed": _l("This step is proposed already and waits for a second person."),
    "not_proposed": _l("This proposal has been dealt with already."),
}


def no_staff_conflict(act: Act) -> str | None:
    """Nobody of the staff acts in a case of a side they are bound to, for a party as little as in their own name."""
    bound = act.actor.is_staff and queries.conflict_of(act.actor.user_id, act.row)
    return "conflict_of_interest" if bound else None


def marketplace_has_confirmed(act: Act) -> str | None:
    """The marketplace shows the listings again, or staff write down how they know it."""
    if str(act.facts.get("proof") or "").strip():
        return None
    waiting = holds.unconfirmed_listings({claim.listing_id for claim in act.movers})
    return "restoration_unconfirmed" if waiting else None


def decision_facts(row: Complaint) -> list[dict[str, Any]]:
    """Decisions in force, for both sides; proposals are added for staff by their own key."""
    return [_facts(decision) for decision in queries.decisions_of(row.id)
            if decision.status == "in_force"]


def proposal_facts(row: Complaint) -> list[dict[str, Any]]:
    """Proposals that wait for a second person, and declined ones."""
    return [_facts(decision) for decision in queries.decisions_of(row.id)
            if decision.status != "in_force"]


def _facts(decision: Any) -> dict[str, Any]:
    return {
        "reference": decision.reference, "trigger": decision.trigger,
        "claim_ids": list(decision.claim_ids), "statement": decision.statement,
        "reasons": dict(decision.reasons), "status": decision.status,
        "decided_at": decision.decided_at, "decided_by": decision.decided_by,
        "decided_by_name": accounts.get_user(decision.decided_by).name,
        "by_second": decision.approved_by is not None, "approved_at": decision.approved_at, "declined_because": decision.declined_because,
    }


def register(rules: Rules) -> None:
    """Join the names to this feature."""
    rules.guard("no_staff_conflict", no_staff_conflict, early=True)
    rules.guard("marketplace_has_confirmed", marketplace_has_confirmed)
    for role in ("reviewer", "legal", "admin"):
        rules.recipient(role, letters.holders_of(role))
    rules.letter(letters.DEADLINE_MISSED, letters.lateness)
    rules.letter(letters.LETTER_FAILED, letters.failure)
    rules.describer("complaint", "decisions", decision_facts)
    rules.describer("complaint", "proposals", proposal_facts)
