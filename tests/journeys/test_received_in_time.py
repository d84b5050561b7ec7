"""What reached the marketplace in time and was typed later, and what an unexamined court paper shows to nobody."""

import re
from contextvars import Context
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from ipdesk.core.casework import clocks, disclosure
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.timeline import timeline
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.connector import Retry
from ipdesk.features.catalogue.models import Listing
from ipdesk.features.complaints import elements, queries
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.counter_notices import queries as answer_queries
from ipdesk.features.decisions import operations as decisions
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.fsck import faults
from tests import make
from tests.journeys.test_put_back import NEW_YORK, SELLER, counter, down, examine, sue, window  # noqa: F401
from tests.staff import REASONS
from tests.visitors import sign_in


def ids_of(complaint):
    found = [claim.id for claim in queries.claims_of(complaint.id)]
    db.session.rollback()
    return found


def paper_by_post(desk, complaint, arrived, *, who="legal", claims=None):
    """Staff type in a court paper that arrived at ``arrived``."""
    with unit_of_work():
        row, actor = rules.kinds["complaint"].load(complaint.id), desk.actor(who)
        original = evidence.take_in(actor=actor, file=intake().take([b"Docket 26-cv-1\n"], name="paper.txt"))
        return answers.tell_court_action(
            actor=actor, complaint=row, claim_ids=claims or [c.id for c in queries.claims_of(row.id)],
            forum="D. Example", docket="26-cv-1", filed_on=arrived.date(), documents=[original],
            filed_by_notifier=True, names_subscriber=True, seeks_restraint=True, signed_name="Ada Example",
            statements=[line["code"] for line in elements.statements(row.regime, "court_action")],
            received_at=arrived, channel="post").id


def letter_by_post(desk, complaint, arrived):
    """Staff type in a seller's letter that arrived at ``arrived``."""
    with unit_of_work():
        row, actor = rules.kinds["complaint"].load(complaint.id), desk.actor("legal")
        original = evidence.take_in(actor=actor, file=intake().take([b"It is genuine.\n"], name="letter.txt"))
        answers.file_counter_notice(
            actor=actor, complaint=row, claim_ids=[c.id for c in queries.claims_of(row.id)],
            grounds=["genuine_goods"], explanation="They are genuine.", contact=SELLER,
            signed_name=SELLER["name"], original=original, received_at=arrived, channel="post",
            statements=[line["code"] for line in elements.statements("marketplace", "counter_notice")])


def shown(desk, *numbers):
    db.session.rollback()
    return {db.session.get(Listing, desk.listings[n].id).status for n in numbers}


def letters(complaint, message):
    return {row.recipient_role: row.body_text for row in db.session.execute(select(Outbox).where(
        Outbox.message == message, Outbox.case_id == complaint.id)).scalars()}


def put_back(desk, complaint):
    """Let the put-back happen; the instant at which it was ordered."""
    counter(desk, complaint)
    earliest, _ = window(complaint)
    db.session.rollback()
    desk.clock.set(earliest + timedelta(hours=10))
    desk.work()
    assert set(desk.states(complaint)) == {"closed.reinstated"}
    return desk.clock.now()


# --- 17 U.S.C. § 512(g)(2)(C): "first receives" ------------------------------------------------------


def test_a_court_paper_that_came_in_time_counts_although_it_is_typed_after_the_put_back(desk, down):  # noqa: F811
    ordered = put_back(desk, down[0])
    number = paper_by_post(desk, down[0], ordered - timedelta(days=1))
    assert set(desk.states(down[0])) == {"counter_notified.timely_paper"}
    assert shown(desk, 0, 1) == {"live"}, "nothing is taken down before the paper has been examined"
    desk.clock.advance(timedelta(days=30))
    desk.work()
    assert set(desk.states(down[0])) == {"counter_notified.timely_paper"}, "staff's silence decides nothing"
    examine(desk, down[0], number, fit=True)
    desk.work()
    assert set(desk.states(down[0])) == {"counter_notified.in_court"}
    assert shown(desk, 0, 1) == {"restricted"}
    assert set(letters(down[0], "court_action_confirmed")) == {"seller", "rights_holder"}
    assert "not offered until the court" in letters(down[0], "court_action_confirmed")["seller"].replace("\n", " ")
    assert "before the listings were put back" in letters(down[0], "listing_delisted")["seller"].replace("\n", " ")
    assert set(letters(down[0], "listings_restricted")) == {"rights_holder"}


def test_an_unfit_paper_typed_after_the_put_back_leaves_the_listings_visible(desk, down):  # noqa: F811
    ordered = put_back(desk, down[0])
    examine(desk, down[0], paper_by_post(desk, down[0], ordered - timedelta(days=1)), fit=False)
    desk.work()
    assert set(desk.states(down[0])) == {"closed.reinstated"}
    assert shown(desk, 0, 1) == {"live"}


def put_back_unconfirmed(desk, complaint, monkeypatch):
    """Let the put-back be ordered while the marketplace does not answer; the instant of the order and how the marketplace answers again."""
    counter(desk, complaint)
    earliest, _ = window(complaint)
    db.session.rollback()
    desk.clock.set(earliest + timedelta(hours=10))
    broken = type("Broken", (type(rules.settings["connector"]),), {"apply": lambda *_: Retry("down")})
    with monkeypatch.context() as away:
        away.setattr(rules, "settings", {**rules.settings, "connector": broken()})
        desk.work()
    assert set(desk.states(complaint)) == {"counter_notified.restoring"}
    return desk.clock.now()


def closed_letters(complaint):
    db.session.rollback()
    return {row.recipient_role: row.body_text for row in db.session.execute(select(Outbox).where(
        Outbox.message == "case_closed", Outbox.case_id == complaint.id)).scalars()}


def test_a_paper_recorded_while_the_listing_is_being_put_back_shows_the_seller_nothing_before_its_time(desk, down, monkeypatch):  # noqa: F811
    """The seller reads that its listing is being put back until the marketplace shows it, and not a minute less."""
    complaint = down[0]
    ordered = put_back_unconfirmed(desk, complaint, monkeypatch)
    before = seller_reads(desk, complaint)
    number = paper_by_post(desk, complaint, ordered - timedelta(days=1))
    assert set(desk.states(complaint)) == {"counter_notified.restoring_paper"}
    assert seller_reads(desk, complaint) == before
    assert not closed_letters(complaint)
    desk.clock.advance(timedelta(hours=2))
    desk.work()  # the marketplace answers again
    assert set(desk.states(complaint)) == {"counter_notified.timely_paper"}
    read = seller_reads(desk, complaint)
    assert read["state"] == "closed.reinstated" and read["closed_at"] == desk.clock.now()
    letter = closed_letters(complaint)
    assert set(letter) == {"seller"} and "court" not in letter["seller"].lower()
    examine(desk, complaint, number, fit=False)
    assert set(desk.states(complaint)) == {"closed.reinstated"}
    assert seller_reads(desk, complaint)["closed_at"] == read["closed_at"]
    assert set(closed_letters(complaint)) == {"seller"}


def test_an_unfit_paper_recorded_while_the_listing_is_being_put_back_ends_no_clock_of_the_marketplace(desk, down, monkeypatch):  # noqa: F811
    """17 U.S.C. § 512(g)(2)(C): the listing comes back by the end of the 14th business day, paper or not."""
    complaint = down[0]
    ordered = put_back_unconfirmed(desk, complaint, monkeypatch)
    (latest,) = {line.due_at for line in clocks.open_deadlines(complaint.id) if line.name == "restoration"}
    number = paper_by_post(desk, complaint, ordered - timedelta(days=1))
    assert {line.due_at for line in clocks.open_deadlines(complaint.id) if line.name == "restoration"} == {latest}
    examine(desk, complaint, number, fit=False)
    assert set(desk.states(complaint)) == {"counter_notified.restoring"}
    assert {line.due_at for line in clocks.open_deadlines(complaint.id) if line.name == "restoration"} == {latest}
    desk.clock.advance(timedelta(hours=2))
    desk.work()
    assert set(desk.states(complaint)) == {"closed.reinstated"}
    assert set(closed_letters(complaint)) == {"seller", "rights_holder"}


def test_a_fit_paper_recorded_while_the_listing_is_being_put_back_keeps_it_down(desk, down, monkeypatch):  # noqa: F811
    complaint = down[0]
    ordered = put_back_unconfirmed(desk, complaint, monkeypatch)
    number = paper_by_post(desk, complaint, ordered - timedelta(days=1))
    examine(desk, complaint, number, fit=True)
    desk.clock.advance(timedelta(hours=2))
    desk.work()
    assert set(desk.states(complaint)) == {"counter_notified.in_court"}
    assert shown(desk, 0, 1) == {"restricted"}


def test_a_court_paper_that_came_after_the_put_back_is_refused_however_it_is_typed(desk, down):  # noqa: F811
    ordered = put_back(desk, down[0])
    desk.clock.advance(timedelta(hours=3))
    for arrived in (ordered, ordered + timedelta(hours=1)):
        with pytest.raises(Refusal, match="court_notice_too_late"):
            paper_by_post(desk, down[0], arrived)
    with pytest.raises(Refusal, match="transition_not_allowed"):
        paper_by_post(desk, down[0], ordered - timedelta(days=1), who="rights_holder")
    assert set(desk.states(down[0])) == {"closed.reinstated"}


def test_a_listing_that_no_put_back_brought_back_is_not_taken_down_by_an_old_paper(desk, down):  # noqa: F811
    desk.clock.advance(timedelta(hours=1))
    with unit_of_work():
        row = rules.kinds["complaint"].load(down[0].id)
        found = decisions.decide(actor=desk.actor("legal"), complaint=row, trigger="dismiss", reasons=REASONS,
                                 claim_ids=[c.id for c in queries.claims_of(row.id)])
        decisions.approve(actor=desk.actor("legal_two"), decision=found)
    with pytest.raises(Refusal, match="court_notice_too_late"):
        paper_by_post(desk, down[0], desk.clock.now() - timedelta(minutes=1))


def test_a_paper_before_the_put_back_says_how_it_came(desk, down):  # noqa: F811
    counter(desk, down[0])
    desk.clock.advance(timedelta(days=3))
    number = paper_by_post(desk, down[0], desk.clock.now() - timedelta(days=2), who="legal")
    paper = answer_queries.court_notice(db.session.get(Complaint, down[0].id), number)
    assert paper.channel == "post" and paper.entered_at - paper.received_at == timedelta(days=2)
    assert set(desk.states(down[0])) == {"counter_notified.court_notice"}


# --- a seller's answer -------------------------------------------------------------------------------


@pytest.fixture
def silent(desk):
    """A complaint about a trademark that took two listings down for silence, and when a letter could have come."""
    complaints = desk.file()
    desk.accept(complaints)
    desk.work()
    in_time = desk.clock.now() + timedelta(days=1)
    desk.clock.advance(timedelta(days=7))
    desk.work()
    assert set(desk.states(complaints[0])) == {"delisted.open"}
    return complaints[0], in_time


def test_an_answer_that_came_in_time_undoes_what_silence_did(desk, silent):
    complaint, in_time = silent
    letter_by_post(desk, complaint, in_time)
    desk.work()
    assert set(desk.states(complaint)) == {"counter_notified.complainant"}
    assert shown(desk, 0, 1) == {"live"}
    assert set(letters(complaint, "listings_restored")) == {"seller", "rights_holder"}
    assert set(letters(complaint, "counter_notice_copy")) == {"rights_holder"}
    assert "arrived in time" in letters(complaint, "listings_restored")["seller"].replace("\n", " ")


@pytest.mark.parametrize(("late", "status"), [(timedelta(0), "live"), (timedelta(seconds=1), "restricted")])
def test_the_very_last_second_is_in_time_and_the_next_one_is_not(desk, silent, late, status):
    complaint, _ = silent
    ended, = db.session.scalars(select(Deadline.due_at).where(Deadline.case_id == complaint.id, Deadline.status == "fired"))
    db.session.rollback()
    letter_by_post(desk, complaint, ended + late)
    desk.work()
    assert shown(desk, 0, 1) == {status}


def test_an_answer_that_came_late_is_decided_while_the_listings_stay_down(desk, silent):
    complaint, _ = silent
    letter_by_post(desk, complaint, desk.clock.now() - timedelta(hours=1))
    desk.work()
    assert set(desk.states(complaint)) == {"counter_notified.complainant"}
    assert shown(desk, 0, 1) == {"restricted"}
    assert not letters(complaint, "listings_restored")


def test_an_answer_in_time_undoes_nothing_of_a_manifest_case(desk):
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    with unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        found = decisions.decide(actor=desk.actor("legal"), complaint=row, trigger="act_now", reasons=REASONS,
                                 claim_ids=[c.id for c in queries.claims_of(row.id)])
        decisions.approve(actor=desk.actor("legal_two"), decision=found)
    desk.clock.advance(timedelta(hours=2))
    letter_by_post(desk, complaint, desk.clock.now() - timedelta(hours=1))
    desk.work()
    assert shown(desk, 0, 1) == {"restricted"}


def test_a_put_back_that_a_confirmed_action_has_undone_lets_no_further_paper_in(desk, down):  # noqa: F811
    """Once a court has decided for the seller, a paper that had lain about since before the first put-back changes nothing."""
    ordered = put_back(desk, down[0])
    number = paper_by_post(desk, down[0], ordered - timedelta(days=1))
    examine(desk, down[0], number, fit=True)
    desk.work()
    with unit_of_work():
        row = rules.kinds["complaint"].load(down[0].id)
        judgment = evidence.take_in(actor=desk.actor("legal"), file=intake().take([b"Dismissed.\n"], name="judgment.txt"))
        answers.record_court_outcome(
            actor=desk.actor("legal"), complaint=row, claim_ids=[c.id for c in queries.claims_of(row.id)],
            for_rights_holder=False, reasons="The court dismissed the action.", documents=[judgment])
    desk.work()
    assert set(desk.states(down[0])) == {"closed.reinstated"}
    with pytest.raises(Refusal, match="court_notice_too_late"):
        paper_by_post(desk, down[0], ordered - timedelta(days=2))
    assert set(desk.states(down[0])) == {"closed.reinstated"} and shown(desk, 0, 1) == {"live"}


def test_of_a_case_before_a_court_one_missed_look_and_one_running_look_are_open(desk, down):  # noqa: F811
    counter(desk, down[0])
    number = sue(desk, down[0], ids_of(down[0]))
    examine(desk, down[0], number, fit=True)
    for _round in range(3):
        (running,) = (line for line in clocks.open_deadlines(down[0].id) if line.missed_at is None)
        due_at = running.due_at
        db.session.rollback()
        desk.clock.set(due_at + timedelta(hours=1))
        desk.work()
    looks = [line for line in clocks.open_deadlines(down[0].id) if line.name == "court_review"]
    assert [line.due_at == due_at for line in looks if line.missed_at is not None] == [True], "the last missed one"
    assert [line.due_at > desk.clock.now() for line in looks if line.missed_at is None] == [True]
    assert set(desk.states(down[0])) == {"counter_notified.in_court"}, "and nothing was decided"


# --- the rights holder's answer ------------------------------------------------------------------------


@pytest.fixture
def unanswered(desk):
    """A contested complaint whose rights holder seemed silent: ``(complaint, the last instant of its time)``."""
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    letter_by_post(desk, complaint, desk.clock.now())
    (line,) = (line for line in clocks.open_deadlines(complaint.id) if line.name == "answer")
    due_at = line.due_at
    db.session.rollback()
    desk.clock.set(due_at + timedelta(hours=3))
    desk.work()
    assert set(desk.states(complaint)) == {"counter_notified.decision"}
    assert set(letters(complaint, "answer_overdue")) == {"seller", "rights_holder"}
    return complaint, due_at


def answer_by_post(desk, complaint, arrived):
    """Staff type in a rights holder's answer that arrived at ``arrived``."""
    with unit_of_work():
        row, actor = rules.kinds["complaint"].load(complaint.id), desk.actor("legal")
        original = evidence.take_in(actor=actor, file=intake().take([b"It is a copy.\n"], name="answer.txt"))
        answers.record_received(
            actor=actor, complaint=row, step="answer", claim_ids=[c.id for c in queries.claims_of(row.id)], original=original,
            received_at=arrived, channel="post", signed_name="Ada Example", text="It is a copy all the same.")


def test_a_rights_holder_s_answer_that_came_in_time_counts_although_it_is_typed_after_the_silence(desk, unanswered):
    complaint, due_at = unanswered
    before = next(line.due_at for line in clocks.open_deadlines(complaint.id) if line.name == "decision")
    db.session.rollback()
    desk.clock.advance(timedelta(days=4))
    answer_by_post(desk, complaint, due_at)
    assert set(desk.states(complaint)) == {"counter_notified.decision"}
    (answer,) = answer_queries.answers_of(complaint.id)
    assert answer.answered_at == due_at and answer.text == "It is a copy all the same."
    told = letters(complaint, "complainant_answered")
    assert set(told) == {"seller", "rights_holder"}
    for body in told.values():
        assert "had arrived in time" in body and "no longer holds" in body.replace("\n", " ")
    after = next(line.due_at for line in clocks.open_deadlines(complaint.id) if line.name == "decision")
    assert after > before, "the decision has its full time with both sides heard"
    with pytest.raises(Refusal, match=r"transition_not_allowed|answer_over"):
        answer_by_post(desk, complaint, due_at)


def test_a_rights_holder_s_answer_that_came_a_second_late_is_none(desk, unanswered):
    complaint, due_at = unanswered
    desk.clock.advance(timedelta(days=1))
    with pytest.raises(Refusal, match="complainant_answer_too_late"):
        answer_by_post(desk, complaint, due_at + timedelta(seconds=1))
    assert list(answer_queries.answers_of(complaint.id)) == [] and not letters(complaint, "complainant_answered")


def test_a_silent_rights_holder_cannot_answer_by_itself_any_more(desk, unanswered):
    complaint, _ = unanswered
    with pytest.raises(Refusal, match="answer_over"), unit_of_work():
        row = rules.kinds["complaint"].load(complaint.id)
        answers.answer_counter_notice(
            actor=desk.actor("rights_holder"), complaint=row, claim_ids=[c.id for c in queries.claims_of(row.id)],
            text="Too late.", signed_name="Ada Example")


# --- a court paper of the marketplace's own procedure -----------------------------------------------


def test_an_unfit_court_paper_ends_its_examination_and_the_decision_goes_on(desk):
    complaint = desk.file()[0]
    desk.accept([complaint])
    desk.work()
    letter_by_post(desk, complaint, desk.clock.now())
    number = sue_marketplace(desk, complaint)
    examine(desk, complaint, number, fit=False)
    assert set(desk.states(complaint)) == {"counter_notified.decision"}
    paper = answer_queries.court_notice(db.session.get(Complaint, complaint.id), number)
    assert (paper.result, paper.reason) == ("rejected", "It names another seller.")
    assert set(letters(complaint, "court_action_rejected")) == {"rights_holder", "seller"}


def test_a_listing_that_an_answer_brought_back_shuts_no_door_to_a_court(desk, silent):
    """Only a put-back ordered for want of a court action makes one late; what a court has before it the house does not decide."""
    complaint, in_time = silent
    letter_by_post(desk, complaint, in_time)
    desk.work()
    assert shown(desk, 0, 1) == {"live"}
    desk.clock.advance(timedelta(hours=1))
    examine(desk, complaint, sue_marketplace(desk, complaint), fit=True)
    assert set(desk.states(complaint)) == {"counter_notified.in_court"}


def sue_marketplace(desk, complaint):
    return paper_by_post(desk, complaint, desk.clock.now(), who="rights_holder")


# --- what the seller may not learn yet ---------------------------------------------------------------


def seller_reads(desk, complaint):
    db.session.rollback()
    read = disclosure.view(db.session.get(Complaint, complaint.id), desk.actor("seller_a"))
    return {name: value for name, value in read.items() if name != "version"}


def listed(desk, said="", *, who="seller_a"):
    """The rows of a person's list of complaints as text, those of both lists of a seller."""
    db.session.rollback()

    def ask():
        with sign_in(desk.app.test_client(), desk.people[who]) as browser:
            return browser.get(f"/complaints?{said}")

    page = BeautifulSoup(Context().run(ask).data, "html.parser")
    return [" ".join(row.get_text(" ").split()) for row in page.select("main tbody tr")]


def test_an_unexamined_court_paper_changes_nothing_in_what_the_seller_reads(desk, down):  # noqa: F811
    counter(desk, down[0])
    before = seller_reads(desk, down[0])
    number = sue(desk, down[0], ids_of(down[0]))
    after = seller_reads(desk, down[0])
    assert after == before
    examine(desk, down[0], number, fit=True)
    assert seller_reads(desk, down[0])["state"] == "counter_notified.in_court"


def test_the_sellers_list_keeps_an_unexamined_paper_that_came_in_time_to_itself(desk, down):  # noqa: F811
    ordered = put_back(desk, down[0])
    asked = ("", "stage=closed", "stage=counter_notified", "waiting=staff")
    before = [listed(desk, said) for said in asked]
    assert len(before[1]) == 1 and "Put back" in before[1][0] and before[2] == []
    number = paper_by_post(desk, down[0], ordered - timedelta(days=1))
    assert [listed(desk, said) for said in asked] == before
    staff = listed(desk, "stage=counter_notified", who="legal")
    assert len(staff) == 1 and "being examined" in staff[0]
    day = seller_reads(desk, down[0])["closed_at"]
    desk.clock.advance(timedelta(days=1))
    examine(desk, down[0], number, fit=False)
    assert (seller_reads(desk, down[0])["closed_at"], listed(desk)) == (day, before[0])
    assert not list(faults(desk.app.extensions["ipdesk.settings"]))


def test_the_sellers_list_names_its_own_clock_and_nobody_elses(desk, down):  # noqa: F811
    own = clocks.open_deadlines(down[0].id)[0].due_at.astimezone(NEW_YORK)
    first, _ = ids_of(down[0])
    until = f"{own:%a} {own.day} {own:%b %Y}"
    [row] = listed(desk)
    assert until not in row, "the statute sets no time to contest, and the page of the complaint says so"
    assert down[0].reference in row and f"{desk.listings[0].title} + 1 more" in row
    counter(desk, down[0], [first])
    assert [until in row for row in listed(desk)] == [False], "and the put-back is the other side's clock"
    desk.clock.advance(timedelta(hours=1))
    before = listed(desk)
    sue(desk, down[0], [first])
    assert listed(desk) == before
    assert not list(faults(desk.app.extensions["ipdesk.settings"]))


def test_a_paper_typed_after_the_put_back_changes_nothing_in_what_the_seller_reads(desk, down):  # noqa: F811
    ordered = put_back(desk, down[0])
    before = seller_reads(desk, down[0])
    paper_by_post(desk, down[0], ordered - timedelta(days=1))
    after = seller_reads(desk, down[0])
    assert after == before


# --- the letter that closes the complaint ------------------------------------------------------------


def test_the_closing_letter_tells_the_seller_alone_that_another_reason_keeps_the_listing_down(desk, down):  # noqa: F811
    desk.people["rights_holder"], first = make.user(role="rights_holder"), desk.people["rights_holder"]
    desk.accept(desk.file(kind="copyright", listings=[desk.listings[0]]))
    desk.people["rights_holder"] = first
    put_back(desk, down[0])
    told = letters(down[0], "case_closed")
    assert "Still restricted for another reason" in told["seller"]
    assert desk.listings[0].external_id in told["seller"].split("Still restricted")[1].split("\n\n")[0]
    assert "Still restricted" not in told["rights_holder"]
    for body in told.values():
        assert "visible" not in body and re.search(r"Nothing of this complaint restricts \w+ listing any more", " ".join(body.split()))


def test_the_timeline_of_the_seller_leaves_a_court_paper_out_until_it_has_been_examined(desk, down):  # noqa: F811
    counter(desk, down[0])
    number = sue(desk, down[0], ids_of(down[0]))

    def acts(audience):
        db.session.rollback()
        return [event.act for event in timeline(db.session.get(Complaint, down[0].id), audience=audience)]

    assert "tell_court_action" in acts("staff") and "tell_court_action" in acts("rights_holder")
    assert "tell_court_action" not in acts("seller")
    examine(desk, down[0], number, fit=True)
    assert "tell_court_action" in acts("seller")
