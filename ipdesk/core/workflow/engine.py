"""Moves a row along its workflow: the only user of ``transitions`` and the only place that sets a state.

One flat machine per workflow version, without a model: ``add_model`` would reset a stored state and keep every
row alive. The machine keeps nothing of a row, so all threads share it.
"""

from functools import lru_cache
from typing import Any

from transitions import Machine, MachineError

from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.workflow.definition import Transition, Workflow


@lru_cache(maxsize=64)
def _machine(workflow: Workflow) -> Machine:
    machine = Machine(model=None, states=list(workflow.states), initial=None, auto_transitions=False, send_event=True)
    for transition in workflow.transitions:
        machine.add_transition(transition.trigger, list(transition.sources), transition.dest)
    return machine


def assign(row: Any, state: str) -> None:
    """Write a state that no trigger leads to: the first one of a new row, or the summary of its parts."""
    row.state = state


def move(workflow: Workflow, row: Any, trigger: str, transition: Transition | None = None) -> Transition:
    """Set ``row.state`` as ``trigger`` says and return the transition taken.

    With ``transition`` the caller names the one it has examined. Raises ``Refusal("transition_not_allowed",
    trigger=, state=)`` and leaves the row as it was when the trigger (or that transition) does not leave the
    row's state. Guards and roles are asked before, by the caller.
    """
    state = row.state
    found = workflow.edges(state, trigger)
    if not found or transition not in (None, *found):
        raise Refusal("transition_not_allowed", trigger=trigger, state=state)
    try:
        moved = _machine(workflow).events[trigger].trigger(row)
    except (MachineError, ValueError) as error:
        raise Refusal("transition_not_allowed", trigger=trigger, state=state) from error
    if not moved:
        raise Refusal("transition_not_allowed", trigger=trigger, state=state)
    return found[0]
