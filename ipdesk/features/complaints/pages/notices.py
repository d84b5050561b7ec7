"""My notices, the page of one notice, its receipt, making it good, taking it back."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.choices import Choice, choices
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.timeline import timeline
from ipdesk.core.db.core import db
from ipdesk.core.http.access import COMPLAINANTS, READING_STAFF, access
from ipdesk.core.http.fields import CaseSchema
from ipdesk.core.http.forms import Form
from ipdesk.core.http.paging import Page, fetch_page
from ipdesk.core.kernel.errors import Forbidden, Invalid, NotVisible, Refusal
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints import drafts, elements, entered, operations, queries, schemas
from ipdesk.features.complaints.models import Notice
from ipdesk.features.complaints.pages.base import pages
from ipdesk.features.evidence import forms as evidence
from ipdesk.features.evidence import queries as exhibits
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights.models import Right


@pages.app_template_global()
def notice_state_name(state: str) -> str:
    """A state of a notice in words."""
    return {
        "draft": gettext("Draft"), "filed": gettext("Filed, being screened"),
        "deficient": gettext("Sent back, something is missing"), "accepted": gettext("Accepted"),
        "refused": gettext("Refused"), "withdrawn": gettext("Withdrawn"),
    }[state]


@pages.get("")
@access(*COMPLAINANTS, *READING_STAFF)
def index() -> Any:
    """The notices of one's own organisation with their live state; for staff those that were filed."""
    asked = schemas.ListSchema().load(request.args)
    state = asked["state"] if asked["state"] in schemas.STATES else ""
    page = fetch_page(queries.notice_list(g.actor, state=state), keys=[Notice.id],
                      cursor=asked["cursor"], descending=True)
    counts = queries.counts_of_notices([row.id for row in page.rows])
    rows = [{**row._mapping, "complaints": counts.get(row.id, (0, 0))[0], "claims": counts.get(row.id, (0, 0))[1]}
            for row in page.rows]
    states = [one for one in schemas.STATES if one != "draft" or not g.actor.reads_as_staff]
    return render_template("rights_holder/notices.html", page=Page(rows, page.before, page.after),
                           state=state, states=states)


@pages.get("/<reference>")
@access.public
def notice(reference: str) -> Any:
    """One notice: where it is, one answer for each row, its complaints. A guest comes by its link."""
    row = _notice(reference)
    if row.state == "draft":
        return redirect(url_for("complaints.draft", reference=reference))
    if g.actor.reads_as_staff:
        return redirect(f"/notices/{reference}/screen")
    return render_template("rights_holder/notice.html", **_facts(row), events=timeline(row))


def _notice(reference: str) -> Notice:
    """The notice; a guest whose session has ended is asked to have a new link sent."""
    if g.actor.user_id is None and not g.actor.linked("guest") and not g.actor.linked("filer"):
        raise NotVisible
    return queries.notice(g.actor, reference)


def _own(reference: str) -> Notice:
    """The notice for a person of the notifier's own side: nobody signs or withdraws in another's name."""
    row = _notice(reference)
    if "rights_holder" not in rules.kinds["notice"].capacity(g.actor, row):
        raise Forbidden("rights_holder")
    return row


def _facts(row: Notice) -> dict[str, Any]:
    view = disclosure.view(row, g.actor)
    return {
        "view": view, "choices": choices(g.actor, row), "complaints": _complaints(row),
        "lacks": _lacks(view), "is_guest": view["is_guest"],
        "only_filed_here": "reads_for_guest" in rules.kinds["notice"].capacity(g.actor, row),
        "confirmed": view["guest_confirmed_at"] is not None,
        "exhibits": [_exhibit(one) for one in exhibits.of_case(g.actor, row.id, key_hash=evidence.key_hash())],
    }


def _complaints(row: Notice) -> list[dict[str, Any]]:
    """The complaints that the notice opened, with their live state."""
    found = queries.complaints_of(row.id)
    return [{
        "reference": one.reference, "state": one.state, "claims": one.claims_count, "regime": one.regime,
        "store": db.session.get(Store, one.store_id).name, "waits_for": one.waits_for,
        "due_at": one.next_due_at,
    } for one in found]


def _lacks(view: dict[str, Any]) -> list[dict[str, Any]]:
    """The elements that staff named, each as the letter words it."""
    if not view["regime"]:
        return []
    return [element for element in map(dict, elements.required(view["regime"]))
            if element["code"] in view["missing"]]


def _exhibit(one: Exhibit) -> dict[str, Any]:
    return {"reference": one.reference, "name": one.name, "visibility": one.visibility,
            "size": one.blob.size, "sha256": one.blob.sha256, "for_all": one.is_for_all_stores,
            "trouble": evidence.trouble_text(one.blob.trouble) if one.blob.trouble else ""}


# --- the receipt -------------------------------------------------------------------------------------


@pages.get("/<reference>/filed")
@access.public
def filed(reference: str) -> Any:
    """The receipt: one answer for each row, what happens next and until when."""
    wanted = [reference, *request.args.getlist("also")[:10]]
    found = [_notice(one) for one in wanted]
    if any(row.state == "draft" for row in found):
        raise NotVisible
    return render_template("rights_holder/notice/filed.html", notices=[_facts(row) for row in found])


# --- making good -------------------------------------------------------------------------------------

_FIELDS = {"contact.name": "name", "contact.email": "email", "contact.address": "address", "contact.phone": "phone"}


@pages.route("/<reference>/complete", methods=["GET", "POST"])
@access.public
def complete(reference: str) -> Any:
    """The exact elements that are missing, and a form to make them good."""
    row = _own(reference)
    statements = elements.statements(row.regime) if row.regime else []
    asks, kind = _asked(row), _right_asked(row)
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.complete_schema(
            [line["code"] for line in statements], _reasons(row), asks=asks, right=kind))
        evidence.take_files(form, "exhibits")
        if response := form.submit(lambda said: _completed(reference, said)):
            return response
    row = _own(reference)
    _require(choices(g.actor, row), "complete_notice")
    facts = _facts(row)
    if request.method == "GET":
        right = row.right_facts or {}
        form.values = {**row.contact, "explanation": row.explanation, "signed_name": "", "reason_code": row.reason_code,
                       **{name: right.get(name, "") for name in schemas.RIGHT_ENTRIES}}
    return render_template(
        "rights_holder/notice/complete.html", form=form, **facts, statements=statements, asks=asks,
        unreadable=[one for one in facts["exhibits"] if one["trouble"]], codes=list(_reasons(row).items()), right_asked=kind,
        files=evidence.shown(form.values.get("exhibits") or [])), form.status


def _named(row: Notice, *fields: str) -> bool:
    """Whether staff sent the notice back for an element that one of these fields proves."""
    return bool(row.regime) and any(
        not set(fields).isdisjoint(element["proven_by"])
        for element in elements.required(row.regime) if element["code"] in row.missing)


def _right_asked(row: Notice) -> str:
    """The kind of the right where its entries are to be made good; else empty."""
    right = db.session.get(Right, row.right_id) if row.right_id else None
    return right.kind if right and _named(row, "right") else ""


def _require(found: dict[str, Choice], trigger: str) -> None:
    if trigger not in found or not found[trigger].allowed:
        raise Refusal("transition_not_allowed")


def _asked(row: Notice) -> set[str]:
    """The fields of the form that the law or the house cannot do without in this notice."""
    if not row.regime:
        return set()
    asks = {_FIELDS.get(proof, proof) for proof in elements.asked(row.regime) if not proof.startswith("statement:")}
    if not any(request.form.get(name, "").strip() for name in ("address", "phone", "email")):
        asks.add("email")  # some way to reach the notifier every regime wants
    if any(line.answer == "accepted" for line in queries.rows_of_notice(row.id)):
        asks.discard("listings")
    if row.reason_code and not _named(row, "reason_code"):
        asks.discard("reason_code")
    return asks - {"right", "signed_name"}


def _reasons(row: Notice) -> dict[str, str]:
    right = db.session.get(Right, row.right_id) if row.right_id else None
    return {code: line["label"] for code, line in drafts.reason_codes(right.kind).items()} if right else {}


def _completed(reference: str, said: dict[str, Any]) -> str:
    entries = entered.from_text(said.get("listings") or "")
    try:
        operations.complete_notice(
            actor=g.actor, notice=_own(reference), seen=said["seen"],
            contact={name: said[name] for name in schemas.CONTACT}, explanation=said["explanation"],
            signed_name=said["signed_name"], entries=entries, reason_code=said.get("reason_code") or "",
            right={name: said[name] for name in schemas.RIGHT_ENTRIES} if "title" in said else None,
            exhibits=evidence.drafts(said["exhibits"]),
            statements=[name.removeprefix("statement_") for name in said if name.startswith("statement_")])
    except Invalid as error:
        raise Invalid({("listings" if name == "pasted" else name): texts
                       for name, texts in error.errors.items()}) from None
    flash(gettext("The notice is made good and filed again."), "success")
    return url_for("complaints.notice", reference=reference)


# --- taking back -------------------------------------------------------------------------------------


@pages.route("/<reference>/withdraw", methods=["GET", "POST"])
@access.public
def withdraw(reference: str) -> Any:
    """Take the whole notice back before it is accepted, after one screen that says what that means."""
    form = Form()
    if request.method == "POST":
        form = Form.read(CaseSchema())
        if response := form.submit(lambda said: _withdrawn(reference, said)):
            return response
    row = _own(reference)
    _require(choices(g.actor, row), "withdraw_notice")
    return render_template("rights_holder/notice/withdraw.html", form=form, **_facts(row)), form.status


def _withdrawn(reference: str, said: dict[str, Any]) -> str:
    operations.withdraw_notice(actor=g.actor, notice=_own(reference), seen=said["seen"])
    flash(gettext("The notice is withdrawn."), "success")
    return url_for("complaints.notice", reference=reference)
