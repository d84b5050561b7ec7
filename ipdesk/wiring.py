"""The only file that knows every feature: it joins names in the law's files to functions here."""

import importlib
from pathlib import Path
from typing import Any

from flask import Flask, g, request
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

from ipdesk.config import Settings
from ipdesk.core.db.core import db
from ipdesk.core.http import access, headers, problems
from ipdesk.core.kernel.clock import Clock, OffsetClock, SystemClock

# Lowest first: a feature may import what stands before it.
FEATURES = (
    "features.accounts", "features.catalogue", "features.evidence", "features.rights",
    "features.holds", "features.complaints", "features.counter_notices", "features.decisions",
    "gateways.bundles", "desk",
)
LOCALES = {"en": "English", "zh_CN": "简体中文"}

csrf = CSRFProtect()
babel = Babel()


def parts(name: str) -> list[Any]:
    """The module ``name`` (pages, rules, commands …) of every feature that has one."""
    found = []
    for feature in FEATURES:
        place = Path(__file__).parent.joinpath(*feature.split("."))
        if (place / f"{name}.py").exists() or (place / name).is_dir():
            found.append(importlib.import_module(f"ipdesk.{feature}.{name}"))
    return found


def assemble(app: Flask, settings: Settings, clock: Clock | None) -> None:
    """Configure ``app``; the order below is the order of a request."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECURITY_PASSWORD_SALT=settings.password_salt,
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": settings.database.startswith("postgresql")},
        MAX_CONTENT_LENGTH=settings.max_request,
        MAX_FORM_PARTS=5000,
        MAX_FORM_MEMORY_SIZE=4_000_000,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.behind_https,
        SESSION_COOKIE_NAME="__Host-ipdesk" if settings.behind_https else "ipdesk",
        WTF_CSRF_TIME_LIMIT=None,
        TESTING=settings.testing,
        BABEL_TRANSLATION_DIRECTORIES=str(Path(__file__).parent / "translations"),
    )
    app.extensions["ipdesk.settings"] = settings
    app.extensions["ipdesk.clock"] = clock or SystemClock()
    app.json.sort_keys = False
    db.init_app(app)
    parts("models")
    babel.init_app(app, locale_selector=_locale, timezone_selector=_zone)
    csrf.init_app(app)
    headers.install(app, behind_https=settings.behind_https)
    problems.install(app)
    for module in parts("setup"):
        module.setup(app)
    for module in parts("pages"):
        for blueprint in module.blueprints:
            app.register_blueprint(blueprint)
    for module in parts("api"):
        for blueprint in module.blueprints:
            csrf.exempt(blueprint)
            app.register_blueprint(blueprint)
    access.verify(app)


def _locale() -> str:
    """The language a person chose, or else the browser's."""
    chosen = request.cookies.get("locale") if request else None
    actor = g.get("actor")
    if chosen not in LOCALES and actor is not None and actor.user_id is not None:
        chosen = actor.locale
    return chosen if chosen in LOCALES else request.accept_languages.best_match(
        [*LOCALES, "zh"], "en").replace("zh_CN", "zh").replace("zh", "zh_CN")


def _zone() -> str:
    return request.cookies.get("zone") or "UTC"
