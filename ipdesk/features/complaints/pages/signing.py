"""The last step: read, sign and file the notice, or throw the draft away."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext

from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.core.http.fields import CaseSchema
from ipdesk.core.http.forms import Form
from ipdesk.features.complaints import drafts, elements, operations, queries, schemas
from ipdesk.features.complaints.pages.base import draft_page, files_of, find_draft, load_draft, pages, plain_row, said_of
from ipdesk.features.complaints.pages.steps import frame


@pages.route("/<reference>/draft/preview", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def preview(reference: str) -> Any:
    """What each store will see, word for word; the statements; the signature; filing."""
    form = Form({"signed_name": g.actor.name})
    if request.method == "POST":
        form = _signature(reference)
        if response := form.submit(lambda said: _filed(reference, said)):
            return response
    now = load_draft(reference)
    if now.right is None:
        return redirect(draft_page(now.notice))
    said = said_of(now)
    statements = elements.statements(said.regime.regime)
    return render_template(
        "rights_holder/notice/preview.html", form=form, **frame(now), views=drafts.store_views(said),
        unreadable=[one for one in files_of(now).values() if one["trouble"]],
        shown=said.digest(), statements=statements, missing=said.missing(), notifier=said.contact.get("name", ""),
        others=[plain_row(place, row) for place, row in enumerate(now.rows) if row.answer != "accepted"],
        kept_back=[one["name"] for one in said.exhibits if one["visibility"] != "share"],
        unassigned=[one["name"] for one in said.exhibits if not one["all"] and not one["rows"]],
        secret_purchases=sum(one["visibility"] != "share" for one in said.purchases)), form.status


def _signature(reference: str) -> Form:
    """The signed form, by the statements of the notice's regime (filed meanwhile or not)."""
    regime = drafts.regime_of(g.actor, reference)
    codes = [line["code"] for line in elements.statements(regime)] if regime else []
    return Form.read(schemas.sign_schema(codes))


def _filed(reference: str, said: dict[str, Any]) -> str:
    filed = operations.file_draft(
        actor=g.actor, notice=queries.notice(g.actor, reference), signed_name=said["signed_name"],
        statements=[name.removeprefix("statement_") for name, ticked in said.items()
                    if name.startswith("statement_") and ticked],
        shown=said["shown"], seen=said["seen"])
    return url_for("complaints.filed", reference=filed[0].reference,
                   also=[notice.reference for notice in filed[1:]] or None)


@pages.route("/<reference>/draft/discard", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def discard(reference: str) -> Any:
    """Throw a draft away, after one screen that says so."""
    form = Form()
    if request.method == "POST":
        form = Form.read(CaseSchema())
        if response := form.submit(lambda said: _discarded(reference, said)):
            return response
    return render_template("rights_holder/notice/discard.html", form=form,
                           **frame(load_draft(reference))), form.status


def _discarded(reference: str, said: dict[str, Any]) -> str:
    operations.withdraw_notice(actor=g.actor, notice=find_draft(reference), seen=said["seen"])
    flash(gettext("The draft is discarded."), "success")
    return url_for("complaints.index")
