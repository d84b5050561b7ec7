"""The lists of complaints: what was asked, which rows, and how a row reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import gettext
from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.wording import distance_text
from ipdesk.core.http.fields import clean
from ipdesk.core.http.paging import Page, fetch_page
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.workflow import Workflow
from ipdesk.desk import words
from ipdesk.desk.clocks import tone_of
from ipdesk.features.catalogue import queries as catalogue
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import NO_LIMIT, Complaint
from ipdesk.features.counter_notices import queries as counter_notices
from ipdesk.features.decisions.queries import SCREENED_WITH_NOTICE
from ipdesk.features.rights.models import Right
from ipdesk.features.rights.words import KIND_NAMES

FILTERS = ("stage", "state", "regime", "waiting", "store", "right", "q")
# Stands for "no such store" or "no such right": a filter that fits nothing shows nothing.
NOWHERE = 0


@dataclass(frozen=True)
class Asked:
    """The filters of a list as they were asked, with what store and right they mean."""

    values: Mapping[str, str]
    store_id: int | None = None
    right_id: int | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, said: Mapping[str, Any], actor: Actor) -> "Asked":
        """Filters out of a query string; store and right are found by what people know of them."""
        values = {name: clean(str(said.get(name, ""))[:200]).strip() for name in FILTERS}
        if values["stage"] not in words.STAGES:
            values["stage"] = ""
        if not words.any_state_label(values["state"]) or not actor.reads_as_staff:
            values["state"] = ""
        if values["regime"] not in dict(words.regimes()):
            values["regime"] = ""
        if values["waiting"] not in WAITING:
            values["waiting"] = ""
        store = _store(values["store"], actor) if values["store"] else None
        right = _right(values["right"], actor) if values["right"] else None
        notes = {}
        if store is not None:
            notes["store"] = f"{store.name} ({store.external_id})"
        if right is not None:
            notes["right"] = f"{right.title} {right.number}".strip()
        return cls(values, store.id if store else NOWHERE if values["store"] else None,
                   right.id if right else NOWHERE if values["right"] else None, notes)

    def query(self, actor: Actor, **more: Any) -> Select[Any]:
        """The rows asked for, out of those that ``actor`` may see."""
        return queries.complaint_list(actor, **{
            "stage": self.values["stage"], "state": self.values["state"], "regime": self.values["regime"],
            "waiting": self.values["waiting"], "search": self.values["q"],
            "store": self.store_id, "right": self.right_id} | more)

    def without(self, *names: str) -> dict[str, str]:
        """The query string without these filters and without empty ones."""
        return {name: value for name, value in self.values.items() if value and name not in names}

    def chips(self) -> list[dict[str, str]]:
        """What is filtered now, each with the query string that takes it away."""
        shown = {
            "stage": lambda v: str(words.STAGES[v]), "state": words.any_state_label, "regime": words.regime_label,
            "waiting": lambda v: str(WAITING[v]), "q": lambda v: v,
            "store": lambda v: gettext("Store: %(name)s", name=self.notes.get("store", v)),
            "right": lambda v: gettext("Right: %(name)s", name=self.notes.get("right", v)),
        }
        return [{"text": shown[name](value), "without": name}
                for name, value in self.values.items() if value]


WAITING: dict[str, Any] = {
    "seller": words.WAITS["seller"], "complainant": words.WAITS["rights_holder"],
    "staff": words.WAITS["staff"],
}


def _store(entered: str, actor: Actor) -> Store | None:
    """A store by its id at the marketplace, or by its name. Others' names are staff's to search."""
    query = select(Store).where(Store.external_id == entered)
    if not actor.reads_as_staff and actor.store_ids:
        query = query.where(Store.id.in_(sorted(actor.store_ids)))
    found = db.session.execute(query.order_by(Store.id).limit(1)).scalar()
    if found is not None:
        return found
    by_name = (store for market in catalogue.marketplaces()
               for store in catalogue.stores_named(entered, market, limit=1))
    return next(by_name, None)


def _right(entered: str, actor: Actor) -> Right | None:
    """A right by reference, number or title, out of those that the actor's complaints rest on."""
    case = aliased(Case)
    for same in (case.reference == entered.upper(), Right.number == entered, Right.title == entered):
        found = db.session.execute(
            select(Right).join(case, case.id == Right.id)
            .where(same, select(Complaint.id).where(
                Complaint.right_id == Right.id, queries.complaint_visible_to(actor)).exists())
            .order_by(Right.id).limit(1)).scalar()
        if found is not None:
            return found
    return None


def complaint_page_of(asked: Asked, actor: Actor, cursor: str, **more: Any) -> Page:
    """One page of the list, its rows ready to show: newest first, what a seller has to answer by its time limits."""
    urgent = more.get("waiting") == "seller"
    page = fetch_page(asked.query(actor, **more), cursor=cursor, descending=not urgent,
                      keys=[Complaint.respond_by, Complaint.id] if urgent else [Complaint.id])
    return Page(rows_of(page.rows, actor), page.before, page.after)


def rows_of(found: Sequence[Any], actor: Actor) -> list[dict[str, Any]]:
    """Rows of ``queries.complaint_list`` as a list shows them.

    A seller's rows also say which product they are about (``listing``, ``listings``: how many), who complains and
    whether they can still be contested: ``contestable`` with ``contest_until`` (words; empty where the law sets no limit).
    """
    rows = [_row(row, actor) for row in found]
    if not (actor.reads_as_staff or actor.organisation_id) and rows:
        ids = [row["id"] for row in rows]
        names, open_to = counter_notices.complainants(ids), counter_notices.still_contestable(ids)
        about = queries.first_listings(ids)
        for row in rows:
            until = open_to.get(row["id"])
            row["listing"], row["listings"] = about.get(row["id"], ("", 0))
            row["complainant"] = names.get(row["id"], "")
            row["contestable"] = row["id"] in open_to
            row["contest_until"] = short_moment(until) if until else ""
    return rows


def _row(row: Any, actor: Actor) -> dict[str, Any]:
    """A seller reads the state shown to it, and of the clocks its own one."""
    audience = "staff" if actor.reads_as_staff else (
        "seller" if queries.reads_as_seller(actor, row.organisation_id) else "rights_holder")
    law, state, waits_for, due = rules.workflows.workflow(row.regime), row.state, row.waits_for, row.next_due_at
    clock = _clock_of(law, state)
    if state == SCREENED_WITH_NOTICE:  # the notice is screened once for all stores, by its own clock
        waits_for, due = row.notice_waits_for, row.notice_due_at
        clock = next((one.deadline for one in rules.workflows.workflow("notice").states.values()
                      if one.waits_for == waits_for and one.deadline), "")
    if audience == "seller":
        state, due = row.seller_state, row.respond_by if row.respond_by < NO_LIMIT else None
        waits_for = law.states[state].waits_for if state in law.states else ""
        clock = _clock_of(law, state)
    return {
        **row._mapping, "state": state, "label": words.beside_badge(words.state_label(row.regime, state, audience), state),
        "reason": words.reason_label(row.reason_code),
        "right_kind_name": str(KIND_NAMES.get(row.right_kind, row.right_kind)),
        "who_acts": words.waits_text(waits_for, audience),
        "filed": short_moment(row.filed_at), "due": due_facts(due, actor.at, clock),
    }


def _clock_of(law: Workflow, state: str) -> str:
    """The name of the clock that runs in a state; empty for a summary of several."""
    return law.states[state].deadline or "" if state in law.states else ""


def due_facts(due: datetime | None, now: datetime, clock: str) -> dict[str, str] | None:
    """A due instant for one cell: ``when`` (short), ``iso``, ``distance``, ``tone``.

    The distance is counted in the days of ``clock``, as on the page of the case: two wordings would be two time limits.
    """
    if due is None:
        return None
    return {"when": short_moment(due), "iso": due.isoformat(), "tone": tone_of(due, now),
            "distance": distance_text(due, now, calendar=rules.workflows.deadline(clock).get("calendar", "none") if clock else "none",
                                      zone=rules.settings["zone"], locale=words.locale())}


def short_moment(at: datetime) -> str:
    """``Thu 3 Dec 2026, 23:59`` in the reader's zone, which the list names once."""
    pattern = "y年M月d日 EEE HH:mm" if words.locale().startswith("zh") else "EEE d MMM y, HH:mm"
    return format_datetime(at.astimezone(ZoneInfo(words.zone())), pattern, locale=words.locale())
