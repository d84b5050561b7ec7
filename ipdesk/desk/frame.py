"""What surrounds every page: where this person may go, languages, the account, the footer."""

from typing import Any

from babel import Locale
from flask import current_app, g, request, url_for
from flask_babel import gettext

from ipdesk.core.deadlines.wording import zone_text
from ipdesk.core.kernel.actors import Actor
from ipdesk.desk import inbox, lists, words
from ipdesk.features.decisions.queries import second_person_steps

RIGHT_TO_LEFT = frozenset({"ar", "he", "fa", "ur"})


def frame() -> dict[str, Any]:
    """The names that ``layout/base.html`` reads."""
    actor: Actor | None = g.get("actor")
    language = words.locale()
    return {
        "html_lang": language.replace("_", "-"),
        "text_direction": "rtl" if language.split("_")[0] in RIGHT_TO_LEFT else "ltr",
        "nav": nav(actor), "languages": languages(language),
        "sign_in_url": url_for("security.login"), "sign_out_url": url_for("security.logout"),
        "account_url": url_for("accounts.account"), "footer_links": footer(actor),
        "short_moment": lists.short_moment, "zone_name": zone_text(words.zone(), language),
        **words.names(), "waiting_names": lists.WAITING, "regime_names": words.regimes,
    }


def languages(now: str) -> list[dict[str, Any]]:
    """The other languages of the desk; each link comes back to this page."""
    here = request.full_path.rstrip("?") if request.method == "GET" else _page_of_form()
    return [{"text": name, "lang": code.replace("_", "-"),
             "href": url_for("desk.choose_language", locale=code, next=here)}
            for code, name in current_app.jinja_env.globals["locales"].items() if str(Locale.parse(code)) != now]


def _page_of_form() -> str:
    """The page of the form that was sent here; a button without a page of its own leads home."""
    return request.path if request.url_rule and "GET" in (request.url_rule.methods or ()) else "/"


def footer(actor: Actor | None) -> list[dict[str, str]]:
    links = [{"text": gettext("Legal contacts"), "href": url_for("desk.legal_contacts")}]
    if actor is None or actor.user_id is None:
        links.append({"text": gettext("File a notice without an account"), "href": "/notices/new-guest"})
    return links


def nav(actor: Actor | None) -> list[dict[str, Any]]:
    """The places that this person may open, the present one marked."""
    if actor is None or actor.user_id is None:
        return []
    return [{"text": text, "href": href, "current": _is_here(href), "count": count}
            for text, href, count in _places(actor)]


def _is_here(href: str) -> bool:
    if href == "/":
        return request.path == "/"
    return request.path == href or request.path.startswith(href.rstrip("/") + "/")


def _places(actor: Actor) -> list[tuple[str, str, int]]:
    if actor.reads_as_staff:
        return _staff_places(actor)
    places = [(gettext("Home"), "/", 0)]
    if actor.has("rights_holder", "agent") and actor.organisation_id is not None:
        places += [(gettext("My complaints"), url_for("desk.complaints"), 0),
                   (gettext("My notices"), "/notices", 0), (gettext("My rights"), "/rights", 0)]
    elif actor.has("seller"):
        places.append((gettext("Complaint management"), url_for("desk.complaints"), 0))
    places.append((gettext("Inbox"), url_for("desk.inbox_list"), inbox.unread(actor)))
    return places


def _staff_places(actor: Actor) -> list[tuple[str, str, int]]:
    places = [
        (gettext("Home"), "/", 0), (gettext("Queue"), url_for("decisions.queue"), 0),
        (gettext("Complaints"), url_for("desk.complaints"), 0),
        *([(gettext("Second person"), url_for("decisions.proposals"), 0)] if second_person_steps(actor) else []),
        (gettext("Rights"), "/rights", 0), (gettext("Catalogue"), url_for("catalogue.index"), 0),
        (gettext("Outbox"), url_for("desk.outbox"), 0),
        (gettext("Supervision"), url_for("decisions.supervision"), 0),
    ]
    if actor.has("admin"):
        places.append((gettext("People"), url_for("accounts.staff_people"), 0))
    return places
