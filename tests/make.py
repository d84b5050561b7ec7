"""Builders of plain rows: what has no state of its own. Cases come from real operations.

Each builder adds one row with believable values, of which any may be given by name. Inside a
``unit_of_work()`` the row joins it; anywhere else the builder commits by itself, and without
an application context it returns the row detached, with all its columns loaded.
"""

import itertools
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from flask import Flask, has_app_context
from sqlalchemy import inspect

from ipdesk.core.db.core import db, writing
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.ids import new_token

PASSWORD = "four unlikely words together"
_numbers = itertools.count(1)
_using: dict[str, Any] = {}


def use(app: Flask) -> None:
    """The application whose database the builders fill (conftest says so)."""
    _using["app"] = app


def now() -> datetime:
    return _using["app"].extensions["ipdesk.clock"].now()


def _builder(build: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(build)
    def built(*args: Any, **kwargs: Any) -> Any:
        if writing.get():
            return build(*args, **kwargs)
        if has_app_context():
            with unit_of_work():
                return build(*args, **kwargs)
        with _using["app"].app_context():
            with unit_of_work():
                row = build(*args, **kwargs)
            return _detached(row)

    return built


def _detached(row: Any) -> Any:
    db.session.refresh(row)
    for name in inspect(row).mapper.relationships.keys():  # noqa: SIM118 - no dict
        getattr(row, name)  # a test may look at what belongs to the row
    db.session.expunge_all()
    return row


def _added(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def password_hash() -> str:
    """The hash of ``PASSWORD``, made once."""
    if "hash" not in _using:
        from flask_security import hash_password

        with _using["app"].app_context():
            _using["hash"] = hash_password(PASSWORD)
    return _using["hash"]


@_builder
def organisation(**given: Any) -> Any:
    from ipdesk.features.accounts.models import Organisation

    n = next(_numbers)
    return _added(Organisation(**{"name": f"Owner {n} AG", "kind": "rights_holder", "created_at": now()} | given))


@_builder
def user(role: str | None = None, **given: Any) -> Any:
    """A confirmed, active person with ``PASSWORD``. The complaining roles get an organisation."""
    from ipdesk.features.accounts.models import User

    n = next(_numbers)
    facts: dict[str, Any] = {
        "email": f"person{n}@people.example", "name": f"Person {n}", "password": password_hash(),
        "fs_uniquifier": new_token(), "confirmed_at": now(), "created_at": now(),
        "role_names": [role] if role else [],
    } | given
    if role in ("rights_holder", "agent") and "organisation_id" not in facts and "organisation" not in facts:
        facts["organisation_id"] = organisation(kind=role).id
        facts.setdefault("organisation_role", "manager")
    return _added(User(**facts))


@_builder
def marketplace(**given: Any) -> Any:
    from ipdesk.features.catalogue.models import Marketplace

    n = next(_numbers)
    return _added(Marketplace(**{
        "code": f"market{n}", "name": f"Market {n}", "url": f"https://market{n}.example", "market": "*"} | given))


def _a_marketplace() -> int:
    from sqlalchemy import select

    from ipdesk.features.catalogue.models import Marketplace

    found = db.session.execute(select(Marketplace.id).order_by(Marketplace.id).limit(1)).scalar()
    return found or marketplace().id


@_builder
def store(**given: Any) -> Any:
    """A store of the first marketplace there is."""
    from ipdesk.features.catalogue.models import Store

    n = next(_numbers)
    if "marketplace_id" not in given and "marketplace" not in given:
        given["marketplace_id"] = _a_marketplace()
    return _added(Store(**{
        "external_id": f"S-{n}", "name": f"Store {n}", "contact_email": f"store{n}@sellers.example"} | given))


@_builder
def listing(**given: Any) -> Any:
    """A listing of ``store`` (a new one unless given), live."""
    from ipdesk.features.catalogue.models import Listing, Store

    n = next(_numbers)
    owner = given.pop("store", None)
    owner_id = given.pop("store_id", None) or (owner.id if owner is not None else store().id)
    shop = db.session.get_one(Store, owner_id)
    return _added(Listing(**{
        "marketplace_id": shop.marketplace_id, "store_id": shop.id, "external_id": f"L-{n}",
        "url": f"https://market.example/item/{n}", "title": f"Lamp {n}", "description": "A lamp.",
        "price": "19.90", "currency": "USD", "changed_at": now()} | given))


@_builder
def binding(user: Any, store: Any, **given: Any) -> Any:
    """``user`` as the main account of ``store``."""
    from ipdesk.features.accounts.models import StoreBinding

    return _added(StoreBinding(**{
        "user_id": user.id, "store_id": store.id, "main": True, "via": "staff",
        "bound_at": now()} | given))


@_builder
def seller(store: Any = None, **given: Any) -> Any:
    """A seller, main account of ``store`` (a new one unless given)."""
    person = user("seller", **given)
    binding(person, store if store is not None else globals()["store"]())
    return person
