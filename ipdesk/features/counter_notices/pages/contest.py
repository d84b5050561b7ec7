"""The counter-notification, screen by screen. What is typed is kept at every step, on every device.

The screens only keep a draft, so that sending one of them twice does no harm and a page reached by
the browser's way back is saved anew. The signature is the one form that acts.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext

from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.access import access
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid
from ipdesk.features.complaints import elements
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.counter_notices import copies, operations, queries, schemas
from ipdesk.features.counter_notices.models import CounterNotice
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
from ipdesk.features.evidence.models import Exhibit

STEPS = ("listings", "explanation", "exhibits", "contact", "sign")
TRIGGER = "receive_counter_notice"
_SCHEMAS = {"listings": schemas.ListingsSchema, "explanation": schemas.ExplanationSchema,
            "exhibits": schemas.ExhibitsSchema}
_STEP_OF = {"claim_ids": "listings", "grounds": "listings", "explanation": "explanation"}


@pages.route("/contest", methods=["GET", "POST"], defaults={"step": "listings"})
@pages.route("/contest/<any(explanation, exhibits, contact):step>", methods=["GET", "POST"])
@access("seller")
def contest(reference: str, step: str) -> Any:
    """One screen: shown with what was typed so far, kept, and on to the next one."""
    row, view = find(reference, "seller")
    claims = open_claims(row, view, TRIGGER)
    draft = operations.load_draft(actor=g.actor, complaint=row)
    form = Form(_shown(step, draft, claims))
    if request.method == "POST":
        form, back = _read(step, row)
        said = draft | _said(step, form, back)
        if not back:
            _ask(step, form, row, said)
        if not form.errors:
            with unit_of_work():
                operations.save_draft(actor=g.actor, complaint=complaints.complaint(g.actor, reference),
                                      form=said)
            return redirect(_address(reference, step, back), 303)
    return render_template(
        f"seller/contest_{step}.html", view=view, claims=claims, form=form,
        asked=operations.asked_fields(row.regime), statutory=copies.is_statutory(row.regime),
        statements=elements.statements(row.regime, copies.DOCUMENT), clock=clock_of(row, view, claims),
        exhibits=evidence.shown(form.values.get("exhibits") or []),
        shared=evidence.shown(form.values.get("shared") or []),
        helps=_helps(draft.get("grounds", ())),
        **_place(reference, step)), form.status


def _helps(codes: Iterable[str]) -> list[Mapping[str, str]]:
    """The chosen grounds for which the table says what shows them best."""
    table = rules.workflows.table("grounds")
    return [table[code] for code in codes if "helps" in table.get(code, {})]


def _place(reference: str, step: str) -> dict[str, Any]:
    """Where this screen stands among the others."""
    return {"step": STEPS.index(step) + 1, "steps": len(STEPS), "back": case_page(reference),
            "before": _address(reference, step, back=True)}


def _address(reference: str, step: str, back: bool) -> str:
    """The screen after ``step``, or the one before it; before the first stands the complaint."""
    place = STEPS.index(step) + (-1 if back else 1)
    if place < 0:
        return case_page(reference)
    if STEPS[place] == "sign":
        return url_for("counter_notices.sign", reference=reference)
    return url_for("counter_notices.contest", reference=reference, step=STEPS[place])


def _shown(step: str, draft: Mapping[str, Any], claims: list[dict[str, Any]]) -> dict[str, Any]:
    """The values of a screen that was opened: the draft, with what the desk knows already."""
    values = {"name": g.actor.name, **draft,
              **{f"statement_{code}": True for code in draft.get("statements", ())}}
    if step == "listings":
        chosen = request.args.getlist("claim", type=int) or draft.get("claim_ids") or (
            [claims[0]["id"]] if len(claims) == 1 else [])
        values["claim_ids"] = chosen
    return values


def _read(step: str, row: Complaint) -> tuple[Form, bool]:
    if step == "contact":
        codes = [line["code"] for line in elements.statements(row.regime, copies.DOCUMENT)]
        form = Form.read(schemas.contact_schema(codes))
    else:
        form = Form.read(_SCHEMAS[step]())
    back = request.form.get("go") == "back"
    if back:
        form.errors, form.status = {}, 200
    if step == "exhibits":
        evidence.take_files(form, "exhibits")
        evidence.take_files(form, "shared")
    return form, back


def _said(step: str, form: Form, back: bool) -> dict[str, Any]:
    """What this screen adds to the draft; on the way back as it was typed, right or wrong."""
    values = dict(form.values if back else form.data)
    values.pop("go", None)
    if step == "listings":
        values.setdefault("grounds", [])
        values["claim_ids"] = [int(one) for one in values.get("claim_ids", []) if str(one).isdigit()]
    if step == "contact":
        codes = statement_fields(values)
        values = {name: value for name, value in values.items()
                  if not name.startswith("statement_")}
        values["statements"] = codes
    return values


def _ask(step: str, form: Form, row: Complaint, said: Mapping[str, Any]) -> None:
    """Beside each field of this screen what the regime asks for and is not there."""
    missing = {field: [gettext(text) for text in texts]
               for field, texts in _missing(row, said).items()
               if _step_of(field) == step and field not in form.errors}
    if missing:
        form.refuse({**form.errors, **missing})


def _step_of(field: str) -> str:
    return _STEP_OF.get(field, "contact")


def _missing(row: Complaint, said: Mapping[str, Any]) -> dict[str, list[str]]:
    found = operations.missing_fields(row.regime, _record(row, _content(said), {}))
    found.pop("signed_name", None)  # the name is typed once, and asked for as the name
    return found


def _content(said: Mapping[str, Any]) -> dict[str, Any]:
    """A draft as the operation takes it. The name is typed once: it is the contact's and the signature."""
    return {
        "claim_ids": said.get("claim_ids", []), "grounds": said.get("grounds", []),
        "explanation": said.get("explanation", ""), "signed_name": said.get("name", ""),
        "contact": {field: said.get(field, "") for field in ("name", "address", "phone")},
        "statements": said.get("statements", []),
    }


def _record(
    row: Complaint, content: dict[str, Any], exhibits: Mapping[Exhibit, str],
) -> dict[str, Any]:
    claims = complaints.claims_of(row.id, content["claim_ids"])
    rest = {name: value for name, value in content.items() if name != "claim_ids"}
    return operations.draft_record(row, claims, exhibits=exhibits, **rest)


# --- the signature -----------------------------------------------------------------------------------


@pages.route("/contest/sign", methods=["GET", "POST"])
@access("seller")
def sign(reference: str) -> Any:
    """The exact copy that the rights holder will get, what signing means, and the signature."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.SignSchema())
        if response := form.submit(lambda said: _signed(reference, said)):
            return response
    row, view = find(reference, "seller")
    if form.status == 409 and (sent := _sent_already(row)):
        flash(gettext("This is done already: your counter-notification %(reference)s was sent from another page.",
                      reference=sent.reference), "success")
        return redirect(case_page(reference), 303)
    claims = open_claims(row, view, TRIGGER)
    draft = operations.load_draft(actor=g.actor, complaint=row)
    content, exhibits = _open_content(draft, claims), _exhibits(row, draft)
    said = _record(row, content, exhibits)
    missing = operations.missing_fields(row.regime, said)
    copy = operations.copy_for(row, said) if not missing else ""
    meaning = copies.explained(row.regime, row.state, said, str(get_locale())) if not missing else ""
    return render_template(
        "seller/contest_sign.html", view=view, form=form, said=said, copy=copy,
        meaning=meaning if meaning != copy else "",
        digest=operations.digest_of(copy, said), missing=_to_do(reference, missing),
        troubles={one.reference: evidence.trouble_text(one.blob.trouble) for one in exhibits if one.blob.trouble},
        statutory=copies.is_statutory(row.regime), clock=clock_of(row, view, claims),
        **_place(reference, "sign")), form.status


def _sent_already(row: Complaint) -> CounterNotice | None:
    """The person's own counter-notification, where nothing is left to contest because of it: signed in another window, for instance."""
    filed = queries.counter_notices_of(row.id)
    open_to = choices(g.actor, row).get(TRIGGER)
    return filed[-1] if filed and filed[-1].filed_by == g.actor.user_id and open_to is None else None


def _open_content(draft: Mapping[str, Any], claims: list[dict[str, Any]]) -> dict[str, Any]:
    """The draft about the listings that can still be contested."""
    can_be = {claim["id"] for claim in claims}
    content = _content(draft)
    return {**content, "claim_ids": [one for one in content["claim_ids"] if one in can_be]}


def _exhibits(row: Complaint, draft: Mapping[str, Any]) -> dict[Exhibit, str]:
    """The draft's files with who may see them."""
    shares = not copies.is_statutory(row.regime)
    return {
        **dict.fromkeys(uploaded(draft.get("exhibits", ())), "platform_only"),
        **dict.fromkeys(uploaded(draft.get("shared", ())), "share" if shares else "platform_only"),
    }


def _to_do(reference: str, missing: Mapping[str, list[str]]) -> list[dict[str, str]]:
    """What is still to be filled in, with the screen where that is done."""
    return [{"text": gettext(text), "href": url_for(
        "counter_notices.contest", reference=reference, step=_step_of(field)) + f"#{field}"}
        for field, texts in missing.items() for text in texts if field != "signed_name"]


def _signed(reference: str, said: dict[str, Any]) -> str:
    row, view = find(reference, "seller")
    draft = operations.load_draft(actor=g.actor, complaint=row)
    content = _open_content(draft, open_claims(row, view, TRIGGER))
    counter_notice = operations.file_counter_notice(
        actor=g.actor, complaint=row, exhibits=_exhibits(row, draft), copy_shown=said["copy"],
        seen=said["seen"], **content)
    flash(gettext("Your counter-notification %(reference)s is signed and sent.",
                  reference=counter_notice.reference), "success")
    return case_page(reference)


@pages.post("/contest/exhibits/arrived")
@access("seller")
def exhibit_arrived(reference: str) -> Any:
    """A file that has arrived belongs to the draft, although the screen was not sent yet."""
    form = Form.read(schemas.ArrivedSchema())
    if form.errors:
        raise Invalid(form.errors)
    with unit_of_work():
        row, view = find(reference, "seller")
        open_claims(row, view, TRIGGER)
        field, [exhibit] = form.data["field"], evidence.drafts([form.data["exhibit"]])
        there = operations.load_draft(actor=g.actor, complaint=row).get(field, ())
        operations.save_draft(actor=g.actor, complaint=row, form={
            field: list(dict.fromkeys([*there, exhibit.reference]))})
    return "", 204


@pages.post("/contest/exhibits/<exhibit>/share")
@access("seller")
def share(reference: str, exhibit: str) -> Any:
    """Change who may see a file that is not signed for yet."""
    form = Form.read(schemas.ShareSchema())
    with unit_of_work():
        row, _ = find(reference, "seller")
        draft = operations.load_draft(actor=g.actor, complaint=row)
        lists = {name: [one for one in draft.get(name, ()) if one != exhibit]
                 for name in ("exhibits", "shared")}
        lists["shared" if form.data.get("share") else "exhibits"].append(exhibit)
        operations.save_draft(actor=g.actor, complaint=row, form=lists)
    return redirect(url_for("counter_notices.sign", reference=reference, _anchor="exhibits"), 303)
