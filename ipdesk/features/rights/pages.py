"""Pages of rights: the owner's side registers and corrects, staff verify."""

from typing import Any

from babel import Locale
from flask import Blueprint, flash, g, render_template, request, url_for
from flask_babel import get_locale, gettext

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.timeline import timeline
from ipdesk.core.deadlines.wording import day_text
from ipdesk.core.http.access import COMPLAINANTS, READING_STAFF, access
from ipdesk.core.http.fields import CaseSchema
from ipdesk.core.http.forms import Form
from ipdesk.core.http.paging import fetch_page
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.evidence import forms as evidence
from ipdesk.features.evidence import queries as exhibits
from ipdesk.features.evidence.schemas import exhibit_as_plain
from ipdesk.features.rights import operations, queries, schemas, words
from ipdesk.features.rights.models import Right

pages = Blueprint("rights", __name__, url_prefix="/rights")
blueprints = [pages]


@pages.app_template_global()
def right_kind_name(kind: str) -> str:
    """A kind of right in words."""
    return str(words.KIND_NAMES[kind])


@pages.app_template_global()
def right_state_name(state: str) -> str:
    """A state of a right in words."""
    return str(words.STATE_NAMES[state])


@pages.app_template_filter("places")
def places(territory: str) -> str:
    """Country codes as names: ``US DE`` is ``United States, Germany``."""
    names = Locale.parse(str(get_locale())).territories
    comma: str = gettext(", ")
    return comma.join(names.get(code, code) for code in territory.split())


@pages.get("")
@access(*COMPLAINANTS, *READING_STAFF)
def index() -> Any:
    """The rights of one's own organisation; for staff everybody's."""
    asked = schemas.ListSchema().load(request.args)
    state = asked["state"] if asked["state"] in schemas.STATES else ""
    page = fetch_page(queries.right_list(g.actor, state=state), keys=[Right.id],
                      cursor=asked["cursor"], descending=True)
    return render_template("rights_holder/rights.html", page=page, state=state, states=schemas.STATES)


@pages.route("/new", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def new() -> Any:
    """Register a right."""
    form = Form({"contact_name": g.actor.name, "contact_email": g.actor.email,
                 "kind": request.args.get("kind", "")})
    if request.method == "POST":
        form = _read(schemas.RightSchema())
        if response := form.submit(_registered):
            return response
    return _form_page(form, None), form.status


def _read(schema: schemas.RightSchema) -> Form:
    form = Form.read(schema)
    if form.errors and "kind" in form.data:
        known = {name: form.data[name] for name in operations.CHECKED if name in form.data}
        found = operations.wrong_entries(on=queries.today(g.actor.at), **known)
        form.refuse({**{name: [gettext(text) for text in texts] for name, texts in found.items()}, **form.errors})
    evidence.take_files(form, "certificates")
    return form


def _registered(said: dict[str, Any]) -> str:
    right = operations.register_right(
        actor=g.actor, **schemas.entries_of(said), certificates=evidence.drafts(said["certificates"]))
    flash(gettext("The right is registered.") + " " + _usable(right), "success")
    return _page_of(right)


def _usable(right: Right) -> str:
    """From when on notices can rest on the right."""
    if right.valid_from and right.valid_from > queries.today(g.actor.at):
        return gettext("You can file notices from it from %(day)s on, when it begins.",
                       day=day_text(right.valid_from, str(get_locale())))
    return gettext("You can file notices from it now.")


def _page_of(right: Right) -> str:
    return url_for("rights.right", reference=right.reference)


def _form_page(form: Form, view: dict[str, Any] | None) -> str:
    return render_template(
        "rights_holder/right_form.html", form=form, view=view,
        certificates=evidence.shown(form.values.get("certificates") or []))


@pages.get("/<reference>")
@access(*COMPLAINANTS, *READING_STAFF)
def right(reference: str) -> Any:
    """One right: its state, who verifies it until when, its entries and papers."""
    row = queries.right(g.actor, reference)
    return render_template("rights_holder/right.html", **_facts(row), events=timeline(row))


def _facts(row: Right) -> dict[str, Any]:
    return {
        "begins_later": bool(row.valid_from and row.valid_from > queries.today(g.actor.at)),
        "view": disclosure.view(row, g.actor), "choices": choices(g.actor, row),
        "papers": [exhibit_as_plain(paper, describe=evidence.trouble_text)
                   for paper in exhibits.of_case(g.actor, row.id, role="right")],
    }


@pages.route("/<reference>/correct", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def correct(reference: str) -> Any:
    """Correct a right, or renew one that has ended; it is verified anew."""
    form = Form()
    if request.method == "POST":
        form = _read(schemas.CorrectedRightSchema())
        if response := form.submit(lambda said: _corrected(reference, said)):
            return response
    row = queries.right(g.actor, reference)
    view = disclosure.view(row, g.actor)
    _require(row, "correct_right", "renew_right")
    if request.method == "GET":
        form.values = _entered(view)
    return _form_page(form, view), form.status


def _require(row: Right, *triggers: str) -> None:
    found = choices(g.actor, row)
    if not any(name in found and found[name].allowed for name in triggers):
        raise Refusal("transition_not_allowed")


def _entered(view: dict[str, Any]) -> dict[str, Any]:
    values = {name: view[name] if view[name] is not None else "" for name in (
        "kind", "title", "number", "office", "owner", "territory", "classes", "description")}
    dates = {name: view[name].isoformat() if view[name] else "" for name in ("valid_from", "valid_until")}
    return {**values, **dates, **{f"contact_{part}": view["contact"].get(part, "") for part in schemas.CONTACT}}


def _corrected(reference: str, said: dict[str, Any]) -> str:
    row = queries.right(g.actor, reference)
    operations.correct_right(
        actor=g.actor, right=row, seen=said["seen"], certificates=evidence.drafts(said["certificates"]),
        **schemas.entries_of(said))
    flash(gettext("The right is registered again.") + " " + _usable(row), "success")
    return _page_of(row)


@pages.route("/<reference>/withdraw", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def withdraw(reference: str) -> Any:
    """Take a right off the desk, after one screen that says what that means."""
    form = Form()
    if request.method == "POST":
        form = Form.read(CaseSchema())
        if response := form.submit(lambda said: _withdrawn(reference, said)):
            return response
    row = queries.right(g.actor, reference)
    _require(row, "withdraw_right")
    return render_template("rights_holder/right_withdraw.html", form=form,
                           view=disclosure.view(row, g.actor)), form.status


def _withdrawn(reference: str, said: dict[str, Any]) -> str:
    row = queries.right(g.actor, reference)
    operations.withdraw_right(actor=g.actor, right=row, seen=said["seen"])
    flash(gettext("The right is removed."), "success")
    return _page_of(row)


@pages.route("/<reference>/judge", methods=["GET", "POST"])
@access("reviewer", "legal")
def judge(reference: str) -> Any:
    """Staff compare the entries with the papers and verify the right or reject it with reasons."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.JudgementSchema())
        if response := form.submit(lambda said: _judged(reference, said)):
            return response
    row = queries.right(g.actor, reference)
    return render_template("rights_holder/right_judge.html", form=form, **_facts(row)), form.status


def _judged(reference: str, said: dict[str, Any]) -> str:
    row = queries.right(g.actor, reference)
    operations.judge_right(actor=g.actor, right=row, **said)
    flash(gettext("The right is verified.") if said["trigger"] == "verify_right"
          else gettext("The right is rejected; its owner gets your reasons."), "success")
    return _page_of(row)
