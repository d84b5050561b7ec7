"""Pages of everybody: home, complaints, inbox, links without account, legal contacts, language."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from werkzeug.exceptions import NotFound

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http import grants
from ipdesk.core.http.access import READING_STAFF, SIGNED_IN, access
from ipdesk.core.http.installation import settings
from ipdesk.core.http.paging import Page, fetch_page
from ipdesk.core.http.problems import refusal_text
from ipdesk.core.kernel.errors import NotVisible, Refusal
from ipdesk.core.outbox.models import InboxMessage, Outbox
from ipdesk.desk import case, frame, home, inbox, legal, lists, words
from ipdesk.desk import outbox as letters
from ipdesk.features.accounts import operations as accounts
from ipdesk.features.accounts.setup import limiter
from ipdesk.features.accounts.sign_in import letterhead, safe_next
from ipdesk.features.accounts.stores import store_book
from ipdesk.features.complaints import links, operations, queries
from ipdesk.features.complaints.models import CaseLink
from ipdesk.features.evidence import intake
from ipdesk.features.evidence.forms import limits, sealed

pages = Blueprint("desk", __name__)
blueprints = [pages]
pages.app_context_processor(frame.frame)
pages.app_template_filter("beside_badge")(words.beside_badge)

_YEAR = 365 * 24 * 3600


@pages.get("/")
@access.public
def index() -> Any:
    """What this person may do here, and what waits for them."""
    if g.actor.user_id is None:
        return render_template("public/welcome.html")
    if g.actor.reads_as_staff:
        return render_template(
            "staff/home.html", **home.staff(g.actor), warnings=[*legal_warnings(), *letters.warnings(settings())])
    if g.actor.has("rights_holder", "agent") and g.actor.organisation_id is not None:
        return render_template("desk/home_rights_holder.html", **home.rights_holder(g.actor))
    if g.actor.has("seller"):
        return redirect(url_for("desk.complaints"))
    return render_template("desk/home_member.html")


# --- complaints --------------------------------------------------------------------------------------


@pages.get("/complaints")
@access(*SIGNED_IN)
def complaints() -> Any:
    """The complaints that this person may know of, newest first."""
    asked = lists.Asked.read(request.args, g.actor)
    facts = {"asked": asked}
    if g.actor.has("seller") and not g.actor.reads_as_staff and g.actor.organisation_id is None:
        return render_template("desk/complaints_seller.html", **facts, **_two_lists(asked))
    page = lists.complaint_page_of(asked, g.actor, request.args.get("cursor", ""))
    return render_template("desk/complaints.html", **facts, page=page)


def _two_lists(asked: lists.Asked) -> dict[str, Any]:
    """A seller's two lists, each with a cursor of its own."""
    return {
        "to_respond": lists.complaint_page_of(
            asked, g.actor, request.args.get("open", ""), waiting="seller"),
        "history": lists.complaint_page_of(
            asked, g.actor, request.args.get("past", ""), waiting="history"),
    }


# The page of a complaint by who reads it.
_COMPLAINT = {"seller": "seller/complaint.html", "rights_holder": "rights_holder/complaint.html",
              "staff": "staff/complaint.html"}


@pages.get("/complaints/<reference>")
@access.public
def complaint(reference: str) -> Any:
    """One complaint: where it is, who acts next, until when, what silence does; then the rest."""
    if g.actor.user_id is None and not g.actor.links:
        return redirect(url_for("security.login", next=request.path))
    row = queries.complaint(g.actor, reference)
    facts = case.complaint_page(row, g.actor)
    if facts["audience"] == "seller" and row.store_id not in g.actor.store_ids:
        facts["store_contact"] = _masked_contact(row.store_id)
    return render_template(_COMPLAINT[facts["audience"]], **facts)


@pages.get("/complaints/<reference>/captures/<int:capture_id>/<int:position>")
@access.public
def captured_picture(reference: str, capture_id: int, position: int) -> Any:
    """New pixels of a picture that was fetched for a captured listing, for whoever may see the capture."""
    sha256, media_type = case.captured_picture(queries.complaint(g.actor, reference), g.actor, capture_id, position)
    db.session.rollback()  # no transaction is open while it is drawn
    return sealed(lambda: intake.current().picture(sha256, media_type, "view", limits=limits()), "image/webp")


def _masked_contact(store_id: int) -> str:
    card = store_book().by_id(store_id)
    return card.masked_contact if card else ""


@pages.post("/complaints/<reference>/store-account")
@access.public
@limiter.limit("20/hour")
def create_store_account(reference: str) -> Any:
    """Whoever reads a complaint by the link of an unclaimed store has the store's contact invited."""
    row = queries.complaint(g.actor, reference)
    if row.id not in g.actor.linked("seller"):
        raise NotVisible
    try:
        with unit_of_work():
            accounts.ask_for_store_account(actor=g.actor, store_id=row.store_id, letterhead=letterhead())
    except Refusal as refusal:
        flash(refusal_text(refusal.code), "error")
    else:
        flash(gettext("The invitation is on its way to %(email)s. Open the link in it, choose a password, and you can answer.",
                      email=_masked_contact(row.store_id)), "success")
    return redirect(url_for("desk.complaint", reference=reference), 303)


# --- inbox -------------------------------------------------------------------------------------------


@pages.get("/inbox")
@access(*SIGNED_IN)
def inbox_list() -> Any:
    """The letters to one's own side, newest first."""
    page = fetch_page(inbox.messages(g.actor), keys=[InboxMessage.placed_at, InboxMessage.id],
                      cursor=request.args.get("cursor", ""), descending=True)
    return render_template("desk/inbox.html", page=page)


@pages.get("/inbox/<int:number>")
@access(*SIGNED_IN)
def inbox_message(number: int) -> Any:
    """One letter, word for word. Opening it notes that it was read, which has no effect on any case."""
    found = inbox.message(g.actor, number)
    if found.read_at is None:
        with unit_of_work():
            inbox.mark_read(g.actor, number)
    return render_template("desk/inbox_message.html", letter=found)


# --- links of readers without account ----------------------------------------------------------------


@pages.get("/links/<token>")
@access.public
def link(token: str) -> Any:
    """What a one-time link opens. Looking at it uses nothing up: programs that check mail open every link."""
    try:
        return _link_page(token, links.find_link(token))
    except NotVisible:
        return render_template("public/link_unknown.html"), 404


def _link_page(token: str, found: CaseLink, refusal: str = "") -> Any:
    already = (found.audience, found.case_id) in g.actor.links
    return render_template(
        "public/link.html", token=token, confirms=found.audience == "guest", used=links.is_over(found, g.actor.at), refusal=refusal,
        opened=links.address_of(found) if already else ""), 409 if refusal else 200


@pages.post("/links/<token>")
@access.public
def open_link(token: str) -> Any:
    """Use the link up: for a day from now this browser may read the case."""
    try:
        with unit_of_work():
            found = links.open_link(actor=g.actor, token=token)
            audience, case_id, target = found.audience, found.case_id, links.address_of(found)
    except Refusal as refusal:
        return _link_page(token, links.find_link(token), refusal_text(refusal.code))
    grants.grant(audience, case_id, g.actor.at)
    return redirect(target, 303)


@pages.post("/links/<token>/again")
@access.public
def send_new_link(token: str) -> Any:
    """Write to the address that the used link was made for, with a new one."""
    try:
        with unit_of_work():
            operations.send_new_link(actor=g.actor, token=token)
    except Refusal as refusal:
        return _link_page(token, links.find_link(token), refusal_text(refusal.code))
    flash(gettext("A new link is on its way to the same e-mail address."), "success")
    return redirect(url_for("desk.link", token=token), 303)


# --- outbox ------------------------------------------------------------------------------------------


@pages.get("/outbox")
@access(*READING_STAFF)
def outbox() -> Any:
    """Every letter that was written and what became of it: what would be sent, where nothing sends."""
    asked = {"status": request.args.get("status", ""), "case": request.args.get("case", "")[:24]}
    page = fetch_page(
        letters.letters(status=asked["status"], case_reference=asked["case"]),
        keys=[Outbox.month, Outbox.id], cursor=request.args.get("cursor", ""), descending=True)
    rows = [dict(row._mapping) | {"status": letters.status_of(row)} for row in page.rows]
    return render_template("staff/outbox.html", page=Page(rows, page.before, page.after), asked=asked,
                           warnings=letters.warnings(settings()))


@pages.get("/outbox/<int:month>/<int:number>")
@access(*READING_STAFF)
def outbox_letter(month: int, number: int) -> Any:
    """One letter, word for word but for what would let its reader in."""
    return render_template("staff/outbox_letter.html", letter=letters.letter(month, number))


# --- language and legal contacts ---------------------------------------------------------------------


@pages.get("/language/<locale>")
@access.public
def choose_language(locale: str) -> Any:
    """Keep the chosen language in this browser and go back to the page one came from."""
    if locale not in current_app.jinja_env.globals["locales"]:
        raise NotFound
    response = redirect(safe_next(request.args.get("next", "")) or "/", 303)
    response.set_cookie("locale", locale, max_age=_YEAR, samesite="Lax",
                        secure=settings().behind_https)
    return response


@pages.get("/legal-contacts")
@access.public
def legal_contacts() -> Any:
    """The designated agent and the other contact points that the operator names."""
    return render_template(
        "public/legal_contacts.html", contacts=settings(), ends=legal.designation_ends(settings()),
        log_key=rules.settings["log_signer"].public().hex(),
        warnings=legal_warnings() if g.actor.reads_as_staff else [])


def legal_warnings() -> list[str]:
    """What staff must see to, on the day of this request in the desk's zone."""
    today = g.actor.at.astimezone(ZoneInfo(settings().zone)).date()
    return legal.warnings(settings(), today)
