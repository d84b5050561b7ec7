"""What the desk itself recorded of a case: clocks, acts, letters, the audit log."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select

from ipdesk.core.audit.entries import entries_of
from ipdesk.core.audit.models import AuditHead
from ipdesk.core.audit.proofs import proofs_of
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.journal import DESK_ACTS
from ipdesk.core.casework.models import CaseFact
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.timeline import Event as Act
from ipdesk.core.casework.timeline import secrets, timeline
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.calendar import Computation
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.deadlines.sheet import sheet
from ipdesk.core.kernel.text import N_
from ipdesk.core.outbox.models import Outbox
from ipdesk.core.workflow import Workflow
from ipdesk.core.workflow.checker.parties import HOUSE_RULE
from ipdesk.gateways.bundles.contents import DeadlineSheet, DeadlineStep, Event, Field, Letter, LogEntry
from ipdesk.gateways.bundles.words import SIDES, Words

# A one-time link opens a case without an account: it is a key, not a part of the letter's content.
_ONE_TIME_LINK = re.compile(r"(/links/)[A-Za-z0-9_-]{16,}")
_KEY_TAKEN_OUT = "[…]"
_ACTS = {
    ("complaint", "open"): N_("The complaint was opened"), ("notice", "open"): N_("The notice was begun"),
    ("complaint", "deadline_missed"): N_("A time limit of the desk passed"),
    ("notice", "deadline_missed"): N_("A time limit of the desk passed"),
    ("complaint", "bundle_downloaded"): N_("A bundle of the case was downloaded"),
    ("notice", "bundle_downloaded"): N_("A bundle of the case was downloaded"),
}
# What the desk did without moving the case is in the chain, so that the chain can be checked; what it was is not told.
INSIDE = N_("An act inside the desk")
_FACTS = {
    "notice_received": N_("The notice reached the operator"),
    "counter_notice_received": N_("The counter-notification reached the operator"),
    "delivery_proven": N_("The message reached the seller"),
    "court_action_told": N_("The notice of the court action reached the operator"),
    "court_action_confirmed": N_("The court action was confirmed"),
}
# Facts of an act that name the paper it is about, by the anchor of that paper.
_PAPER_OF = {"counter_notice_id": "counter", "answer_id": "answer", "court_notice_id": "court", "decision_id": "decision",
             "deadline_id": "deadline"}
# Who of the readers gets which letters; what the desk writes to its own people is no correspondence with a party.
_LETTERS_OF = {"staff": ("seller", "rights_holder"), "seller": ("seller",), "rights_holder": ("rights_holder",)}


@dataclass(frozen=True)
class Numbers:
    """Where things stand in the bundle: claim id → listing code, ``(anchor, row id)`` → ``anchor:n``."""

    listings: Mapping[int, str]
    papers: Mapping[tuple[str, int], str]


# --- clocks --------------------------------------------------------------------------------------------


def deadline_rows(cases: Sequence[Any], audience: str) -> list[tuple[Deadline, Deadline]]:
    """Every clock that ever ran in these cases, in the order of their start, each with the clock that tells how it ended.

    Parties do not see the desk's own. Where an act that a party may not read of put one of these in the place of its
    clock, the party reads its own clock, with the end of the other one.
    """
    rows = list(db.session.scalars(select(Deadline).where(
        Deadline.case_id.in_([case.id for case in cases])).order_by(Deadline.started_at, Deadline.id)))
    if audience == "staff":
        return [(row, row) for row in rows]
    secret = {(case.id, act.at) for case in cases for act in secrets(case, audience)}
    return [(row, _followed_by(row, rows) if (row.case_id, row.ended_at) in secret else row)
            for row in rows if not rules.workflows.deadline(row.name).get("escalates_to")]


def _followed_by(stopped: Deadline, rows: Sequence[Deadline]) -> Deadline:
    """The clock that took the place of ``stopped``: the next one of the same claims that counts from the same instant."""
    return next((row for row in rows if row.case_id == stopped.case_id and row.id > stopped.id
                 and row.started_at == stopped.started_at and not set(row.movers).isdisjoint(stopped.movers)), stopped)


def deadline_sheet(
    words: Words, row: Deadline, law: Workflow, listings: Mapping[int, str], end: Deadline,
) -> DeadlineSheet:
    """One clock with every counted day, and how it ended according to ``end``."""
    plain = sheet(Computation.from_dict(row.computation), status=end.status, ended_at=end.ended_at)
    rule = rules.workflows.deadline(row.name)
    about = ", ".join(listings[number] for number in row.movers if number in listings)
    extent = plain["length"] if plain["earliest"] is None else f"{plain['earliest']}–{plain['length']}"
    target = bool(rule.get("escalates_to"))
    first = words.moment(row.until_at if target else row.opens_at) if row.until_at < row.due_at else ""
    return DeadlineSheet(
        words.law(rule["label"]), words.law(rule["basis"]), row.started_at, row.due_at, _ending(words, end, law),
        words.facts(
            (N_("Listings"), about), (N_("Length"), f"{extent} {words.law(plain['unit'])}"),
            (N_("Calendar"), words.law(plain["calendar"])), (N_("Version of the calendar"), plain["calendar_version"]),
            (N_("Counted in"), plain["zone"]), (N_("Target") if target else N_("Not before"), first)),
        tuple(_step(words, line) for line in plain["rows"]))


def _step(words: Words, line: Mapping[str, Any]) -> DeadlineStep:
    said = [words.law(line["reason"]), words.law(line["name"]), ", ".join(words.law(mark) for mark in line["marks"])]
    return DeadlineStep(line["on"], str(line["number"] or "–"), " · ".join(filter(None, said)))


def _ending(words: Words, row: Deadline, law: Workflow) -> str:
    if row.status == "open":
        late = words.moment(row.missed_at)
        return words.say(N_("Still running, passed on %(when)s"), when=late) if late else words.say(N_("Still running"))
    if row.status == "stopped":
        return words.say(N_("Stopped on %(when)s before it ended"), when=words.moment(row.ended_at))
    done = law.triggers.get(row.trigger)
    ended = words.say(N_("Ended, acted on %(when)s"), when=words.moment(row.ended_at))
    return f"{ended}: {words.law(done.done)}" if done else ended


# --- chronology ------------------------------------------------------------------------------------------


def chronology(words: Words, rows: Iterable[Any], numbers: Numbers, audience: str) -> tuple[Event, ...]:
    """Acts and dated facts of these cases in the order of time."""
    found: list[tuple[datetime, Event]] = []
    for row in rows:
        acts = timeline(row, audience=audience)[::-1]
        entries = {entry.number: json.loads(entry.body) for entry in entries_of(row.case.id)}
        found += [(act.at, _event(words, row, act, entries[act.number], numbers)) for act in acts]
        found += _dated_facts(words, row, {act.at for act in acts}, numbers, audience)
    return tuple(event for _, event in sorted(found, key=lambda pair: pair[0]))


def _event(words: Words, row: Any, act: Act, body: Mapping[str, Any], numbers: Numbers) -> Event:
    law = workflow_of(row.case)
    known = _ACTS.get((row.case.kind, act.act))
    title = words.say(known) if known else words.law(act.title)
    moved = [number for number, _, _ in act.moved if number in numbers.listings]
    several = row.case.kind == "complaint" and 0 < len(moved) < len(numbers.listings)
    about = ", ".join(numbers.listings[number] for number in moved) if several else ""
    reached = "; ".join(words.state(law, state) for state in act.states)
    what = "\n".join(filter(None, (f"{title} ({about})" if about else title, f"→ {reached}" if reached else "")))
    return Event(act.at, _by(words, law, act), what, _basis(words, law, act, row.regime), _target(row, act, body, numbers))


def _by(words: Words, law: Workflow, act: Act) -> str:
    """Who acted; what the marketplace's own system confirmed is no act of the desk's clock."""
    events = {edge.fired_by for _, start, _ in act.moved if start for edge in law.edges(start, act.act)}
    return words.say(N_("Marketplace, by its system") if act.side == "clock" and "marketplace" in events else SIDES[act.side])


def _basis(words: Words, law: Workflow, act: Act, regime: str) -> str:
    """What the step rests on. A notice's file serves every regime: a statute is cited only where it applies."""
    found = [line for _, start, end in act.moved if start for edge in law.edges(start, act.act) if edge.dest == end
             for line in edge.basis if _applies(line, regime)]
    return "; ".join(words.law(line) for line in dict.fromkeys(found))


def _applies(basis: str, regime: str) -> bool:
    if basis.startswith(HOUSE_RULE) or not regime:
        return True
    return basis.partition(" §")[0] in rules.workflows.workflow(regime).law


def _target(row: Any, act: Act, body: Mapping[str, Any], numbers: Numbers) -> str:
    facts = body["payload"].get("facts", {})
    for name, anchor in _PAPER_OF.items():
        if (anchor, facts.get(name)) in numbers.papers:
            return numbers.papers[anchor, facts[name]]
    return "notice" if row.case.kind == "notice" and act.act in ("file_notice", "record_notice", "complete_notice") else ""


def _dated_facts(
    words: Words, row: Any, told: set[datetime], numbers: Numbers, audience: str,
) -> list[tuple[datetime, Event]]:
    """Facts with an instant of their own; those that an act established in its own instant are told already.

    What an act established that ``audience`` may not read of is left out with the act.
    """
    rows = db.session.scalars(select(CaseFact).where(CaseFact.case_id == row.case.id).order_by(CaseFact.id))
    secret = _secret_facts(row, audience)
    made = []
    for fact in rows:
        if fact.at in told or any((fact.name, number) in secret for number in fact.movers):
            continue
        about = ", ".join(numbers.listings[number] for number in fact.movers if number in numbers.listings)
        what = words.named(_FACTS, fact.name)
        made.append((fact.at, Event(fact.at, words.say(N_("Recorded")), f"{what} ({about})" if about else what)))
    return made


def _secret_facts(row: Any, audience: str) -> set[tuple[str, int]]:
    """Name and claim of every fact that secret acts established."""
    law = workflow_of(row.case)
    return {(edge.establishes, number) for act in secrets(row, audience) for number, start, _ in act.moved if start
            for edge in law.edges(start, act.act) if edge.establishes}


# --- letters ---------------------------------------------------------------------------------------------


def correspondence(
    words: Words, case_ids: Sequence[int], audience: str, sender: str, names: Mapping[tuple[int, str], str],
) -> tuple[Letter, ...]:
    """The letters to the parties as they were written, once each, with what became of every way they were sent.

    ``names`` gives the name of a party by case and role.
    """
    rows = db.session.scalars(
        select(Outbox).where(Outbox.case_id.in_(case_ids), Outbox.recipient_role.in_(_LETTERS_OF[audience]),
                             Outbox.channel.in_(("mail", "inbox")))
        .order_by(Outbox.enqueued_at, Outbox.month, Outbox.id))
    groups = groupby(rows, key=lambda row: (row.enqueued_at, row.case_id, row.message, row.recipient_role, row.context_sha256))
    return tuple(_letter(words, list(group), sender, names) for _, group in groups)


def _letter(words: Words, rows: list[Outbox], sender: str, names: Mapping[tuple[int, str], str]) -> Letter:
    first = rows[0]
    address = next((row.to_address for row in rows if row.to_address), "")
    name = names.get((first.case_id, first.recipient_role), "")
    return Letter(
        first.enqueued_at, sender, f"{name} <{address}>" if address else name, without_keys(first.subject),
        without_keys(first.body_text), " · ".join(_delivery(words, row) for row in rows))


def without_keys(text: str) -> str:
    """``text`` without what would open a case to whoever reads it."""
    return _ONE_TIME_LINK.sub(rf"\1{_KEY_TAKEN_OUT}", text)


def _delivery(words: Words, row: Outbox) -> str:
    proof = row.proof or {}
    if row.failed_at is not None:
        return words.say(N_("Not delivered, given up on %(when)s: %(why)s"), when=words.moment(row.failed_at),
                         why=str(proof.get("reply") or proof.get("error") or "–"))
    way = proof.get("way")
    if row.accepted_at is None:
        return words.say(N_("Written to a local folder and sent to nobody, as no mail server is set") if way == "folder"
                         else N_("Not delivered yet"))
    when = words.moment(row.accepted_at)
    if way == "folder":
        return words.say(N_("Written to the local folder of a demo on %(when)s, which proves no delivery"), when=when)
    if way == "inbox":
        return words.say(N_("Placed in the reader's inbox on the desk on %(when)s"), when=when)
    if way == "smtp":
        return words.say(
            N_("Accepted by the mail server %(relay)s on %(when)s (answer: %(code)s %(reply)s; message %(id)s)"), when=when,
            relay=proof.get("relay", ""), code=proof.get("code", ""), reply=proof.get("reply", ""), id=proof.get("message_id", ""))
    return words.say(N_("Handed over by mail on %(when)s (message %(id)s)"), when=when, id=proof.get("message_id", "–"))


# --- the log ---------------------------------------------------------------------------------------------


def log_entries(words: Words, rows: Iterable[Any], audience: str, head: AuditHead | None) -> tuple[LogEntry, ...]:
    """The chains of these cases, with the leaves under which ``head`` seals them.

    What ``audience`` may not read of is an act inside the desk, like all that is not told.
    """
    made = []
    for row in rows:
        law = workflow_of(row.case)
        entries = entries_of(row.case.id)
        secret = {act.number for act in secrets(row, audience)}
        proofs = proofs_of(entries, head)
        for entry in entries:
            known = INSIDE if entry.act in DESK_ACTS or entry.number in secret else _ACTS.get((row.case.kind, entry.act))
            trigger = law.triggers.get(entry.act)
            proof = proofs.get((entry.month, entry.id))
            made.append(LogEntry(
                row.reference, entry.number, entry.at, words.say(known) if known else words.law(trigger.done if trigger else entry.act),
                entry.hash, str(proof.place) if proof else "", proof.path if proof else (),
                "" if known is INSIDE else entry.body))
    return tuple(made)


def head_facts(words: Words, head: AuditHead | None) -> tuple[Field, ...]:
    """A signed head of the whole log."""
    if head is None:
        return ()
    origin, size, root = head.signed.split("\n")[:3]
    return words.facts(
        (N_("Audit log"), words.say(N_("%(origin)s, %(size)s entries"), origin=origin, size=size)),
        (N_("Signed head"), root), (N_("Signed on"), words.moment(head.at)))


def record_ends(rows: Iterable[Any], head_at: datetime | None) -> datetime:
    """The instant up to which the record goes: the last entry of these cases, or the head that seals it."""
    instants = [entry.at for row in rows for entry in entries_of(row.case.id)[-1:]] + ([head_at] if head_at else [])
    return max(instants)
