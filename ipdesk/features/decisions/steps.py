"""Which steps of a complaint staff may take in their own name, and on which way.

Staff act for a party only where a document of that party is recorded, and for a court only on the
court's document: both have verbs of their own. Nothing here goes through ``staff_for_*``.
"""

from collections.abc import Collection, Iterable

from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.kernel.actors import STAFF_ROLES, Actor
from ipdesk.core.kernel.errors import Forbidden, Refusal
from ipdesk.core.workflow import Transition
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Claim, Complaint
from ipdesk.features.counter_notices.operations import TELLING
from ipdesk.features.decisions.queries import SCREENED_WITH_NOTICE

# What is decided only upon a paper of the court (see ``counter_notices.operations``).
COURT_STEPS = frozenset({
    *TELLING, "confirm_court_action", "reject_court_action", "reject_one_court_action",
    "record_court_outcome_for_notifier", "record_court_outcome_for_seller"})
# The steps of staff that ask for nothing but the listings, or for a proof.
PLAIN_STEPS = frozenset({"send_again", "accept_notice", "prove_delivery", "prove_delivery_failure", "prove_restoration"})
REASONS = "decision_has_reasons"


def chosen(complaint: Complaint, claim_ids: Iterable[int]) -> list[Claim]:
    """The claims of these ids. Refuses none at all, and any that is not this complaint's own."""
    wanted = set(claim_ids)
    if not wanted:
        raise Refusal("nothing_chosen")
    found = complaints.claims_of(complaint.id, wanted)
    if len(found) != len(wanted):
        raise Refusal("claim_of_another")
    return found


def decision_edges(
    actor: Actor, complaint: Complaint, states: Iterable[str], trigger: str,
) -> list[Transition]:
    """The transitions by which ``actor`` may decide on claims in these states with a statement of reasons.

    Raises ``transition_not_allowed`` (not from here), ``not_decided_here`` (a party's or a court's
    step, or one without reasons) and ``Forbidden`` (another staff role's).
    """
    return _own_edges(actor, complaint, states, trigger, with_reasons=True)


def plain_edges(
    actor: Actor, complaint: Complaint, states: Iterable[str], trigger: str,
) -> list[Transition]:
    """The same for a step of staff that needs no reasons."""
    if trigger not in PLAIN_STEPS:
        raise Refusal("transition_not_allowed")
    return _own_edges(actor, complaint, states, trigger, with_reasons=False)


def _own_edges(
    actor: Actor, complaint: Complaint, states: Iterable[str], trigger: str, *, with_reasons: bool,
) -> list[Transition]:
    law = workflow_of(complaint.case)
    found: list[Transition] = []
    for state in sorted(set(states)):
        edges = law.edges(state, trigger)
        if not edges or state == SCREENED_WITH_NOTICE:
            raise Refusal("transition_not_allowed", state=state, trigger=trigger)
        fitting = [edge for edge in edges if not STAFF_ROLES.isdisjoint(edge.who)
                   and (REASONS in edge.guards) == with_reasons]
        if not fitting or trigger in COURT_STEPS:
            raise Refusal("not_decided_here")
        own = [edge for edge in fitting if not (actor.roles & STAFF_ROLES).isdisjoint(edge.who)]
        if not own:
            raise Forbidden(trigger)
        found += own
    return found


def sort_of(actor: Actor, complaint: Complaint, states: Collection[str], trigger: str) -> str:
    """On which way this person takes the step: ``decision``, ``plain``, ``court``; empty for a party's step."""
    for sort, own_edges in (("decision", decision_edges), ("plain", plain_edges)):
        try:
            own_edges(actor, complaint, states, trigger)
        except (Forbidden, Refusal):
            continue
        return sort
    return "court" if trigger in COURT_STEPS and actor.has("legal") else ""
