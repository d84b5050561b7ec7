"""The one door: one winner, all or nothing, and not a trace of what was refused."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from ipdesk.core.casework import tallies
from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.models import Case, TallyEntry
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.sweep import remind, sweep
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.kernel.errors import Forbidden, NotVisible, Refusal, Stale
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.complaints import operations, queries
from ipdesk.features.counter_notices import operations as answers
from ipdesk.fsck import faults
from tests import make
from tests.digest import changed, digest
from tests.walks import actor_for, at_state, take


def load(filed):
    return rules.kinds["complaint"].load(filed.id)


def sound(desk) -> list[str]:
    db.session.remove()
    return list(faults(desk.app.extensions["ipdesk.settings"]))


# --- what is refused leaves nothing ------------------------------------------------------------------

REFUSED = {
    "somebody else's step": (Forbidden, "seller_b", {"trigger": "delete_listing"}),
    "the other side's step": (Forbidden, "rights_holder", {"trigger": "delete_listing"}),
    "an auditor's": (Forbidden, "auditor", {"trigger": "act_now", "facts": {"reasons": "x"}}),
    "a step of another state": (Refusal, "legal", {"trigger": "uphold", "facts": {"reasons": "x"}}),
    "a step that no file knows": (Refusal, "legal", {"trigger": "explode"}),
    "a guard": (Refusal, "legal", {"trigger": "act_now", "facts": {"reasons": "  "}}),
    "nothing chosen": (Refusal, "seller_a", {"trigger": "delete_listing", "movers": []}),
    "an older version": (Stale, "seller_a", {"trigger": "delete_listing", "seen": 1}),
    "a version yet to come": (Stale, "seller_a", {"trigger": "delete_listing", "seen": 99}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused_writes_nothing(desk, why):
    error, who, how = REFUSED[why]
    filed = at_state(desk, "marketplace", "pending_response.open")
    before = digest()
    with pytest.raises(error), unit_of_work():
        row = load(filed)
        advance(actor=desk.actor(who), row=row, **{"movers": queries.claims_of(row.id), **how})
    assert changed(before, digest()) == []


def test_one_part_that_may_not_move_keeps_all_where_they_are(desk):
    """A set moves as one: the seller ticks two listings of which one was deleted meanwhile."""
    filed = at_state(desk, "marketplace", "pending_response.open")
    with unit_of_work():
        row = load(filed)
        first, second = [claim.id for claim in queries.claims_of(row.id)]
        answers.delete_listings(actor=desk.actor("seller_a"), complaint=row, claim_ids=[first])
    before = digest()
    with pytest.raises(Refusal), unit_of_work():
        answers.delete_listings(actor=desk.actor("seller_a"), complaint=load(filed), claim_ids=[second, first])
    assert changed(before, digest()) == []


def test_a_claim_of_another_complaint_cannot_be_smuggled_in(desk):
    filed = at_state(desk, "marketplace", "pending_response.open")
    other = desk.file(listings=[desk.listings[2]])[0]
    with unit_of_work():
        foreign = [claim.id for claim in queries.claims_of(other.id)]
    before = digest()
    with pytest.raises(NotVisible), unit_of_work():
        answers.delete_listings(actor=desk.actor("seller_a"), complaint=load(filed), claim_ids=foreign)
    assert changed(before, digest()) == []


def test_a_step_taken_as_often_as_its_file_allows_is_refused(desk):
    filed = at_state(desk, "marketplace", "pending_response.undeliverable")
    for _ in range(3):
        with unit_of_work():
            take(desk, load(filed), "send_again", desk.actor("legal"))
        with unit_of_work():
            take(desk, load(filed), "record_delivery_failure", actor_for(desk, ("clock",)))
    before = digest()
    with pytest.raises(Refusal) as refused, unit_of_work():
        take(desk, load(filed), "send_again", desk.actor("legal"))
    assert refused.value.code == "used_up"
    assert changed(before, digest()) == []


# --- rivals --------------------------------------------------------------------------------------------

def race(desk, *acts):
    """Start the acts together, each in a thread and a session of its own; their results in order."""
    gate, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        with desk.app.app_context():
            gate.wait(20)
            try:
                with unit_of_work():
                    act()
                results[place] = "done"
            except Exception as error:
                results[place] = error
            finally:
                db.session.remove()

    db.session.remove()
    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.parametrize("round_", range(4))
def test_of_two_who_saw_the_same_page_one_wins_and_the_other_is_told(desk, round_):
    """The way pages go: the complaint is found first, without a lock, and judged by the door."""
    filed = at_state(desk, "marketplace", "pending_response.open")
    with unit_of_work():
        row = load(filed)
        seen, ids = row.version_id, [claim.id for claim in queries.claims_of(row.id)]
    seller, owner = desk.actor("seller_a"), desk.actor("rights_holder")

    def delete():
        answers.delete_listings(actor=seller, complaint=queries.complaint(seller, filed.reference), claim_ids=ids, seen=seen)

    def withdraw():
        operations.take_back(actor=owner, complaint=queries.complaint(owner, filed.reference), claim_ids=ids, seen=seen)

    results = race(desk, delete, withdraw)
    lost = [result for result in results if result != "done"]
    assert len(lost) == 1 and isinstance(lost[0], (Stale, Refusal)), results
    assert set(desk.states(filed)) == {"closed.deleted_by_seller" if results[0] == "done" else "closed.withdrawn"}
    assert sound(desk) == []


def test_of_eight_clicks_at_once_one_counts(desk):
    filed = at_state(desk, "us_dmca", "delisted.open")
    with unit_of_work():
        ids = [claim.id for claim in queries.claims_of(filed.id)]
    seller = desk.actor("seller_a")

    def delete():
        answers.delete_listings(actor=seller, complaint=queries.complaint(seller, filed.reference), claim_ids=ids)

    results = race(desk, *[delete] * 8)
    assert results.count("done") == 1
    assert all(isinstance(result, Refusal) for result in results if result != "done"), results
    assert sound(desk) == []


def test_handlers_who_take_the_next_case_at_once_get_different_ones(desk):
    from ipdesk.features.decisions.work import take_next

    for n in range(3):
        desk.people[f"reviewer_{n}"] = make.user(role="reviewer")
        desk.file(listings=[desk.listings[n]])
    taken, handlers = [], [desk.actor(f"reviewer_{n}") for n in range(3)]
    results = race(desk, *[lambda who=who: taken.append(take_next(actor=who).id) for who in handlers])
    assert results == ["done"] * 3 and len(set(taken)) == 3


def test_two_cases_move_at_the_same_time(desk):
    """Rivals of one case wait for each other; the neighbour does not lose anything either."""
    first, second = desk.file(listings=desk.listings)
    desk.accept([first])
    desk.work()
    acts = [lambda filed=filed, who=who: answers.delete_listings(
        actor=desk.actor(who), complaint=queries.complaint(desk.actor(who), filed.reference),
        claim_ids=[claim.id for claim in queries.claims_of(filed.id)]) for filed, who in ((first, "seller_a"), (second, "seller_b"))]
    assert race(desk, *acts) == ["done", "done"]
    assert sound(desk) == []


# --- a fault at every write -----------------------------------------------------------------------------

class Fault(Exception):
    """The database, the disk or a programming error in the middle of an act."""


def write_number(limit):
    """A listener that lets ``limit`` writes pass and breaks the next one; counts them all with ``None``."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            seen.append(statement.split("(")[0][:60])
            if limit is not None and len(seen) > limit:
                raise Fault(statement[:60])

    return seen, note


def filing(desk):
    return lambda: desk.file()


def screening(desk):
    filed = desk.file()
    return lambda: desk.accept(filed)


def answering(desk):
    filed = at_state(desk, "us_dmca", "delisted.open")

    def act():
        with unit_of_work():
            take(desk, load(filed), "receive_counter_notice", desk.actor("seller_a"))

    return act


def deleting(desk):
    filed = at_state(desk, "marketplace", "pending_response.open")

    def act():
        with unit_of_work():
            take(desk, load(filed), "delete_listing", desk.actor("seller_a"))

    return act


def deciding(desk):
    filed = at_state(desk, "marketplace", "counter_notified.decision")

    def act():
        with unit_of_work():
            take(desk, load(filed), "uphold", desk.actor("legal"))

    return act


@pytest.mark.parametrize("prepare", [filing, screening, answering, deleting, deciding], ids=lambda f: f.__name__)
def test_a_fault_at_any_write_leaves_nothing_behind(desk, prepare):
    """States, holds, deadlines, log, letters and counts together or not at all; afterwards the act succeeds."""
    act = prepare(desk)
    db.session.remove()
    before, broken = digest(), 0
    while True:
        seen, note = write_number(broken)
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            act()
            break
        except Fault:
            broken += 1
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
            db.session.remove()
        assert changed(before, digest()) == [], f"after write {broken} failed: {seen[-1]}"
    wrote = set(changed(before, digest()))
    assert broken >= 5, "the act writes less than it should"
    assert {line.split()[0] for line in wrote} >= {"audit_entries", "tally_entries"}
    assert sound(desk) == []


def test_a_letter_that_cannot_be_written_stops_the_act(desk, monkeypatch):
    """A step that must tell somebody and cannot is no step."""
    act = deciding(desk)
    db.session.remove()
    before = digest()

    def broken(_act, _recipient):
        raise Fault

    monkeypatch.setitem(rules.letters, "claims_upheld", broken)
    with pytest.raises(Fault):
        act()
    assert changed(before, digest()) == []


# --- the sweep -------------------------------------------------------------------------------------------

def due_complaints(desk, most=3):
    """Complaints of store A about one listing each by as many owners, all overdue at the same instant."""
    found = []
    for n in range(most):
        found += desk.file(listings=[desk.listings[n]])
    desk.accept(found)
    desk.work()
    assert {state for filed in found for state in desk.states(filed)} == {"pending_response.open"}
    desk.clock.advance(timedelta(days=5))
    return found


def fail_in_python(act):
    raise Fault


def fail_in_the_database(act):
    db.session.add(Case(kind="complaint", reference=act.case.reference, workflow="", workflow_version=1,
                        workflow_digest="", opened_at=act.at))
    db.session.flush()


@pytest.mark.parametrize("fail", [fail_in_python, fail_in_the_database])
def test_one_that_cannot_be_fired_holds_nobody_up_and_leaves_no_half(desk, monkeypatch, fail):
    found = due_complaints(desk)
    letter = rules.letters["listing_delisted"]

    def broken(act, recipient):
        if act.row.id == found[1].id:
            fail(act)
        return letter(act, recipient)

    monkeypatch.setitem(rules.letters, "listing_delisted", broken)
    assert sweep(desk.clock.now()) == 3
    assert [set(desk.states(filed)) for filed in found] == [{"delisted.open"}, {"pending_response.open"}, {"delisted.open"}]
    [line] = sound(desk)
    assert f"clock response of {found[1].reference}" in line and "failed 1 times" in line
    monkeypatch.setitem(rules.letters, "listing_delisted", letter)
    assert sweep(desk.clock.now()) == 0, "it is tried again later, not at once"
    desk.clock.advance(timedelta(minutes=16))
    assert sweep(desk.clock.now()) == 1
    assert set(desk.states(found[1])) == {"delisted.open"}
    assert sound(desk) == []


def test_a_deadline_whose_case_went_another_way_ends_without_effect(desk):
    """The clock that nobody stopped finds nothing to do, and says so to nobody."""
    filed = due_complaints(desk, 1)[0]
    with unit_of_work():
        line = db.session.execute(select(Deadline).where(Deadline.case_id == filed.id, Deadline.name == "response")).scalar_one()
        copy = {c.name: getattr(line, c.name) for c in Deadline.__table__.columns if c.name != "id"}
        take(desk, load(filed), "delete_listing", desk.actor("seller_a"))
        db.session.flush()
        db.session.execute(Deadline.__table__.insert().values(**{**copy, "status": "open"}))
    letters = db.session.execute(select(Outbox.id)).scalars().all()
    assert sweep(desk.clock.now()) == 1
    assert set(desk.states(filed)) == {"closed.deleted_by_seller"}
    assert db.session.execute(select(Outbox.id)).scalars().all() == letters
    assert sweep(desk.clock.now()) == 0


def test_a_deadline_fires_once_whoever_sweeps(desk):
    found = due_complaints(desk)
    now = desk.clock.now()
    results = []

    def run():
        with desk.app.app_context():
            results.append(sweep(now))
            db.session.remove()

    db.session.remove()
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(results) == 3
    told = db.session.execute(select(Outbox.case_id).where(Outbox.message == "listing_delisted", Outbox.channel == "mail")).scalars()
    assert sorted(told) == sorted(filed.id for filed in found)
    assert sound(desk) == []


@pytest.mark.parametrize("round_", range(4))
def test_a_deadline_that_falls_due_while_the_seller_answers_ends_one_way(desk, round_):
    """Either the answer came first and stops the clock, or the clock came first and the answer follows it; no third."""
    filed = due_complaints(desk, 1)[0]
    now, seller = desk.clock.now(), desk.actor("seller_a")
    seen, gate, results = [], threading.Barrier(2), {}

    def answer():
        with desk.app.app_context():
            gate.wait(20)
            try:
                with unit_of_work():
                    row = queries.complaint(seller, filed.reference)
                    seen.append(row.version_id)
                    take(desk, row, "receive_counter_notice", seller)
                results["seller"] = "done"
            except Exception as error:
                results["seller"] = error
            db.session.remove()

    def clock():
        with desk.app.app_context():
            gate.wait(20)
            results["clock"] = sweep(now)
            db.session.remove()

    db.session.remove()
    threads = [threading.Thread(target=answer), threading.Thread(target=clock)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results["seller"] == "done", results
    sweep(now)
    assert set(desk.states(filed)) == {"counter_notified.complainant"}
    acts = list(db.session.execute(select(Deadline.name, Deadline.status).where(
        Deadline.case_id == filed.id, Deadline.name.in_(("response", "contest_window")))).all())
    assert sorted(tuple(line) for line in acts) in (
        [("response", "stopped")], [("contest_window", "stopped"), ("response", "fired")]), acts
    assert sound(desk) == []


def test_a_reminder_is_written_once(desk):
    filed = desk.file(listings=[desk.listings[0]])
    desk.accept(filed)
    desk.work()
    desk.clock.advance(timedelta(days=3))
    due = [remind(desk.clock.now()) for _ in range(3)]
    assert due == [1, 0, 0]


# --- counts ---------------------------------------------------------------------------------------------

def test_counts_are_the_same_folded_and_unfolded_and_a_refused_act_counts_nothing(desk):
    complaints = desk.file()
    desk.accept(complaints)
    scope, filed = "desk", complaints[0]
    unfolded = tallies.totals(scope)
    with unit_of_work():
        folded = tallies.fold()
    assert folded > 0 and tallies.totals(scope) == unfolded
    assert db.session.execute(select(TallyEntry)).first() is None
    with pytest.raises(Refusal), unit_of_work():
        take(desk, load(filed), "uphold", desk.actor("legal"))
    assert tallies.totals(scope) == unfolded


def test_counts_follow_a_case_through_its_life(desk):
    first = desk.file(listings=[desk.listings[0]])
    store = f"store:{desk.stores[0].id}"
    assert tallies.totals(store) == {"complaint:state:received.screening": 1, "complaint:waits_for:staff": 1}
    desk.accept(first)
    desk.work()
    assert tallies.totals(store) == {"complaint:state:pending_response.open": 1, "complaint:waits_for:seller": 1}
    with unit_of_work():
        take(desk, load(first[0]), "delete_listing", desk.actor("seller_a"))
    assert tallies.totals(store) == {"complaint:state:closed.deleted_by_seller": 1, "complaint:waits_for:nobody": 1}
    assert tallies.totals(f"store:{desk.stores[1].id}") == {}
