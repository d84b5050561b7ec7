"""The step of reason and explanation, for all listings and for single ones."""

from typing import Any

from flask import g, render_template, request
from flask_babel import get_locale, gettext

from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid
from ipdesk.core.kernel.text import translate
from ipdesk.features.complaints import drafts, operations, schemas
from ipdesk.features.complaints.drafts import Draft
from ipdesk.features.complaints.models import Notice
from ipdesk.features.complaints.pages.base import find_draft, load_draft, pages, plain_row
from ipdesk.features.complaints.pages.steps import after, frame, step


@pages.route("/<reference>/draft/reasons", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def reasons(reference: str) -> Any:
    """Reason and explanation for all listings."""
    now = load_draft(reference)
    form = Form({name: now.values[name] for name in ("reason_code", "explanation")})
    if request.method == "POST":
        form = Form.read(schemas.reason_schema(_codes(now)))
        if response := form.submit(lambda said: _reasons_kept(reference, said)):
            return response
    return _reasons_page(form, reference), form.status


def _codes(now: Draft) -> dict[str, Any]:
    if now.right is None:
        raise Invalid({"right": [gettext("Choose the right first.")]})
    return drafts.reason_codes(now.right.kind)


def _law(text: str) -> str:
    """A text of the law's files in the reader's language."""
    return translate(text, str(get_locale()))


def _reasons_page(form: Form, reference: str) -> str:
    now = load_draft(reference)
    codes = [{"value": code, "text": _law(row["label"]), "hint": _law(row["hint"])} for code, row in _codes(now).items()]
    rows = [plain_row(place, row) for place, row in enumerate(now.rows) if row.answer == "accepted"]
    return render_template(
        "rights_holder/notice/reasons.html", form=form, **frame(now), codes=codes, rows=rows,
        reason_code=now.values["reason_code"], explanation=now.values["explanation"])


def _reasons_kept(reference: str, said: dict[str, Any]) -> str:
    notice = find_draft(reference)
    draft = {"reason_code": said["reason_code"], "explanation": said["explanation"]}
    if said["own_reason_code"] or said["own_explanation"]:
        draft["rows"] = _given_to_rows(notice, {**said, "act": "set"})
    operations.save_draft(actor=g.actor, notice=notice, draft=draft)
    return after("reasons", reference)


@pages.post("/<reference>/draft/reasons/listings")
@access(*COMPLAINANTS)
def reasons_of_listings(reference: str) -> Any:
    """Another reason or explanation for the ticked listings."""
    form = Form.read(schemas.exception_schema(_codes(load_draft(reference))))
    if response := form.submit(lambda said: _exceptions_kept(reference, said)):
        return response
    now = load_draft(reference)
    form.values = {**form.values, **{name: form.values.get(name) or now.values[name] for name in ("reason_code", "explanation")}}
    return _reasons_page(form, reference), form.status


def _exceptions_kept(reference: str, said: dict[str, Any]) -> str:
    notice = find_draft(reference)
    for_all = {name: said[name] for name in ("reason_code", "explanation") if said[name]}
    operations.save_draft(actor=g.actor, notice=notice, draft={"rows": _given_to_rows(notice, said), **for_all})
    return step("reasons", reference) + "#listings"


def _given_to_rows(notice: Notice, said: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the draft, the ticked ones with a reason or explanation of their own, or without."""
    if not said["rows"]:
        raise Invalid({"rows": [gettext("Tick at least one listing.")]})
    if said["act"] == "set" and not (said["own_reason_code"] or said["own_explanation"]):
        raise Invalid({"own_explanation": [gettext("Choose a reason or write an explanation for the ticked listings.")]})
    own = {"reason_code": said["own_reason_code"], "explanation": said["own_explanation"]}
    given = own if said["act"] == "set" else {"reason_code": "", "explanation": ""}
    return [{**row, **given} if place in said["rows"] else row
            for place, row in enumerate((notice.draft or {}).get("rows", []))]
