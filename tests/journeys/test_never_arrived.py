"""A notice that never arrived, whatever the mail server had said: nobody loses a listing for silence on it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from ipdesk.core.casework import clocks
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Forbidden, Refusal
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.models import Listing
from ipdesk.features.complaints import queries
from ipdesk.features.decisions import operations as decisions
from tests.staff import REASONS

PROOF = "The mail came back on 4 March: 550 no such user."


@pytest.fixture
def open_case(desk):
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    assert set(desk.states(complaint)) == {"pending_response.open"}
    return complaint


def never_arrived(desk, filed, who="legal", proof=PROOF):
    with unit_of_work():
        decisions.take_step(
            actor=desk.actor(who), complaint=rules.kinds["complaint"].load(filed.id), proof=proof,
            claim_ids=[claim.id for claim in queries.claims_of(filed.id)], trigger="prove_delivery_failure")


def decide(desk, filed, trigger, who="legal"):
    with unit_of_work():
        return decisions.decide(
            actor=desk.actor(who), complaint=rules.kinds["complaint"].load(filed.id), trigger=trigger, reasons=REASONS,
            claim_ids=[claim.id for claim in queries.claims_of(filed.id)])


def letters(filed, *messages):
    return sorted(tuple(row) for row in db.session.execute(select(Outbox.message, Outbox.recipient_role).where(
        Outbox.case_id == filed.id, Outbox.channel == "mail", Outbox.message.in_(messages))))


def status_of(filed):
    return {row.status for row in db.session.execute(select(Listing).where(
        Listing.id.in_([claim.listing_id for claim in queries.claims_of(filed.id)]))).scalars()}


def test_the_seller_s_time_ends_and_nothing_follows_from_it(desk, open_case):
    never_arrived(desk, open_case)
    assert set(desk.states(open_case)) == {"pending_response.undeliverable"}
    assert {line.name for line in clocks.open_deadlines(open_case.id)} == {"unreached"}
    desk.clock.set(datetime(2026, 3, 20, 12, tzinfo=UTC))
    desk.work()
    assert set(desk.states(open_case)) == {"pending_response.undeliverable"}, "staff's silence decides nothing"
    assert status_of(open_case) == {"live"}
    assert letters(open_case, "seller_not_reached") == [("seller_not_reached", "rights_holder")]


def test_a_listing_that_silence_had_taken_down_is_put_back_and_both_sides_are_told(desk, open_case):
    desk.clock.set(datetime(2026, 3, 6, 5, tzinfo=UTC))
    desk.work()
    assert set(desk.states(open_case)) == {"delisted.open"} and status_of(open_case) == {"restricted"}
    never_arrived(desk, open_case)
    assert set(desk.states(open_case)) == {"pending_response.undeliverable"}
    desk.work()
    assert status_of(open_case) == {"live"}
    assert letters(open_case, "listings_restored", "seller_not_reached") == [
        ("listings_restored", "rights_holder"), ("listings_restored", "seller"), ("seller_not_reached", "rights_holder")]
    (text,) = db.session.execute(select(Outbox.body_text).where(
        Outbox.case_id == open_case.id, Outbox.message == "listings_restored", Outbox.recipient_role == "seller",
        Outbox.channel == "mail")).scalars()
    assert "had never reached the seller" in text


def test_what_was_taken_down_for_another_reason_than_silence_stays_down(desk, open_case):
    proposal = decide(desk, open_case, "act_now")
    with unit_of_work():
        decisions.approve(actor=desk.actor("legal_two"), decision=db.session.merge(proposal))
    assert set(desk.states(open_case)) == {"delisted.open"}
    with pytest.raises(Refusal, match="not_taken_down_for_silence"):
        never_arrived(desk, open_case)


@pytest.mark.parametrize("proof", ["", " \n"])
def test_it_takes_a_word_on_how_that_is_known(desk, open_case, proof):
    with pytest.raises(Refusal, match="failure_proof_missing"):
        never_arrived(desk, open_case, proof=proof)


def test_it_is_no_step_of_a_party(desk, open_case):
    for who in ("seller_a", "rights_holder"):
        with pytest.raises((Refusal, Forbidden)):
            never_arrived(desk, open_case, who=who)
        db.session.rollback()
    assert set(desk.states(open_case)) == {"pending_response.open"}


@pytest.mark.parametrize("reached", [True, False])
def test_a_complaint_that_turns_out_wrong_is_dismissed_without_waiting_for_the_seller(desk, open_case, reached):
    if not reached:
        never_arrived(desk, open_case)
    decide(desk, open_case, "dismiss_unanswered")
    assert set(desk.states(open_case)) == {"closed.dismissed"}
    assert clocks.open_deadlines(open_case.id) == []
    assert letters(open_case, "claims_dismissed") == [("claims_dismissed", "rights_holder"), ("claims_dismissed", "seller")]
