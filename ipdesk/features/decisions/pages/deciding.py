"""Decisions with reasons, their preview word for word, the second pair of eyes, and plain steps."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import g, render_template, request, url_for
from flask_babel import get_locale, gettext

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.choices import Choice, choices
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.access import READING_STAFF, STAFF, access
from ipdesk.core.http.fields import CaseSchema
from ipdesk.core.http.forms import Form
from ipdesk.core.http.problems import refusal_text
from ipdesk.core.kernel.errors import Forbidden, Refusal, Stale
from ipdesk.core.kernel.text import translate
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.decisions import operations, queries, steps
from ipdesk.features.decisions.pages.blueprint import done, fresh, locked_row, pages, refused, rehearsed
from ipdesk.features.decisions.schemas import (
    DecisionSchema,
    DeclineSchema,
    DeliverySchema,
    ProofSchema,
    SnippetSchema,
    StepSchema,
)
from ipdesk.features.evidence import forms as evidence

# --- decisions ---------------------------------------------------------------------------------------


@pages.route("/complaints/<reference>/decide/<trigger>", methods=["GET", "POST"])
@access(*STAFF)
def decide(reference: str, trigger: str) -> Any:
    """Reasons, then everything that will be sent, word for word, then the decision."""
    row = complaints.complaint(g.actor, reference)
    if request.method == "GET":
        choice = _open_step(row, trigger)
        return _decision_form(row, choice, Form({
            "claim_ids": list(choice.movers), "basis": _basis(row, choice), "seen": row.version_id}))
    form = Form.read(DecisionSchema())
    step = form.values.get("step", "preview")
    # First of all the sending: the same form sent twice leads to where it led the first time, although the step is taken.
    if step == "confirm" and (response := form.submit(lambda said: _decided(reference, trigger, said))):
        return response
    row = complaints.complaint(g.actor, reference)
    try:
        choice = _open_step(row, trigger)
    except Refusal as refusal:
        return _moved_on(row, trigger, form, refusal)
    if step in ("insert", "change"):
        return _decision_form(row, choice, _with_snippet(form) if step == "insert" else fresh(form))
    if step == "preview" and not form.errors and (written := _written(reference, trigger, form)):
        return render_template(
            "staff/decide_preview.html", **_page(row, choice), form=form, **written)
    return _decision_form(complaints.complaint(g.actor, reference), choice, form)


def _moved_on(row: Complaint, trigger: str, form: Form, refusal: Refusal) -> Any:
    """The step is no longer open: why, and what was written, so that it is not lost."""
    if not form.errors:
        refused(form, refusal)
    return render_template(
        "staff/decide_moved.html", view=disclosure.view(row, g.actor), form=form,
        label=workflow_of(row.case).triggers[trigger].label), 409


def _open_step(
    row: Complaint, trigger: str, own_edges: Callable[..., Any] = steps.decision_edges,
) -> Choice:
    """The step as this person may take it; what is no step of staff's own is refused before any form."""
    choice = choices(g.actor, row).get(trigger)
    if choice is None:
        raise Refusal("transition_not_allowed")
    own_edges(g.actor, row, {claim.state for claim in complaints.claims_of(row.id, choice.movers)}, trigger)
    if not choice.allowed:
        raise Refusal(choice.why_not)
    proposed = queries.proposed_claims(row.id, trigger)
    if not (left := tuple(number for number in choice.movers if number not in proposed)):
        raise Refusal("already_proposed")
    return replace(choice, movers=left)


def _basis(row: Complaint, choice: Choice) -> str:
    """What the workflow's file gives as the basis of this step."""
    law = workflow_of(row.case)
    states = {claim.state for claim in complaints.claims_of(row.id, choice.movers)}
    found = [text for state in sorted(states) for edge in law.edges(state, choice.trigger)
             for text in edge.basis]
    return "; ".join(dict.fromkeys(found))


def _with_snippet(form: Form) -> Form:
    """The text block behind the grounds as typed so far; nothing is judged yet."""
    number = str(form.values.get("snippet") or "")
    if number.isdigit():
        block = queries.snippet(int(number))
        typed = str(form.values.get("ground") or "").rstrip()
        form.values["ground"] = f"{typed}\n\n{block.text}".strip()
    return fresh(form)


def _reasons(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"facts": said["facts"], "ground": said["ground"], "basis": said["basis"],
            "automated": False}


def _written(reference: str, trigger: str, form: Form) -> dict[str, Any] | None:
    """What would be written; ``None`` with the reason in the form when nothing can be."""
    def act() -> dict[str, Any]:
        row = locked_row("complaint", reference)
        if form.data["seen"] != row.version_id:
            raise Stale(form.data["seen"], row.version_id)
        return operations.rehearse(
            actor=g.actor, complaint=row, claim_ids=form.data["claim_ids"], trigger=trigger,
            reasons=_reasons(form.data))

    written: dict[str, Any] | None = rehearsed(form, act)
    return written


def _decided(reference: str, trigger: str, said: dict[str, Any]) -> str:
    row = locked_row("complaint", reference)
    made = operations.decide(actor=g.actor, complaint=row, claim_ids=said["claim_ids"], trigger=trigger,
                             reasons=_reasons(said), seen=said["seen"])
    done(gettext("The decision is proposed. A second person has to approve it.") if made.status == "proposed"
         else gettext("The decision is made: %(step)s.", step=_step_text(row, trigger)))
    return url_for("desk.complaint", reference=reference)


def _step_text(row: Complaint, trigger: str) -> str:
    return translate(workflow_of(row.case).triggers[trigger].label, str(get_locale()))


def _decision_form(row: Complaint, choice: Choice, form: Form) -> Any:
    page = _page(row, choice)
    waiting = [paper for paper in page["view"].get("court_notices", ()) if not paper["result"]]
    return render_template(
        "staff/decide.html", **page, form=form,
        paper_waits=any(not set(choice.movers).isdisjoint(paper["claim_ids"]) for paper in waiting),
        snippets=[(block.id, block.title) for block in queries.snippets()]), form.status


def _page(row: Complaint, choice: Choice) -> dict[str, Any]:
    view = disclosure.view(row, g.actor)
    return {"view": view, "choice": choice, "seen": row.version_id,
            "claims": [claim for claim in view["claims"] if claim["id"] in choice.movers]}


# --- the second pair of eyes ---------------------------------------------------------------------------


@pages.get("/proposals")
@access(*READING_STAFF)
def proposals() -> Any:
    """Decisions that wait for a second person, the oldest first."""
    rows = [dict(row._mapping) | {"label": _label(row)} for row in queries.proposals(g.actor)]
    return render_template("staff/proposals.html", rows=rows)


def _label(row: Any) -> str:
    return rules.workflows.workflow(row.workflow).triggers[row.trigger].label


@pages.get("/decisions/<reference>")
@access(*READING_STAFF)
def decision(reference: str) -> Any:
    """One decision or proposal with its statement; a second person approves or declines here."""
    return _decision_page(reference, Form())


def _decision_page(reference: str, form: Form) -> Any:
    found = queries.decision(g.actor, reference)
    row = queries.complaint_of(found)
    view = disclosure.view(row, g.actor)
    shown = next(one for one in [*view["decisions"], *view["proposals"]]
                 if one["reference"] == reference)
    waits, own = found.status == "proposed" and g.actor.has(*STAFF), found.decided_by == g.actor.user_id
    return render_template(
        "staff/decision.html", view=view, decision=shown, seen=row.version_id, form=form, own=own,
        label=workflow_of(row.case).triggers[found.trigger].label,
        may_end=waits and queries.may_end(g.actor, found, row.case.workflow)
        and queries.conflict_of(g.actor.user_id, row) is None,
        written=_approval(found) if waits and not own else None), form.status


def _approval(found: Any) -> dict[str, Any]:
    """What the approval would send, or why it cannot be given."""
    try:
        with unit_of_work():
            return operations.rehearse_approval(
                actor=g.actor, decision=queries.decision(g.actor, found.reference))
    except Forbidden:
        return {"why_not": refusal_text("role_not_allowed")}
    except Refusal as refusal:
        return {"why_not": refusal_text(refusal.code, refusal.facts)}


@pages.post("/decisions/<reference>/approve")
@access(*STAFF)
def approve(reference: str) -> Any:
    def act(said: dict[str, Any]) -> str:
        found = queries.decision(g.actor, reference)
        row = queries.complaint_of(found)
        operations.approve(actor=g.actor, decision=found, seen=said["seen"])
        done(gettext("The decision is approved and in force."))
        return url_for("desk.complaint", reference=row.reference)

    form = Form.read(CaseSchema())
    return form.submit(act) or _decision_page(reference, form)


@pages.post("/decisions/<reference>/decline")
@access(*STAFF)
def decline(reference: str) -> Any:
    def act(said: dict[str, Any]) -> str:
        found = operations.decline(actor=g.actor, decision=queries.decision(g.actor, reference),
                                   because=said["because"])
        done(gettext("The proposal is withdrawn.") if found.decided_by == g.actor.user_id
             else gettext("The proposal is declined."))
        return url_for("decisions.decision", reference=reference)

    form = Form.read(DeclineSchema())
    return form.submit(act) or _decision_page(reference, form)


# --- plain steps ---------------------------------------------------------------------------------------


@pages.route("/complaints/<reference>/step/<trigger>", methods=["GET", "POST"])
@access(*STAFF)
def step(reference: str, trigger: str) -> Any:
    """A step that needs no statement of reasons: send again, prove a delivery or its failure, confirm."""
    row = complaints.complaint(g.actor, reference)
    choice = _open_step(row, trigger, steps.plain_edges)
    form = Form({"claim_ids": list(choice.movers), "seen": row.version_id})
    if request.method == "POST":
        form = _read_step(row, trigger)
        if response := form.submit(lambda said: _stepped(reference, trigger, said)):
            return response
    return render_template(
        "staff/step.html", **_page(row, choice), form=form,
        exhibits=evidence.shown(form.values.get("documents") or [])), form.status


# Steps that rest on a proof, with what their form takes in.
_PROVEN = {"prove_delivery": DeliverySchema, "prove_delivery_failure": ProofSchema}


def _read_step(row: Complaint, trigger: str) -> Form:
    if trigger not in _PROVEN:
        return Form.read(StepSchema())
    form = Form.read(_PROVEN[trigger]())
    evidence.take_files(form, "documents")
    claims = complaints.claims_of(row.id, form.data.get("claim_ids", ()))
    form.check(lambda: operations.require_delivery(row, claims, form.data.get("delivered_at"), g.actor.at))
    return form


def _stepped(reference: str, trigger: str, said: dict[str, Any]) -> str:
    row = locked_row("complaint", reference)
    operations.take_step(
        actor=g.actor, complaint=row, trigger=trigger, claim_ids=said["claim_ids"], proof=said["proof"],
        delivered_at=said.get("delivered_at"), documents=evidence.drafts(said.get("documents", ())), seen=said["seen"])
    done(gettext("The step is taken: %(step)s.", step=_step_text(row, trigger)))
    return url_for("desk.complaint", reference=reference)


# --- text blocks ---------------------------------------------------------------------------------------


@pages.route("/snippets", methods=["GET", "POST"])
@access(*READING_STAFF)
def snippets() -> Any:
    """Text blocks for reasons; everyone of the staff may add one."""
    form = Form()
    if request.method == "POST":
        form = Form.read(SnippetSchema())
        if not g.actor.is_staff:
            raise Forbidden("snippets")
        if response := form.submit(_snippet_kept):
            return response
    blocks = [{"title": block.title, "text": block.text} for block in queries.snippets()]
    return render_template("staff/snippets.html", form=form, blocks=blocks), form.status


def _snippet_kept(said: dict[str, Any]) -> str:
    operations.save_snippet(actor=g.actor, title=said["title"], text=said["text"])
    return url_for("decisions.snippets")
