"""Staff take their own steps only: never a party's, never a court's without its paper, never for a side they are bound to."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.audit.models import AuditEntry
from ipdesk.core.casework.models import Note
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Forbidden, Refusal
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.connector import Retry
from ipdesk.features.complaints import operations as complaints
from ipdesk.features.decisions import operations, queries
from tests.journeys.test_put_back import examine, sue, window
from tests.staff import REASONS


def decide(floor, filed, trigger, who="legal", claims=None):
    return floor.act(operations.decide, who, "complaint", filed.id, trigger=trigger, reasons=REASONS,
                     claim_ids=claims or floor.claims(filed))


def step(floor, filed, trigger, who="legal", claims=None, **more):
    floor.act(operations.take_step, who, "complaint", filed.id, trigger=trigger,
              claim_ids=claims or floor.claims(filed), **more)


def refusal(act, *args, **more):
    with pytest.raises(Refusal) as refused:
        act(*args, **more)
    return refused.value.code


def bind(floor, who):
    """This person has a conflict of interest with the first store."""
    with floor.app.app_context(), unit_of_work():
        operations.declare_conflict(
            actor=floor.desk.actor(who), user_id=floor.desk.people[who].id, because="a relative",
            store_id=floor.desk.stores[0].id)


def settle(floor, verb, who, reference, **facts):
    with floor.app.app_context(), unit_of_work():
        actor = floor.desk.actor(who)
        return verb(actor=actor, decision=queries.decision(actor, reference), **facts)


def take_back(floor, filed):
    claims = floor.claims(filed)
    with floor.app.app_context(), unit_of_work():
        row = rules.kinds["complaint"].load(filed.id)
        complaints.take_back(actor=floor.desk.actor("rights_holder"), complaint=row,
                             claim_ids=claims)


# --- a party's steps, a court's steps -------------------------------------------------------------------


PARTIES = [("trademark", "delete_listing"), ("trademark", "withdraw_claims"), ("trademark", "receive_counter_notice"),
           ("copyright", "delete_listing"), ("copyright", "retract_claims"), ("copyright", "receive_counter_notice")]


@pytest.mark.parametrize(("kind", "trigger"), PARTIES)
@pytest.mark.parametrize("who", ["reviewer", "legal"])
def test_a_party_s_step_is_no_decision_of_staff(floor, kind, trigger, who):
    filed = floor.told(kind)[0]
    before = floor.states(filed)
    assert refusal(decide, floor, filed, trigger, who) == "not_decided_here"
    assert refusal(step, floor, filed, trigger, who) == "transition_not_allowed"
    browser, path = floor.browser(who), f"/complaints/{filed.reference}"
    said = {"claim_ids": floor.claims(filed), "facts": "f", "ground": "g", "step": "confirm", "form_key": trigger,
            "seen": floor.version("complaint", filed.id)}
    for way in ("decide", "step"):
        assert browser.get(f"{path}/{way}/{trigger}").status_code == 409
        assert browser.post(f"{path}/{way}/{trigger}", data=said).status_code == 409
    assert floor.states(filed) == before


def test_a_court_action_is_neither_told_confirmed_nor_rejected_by_a_decision(floor):
    filed = floor.contested("copyright")
    assert refusal(decide, floor, filed, "tell_court_action") == "not_decided_here"
    assert floor.browser("reviewer").get(f"/complaints/{filed.reference}/decide/tell_court_action").status_code == 409
    with floor.app.app_context():
        sue(floor.desk, filed, floor.claims(filed))
    for trigger in ("confirm_court_action", "reject_court_action"):
        assert refusal(decide, floor, filed, trigger) == "not_decided_here"
    assert floor.states(filed) == ["counter_notified.court_notice"]


@pytest.mark.parametrize("winner", ["seller", "notifier"])
def test_the_outcome_in_court_is_recorded_on_a_document_only(floor, winner):
    filed = floor.contested("copyright")
    with floor.app.app_context():
        examine(floor.desk, filed, sue(floor.desk, filed, floor.claims(filed)), fit=True)
    trigger = f"record_court_outcome_for_{winner}"
    assert refusal(decide, floor, filed, trigger) == "not_decided_here"
    assert floor.browser("legal").get(f"/complaints/{filed.reference}/decide/{trigger}").status_code == 409
    assert floor.states(filed) == ["counter_notified.in_court"]


def test_a_complaint_is_not_screened_past_its_notice(floor):
    filed = floor.file()[0]
    assert refusal(decide, floor, filed, "refuse_notice") == "transition_not_allowed"
    assert refusal(step, floor, filed, "accept_notice") == "transition_not_allowed"
    assert floor.states(filed) == ["received.screening"]


def test_a_decision_of_another_staff_role_stays_theirs(floor):
    filed = floor.told("copyright")[0]
    with pytest.raises(Forbidden):  # a takedown is corrected by legal staff
        decide(floor, filed, "dismiss", "reviewer")
    with pytest.raises(Forbidden):
        decide(floor, filed, "dismiss", "admin")


def test_the_case_page_offers_own_steps_only(floor):
    filed = floor.told("copyright")[0]
    page = floor.browser("legal").get(f"/complaints/{filed.reference}").get_data(as_text=True)
    assert "/decide/dismiss" in page
    for trigger in ("delete_listing", "retract_claims", "receive_counter_notice"):
        assert f"/{trigger}" not in page
    assert "/decide/dismiss" not in floor.browser("reviewer").get(f"/complaints/{filed.reference}").get_data(as_text=True)


# --- claims of another complaint, claims that moved -------------------------------------------------------


def test_claims_of_another_complaint_are_refused_and_not_left_out(floor):
    one, other = floor.contested(), floor.contested()
    both = [*floor.claims(one), *floor.claims(other)]
    assert refusal(decide, floor, one, "uphold", claims=both) == "claim_of_another"
    assert refusal(step, floor, one, "prove_delivery", claims=both) == "claim_of_another"
    assert floor.states(one) == floor.states(other) == ["counter_notified.decision"]


def test_a_proposal_whose_claims_moved_is_not_put_into_force(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    floor.clock.advance(timedelta(days=8))
    with floor.app.app_context():
        floor.desk.work()  # the seller stayed silent, and the listing went down by that
    assert floor.states(filed) == ["delisted.open"]
    assert refusal(settle, floor, operations.approve, "legal_two", reference) == "claims_moved"
    page = floor.browser("legal_two").get(f"/decisions/{reference}").get_data(as_text=True)
    assert "decline it and propose anew" in page and f"/decisions/{reference}/approve" not in page
    settle(floor, operations.decline, "legal_two", reference, because="It moved.")


def test_what_happened_before_a_proposal_does_not_age_it(floor):
    filed = floor.told()[0]
    first = floor.propose(filed)
    settle(floor, operations.decline, "legal_two", first, because="Say more.")
    settle(floor, operations.approve, "legal_two", floor.propose(filed))
    assert floor.states(filed) == ["delisted.open"]


# --- conflict of interest ---------------------------------------------------------------------------------


def test_a_proposal_asks_for_a_conflict_of_interest_like_an_act(floor):
    filed = floor.told()[0]
    bind(floor, "legal")
    assert refusal(floor.propose, filed, "legal") == "conflict_of_interest"
    assert floor.read(queries.decisions_of, filed.id) == []


def test_nobody_approves_or_declines_for_a_side_they_are_bound_to(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    bind(floor, "legal_two")
    assert refusal(settle, floor, operations.approve, "legal_two", reference) == "conflict_of_interest"
    assert refusal(settle, floor, operations.decline, "legal_two", reference, because="x") == "conflict_of_interest"
    assert floor.states(filed) == ["pending_response.open"]


def test_reopening_asks_both_persons_for_a_conflict_of_interest(floor):
    filed = floor.told()[0]
    take_back(floor, filed)
    bind(floor, "legal")
    assert refusal(floor.propose, filed, "legal", "reopen") == "conflict_of_interest"
    reference = floor.propose(filed, "legal_two", "reopen")
    assert refusal(settle, floor, operations.approve, "legal", reference) == "conflict_of_interest"
    assert floor.states(filed) == ["closed.withdrawn"]


def test_a_delivery_is_proven_by_nobody_who_is_bound_to_a_side(floor):
    filed = floor.file()[0]
    with floor.app.app_context():
        floor.desk.accept([filed])
    bind(floor, "legal")
    assert refusal(step, floor, filed, "prove_delivery", proof="Courier receipt 4711") == "conflict_of_interest"
    assert floor.states(filed) == ["pending_response.sending"]


# --- the second person reads what will be sent -----------------------------------------------------------


def test_the_second_person_reads_the_stored_statement_as_the_letters_carry_it(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    floor.clock.advance(timedelta(hours=20))
    with floor.app.app_context():
        statement = queries.decisions_of(filed.id)[0].statement
    written = settle(floor, operations.rehearse_approval, "legal_two", reference)
    assert written["statement"] == statement
    settle(floor, operations.approve, "legal_two", reference)
    with floor.app.app_context():
        sent = [row.body_text for row in db.session.execute(select(Outbox).where(
            Outbox.case_id == filed.id, Outbox.message == "listing_delisted", Outbox.channel == "mail")).scalars()]
    assert sent == [one["text"] for one in written["letters"] if one["to"] == "seller"]
    assert statement.splitlines()[-1] in sent[0]


# --- the listing is back ----------------------------------------------------------------------------------


@pytest.fixture
def unconfirmed(floor, monkeypatch):
    """A put-back that was ordered and that the marketplace does not answer."""
    filed = floor.contested("copyright")
    with floor.app.app_context():
        opens, _ = window(filed)
    broken = type("Broken", (type(rules.settings["connector"]),), {"apply": lambda *_: Retry("down")})
    monkeypatch.setattr(rules, "settings", {**rules.settings, "connector": broken()})
    floor.clock.set(opens + timedelta(hours=10))
    with floor.app.app_context():
        floor.desk.work()
    assert floor.states(filed) == ["counter_notified.restoring"]
    return filed


def test_staff_do_not_confirm_in_the_marketplace_s_place(floor, unconfirmed):
    assert refusal(step, floor, unconfirmed, "confirm_restoration") == "transition_not_allowed"
    assert refusal(step, floor, unconfirmed, "prove_restoration") == "restoration_unconfirmed"
    assert floor.states(unconfirmed) == ["counter_notified.restoring"]


def test_a_written_proof_stands_for_the_confirmation_and_the_log_names_it(floor, unconfirmed):
    step(floor, unconfirmed, "prove_restoration", proof="Seen on the public page at noon.")
    assert floor.states(unconfirmed) == ["closed.reinstated"]
    with floor.app.app_context():
        note = db.session.execute(select(Note).where(Note.case_id == unconfirmed.id)).scalars().one()
        body = db.session.execute(select(AuditEntry.body).where(
            AuditEntry.case_id == unconfirmed.id, AuditEntry.act == "prove_restoration")).scalar_one()
    assert note.text == "Seen on the public page at noon."
    assert f'"proof_note_id":{note.id}' in body and "noon" not in body
