"""A notice without account: written on one page, read through and signed on the next."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.http import grants
from ipdesk.core.http.access import access
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid
from ipdesk.core.kernel.text import translate
from ipdesk.features.accounts.setup import limiter
from ipdesk.features.catalogue import queries as catalogue
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import drafts, elements, entered, operations, schemas
from ipdesk.features.complaints.answers import Entry, answer_rows
from ipdesk.features.complaints.models import Notice
from ipdesk.features.complaints.pages.base import pages, plain_row
from ipdesk.features.evidence import forms as evidence

# A person writes a few notices an hour; a program that writes more has to come in by an account.
FILINGS, READINGS, LINKS = "10/hour", "60/hour", "10/hour"


_KINDS = ("copyright", "trademark", "design", "patent")  # as on the page
_RIGHT = ("kind", "title", "number", "office", "owner", "description")  # what a guest says of its right


def _is_filing() -> bool:
    return request.form.get("step") == "file"


@pages.route("/new-guest", methods=["GET", "POST"])
@access.public
@limiter.limit(READINGS, methods=["POST"])
@limiter.limit(FILINGS, methods=["POST"], exempt_when=lambda: not _is_filing())
def new_guest() -> Any:
    """Write a notice without account. POST ``step=check`` reads it through, ``step=file`` files it."""
    if g.actor.has("rights_holder", "agent"):
        return redirect(url_for("complaints.new_notice"))
    if g.actor.user_id is not None:
        return render_template("public/guest_signed_in.html")
    if request.method == "GET":
        return _write(Form())
    if request.form.get("step") == "change":
        return _write(Form(_carried()))
    return _file() if _is_filing() else _check()


def _carried() -> dict[str, Any]:
    """What was written, back in the form to be changed."""
    return {**request.form.to_dict(), "exhibits": request.form.getlist("exhibits")}


def _write(form: Form) -> Any:
    reasons = [(kind, [(code, translate(line["label"], str(get_locale()))) for code, line in drafts.reason_codes(kind).items()])
               for kind in _KINDS]
    return render_template(
        "public/guest_notice.html", form=form, reasons=reasons, most=operations.limit("listings_per_guest_notice"),
        marketplaces=[(one.id, one.name) for one in catalogue.marketplaces()],
        exhibits=evidence.shown(form.values.get("exhibits") or [])), form.status


def _check() -> Any:
    form = Form.read(schemas.GuestSchema())
    evidence.take_files(form, "exhibits")
    _examine(form)
    if form.errors:
        return _write(form)
    return _read_through(form)


def _examine(form: Form) -> None:
    """What only the desk's tables can say about the fields: kind and reason, listings, contact, marketplace."""
    if form.errors:
        return
    errors: dict[str, list[str]] = {}
    said = form.data
    for check in (_marketplace, _entries, _require_contact, _require_reason):
        try:
            check(said)
        except Invalid as error:
            errors.update(error.errors)
    if errors:
        form.refuse(errors)


def _marketplace(said: dict[str, Any]) -> Marketplace:
    there = list(catalogue.marketplaces())
    found = there[0] if len(there) == 1 else next((one for one in there if one.id == said["marketplace"]), None)
    if found is None:
        raise Invalid({"marketplace": [gettext("Choose the marketplace.")]})
    return found


def _entries(said: dict[str, Any]) -> list[Entry]:
    found = entered.from_text(said["pasted"])
    if len(found) > operations.limit("listings_per_guest_notice"):
        raise Invalid({"pasted": [gettext(operations.TOO_MANY_FOR_GUEST)]})
    if not any(row.answer == "accepted" for row in answer_rows(found, None, _marketplace(said), actor=g.actor)):
        raise Invalid({"pasted": [gettext(
            "None of these listings can be found here now. Check the address of the marketplace and each id.")]})
    return found


def _regime(said: dict[str, Any]) -> str:
    return drafts.regime_for(said["kind"], _marketplace(said)).regime


def _require_contact(said: dict[str, Any]) -> None:
    wanted = {proof.removeprefix("contact.") for proof in elements.asked(_regime(said)) if proof.startswith("contact.")}
    if empty := {name: [gettext("Fill this in. The law asks for it.")] for name in sorted(wanted) if not said[name]}:
        raise Invalid(empty)


def _require_reason(said: dict[str, Any]) -> None:
    if said["reason_code"] not in drafts.reason_codes(said["kind"]):
        raise Invalid({"reason_code": [gettext("This reason does not fit the kind of right. Choose another one.")]})


def _said(data: dict[str, Any]) -> drafts.Said:
    """The notice as its stores will see it; whoever has no account is its right's public contact, as the page says."""
    marketplace = _marketplace(data)
    right = {**{name: data[name] for name in _RIGHT},
             "territory": "", "classes": "", "valid_from": None, "valid_until": None, "verified_at": None,
             "reference": "", "contact": {name: data[name] for name in ("name", "email")}}
    return drafts.Said(
        right=right, regime=drafts.regime_for(data["kind"], marketplace),
        rows=answer_rows(_entries(data), None, marketplace, actor=g.actor), reason_code=data["reason_code"],
        explanation=data["explanation"], acting_as=data["acting_as"],
        contact={name: data[name] for name in schemas.CONTACT},
        exhibits=[{"reference": one["reference"], "name": one["name"], "visibility": "share", "all": True, "rows": []}
                  for one in evidence.shown(data["exhibits"])])


def _read_through(form: Form) -> Any:
    said = _said(form.data)
    return render_template(
        "public/guest_check.html", form=form, views=drafts.store_views(said), regime=said.regime,
        statements=elements.statements(said.regime.regime), shown=said.digest(), kept=_kept(form),
        unseen=[(label, said.contact[name]) for name, label in (
            ("address", gettext("Postal address")), ("phone", gettext("Telephone"))) if said.contact[name]],
        others=[plain_row(place, row) for place, row in enumerate(said.rows) if row.answer != "accepted"]), form.status


def _kept(form: Form) -> list[tuple[str, str]]:
    """What was written, to be carried by the page on which it is signed."""
    names = [name for name in schemas.GuestSchema().fields if name not in ("step", "exhibits")]
    kept = [(name, str(form.values.get(name) or "")) for name in names]
    return kept + [("exhibits", one) for one in form.values.get("exhibits") or []]


def _file() -> Any:
    # The statements depend on the right and the marketplace, which are part of what was sent.
    first = Form.read(schemas.GuestSchema(unknown="exclude"))
    _examine(first)
    if first.errors:
        return _write(first)
    codes = [line["code"] for line in elements.statements(_regime(first.data))]
    form = Form.read(schemas.signed_guest_schema(codes))
    response = form.submit(_filed)
    if response is None:
        form.data = first.data
        return _read_through(form)
    _follow(response)
    return response


def _filed(data: dict[str, Any]) -> str:
    said = _said(data)
    if said.digest() != data["shown"]:
        raise Invalid({"": [gettext("The listings changed while you were reading. Read it again before you sign.")]})
    right = {name: said.right[name] for name in (*_RIGHT, "territory", "contact")}
    notice = operations.file_as_guest(
        actor=g.actor, marketplace=_marketplace(data), right=right,
        entries=[row.entry for row in said.rows], exhibits=evidence.drafts(data["exhibits"]),
        reason_code=data["reason_code"], explanation=data["explanation"], contact=said.contact,
        signed_name=data["signed_name"], acting_as=data["acting_as"],
        statements=[name.removeprefix("statement_") for name in data if name.startswith("statement_")])
    return url_for("complaints.filed", reference=notice.reference)


def _follow(response: Response) -> None:
    """Let this browser read the notice that it filed. Only the holder of the form's key gets here.

    Anybody can write anybody's address into a form: the steps of a notifier, and what sellers say, are
    for whoever opens the link in the letter to that address.
    """
    reference = response.location.rstrip("/").split("/")[-2]
    case_id = db.session.execute(
        select(Notice.id).join(Case, Case.id == Notice.id)
        .where(Case.reference == reference, Notice.organisation_id.is_(None))).scalar_one()
    grants.grant("filer", case_id, g.actor.at)


# --- a new link --------------------------------------------------------------------------------------


@pages.route("/follow", methods=["GET", "POST"])
@access.public
@limiter.limit(LINKS, methods=["POST"])
def follow() -> Any:
    """A guest has a new link sent to the address of its notice."""
    form = Form({"reference": request.args.get("notice", "")})
    if request.method == "POST":
        form = Form.read(schemas.LinkSchema())
        if response := form.submit(_link_sent):
            return response
    return render_template("public/guest_follow.html", form=form), form.status


def _link_sent(said: dict[str, Any]) -> str:
    found = db.session.execute(
        select(Notice).join(Case, Case.id == Notice.id)
        .where(Case.reference == said["reference"].upper(), Notice.organisation_id.is_(None),
               Notice.state != "draft")).scalar_one_or_none()
    if found is not None and found.contact.get("email", "").lower() == said["email"].lower():
        operations.send_link(actor=g.actor, notice=found)
    # The same answer either way: nobody learns here which notices there are.
    flash(gettext("If the reference and the address belong together, a letter with a link is on its way."), "success")
    return url_for("complaints.follow")
