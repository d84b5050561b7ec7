"""What the complaint page shows to one reader: plain values, cut by disclosure before anything else."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask_babel import gettext, ngettext
from markupsafe import Markup

from ipdesk.core.casework import clocks as running
from ipdesk.core.casework import disclosure
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.choices import Choice, choices
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.timeline import Event, timeline
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.http.problems import refusal_text
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.workflow import State, Workflow
from ipdesk.core.workflow.diagram import svg
from ipdesk.desk import words
from ipdesk.desk.clocks import clock_facts
from ipdesk.features.accounts.holding import is_held_by_another
from ipdesk.features.complaints.facts import deadline_facts
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.features.complaints.queries import closes_the_door
from ipdesk.features.counter_notices.operations import RECEIVED_STEPS, TELLING
from ipdesk.features.decisions import queries as work
from ipdesk.features.decisions import steps
from ipdesk.features.decisions.queries import colleagues
from ipdesk.features.evidence import queries as evidence
from ipdesk.features.evidence.models import Blob, Exhibit
from ipdesk.features.holds.queries import owners_of_holds


def complaint_page(row: Complaint, actor: Actor) -> dict[str, Any]:
    """Everything that templates of the complaint page read.

    ``view`` (disclosed facts), ``audience`` (staff, seller, rights_holder), ``case`` (for the macro
    ``case_header``), ``claims``, ``groups`` (claims by state), ``clocks``, ``choices`` by trigger,
    ``events`` (for the macro ``timeline``), ``exhibits``, ``diagram`` (SVG), ``seen``.
    """
    audience, law = disclosure.audience(actor, row), workflow_of(row.case)
    view, offered = disclosure.view(row, actor), choices(actor, row)
    own = {state.deadline for state in law.states.values() if state.waits_for == audience}
    clocks = [clock_facts(line, actor.at, own=line["name"] in own) for line in view["deadlines"]]
    down = _held_down(view["claims"])
    claims = [_claim(claim, law, clocks, audience) | {"down": claim["id"] in down[0]} for claim in view["claims"]]
    focus = _focus(view, claims, law, audience)
    proposed = _proposed(view)
    case = (_header(view, law, focus, clocks, claims, audience) | _second_person(law.states.get(focus), proposed)
            | _screened(row, focus, audience, actor.at))
    # While the notice is screened its clock is the only one, and about all the listings.
    of_notice = [case["deadline"] | {"movers": [one["id"] for one in claims]}] if case["deadline"] and not clocks else []
    return {
        "view": view, "audience": audience, "seen": view["version"], "claims": claims,
        "groups": _groups(claims, law), "clocks": clocks or of_notice, "choices": offered,
        "case": case,
        "remarks": _remarks(view, claims, down[1], law, focus, audience),
        "events": events(row, timeline(row, desk=audience == "staff", audience=audience), law, claims, audience),
        "exhibits": exhibits(row, actor, claims), "diagram": diagram(law, focus),
        **(staff_facts(row, actor, offered, {one["id"]: one["state"] for one in claims}, proposed)
           if audience == "staff" else {}),
    }


# --- claims and state --------------------------------------------------------------------------------


def _claim(
    claim: Mapping[str, Any], law: Workflow, clocks: Sequence[Mapping[str, Any]], audience: str,
) -> dict[str, Any]:
    state = law.states[claim["state"]]
    own = [clock for clock in clocks if claim["id"] in clock["movers"]]
    return {
        **claim, "label": words.law_text(state.label_for(audience)), "meaning": words.law_text(state.meaning_for(audience)),
        "silence": words.law_text(state.silence_for(audience)),
        "waits_for": state.waits_for, "who_acts": words.waits_text(state.waits_for, audience),
        "reason": words.reason_label(claim["reason_code"]),
        "clock": _clock_of(state, own, law, audience),
    }


def _clock_of(
    state: State | None, clocks: Iterable[Mapping[str, Any]], law: Workflow, audience: str,
) -> Mapping[str, Any] | None:
    """The clock of this state out of ``clocks``; none for the seller where it can answer after the end as well.

    Nor for the parties where a court is waited for: the desk's own look at the case is no time limit of theirs.
    """
    if state is not None and state.waits_for == "court" and audience != "staff":
        return None
    if state is None or (audience == "seller" and state.stage == "delisted" and state.deadline
                         and not closes_the_door(law, state.deadline)):
        return None
    return next((clock for clock in clocks if clock["name"] == state.deadline), None)


def captured_picture(row: Complaint, actor: Actor, capture_id: int, position: int) -> tuple[str, str]:
    """SHA-256 and media type of a picture that was fetched for a capture of this complaint, or `NotVisible`.

    Only what the reader may see of the complaint is looked through: a number in an address proves nothing.
    """
    for claim in disclosure.view(row, actor).get("claims", ()):
        for capture in claim.get("captures", ()):
            for picture in capture["pictures"] if capture["id"] == capture_id else ():
                if picture["position"] == position and picture["sha256"]:
                    return picture["sha256"], db.session.get_one(Blob, picture["sha256"]).media_type
    raise NotVisible


def _focus(
    view: Mapping[str, Any], claims: Sequence[Mapping[str, Any]], law: Workflow, audience: str,
) -> str:
    """The state that the page is about: the most urgent one that waits for the reader, else the summary."""
    waiting = [claim["state"] for claim in claims if claim["waits_for"] == audience]
    return min(waiting, key=lambda state: law.states[state].rank) if waiting else str(view["state"])


def _groups(claims: Sequence[Mapping[str, Any]], law: Workflow) -> list[dict[str, Any]]:
    """Claims by state, the most urgent state first."""
    found: dict[str, list[Any]] = {}
    for claim in claims:
        found.setdefault(claim["state"], []).append(claim)
    return [{"state": state, "label": found[state][0]["label"], "claims": found[state]}
            for state in sorted(found, key=lambda name: law.states[name].rank)]


def _header(
    view: Mapping[str, Any], law: Workflow, focus: str, clocks: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]], audience: str,
) -> dict[str, Any]:
    state = law.states.get(focus)
    ids = {claim["id"] for claim in claims if claim["state"] == focus}
    deadline = _clock_of(state, [clock for clock in clocks if not ids.isdisjoint(clock["movers"])], law, audience)
    return {
        "reference": view["reference"], "kind": gettext("Complaint"), "state": focus,
        "title": _title(view, audience), "label": words.state_label(view["regime"], focus, audience),
        "meaning": words.law_text(state.meaning_for(audience)) if state else "",
        "who_acts": words.waits_text(state.waits_for if state else "nobody", audience),
        "mine": bool(state) and state.waits_for == audience, "deadline": deadline,
        "silence": words.law_text(state.silence_for(audience)) if state else "",
        "scope": _scope(len(ids), len(claims)),
    }


def _screened(row: Complaint, focus: str, audience: str, now: datetime) -> dict[str, Any]:
    """While its notice is screened, once for all stores, the notice says who acts next, until when, and what silence does."""
    if focus != work.SCREENED_WITH_NOTICE:
        return {}
    notice = db.session.get_one(Notice, row.notice_id)
    state = workflow_of(notice.case).states[notice.state]
    line = next((one for one in running.open_deadlines(notice.id) if one.name == state.deadline), None)
    mine = state.waits_for == audience
    return {
        "label": gettext("Received; the notice: %(state)s", state=words.law_text(state.label)),
        "meaning": words.law_text(state.meaning_for(audience)), "who_acts": words.waits_text(state.waits_for, audience),
        "mine": mine, "deadline": clock_facts(deadline_facts(line), now, own=mine) if line else None,
        "silence": words.law_text(state.silence_for(audience)),
    }


def _remarks(
    view: Mapping[str, Any], claims: Sequence[Mapping[str, Any]], held_elsewhere: set[int], law: Workflow, focus: str, audience: str,
) -> list[str]:
    """What the state alone does not say: listings that are gone or down, papers that wait for the desk."""
    here = {claim["id"]: claim["listing"]["status"] for claim in claims if claim["state"] == focus} or {
        claim["id"]: claim["listing"]["status"] for claim in claims}
    gone = list(here.values()).count("removed_by_seller") if not focus.startswith("closed") else 0
    own, remarks = sum(claim["down"] for claim in claims if claim["id"] in here), []
    down = _down_elsewhere(here, held_elsewhere, focus, audience)
    if gone:
        remarks.append(ngettext("One of these listings has been deleted by its seller; nothing puts it back.",
                                "%(num)s of these listings have been deleted by their seller; nothing puts them back.", gone))
    if own == len(here):
        remarks.append(ngettext("The listing is down because of this complaint.",
                                "All these listings are down because of this complaint.", own))
    elif own:
        remarks.append(ngettext("One of these listings is down because of this complaint.",
                                "%(num)s of these listings are down because of this complaint.", own))
    if down:
        remarks.append(ngettext("One of these listings is down for another reason than this complaint.",
                                "%(num)s of these listings are down for another reason than this complaint.", down))
    if any(not paper["result"] and any(law.edges(claim["state"], "confirm_court_action") for claim in claims
                                       if claim["id"] in paper["claim_ids"]) for paper in view.get("court_notices", ())):
        remarks.append(gettext("A court paper waits for its examination by the marketplace."))
    return remarks


def _held_down(claims: Sequence[Mapping[str, Any]]) -> tuple[set[int], set[int]]:
    """The claims whose listing this complaint keeps down while it is not decided, and those where anything else does.

    A taken down or closed state says the first by itself.
    """
    listings = {claim["listing"]["id"]: claim for claim in claims if claim["listing"]["status"] == "restricted"}
    own, elsewhere = set(), set()
    for listing, claim_id, _ in owners_of_holds(listings) if listings else ():
        claim = listings[listing]
        if claim_id != claim["id"]:
            elsewhere.add(claim["id"])
        elif not claim["state"].startswith(("delisted", "closed")):
            own.add(claim["id"])
    return own, elsewhere


def _down_elsewhere(here: Mapping[int, str], held_elsewhere: set[int], focus: str, audience: str) -> int:
    """How many of these claims' listings another complaint or an order holds down.

    A rights holder reads of that only where its own complaint is to leave the listing up: what anybody can see.
    """
    down = list(here.values()).count("restricted")
    if audience == "rights_holder" or not down:
        return down if focus.startswith(("received", "pending_response")) else 0
    return len(held_elsewhere & here.keys())


def _proposed(view: Mapping[str, Any]) -> dict[str, set[int]]:
    """The claims for which a step waits for a second person, by trigger; staff alone read of proposals."""
    found: dict[str, set[int]] = {}
    for one in view.get("proposals", ()):
        if one["status"] == "proposed":
            found.setdefault(one["trigger"], set()).update(one["claim_ids"])
    return found


def _second_person(state: State | None, proposed: Mapping[str, set[int]]) -> dict[str, Any]:
    """What a proposal changes in the header: who acts next, beside a side or a court whose turn it is."""
    if not proposed:
        return {}
    waits_for = state.waits_for if state else "nobody"
    if waits_for in ("nobody", "staff"):
        return {"who_acts": gettext("A second person, who has to look at the proposal"), "mine": False}
    return {"who_acts": gettext("%(side)s; and a second person, who has to look at the proposal",
                                side=words.waits_text(waits_for, "staff"))}


def _title(view: Mapping[str, Any], audience: str) -> str:
    right = view["right"]["title"]
    if audience == "seller":
        company = view["notifier"].get("company") or view["notifier"].get("name", "")
        return gettext("%(right)s – complaint of %(company)s", right=right, company=company)
    return gettext("%(right)s against %(store)s", right=right, store=view["store"]["name"])


def _scope(here: int, everything: int) -> str:
    """Of how many listings the header speaks, where it is not all of them."""
    if not here or here == everything:
        return ""
    return gettext("%(here)s of %(all)s listings", here=here, all=everything)


def diagram(law: Workflow, state: str) -> Markup:
    """The workflow's picture with ``state`` lit, in the reader's language."""
    return _drawn(law.name, law.version, state, words.locale())


@lru_cache(maxsize=512)
def _drawn(name: str, version: int, state: str, locale: str) -> Markup:
    law = rules.workflows.workflow(name, version)
    return Markup(svg(law, state, words.law_text, "workflow"))  # noqa: S704 - drawn here, texts escaped there


# --- what happened -----------------------------------------------------------------------------------


def events(
    row: Complaint, found: Iterable[Event], law: Workflow, claims: Sequence[Mapping[str, Any]],
    audience: str,
) -> list[dict[str, Any]]:
    """The timeline for the macro of the same name, newest first."""
    titles = {claim["id"]: claim["listing"]["title"] for claim in claims}
    told = list(found)
    people = colleagues(told) if audience == "staff" else {}
    return [_event(event, law, titles, audience, people) for event in told]


def _event(
    event: Event, law: Workflow, titles: Mapping[int, str], audience: str, people: Mapping[int | None, str],
) -> dict[str, Any]:
    known = words.ACTS.get(event.act)
    last = event.states[-1] if event.states else ""
    return {
        "title": str(known) if known else words.law_text(event.title), "act": event.act,
        "by": people.get(event.actor_id) or str(words.SIDES[event.side]), "when": moment_text(event.at, words.zone(), words.locale()),
        "iso": event.at.isoformat(), "state": last or None, "number": event.number,
        "text": _moved(event, law, titles), "letters": event.letters if audience == "staff" else [],
    }


def _moved(event: Event, law: Workflow, titles: Mapping[int, str]) -> str:
    """Which listings the act moved, where it was not all of them."""
    ids = [number for number, _, _ in event.moved if number in titles]
    if not ids or len(ids) == len(titles):
        return ""
    if len(ids) <= 3:
        return words.listed(titles[number] for number in ids)
    return ngettext("%(num)s listing", "%(num)s listings", len(ids))


# --- exhibits ----------------------------------------------------------------------------------------


def exhibits(
    row: Complaint, actor: Actor, claims: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """What the reader may see of the exhibits of the notice and of this complaint."""
    found = evidence.of_cases(actor, [row.notice_id, row.id])
    own = {claim["id"]: claim["listing"]["title"] for claim in claims}
    return [exhibit_facts(exhibit, own) for exhibit in found
            if exhibit.is_for_all_stores or not exhibit.claim_ids.isdisjoint(own)]


def exhibit_facts(exhibit: Exhibit, own: Mapping[int, str]) -> dict[str, Any]:
    """One exhibit with the titles of the listings it belongs to; none means all."""
    blob = exhibit.blob
    return {
        "reference": exhibit.reference, "name": exhibit.name, "title": exhibit.title,
        "description": exhibit.description, "role": exhibit.role, "size": blob.size,
        "media_type": blob.media_type, "pages": blob.facts.get("pages", 0),
        "can_be_shown": blob.can_be_shown, "sha256": blob.sha256,
        "visibility": exhibit.visibility, "filed_at": exhibit.filed_at, "side": exhibit.side, "trouble": blob.trouble,
        "listings": [own[number] for number in sorted(exhibit.claim_ids & own.keys())],
    }


# --- what only staff see -----------------------------------------------------------------------------

def staff_facts(
    row: Complaint, actor: Actor, offered: Mapping[str, Choice], states: Mapping[int, str],
    proposed: Mapping[str, set[int]],
) -> dict[str, Any]:
    """Notes, who holds the case, and the steps that this person may take, by sort.

    ``states``: by claim id. What is ``proposed`` for every claim already is not offered again.
    """
    law = workflow_of(row.case)
    found: dict[str, list[dict[str, Any]]] = {"decision": [], "plain": [], "court": [], "": []}
    for choice in offered.values():
        if set(choice.movers) <= proposed.get(choice.trigger, set()):
            continue
        sort = steps.sort_of(actor, row, {states[number] for number in choice.movers}, choice.trigger)
        found[sort].append(_step(choice, law))
    return {
        "failed_letters": work.failed_letters(5, row.id), "notes": work.plain_notes([row.id, row.notice_id]),
        "holder": work.holder_of(row, actor.at),
        "held_by_another": is_held_by_another(actor, row),
        "conflict": work.conflict_of(actor.user_id, row) is not None,
        "decisions_open": found["decision"], "plain_open": found["plain"], "court_open": found["court"],
        "can_record": "receive_counter_notice" in offered,
        "can_record_document": any(
            name in offered and offered[name].allowed for names in RECEIVED_STEPS.values() for name in names),
        "can_record_court_paper": any(name in offered for name in TELLING),
    }


def _step(choice: Choice, law: Workflow) -> dict[str, Any]:
    return {
        "trigger": choice.trigger, "label": words.law_text(choice.label), "four_eyes": choice.four_eyes,
        "count": len(choice.movers), "why_not": refusal_text(choice.why_not) if choice.why_not else "",
    }
