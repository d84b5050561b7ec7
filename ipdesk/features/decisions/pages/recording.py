"""Documents received elsewhere: entered as they came, with the original and the time of arrival."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import g, render_template, request, url_for
from flask_babel import gettext
from marshmallow import Schema

from ipdesk.core.casework import clocks, disclosure
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid, Refusal
from ipdesk.features.catalogue import queries as catalogue
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import elements
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.counter_notices import operations as counter_notices
from ipdesk.features.counter_notices.models import COURT_FLAGS
from ipdesk.features.decisions import recorded
from ipdesk.features.decisions.pages.blueprint import handlers_only, locked_row, pages
from ipdesk.features.decisions.schemas import (
    ReceivedDocumentSchema,
    RecordedCounterNoticeSchema,
    RecordedCourtPaperSchema,
    RecordedNoticeSchema,
)
from ipdesk.features.evidence import forms as evidence


def _original(form: Form) -> Any:
    """The one file that came in; without it nothing can be recorded."""
    return evidence.drafts(form.data["original"])[0]


def _read(schema: Schema, *checks: Callable[[Form], Any]) -> Form:
    """The form with its document; everything that is missing or wrong is said at once."""
    form = Form.read(schema)
    evidence.take_files(form, "original")
    form.check(*(partial(check, form) for check in (*checks, _require_original)))
    return form


def _require_original(form: Form) -> None:
    if not form.values.get("original"):
        raise Invalid({"original": [gettext("Add the document as it came in.")]})


@pages.route("/notices/record", methods=["GET", "POST"])
@handlers_only
def record_notice() -> Any:
    """Enter a notice that came by mail, by post or through the designated agent."""
    form = Form({"channel": "mail", "acting_as": "owner", "locale": "en"})
    if request.method == "POST":
        form = _read(RecordedNoticeSchema(), lambda form: recorded.require_arrived(form.data.get("received_at"), g.actor.at))
        if response := form.submit(lambda said: _notice_recorded(form, said)):
            return response
    return render_template(
        "staff/record_notice.html", form=form, exhibits=evidence.shown(form.values.get("original") or []),
        marketplaces=catalogue.marketplaces(), reasons=rules.workflows.table("reason_codes"),
        statements=_every_statement()), form.status


def _every_statement() -> list[dict[str, Any]]:
    """The statements of both regimes: which apply is known only when right and market are."""
    return [{"regime": law.label, "lines": elements.statements(law.name)}
            for law in rules.workflows.workflows("complaint")]


def _notice_recorded(form: Form, said: dict[str, Any]) -> str:
    market = db.session.get(Marketplace, said["marketplace_id"])
    if market is None:
        raise Invalid({"marketplace_id": [gettext("Choose one.")]})
    notice = recorded.record_notice(actor=g.actor, marketplace=market, original=_original(form), said=said)
    return url_for("decisions.screen", reference=notice.reference)


@pages.route("/complaints/<reference>/record-counter-notice", methods=["GET", "POST"])
@handlers_only
def record_counter_notice(reference: str) -> Any:
    """Enter a counter-notification that came by mail, by post or through the designated agent."""
    row = complaints.complaint(g.actor, reference)
    choice = choices(g.actor, row).get("receive_counter_notice")
    if choice is None or not choice.allowed:
        raise Refusal(choice.why_not if choice else "transition_not_allowed")
    form = Form({"channel": "mail", "claim_ids": list(choice.movers), "seen": row.version_id})
    if request.method == "POST":
        form = _read(
            RecordedCounterNoticeSchema(),
            lambda form: counter_notices.require_arrival(row, form.data.get("received_at"), g.actor.at),
            lambda form: _require_elements(row, form.data))
        if response := form.submit(lambda said: _counter_notice_recorded(form, reference, said)):
            return response
    view = disclosure.view(row, g.actor)
    return render_template(
        "staff/record_counter_notice.html", form=form, view=view, seen=row.version_id,
        claims=[claim for claim in view["claims"] if claim["id"] in choice.movers],
        exhibits=evidence.shown(form.values.get("original") or []),
        grounds=rules.workflows.table("grounds"),
        statements=elements.statements(row.regime, "counter_notice")), form.status


def _require_elements(row: Complaint, said: Mapping[str, Any]) -> None:
    """What the regime asks for and the form does not say; all statements have one field here.

    A paper that itself lacks something may be kept as it came (``keep``), which the form offers then.
    """
    missing = {} if said.get("keep") else counter_notices.missing_fields(row.regime, _entered(row, said))
    if "explanation" in missing:  # the other texts fit whoever types it
        missing["explanation"] = [gettext("Enter what the letter says about why the complaint is wrong.")]
    if missing:
        raise Invalid({**{"statements" if name.startswith("statement_") else name: texts for name, texts in missing.items()},
                       "keep": [gettext("If the paper itself lacks this, tick here: it is kept as it came.")]})


def _entered(row: Complaint, said: Mapping[str, Any]) -> dict[str, Any]:
    return counter_notices.draft_record(
        row, complaints.claims_of(row.id, said.get("claim_ids", ())), grounds=said.get("grounds", ()),
        explanation=said.get("explanation", ""), contact=_contact(said), exhibits={},
        signed_name=said.get("signed_name", ""), statements=said.get("statements", ()))


def _contact(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: said.get(name, "") for name in ("name", "address", "phone", "email")}


def _counter_notice_recorded(form: Form, reference: str, said: dict[str, Any]) -> str:
    row = locked_row("complaint", reference)
    missing = counter_notices.lacking(row.regime, _entered(row, said)) if said["keep"] else []
    if missing:
        counter_notices.keep_deficient(
            actor=g.actor, complaint=row, claim_ids=said["claim_ids"], original=_original(form), missing=missing,
            received_at=said["received_at"], channel=said["channel"], signed_name=said["signed_name"])
        return url_for("desk.complaint", reference=reference)
    if not said["at_once"] and _acts_at_once(row, said):
        raise Invalid({"at_once": [gettext("The time after which the listings come back has passed since this arrived. They come "
                                           "back as soon as you record it. Tick this if the day of arrival is right.")]})
    counter_notices.file_counter_notice(
        actor=g.actor, complaint=row, claim_ids=said["claim_ids"], grounds=said["grounds"],
        explanation=said["explanation"], contact=_contact(said), signed_name=said["signed_name"],
        statements=said["statements"], original=_original(form), received_at=said["received_at"],
        channel=said["channel"], seen=said["seen"])
    return url_for("desk.complaint", reference=reference)


def _acts_at_once(row: Complaint, said: dict[str, Any]) -> bool:
    states = {claim.state for claim in complaints.claims_of(row.id, said["claim_ids"])}
    return clocks.over_by(
        workflow_of(row.case), states, "receive_counter_notice", "counter_notice_received", said["received_at"], g.actor.at)


@pages.route("/complaints/<reference>/record-court-paper", methods=["GET", "POST"])
@handlers_only
def record_court_paper(reference: str) -> Any:
    """Enter a notice of a court action that came by mail, by post or through the designated agent."""
    row = complaints.complaint(g.actor, reference)
    offered = choices(g.actor, row)
    known = [offered[name] for name in counter_notices.TELLING if name in offered]
    movers = [number for choice in known if choice.allowed for number in choice.movers]
    if not movers:
        raise Refusal(next((choice.why_not for choice in known), "transition_not_allowed"))
    form = Form({"channel": "mail", "claim_ids": movers, "seen": row.version_id})
    if request.method == "POST":
        form = _read(
            RecordedCourtPaperSchema(),
            lambda form: counter_notices.require_arrival(row, form.data.get("received_at"), g.actor.at),
            lambda form: counter_notices.require_filed(form.data.get("filed_on"), g.actor.at))
        if response := form.submit(lambda said: _court_paper_recorded(form, reference, said)):
            return response
    view = disclosure.view(row, g.actor)
    return render_template(
        "staff/record_court_paper.html", form=form, view=view, seen=row.version_id,
        claims=[claim for claim in view["claims"] if claim["id"] in movers],
        exhibits=evidence.shown(form.values.get("original") or []),
        statements=elements.statements(row.regime, "court_action")), form.status


def _court_paper_recorded(form: Form, reference: str, said: dict[str, Any]) -> str:
    row = locked_row("complaint", reference)
    counter_notices.tell_court_action(
        actor=g.actor, complaint=row, claim_ids=said["claim_ids"], forum=said["forum"],
        docket=said["docket"], filed_on=said["filed_on"], documents=[_original(form)],
        statements=said["statements"], signed_name=said["signed_name"],
        received_at=said["received_at"], channel=said["channel"], seen=said["seen"],
        **{name: said[name] for name in COURT_FLAGS})
    return url_for("desk.complaint", reference=reference)


@pages.route("/complaints/<reference>/record-document", methods=["GET", "POST"])
@handlers_only
def record_document(reference: str) -> Any:
    """Enter a rights holder's answer or taking back, or a seller's word to delete, that came in elsewhere."""
    row = complaints.complaint(g.actor, reference)
    offered = choices(g.actor, row)
    movers = {step: [number for name in names if name in offered and offered[name].allowed for number in offered[name].movers]
              for step, names in counter_notices.RECEIVED_STEPS.items()}
    steps = [step for step in movers if movers[step]]
    if not steps:
        raise Refusal("transition_not_allowed")
    form = Form({"channel": "mail", "seen": row.version_id, "step": steps[0] if len(steps) == 1 else ""})
    if request.method == "POST":
        form = _read(ReceivedDocumentSchema(), lambda form: counter_notices.require_arrival(row, form.data.get("received_at"), g.actor.at))
        if response := form.submit(lambda said: _document_recorded(form, reference, said)):
            return response
    view = disclosure.view(row, g.actor)
    return render_template(
        "staff/record_document.html", form=form, view=view, seen=row.version_id, steps=steps,
        claims=[claim for claim in view["claims"] if any(claim["id"] in found for found in movers.values())],
        exhibits=evidence.shown(form.values.get("original") or [])), form.status


def _document_recorded(form: Form, reference: str, said: dict[str, Any]) -> str:
    counter_notices.record_received(
        actor=g.actor, complaint=locked_row("complaint", reference), step=said["step"], claim_ids=said["claim_ids"],
        original=_original(form), received_at=said["received_at"], channel=said["channel"],
        signed_name=said["signed_name"], text=said["text"], seen=said["seen"])
    return url_for("desk.complaint", reference=reference)
