"""What a supervisor looks at: what is late, what does not get through, who has how much."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app, g, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.http.access import READING_STAFF, STAFF, access
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Forbidden, Invalid, NotVisible
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.decisions import operations, queries, work
from ipdesk.features.decisions.models import ConflictOfInterest
from ipdesk.features.decisions.pages.blueprint import button, pages
from ipdesk.features.decisions.pages.queue import handlers, reason_for_place, where
from ipdesk.features.decisions.schemas import ConflictSchema, SkillsSchema, TeamSchema
from ipdesk.features.holds import queries as holds


@pages.get("/supervision")
@access(*READING_STAFF)
def supervision() -> Any:
    """Late cases, clocks that fail, unconfirmed instructions, failed letters, alarms, load per handler."""
    load, skills, names = queries.load_per_handler(g.actor.at), queries.own_skills(), dict(handlers())
    late = [{**row, **reason_for_place(row["clock"], g.actor.at), "href": where(row["kind"], row["reference"])}
            for row in queries.late(g.actor.at)]
    return render_template(
        "staff/supervision.html", late=late, overdue=sum(row["tone"] == "overdue" for row in late),
        failing=_named(queries.failing_clocks()),
        letters=queries.failed_letters(),
        instructions=[{"listing": one.listing.external_id, "title": one.listing.title,
                       "created_at": one.created_at, "attempts": one.attempts,
                       "error": one.last_error} for one in holds.stuck(g.actor.at)[:50]],
        alarms=len(accounts.alarms(open_only=True)),
        people=[{"id": number, "name": name, "load": load.get(number, 0),
                 "skills": skills.get(number, [])} for number, name in names.items()],
        teams=[{"id": one.id, "name": one.name, "skills": one.skills,
                "members": [names[number] for number in one.members if number in names],
                "load": sum(load.get(number, 0) for number in one.members)} for one in queries.teams()],
        known_skills=known_skills())


def _named(clocks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Clocks with the name that the law gives them and the page of their case."""
    table = rules.workflows.table("deadlines")
    return [{**row, "label": table[row["name"]]["label"], "href": where(row["kind"], row["reference"])} for row in clocks]


def known_skills() -> list[str]:
    """Regimes and languages that a handler can be given."""
    return [*(law.name for law in rules.workflows.workflows("complaint")),
            *current_app.jinja_env.globals["locales"]]


@pages.post("/supervision/skills")
@access("admin")
def set_skills() -> Any:
    def act(said: dict[str, Any]) -> str:
        unknown = set(said["skills"]) - set(known_skills())
        if unknown:
            raise Invalid({"skills": [gettext("Choose from the list.")]})
        work.set_skills(actor=g.actor, user_id=said["user_id"], skills=said["skills"])
        return url_for("decisions.supervision") + "#people"

    return button(act, SkillsSchema())


@pages.route("/supervision/teams/new", methods=["GET", "POST"])
@access("admin")
def add_team() -> Any:
    """A new team: its name, its members, what they are given."""
    return _team_page(Form(), None)


@pages.route("/supervision/teams/<int:number>", methods=["GET", "POST"])
@access("admin")
def change_team(number: int) -> Any:
    """Change a team."""
    found = queries.team(number)
    return _team_page(Form({"name": found.name, "members": found.members, "skills": found.skills}), number)


def _team_page(form: Form, number: int | None) -> Any:
    if request.method == "POST":
        form = Form.read(TeamSchema())
        if response := form.submit(lambda said: _team_kept(said, number)):
            return response
    return render_template("staff/team.html", form=form, number=number, people=handlers(), known_skills=known_skills()), form.status


def _team_kept(said: dict[str, Any], number: int | None) -> str:
    if set(said["skills"]) - set(known_skills()):
        raise Invalid({"skills": [gettext("Choose from the list.")]})
    work.save_team(actor=g.actor, team_id=number, **said)
    return url_for("decisions.supervision") + "#teams"


@pages.post("/supervision/teams/<int:number>/remove")
@access("admin")
def remove_team(number: int) -> Any:
    def act(_said: dict[str, Any]) -> str:
        work.remove_team(actor=g.actor, team_id=queries.team(number).id)
        return url_for("decisions.supervision") + "#teams"

    return button(act)


# --- conflicts of interest -----------------------------------------------------------------------------


@pages.route("/conflicts", methods=["GET", "POST"])
@access(*STAFF)
def conflicts() -> Any:
    """One's own conflicts of interest; an administrator declares them for others too."""
    form = Form()
    if request.method == "POST":
        form = Form.read(ConflictSchema())
        if response := form.submit(_declared):
            return response
    people = handlers() if g.actor.has("admin") else [(g.actor.user_id, g.actor.name)]
    rows = [row for number, name in people for row in _plain(number, name)]
    return render_template("staff/conflicts.html", form=form, rows=rows, people=people), form.status


def _plain(user_id: int, name: str) -> list[dict[str, Any]]:
    found = []
    for one in queries.every_conflict(user_id):
        store = db.session.get(Store, one.store_id) if one.store_id else None
        side = accounts.organisation(one.organisation_id)
        found.append({"id": one.id, "handler": name, "because": one.because,
                      "declared_at": one.declared_at, "ended_at": one.ended_at,
                      "side": store.name if store else side.name if side else ""})
    return found


def _declared(said: dict[str, Any]) -> str:
    user_id = said["user_id"] or g.actor.user_id
    if user_id != g.actor.user_id and not g.actor.has("admin"):
        raise Forbidden("declare_conflict")
    operations.declare_conflict(
        actor=g.actor, user_id=user_id, because=said["because"], **_side(said))
    return url_for("decisions.conflicts")


def _side(said: dict[str, Any]) -> dict[str, int]:
    if said["store"]:
        store = db.session.execute(select(Store.id).where(
            Store.external_id == said["store"]).limit(1)).scalar()
        if store is None:
            raise Invalid({"store": [gettext("There is no store with this id.")]})
        return {"store_id": store}
    try:
        row = complaints.complaint(g.actor, said["complaint"].upper())
    except NotVisible:
        raise Invalid({"complaint": [gettext("There is no such complaint.")]}) from None
    if row.organisation_id is None:
        raise Invalid({"complaint": [gettext("This complaint came from somebody without an account.")]})
    return {"organisation_id": row.organisation_id}


@pages.post("/conflicts/<int:number>/end")
@access(*STAFF)
def end_conflict(number: int) -> Any:
    def act(_said: dict[str, Any]) -> str:
        row = db.session.get(ConflictOfInterest, number)
        if row is None or (row.user_id != g.actor.user_id and not g.actor.has("admin")):
            raise NotVisible
        operations.end_conflict(actor=g.actor, conflict=row)
        return url_for("decisions.conflicts")

    return button(act)
