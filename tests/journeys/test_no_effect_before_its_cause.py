"""Days that staff type in: nothing arrives before what it answers, and nobody loses time that it was never told of."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.casework import clocks
from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import clock_actor
from ipdesk.core.kernel.errors import Invalid, Refusal
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.accounts.models import User
from ipdesk.features.complaints import elements, queries
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.counter_notices import queries as answer_queries
from ipdesk.features.decisions import operations as decisions
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.fsck import content_faults
from tests import make
from tests.journeys.test_put_back import SELLER, counter, down, examine, sue  # noqa: F401
from tests.journeys.test_received_in_time import ids_of, letters
from tests.staff import REASONS

MINUTE = timedelta(minutes=1)
STILL = "Still restricted for another reason"


def by_post(desk, complaint, arrived, *, who="legal"):
    """Staff type in a counter-notification that arrived at ``arrived``."""
    with unit_of_work():
        row, actor = rules.kinds["complaint"].load(complaint.id), desk.actor(who)
        original = evidence.take_in(actor=actor, file=intake().take([b"It is genuine.\n"], name="letter.txt"))
        answers.file_counter_notice(
            actor=actor, complaint=row, claim_ids=[c.id for c in queries.claims_of(row.id)], grounds=["genuine_goods"],
            explanation="They are genuine.", contact=SELLER, signed_name=SELLER["name"], original=original, received_at=arrived,
            channel="post", statements=[line["code"] for line in elements.statements(row.regime, "counter_notice")])


def received(desk, complaint, step, arrived, *, who="legal"):
    """Staff type in what a party sent by post."""
    with unit_of_work():
        row, actor = rules.kinds["complaint"].load(complaint.id), desk.actor(who)
        original = evidence.take_in(actor=actor, file=intake().take([b"A letter.\n"], name="letter.txt"))
        answers.record_received(
            actor=actor, complaint=row, step=step, claim_ids=[c.id for c in queries.claims_of(row.id)], original=original,
            received_at=arrived, channel="post", signed_name="Ada Example", text="We stand by it.")


def step(desk, complaint, trigger, **said):
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        decisions.take_step(actor=desk.actor("legal"), complaint=row, trigger=trigger,
                            claim_ids=[c.id for c in queries.claims_of(row.id)], **said)


# --- counter-notifications and answers -------------------------------------------------------------------


def test_a_counter_notification_does_not_arrive_before_the_takedown_that_it_contests(desk):
    """17 U.S.C. § 512(g)(2)(C): the rights holder has its ten business days, whatever day is mistyped."""
    complaint = desk.file(kind="copyright")[0]
    filed = desk.clock.now()
    desk.clock.advance(timedelta(days=25))
    desk.accept([complaint])
    taken_down = desk.clock.now()
    desk.clock.advance(timedelta(hours=3))
    for early in (filed, taken_down - MINUTE):
        with pytest.raises(Invalid) as refused:
            by_post(desk, complaint, early)
        assert list(refused.value.errors) == ["received_at"]
    assert set(desk.states(complaint)) == {"delisted.open"}
    by_post(desk, complaint, taken_down)
    assert set(desk.states(complaint)) == {"counter_notified.put_back"}


def test_an_answer_does_not_arrive_before_the_counter_notification_that_it_answers(desk):
    complaint = desk.file()[0]
    filed = desk.clock.now()
    desk.accept([complaint])
    desk.work()
    desk.clock.advance(timedelta(hours=5))
    by_post(desk, complaint, desk.clock.now())
    copied = desk.clock.now()
    desk.clock.advance(timedelta(hours=1))
    for early in (filed, copied - MINUTE):
        with pytest.raises(Invalid) as refused:
            received(desk, complaint, "answer", early)
        assert list(refused.value.errors) == ["received_at"]
    assert not answer_queries.answers_of(complaint.id)
    received(desk, complaint, "answer", copied)
    assert set(desk.states(complaint)) == {"counter_notified.decision"}


# --- proof of delivery -----------------------------------------------------------------------------------


@pytest.fixture
def sent_again(desk):
    """A notice that came back and was sent again three weeks later."""
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    step(desk, complaint, "prove_delivery_failure", proof="It came back: 550.")
    desk.clock.set(datetime(2026, 3, 23, 15, tzinfo=UTC))
    step(desk, complaint, "send_again")
    return complaint


def test_a_delivery_is_not_proven_of_the_time_before_the_last_sending(desk, sent_again):
    assert set(desk.states(sent_again)) == {"pending_response.sending"}
    for early in (datetime(2026, 3, 2, 16, tzinfo=UTC), desk.clock.now() - MINUTE):
        with pytest.raises(Invalid) as refused:
            step(desk, sent_again, "prove_delivery", proof="Receipt", delivered_at=early)
        assert list(refused.value.errors) == ["delivered_at"]
    assert set(desk.states(sent_again)) == {"pending_response.sending"}
    desk.clock.advance(MINUTE)
    step(desk, sent_again, "prove_delivery", proof="Receipt", delivered_at=desk.clock.now())
    desk.work()
    assert set(desk.states(sent_again)) == {"pending_response.open"}


def test_nobody_s_time_ends_in_the_minute_in_which_it_is_told_of_it(desk, sent_again):
    """Proof of a delivery so long ago that the time to answer would be over: the notice is sent again instead."""
    delivered = desk.clock.now() + MINUTE
    desk.clock.advance(timedelta(days=4))
    desk.clock.set(datetime(2026, 3, 27, 3, 59, tzinfo=UTC))  # three business days, to the last minute in New York
    assert not clocks.over_by(rules.workflows.workflow("marketplace"), ["pending_response.sending"], "prove_delivery",
                              "delivery_proven", delivered, desk.clock.now())
    desk.clock.advance(timedelta(minutes=2))
    with pytest.raises(Invalid) as refused:
        step(desk, sent_again, "prove_delivery", proof="Receipt", delivered_at=delivered)
    assert "Send the notice again" in refused.value.errors["delivered_at"][0]
    assert set(desk.states(sent_again)) == {"pending_response.sending"}


# --- another complaint about the same listing ------------------------------------------------------------


@pytest.fixture
def two_owners(desk):
    """A listing that a copyright complaint keeps down, and a second complaint about it of somebody else that restricts nothing."""
    other = make.user(role="rights_holder")
    first = desk.file(kind="copyright", listings=[desk.listings[0]])[0]
    desk.accept([first])
    desk.people["rights_holder"] = other
    second = desk.file(listings=[desk.listings[0]])[0]
    desk.accept([second])
    desk.work()
    return second


def test_a_court_action_in_one_complaint_says_nothing_of_what_another_one_restricts(desk, two_owners):
    desk.people["rights_holder"] = db.session.scalars(select(User).order_by(User.id.desc())).first()
    by_post(desk, two_owners, desk.clock.now())
    with unit_of_work():
        row = rules.kinds["complaint"].load(two_owners.id)
        actor = desk.actor("rights_holder")
        paper = evidence.take_in(actor=actor, file=intake().take([b"Docket 26-cv-1\n"], name="paper.txt"))
        number = answers.tell_court_action(
            actor=actor, complaint=row, claim_ids=[c.id for c in queries.claims_of(row.id)], forum="D. Example", docket="26-cv-1",
            filed_on=desk.clock.now().date(), documents=[paper], filed_by_notifier=True, names_subscriber=True, seeks_restraint=True,
            signed_name="Ada Example", statements=[line["code"] for line in elements.statements(row.regime, "court_action")]).id
    examine(desk, two_owners, number, fit=True)
    told = letters(two_owners, "court_action_confirmed")
    assert set(told) == {"seller", "rights_holder"}
    for body in told.values():
        assert "leaves the listings online until the court" in " ".join(body.split())


@pytest.mark.parametrize("step_of", ["withdrawn", "retracted", "dismissed"])
def test_the_seller_alone_reads_that_another_reason_keeps_its_listing_down(desk, two_owners, step_of):
    own = ids_of(two_owners)
    if step_of == "withdrawn":
        received(desk, two_owners, "take_back", desk.clock.now())
    elif step_of == "dismissed":
        with unit_of_work():
            decisions.decide(actor=desk.actor("legal"), complaint=rules.kinds["complaint"].load(two_owners.id), claim_ids=own,
                             trigger="dismiss_unanswered", reasons=REASONS)
    else:
        desk.clock.set(datetime(2026, 3, 6, 5, tzinfo=UTC))  # silence takes it down for this complaint, too
        desk.work()
        received(desk, two_owners, "take_back", desk.clock.now())
    told = letters(two_owners, f"claims_{step_of}")
    assert STILL in told["seller"] and desk.listings[0].external_id in told["seller"].split(STILL)[1].split("\n\n")[0]
    assert STILL not in told["rights_holder"]
    db.session.rollback()
    assert not list(content_faults()), "the paper that came by post is vouched for, although the step reads the log before it writes in it"


# --- a person bound to a side ----------------------------------------------------------------------------


def test_nobody_who_is_bound_to_a_side_takes_a_step_for_a_party(desk):
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    with unit_of_work():
        decisions.declare_conflict(actor=desk.actor("legal"), user_id=desk.people["legal"].id, because="A friend.",
                                   store_id=desk.stores[0].id)
    now = desk.clock.now()
    for act in (lambda: by_post(desk, complaint, now), lambda: received(desk, complaint, "take_back", now),
                lambda: received(desk, complaint, "delete", now)):
        with pytest.raises(Refusal, match="conflict_of_interest"):
            act()
    assert set(desk.states(complaint)) == {"pending_response.open"}
    by_post(desk, complaint, now, who="legal_two")
    with pytest.raises(Refusal, match="conflict_of_interest"):
        received(desk, complaint, "answer", now)
    assert set(desk.states(complaint)) == {"counter_notified.complainant"}


# --- while the put-back is carried out -------------------------------------------------------------------


def test_a_rights_holder_who_settles_takes_its_complaint_back_although_the_put_back_was_ordered(desk, down):  # noqa: F811
    counter(desk, down[0])
    number = sue(desk, down[0], ids_of(down[0]))
    latest = next(line for line in clocks.open_deadlines(down[0].id) if line.name == "put_back_latest").fires_at
    db.session.rollback()
    desk.clock.set(latest)
    with unit_of_work():  # ordered, and the marketplace has not confirmed it yet
        advance(actor=clock_actor(latest), row=rules.kinds["complaint"].load(down[0].id), trigger="put_back_elapsed",
                movers=queries.claims_of(down[0].id))
    assert set(desk.states(down[0])) == {"counter_notified.restoring_paper"}
    received(desk, down[0], "take_back", desk.clock.now())
    desk.work()
    assert set(desk.states(down[0])) == {"closed.retracted"}
    with pytest.raises(Refusal):
        examine(desk, down[0], number, fit=True)
    assert db.session.scalars(select(Outbox).where(Outbox.message == "claims_retracted", Outbox.case_id == down[0].id)).all()
