"""Holds placed and lifted in every order, and what the marketplace is told of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, permutations
from types import SimpleNamespace

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.catalogue.connector import Accepted, CatalogueConnector, Change, Confirmation, Retry
from ipdesk.features.catalogue.models import Listing
from ipdesk.features.holds import jobs, operations, queries, rules
from ipdesk.features.holds.models import Hold, Instruction
from ipdesk.features.holds.strictest import strictest
from ipdesk.features.rights import operations as rights

from .conftest import AT


@dataclass(frozen=True)
class Claim:
    id: int
    listing_id: int
    complaint_id: int


class Marketplace(CatalogueConnector):
    """A marketplace that answers as told, and remembers what it heard."""

    def __init__(self, *answers: Confirmation | Accepted | Retry) -> None:
        self.answers = list(answers)
        self.heard: list[Change] = []

    def apply(self, change: Change, at: datetime) -> Confirmation | Accepted | Retry:
        self.heard.append(change)
        return self.answers.pop(0) if self.answers else Confirmation({"ok": 1})


def staff(minutes: int = 0) -> Actor:
    return Actor(at=AT + timedelta(minutes=minutes), roles=frozenset({"legal"}), user_id=1)


def claim(number: int, listing: Listing) -> Claim:
    return Claim(number, listing.id, 100 + number)


def place(listing: Listing, owner: str, **more: object) -> Hold:
    return operations.place_hold(actor=staff(), listing=listing, **owned(listing, owner), **{"kind": "delisting", **more})


def instructions(listing: Listing) -> list[Instruction]:
    """What the marketplace was told of the listing, oldest first."""
    return db.session.scalars(select(Instruction).filter_by(listing_id=listing.id).order_by(Instruction.id)).all()


def confirmations(listing: Listing) -> list[datetime | None]:
    """When each instruction of the listing was confirmed, oldest first."""
    return [row.confirmed_at for row in instructions(listing)]


def lift(listing: Listing, owner: str) -> Instruction | None:
    return operations.lift_own_holds(actor=staff(), listing=listing, **owned(listing, owner))


def owned(listing: Listing, owner: str) -> dict[str, object]:
    return {"order": "O-1"} if owner == "order" else {"claim": claim(int(owner), listing)}


def wanted(listing: Listing) -> dict[str, object]:
    return strictest(queries.active_holds(listing.id)).as_json()


def told(listing: Listing) -> dict[str, object]:
    last = queries.last_instruction(listing.id)
    return last.wanted if last else strictest([]).as_json()


OWNERS = ("1", "2", "order")
ORDERS = [
    steps for steps in permutations([(verb, owner) for verb in ("place", "lift") for owner in OWNERS])
    if all(steps.index(("place", owner)) < steps.index(("lift", owner)) for owner in OWNERS)
]


def test_two_complaints_and_an_order_in_all_orders(listing: Listing) -> None:
    """90 orders: never shown while a hold is active, shown again after the last is lifted."""
    assert len(ORDERS) == 90
    kinds = {"1": "pause", "2": "delisting", "order": "delisting"}
    scopes = {"1": ["*"], "2": ["DE", "FR"], "order": ["FR"]}
    connector = Marketplace()
    for order in ORDERS:
        active: set[str] = set()
        for verb, owner in order:
            with unit_of_work():
                if verb == "place":
                    place(listing, owner, kind=kinds[owner], scope={"territory": scopes[owner], "part": "listing"})
                    active.add(owner)
                else:
                    lift(listing, owner)
                    active.remove(owner)
            assert told(listing) == wanted(listing), order
            assert told(listing)["show"] is (not active), order
            jobs.carry_out_due(FixedClock(AT), connector)
            assert (listing.status == "live") is (not active), order
        assert listing.restriction is None


steps = st.lists(st.tuples(
    st.sampled_from(["place", "lift", "carry_out", "fail"]), st.sampled_from(OWNERS),
    st.sampled_from(["pause", "delisting"]), st.sampled_from([("*",), ("DE",), ("FR", "US")]),
    st.sampled_from(["listing", "image:1"])), max_size=14)


@given(steps)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_ends_where_the_active_holds_say(listing: Listing, history: list[tuple[str, ...]]) -> None:
    with unit_of_work():
        db.session.execute(delete(Instruction))
        db.session.execute(delete(Hold))
        listing.status, listing.restriction = "live", None
    now = AT
    for verb, owner, kind, territory, part in history:
        now += timedelta(hours=2)
        if verb == "carry_out":
            jobs.carry_out_due(FixedClock(now), Marketplace())
        elif verb == "fail":
            jobs.carry_out_due(FixedClock(now), Marketplace(Retry("down"), Retry("down")))
        else:
            with unit_of_work():
                if verb == "place":
                    place(listing, owner, kind=kind, scope={"territory": list(territory), "part": part})
                else:
                    lift(listing, owner)
        assert told(listing) == wanted(listing)
        logged = [row.wanted for row in instructions(listing)]
        assert all(a != b for a, b in pairwise(logged)), "told the same twice"
    jobs.carry_out_due(FixedClock(now + timedelta(days=1)), Marketplace())
    assert (listing.status == "live") is wanted(listing)["show"]
    assert queries.unconfirmed_listings([listing.id]) == set()


def test_placing_the_same_hold_again_changes_nothing(listing: Listing) -> None:
    first = place(listing, "1")
    assert place(listing, "1") is first
    assert len(instructions(listing)) == 1


def test_lifting_touches_only_ones_own(listing: Listing) -> None:
    place(listing, "1")
    place(listing, "2")
    assert lift(listing, "1") is None, "the marketplace has nothing to change"
    assert [hold.claim_id for hold in queries.active_holds(listing.id)] == [2]


def test_final_holds_name_what_carries_them(listing: Listing) -> None:
    place(listing, "1")
    with pytest.raises(ValueError, match="names what carries it"):
        operations.make_final(actor=staff(), listing=listing, claim=claim(1, listing), ground="")
    [hold] = operations.make_final(actor=staff(), listing=listing, claim=claim(1, listing), ground="D-1")
    assert (hold.interim, hold.ground) == (False, "D-1")
    [again] = operations.make_interim(actor=staff(), listing=listing, claim=claim(1, listing))
    assert again.interim
    with pytest.raises(ValueError, match="names what carries it"):
        place(listing, "2", interim=False)
    db.session.add(Hold(listing_id=listing.id, claim_id=9, owner_kind="claim", kind="pause", ground="", interim=False,
                        scope={"territory": ["*"], "part": "listing"}, placed_at=AT))
    with pytest.raises(IntegrityError):
        db.session.flush()


@pytest.mark.parametrize("owner", [{}, {"order": "O-1", "sanction": "X-1"}])
def test_a_hold_has_one_owner(listing: Listing, owner: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="exactly one owner"):
        operations.place_hold(actor=staff(), listing=listing, kind="pause", **owner)
    with pytest.raises(ValueError, match="exactly one owner"):
        operations.lift_own_holds(actor=staff(), listing=listing, **owner)


def test_a_scope_without_territory_is_refused(listing: Listing) -> None:
    with pytest.raises(ValueError, match="without a territory"):
        place(listing, "1", scope={"territory": [], "part": "listing"})


def test_an_order_and_a_sanction_of_one_name_are_two_owners(listing: Listing) -> None:
    operations.place_hold(actor=staff(), listing=listing, order="X-1", kind="pause")
    operations.place_hold(actor=staff(), listing=listing, sanction="X-1", kind="pause")
    operations.lift_own_holds(actor=staff(), listing=listing, sanction="X-1")
    assert [hold.owner_kind for hold in queries.active_holds(listing.id)] == ["order"]


def test_the_seller_removes_and_no_hold_puts_it_back(listing: Listing) -> None:
    with unit_of_work():
        place(listing, "1")
        assert operations.delete_by_seller(actor=staff(), listing=listing, claim=claim(1, listing)) is not None
        assert operations.delete_by_seller(actor=staff(), listing=listing) is None
        assert lift(listing, "1") is None
        place(listing, "2")
        lift(listing, "2")
    jobs.carry_out_due(FixedClock(AT), CatalogueConnector())
    assert listing.status == "removed_by_seller"
    assert [row.wanted.get("delete") for row in instructions(listing)] == [None, True]


# --- telling the marketplace -----------------------------------------------------------------

def test_a_confirmation_counts_for_what_it_replaced(listing: Listing) -> None:
    with unit_of_work():
        place(listing, "1")
        lift(listing, "1")
        place(listing, "2")
        third = queries.last_instruction(listing.id).id
    connector = Marketplace()
    assert jobs.carry_out_due(FixedClock(AT), connector) == {"confirmed": 1}
    assert [change.instruction_id for change in connector.heard] == [third]
    proofs = [row.proof for row in instructions(listing)]
    assert proofs == [{"superseded_by": third}, {"superseded_by": third}, {"ok": 1}]
    assert confirmations(listing) == [AT] * 3
    assert jobs.carry_out_due(FixedClock(AT + timedelta(days=1)), connector) == {}


def test_failures_are_retried_with_growing_distance_and_one_alarm(
    listing: Listing, caplog: pytest.LogCaptureFixture,
) -> None:
    with unit_of_work():
        place(listing, "1")
    down = Marketplace(*[Retry("answered 503")] * 50)
    now, waits = AT, []
    while now < AT + timedelta(hours=6):
        counts = jobs.carry_out_due(FixedClock(now), down)
        assert counts["retry"] == 1
        due_at = queries.last_instruction(listing.id).next_attempt_at
        assert jobs.carry_out_due(FixedClock(due_at - timedelta(seconds=1)), down)["retry"] == 0, "not before its time"
        waits.append(due_at - now)
        now = due_at
    assert waits[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    assert "answered 503" in caplog.text
    assert (listing.status, confirmations(listing)) == ("live", [None])
    jobs.carry_out_due(FixedClock(now), Marketplace())
    assert (listing.status, confirmations(listing)) == ("restricted", [now])


def test_a_slow_marketplace_ends_the_batch_and_each_telling_has_its_own_time(listing: Listing) -> None:
    clock, told_at = FixedClock(AT), []

    class Slow(Marketplace):
        def apply(self, change: Change, at: datetime) -> Confirmation | Accepted | Retry:
            told_at.append(at)
            clock.advance(timedelta(seconds=6))
            return super().apply(change, at)

    some_instructions(listing, 4)
    assert jobs.carry_out_due(clock, Slow()) == {"confirmed": 2}
    assert told_at == [AT, AT + timedelta(seconds=6)]
    left = db.session.scalars(select(Instruction).where(Instruction.confirmed_at.is_(None))).all()
    assert [(row.lease_until, row.attempts) for row in left] == [(None, 0)] * 2
    assert jobs.carry_out_due(clock, Slow()) == {"confirmed": 2}


def test_a_newer_instruction_in_flight_makes_the_answer_to_the_older_one_void(listing: Listing) -> None:
    with unit_of_work():
        place(listing, "1")

    class Slow(CatalogueConnector):
        def apply(self, change: Change, at: datetime) -> Confirmation:
            with unit_of_work():
                lift(listing, "1")
            return Confirmation({})

    assert jobs.carry_out_due(FixedClock(AT), Slow()) == {"superseded": 1}
    assert listing.status == "live"
    connector = Marketplace()
    jobs.carry_out_due(FixedClock(AT), connector)
    assert [change.wanted["show"] for change in connector.heard] == [True]


def test_a_worker_that_died_is_taken_over_and_not_heard_later(listing: Listing) -> None:
    with unit_of_work():
        place(listing, "1")
    with unit_of_work():
        [(change, token)] = operations.lease_due(now=AT, limit=10)
    with unit_of_work():
        assert operations.lease_due(now=AT + timedelta(minutes=1), limit=10) == [], "still leased"
    assert jobs.carry_out_due(FixedClock(AT + operations.LEASE), Marketplace()) == {"confirmed": 1}
    with unit_of_work():
        late = operations.record_outcome(now=AT + timedelta(hours=1), instruction_id=change.instruction_id,
                                         lease_token=token, outcome=Retry("late"))
    assert (late, confirmations(listing)) == ("lost", [AT + operations.LEASE])


def test_two_workers_with_one_instruction_only_the_later_lease_counts(listing: Listing) -> None:
    with unit_of_work():
        place(listing, "1")
    later = AT + operations.LEASE
    with unit_of_work():
        [(change, first)] = operations.lease_due(now=AT, limit=10)
    with unit_of_work():
        [(_, second)] = operations.lease_due(now=later, limit=10)

    def report(token: int) -> str:
        with unit_of_work():
            return operations.record_outcome(
                now=later, instruction_id=change.instruction_id, lease_token=token, outcome=Confirmation({}))

    assert report(first) == "lost"
    assert listing.status == "live"
    assert report(second) == "confirmed"
    assert listing.status == "restricted"


def test_a_confirmation_that_cannot_be_written_down_is_undone_and_tried_again(
    listing: Listing, monkeypatch: pytest.MonkeyPatch,
) -> None:
    with unit_of_work():
        place(listing, "1")
    confirm = operations.confirm

    def fail(**said: object) -> None:
        confirm(**said)
        raise RuntimeError("not now")

    monkeypatch.setattr(operations, "confirm", fail)
    assert jobs.carry_out_due(FixedClock(AT), CatalogueConnector()) == {"retry": 1}
    last = queries.last_instruction(listing.id)
    assert (listing.status, last.confirmed_at) == ("live", None)
    assert "not now" in last.last_error


def some_instructions(listing: Listing, count: int) -> None:
    """One hold on each of so many other listings of the store."""
    with unit_of_work():
        for number in range(2, 2 + count):
            other = Listing(marketplace_id=listing.marketplace_id, store_id=listing.store_id, external_id=f"L{number}",
                            title="Lamp", changed_at=AT)
            db.session.add(other)
            db.session.flush()
            place(other, str(number))


def test_only_so_many_at_once(listing: Listing) -> None:
    some_instructions(listing, 5)
    assert jobs.carry_out_due(FixedClock(AT), CatalogueConnector(), limit=3) == {"confirmed": 3}
    assert jobs.carry_out_due(FixedClock(AT), CatalogueConnector(), limit=3) == {"confirmed": 2}


def test_promised_confirmations_are_asked_for_again(listing: Listing) -> None:
    with unit_of_work():
        place(listing, "1")
    assert jobs.carry_out_due(FixedClock(AT), Marketplace(Accepted({"status": 202}))) == {"accepted": 1}
    assert jobs.carry_out_due(FixedClock(AT + timedelta(minutes=59)), Marketplace()) == {}
    assert listing.status == "live"
    assert jobs.carry_out_due(FixedClock(AT + timedelta(hours=1)), Marketplace()) == {"confirmed": 1}


# --- effects ------------------------------------------------------------------------------------

# territory of the right, where the marketplace sells → where the listing is held
SCOPES = [
    ("US", "US", ["US"]), ("DE US", "US", ["US"]), ("EU", "DE", ["DE"]), ("", "US", ["US"]),
    ("US", "*", ["US"]), ("US DE", "*", ["DE", "US"]), ("", "*", ["*"]),
]


@pytest.mark.parametrize(("territory", "market", "held"), SCOPES)
def test_a_listing_is_held_where_the_right_holds_and_it_is_offered(
    listing: Listing, territory: str, market: str, held: list[str],
) -> None:
    with unit_of_work():
        right = rights.register_right(
            actor=staff(), kind="trademark", title="AURORA", owner="Aurora Ltd", territory=territory, number="1", office="EUIPO")
        listing.marketplace.market = market
    rules.restrict_listing(SimpleNamespace(actor=staff(), row=SimpleNamespace(right_id=right.id), movers=[claim(1, listing)], facts={}))
    assert [hold.scope for hold in queries.active_holds(listing.id)] == [{"territory": held, "part": "listing"}]


class Registry:
    def __init__(self) -> None:
        self.effects: dict[str, object] = {}

    def effect(self, name: str, function: object) -> None:
        self.effects[name] = function


def test_effects_by_name(listing: Listing, tables: Flask) -> None:
    registry = Registry()
    rules.register(registry)
    assert set(registry.effects) == {"restrict_listing", "lift_restriction", "make_hold_final", "make_hold_interim",
                                     "delete_listing_at_marketplace"}
    listing.marketplace.market = "DE"
    act = SimpleNamespace(actor=staff(), row=SimpleNamespace(right_id=None), movers=[claim(1, listing)], facts={},
                          transition=SimpleNamespace(trigger="uphold"))
    registry.effects["restrict_listing"](act)
    [hold] = queries.active_holds(listing.id)
    assert (hold.kind, hold.interim, hold.claim_id, hold.case_id) == ("delisting", True, 1, 101)
    assert hold.scope == {"territory": ["DE"], "part": "listing"}
    registry.effects["make_hold_final"](act)
    assert (hold.interim, hold.ground) == (False, "uphold")
    registry.effects["make_hold_interim"](act)
    assert hold.interim
    registry.effects["lift_restriction"](act)
    assert queries.active_holds(listing.id) == []
    registry.effects["delete_listing_at_marketplace"](act)
    assert queries.last_instruction(listing.id).wanted == {"delete": True}
