"""Filing a notice step by step; every step is saved on its own."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext, ngettext

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.core.http.fields import CaseSchema, FormSchema
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid, NotVisible
from ipdesk.core.kernel.text import translate
from ipdesk.features.catalogue import queries as catalogue
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import drafts, elements, entered, operations, queries, schemas
from ipdesk.features.complaints.answers import Entry
from ipdesk.features.complaints.drafts import Draft
from ipdesk.features.complaints.models import Notice
from ipdesk.features.complaints.pages.base import (
    draft_page,
    files_of,
    find_draft,
    load_draft,
    pages,
    plain_row,
    plain_rows,
    said_of,
)
from ipdesk.features.evidence import forms as evidence
from ipdesk.features.rights import operations as rights
from ipdesk.features.rights import queries as rights_queries
from ipdesk.features.rights.models import Right

STEPS = ("right_step", "listings", "reasons", "exhibits", "purchases", "contact", "preview")
OPTIONAL = ("exhibits", "purchases")


def _step(name: str, reference: str) -> str:
    return url_for(f"complaints.{name}", reference=reference)


def _after(name: str, reference: str) -> str:
    """The step behind ``name``; a person goes through them in order and may leave at any time."""
    return _step(STEPS[STEPS.index(name) + 1], reference)


# --- the task list -----------------------------------------------------------------------------------


@pages.get("/<reference>/draft")
@access(*COMPLAINANTS)
def draft(reference: str) -> Any:
    """The steps of a draft with what is done."""
    found = queries.notice(g.actor, reference)
    if found.state != "draft":
        return redirect(url_for("complaints.notice", reference=reference))
    now = Draft.load(found, g.actor)
    return render_template("rights_holder/notice/draft.html", **_frame(now), tasks=_tasks(now))


def _frame(now: Draft) -> dict[str, Any]:
    """What every page of the draft shows of it."""
    most = operations.limit("listings_per_notice")
    accepted = len(now.accepted)
    return {
        "reference": now.notice.reference, "version": now.notice.version_id,
        "right": drafts.plain_right(now.right) if now.right else None,
        "regime": drafts.regime_for(now.right.kind, now.marketplace) if now.right else None,
        "marketplace_name": now.marketplace.name, "accepted": accepted, "entered": len(now.rows),
        "most": most, "parts": -(-accepted // most), "stores": _store_count(now),
    }


def _store_count(now: Draft) -> int:
    return len({row.listing.store_id for row in now.accepted})


def _tasks(now: Draft) -> list[dict[str, Any]]:
    """The task list. The last one opens when nothing that the law asks for is missing."""
    values, reference = now.values, now.notice.reference
    right = now.right is not None
    said = right and bool(values["reason_code"] and values["explanation"])
    tasks = [
        _task(gettext("The right"), "right_step", reference, right, now.right.title if now.right else ""),
        _task(gettext("The listings"), "listings", reference, bool(now.accepted), _listings_hint(now), right),
        _task(gettext("Reason and explanation"), "reasons", reference, said, "", right),
        _task(gettext("Exhibits"), "exhibits", reference, "exhibits" in values["done"],
              gettext("Optional: pictures, documents, comparisons"), right),
        _task(gettext("Test purchases"), "purchases", reference, "purchases" in values["done"],
              gettext("Optional: only the marketplace’s staff see them unless you share them"), right),
        _task(gettext("Your contact details"), "contact", reference, _contact_is_there(now), "", right),
    ]
    ready = right and all(task["done"] or task["optional"] for task in tasks)
    tasks.append({
        **_task(gettext("Read what each store will see, sign and file"), "preview", reference, False,
                "" if ready else gettext("Opens when the steps above are done"), ready),
        "status": gettext("To do") if ready else gettext("Not yet")})
    return tasks


def _task(
    title: str, endpoint: str, reference: str, done: bool, hint: str, ready: bool = True,
) -> dict[str, Any]:
    optional = endpoint in OPTIONAL
    status = gettext("Done") if done else gettext("Optional") if optional else gettext("To do")
    return {"title": title, "hint": hint, "done": bool(done), "optional": optional,
            "waiting": not ready, "status": status if ready else gettext("Not yet"),
            "href": _step(endpoint, reference) if ready else None}


def _listings_hint(now: Draft) -> str:
    if not now.rows:
        return ""
    accepted, refused = len(now.accepted), len(now.rows) - len(now.accepted)
    text = gettext("%(n)s accepted", n=accepted)
    return f"{text}, {gettext('%(n)s not accepted', n=refused)}" if refused else text


def _contact_is_there(now: Draft) -> bool:
    if now.right is None or not now.values["contact"]:
        return False
    regime = drafts.regime_for(now.right.kind, now.marketplace).regime
    wanted = [proof for element in elements.required(regime) for proof in element["proven_by"]
              if proof.startswith("contact.")]
    return all(elements.is_proven(proof, now.values, set()) for proof in wanted)


# --- the right ---------------------------------------------------------------------------------------


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
    return _step("listings", notice.reference)


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
        "rights_holder/notice/right.html", form=form, **(_frame(now) if now else {"reference": ""}),
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
    return _after("right_step", reference)


def _fitting(now: Draft, right: Right) -> dict[str, Any]:
    """Reasons that do not fit the new right are taken out of the draft."""
    codes = drafts.reason_codes(right.kind)
    return {
        "reason_code": now.values["reason_code"] if now.values["reason_code"] in codes else "",
        "rows": [{**row, "reason_code": row["reason_code"] if row["reason_code"] in codes else ""}
                 for row in now.values["rows"]],
    }


# --- the listings ------------------------------------------------------------------------------------


@pages.route("/<reference>/draft/listings", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def listings(reference: str) -> Any:
    """Paste or upload listings; each row has its answer at once."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.ListingsSchema())
        if response := form.submit(lambda said: _listed(reference, said)):
            return response
    return _listings_page(form, reference), form.status


def _listings_page(form: Form, reference: str) -> str:
    now = load_draft(reference)
    asked = schemas.SearchSchema().load(request.args)
    found = catalogue.search(asked["q"], now.marketplace, cursor=asked["cursor"]) if asked["q"] else None
    there = {row.listing.id for row in now.rows if row.listing}
    return render_template(
        "rights_holder/notice/listings.html", form=form, **_frame(now), rows=plain_rows(now.rows),
        q=asked["q"], after=found.after if found else "", codes=_code_names(now),
        found=[_found(one, there) for one in found.rows] if found else None)


def _found(listing: Any, there: set[int]) -> dict[str, Any]:
    return {"code": listing.external_id, "title": listing.title, "store": listing.store.name,
            "price": f"{listing.price} {listing.currency}".strip(), "url": listing.url,
            "there": listing.id in there}


def _code_names(now: Draft) -> list[tuple[str, str]]:
    """The reason codes that fit the right, each with what it means."""
    return [(code, translate(line["label"], str(get_locale())))
            for code, line in (drafts.reason_codes(now.right.kind) if now.right else {}).items()]


def _listed(reference: str, said: dict[str, Any]) -> str:
    """Add what was pasted and what stands in the file."""
    codes = frozenset(code for code, _name in _code_names(load_draft(reference)))
    sent, more, unknown = request.files.get("file"), [], {}
    if sent and sent.filename:
        more, unknown = entered.from_file(sent.read(entered.LARGEST_FILE + 1), codes)
    found = entered.from_text(said["pasted"]) + more
    if not found:
        raise Invalid({"pasted": [gettext("Paste at least one id or address, or choose a file.")]})
    onwards = _added(reference, found)
    if unknown:
        flash(entered.unknown_codes_text(unknown), "error")
    return onwards


def _added(reference: str, more: Sequence[Entry]) -> str:
    """Put rows into the draft, after those that are there."""
    notice = find_draft(reference)
    rows = [*(notice.draft or {}).get("rows", []), *(drafts.row_of(entry) for entry in more)]
    most = operations.limit("listings_per_draft")
    if len(rows) > most:
        raise Invalid({"pasted": [gettext(
            "A draft holds at most %(most)s rows; this would make it %(n)s. File these first, then begin another notice.",
            most=most, n=len(rows))]})
    operations.save_draft(actor=g.actor, notice=notice, draft={"rows": rows})
    return _step("listings", reference)


@pages.post("/<reference>/draft/listings/chosen")
@access(*COMPLAINANTS)
def add_chosen(reference: str) -> Any:
    """Add the listings that were ticked in the search."""
    form = Form.read(schemas.ChosenSchema())
    if response := form.submit(lambda said: _chosen_added(reference, said)):
        return response
    return _listings_page(form, reference), form.status


def _chosen_added(reference: str, said: dict[str, Any]) -> str:
    if not said["chosen"]:
        raise Invalid({"chosen": [gettext("Tick at least one listing.")]})
    _added(reference, [Entry(code) for code in said["chosen"]])
    return url_for("complaints.listings", reference=reference, q=said["q"] or None)


@pages.post("/<reference>/draft/listings/remove")
@access(*COMPLAINANTS)
def remove_rows(reference: str) -> Any:
    """Take rows out of the draft."""
    form = Form.read(schemas.RemoveSchema())
    if response := form.submit(lambda said: _removed(reference, said)):
        return response
    return _listings_page(form, reference), form.status


def _removed(reference: str, said: dict[str, Any]) -> str:
    now = load_draft(reference)
    gone = set(said["remove"]) if said["what"] != "refused" else {
        place for place, row in enumerate(now.rows) if row.answer != "accepted"}
    if not gone:
        raise Invalid({"remove": [gettext("Tick the rows to remove.")]})
    rows = [row for place, row in enumerate(now.values["rows"]) if place not in gone]
    operations.save_draft(actor=g.actor, notice=now.notice, draft={"rows": rows})
    return _step("listings", reference)


# --- reason and explanation --------------------------------------------------------------------------


@pages.route("/<reference>/draft/reasons", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def reasons(reference: str) -> Any:
    """Reason and explanation for all listings."""
    now = load_draft(reference)
    form = Form({name: now.values[name] for name in ("reason_code", "explanation")})
    if request.method == "POST":
        form = Form.read(schemas.reason_schema(_codes(now)))
        if response := form.submit(lambda said: _reasons_kept(reference, said)):
            return response
    return _reasons_page(form, reference), form.status


def _codes(now: Draft) -> dict[str, Any]:
    if now.right is None:
        raise Invalid({"right": [gettext("Choose the right first.")]})
    return drafts.reason_codes(now.right.kind)


def _law(text: str) -> str:
    """A text of the law's files in the reader's language."""
    return translate(text, str(get_locale()))


def _reasons_page(form: Form, reference: str) -> str:
    now = load_draft(reference)
    codes = [{"value": code, "text": _law(row["label"]), "hint": _law(row["hint"])} for code, row in _codes(now).items()]
    rows = [plain_row(place, row) for place, row in enumerate(now.rows) if row.answer == "accepted"]
    return render_template(
        "rights_holder/notice/reasons.html", form=form, **_frame(now), codes=codes, rows=rows,
        reason_code=now.values["reason_code"], explanation=now.values["explanation"])


def _reasons_kept(reference: str, said: dict[str, Any]) -> str:
    notice = find_draft(reference)
    draft = {"reason_code": said["reason_code"], "explanation": said["explanation"]}
    if said["own_reason_code"] or said["own_explanation"]:
        draft["rows"] = _given_to_rows(notice, {**said, "act": "set"})
    operations.save_draft(actor=g.actor, notice=notice, draft=draft)
    return _after("reasons", reference)


@pages.post("/<reference>/draft/reasons/listings")
@access(*COMPLAINANTS)
def reasons_of_listings(reference: str) -> Any:
    """Another reason or explanation for the ticked listings."""
    form = Form.read(schemas.exception_schema(_codes(load_draft(reference))))
    if response := form.submit(lambda said: _exceptions_kept(reference, said)):
        return response
    now = load_draft(reference)
    form.values = {**form.values, **{name: form.values.get(name) or now.values[name] for name in ("reason_code", "explanation")}}
    return _reasons_page(form, reference), form.status


def _exceptions_kept(reference: str, said: dict[str, Any]) -> str:
    notice = find_draft(reference)
    for_all = {name: said[name] for name in ("reason_code", "explanation") if said[name]}
    operations.save_draft(actor=g.actor, notice=notice, draft={"rows": _given_to_rows(notice, said), **for_all})
    return _step("reasons", reference) + "#listings"


def _given_to_rows(notice: Notice, said: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the draft, the ticked ones with a reason or explanation of their own, or without."""
    if not said["rows"]:
        raise Invalid({"rows": [gettext("Tick at least one listing.")]})
    if said["act"] == "set" and not (said["own_reason_code"] or said["own_explanation"]):
        raise Invalid({"own_explanation": [gettext("Choose a reason or write an explanation for the ticked listings.")]})
    own = {"reason_code": said["own_reason_code"], "explanation": said["own_explanation"]}
    given = own if said["act"] == "set" else {"reason_code": "", "explanation": ""}
    return [{**row, **given} if place in said["rows"] else row
            for place, row in enumerate((notice.draft or {}).get("rows", []))]


# --- exhibits ----------------------------------------------------------------------------------------


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
        "rights_holder/notice/exhibits.html", form=form, **_frame(now), new=evidence.shown(new),
        files=[{**one, **there[one["reference"]], "places": _places(now, one["rows"])}
               for one in now.values["exhibits"] if one["reference"] in there]), form.status


def _places(now: Draft, rows: Iterable[str]) -> list[str]:
    titles = {row.entry.entered: row.listing.title for row in now.accepted}
    return [titles[row] for row in rows if row in titles]


def _exhibits_kept(reference: str, said: dict[str, Any]) -> str:
    new = [one.reference for one in evidence.drafts(said["exhibits"])]
    _add_exhibits(load_draft(reference), new)
    if not new:
        return _after("exhibits", reference)
    flash(ngettext("%(num)s file is in the notice. Look who sees it, then continue.",
                   "%(num)s files are in the notice. Look who sees them, then continue.", len(new)), "success")
    return _step("exhibits", reference)


def _add_exhibits(now: Draft, new: Sequence[str]) -> None:
    """Put files into the draft that are not in it yet, for all stores and shared."""
    known = {one["reference"] for one in now.values["exhibits"]}
    operations.save_draft(actor=g.actor, notice=now.notice, draft={
        "exhibits": [*now.values["exhibits"], *(
            {"reference": one, "visibility": "share", "all": True, "rows": []} for one in new if one not in known)],
        "done": _done(now, "exhibits")})


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


def _done(now: Draft, step: str) -> list[str]:
    return list(dict.fromkeys([*now.values["done"], step]))


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
    return render_template("rights_holder/notice/exhibit.html", form=form, **_frame(now), file=file,
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
    return _step("exhibits", reference)


def _change_exhibits(now: Draft, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    kept = [made for one in now.values["exhibits"] if (made := change(one)) is not None]
    operations.save_draft(actor=g.actor, notice=now.notice, draft={"exhibits": kept, "done": _done(now, "exhibits")})


@pages.post("/<reference>/draft/exhibits/<exhibit>/remove")
@access(*COMPLAINANTS)
def remove_exhibit(reference: str, exhibit: str) -> Any:
    """Take an exhibit out of the draft."""
    form = Form.read(FormSchema())
    return form.submit(lambda said: _exhibit_removed(reference, exhibit)) or redirect(_step("exhibits", reference), 303)


def _exhibit_removed(reference: str, exhibit: str) -> str:
    _change_exhibits(load_draft(reference), lambda one: None if one["reference"] == exhibit else one)
    return _step("exhibits", reference)


# --- test purchases ----------------------------------------------------------------------------------


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
        "rights_holder/notice/purchases.html", form=form, **_frame(now),
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
        "purchases": [*now.values["purchases"], bought], "done": _done(now, "purchases")})
    return _step("purchases", reference)


@pages.post("/<reference>/draft/purchases/remove")
@access(*COMPLAINANTS)
def remove_purchase(reference: str) -> Any:
    """Take a test purchase out of the draft."""
    form = Form.read(schemas.PurchaseRemovalSchema())
    return form.submit(lambda said: _purchase_removed(reference, said["place"])) or redirect(
        _step("purchases", reference), 303)


def _purchase_removed(reference: str, place: int) -> str:
    now = load_draft(reference)
    kept = [one for number, one in enumerate(now.values["purchases"]) if number != place]
    operations.save_draft(actor=g.actor, notice=now.notice, draft={"purchases": kept})
    return _step("purchases", reference)


@pages.post("/<reference>/draft/purchases/done")
@access(*COMPLAINANTS)
def purchases_done(reference: str) -> Any:
    """Go on from the test purchases."""
    form = Form.read(FormSchema())
    return form.submit(lambda said: _purchases_done(reference)) or redirect(_step("purchases", reference), 303)


def _purchases_done(reference: str) -> str:
    now = load_draft(reference)
    operations.save_draft(actor=g.actor, notice=now.notice, draft={"done": _done(now, "purchases")})
    return _after("purchases", reference)


# --- contact -----------------------------------------------------------------------------------------


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
    return render_template("rights_holder/notice/contact.html", form=form, **_frame(now),
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
    return _after("contact", reference)


# --- read, sign, file --------------------------------------------------------------------------------


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
        "rights_holder/notice/preview.html", form=form, **_frame(now), views=drafts.store_views(said),
        shown=said.digest(), statements=statements, missing=said.missing(),
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
                           **_frame(load_draft(reference))), form.status


def _discarded(reference: str, said: dict[str, Any]) -> str:
    operations.withdraw_notice(actor=g.actor, notice=find_draft(reference), seen=said["seen"])
    flash(gettext("The draft is discarded."), "success")
    return url_for("complaints.index")
