"""Legal staff examine a court paper, and record how the court decided."""

from typing import Any

from flask import g, render_template, request, url_for
from flask_babel import gettext

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.choices import choices
from ipdesk.core.http.access import access
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid, Refusal
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.counter_notices import operations
from ipdesk.features.counter_notices import queries as counter_notices
from ipdesk.features.counter_notices.models import COURT_FLAGS, CourtNotice
from ipdesk.features.counter_notices.operations import ONE_OF_SEVERAL
from ipdesk.features.decisions import queries, work
from ipdesk.features.decisions.pages.blueprint import done, locked_row, pages
from ipdesk.features.decisions.pages.queue import reason_for_place
from ipdesk.features.decisions.schemas import CourtOutcomeSchema, CourtPaperSchema
from ipdesk.features.evidence import forms as evidence

OUTCOMES = ("record_court_outcome_for_notifier", "record_court_outcome_for_seller")


@pages.route("/complaints/<reference>/court-papers/<int:number>", methods=["GET", "POST"])
@access("legal")
def court_paper(reference: str, number: int) -> Any:
    """Whether a court action qualifies: confirm it, or reject it with reasons."""
    row = complaints.complaint(g.actor, reference)
    paper = counter_notices.court_notice(row, number)
    if paper.result:
        raise Refusal("transition_not_allowed")
    form = Form({name: getattr(paper, name) for name in COURT_FLAGS} | {"seen": row.version_id})
    if request.method == "POST":
        form = Form.read(CourtPaperSchema())
        form.check(lambda: _require_shown(row, paper, form))
        if response := form.submit(lambda said: _examined(reference, number, said)):
            return response
    view = disclosure.view(row, g.actor)
    return render_template(
        "staff/court_paper.html", form=form, view=view, seen=row.version_id,
        may_reject=not {"reject_court_action", ONE_OF_SEVERAL}.isdisjoint(choices(g.actor, row)),
        clock=reason_for_place(queries.staff_clocks([row.id]).get(row.id), g.actor.at),
        unsaid=[name for name in operations.OF_THE_ACTION if not getattr(paper, name)],
        paper=next(one for one in view["court_notices"] if one["id"] == number)), form.status


def _require_shown(row: Complaint, paper: CourtNotice, form: Form) -> None:
    """A paper is confirmed only where the document shows everything that the rules ask for; each field says what is lacking."""
    if form.data.get("result") == "confirm":
        operations.require_filed(form.data.get("filed_on"), g.actor.at)
        if lacking := operations.not_shown(row, paper, form.data):
            raise Invalid({name: [text] for name, text in lacking.items()})


def _examined(reference: str, number: int, said: dict[str, Any]) -> str:
    row = locked_row("complaint", reference)
    work.require_free(g.actor, row)
    paper = counter_notices.court_notice(row, number)
    if said["result"] == "confirm":
        operations.confirm_court_action(
            actor=g.actor, complaint=row, notice=paper, reasons=said["reasons"], seen=said["seen"],
            findings={name: said[name] for name in (*operations.OF_THE_ACTION, *COURT_FLAGS)})
        done(gettext("The court paper is confirmed."))
    else:
        operations.reject_court_action(actor=g.actor, complaint=row, notice=paper,
                                       reasons=said["reasons"], seen=said["seen"])
        done(gettext("The court paper is rejected."))
    return url_for("desk.complaint", reference=reference)


@pages.route("/complaints/<reference>/court-outcome", methods=["GET", "POST"])
@access("legal")
def court_outcome(reference: str) -> Any:
    """How the court action ended, on a document that both sides may see."""
    row = complaints.complaint(g.actor, reference)
    open_to = choices(g.actor, row)
    movers = next((open_to[name].movers for name in OUTCOMES if name in open_to), None)
    if movers is None:
        raise Refusal("transition_not_allowed")
    form = Form({"claim_ids": list(movers), "seen": row.version_id})
    if request.method == "POST":
        form = Form.read(CourtOutcomeSchema())
        evidence.take_files(form, "documents")
        form.check(lambda: _require_document(form))
        if response := form.submit(lambda said: _ended(form, reference, said)):
            return response
    view = disclosure.view(row, g.actor)
    return render_template(
        "staff/court_outcome.html", form=form, view=view, seen=row.version_id,
        claims=[claim for claim in view["claims"] if claim["id"] in movers],
        exhibits=evidence.shown(form.values.get("documents") or [])), form.status


def _require_document(form: Form) -> None:
    if not form.values.get("documents"):
        raise Invalid({"documents": [gettext("Add the document of the court.")]})


def _ended(form: Form, reference: str, said: dict[str, Any]) -> str:
    row = locked_row("complaint", reference)
    work.require_free(g.actor, row)
    operations.record_court_outcome(
        actor=g.actor, complaint=row, claim_ids=said["claim_ids"],
        documents=evidence.drafts(form.data["documents"]),
        for_rights_holder=said["winner"] == "rights_holder", reasons=said["reasons"],
        seen=said["seen"])
    done(gettext("The outcome of the court action is recorded."))
    return url_for("desk.complaint", reference=reference)
