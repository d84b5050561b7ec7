"""The step of the test purchases."""

from datetime import date
from typing import Any

from flask import g, redirect, render_template, request
from flask_babel import gettext

from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.core.http.fields import FormSchema
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid
from ipdesk.features.complaints import operations, schemas
from ipdesk.features.complaints.pages.base import load_draft, pages
from ipdesk.features.complaints.pages.steps import after, done_with, frame, step
from ipdesk.features.rights import queries as rights_queries


@pages.route("/<reference>/draft/purchases", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def purchases(reference: str) -> Any:
    """Add a test purchase; staff only unless it is shared."""
    form = Form({"visibility": "staff_only"})
    if request.method == "POST":
        form = Form.read(schemas.PurchaseSchema())
        if response := form.submit(lambda said: _purchase_kept(reference, said)):
            return response
    now = load_draft(reference)
    titles = {row.entry.entered: f"{row.listing.external_id} – {row.listing.title}" for row in now.accepted}
    return render_template(
        "rights_holder/notice/purchases.html", form=form, **frame(now),
        options=[(place, titles[row.entry.entered]) for place, row in enumerate(now.rows) if row.answer == "accepted"],
        there=[{**one, "listing": titles.get(one["entered"], one["entered"]),
                "ordered_on": date.fromisoformat(one["ordered_on"]) if one["ordered_on"] else None}
               for one in now.values["purchases"]],
        today=rights_queries.today(g.actor.at).isoformat()), form.status


def _purchase_kept(reference: str, said: dict[str, Any]) -> str:
    now = load_draft(reference)
    if said["ordered_on"] and said["ordered_on"] > rights_queries.today(g.actor.at):
        raise Invalid({"ordered_on": [gettext("This day lies in the future.")]})
    row = said["row"]
    if row is not None and not 0 <= row < len(now.rows):
        raise Invalid({"row": [gettext("Choose one of the listings.")]})
    bought = {
        "entered": now.rows[row].entry.entered if row is not None else "", "order_number": said["order_number"],
        "ordered_on": said["ordered_on"].isoformat() if said["ordered_on"] else "",
        "findings": said["findings"], "visibility": said["visibility"]}
    operations.save_draft(actor=g.actor, notice=now.notice, draft={
        "purchases": [*now.values["purchases"], bought], "done": done_with(now, "purchases")})
    return step("purchases", reference)


@pages.post("/<reference>/draft/purchases/remove")
@access(*COMPLAINANTS)
def remove_purchase(reference: str) -> Any:
    """Take a test purchase out of the draft."""
    form = Form.read(schemas.PurchaseRemovalSchema())
    return form.submit(lambda said: _purchase_removed(reference, said["place"])) or redirect(
        step("purchases", reference), 303)


def _purchase_removed(reference: str, place: int) -> str:
    now = load_draft(reference)
    kept = [one for number, one in enumerate(now.values["purchases"]) if number != place]
    operations.save_draft(actor=g.actor, notice=now.notice, draft={"purchases": kept})
    return step("purchases", reference)


@pages.post("/<reference>/draft/purchases/done")
@access(*COMPLAINANTS)
def purchases_done(reference: str) -> Any:
    """Go on from the test purchases."""
    form = Form.read(FormSchema())
    return form.submit(lambda said: _purchases_done(reference)) or redirect(step("purchases", reference), 303)


def _purchases_done(reference: str) -> str:
    now = load_draft(reference)
    operations.save_draft(actor=g.actor, notice=now.notice, draft={"done": done_with(now, "purchases")})
    return after("purchases", reference)
