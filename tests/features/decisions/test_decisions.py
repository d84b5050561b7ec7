"""Decisions with reasons, their rehearsal, and the second pair of eyes."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from ipdesk.core.audit.models import AuditEntry
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Forbidden, Refusal, Stale
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.decisions import operations, queries, work
from ipdesk.features.decisions.models import Decision
from tests.staff import REASONS


def counts(floor):
    with floor.app.app_context():
        return [db.session.execute(select(func.count()).select_from(model)).scalar_one()
                for model in (Outbox, AuditEntry, Decision)]


def decide(floor, filed, who="legal", trigger="uphold", **given):
    return floor.act(operations.decide, who, "complaint", filed.id, **{
        "claim_ids": floor.claims(filed), "trigger": trigger, "reasons": REASONS} | given)


def settle(floor, verb, who, reference, **facts):
    with floor.app.app_context(), unit_of_work():
        actor = floor.desk.actor(who)
        verb(actor=actor, decision=queries.decision(actor, reference), **facts)


def letters_of(floor, filed, message):
    with floor.app.app_context():
        return [(row.recipient_role, row.body_text) for row in db.session.execute(select(Outbox).where(
            Outbox.case_id == filed.id, Outbox.message == message, Outbox.channel == "mail")).scalars()]


def test_a_decision_closes_the_claims_and_both_sides_read_its_reasons(floor):
    filed = floor.contested()
    decide(floor, filed)
    assert floor.states(filed) == ["closed.upheld"]
    letters = dict(letters_of(floor, filed, "claims_upheld"))
    assert letters.keys() == {"seller", "rights_holder"}
    for text in letters.values():
        assert REASONS["facts"] in text and REASONS["ground"] in text


@pytest.mark.parametrize("field", ["facts", "ground"])
def test_a_decision_without_facts_or_grounds_is_refused(floor, field):
    filed = floor.contested()
    for verb in (operations.decide, operations.rehearse):
        with pytest.raises(Refusal) as refused:
            floor.act(verb, "legal", "complaint", filed.id, claim_ids=floor.claims(filed),
                      trigger="uphold", reasons=REASONS | {field: "  "})
        assert refused.value.code == "reasons_missing"
    assert floor.states(filed) == ["counter_notified.decision"]


def test_the_rehearsal_writes_the_very_words_and_leaves_nothing_behind(floor):
    filed = floor.contested()
    before, version = counts(floor), floor.version("complaint", filed.id)
    written = floor.act(operations.rehearse, "legal", "complaint", filed.id,
                        claim_ids=floor.claims(filed), trigger="dismiss", reasons=REASONS)
    assert counts(floor) == before and floor.version("complaint", filed.id) == version
    assert floor.states(filed) == ["counter_notified.decision"]
    decide(floor, filed, trigger="dismiss")
    sent = dict(letters_of(floor, filed, "claims_dismissed"))
    assert {one["to"]: one["text"] for one in written["letters"]} == sent
    assert [bool(one["address"] and one["inbox"]) for one in written["letters"]] == [True, True]
    with floor.app.app_context():
        assert queries.decisions_of(filed.id)[0].statement == written["statement"]


def test_the_rehearsal_refuses_what_the_decision_would_refuse(floor):
    filed = floor.contested()
    with pytest.raises(Forbidden):
        floor.act(operations.rehearse, "admin", "complaint", filed.id,
                  claim_ids=floor.claims(filed), trigger="uphold", reasons=REASONS)
    with pytest.raises(Refusal):
        floor.act(operations.rehearse, "legal", "complaint", filed.id,
                  claim_ids=floor.claims(filed), trigger="reopen", reasons=REASONS)


def test_a_stale_page_decides_nothing(floor):
    filed = floor.contested()
    with pytest.raises(Stale):
        decide(floor, filed, seen=floor.version("complaint", filed.id) - 1)
    assert floor.states(filed) == ["counter_notified.decision"]


def test_nobody_decides_in_a_case_that_another_holds(floor):
    filed = floor.contested()
    floor.act(work.take, "legal_two", "complaint", filed.id)
    with pytest.raises(Refusal) as refused:
        decide(floor, filed)
    assert refused.value.code == "taken_by_another"
    floor.clock.advance(work.TIME_OUT)
    decide(floor, filed)
    assert floor.states(filed) == ["closed.upheld"]


def test_a_handler_with_a_conflict_decides_nothing(floor):
    filed = floor.contested()
    with floor.app.app_context(), unit_of_work():
        operations.declare_conflict(
            actor=floor.desk.actor("legal"), user_id=floor.desk.people["legal"].id,
            because="owns shares", store_id=floor.desk.stores[0].id)
    with pytest.raises(Refusal) as refused:
        decide(floor, filed)
    assert refused.value.code == "conflict_of_interest"


def test_a_handler_with_a_conflict_screens_nothing(floor):
    filed = floor.file()[0]
    with floor.app.app_context(), unit_of_work():
        operations.declare_conflict(
            actor=floor.desk.actor("legal"), user_id=floor.desk.people["legal"].id,
            because="worked there", organisation_id=floor.desk.people["rights_holder"].organisation_id)
    with pytest.raises(Refusal) as refused:
        floor.act(operations.screen, "legal", "notice", filed.notice_id, trigger="accept")
    assert refused.value.code == "conflict_of_interest"
    assert floor.states(filed) == ["received.screening"]


def test_a_notice_that_another_holds_is_not_screened(floor):
    filed = floor.file()[0]
    floor.act(work.take, "legal_two", "notice", filed.notice_id)
    with pytest.raises(Refusal) as refused:
        floor.act(operations.screen, "legal", "notice", filed.notice_id, trigger="accept")
    assert refused.value.code == "taken_by_another"


# --- the second pair of eyes -----------------------------------------------------------------------------


def test_a_proposal_moves_nothing_until_a_second_person_approves(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    assert floor.states(filed) == ["pending_response.open"]
    assert letters_of(floor, filed, "listing_delisted") == []
    settle(floor, operations.approve, "legal_two", reference)
    assert floor.states(filed) == ["delisted.open"]
    assert len(letters_of(floor, filed, "listing_delisted")) == 1


def test_the_proposer_cannot_be_the_second_person(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    with pytest.raises(Refusal) as refused:
        settle(floor, operations.approve, "legal", reference)
    assert refused.value.code == "same_person"
    assert floor.states(filed) == ["pending_response.open"]


def test_the_database_itself_refuses_one_person_as_two(floor):
    filed = floor.told()[0]
    floor.propose(filed)
    with floor.app.app_context(), pytest.raises(IntegrityError), unit_of_work():
        row = queries.decisions_of(filed.id)[0]
        row.approved_by = row.decided_by


def test_a_proposal_is_settled_once(floor):
    reference = floor.propose(floor.told()[0])
    settle(floor, operations.decline, "legal_two", reference, because="not manifest")
    for verb, more in ((operations.approve, {}), (operations.decline, {"because": "again"})):
        with pytest.raises(Refusal) as refused:
            settle(floor, verb, "legal_two", reference, **more)
        assert refused.value.code == "not_proposed"


def test_declining_needs_a_reason_and_moves_nothing(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    with pytest.raises(Refusal) as refused:
        settle(floor, operations.decline, "legal_two", reference, because="  ")
    assert refused.value.code == "reasons_missing"
    settle(floor, operations.decline, "legal_two", reference, because="not manifest")
    assert floor.states(filed) == ["pending_response.open"]


def test_an_approval_from_a_page_that_went_stale_is_refused(floor):
    filed = floor.told()[0]
    reference = floor.propose(filed)
    with pytest.raises(Stale):
        settle(floor, operations.approve, "legal_two", reference,
               seen=floor.version("complaint", filed.id) - 1)
    assert floor.states(filed) == ["pending_response.open"]
