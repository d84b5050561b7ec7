"""The step of the contact: who files, and how to reach them."""

from typing import Any

from flask import g, render_template, request
from flask_babel import gettext

from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.core.http.forms import Form
from ipdesk.features.complaints import drafts, elements, operations, queries, schemas
from ipdesk.features.complaints.drafts import Draft
from ipdesk.features.complaints.pages.base import find_draft, load_draft, pages
from ipdesk.features.complaints.pages.steps import after, frame


@pages.route("/<reference>/draft/contact", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def contact(reference: str) -> Any:
    """Who files, and how to reach them; filled in from the last notice."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.ContactSchema())
        _require_contact(form, load_draft(reference))
        if response := form.submit(lambda said: _contact_kept(reference, said)):
            return response
    now = load_draft(reference)
    if request.method == "GET":
        known = now.values["contact"] or {
            "name": g.actor.name, "email": g.actor.email, **queries.last_contact(g.actor)}
        form.values = {**known, "acting_as": now.values["acting_as"] or (
            "agent" if g.actor.has("agent") else "owner")}
    return render_template("rights_holder/notice/contact.html", form=form, **frame(now),
                           asks=asked_contact(now)), form.status


def asked_contact(now: Draft) -> set[str]:
    """The parts of the contact that the regime cannot do without."""
    if now.right is None:
        return set()
    regime = drafts.regime_for(now.right.kind, now.marketplace).regime
    return {proof.removeprefix("contact.") for proof in elements.asked(regime) if proof.startswith("contact.")}


def _require_contact(form: Form, now: Draft) -> None:
    empty = {name: [gettext("Fill this in. The law asks for it.")] for name in sorted(asked_contact(now))
             if not form.values.get(name, "").strip() and name not in form.errors}
    if empty:
        form.refuse({**form.errors, **empty})


def _contact_kept(reference: str, said: dict[str, Any]) -> str:
    notice = find_draft(reference)
    operations.save_draft(actor=g.actor, notice=notice, draft={
        "acting_as": said["acting_as"], "contact": {name: said[name] for name in schemas.CONTACT}})
    return after("contact", reference)
