"""What a rights holder does about a complaint that the seller has contested, and taking it back."""

from typing import Any

from flask import flash, g, render_template, request
from flask_babel import gettext, ngettext

from ipdesk.core.casework.rules import rules
from ipdesk.core.http.access import access
from ipdesk.core.http.forms import Form
from ipdesk.features.complaints import elements
from ipdesk.features.complaints import operations as complaints
from ipdesk.features.counter_notices import operations, schemas
from ipdesk.features.counter_notices.models import COURT_FLAGS
from ipdesk.features.counter_notices.pages.base import (
    case_page,
    clock_of,
    find,
    open_claims,
    pages,
    statement_fields,
    uploaded,
)
from ipdesk.features.evidence import forms as evidence

TAKE_BACK = ("withdraw_claims", "retract_claims")


def _fill(form: Form, claims: list[dict[str, Any]], *, all_of_them: bool = True) -> None:
    """Tick in a fresh form the listings that the address names, or all, or the only one."""
    wanted = request.args.getlist("claim")
    if not form.values:
        form.values = {"signed_name": g.actor.name, "claim_ids": wanted or [
            claim["id"] for claim in claims if all_of_them or len(claims) == 1]}


@pages.route("/answer", methods=["GET", "POST"])
@access.public
def answer(reference: str) -> Any:
    """Answer a counter-notification. A guest comes by its link, so the case itself decides who may."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.AnswerSchema())
        evidence.take_files(form, "exhibits")
        evidence.take_files(form, "shared")
        if response := form.submit(lambda said: _answered(reference, said)):
            return response
    row, view = find(reference, "rights_holder")
    claims = open_claims(row, view, "answer_counter_notice")
    _fill(form, claims)
    return render_template(
        "rights_holder/answer.html", view=view, claims=claims, form=form,
        clock=clock_of(row, view, claims), exhibits=evidence.shown(form.values.get("exhibits") or []),
        shared=evidence.shown(form.values.get("shared") or []), back=case_page(reference)), form.status


def _answered(reference: str, said: dict[str, Any]) -> str:
    row, _ = find(reference, "rights_holder")
    exhibits = {**dict.fromkeys(uploaded(said.pop("exhibits")), "platform_only"),
                **dict.fromkeys(uploaded(said.pop("shared")), "share")}
    operations.answer_counter_notice(actor=g.actor, complaint=row, exhibits=exhibits, **said)
    flash(gettext("Your answer is sent. The marketplace decides next."), "success")
    return case_page(reference)


@pages.route("/withdraw", methods=["GET", "POST"])
@access.public
def withdraw(reference: str) -> Any:
    """Take the complaint back, whole or for single listings."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.ChosenSchema())
        if response := form.submit(lambda said: _taken_back(reference, said)):
            return response
    row, view = find(reference, "rights_holder")
    claims = open_claims(row, view, *TAKE_BACK)
    _fill(form, claims, all_of_them=False)
    law = rules.workflows.workflow(view["regime"])
    told = any(claim["state"] != law.initial for claim in claims)
    return render_template("rights_holder/withdraw.html", view=view, claims=claims, form=form,
                           told=told, back=case_page(reference)), form.status


def _taken_back(reference: str, said: dict[str, Any]) -> str:
    row, _ = find(reference, "rights_holder")
    complaints.take_back(actor=g.actor, complaint=row, **said)
    flash(ngettext("The complaint about this listing is taken back.",
                   "The complaint about %(num)s listings is taken back.",
                   len(said["claim_ids"])), "success")
    return case_page(reference)


@pages.route("/court-action", methods=["GET", "POST"])
@access.public
def court_action(reference: str) -> Any:
    """Tell of a court action with its document."""
    row, view = find(reference, "rights_holder")
    statements = elements.statements(row.regime, "court_action")
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.court_action_schema([line["code"] for line in statements]))
        evidence.take_files(form, "documents")
        _warn_of_locked(form)
        if response := form.submit(lambda said: _told(reference, said)):
            return response
    claims = open_claims(row, view, *operations.TELLING)
    _fill(form, claims)
    return render_template(
        "rights_holder/court_action.html", view=view, claims=claims, form=form,
        statements=statements, clock=clock_of(row, view, claims),
        documents=evidence.shown(form.values.get("documents") or []),
        flags=_flags(row.regime), back=case_page(reference)), form.status


def _warn_of_locked(form: Form) -> None:
    """Say once that nobody can read what was handed in; signed again it is taken as it is."""
    documents = uploaded(form.values["documents"])
    if documents and not form.values.get("locked") and all(one.blob.trouble for one in documents):
        locked = all(one.blob.trouble == "password" for one in documents)
        form.refuse({**form.errors, "documents": [gettext(
            "This document is locked with a password, so that neither the marketplace nor the seller can read it. Add an "
            "unlocked copy. If you have none, sign again: it is then taken as it is.") if locked else gettext(
            "This document cannot be opened here, so that perhaps neither the marketplace nor the seller can read it. Add another "
            "copy. If you have none, sign again: it is then taken as it is.")]})
        form.values["locked"] = "true"


def _flags(regime: str) -> list[str]:
    """What the regime wants to know of the action beside court, number and day."""
    return [proof for element in elements.required(regime, "court_action")
            for proof in element["proven_by"] if proof in COURT_FLAGS]


def _told(reference: str, said: dict[str, Any]) -> str:
    row, _ = find(reference, "rights_holder")
    codes = statement_fields(said)
    facts = {name: value for name, value in said.items() if not name.startswith("statement_") and name != "locked"}
    documents = uploaded(facts.pop("documents"))
    operations.tell_court_action(
        actor=g.actor, complaint=row, documents=documents, statements=codes, **facts)
    flash(gettext("The court action is on file. The marketplace examines the document; time limits "
                  "go on until it is confirmed."), "success")
    return case_page(reference)
