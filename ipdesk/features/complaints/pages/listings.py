"""The step of the listings: pasted, uploaded or found, each with its answer at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, g, render_template, request, url_for
from flask_babel import get_locale, gettext, ngettext

from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.core.http.forms import Form
from ipdesk.core.kernel.errors import Invalid
from ipdesk.core.kernel.text import translate
from ipdesk.features.catalogue import queries as catalogue
from ipdesk.features.complaints import drafts, entered, operations, queries, schemas
from ipdesk.features.complaints.answers import Answered, Entry
from ipdesk.features.complaints.drafts import Draft
from ipdesk.features.complaints.pages.base import find_draft, load_draft, pages, plain_rows, row_answer_name
from ipdesk.features.complaints.pages.steps import frame, step


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
    return render_template(
        "rights_holder/notice/listings.html", form=form, **frame(now), rows=plain_rows(now.rows),
        q=asked["q"], after=found.after if found else "", codes=_code_names(now),
        found=_hits(found.rows, now) if found else None)


def _hits(listings: Sequence[Any], now: Draft) -> list[dict[str, Any]]:
    """What the search found, with what would be answered to each if it were added."""
    there = {row.listing.id for row in now.accepted if row.listing}
    handled = queries.already_handled(g.actor, [one.id for one in listings], now.right) if now.right else {}
    return [_found(one, there, handled) for one in listings]


def _found(listing: Any, there: set[int], handled: Mapping[int, str]) -> dict[str, Any]:
    return {"code": listing.external_id, "title": listing.title, "store": listing.store.name,
            "price": f"{listing.price} {listing.currency}".strip(), "url": listing.url,
            "there": listing.id in there, "handled": listing.id in handled, "other": handled.get(listing.id, "")}


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
    _tell(load_draft(reference).rows[-len(more):])
    return step("listings", reference)


def _tell(added: Sequence[Answered]) -> None:
    """Say what became of the rows just added: of a long table nobody sees which ones are new."""
    answers = Counter(row.answer for row in added)
    accepted = answers.pop("accepted", 0)
    told = ngettext("%(num)s row added: %(n)s accepted.", "%(num)s rows added: %(n)s accepted.", len(added), n=accepted)
    if answers:
        others = gettext(", ").join(f"{row_answer_name(answer)} ({count})" for answer, count in answers.items())
        told += " " + gettext("Not accepted: %(answers)s. Such rows stand first in the table.", answers=others)
    flash(told, "important" if answers else "success")


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
    return step("listings", reference)
