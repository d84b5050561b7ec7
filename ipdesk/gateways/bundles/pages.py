"""Pages of bundles: ask for one, watch it being made, stop that, take it along. Staff only."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, send_file, url_for
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, validate

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.access import READING_STAFF, STAFF, access
from ipdesk.core.http.forms import Form
from ipdesk.core.http.problems import register_refusals
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.kernel.text import translate
from ipdesk.gateways.bundles import operations, queries
from ipdesk.gateways.bundles.gather import case_of
from ipdesk.gateways.bundles.models import LANGUAGES, Bundle
from ipdesk.gateways.bundles.record import record_beside

blueprint = Blueprint("bundles", __name__)
blueprints = [blueprint]

register_refusals({
    "bundle_not_made": _l("This bundle is not made yet."),
    "bundle_language_unknown": _l("Bundles are not made in this language."),
})
# What the worker is doing, where it is not the name of an exhibit.
_STEPS = {"": _l("Waiting for its turn"), "typeset": _l("Laying out the pages"), "bound": _l("Binding")}
_STATUS = {
    "waiting": _l("Waiting"), "running": _l("Being made"), "done": _l("Ready"), "failed": _l("Could not be made"),
    "cancelled": _l("Stopped"),
}


class BundleSchema(Schema):
    """What may be chosen of a bundle."""

    language = fields.String(load_default="en", validate=validate.OneOf(list(LANGUAGES)))


@blueprint.get("/<any(complaints, notices):kind>/<reference>/bundles")
@access(*READING_STAFF)
def bundles(kind: str, reference: str) -> Any:
    """The bundles of a case, newest first, and the way to the next one."""
    row = case_of(g.actor, reference)
    form = Form({"language": str(get_locale()) if str(get_locale()) in LANGUAGES else "en"})
    return _list(kind, row, form)


@blueprint.post("/<any(complaints, notices):kind>/<reference>/bundles")
@access(*STAFF)
def request_bundle(kind: str, reference: str) -> Any:
    """Ask for a bundle; the page that follows shows how far it is."""
    form = Form.read(BundleSchema())
    if response := form.submit(lambda data: url_for("bundles.bundle", reference=operations.request_bundle(
        actor=g.actor, row=case_of(g.actor, reference), language=data["language"]).reference)):
        return response
    return _list(kind, case_of(g.actor, reference), form), form.status


def _list(kind: str, row: Any, form: Form) -> str:
    found = [{**_facts(bundle), "by": name} for bundle, name in queries.bundles_of(g.actor, row.case.id)]
    return render_template("bundles/bundles.html", form=form, bundles=found, reference=row.reference, kind=kind,
                           bundle_languages=list(LANGUAGES.items()))


@blueprint.get("/bundles/<reference>")
@access(*READING_STAFF)
def bundle(reference: str) -> Any:
    """One bundle: on its way, ready, or why not."""
    return render_template("bundles/bundle.html", bundle=_facts(queries.bundle(g.actor, reference)))


@blueprint.get("/bundles/<reference>/progress")
@access(*READING_STAFF)
def progress(reference: str) -> Response:
    """The part of the page that moves; the script asks for it, and for the whole page once it is over."""
    facts = _facts(queries.bundle(g.actor, reference))
    response = make_response(render_template("bundles/_progress.html", bundle=facts))
    if not facts["is_open"]:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/bundles/<reference>/cancel")
@access(*STAFF)
def cancel(reference: str) -> Any:
    """Stop making it."""
    with unit_of_work():
        operations.cancel_bundle(actor=g.actor, bundle=queries.bundle(g.actor, reference))
    return redirect(url_for("bundles.bundle", reference=reference), 303)


@blueprint.get("/bundles/<reference>/file")
@access(*READING_STAFF)
def download(reference: str) -> Response:
    """The PDF, as a download. The log of the case tells who took it."""
    with unit_of_work():
        found = queries.bundle(g.actor, reference)
        operations.note_download(actor=g.actor, bundle=found)
        path, digest = queries.file_of(found), found.sha256
        name = f"{queries.case_of_bundle(found).reference}-court.pdf"
    db.session.rollback()
    if not path.exists():
        raise NotVisible
    response = send_file(path, mimetype="application/pdf", as_attachment=True, download_name=name, conditional=False, etag=digest)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.get("/bundles/<reference>/record")
@access(*READING_STAFF)
def download_record(reference: str) -> Response:
    """The signed record of a bundle, as a download; bundles of earlier versions have none."""
    found = queries.bundle(g.actor, reference)
    path = record_beside(queries.file_of(found))
    if not path.exists():
        raise NotVisible
    name = record_beside(Path(f"{queries.case_of_bundle(found).reference}-court.pdf")).name
    return send_file(path, mimetype="application/json", as_attachment=True, download_name=name, conditional=False)


def _facts(row: Bundle) -> dict[str, Any]:
    """A bundle as plain values for templates."""
    case, job = queries.case_of_bundle(row), row.job
    return {
        "reference": row.reference, "case": case.reference, "kind": f"{case.kind}s", "language": LANGUAGES[row.language],
        "requested_at": row.requested_at, "made_at": row.made_at, "pages": row.pages, "size": row.size, "sha256": row.sha256,
        "bundle_id": row.bundle_id, "status": job.status, "status_text": _STATUS[job.status], "is_open": job.is_open,
        "stopping": job.is_open and job.cancel_asked, "done": job.done, "total": job.total, "step": _STEPS.get(job.step, job.step),
        "has_record": record_beside(queries.file_of(row)).exists(),
        "error": translate(job.error, str(get_locale())) if job.error else "",
    }
