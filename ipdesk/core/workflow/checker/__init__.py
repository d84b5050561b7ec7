"""What workflow files must not be: every rule a function of its own, every refusal a code and a place.

Guards are taken as able to go both ways, staff as acting in any allowed way or not at all, and parties as
silent for ever or acting: what is refused here cannot happen at run time.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from ipdesk.core.workflow.checker import clocks, disclosure, graph, holds, names, parties, silence, tables
from ipdesk.core.workflow.checker.names import KnownNames, names_used
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import Problem

__all__ = ["WORKFLOW_RULES", "KnownNames", "check", "names_used"]

WORKFLOW_RULES = (*names.RULES, *graph.RULES, *clocks.RULES, *silence.RULES, *parties.RULES, *holds.RULES)


def check(
    registry: Registry,
    known: KnownNames,
    *,
    on: date | None = None,
    read_rule: Callable[[Mapping[str, Any]], object] | None = None,
) -> list[Problem]:
    """Everything wrong with the files of ``registry``; an empty list means they may be used.

    ``known`` are the names that the program has registered. ``on`` is today's date, from which calendars must
    reach to the end of the longest deadline (not asked without it). ``read_rule`` reads the arithmetic of a
    deadline row and raises ``ValueError`` for one that cannot be computed.
    """
    problems = [*tables.problems(registry, known, on, read_rule), *disclosure.problems(registry)]
    for workflow in registry.versions.values():
        found = [*names.unknown_states(workflow)]
        if not found:  # the other rules walk the graph and need it whole
            for rule in WORKFLOW_RULES:
                found.extend(rule(workflow, registry, known))
        problems.extend(found)
    return sorted(problems, key=lambda p: (p.place.partition(":")[0], _line(p), p.code, p.message))


def _line(problem: Problem) -> int:
    return int(problem.place.rpartition(":")[2])
