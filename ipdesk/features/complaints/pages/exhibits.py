"""The step of the exhibits: files, and who sees them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import flash, g, redirect, render_template, request
from flask_babel import gettext, ngettext

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.core.http.fields import FormSchema
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid, NotVisible
from ipdesk.features.complaints import operations, schemas
from ipdesk.features.complaints.drafts import Draft
from ipdesk.features.complaints.pages.base import files_of, load_draft, pages, plain_row
from ipdesk.features.complaints.pages.steps import after, done_with, frame, step
from ipdesk.features.evidence import forms as evidence


@pages.route("/<reference>/draft/exhibits", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def exhibits(reference: str) -> Any:
    """Add files and see to whom each belongs. New ones are for all stores and shared."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.ExhibitsSchema())
        evidence.take_files(form, "exhibits")
        if response := form.submit(lambda said: _exhibits_kept(reference, said)):
            return response
    now = load_draft(reference)
    there = files_of(now)
    known = {one["reference"] for one in now.values["exhibits"]}
    new = [one for one in form.values.get("exhibits") or [] if one not in known]
    return render_template(
        "rights_holder/notice/exhibits.html", form=form, **frame(now), new=evidence.shown(new),
        files=[{**one, **there[one["reference"]], "places": _places(now, one["rows"])}
               for one in now.values["exhibits"] if one["reference"] in there]), form.status


def _places(now: Draft, rows: Iterable[str]) -> list[str]:
    titles = {row.entry.entered: row.listing.title for row in now.accepted}
    return [titles[row] for row in rows if row in titles]


def _exhibits_kept(reference: str, said: dict[str, Any]) -> str:
    new = [one.reference for one in evidence.drafts(said["exhibits"])]
    _add_exhibits(load_draft(reference), new)
    if not new:
        return after("exhibits", reference)
    flash(ngettext("%(num)s file is in the notice. Look who sees it, then continue.",
                   "%(num)s files are in the notice. Look who sees them, then continue.", len(new)), "success")
    return step("exhibits", reference)


def _add_exhibits(now: Draft, new: Sequence[str]) -> None:
    """Put files into the draft that are not in it yet, for all stores and shared."""
    known = {one["reference"] for one in now.values["exhibits"]}
    operations.save_draft(actor=g.actor, notice=now.notice, draft={
        "exhibits": [*now.values["exhibits"], *(
            {"reference": one, "visibility": "share", "all": True, "rows": []} for one in new if one not in known)],
        "done": done_with(now, "exhibits")})


@pages.post("/<reference>/draft/exhibits/arrived")
@access(*COMPLAINANTS)
def exhibit_arrived(reference: str) -> Any:
    """A file that has arrived belongs to the draft, although the form was not sent yet."""
    form = Form.read(schemas.ArrivedSchema())
    if form.errors:
        raise Invalid(form.errors)
    with unit_of_work():
        _add_exhibits(load_draft(reference), [one.reference for one in evidence.drafts([form.data["exhibit"]])])
    return "", 204


@pages.route("/<reference>/draft/exhibits/<exhibit>", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def exhibit(reference: str, exhibit: str) -> Any:
    """Who sees one exhibit: all stores or those of some listings, or the marketplace only."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.AssignSchema())
        if response := form.submit(lambda said: _assigned(reference, exhibit, said)):
            return response
    now = load_draft(reference)
    one, file = _exhibit_of(now, exhibit)
    if request.method == "GET":
        form.values = {"visibility": one["visibility"], "stores": "all" if one["all"] else "some",
                       "rows": [place for place, row in enumerate(now.rows) if row.entry.entered in one["rows"]]}
    rows = [plain_row(place, row) for place, row in enumerate(now.rows) if row.answer == "accepted"]
    return render_template("rights_holder/notice/exhibit.html", form=form, **frame(now), file=file,
                           rows=sorted(rows, key=lambda row: row["store"])), form.status


def _exhibit_of(now: Draft, exhibit: str) -> tuple[dict[str, Any], dict[str, Any]]:
    found, files = next((one for one in now.values["exhibits"] if one["reference"] == exhibit), None), files_of(now)
    if found is None or exhibit not in files:
        raise NotVisible
    return found, files[exhibit]


def _assigned(reference: str, exhibit: str, said: dict[str, Any]) -> str:
    now = load_draft(reference)
    _exhibit_of(now, exhibit)
    rows = [row.entry.entered for place, row in enumerate(now.rows)
            if place in said["rows"] and row.answer == "accepted"]
    if said["stores"] == "some" and not rows:
        raise Invalid({"rows": [gettext("Tick at least one listing, or choose all stores.")]})
    changed = {"visibility": said["visibility"], "all": said["stores"] == "all",
               "rows": rows if said["stores"] == "some" else []}
    _change_exhibits(now, lambda one: {**one, **changed} if one["reference"] == exhibit else one)
    return step("exhibits", reference)


def _change_exhibits(now: Draft, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    kept = [made for one in now.values["exhibits"] if (made := change(one)) is not None]
    operations.save_draft(actor=g.actor, notice=now.notice, draft={"exhibits": kept, "done": done_with(now, "exhibits")})


@pages.post("/<reference>/draft/exhibits/<exhibit>/remove")
@access(*COMPLAINANTS)
def remove_exhibit(reference: str, exhibit: str) -> Any:
    """Take an exhibit out of the draft."""
    form = Form.read(FormSchema())
    return form.submit(lambda said: _exhibit_removed(reference, exhibit)) or redirect(step("exhibits", reference), 303)


def _exhibit_removed(reference: str, exhibit: str) -> str:
    _change_exhibits(load_draft(reference), lambda one: None if one["reference"] == exhibit else one)
    return step("exhibits", reference)
