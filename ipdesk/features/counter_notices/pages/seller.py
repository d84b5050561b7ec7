"""What a seller reads before it answers, and Delete now."""

from typing import Any

from flask import flash, g, redirect, render_template, request
from flask_babel import gettext, ngettext

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.http.access import access
from ipdesk.core.http.forms import Form
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.counter_notices import operations, schemas
from ipdesk.features.counter_notices.pages.base import case_page, clock_of, find, open_claims, pages


@pages.get("/right")
@access.public
def right(reference: str) -> Any:
    """The details of the right, for whoever may see the complaint."""
    view = disclosure.view(complaints.complaint(g.actor, reference), g.actor)
    return render_template("seller/right.html", view=view, back=case_page(reference))


@pages.get("/complainant")
@access.public
def complainant(reference: str) -> Any:
    """The card of who complains, with the right's public contact."""
    view = disclosure.view(complaints.complaint(g.actor, reference), g.actor)
    return render_template("seller/complainant.html", view=view, back=case_page(reference))


@pages.route("/delete", methods=["GET", "POST"])
@access("seller")
def delete(reference: str) -> Any:
    """Delete now: one screen that says what happens, then the deed."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.ChosenSchema())
        if response := form.submit(lambda said: _deleted(reference, said)):
            return response
    row, view = find(reference, "seller")
    if form.status == 409 and _is_done(row, view, form.data["claim_ids"]):
        flash(gettext("This is done already: the deletion was asked for on another page."), "success")
        return redirect(case_page(reference), 303)
    claims = open_claims(row, view, "delete_listing")
    form.values = form.values or {"claim_ids": request.args.getlist("claim") or [
        claim["id"] for claim in claims if len(claims) == 1]}
    return render_template(
        "seller/delete.html", view=view, claims=claims, form=form, clock=clock_of(row, view, claims),
        others=complaints.elsewhere_complained_of(g.actor, row, _listings_of(row, claims)),
        back=case_page(reference)), form.status


def _listings_of(row: Complaint, claims: list[dict[str, Any]]) -> set[int]:
    return {claim.listing_id for claim in complaints.claims_of(row.id, {claim["id"] for claim in claims})}


def _is_done(row: Complaint, view: dict[str, Any], claim_ids: list[int]) -> bool:
    """Whether the seller's own side has had all of these listings deleted, in another window for instance."""
    law = workflow_of(row.case)
    ends = {edge.dest for edge in law.transitions if edge.trigger == "delete_listing"}
    return {claim["id"] for claim in view["claims"] if claim["state"] in ends}.issuperset(claim_ids)


def _deleted(reference: str, said: dict[str, Any]) -> str:
    row, _ = find(reference, "seller")
    operations.delete_listings(actor=g.actor, complaint=row, **said)
    flash(ngettext("The listing is being deleted. This admits nothing.",
                   "%(num)s listings are being deleted. This admits nothing.",
                   len(said["claim_ids"])), "success")
    return case_page(reference)
