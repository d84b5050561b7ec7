"""17 U.S.C. § 512(g)(2)(C) for one complaint whose claims go different ways."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import g
from sqlalchemy import select

from ipdesk.core.casework import clocks
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Forbidden, Refusal, Stale
from ipdesk.core.outbox.models import Outbox
from ipdesk.desk.case import complaint_page
from ipdesk.features.catalogue.models import Listing
from ipdesk.features.complaints import elements, queries
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.counter_notices import queries as answer_queries
from ipdesk.features.decisions import operations as decisions
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from tests import make
from tests.staff import REASONS

NEW_YORK = ZoneInfo("America/New_York")
SELLER = {"name": "Priya Sandell", "address": "9 Canal Row, Eastport", "phone": "+1 555 0190",
          "email": "seller@shops.example"}


def counter(desk, complaint, claims=None, who="seller_a"):
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        ids = claims or [claim.id for claim in queries.claims_of(row.id)]
        answers.file_counter_notice(
            actor=desk.actor(who), complaint=row, claim_ids=ids, contact=SELLER,
            signed_name=SELLER["name"],
            statements=[line["code"] for line in elements.statements("us_dmca", "counter_notice")])


def sue(desk, complaint, claims):
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        actor = desk.actor("rights_holder")
        paper = evidence.take_in(actor=actor, file=intake().take(
            [b"Complaint for copyright infringement, docket 26-cv-1.\n"], name="complaint.txt"))
        return answers.tell_court_action(
            actor=actor, complaint=row, claim_ids=claims, forum="D. Example", docket="26-cv-1",
            filed_on=desk.clock.now().date(), documents=[paper], filed_by_notifier=True,
            names_subscriber=True, seeks_restraint=True, signed_name="Ada Example",
            statements=[line["code"] for line in elements.statements("us_dmca", "court_action")]).id


def examine(desk, complaint, number, *, fit):
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        paper = answer_queries.court_notice(row, number)
        if fit:
            answers.confirm_court_action(actor=desk.actor("legal"), complaint=row, notice=paper)
        else:
            answers.reject_court_action(actor=desk.actor("legal"), complaint=row, notice=paper,
                                        reasons="It names another seller.")


def window(complaint):
    line = next(d for d in clocks.open_deadlines(complaint.id) if d.name == "put_back")
    return line.opens_at.astimezone(NEW_YORK), line.due_at.astimezone(NEW_YORK)


@pytest.fixture
def down(desk):
    """Two listings of store A and one of store B, taken down on a copyright notice."""
    complaints = desk.file(kind="copyright")
    desk.accept(complaints)
    desk.work()
    return complaints


RECEIVED = {
    # received (New York)      → start of the 11th business day,  end of the 14th
    "Mon 2026-03-02": (date(2026, 3, 2), date(2026, 3, 17), date(2026, 3, 20)),  # DST starts 8 March
    "Fri 2026-03-06": (date(2026, 3, 6), date(2026, 3, 23), date(2026, 3, 26)),
    "Sat 2026-03-07": (date(2026, 3, 7), date(2026, 3, 23), date(2026, 3, 26)),
    "Thu 2026-06-18": (date(2026, 6, 18), date(2026, 7, 7), date(2026, 7, 10)),  # 19 June, 3 July observed
    "Fri 2026-10-02": (date(2026, 10, 2), date(2026, 10, 20), date(2026, 10, 23)),  # Columbus Day 12 Oct
    "Wed 2026-12-16": (date(2026, 12, 16), date(2027, 1, 4), date(2027, 1, 7)),  # Christmas, New Year
}


@pytest.mark.parametrize("received", RECEIVED)
def test_the_put_back_window_counts_us_federal_business_days(desk, down, received):
    on, opens, closes = RECEIVED[received]
    desk.clock.set(datetime.combine(on, datetime.min.time(), NEW_YORK) + timedelta(hours=11))
    desk.work()
    counter(desk, down[0])
    earliest, latest = window(down[0])
    assert (earliest.date(), earliest.hour, latest.date(), latest.strftime("%T")) == (
        opens, 0, closes, "23:59:59")


def letters(filed, message):
    return list(db.session.execute(select(Outbox).where(
        Outbox.case_id == filed.id, Outbox.message == message, Outbox.channel == "mail")).scalars())


def test_the_rights_holder_is_told_the_last_moment_at_which_a_court_action_still_counts(desk, down):
    """Page, letter and reminder name one instant: the last second before the listing may be put back."""
    counter(desk, down[0])
    desk.work()
    said = "Mon 16 Mar 2026, 23:59"  # the tenth federal business day after Mon 2 Mar
    letter, = letters(down[0], "counter_notice_copy")
    until = letter.body_text.partition("Until when")[2].partition("If you do nothing")[0]
    assert said in until and "20 Mar" not in until
    with desk.app.test_request_context():
        actor = g.actor = desk.actor("rights_holder")
        shown = complaint_page(queries.complaint(actor, down[0].reference), actor)["case"]["deadline"]
    assert shown["when"].startswith(said) and "20 Mar 2026, 23:59" in shown["window"]
    desk.clock.set(datetime(2026, 3, 14, 12, tzinfo=NEW_YORK))
    desk.work()
    reminder, = letters(down[0], "reminder_put_back")
    assert said in reminder.body_text and reminder.recipient_role == "rights_holder"
    desk.clock.set(datetime(2026, 3, 16, 23, 59, tzinfo=NEW_YORK))
    desk.work()
    sue(desk, down[0], [claim.id for claim in queries.claims_of(down[0].id)])
    assert set(desk.states(down[0])) == {"counter_notified.court_notice"}


def test_nothing_is_restored_before_the_eleventh_business_day_and_it_is_then(desk, down):
    counter(desk, down[0])
    earliest, _ = window(down[0])
    desk.clock.set(earliest - timedelta(seconds=1))
    desk.work()
    assert set(desk.states(down[0])) == {"counter_notified.put_back"}
    desk.clock.set(earliest + timedelta(hours=9))  # the first working hour of that day
    desk.work()
    assert set(desk.states(down[0])) == {"closed.reinstated"}
    shown = {row.external_id: row.status for row in db.session.execute(select(Listing)).scalars()}
    own = {desk.listings[0].external_id, desk.listings[1].external_id}
    assert {shown[key] for key in own} == {"live"}
    assert shown[desk.listings[2].external_id] == "restricted", "the other store did not answer"


def test_each_counter_notification_has_its_own_clock_and_a_court_action_stops_one_only(desk, down):
    first, second = [claim.id for claim in queries.claims_of(down[0].id)]
    db.session.rollback()
    counter(desk, down[0], [first])
    desk.clock.advance(timedelta(days=4))  # Friday
    counter(desk, down[0], [second])
    dates = {tuple(d.movers): d.opens_at.astimezone(NEW_YORK).date()
             for d in clocks.open_deadlines(down[0].id) if d.name == "put_back"}
    assert dates == {(first,): date(2026, 3, 17), (second,): date(2026, 3, 23)}

    examine(desk, down[0], sue(desk, down[0], [second]), fit=True)
    desk.clock.set(datetime(2026, 4, 20, 15, tzinfo=NEW_YORK))
    desk.work()
    assert desk.states(down[0]) == ["closed.reinstated", "counter_notified.in_court"]


def test_an_unfit_paper_stops_nothing(desk, down):
    counter(desk, down[0])
    before = window(down[0])
    ids = [claim.id for claim in queries.claims_of(down[0].id)]
    db.session.rollback()
    examine(desk, down[0], sue(desk, down[0], ids), fit=False)
    assert window(down[0]) == before, "it runs from the same day as before"
    told = db.session.execute(select(Outbox).where(
        Outbox.message == "court_action_rejected")).scalars().all()
    assert "another seller" in told[0].body_text


def test_staff_silence_over_a_court_paper_does_not_keep_the_listing_down_beyond_the_statute(desk, down):
    counter(desk, down[0])
    _, latest = window(down[0])
    ids = [claim.id for claim in queries.claims_of(down[0].id)]
    db.session.rollback()
    sue(desk, down[0], ids)
    desk.clock.set(latest - timedelta(days=1))
    desk.work()
    assert set(desk.states(down[0])) == {"counter_notified.court_notice"}
    desk.clock.set(latest)
    desk.work()
    assert set(desk.states(down[0])) == {"counter_notified.timely_paper"}, "visible again, and the paper is still examined"
    assert {row.status for row in db.session.execute(select(Listing).where(
        Listing.store_id == desk.stores[0].id)).scalars()} == {"live"}
    told = {row.recipient_role: " ".join(row.body_text.split()) for row in letters(down[0], "listings_restored")}
    assert "while your court paper was not yet examined" in told["rights_holder"]
    assert "court" not in told["seller"].lower(), "the seller learns of a paper once it is confirmed"


@pytest.mark.parametrize("fit", [True, False])
def test_a_paper_that_nobody_examined_in_time_is_examined_after_the_put_back(desk, down, fit):
    """17 U.S.C. § 512(g)(2)(C) asks when the notice was received, not when it was read."""
    counter(desk, down[0])
    _, latest = window(down[0])
    number = sue(desk, down[0], [claim.id for claim in queries.claims_of(down[0].id)])
    desk.clock.set(latest)
    desk.work()
    examine(desk, down[0], number, fit=fit)
    desk.work()
    assert set(desk.states(down[0])) == {"counter_notified.in_court" if fit else "closed.reinstated"}
    assert {row.status for row in db.session.execute(select(Listing).where(
        Listing.store_id == desk.stores[0].id)).scalars()} == {"restricted" if fit else "live"}
    assert not answer_queries.waiting_papers(down[0].id)


def test_a_counter_notification_is_accepted_400_days_later(desk, down):
    desk.clock.advance(timedelta(days=400))
    desk.work()
    assert set(desk.states(down[0])) == {"closed.uncontested"}
    counter(desk, down[0])
    assert set(desk.states(down[0])) == {"counter_notified.put_back"}


def test_who_may_not_answer_for_a_store(desk, down):
    for who in ("seller_b", "rights_holder"):
        with pytest.raises(Forbidden):
            counter(desk, down[0], who=who)
        assert set(desk.states(down[0])) == {"delisted.open"}


def test_a_stale_answer_changes_nothing(desk, down):
    with pytest.raises(Stale), unit_of_work():
        row = rules.kinds["complaint"].load(down[0].id)
        answers.delete_listings(actor=desk.actor("seller_a"), complaint=row, seen=row.version_id - 1,
                                claim_ids=[c.id for c in queries.claims_of(row.id)])
    assert set(desk.states(down[0])) == {"delisted.open"}


def test_a_listing_cannot_be_deleted_twice(desk, down):
    for expected in (None, Refusal):
        def delete():
            with unit_of_work():
                row = rules.kinds["complaint"].load(down[0].id)
                answers.delete_listings(
                    actor=desk.actor("seller_a"), complaint=row,
                    claim_ids=[c.id for c in queries.claims_of(row.id)])
        if expected:
            with pytest.raises(expected):
                delete()
        else:
            delete()
    desk.work()
    assert {row.status for row in db.session.execute(select(Listing).where(
        Listing.store_id == desk.stores[0].id)).scalars()} == {"removed_by_seller"}


def test_a_listing_deleted_in_one_complaint_is_gone_for_the_other(desk, down):
    desk.people["rights_holder"] = make.user(role="rights_holder")
    second = desk.file(kind="copyright", listings=[desk.listings[0]])[0]
    desk.accept([second])

    def delete(complaint):
        with unit_of_work():
            row = rules.kinds["complaint"].load(complaint.id)
            answers.delete_listings(actor=desk.actor("seller_a"), complaint=row, claim_ids=[queries.claims_of(row.id)[0].id])

    delete(down[0])
    desk.work()
    with pytest.raises(Refusal, match="listing_is_gone"):
        delete(second)
    assert desk.states(second) == ["delisted.open"]


def test_two_complaints_on_one_listing_restore_it_only_when_both_have_ended(desk, down):
    """A second owner's hold keeps the listing down after the first owner's is lifted."""
    other = make.user(role="rights_holder")
    desk.people["rights_holder"] = other
    second = desk.file(kind="copyright", listings=[desk.listings[0]])
    desk.accept(second)
    counter(desk, down[0])
    earliest, _ = window(down[0])
    desk.clock.set(earliest + timedelta(hours=10))
    desk.work()
    assert set(desk.states(down[0])) == {"closed.reinstated"}
    db.session.rollback()
    assert db.session.get(Listing, desk.listings[0].id).status == "restricted"
    assert db.session.get(Listing, desk.listings[1].id).status == "live"


def test_a_court_paper_about_two_claims_leaves_each_its_own_put_back(desk, down):
    """Claims that one act moves together keep the window of their own counter-notification."""
    first, second = [claim.id for claim in queries.claims_of(down[0].id)]
    db.session.rollback()
    counter(desk, down[0], [first])
    desk.clock.advance(timedelta(days=4))
    counter(desk, down[0], [second])

    def windows(name):
        db.session.rollback()
        return {tuple(d.movers): d.opens_at.astimezone(NEW_YORK).date()
                for d in clocks.open_deadlines(down[0].id) if d.name == name}

    before = windows("put_back")
    number = sue(desk, down[0], [first, second])
    assert windows("put_back_latest") == before
    examine(desk, down[0], number, fit=False)
    assert windows("put_back") == before == {
        (first,): date(2026, 3, 17), (second,): date(2026, 3, 23)}


def test_a_put_back_ends_what_the_notice_can_do(desk, down):
    """Nobody reopens it to take the listing down again on the notice that the counter-notification has answered."""
    counter(desk, down[0])
    desk.clock.set(window(down[0])[0] + timedelta(hours=10))
    desk.work()
    assert set(desk.states(down[0])) == {"closed.reinstated"}
    ids = [claim.id for claim in queries.claims_of(down[0].id)]
    db.session.rollback()
    with pytest.raises(Refusal, match="notice_was_countered"), unit_of_work():
        decisions.decide(actor=desk.actor("legal"), complaint=rules.kinds["complaint"].load(down[0].id), trigger="reopen",
                         claim_ids=ids, reasons=REASONS)
    assert set(desk.states(down[0])) == {"closed.reinstated"}


def test_a_takedown_that_was_dismissed_by_mistake_can_be_examined_again(desk, down):
    ids = [claim.id for claim in queries.claims_of(down[0].id)]
    for trigger, state in (("dismiss", "closed.reinstated"), ("reopen", "received.reopened")):
        with unit_of_work():
            row = rules.kinds["complaint"].load(down[0].id)
            proposal = decisions.decide(actor=desk.actor("legal"), complaint=row, trigger=trigger, claim_ids=ids, reasons=REASONS)
            decisions.approve(actor=desk.actor("legal_two"), decision=proposal)
        assert set(desk.states(down[0])) == {state}
    assert db.session.get(Complaint, down[0].id).closed_at is None, "it is open again"

