"""The tables: names that exist, calendars that reach far enough, documents that are whole."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from ipdesk.core.workflow.checker.clocks import longest
from ipdesk.core.workflow.checker.names import ENTERED, STATEMENT, KnownNames, unknown
from ipdesk.core.workflow.registry import Registry
from ipdesk.core.workflow.strict_yaml import DefinitionError, Problem
from ipdesk.core.workflow.tables import day

ReadRule = Callable[[Mapping[str, Any]], object]
# Calendar days that one unit can take at the very most, holidays and a bridge between years included.
_DAYS = {"hour": 0.05, "calendar_day": 1, "business_day": 3, "month": 31}
_SPARE = 30
HOLD_KINDS, HOLD_TIMES = ("pause", "delisting"), ("interim", "final")
DOCUMENTS = ("notice", "counter_notice", "court_action")
_COUNTRY = re.compile("[A-Z]{2}")


def problems(registry: Registry, known: KnownNames, on: date | None, read_rule: ReadRule | None) -> Iterator[Problem]:
    """Everything wrong with the tables, whatever workflow uses them."""
    yield from _deadlines(registry, known)
    yield from _calendars(registry, on)
    if read_rule is not None:
        yield from _uncomputable(registry, read_rule)
    yield from _holds(registry, known)
    yield from _regimes(registry, known)
    yield from _documents(registry)
    yield from _elements(registry, known)
    yield from _limits(registry, known)


def _deadlines(registry: Registry, known: KnownNames) -> Iterator[Problem]:
    table = registry.table("deadlines")
    facts = {t.establishes for w in registry.versions.values() for t in w.transitions if t.establishes}
    for name, row in table.items():
        place = table.place(name)
        for fact in (row["starts"], *row.get("stops_on", [])):
            if fact not in facts and not (fact == ENTERED and fact == row["starts"]):
                yield Problem("unknown_fact", f"{name!r}: no transition establishes {fact!r}", place)
        yield from unknown("unknown_role", "role", [row.get("escalates_to", "legal")], known.roles, place, name)
        if "on_expiry" not in row and "escalates_to" not in row:
            yield Problem("deadline_without_consequence", f"when {name!r} ends, nothing happens and nobody is told", place)
        if row["zone"] != "desk" and row["zone"] not in available_timezones():
            yield Problem("unknown_zone", f"{name!r}: there is no zone {row['zone']!r}", place)
        remind = row.get("remind")
        if remind and (isinstance(remind["hours_before"], bool) or not isinstance(remind["hours_before"], int)):
            yield Problem("wrong_type", f"{name!r}: 'hours_before' must be a whole number of hours", place)
        if remind:
            yield from unknown("unknown_message", "message", [remind["message"]], known.messages, place, name)
            yield from unknown("unknown_recipient", "recipient", [remind["to"]], known.recipients, place, name)


def _calendars(registry: Registry, on: date | None) -> Iterator[Problem]:
    table, calendars = registry.table("deadlines"), registry.table("calendars")
    for name, row in table.items():
        calendar = calendars.get(row["calendar"])
        if calendar is None:
            yield Problem("unknown_calendar", f"{name!r}: there is no calendar {row['calendar']!r}", table.place(name))
            continue
        try:
            until = day(calendar, "until")
        except DefinitionError as error:
            yield from error.problems
            continue
        needed = longest(row) * _DAYS.get(row["unit"], 31) + _SPARE
        if on is not None and on + timedelta(days=needed) > until:
            yield Problem("calendar_too_short",
                          f"{name!r} begun on {on} could end after {until}, the last day of {row['calendar']!r}", table.place(name))


def _uncomputable(registry: Registry, read_rule: ReadRule) -> Iterator[Problem]:
    table = registry.table("deadlines")
    for name, row in table.items():
        try:
            read_rule(row)
        except ValueError as error:
            yield Problem("deadline_uncomputable", f"{name!r}: {error}", table.place(name))


def _holds(registry: Registry, known: KnownNames) -> Iterator[Problem]:
    table = registry.table("holds")
    for name, row in table.items():
        place, triggers = table.place(name), {t.trigger for w in registry.versions.values() for t in w.transitions}
        yield from unknown("unknown_effect", "effect", [name], known.effects, place)
        yield from unknown("unknown_message", "message", row["statements"], known.messages, place, name)
        yield from unknown("unknown_trigger", "trigger", row["appeal"], triggers, place, name)
        if row["kind"] not in HOLD_KINDS or row["time"] not in HOLD_TIMES:
            yield Problem("unknown_word", f"{name!r}: 'kind' is one of {', '.join(HOLD_KINDS)}, 'time' one of {', '.join(HOLD_TIMES)}",
                          table.place(name))
        if row["inverse"] not in known.effects:
            yield Problem("restriction_without_inverse", f"{name!r}: there is no effect {row['inverse']!r}", table.place(name))


def _regimes(registry: Registry, known: KnownNames) -> Iterator[Problem]:
    table, codes = registry.table("regimes"), registry.table("reason_codes")
    for name, row in table.items():
        place = table.place(name)
        yield from unknown("unknown_regime", "regime", [row["regime"]], _regime_names(registry), place, name)
        yield from unknown("unknown_right_type", "type of right", row["right_types"], known.right_types, place, name)
        for market in row["markets"]:
            if not _COUNTRY.fullmatch(market):
                yield Problem("unknown_market", f"{name!r}: {market!r} is no country code like US", place)
    for name, row in codes.items():
        yield from unknown("unknown_right_type", "type of right", row["right_types"], known.right_types, codes.place(name), name)
    if not any(not row["right_types"] and not row["markets"] for row in table.values()):
        yield Problem("regime_gap", "no row takes every right in every market", f"{table.file}:1")


def _regime_names(registry: Registry) -> set[str]:
    return {w.name for w in registry.versions.values() if w.kind == "complaint"}


def _documents(registry: Registry) -> Iterator[Problem]:
    """Each regime has the statements and elements of its documents, and each element is provable."""
    for workflow in registry.workflows("complaint"):
        for document in DOCUMENTS:
            for table in ("statements", "elements"):
                try:
                    registry.document(table, workflow.name, document)
                except KeyError:
                    yield Problem("document_missing", f"{table} of the {document} under {workflow.name} are missing",
                                  f"{registry.table(table).file}:1")
    for found in (registry.table("statements"), registry.table("elements")):
        for name, row in found.items():
            yield from unknown("unknown_regime", "regime", [row["regime"]], _regime_names(registry), found.place(name), name)
            yield from unknown("unknown_document", "document", [row["document"]], DOCUMENTS, found.place(name), name)


def _elements(registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """What proves an element is a statement that is signed, or a field of the document."""
    for name, row in registry.table("elements").items():
        signed = {
            statement["code"]
            for one in registry.table("statements").values()
            if (one["regime"], one["document"]) == (row["regime"], row["document"])
            for statement in one["statements"]
        }
        fields = known.documents.get(row["document"], frozenset())
        for element in row["elements"]:
            proofs = [one for proof in element.texts("proven_by") for one in proof.split("|")]
            codes = [one.removeprefix(STATEMENT) for one in proofs if one.startswith(STATEMENT)]
            yield from unknown("unknown_statement", "statement", codes, signed, element.place(), name)
            yield from unknown("unknown_field", f"field of the {row['document']}",
                               [one for one in proofs if not one.startswith(STATEMENT)], fields, element.place(), name)


def _limits(registry: Registry, known: KnownNames) -> Iterator[Problem]:
    """Every limit that the program reads, and no other."""
    table = registry.table("limits")
    for name in table:
        yield from unknown("unknown_limit", "limit", [name], known.limits, table.place(name))
    for name in sorted(known.limits - set(table)):
        yield Problem("limit_missing", f"the limit {name!r} is missing", f"{table.file}:1")
