"""Who may open which route: decided here and nowhere else.

Every view carries ``@access(...)`` or ``@access.public``. An application with a view that
carries neither does not start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from ipdesk.core.http import problems
from ipdesk.core.kernel.actors import READING_STAFF_ROLES, STAFF_ROLES, Actor

View = TypeVar("View", bound=Callable[..., Any])

STAFF = tuple(sorted(STAFF_ROLES))
READING_STAFF = tuple(sorted(READING_STAFF_ROLES))
COMPLAINANTS = ("agent", "rights_holder")
SIGNED_IN = (*COMPLAINANTS, "seller", *READING_STAFF, "buyer", "member")


@dataclass(frozen=True)
class Rule:
    """``roles`` is ``None`` where everyone may come in, guests included."""

    roles: frozenset[str] | None


class _Access:
    """``@access("seller")`` admits holders of one of the roles; ``@access.public`` everyone."""

    def __call__(self, *roles: str) -> Callable[[View], View]:
        if not roles:
            raise ValueError("name the roles, or use access.public")
        return self._marker(Rule(frozenset(roles)))

    def public(self, view: View) -> View:
        return self._marker(Rule(None))(view)

    @staticmethod
    def _marker(rule: Rule) -> Callable[[View], View]:
        def mark(view: View) -> View:
            view.__access__ = rule  # type: ignore[attr-defined]
            return view

        return mark


access = _Access()


def declare(app: Flask, endpoint: str, *roles: str) -> None:
    """The rule of a route that a library brought along; no roles means everyone."""
    _declared(app)[endpoint] = Rule(frozenset(roles) if roles else None)


def _declared(app: Flask) -> dict[str, Rule]:
    return app.extensions.setdefault("ipdesk.access.declared", {})


def rule_of(app: Flask, endpoint: str) -> Rule | None:
    """The rule of a route, ``None`` if it has none."""
    view = app.view_functions.get(endpoint)
    return getattr(view, "__access__", None) or _declared(app).get(endpoint)


def install(app: Flask, load_actor: Callable[[], Actor]) -> None:
    """Check every request before its view runs. ``load_actor`` is the one slot for sign-in."""
    app.extensions["ipdesk.access.load_actor"] = load_actor
    _declared(app)["static"] = Rule(None)
    app.before_request(_check)


def _check() -> Any:
    if request.endpoint == "static":
        return None
    g.actor = current_app.extensions["ipdesk.access.load_actor"]()
    if request.endpoint is None:
        return None  # the page that says so knows who reads it
    rule = rule_of(current_app, request.endpoint)
    if rule is None:
        raise NotFound
    if rule.roles is None or not rule.roles.isdisjoint(g.actor.roles):
        return None
    if g.actor.user_id is not None:
        raise Forbidden
    if request.path.startswith("/api/"):
        raise Unauthorized
    if request.method != "GET" and (kept := problems.send_again()):
        return kept
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("security.login", next=here))


def verify(app: Flask) -> None:
    """Raise ``RuntimeError`` naming every route without a rule."""
    missing = sorted({r.endpoint for r in app.url_map.iter_rules() if rule_of(app, r.endpoint) is None})
    if missing:
        raise RuntimeError("routes without @access: " + ", ".join(missing))
