"""The step of the right: a notice begins with it, and a draft may change it."""

from typing import Any

from flask import g, render_template, request
from flask_babel import gettext

from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid, NotVisible
from ipdesk.features.catalogue import queries as catalogue
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import drafts, operations, queries, schemas
from ipdesk.features.complaints.drafts import Draft
from ipdesk.features.complaints.pages.base import load_draft, pages
from ipdesk.features.complaints.pages.steps import after, frame, step
from ipdesk.features.rights import operations as rights
from ipdesk.features.rights import queries as rights_queries
from ipdesk.features.rights.models import Right


@pages.route("/new", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def new_notice() -> Any:
    """Begin a notice with its right; from here on the draft survives."""
    form = _right_form(request.args.get("right", ""))
    if request.method == "POST":
        form = Form.read(schemas.RightSchema())
        if response := form.submit(_begun):
            return response
    return _right_page(form, None), form.status


def _right_form(reference: str) -> Form:
    return Form({"right": reference, "work_owner": queries.last_contact(g.actor).get("company", "")})


def _begun(said: dict[str, Any]) -> str:
    marketplace = _marketplace(said["marketplace"])
    right = _chosen_right(said, marketplace)
    notice = operations.start_notice(actor=g.actor, marketplace=marketplace, right=right)
    return step("listings", notice.reference)


def _marketplace(asked: int | None) -> Marketplace:
    there = list(catalogue.marketplaces())
    if len(there) == 1:
        return there[0]
    found = next((one for one in there if one.id == asked), None)
    if found is None:
        raise Invalid({"marketplace": [gettext("Choose the marketplace.")]})
    return found


def _chosen_right(said: dict[str, Any], marketplace: Marketplace) -> Right:
    if said["right"] == schemas.NEW_WORK:
        return rights.register_right(
            actor=g.actor, kind="copyright", title=said["work_title"], owner=said["work_owner"],
            description=said["work_description"], territory=marketplace.market.replace("*", ""),
            contact=_public_contact())
    try:
        found = rights_queries.right(g.actor, said["right"])
    except NotVisible:
        raise Invalid({"right": [gettext("Choose one of your rights, or describe the work.")]}) from None
    if not drafts.can_file_from(found, marketplace, rights_queries.today(g.actor.at)):
        raise Invalid({"right": [operations.RIGHT_ENDED]})
    return found


def _public_contact() -> dict[str, str]:
    return {"name": g.actor.name, "email": g.actor.email}


def _right_page(form: Form, now: Draft | None) -> str:
    own, day = rights_queries.of_organisation(g.actor), rights_queries.today(g.actor.at)
    there = [now.marketplace] if now else list(catalogue.marketplaces())
    usable = [right for right in own if any(drafts.can_file_from(right, one, day) for one in there)]
    ended = [right for right in own if right not in usable and right.state != "withdrawn"]
    return render_template(
        "rights_holder/notice/right.html", form=form, **(frame(now) if now else {"reference": ""}),
        rights=[_plain(right) for right in usable],
        ended=[_plain(right) for right in ended],
        marketplaces=[(one.id, one.name) for one in catalogue.marketplaces()] if now is None else [])


def _plain(right: Right) -> dict[str, Any]:
    return {"reference": right.reference, "kind": right.kind, "title": right.title,
            "number": right.number, "office": right.office, "owner": right.owner,
            "state": right.state, "valid_from": right.valid_from, "valid_until": right.valid_until,
            "begins_later": right.valid_from is not None and right.valid_from > rights_queries.today(g.actor.at)}


@pages.route("/<reference>/draft/right", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def right_step(reference: str) -> Any:
    """Choose another right for a draft."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.RightSchema())
        if response := form.submit(lambda said: _right_changed(reference, said)):
            return response
    now = load_draft(reference)
    if request.method == "GET":
        form.values = {"right": now.right.reference if now.right else "",
                       "work_owner": queries.last_contact(g.actor).get("company", "")}
    return _right_page(form, now), form.status


def _right_changed(reference: str, said: dict[str, Any]) -> str:
    now = load_draft(reference)
    right = _chosen_right(said, now.marketplace)
    operations.save_draft(actor=g.actor, notice=now.notice, right=right, draft=_fitting(now, right))
    return after("right_step", reference)


def _fitting(now: Draft, right: Right) -> dict[str, Any]:
    """Reasons that do not fit the new right are taken out of the draft."""
    codes = drafts.reason_codes(right.kind)
    return {
        "reason_code": now.values["reason_code"] if now.values["reason_code"] in codes else "",
        "rows": [{**row, "reason_code": row["reason_code"] if row["reason_code"] in codes else ""}
                 for row in now.values["rows"]],
    }
