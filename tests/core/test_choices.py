"""What a page offers is what the door allows: for every state of every regime and everybody who could ask."""

from dataclasses import replace

import pytest

from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor, clock_actor
from ipdesk.core.kernel.errors import Forbidden, Refusal
from ipdesk.features.complaints import queries
from ipdesk.features.counter_notices.operations import TELLING
from tests.digest import changed, digest
from tests.walks import TIMELY, at_state, every_state, take, way_to


def everybody(desk):
    """Name → actor: both sides, the other store, another owner, every role of staff, guests, the clock."""
    people = {name: desk.actor(name) for name in (
        "rights_holder", "seller_a", "seller_b", "reviewer", "legal", "admin", "auditor", "other_owner")}
    return people | {
        "guest": Actor(at=desk.clock.now()), "clock": clock_actor(desk.clock.now()),
        "guest of the notice": Actor(at=desk.clock.now(), links=frozenset()),
    }


class Undo(Exception):
    """Take everything back."""


def step(_desk, row, trigger, actor):
    """The door alone, without the operation around it."""
    advance(actor=actor, row=row, movers=queries.claims_of(row.id), trigger=trigger)


def outcome(desk, complaint_id, trigger, actor, take):
    """``moved``, ``forbidden`` or the refusal code; nothing of it stays."""
    try:
        with db.session.begin_nested():
            row = rules.kinds["complaint"].load(complaint_id)
            take(desk, row, trigger, actor)
            raise Undo
    except Undo:
        return "moved"
    except Forbidden:
        return "forbidden"
    except Refusal as error:
        return error.code


@pytest.mark.parametrize(("regime", "state"), list(every_state()))
def test_offered_is_allowed_and_what_is_not_offered_is_refused(desk, regime, state):
    filed = at_state(desk, regime, state)
    law = rules.workflows.workflow(regime)
    before, moved = digest(), 0
    people = everybody(desk)
    people["guest of the notice"] = replace(people["guest of the notice"], links=frozenset({("guest", filed.notice_id)}))
    with unit_of_work():
        for name, actor in people.items():
            offered = choices(actor, rules.kinds["complaint"].load(filed.id))
            for trigger in law.triggers:
                choice, place = offered.get(trigger), (state, trigger, name)
                # The operation would choose the other step by itself; the door is asked for this one.
                bare = choice is None and trigger in (*TIMELY, *TELLING)
                found = outcome(desk, filed.id, trigger, actor, step if bare else take)
                if choice is None:
                    assert found != "moved", place
                elif trigger in TIMELY:
                    assert found in ("moved", "court_notice_too_late", "answer_too_late"), (place, found)
                elif not choice.allowed:
                    assert found == choice.why_not, place
                else:
                    assert found == "moved", (place, found)
                    moved += 1
            assert set(offered) == {
                edge.trigger for edge in law.edges(state)
                if not rules.kinds["complaint"].capacity(actor, rules.kinds["complaint"].load(filed.id)).isdisjoint(edge.who)}
    assert changed(before, digest()) == []
    assert moved or not law.edges(state)


@pytest.mark.parametrize("regime", ["marketplace", "us_dmca"])
def test_there_is_a_way_into_every_state(app, regime):
    law = rules.workflows.workflow(regime)
    for state in law.states:
        way_to(law, state)


@pytest.mark.parametrize("name", ["auditor", "other_owner", "seller_b", "guest"])
def test_who_has_no_part_in_a_case_is_offered_nothing(desk, name):
    filed = at_state(desk, "marketplace", "pending_response.open")
    actor = everybody(desk)[name]
    with unit_of_work():
        assert choices(actor, rules.kinds["complaint"].load(filed.id)) == {}


def test_one_part_that_cannot_move_does_not_hide_the_others(desk):
    """Of two listings one is deleted: the other can still be deleted, and only that one is offered."""
    from ipdesk.features.counter_notices.operations import delete_listings

    filed = at_state(desk, "marketplace", "pending_response.open")
    with unit_of_work():
        row = rules.kinds["complaint"].load(filed.id)
        first, second = queries.claims_of(row.id)
        delete_listings(actor=desk.actor("seller_a"), complaint=row, claim_ids=[first.id])
        ids = second.id
    with unit_of_work():
        offered = choices(desk.actor("seller_a"), rules.kinds["complaint"].load(filed.id))
        assert offered["delete_listing"].allowed and offered["delete_listing"].movers == (ids,)
