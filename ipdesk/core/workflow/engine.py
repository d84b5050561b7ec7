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


def begin(workflow: Workflow, row: Any) -> None:
    """Put a new ``row`` into the workflow's initial state."""
    row.state = workflow.initial


def move(workflow: Workflow, row: Any, trigger: str) -> Transition:
    """Set ``row.state`` as ``trigger`` says and return the transition taken.

    Raises ``Refusal("transition_not_allowed", trigger=, state=)`` and leaves the row as it was when the
    trigger does not leave the row's state. Guards and roles are asked before, by the caller.
    """
    state = row.state
    transition = workflow.edge(state, trigger)
    if transition is None:
        raise Refusal("transition_not_allowed", trigger=trigger, state=state)
    try:
        moved = _machine(workflow).events[trigger].trigger(row)
    except (MachineError, ValueError) as error:
        raise Refusal("transition_not_allowed", trigger=trigger, state=state) from error
    if not moved:
        raise Refusal("transition_not_allowed", trigger=trigger, state=state)
    return transition
