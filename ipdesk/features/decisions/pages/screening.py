"""The screening of a notice: what is there, what is missing, and what staff make of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, render_template, request, url_for
from flask_babel import gettext

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.timeline import timeline
from ipdesk.core.db.core import db
from ipdesk.core.http.access import READING_STAFF, access
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Forbidden
from ipdesk.features.accounts.holding import is_held_by_another
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.catalogue.queries import waiting_pictures
from ipdesk.features.complaints import elements
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.facts import right_of_notice
from ipdesk.features.complaints.models import Notice
from ipdesk.features.counter_notices.facts import exhibit_facts
from ipdesk.features.decisions import operations, queries
from ipdesk.features.decisions.pages.blueprint import (
    HANDLERS,
    done,
    fresh,
    locked_row,
    pages,
    rehearsed,
)
from ipdesk.features.decisions.schemas import ScreenSchema
from ipdesk.features.evidence import queries as evidence
from ipdesk.features.holds.strictest import meets


@pages.route("/notices/<reference>/screen", methods=["GET", "POST"])
@access(*READING_STAFF)
def screen(reference: str) -> Any:
    """A notice for staff: accept it, send it back with what is missing, or refuse it."""
    form = Form()
    if request.method == "POST":
        if not g.actor.has(*HANDLERS):
            raise Forbidden("screen")
        form = Form.read(ScreenSchema())

        if answer := _answer(reference, form):
            return answer
    row = complaints.notice(g.actor, reference)
    return render_template("staff/screen.html", form=form, **_facts(row, form)), form.status


def _answer(reference: str, form: Form) -> Any:
    """What the form leads to: the letters before they are sent, the case after it; ``None`` for the form again."""
    def act(said: dict[str, Any]) -> str:
        operations.screen(actor=g.actor, notice=locked_row("notice", reference), **_judgement(said))
        done({"accept": gettext("The notice is accepted."), "refuse": gettext("The notice is refused."),
              "send_back": gettext("The notice is sent back with what is missing.")}[said["trigger"]])
        return url_for("decisions.screen", reference=reference)

    step = form.values.get("step", "confirm")
    if step == "change":
        fresh(form)
    elif step == "confirm":
        return form.submit(act)
    elif not form.errors:
        letters = rehearsed(form, lambda: operations.rehearse_screening(
            actor=g.actor, notice=locked_row("notice", reference), **_judgement(form.data)))
        if letters is not None:
            return render_template("staff/screen_preview.html", form=form, letters=letters, reference=reference)
    return None


def _judgement(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name != "step"}


def _facts(row: Notice, form: Form) -> dict[str, Any]:
    missing = {element["code"] for element in elements.missing(row)} if row.regime else set()
    form.values.setdefault("missing", sorted(missing))
    open_to, events, stores = choices(g.actor, row), timeline(row, desk=True), queries.stores_of_notice(row.id)
    return {
        "view": disclosure.view(row, g.actor), "seen": row.version_id, "elsewhere": _elsewhere(row),
        "pictures_waiting": _pictures_waiting(row),
        "elements": _checklist(row, missing), "stores": stores,
        "exhibits": _exhibits(row, stores),
        "may": sorted({"accept", "send_back", "refuse"} & open_to.keys()),
        "conflict": queries.conflict_of(g.actor.user_id, row) is not None,
        "holder": queries.holder_of(row, g.actor.at), "held_by_another": is_held_by_another(g.actor, row),
        "notes": queries.plain_notes([row.id]), "events": events, "people": queries.colleagues(events),
    }


def _exhibits(row: Notice, stores: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The exhibits of the notice, each with who is to see it: its sharing and the listings with their stores; none means all."""
    titles = {line["claim_id"]: f"{line['title']} ({store['name']})" for store in stores for line in store["listings"]}
    return [exhibit_facts(one) | {
        "visibility": one.visibility, "filed_at": one.filed_at, "side": one.side, "trouble": one.blob.trouble,
        "listings": [titles[number] for number in sorted(one.claim_ids & titles.keys())]}
        for one in evidence.of_case(g.actor, row.id)]


def _pictures_waiting(row: Notice) -> int:
    """Pictures of the captured listings that are still to be fetched; an open notice on a desk that fetches any."""
    if not rules.settings["pictures"].hosts:
        return 0
    return waiting_pictures([complaint.id for complaint in complaints.complaints_of(row.id)])


def _elsewhere(row: Notice) -> str:
    """The market of the listings where the right, as the notice names it, does not hold there; else empty."""
    right, market = right_of_notice(row), db.session.get_one(Marketplace, row.case.marketplace_id).market
    return market if right and not meets(right["territory"], market) else ""


def _checklist(row: Notice, missing: set[str]) -> list[dict[str, Any]]:
    if not row.regime:
        return []
    return [{"code": element["code"], "label": element["label"], "article": element["article"],
             "missing": element["missing"], "proven_by": element["proven_by"], "present": element["code"] not in missing}
            for element in elements.required(row.regime)]
