"""What the two regimes promise, read from the files the way a lawyer would ask."""

import random
from collections import Counter
from types import SimpleNamespace

import pytest

from ipdesk.core.workflow import STAFF, move
from ipdesk.core.workflow.regimes import choose_regime

COMPLAINTS = ("marketplace", "us_dmca")


def step(law, state, trigger):
    (edge,) = law.edges(state, trigger)
    return edge


def test_us_dmca_takes_down_first_and_marketplace_hears_first(registry):
    dmca, house = registry.workflow("us_dmca"), registry.workflow("marketplace")
    assert step(dmca, "received.screening", "accept_notice").effects == ("tell_seller", "capture_listing", "restrict_listing")
    assert step(house, "received.screening", "accept_notice").effects == ("tell_seller",)
    assert step(house, "pending_response.open", "response_overdue").effects == ("capture_listing", "restrict_listing")


def test_us_dmca_needs_no_verified_right(registry):
    guards = {guard for t in registry.workflow("us_dmca").transitions for guard in t.guards}
    guards |= {guard for t in registry.workflow("notice").transitions for guard in t.guards}
    assert "right_is_in_force" not in guards


def test_us_dmca_counter_notice_has_no_time_limit(registry):
    law = registry.workflow("us_dmca")
    late = step(law, "closed.uncontested", "receive_counter_notice")
    assert late.dest == "counter_notified.put_back" and late.at_most is None
    assert registry.workflow("marketplace").edges("closed.uncontested", "receive_counter_notice") == ()


def test_us_dmca_court_paper_under_examination_neither_loses_nor_gains_time(registry):
    """The put-back stops while a paper is examined, its latest day runs from the same fact, and rejection resumes it."""
    law = registry.workflow("us_dmca")
    told = step(law, "counter_notified.put_back", "tell_court_action")
    rejected = step(law, "counter_notified.court_notice", "reject_court_action")
    assert (told.opens, told.stops) == (("put_back_latest",), ("put_back",))
    assert (rejected.opens, rejected.stops) == (("put_back",), ("put_back_latest",))
    running, latest = registry.deadline("put_back"), registry.deadline("put_back_latest")
    assert running["starts"] == latest["starts"] == "counter_notice_received"
    assert running["window"] == latest["window"] == [10, 14]
    assert (running["fires"], latest["fires"]) == ("first_working_hour_after_open", "last_working_hour_before_close")
    assert step(law, "counter_notified.court_notice", "put_back_elapsed").effects == ("lift_restriction",)
    assert step(law, "counter_notified.court_notice", "put_back_elapsed").dest == "counter_notified.restoring_paper", "it is still examined"
    further = step(law, "counter_notified.court_notice", "tell_further_court_action")
    assert told.at_most is None and further.at_most >= 1000, "a fit paper must always be able to arrive"
    assert further.opens == further.stops == ("put_back_latest",), "and it moves no day"


def test_us_dmca_hold_from_the_history_becomes_interim_again(registry):
    assert "make_hold_interim" in step(registry.workflow("us_dmca"), "closed.uncontested", "receive_counter_notice").effects


@pytest.mark.parametrize("name", COMPLAINTS)
def test_every_way_into_closed_settles_the_hold_and_the_outcome(registry, name):
    """A closed claim has either lifted its hold or made it final; where neither, it cannot have had one."""
    law = registry.workflow(name)
    for t in law.transitions:
        if not t.dest.startswith("closed."):
            continue
        settled = {"lift_restriction", "make_hold_final"} & set(t.effects)
        never_held = all(s.startswith(("received.", "pending_response.")) for s in t.sources)
        unrestricted = "claims_are_unrestricted" in t.guards
        lifted_before = t.trigger in ("confirm_restoration", "prove_restoration") or (
            t.sources == ("counter_notified.timely_paper",))
        assert settled or never_held or unrestricted or lifted_before, (t.trigger, t.sources)
        assert "record_outcome" in t.effects


@pytest.mark.parametrize("name", COMPLAINTS)
def test_a_final_hold_always_rests_on_a_hold(registry, name):
    for t in registry.workflow(name).transitions:
        if "make_hold_final" in t.effects:
            held = "restrict_listing" in t.effects or t.sources == ("delisted.open",)
            assert held, t.trigger


@pytest.mark.parametrize("name", COMPLAINTS)
def test_what_is_captured_is_captured_first(registry, name):
    """The listing is frozen before each hold and before a deletion."""
    for t in registry.workflow(name).transitions:
        for effect in ("restrict_listing", "delete_listing_at_marketplace"):
            if effect in t.effects:
                assert t.effects.index("capture_listing") < t.effects.index(effect), t.trigger


@pytest.mark.parametrize("name", COMPLAINTS)
def test_taking_back_is_withdrawing_before_and_retracting_after(registry, name):
    """From every open state the rights holder can take the claim back, by exactly the right word also while the put-back is carried out."""
    law = registry.workflow(name)
    for state in law.states.values():
        words = [t for t in ("withdraw_claims", "retract_claims") if law.edges(state.name, t)]
        if state.stage in ("received", "pending_response"):
            assert words == ["withdraw_claims"]
        elif state.stage == "delisted" or (state.stage == "counter_notified" and name == "us_dmca"):
            assert words == ["retract_claims"]
        elif state.stage == "counter_notified":
            assert words == ["withdraw_claims", "retract_claims"]
            assert law.edges(state.name, "withdraw_claims")[0].guards == ("claims_are_unrestricted", "no_staff_conflict")
            assert law.edges(state.name, "retract_claims")[0].guards == ("claims_are_restricted", "no_staff_conflict")


@pytest.mark.parametrize("name", COMPLAINTS)
def test_acting_at_once_and_reopening_need_four_eyes(registry, name):
    for t in registry.workflow(name).transitions:
        if t.trigger in ("act_now", "reopen"):
            assert t.four_eyes, t.sources
    reopened = {s for t in registry.workflow(name).transitions if t.trigger == "reopen" for s in t.sources}
    retracted = {"closed.retracted"} if name == "us_dmca" else set()  # 17 U.S.C. § 512(c)(1)(C): what was retracted is no notice any more
    assert reopened == {s for s in registry.workflow(name).states if s.startswith("closed.")} - retracted


def test_a_notice_that_a_counter_notification_answered_takes_nothing_down_a_second_time(registry):
    """17 U.S.C. § 512(g)(2)(C): the put-back ends what this notice can do."""
    assert "notice_was_not_countered" in step(registry.workflow("us_dmca"), "closed.reinstated", "reopen").guards


def test_an_undelivered_notice_takes_nothing_down(registry):
    """From `undeliverable` and `sending` no clock leads to a hold."""
    law = registry.workflow("marketplace")
    for state in ("pending_response.sending", "pending_response.undeliverable"):
        assert all("restrict_listing" not in edge.effects for edge in law.edges(state) if edge.by_clock)
    failed = step(law, "pending_response.open", "record_delivery_failure")
    assert "response" in failed.stops and failed.at_most is None


@pytest.mark.parametrize("name", COMPLAINTS)
@pytest.mark.parametrize("seed", range(40))
def test_silent_parties_and_any_staff_end_in_closed(registry, name, seed):
    """A second proof of the silence rule, by dice: staff do anything they may, parties nothing, clocks run."""
    law, deadlines = registry.workflow(name), registry.table("deadlines")
    dice = random.Random(seed)
    row = SimpleNamespace(state=law.initial)
    used: Counter[str] = Counter()
    for _ in range(200):
        state = law.states[row.state]
        if state.final:
            return
        expiry = deadlines[state.deadline].get("on_expiry") if state.deadline else None
        possible = [
            edge for edge in law.edges(row.state)
            if (set(STAFF) & set(edge.who) or (edge.by_clock and (edge.fired_by or edge.trigger == expiry)))
            and (edge.at_most is None or used[edge.trigger] < edge.at_most)
        ]
        edge = dice.choice(possible)
        used[edge.trigger] += 1
        move(law, row, edge.trigger)
    raise AssertionError(f"still {row.state} after 200 steps")


@pytest.mark.parametrize("name", COMPLAINTS)
def test_silent_staff_decide_nothing(registry, name):
    """With staff silent for ever, no clock leaves a state that waits for staff, but for the put-back that the statute orders."""
    law, deadlines = registry.workflow(name), registry.table("deadlines")
    for state in law.states.values():
        if state.waits_for != "staff" or not state.deadline:
            continue
        expiry = deadlines[state.deadline].get("on_expiry")
        assert expiry is None or (name, state.name, expiry) == ("us_dmca", "counter_notified.court_notice", "put_back_elapsed")


@pytest.mark.parametrize(("right_type", "markets", "regime"), [
    ("copyright", ["US"], "us_dmca"),
    ("copyright", ["DE", "US"], "us_dmca"),
    ("copyright", ["*"], "us_dmca"),
    ("trademark", ["*"], "marketplace"),
    ("copyright", ["DE"], "marketplace"),
    ("copyright", [], "marketplace"),
    ("trademark", ["US"], "marketplace"),
    ("patent", ["CN"], "marketplace"),
])
def test_choice_of_regime(registry, right_type, markets, regime):
    choice = choose_regime(registry, right_type=right_type, markets=markets)
    assert choice.regime == regime
    assert choice.reason and choice.basis


def test_the_statutory_documents_are_whole(registry):
    """Six elements of the notice, four of the counter-notification, each under its own letter of the statute."""
    notice = registry.document("elements", "us_dmca", "notice")["elements"]
    counter = registry.document("elements", "us_dmca", "counter_notice")["elements"]
    assert [e["article"][-len("(iii)"):].split("(")[-1] for e in notice] == ["i)", "ii)", "iii)", "iv)", "v)", "vi)"]
    assert [e["article"][-3:] for e in counter] == ["(A)", "(B)", "(C)", "(D)"]
    sworn = {s["code"]: s["text"] for s in registry.document("statements", "us_dmca", "counter_notice")["statements"]}
    assert "under penalty of perjury" in sworn["mistake_or_misidentification"]
    assert "Federal District Court" in sworn["jurisdiction"]


@pytest.mark.parametrize("name", COMPLAINTS)
def test_nobody_of_the_staff_acts_for_a_side_they_are_bound_to(registry, name):
    """Every step that staff take, in their own name or for a party, asks for a conflict of interest."""
    own = [t for t in registry.workflow(name).transitions
           if {"reviewer", "legal", "admin", "staff_for_seller", "staff_for_rights_holder"} & set(t.who)]
    assert own
    assert {t.trigger for t in own if "no_staff_conflict" not in t.guards} == set()


def test_the_marketplace_itself_confirms_that_a_listing_is_back_or_staff_prove_it(registry):
    law = registry.workflow("us_dmca")
    assert set(step(law, "counter_notified.restoring", "confirm_restoration").who) == {"clock"}
    assert "marketplace_has_confirmed" in step(law, "counter_notified.restoring", "prove_restoration").guards
