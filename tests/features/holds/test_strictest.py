"""What holds add up to, as a table; and laws that hold for any holds."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipdesk.features.holds.strictest import Restriction, in_market, meets, strictest


@dataclass(frozen=True)
class H:
    kind: str
    territory: tuple[str, ...] = ("*",)
    part: str = "listing"

    @property
    def scope(self) -> dict[str, Any]:
        return {"territory": list(self.territory), "part": self.part}


def pause(*territory: str, part: str = "listing") -> H:
    return H("pause", territory or ("*",), part)


def delisting(*territory: str, part: str = "listing") -> H:
    return H("delisting", territory or ("*",), part)


TABLE = [
    ("none", [], True, "", []),
    ("a pause", [pause()], False, "pause", [("listing", "pause", "*")]),
    ("a delisting", [delisting()], False, "delisting", [("listing", "delisting", "*")]),
    ("the same twice", [pause(), pause()], False, "pause", [("listing", "pause", "*")]),
    ("a delisting beats a pause", [pause(), delisting()], False, "delisting", [("listing", "delisting", "*")]),
    ("territories join", [pause("FR"), pause("DE")], False, "pause", [("listing", "pause", "DE FR")]),
    ("everywhere wins", [pause("FR"), pause("*"), pause("DE")], False, "pause", [("listing", "pause", "*")]),
    ("a delisting here, a pause there", [delisting("DE"), pause("DE", "FR")], False, "delisting",
     [("listing", "delisting", "DE"), ("listing", "pause", "FR")]),
    ("a delisting in one country, a pause everywhere", [delisting("DE"), pause()], False, "delisting",
     [("listing", "delisting", "DE"), ("listing", "pause", "*")]),
    ("a picture only", [delisting(part="image:1")], True, "delisting", [("image:1", "delisting", "*")]),
    ("the whole swallows a part", [pause(), delisting(part="image:1")], False, "pause", [("listing", "pause", "*")]),
    ("the whole swallows a part where it is held", [pause("DE"), delisting("DE", "FR", part="image:1")], False,
     "delisting", [("listing", "pause", "DE"), ("image:1", "delisting", "FR")]),
    ("two parts stay apart", [pause(part="image:2"), delisting("DE", part="image:1")], True, "delisting",
     [("image:1", "delisting", "DE"), ("image:2", "pause", "*")]),
]


@pytest.mark.parametrize(("holds", "show", "kind", "restrictions"), [row[1:] for row in TABLE],
                         ids=[row[0] for row in TABLE])
def test_sum(holds: list[H], show: bool, kind: str, restrictions: list[tuple[str, str, str]]) -> None:
    wanted = strictest(holds)
    assert wanted.show is show
    assert wanted.kind == kind
    assert list(wanted.restrictions) == [Restriction(part, how, tuple(where.split())) for part, how, where in restrictions]


def test_scope_is_the_widest_part_with_all_its_countries() -> None:
    assert strictest([delisting("DE"), pause("FR"), pause(part="image:1")]).scope == {
        "part": "listing", "territory": ["DE", "FR"]}
    assert strictest([]).scope == {}


@pytest.mark.parametrize(("market", "holds", "show", "left"), [
    ("*", [pause("DE")], False, 1), ("DE", [pause("DE", "FR")], False, 1), ("DE", [pause()], False, 1),
    ("DE", [pause("US")], True, 0), ("DE", [pause("US"), pause("DE", part="image:1")], True, 1),
])
def test_a_marketplace_of_one_country_is_touched_by_holds_for_it_only(
    market: str, holds: list[H], show: bool, left: int,
) -> None:
    here = in_market(strictest(holds).as_json(), market)
    assert here["show"] is show
    assert len(here["restrictions"]) == left


some_holds = st.lists(st.builds(
    H, st.sampled_from(["pause", "delisting"]),
    st.lists(st.sampled_from(["DE", "FR", "US", "*"]), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["listing", "listing", "image:1", "description"])), max_size=6)
PLACES = ("DE", "FR", "US", "CN")


def held(holds: list[H], part: str, country: str) -> str:
    """The strictest kind that any single hold puts on a part in a country, looked at one by one."""
    kinds = {hold.kind for hold in holds if hold.part in ("listing", part)
             and not {"*", country}.isdisjoint(hold.territory)}
    return "held" if kinds else ""


@given(some_holds, st.randoms())
def test_order_and_repetition_do_not_count(holds: list[H], random: Any) -> None:
    mixed = [*holds, *holds[:2]]
    random.shuffle(mixed)
    assert strictest(mixed).as_json() == strictest(holds).as_json()


@given(some_holds)
def test_the_sum_holds_exactly_what_single_holds_do(holds: list[H]) -> None:
    restrictions = strictest(holds).restrictions
    for part in ("listing", "image:1", "description"):
        for country in PLACES:
            by_sum = any(found.part in ("listing", part) and not {"*", country}.isdisjoint(found.territory)
                         for found in restrictions)
            assert by_sum == bool(held(holds, part, country)), (part, country)


@given(some_holds)
def test_where_a_whole_listing_is_delisted_the_sum_says_so(holds: list[H]) -> None:
    restrictions = strictest(holds).restrictions
    for hold in holds:
        if hold.kind == "delisting" and hold.part == "listing":
            for country in hold.territory:
                assert any(found.kind == "delisting" and found.part == "listing"
                           and not {"*", country}.isdisjoint(found.territory) for found in restrictions)


@pytest.mark.parametrize(("territory", "market", "met"), [
    ("US", "US", True), ("US", "DE", False), ("US DE", "DE", True), ("EU", "DE", True), ("EU", "GB", False), ("EU", "EU", True),
    ("US", "*", True), ("", "DE", True), ("FR", "EU", True), ("*", "DE", True),
])
def test_where_a_right_and_a_market_meet(territory: str, market: str, met: bool) -> None:
    assert meets(territory, market) is met
