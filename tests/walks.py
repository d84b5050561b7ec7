"""Cases brought into a state by the steps of the law's own files; no state is ever set.

``at_state(desk, regime, state)`` files a complaint and walks the shortest way there, each step by a person
(or the clock) who may take it and with what the step asks for.
"""

from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor, clock_actor
from ipdesk.features.complaints import elements, queries
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.counter_notices.models import CourtNotice
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake

SELLER = {"name": "Priya Sandell", "address": "9 Canal Row, Eastport", "phone": "+1 555 0190", "email": "seller@shops.example"}
KINDS = {"marketplace": "trademark", "us_dmca": "copyright"}
# Roles of the law's files and who of the desk's people holds them.
WHO = {
    "rights_holder": "rights_holder", "staff_for_rights_holder": "legal", "seller": "seller_a", "staff_for_seller": "legal",
    "legal": "legal", "reviewer": "reviewer", "admin": "admin",
}


def actor_for(desk: Any, roles: tuple[str, ...]) -> Actor:
    """Somebody who holds one of ``roles`` in a complaint about store A."""
    if "clock" in roles:
        return clock_actor(desk.clock.now())
    return desk.actor(WHO[next(role for role in WHO if role in roles)])


def way_to(law: Any, state: str) -> list[Any]:
    """The shortest way from the first state, as transitions. AssertionError where there is none."""
    ways, found = deque([(law.initial, [])]), {law.initial}
    while ways:
        here, way = ways.popleft()
        if here == state:
            return way
        for edge in law.edges(here):
            if "listing_is_gone" in edge.guards:
                continue  # the listings of these walks are there
            if "received_before_put_back" in edge.guards and all(step.establishes != "put_back_ordered" for step in way):
                continue
            # Taking a claim back from a contested state depends on whether something is held; other ways do not.
            if edge.dest not in found and not {"claims_are_restricted", "claims_are_unrestricted"} & set(edge.guards):
                found.add(edge.dest)
                ways.append((edge.dest, [*way, edge]))
    raise AssertionError(f"no way to {state} of {law.name}")


def at_state(desk: Any, regime: str, state: str) -> Any:
    """A complaint of store A (two listings) whose claims are in ``state``."""
    filed = desk.file(kind=KINDS[regime], listings=desk.listings[:2])[0]
    for edge in way_to(rules.workflows.workflow(regime), state):
        desk.clock.advance(timedelta(minutes=1))
        if edge.trigger == "accept_notice" and "received.screening" in edge.sources:
            desk.accept([filed])  # the step of the notice, which tells the stores
            continue
        with unit_of_work():
            take(desk, rules.kinds["complaint"].load(filed.id), edge.trigger, actor_for(desk, edge.who))
    assert set(desk.states(filed)) == {state}
    return filed


# Steps that rest on a document which came in time; its own operation chooses them by the day of arrival.
TIMELY = {"receive_timely_counter_notice": "receive_counter_notice", "tell_timely_court_action": "tell_court_action"}
ON_A_PAPER = ("confirm_court_action", "reject_court_action", "reject_one_court_action")


def take(desk: Any, row: Any, trigger: str, actor: Actor) -> None:
    """One step with everything it asks for, in the open unit of work."""
    claims = queries.claims_of(row.id)
    ids = [claim.id for claim in claims]
    arrived = {"received_at": row.seller_told_at, "channel": "post"} if trigger in TIMELY else {}
    match TIMELY.get(trigger, trigger):
        case "receive_counter_notice":
            answers.file_counter_notice(
                actor=actor, complaint=row, claim_ids=ids, contact=SELLER, grounds=["no_infringement"], signed_name=SELLER["name"],
                explanation="Nothing of it is true.", **arrived,
                statements=[line["code"] for line in elements.statements(row.regime, "counter_notice")])
        case "answer_counter_notice":
            answers.answer_counter_notice(
                actor=actor, complaint=row, claim_ids=ids, text="It is a copy all the same.", signed_name="Ada Example")
        case "tell_court_action" | "tell_further_court_action":
            tell(desk, row, actor, **arrived)
        case _:
            law = rules.workflows.workflow(row.case.workflow, row.case.workflow_version)
            if trigger in ON_A_PAPER and law.edges(claims[0].state, trigger) and not papers(row):
                tell(desk, row, desk.actor("rights_holder"))
            found = papers(row)
            advance(actor=actor, row=row, movers=claims, trigger=trigger, facts={
                "reasons": "Because of what both sides have shown.", "proof": "A signed receipt.", "ground": "test",
                **({"court_notice_id": found[-1].id} if found else {})})


def papers(row: Any) -> list[CourtNotice]:
    return list(db.session.query(CourtNotice).filter_by(complaint_id=row.id).order_by(CourtNotice.id))


def tell(desk: Any, row: Any, actor: Actor, **arrived: Any) -> CourtNotice:
    """Tell of a court action with its document."""
    claims = queries.claims_of(row.id)
    document = evidence.take_in(actor=actor, file=intake().take([b"Complaint for infringement, docket 26-cv-1.\n"], name="court.txt"))
    return answers.tell_court_action(
        actor=actor, complaint=row, claim_ids=[claim.id for claim in claims], documents=[document], signed_name="Ada Example",
        forum="D. Example", docket="26-cv-1", filed_on=desk.clock.now().date(), filed_by_notifier=True, names_subscriber=True,
        seeks_restraint=True, **arrived, statements=[line["code"] for line in elements.statements(row.regime, "court_action")])


def every_state() -> Iterator[tuple[str, str]]:
    """Regime and state, of the files as they are on disk."""
    from pathlib import Path

    from ipdesk.core.workflow import load

    registry = load(Path(__file__).parents[1] / "workflows")
    for regime in KINDS:
        yield from ((regime, state) for state in registry.workflow(regime).states)
