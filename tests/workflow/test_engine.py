"""The engine keeps nothing, shares everything and never leaves a row half moved."""

import gc
import random
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.workflow import assign, move


class Row:
    """A row with nothing but a state; counts how often it is written."""

    def __init__(self, state: str) -> None:
        self._state = state
        self.writes = 0

    @property
    def state(self) -> str:
        return self._state

    @state.setter
    def state(self, value: str) -> None:
        self.writes += 1
        self._state = value


def test_a_move_writes_the_state_once_and_returns_the_transition(registry):
    law = registry.workflow("us_dmca")
    row = Row("delisted.open")
    taken = move(law, row, "receive_counter_notice")
    assert (row.state, row.writes) == ("counter_notified.put_back", 1)
    assert taken is law.edges("delisted.open", "receive_counter_notice")[0]


def test_an_unknown_trigger_and_an_unknown_state_are_refused_alike(registry):
    law = registry.workflow("us_dmca")
    for state, trigger in (("delisted.open", "abracadabra"), ("nowhere", "receive_counter_notice"), ("delisted.open", "to_closed.upheld")):
        row = Row(state)
        with pytest.raises(Refusal) as refused:
            move(law, row, trigger)
        assert refused.value.code == "transition_not_allowed"
        assert (row.state, row.writes) == (state, 0)


def test_a_transition_that_does_not_leave_this_state_is_refused(registry):
    law = registry.workflow("us_dmca")
    other = law.edges("closed.uncontested", "receive_counter_notice")[0]
    row = Row("delisted.open")
    with pytest.raises(Refusal):
        move(law, row, "receive_counter_notice", other)
    assert row.writes == 0


def test_assign_writes_what_it_is_told():
    row = Row("")
    assign(row, "closed.mixed")
    assert row.state == "closed.mixed"


def test_no_row_is_kept_alive(registry):
    law = registry.workflow("us_dmca")
    row = Row("delisted.open")
    gone = weakref.ref(row)
    move(law, row, "receive_counter_notice")
    del row
    gc.collect()
    assert gone() is None


def test_an_error_while_writing_reaches_the_caller(registry):
    class Stubborn:
        state = property(lambda self: "delisted.open")

    with pytest.raises(AttributeError):
        move(registry.workflow("us_dmca"), Stubborn(), "receive_counter_notice")


def test_eight_threads_share_one_machine(registry):
    """Random walks over all workflows at once: every step goes where the file says, and every refusal changes nothing."""
    laws = registry.workflows()

    def walk(seed: int) -> int:
        chance = random.Random(seed)
        steps = 0
        for _ in range(300):
            law = chance.choice(laws)
            row = SimpleNamespace(state=law.initial)
            for _ in range(12):
                edges = law.edges(row.state)
                if not edges:
                    break
                edge = chance.choice(edges)
                foreign = chance.choice(list(law.triggers))
                before = row.state
                if not law.edges(before, foreign):
                    with pytest.raises(Refusal):
                        move(law, row, foreign)
                    assert row.state == before
                move(law, row, edge.trigger)
                assert row.state == edge.dest
                steps += 1
        return steps

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(walk, range(8))) > 5_000
