"""Every route: who gets in, that reading changes nothing, what every answer carries, that no row reaches a template."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import before_render_template
from flask.testing import FlaskClient

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.headers import CONTENT_SECURITY_POLICY
from tests import make
from tests.core.conftest import desk, detached, plain_desk  # noqa: F401 - two of them fixtures
from tests.digest import changed, digest
from tests.http.route_table import FILE, ROLES, rows, table
from tests.visitors import sign_in
from tests.walks import at_state

REACHED = 299  # answered by the stand-in of a view: the request got past the door
SAMPLE = {"int": "1", "path": "x", "string": "x", "default": "x"}


def address(rule: Any, values: dict[str, Any] | None = None) -> str:
    """An address that the rule matches."""
    def fill(match: re.Match[str]) -> str:
        kind, name = match.group(1) or "default", match.group(2)
        if values and name in values:
            return str(values[name])
        return kind[4:-1].split(",")[0].strip() if kind.startswith("any(") else SAMPLE.get(kind, "x")

    return re.sub(r"<(?:([^:<>]+):)?([a-z_]+)>", fill, rule.rule)


# --- who gets in -----------------------------------------------------------------------------------------


def test_the_table_of_routes_is_the_reviewed_one(app):
    assert table(app) == FILE.read_text(encoding="utf-8"), "review the change, then: .venv/bin/python -m tests.http.route_table"


@pytest.fixture
def doors(app, as_actor):
    """The application with every view replaced by a stand-in, and a browser of each role."""
    kept = dict(app.view_functions)
    browsers = {role: as_actor(role) for role in ROLES}

    def stand_in(view):
        def reached(**_: Any) -> tuple[str, int]:
            return "", REACHED

        reached.__dict__.update(view.__dict__)
        return reached

    app.view_functions.update({name: stand_in(view) for name, view in kept.items() if name != "static"})
    yield browsers
    app.view_functions.clear()
    app.view_functions.update(kept)


def test_every_route_lets_in_exactly_the_reviewed_roles(app, doors):
    """Asked over HTTP with the whole chain before the view, for every method; nobody else reaches a view."""
    listed, wrong = rows(app), []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            allowed = listed[rule.rule, " ".join(sorted(rule.methods - {"HEAD", "OPTIONS"}))]
            for role, browser in doors.items():
                answer = browser.open(address(rule), method=method)
                expected = (REACHED,) if role in allowed else (401,) if role == "guest" and rule.rule.startswith("/api/") else (
                    302,) if role == "guest" else (403,)
                if answer.status_code not in expected:
                    wrong.append((rule.rule, method, role, answer.status_code, expected))
                elif answer.status_code == 302 and "/sign-in" not in answer.location:
                    wrong.append((rule.rule, method, role, answer.location, "the sign-in page"))
    assert wrong == []


def test_who_only_reads_has_no_button(app, as_actor):
    """An auditor sends nothing but what concerns the own account; a page that also reads refuses the sending itself."""
    own = ("/account", "/sign-", "/confirm-address", "/reset-password", "/register", "/invitations/", "/from-marketplace/")
    public = {route for (route, _), roles in rows(app).items() if len(roles) == len(ROLES)}
    auditor, taken = as_actor("auditor"), []
    for rule in app.url_map.iter_rules():
        if rule.rule in public or rule.rule.startswith(own) or "auditor" not in rows(app)[
            rule.rule, " ".join(sorted(rule.methods - {"HEAD", "OPTIONS"}))]:
            continue
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}:
            answer = auditor.open(address(rule), method=method, data={"text": "x", "title": "x"})
            if answer.status_code not in (403, 404):
                taken.append((rule.rule, answer.status_code))
    assert taken == []


def test_a_posting_without_the_token_of_its_page_does_nothing(app, as_actor):
    """Every POST of a signed-in person needs the token; the interface for machines has its own key."""
    client, open_ = as_actor("admin"), []
    for rule in app.url_map.iter_rules():
        if "POST" not in rule.methods or rule.rule.startswith("/api/"):
            continue
        answer = client.open(address(rule), method="POST", csrf=False)
        if answer.status_code != 400:
            open_.append((rule.rule, answer.status_code))
    assert open_ == []


# --- a desk full of cases ----------------------------------------------------------------------------------

STATES = (("marketplace", "pending_response.open"), ("marketplace", "counter_notified.decision"), ("us_dmca", "counter_notified.in_court"))


class World:
    """Everything that an address can name, by the name of its place in a route."""

    def __init__(self, desk: Any) -> None:  # noqa: F811
        from sqlalchemy import text

        self.desk = desk
        self.filed = []
        for regime, state in STATES:
            self.filed.append(at_state(desk, regime, state))
            desk.listings = [*(detached(make.listing(store=desk.stores[0])) for _ in range(2)), desk.listings[-1]]
        with unit_of_work():
            from ipdesk.features.catalogue.models import Marketplace
            from ipdesk.features.complaints import operations

            market = db.session.get(Marketplace, desk.listings[0].marketplace_id)
            operations.start_notice(actor=desk.actor("rights_holder"), marketplace=market)
        desk.work()
        with db.engine.connect() as connection:
            ask = lambda sql: [row[0] for row in connection.execute(text(sql))]  # noqa: E731
            letter = connection.execute(text("select month, id from outbox order by month, id limit 1")).one()
            self.values = {
                "reference": ask("select reference from cases order by id") + ask(
                    "select reference from exhibits order by id") + ask("select reference from decisions order by id"),
                "exhibit": ask("select reference from exhibits order by id")[:2],
                "listing_id": [desk.listings[0].id], "store_id": [desk.stores[0].id], "user_id": [desk.people["legal"].id],
                "number": [letter.id, *ask("select id from inbox_messages order by id limit 3"), *ask("select id from court_notices")],
                "month": [letter.month], "kind": ["complaint", "notice"], "locale": ["en", "zh_CN"], "page": [1],
                "trigger": ["uphold", "dismiss", "act_now", "send_again", "record_court_outcome_for_seller"],
                "code": ["store_taken"],
            }
        db.session.remove()

    def addresses(self, rule: Any) -> Iterator[str]:
        """Every address that the rule and this world give, a broken one last."""
        names = re.findall(r"<(?:([^:<>]+):)?([a-z_]+)>", rule.rule)
        fillings: list[dict[str, Any]] = [{}]
        for kind, name in names:
            found = kind[4:-1].replace(" ", "").split(",") if kind.startswith("any(") else self.values.get(name, [])
            fillings = [{**filling, name: value} for filling in fillings for value in found or [SAMPLE.get(kind or "default")]]
        yield from (address(rule, filling) for filling in fillings)
        if names:
            yield address(rule, {name: "999999" if kind == "int" else "C-0000-0000" for kind, name in names
                                 if not kind.startswith("any(")})


@pytest.fixture
def world(desk):  # noqa: F811
    return World(desk)


# What reading may write, and why.
WRITTEN_BY_READING = {
    "inbox_messages": "a letter is marked as read when its reader opens it",
    "sign_ins": "a session notes that it is in use",
}
# Pages whose templates get rows: nothing in them is somebody else's, so there is nothing to disclose.
PLAIN_ROWS = {
    "accounts/": "one's own account, organisation, stores", "security/": "one's own account",
    "staff/catalogue/": "the catalogue is the marketplace's own public shop window, seen by staff only",
    "desk/inbox": "a letter as it was sent to this very reader", "desk/outbox": "letters as sent, for administrators",
    "seller/home": "one's own stores",
}


PLAIN_MODELS = {"Marketplace": "a shop window's name and address, which everybody sees"}


def rows_in(value: Any, path: str = "", depth: int = 0) -> Iterator[str]:
    """Paths in a template's context under which a mapped row lies."""
    if isinstance(value, db.Model):
        if type(value).__name__ not in PLAIN_MODELS:
            yield f"{path}: {type(value).__name__}"
        return
    if depth < 6 and isinstance(value, dict):
        for name, inner in value.items():
            yield from rows_in(inner, f"{path}.{name}" if path else str(name), depth + 1)
    elif depth < 6 and isinstance(value, (list, tuple, set, frozenset)):
        for inner in list(value)[:5]:
            yield from rows_in(inner, f"{path}[]", depth + 1)


FRAMEWORK = {"g", "request", "session", "current_user", "config", "security", "_fsdomain"}


@pytest.mark.parametrize("who", ["legal", "admin", "auditor", "seller_a", "rights_holder", "guest"])
def test_reading_every_page_changes_nothing_and_shows_no_row(app, world, who):
    """Every GET with everything that can be named: no error, no write, the headers, plain values in templates."""
    client: FlaskClient = app.test_client() if who == "guest" else sign_in(app.test_client(), world.desk.people[who])
    shown: set[str] = set()
    opened = 0

    def look(_sender: Any, template: Any, context: dict[str, Any], **_: Any) -> None:
        for path in rows_in({name: value for name, value in context.items() if name not in FRAMEWORK}):
            if not (template.name or "").startswith(tuple(PLAIN_ROWS)):
                shown.add(f"{template.name}: {path}")

    db.session.remove()
    before = digest(but=tuple(WRITTEN_BY_READING))
    with before_render_template.connected_to(look, app):
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
            if "GET" not in rule.methods or rule.endpoint == "static":
                continue
            for place in world.addresses(rule):
                answer = client.get(place, headers={"Origin": "https://elsewhere.example"})
                assert answer.status_code < 500, f"{place}: {answer.status_code}"
                carries(answer, place)
                opened += answer.status_code == 200
            after = digest(but=tuple(WRITTEN_BY_READING))
            assert changed(before, after) == [], f"GET {rule.rule} as {who} wrote"
    assert sorted(shown) == []
    assert opened >= (5 if who == "guest" else 10), "hardly a page opened, so nothing was looked at"


HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
}


def carries(answer: Any, place: str) -> None:
    """Every answer closes what a browser leaves open, and no other site may read it."""
    for name, value in HEADERS.items():
        if name == "Content-Security-Policy" and place.startswith("/evidence/"):
            assert "default-src 'none'" in answer.headers[name] or answer.headers[name] == value, place
            continue
        if name == "Referrer-Policy":
            assert answer.headers.get(name) in ("same-origin", "no-referrer"), place
            continue
        assert answer.headers.get(name) == value, f"{place}: {name}"
    assert not [name for name in answer.headers.keys() if name.lower().startswith("access-control-")], place  # noqa: SIM118
    assert "Server" not in answer.headers or "Werkzeug" not in answer.headers["Server"]
    if not place.startswith("/static"):
        assert "no-store" in answer.headers.get("Cache-Control", "") or "private" in answer.headers.get("Cache-Control", ""), place


ERRORS = {"/nowhere": 404, "/complaints/C-0000-0000": 302, "/api/v1/nowhere": 404, "/static/nothing.css": 404, "/queue": 302}


@pytest.mark.parametrize("where", ERRORS)
def test_errors_carry_the_headers_too(client, where):
    answer = client.get(where)
    assert answer.status_code == ERRORS[where]
    if not where.startswith("/static"):
        carries(answer, where)
    else:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("number", [2**63, 10**23 - 1])
def test_a_number_that_no_column_holds_leads_nowhere(app, as_actor, number):
    admin, asked = as_actor("admin"), 0
    for rule in app.url_map.iter_rules():
        names = re.findall(r"<(?:([^:<>]+):)?([a-z_]+)>", rule.rule)
        if not any(kind == "int" for kind, _ in names):
            continue
        for method in rule.methods & {"GET", "POST"}:
            where = address(rule, {name: number for kind, name in names if kind == "int"})
            assert admin.open(where, method=method).status_code == 404, f"{method} {where}"
            asked += 1
    assert asked > 20


def test_a_fault_of_ours_is_a_page_without_a_traceback(app, as_actor):
    client, kept = as_actor("legal"), app.view_functions["desk.inbox_list"]

    def broken(**_: Any) -> Any:
        raise RuntimeError("secret detail")

    broken.__dict__.update(kept.__dict__)
    app.view_functions["desk.inbox_list"] = broken
    app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        answer = client.get("/inbox")
    finally:
        app.view_functions["desk.inbox_list"] = kept
        app.config["PROPAGATE_EXCEPTIONS"] = None
    assert answer.status_code == 500
    assert "secret detail" not in answer.text and "Traceback" not in answer.text
    carries(answer, "/inbox")


@pytest.mark.parametrize("where", ["/", "/sign-in", "/legal-contacts", "/queue", "/nowhere"])
def test_head_is_get_without_a_body_and_options_names_the_methods(client, where):
    got, head, options = client.get(where), client.head(where), client.options(where)
    assert head.status_code == got.status_code and head.data == b""
    assert options.status_code in (200, 302, 404)
    if options.status_code == 200:
        assert "GET" in options.headers["Allow"]
    carries(options, where)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(client, method):
    answer = client.open("/legal-contacts", method=method, csrf=False)
    assert answer.status_code == 405
    carries(answer, "/legal-contacts")


