"""What a party reads of a state that it may not know of yet: the state before it, with that one's clock.

A state of a workflow file names the other one in ``shown_to``. Applied to facts before disclosure cuts them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ipdesk.core.casework import clocks
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.summary import summary_of
from ipdesk.core.deadlines.calendar import compute
from ipdesk.core.workflow import Workflow


def as_shown(facts: Mapping[str, Any], law: Workflow, audience: str) -> Mapping[str, Any]:
    """``facts`` of a case as ``audience`` reads them: its state, its claims, its clocks, the day on which it closed."""
    if (own := f"{audience}_closed_at") in facts:
        facts = {**facts, "closed_at": facts[own]}
    claims = facts.get("claims", ())
    if all(law.shown(part["state"], audience) == part["state"] for part in (facts, *claims) if "state" in part):
        return facts
    shown = [{**claim, "state": law.shown(claim["state"], audience)} for claim in claims]
    state = summary_of([claim["state"] for claim in shown], law) if shown else law.shown(facts["state"], audience)
    waits_for = law.states[state].waits_for if state in law.states else ""
    return {**facts, "state": state, "waits_for": waits_for, "claims": shown,
            "deadlines": list(_clocks(facts, law, audience))}


def _clocks(facts: Mapping[str, Any], law: Workflow, audience: str) -> Iterable[Mapping[str, Any]]:
    """The clocks that would run in the states shown; one that such a state does not have is left out."""
    states = {claim["id"]: claim["state"] for claim in facts.get("claims", ())}
    for line in facts["deadlines"]:
        own = {states.get(mover, facts["state"]) for mover in line["movers"]}
        real = next((state for state in own if law.states[state].deadline == line["name"]), None)
        name = law.states[law.shown(real, audience)].deadline if real else line["name"]
        if name == line["name"]:
            yield line
        elif name is not None:
            yield _counted_as(line, name)


def _counted_as(line: Mapping[str, Any], name: str) -> dict[str, Any]:
    """``line`` as a clock ``name`` that counts from the same instant."""
    rule = clocks.deadline_rule(name)
    counted = compute(rule, line["started_at"], zone=rules.settings["zone"])
    return {**line, "name": name, "label": rule["label"], "basis": rule["basis"],
            "for_staff": bool(rule.get("escalates_to")), "opens_at": counted.opens_at, "due_at": counted.due_at,
            "fires_at": counted.fires_at, "until_at": counted.until_at, "computation": counted.as_dict()}
