"""What letters about whole cases say is what happened in them."""

from contextvars import Context
from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.casework import clocks, disclosure
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.timeline import timeline
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.models import Listing, Marketplace
from ipdesk.features.complaints import elements, operations, queries
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.counter_notices import queries as answer_queries
from ipdesk.features.decisions import operations as decisions
from ipdesk.features.holds.models import Hold
from ipdesk.features.rights.models import Right
from tests.journeys.test_received_in_time import letter_by_post, letters
from tests.staff import REASONS
from tests.visitors import sign_in
from tests.walks import tell


def said(complaint, message, to):
    """The letter as one line of text."""
    db.session.rollback()
    return " ".join(letters(complaint, message)[to].split())


# --- where a restriction applies ---------------------------------------------------------------------


@pytest.mark.tampers
@pytest.mark.parametrize(("territory", "market", "held", "words"), [
    ("US", "US", ["US"], "The whole listing, where it is offered in: United States"),
    ("EU", "DE", ["DE"], "The whole listing, where it is offered in: Germany"),
    ("US", "DE", ["DE"], "The whole listing, where it is offered in: Germany"),
    ("EU US", "*", ["EU", "US"], "The whole listing, where it is offered in: European Union and United States"),
    ("*", "*", ["*"], "The whole listing, wherever it is offered on this marketplace"),
])
def test_the_letter_names_the_countries_of_the_hold(desk, territory, market, held, words):
    complaint = desk.file(listings=desk.listings[:1])[0]
    with unit_of_work():
        db.session.get(Marketplace, desk.listings[0].marketplace_id).market = market
        db.session.get(Right, db.session.get(Complaint, complaint.id).right_id).territory = territory
    silence_takes_down(desk, complaint)
    assert [hold.scope["territory"] for hold in db.session.execute(select(Hold)).scalars()] == [held]
    assert f"Where it applies: {words} Since:" in said(complaint, "listing_delisted", "seller")


def silence_takes_down(desk, complaint):
    desk.accept([complaint])
    desk.work()
    desk.clock.advance(timedelta(days=7))
    desk.work()
    assert set(desk.states(complaint)) == {"delisted.open"}


# --- what a letter says only where it is so ----------------------------------------------------------


def claim_ids(complaint):
    found = [claim.id for claim in queries.claims_of(complaint.id)]
    db.session.rollback()
    return found


def due(complaint):
    return {line.name: line.due_at for line in clocks.open_deadlines(complaint.id)}


def decided(desk, complaint, trigger):
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        found = decisions.decide(actor=desk.actor("legal"), complaint=row, trigger=trigger, reasons=REASONS,
                                 claim_ids=[claim.id for claim in queries.claims_of(row.id)])
        if found.status == "proposed":
            decisions.approve(actor=desk.actor("legal_two"), decision=found)


def of_notice(complaint, message):
    return " ".join(db.session.execute(select(Outbox.body_text).where(
        Outbox.message == message, Outbox.case_id == complaint.notice_id, Outbox.channel == "mail")).scalar_one().split())


def test_what_was_taken_back_before_is_not_said_to_be_taken_down(desk):
    complaint = desk.file(kind="copyright")[0]
    first, _ = claim_ids(complaint)
    with unit_of_work():
        operations.take_back(actor=desk.actor("rights_holder"), complaint=rules.kinds["complaint"].load(complaint.id),
                             claim_ids=[first])
    desk.accept([complaint])
    told = of_notice(complaint, "notice_accepted")
    assert desk.listings[0].external_id not in told
    assert desk.listings[1].external_id in told and desk.listings[2].external_id in told


def test_a_notice_that_lapsed_names_what_was_missing(desk):
    complaint = desk.file()[0]
    with unit_of_work():
        operations.screen_notice(actor=desk.actor("legal"), notice=rules.kinds["notice"].load(complaint.notice_id),
                                 trigger="send_back", missing=["explanation"])
    desk.clock.advance(timedelta(days=20))
    desk.work()
    told = of_notice(complaint, "notice_refused")
    assert "not made good in time" in told and "We examined" not in told
    missing = next(one["missing"] for one in elements.required("marketplace") if one["code"] == "explanation")
    assert missing in told


def test_a_manifest_case_that_the_seller_has_answered_offers_no_second_answer(desk):
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    letter_by_post(desk, complaint, desk.clock.now())
    before = due(complaint)
    desk.clock.advance(timedelta(days=1))
    decided(desk, complaint, "act_now")
    seller, holder = said(complaint, "listing_delisted", "seller"), said(complaint, "listings_restricted", "rights_holder")
    assert "still decided" in seller and "File a counter-notification" not in seller
    assert "did not wait" not in seller + holder and "unless the seller contests" not in holder
    assert due(complaint) == before, "the rights holder's time to answer runs on as it ran"
    desk.clock.set(before["answer"] + timedelta(hours=3))
    desk.work()
    assert set(desk.states(complaint)) == {"counter_notified.decision"}, "and its silence brings the decision"
    decided(desk, complaint, "dismiss")
    assert "are lifted" in said(complaint, "claims_dismissed", "seller")


def test_the_seller_reads_that_a_court_action_was_told_of_and_of_the_paper_nothing(desk):
    """Under the marketplace's rules the case changes hands at once, so that both sides are told at once."""
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    letter_by_post(desk, complaint, desk.clock.now())
    with unit_of_work():
        paper = tell(desk, rules.kinds["complaint"].load(complaint.id), desk.actor("rights_holder")).id
    told = said(complaint, "court_action_received", "seller")
    assert "The complainant told us of a court action" in told and "Our staff examine the document" in told
    assert "26-cv-1" not in told and "26-cv-1" in said(complaint, "court_action_received", "rights_holder")
    assert "You can still answer" not in told
    assert "told of a court action" in next(one.title for one in timeline(
        rules.kinds["complaint"].load(complaint.id), audience="seller"))
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        answers.reject_court_action(actor=desk.actor("legal"), complaint=row, notice=answer_queries.court_notice(row, paper),
                                    reasons="It names a secret witness.")
    result = said(complaint, "court_action_rejected", "seller")
    assert "does not show one that the rules ask for" in result
    assert "secret witness" not in result and "26-cv-1" not in result
    assert "secret witness" in said(complaint, "court_action_rejected", "rights_holder")


def test_a_dismissal_lifts_nothing_that_never_was(desk):
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    letter_by_post(desk, complaint, desk.clock.now())
    desk.clock.advance(timedelta(days=7))
    desk.work()
    decided(desk, complaint, "dismiss")
    told = said(complaint, "claims_dismissed", "seller")
    assert "No restriction rests on this complaint." in told and "lifted" not in told


# --- deleted between the filing and the acceptance ---------------------------------------------------


@pytest.mark.parametrize(("kind", "goes_on"), [("copyright", "delisted.open"), ("trademark", "pending_response.sending")])
def test_a_listing_deleted_before_the_acceptance_closes_its_claim_and_its_seller_is_not_told(desk, kind, goes_on):
    both, other = desk.file(kind=kind)
    with unit_of_work():
        for listing in (desk.listings[0], desk.listings[2]):
            db.session.get(Listing, listing.id).status = "removed_by_seller"
    notice = db.session.get(Notice, both.notice_id).reference
    db.session.rollback()
    browser = sign_in(desk.app.test_client(), desk.people["legal"])
    assert "2 listings have been deleted by their sellers" in Context().run(browser.get, f"/notices/{notice}/screen").get_data(as_text=True)
    desk.accept([both, other])
    assert desk.states(both) == ["closed.deleted_by_seller", goes_on]
    assert desk.states(other) == ["closed.deleted_by_seller"]
    desk.work()
    told = said(both, "listings_deleted", "rights_holder")
    assert desk.listings[0].external_id in told and desk.listings[1].external_id not in told and "before we accepted" in told
    accepted = of_notice(both, "notice_accepted")
    assert desk.listings[1].external_id in accepted and desk.listings[0].external_id not in accepted
    to_stores = db.session.execute(select(Outbox).where(Outbox.recipient_role == "seller")).scalars().all()
    assert {letter.case_id for letter in to_stores} == {both.id}
    assert not any(desk.listings[0].external_id in letter.body_text for letter in to_stores)
    seller = desk.actor("seller_a")
    row = queries.complaint(seller, both.reference)
    assert [claim["listing"]["code"] for claim in disclosure.view(row, seller)["claims"]] == [desk.listings[1].external_id]
    assert "find_deleted" not in [event.act for event in timeline(row, audience="seller")]
    assert not [hold for hold in db.session.execute(select(Hold)).scalars() if hold.listing_id != desk.listings[1].id]


def test_taking_back_what_the_seller_never_knew_of_tells_it_nothing(desk):
    complaint = desk.file(listings=desk.listings[:1])[0]
    with unit_of_work():
        db.session.get(Listing, desk.listings[0].id).status = "removed_by_seller"
    desk.accept([complaint])
    with unit_of_work():
        operations.take_back(actor=desk.actor("rights_holder"), complaint=rules.kinds["complaint"].load(complaint.id),
                             claim_ids=[claim.id for claim in queries.claims_of(complaint.id)])
    assert desk.states(complaint) == ["closed.retracted"]
    assert set(letters(complaint, "claims_retracted")) == {"rights_holder"}
