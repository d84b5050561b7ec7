"""State × trigger × role, reviewed as text and held against what the engine does."""

from itertools import product
from types import SimpleNamespace

import pytest

from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.workflow import ROLES, move
from tests.workflow.golden_table import FOLDER, NAMES, disclosure_of, read_table, table_of


@pytest.mark.parametrize("name", NAMES)
def test_the_files_say_what_was_reviewed(registry, name):
    reviewed = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert table_of(registry.workflow(name)) == reviewed, "review the change, then: .venv/bin/python -m tests.workflow.golden_table"


def test_who_reads_what_is_what_was_reviewed(registry):
    """A yes in the matrix opens a fact to a party; nobody does that unnoticed."""
    reviewed = (FOLDER / "disclosure.txt").read_text(encoding="utf-8")
    assert disclosure_of(registry) == reviewed, "review the change, then: .venv/bin/python -m tests.workflow.golden_table"


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_of_the_table_is_what_the_engine_does(registry, name):
    """Allowed cells move to their target; every other cell of the whole product is refused and moves nothing."""
    workflow = registry.workflow(name)
    table = read_table((FOLDER / f"{name}.txt").read_text(encoding="utf-8"))
    moved = {(state, trigger): dest for (state, trigger, _), dest in table.items()}
    for state, trigger, role in product(workflow.states, workflow.triggers, ROLES):
        edges = workflow.edges(state, trigger)
        allowed = bool(edges) and role in edges[0].who
        assert allowed == ((state, trigger, role) in table), (state, trigger, role)
    for state, trigger in product(workflow.states, workflow.triggers):
        row = SimpleNamespace(state=state)
        if (state, trigger) in moved:
            assert move(workflow, row, trigger).dest == row.state == moved[state, trigger]
            continue
        with pytest.raises(Refusal) as refused:
            move(workflow, row, trigger)
        assert refused.value.code == "transition_not_allowed"
        assert refused.value.facts == {"trigger": trigger, "state": state}
        assert row.state == state


def test_the_reviewed_tables_are_not_empty():
    sizes = {name: len(read_table((FOLDER / f"{name}.txt").read_text(encoding="utf-8"))) for name in NAMES}
    assert sizes["marketplace"] > 90 and sizes["us_dmca"] > 60
