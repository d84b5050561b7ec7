"""Workflows as data: strict YAML, tables, a checker that refuses what could go wrong, a pure engine.

Knows neither Flask nor SQLAlchemy. ``load`` reads a folder, ``check`` says whether it may be used, ``move`` is the
only thing in the project that sets a state.
"""

from ipdesk.core.workflow.checker import KnownNames, check, names_used
from ipdesk.core.workflow.definition import (
    CLOCK,
    EVENTS,
    KINDS,
    ROLES,
    STAFF,
    STAGES,
    WAITS_FOR,
    Notify,
    State,
    Transition,
    Trigger,
    Workflow,
)
from ipdesk.core.workflow.engine import assign, move
from ipdesk.core.workflow.registry import Registry, load
from ipdesk.core.workflow.strict_yaml import DefinitionError, Problem
from ipdesk.core.workflow.tables import Table

__all__ = [
    "CLOCK", "EVENTS", "KINDS", "ROLES", "STAFF", "STAGES", "WAITS_FOR", "DefinitionError", "KnownNames", "Notify",
    "Problem", "Registry", "State", "Table", "Transition", "Trigger", "Workflow", "assign", "check", "load", "move",
    "names_used",
]
