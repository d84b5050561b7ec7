"""The only file that knows every feature: it joins names in the law's files to functions here."""

import importlib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones as _all_zones

from flask import Flask, g, request
from flask_babel import Babel, get_locale, get_timezone
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader
from sqlalchemy import inspect, select
from werkzeug.middleware.proxy_fix import ProxyFix

from ipdesk.config import Settings
from ipdesk.core.audit.signing import Signer
from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import Rules, rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.calendar import read_rule
from ipdesk.core.deadlines.wording import day_text, distance_text, moment_text
from ipdesk.core.http import access, headers, numbers, problems
from ipdesk.core.kernel.clock import Clock, SystemClock
from ipdesk.core.kernel.text import translate
from ipdesk.core.outbox.render import letter_book
from ipdesk.core.workflow import DefinitionError, Problem, load
from ipdesk.core.workflow.checker import KnownNames, check
from ipdesk.features.accounts.stores import use_store_book
from ipdesk.features.catalogue.connector import connector_of
from ipdesk.features.catalogue.pictures import PictureSource
from ipdesk.features.catalogue.store_book import CatalogueStoreBook
from ipdesk.worker import log_key, log_origin

# Lowest first: a feature may import what stands before it.
FEATURES = (
    "features.accounts", "features.catalogue", "features.evidence", "features.rights",
    "features.holds", "features.complaints", "features.counter_notices", "features.decisions",
    "gateways.bundles", "desk",
)
LOCALES = {"en": "English", "zh_CN": "简体中文"}



@cache
def available_timezones() -> frozenset[str]:
    return frozenset(_all_zones())


csrf = CSRFProtect()
babel = Babel()


class CannotStart(RuntimeError):
    """The workflow files do not hold, or a stored case no longer finds the one that it was opened under."""


def parts(name: str) -> list[Any]:
    """The module ``name`` (pages, rules, commands …) of every feature that has one."""
    found = []
    for feature in FEATURES:
        place = Path(__file__).parent.joinpath(*feature.split("."))
        if (place / f"{name}.py").exists() or (place / name / "__init__.py").exists():
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
    app.jinja_loader = ChoiceLoader([
        app.jinja_loader, PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
    ])
    db.init_app(app)
    parts("models")
    use_store_book(CatalogueStoreBook())
    babel.init_app(app, locale_selector=_locale, timezone_selector=_zone)
    csrf.init_app(app)
    if settings.trusted_proxies:
        # Only so many hops are believed; without a proxy a client's own headers say nothing.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies,
                                x_proto=settings.trusted_proxies)
    headers.install(app, behind_https=settings.behind_https)
    problems.install(app)
    numbers.install(app)
    refuse_broken_law(app, settings)
    show_texts(app, settings)
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


def join_rules(settings: Settings) -> None:
    """Read the law's files and join their names to the features' functions."""
    fresh = Rules(workflows=load(settings.workflows), settings={
        "zone": settings.zone, "desk_name": settings.desk_name, "base_url": settings.base_url,
        "operator_name": settings.operator_name, "connector": connector_of(settings),
        "pictures": PictureSource(settings.picture_hosts),
        "log_signer": Signer(lambda: log_origin(settings), lambda: log_key(settings)),
    })
    vars(rules).update(vars(fresh))
    for module in parts("rules"):
        module.register(rules)
        problems.register_refusals(getattr(module, "REFUSALS", {}))


def check_law(settings: Settings, on: date) -> list[Problem]:
    """Everything wrong with the files under ``workflows/`` on the day ``on``, as ``ipdesk check`` prints it."""
    parts("models")
    try:
        join_rules(settings)
    except DefinitionError as error:
        return list(error.problems)
    known = KnownNames(
        guards=frozenset(rules.guards), effects=frozenset(rules.effects),
        recipients=frozenset(name.rpartition(":")[2] for name in rules.recipients),
        messages=frozenset(rules.letters) & frozenset(letter_book().letters),
        documents=rules.documents, right_types=rules.right_types, limits=rules.limits)
    return check(rules.workflows, known, on=on, read_rule=read_rule)


def refuse_broken_law(app: Flask, settings: Settings) -> None:
    """Do not start on files that fail their check, or without a file that a stored case was opened under."""
    problems = check_law(settings, app.extensions["ipdesk.clock"].now().date())
    if problems:
        raise CannotStart("the workflow files do not hold:\n" + "\n".join(map(str, problems)))
    with app.app_context():
        if not inspect(db.engine).has_table(Case.__tablename__):
            return
        in_use = db.session.execute(select(
            Case.workflow, Case.workflow_version, Case.workflow_digest).distinct()).all()
        db.session.remove()
    if gone := rules.workflows.missing([tuple(row) for row in in_use]):
        raise CannotStart("cases were opened under files that are gone or changed in meaning: "
                          + ", ".join(f"{name} version {number}" for name, number, _ in gone))


def show_texts(app: Flask, settings: Settings) -> None:
    """Filters with which templates show instants, days, distances and texts of the law's files."""
    def zone() -> str:
        return str(get_timezone())

    def locale() -> str:
        return str(get_locale())

    app.jinja_env.filters.update(
        moment=lambda at: moment_text(at, zone(), locale()) if at else "",
        day=lambda on: day_text(on, locale()) if on else "",
        distance=lambda due, calendar="none": distance_text(
            due, g.actor.at, calendar=calendar, zone=zone(), locale=locale()),
        law=lambda text: translate(text, locale()),
    )
    app.jinja_env.globals.update(
        desk_name=settings.desk_name, locales=LOCALES, law_state=law_state,
        law_table=lambda name: rules.workflows.table(name), is_demo=settings.demo)


def law_state(workflow: str, state: str) -> Any:
    """The state of a workflow file for pages: label, meaning, silence; ``None`` for a summary."""
    return rules.workflows.workflow(workflow).states.get(state)


def _locale() -> str:
    """The language a person chose, or else the browser's."""
    chosen = request.cookies.get("locale") if request else None
    actor = g.get("actor")
    if chosen not in LOCALES and actor is not None and actor.user_id is not None:
        chosen = actor.locale
    return chosen if chosen in LOCALES else request.accept_languages.best_match(
        [*LOCALES, "zh"], "en").replace("zh_CN", "zh").replace("zh", "zh_CN")


def _zone() -> str:
    """The zone that a person chose on the account page, or else the desk's.

    Never the browser's: days are counted in the desk's zone, and page and letter must name one time.
    """
    chosen = g.get("zone", "")
    return chosen if chosen in available_timezones() else rules.settings["zone"]
