"""What waits for staff, by what is due; taking, giving back, assigning; private notes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import flash, g, render_template, request, url_for
from flask_babel import get_locale, get_timezone, gettext

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.http.access import READING_STAFF, access
from ipdesk.core.http.forms import Form
from ipdesk.core.http.paging import Page, fetch_page
from ipdesk.core.http.problems import refusal_text
from ipdesk.core.kernel.text import translate
from ipdesk.features.accounts.holding import is_held_by_another
from ipdesk.features.decisions import queries, work
from ipdesk.features.decisions.pages.blueprint import (
    button,
    case_row,
    go,
    handlers_only,
    locked_row,
    pages,
)
from ipdesk.features.decisions.schemas import AssignSchema, NoteSchema


@pages.get("/queue")
@access(*READING_STAFF)
def queue() -> Any:
    """Everything that waits for staff, the most urgent first, with the reason for its place."""
    asked = request.args.get("team", "")
    team = next((one for one in queries.teams() if str(one.id) == asked), None) if asked else None
    mine = bool(request.args.get("mine"))
    held_by = [g.actor.user_id] if mine else team.members if team else None
    kind = request.args.get("kind", "")
    kind = kind if kind in work.MODELS else ""
    keys = queries.queue_keys(held_by=held_by, only=kind)
    columns = keys.selected_columns
    found = fetch_page(keys, keys=[columns.due_at, columns.id], cursor=request.args.get("cursor", ""))
    rows = [_shown(row) for row in queries.queue_rows(found.rows)]
    return render_template("staff/queue.html", page=Page(rows, found.before, found.after), mine=mine, kind=kind, team=team)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    held = row["assignee_id"] is not None and (
        row["taken_until"] is None or row["taken_until"] > g.actor.at)
    languages = (row["locale"], row.get("seller_locale"))
    return {
        **row, "languages": list(dict.fromkeys(filter(None, languages))), **reason_for_place(row["clock"], g.actor.at), "held": held,
        "held_by_me": held and row["assignee_id"] == g.actor.user_id,
        "href": where(row["kind"], row["reference"]),
    }


def where(kind: str, reference: str) -> str:
    """The page on which staff work on the case."""
    if kind == "notice":
        return url_for("decisions.screen", reference=reference)
    if kind == "right":
        return url_for("rights.judge" if g.actor.has("legal", "reviewer") else "rights.right", reference=reference)
    return url_for("desk.complaint", reference=reference)


def reason_for_place(clock: Mapping[str, Any] | None, now: datetime) -> dict[str, str]:
    """Why the row stands where it stands: which ``clock``, how far it has run (``why``), its ``tone``."""
    if clock is None:
        return {"clock": gettext("No clock of the desk runs"), "why": gettext("look at it first"),
                "tone": "overdue"}
    label = translate(rules.workflows.deadline(clock["name"])["label"], str(get_locale()))
    target, breach = clock["target_at"], clock["breach_at"]
    if clock["acts"]:
        return {"clock": label, "tone": "overdue" if target <= now else "soon",
                "why": gettext("examine it before %(when)s, otherwise the listing comes back", when=_when(breach))}
    if clock["missed"] or breach < now:
        return {"clock": label, "why": gettext("overdue since %(when)s", when=_when(breach)),
                "tone": "overdue"}
    if target is not None and target < now:
        return {"clock": label, "tone": "soon",
                "why": gettext("target passed, overdue from %(when)s", when=_when(breach))}
    return {"clock": label, "why": gettext("target %(when)s", when=_when(target or breach)),
            "tone": "calm"}


def _when(at: datetime) -> str:
    return moment_text(at, str(get_timezone()), str(get_locale()))


@pages.post("/queue/next")
@handlers_only
def take_next() -> Any:
    """Take the most urgent case that this handler may work on and open it."""
    with unit_of_work():
        row = work.take_next(actor=g.actor)
        target = where(row.case.kind, row.reference) if row is not None else None
    if target is None:
        flash(gettext("Nothing waits that you may take now."))
        return go(url_for("decisions.queue"))
    return go(target)


@pages.post("/work/<kind>/<reference>/take")
@handlers_only
def take(kind: str, reference: str) -> Any:
    def act(_said: dict[str, Any]) -> str:
        work.take(actor=g.actor, row=locked_row(kind, reference))
        return where(kind, reference)

    return button(act)


@pages.post("/work/<kind>/<reference>/give-back")
@access("admin", "legal", "reviewer")
def give_back(kind: str, reference: str) -> Any:
    def act(_said: dict[str, Any]) -> str:
        work.give_back(actor=g.actor, row=locked_row(kind, reference))
        return url_for("decisions.queue")

    return button(act)


@pages.route("/work/<kind>/<reference>/assign", methods=["GET", "POST"])
@access("admin")
def assign(kind: str, reference: str) -> Any:
    """Give a case to a handler: who could have it, how much each holds, and who cannot and why."""
    form = Form()
    if request.method == "POST":
        form = Form.read(AssignSchema())
        if response := form.submit(lambda said: _assigned(kind, reference, said)):
            return response
    row = case_row(kind, reference)
    load = queries.load_per_handler(g.actor.at)
    return render_template(
        "staff/assign.html", form=form, reference=row.reference, href=where(kind, reference),
        holder=queries.holder_of(row, g.actor.at), people=[{
            "id": user.id, "name": user.name, "load": load.get(user.id, 0),
            "why_not": refusal_text(why_not, {"name": user.name}) if why_not else "",
        } for user, why_not in work.candidates(row)]), form.status


def _assigned(kind: str, reference: str, said: Mapping[str, Any]) -> str:
    user = work.reassign(actor=g.actor, row=locked_row(kind, reference), user_id=said["user_id"])
    flash(gettext("The case is assigned to %(name)s.", name=user.name), "success")
    return where(kind, reference)


@pages.app_template_global()
def holding(kind: str, reference: str) -> dict[str, Any]:
    """What ``staff/_holder.html`` reads, for pages of features that know nothing of this one."""
    row = case_row(kind, reference)
    return {"holder": queries.holder_of(row, g.actor.at), "held_by_another": is_held_by_another(g.actor, row),
            "conflict": queries.conflict_of(g.actor.user_id, row) is not None,
            "notes": queries.plain_notes([row.id])}


@pages.post("/work/<kind>/<reference>/notes")
@access("admin", "legal", "reviewer")
def write_note(kind: str, reference: str) -> Any:
    def act(said: dict[str, Any]) -> str:
        work.write_note(actor=g.actor, row=locked_row(kind, reference), text=said["text"])
        return where(kind, reference) + "#notes"

    form = Form.read(NoteSchema())
    return form.submit(act) or (render_template(
        "staff/note.html", form=form, reference=reference, href=where(kind, reference)), form.status)


def handlers() -> list[tuple[int, str]]:
    """Who can be given a case."""
    return [(user.id, user.name) for user in work.handlers()]
