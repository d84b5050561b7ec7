"""What is done to the catalogue: kept from files, edited by hand, captured, shown or taken down."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, select

from ipdesk.core.db.core import db
from ipdesk.core.db.rows import write_rows
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.kernel.errors import Forbidden, Invalid, NotVisible
from ipdesk.core.kernel.text import N_, translate
from ipdesk.features.catalogue.addresses import address_key
from ipdesk.features.catalogue.connector import Connector
from ipdesk.features.catalogue.models import Capture, Listing, Marketplace, Store, listing_search_text
from ipdesk.features.catalogue.words import index_words

# Column of a file -> column of the table.
STORE_FACTS = {"store_name": "name", "contact_email": "contact_email", "locale": "locale", "country": "country"}
_LISTING_COLUMNS = {
    "title": "title", "url": "url", "brand": "brand", "price": "price", "currency": "currency",
    "category": "category", "description": "description", "images": "images", "image_addresses": "image_addresses",
}
_STORE_DEFAULTS = {"contact_email": "", "locale": "en", "country": ""}
_LISTING_DEFAULTS = {
    "brand": "", "price": "", "currency": "", "category": "", "description": "", "status": "live",
    "images": [], "image_addresses": [],
}


def upsert_listings(
    *, marketplace_id: int, rows: Sequence[Mapping[str, Any]], at: datetime,
) -> tuple[int, int]:
    """Add or change the listings and stores of checked file rows; (added, changed) listings.

    All rows have the same columns, and no listing id twice. What a column that is not there
    holds stays as it is; so does the status, which belongs to the holds.
    """
    stores = _upsert_stores(marketplace_id, rows)
    wanted = [_listing_values(marketplace_id, stores, row) for row in rows]
    keys = [key for key in wanted[0] if key not in ("external_id", "marketplace_id")]

    def derived(values: dict[str, Any]) -> dict[str, Any]:
        return {"changed_at": at, "url_key": address_key(values["url"]) or "", "search_text": listing_search_text(
            values["title"], values.get("brand", ""), marketplace_id)}

    return _upsert(Listing.__table__, marketplace_id, wanted, keys, _LISTING_DEFAULTS, derived)


def _listing_values(marketplace_id: int, stores: Mapping[str, int], row: Mapping[str, Any]) -> dict[str, Any]:
    values = {"marketplace_id": marketplace_id, "external_id": row["listing_id"], "store_id": stores[row["store_id"]]}
    values.update((column, row[name]) for name, column in _LISTING_COLUMNS.items() if name in row)
    return values


def _upsert_stores(marketplace_id: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Add or change the stores of ``rows``, of one store the last row counts; row id by store id."""
    last = {row["store_id"]: row for row in rows}
    wanted = []
    for external_id, row in last.items():
        values = {"marketplace_id": marketplace_id, "external_id": external_id}
        # An empty cell says nothing about a store: other rows of it may be filled.
        values.update((column, row[name]) for name, column in STORE_FACTS.items() if row.get(name))
        wanted.append(values)
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for values in wanted:
        by_columns.setdefault(tuple(values), []).append(values)
    for columns, alike in by_columns.items():
        _upsert(Store.__table__, marketplace_id, alike, [c for c in columns if c not in ("marketplace_id", "external_id")],
                _STORE_DEFAULTS, lambda values: {"search_text": index_words(values["name"], marketplace_id)})
    found = db.session.execute(select(Store.external_id, Store.id).where(
        Store.marketplace_id == marketplace_id, Store.external_id.in_(last)))
    return {row.external_id: row.id for row in found}


def _upsert(
    table: Table, marketplace_id: int, wanted: Sequence[dict[str, Any]], keys: Sequence[str],
    defaults: Mapping[str, Any], derived: Callable[[dict[str, Any]], dict[str, Any]],
) -> tuple[int, int]:
    """Insert what is new, update what differs in ``keys``, leave the rest; (inserted, updated)."""
    columns = table.c
    there = {
        row.external_id: row for row in db.session.execute(
            select(columns.id, columns.external_id, *[columns[key] for key in keys]).where(
                columns.marketplace_id == marketplace_id,
                columns.external_id.in_([values["external_id"] for values in wanted])))
    }
    new, different = [], []
    for values in wanted:
        old = there.get(values["external_id"])
        if old is None:
            new.append({**defaults, **values, **derived(values)})
        elif any(getattr(old, key) != values[key] for key in keys):
            different.append({**{key: values[key] for key in keys}, **derived(values), "row_id": old.id})
    if new:
        db.session.execute(table.insert(), new)
    if different:
        db.session.execute(table.update().where(columns.id == bindparam("row_id")).values(
            {key: bindparam(key) for key in different[0] if key != "row_id"}), different)
    return len(new), len(different)


def _require_staff(actor: Actor) -> None:
    if not actor.is_staff:
        raise Forbidden


def add_marketplace(*, actor: Actor, code: str, name: str, url: str, market: str = "*", **_: Any) -> Marketplace:
    """A new marketplace of this operator. ``Invalid`` when the code is taken."""
    if not actor.has("admin"):
        raise Forbidden
    if db.session.scalar(select(Marketplace.id).where(Marketplace.code == code)):
        raise Invalid({"code": [translate(N_("Another marketplace has this code."), actor.locale)]})
    marketplace = Marketplace(code=code, name=name, url=url, market=market)
    db.session.add(marketplace)
    db.session.flush()
    return marketplace


def add_store(*, actor: Actor, marketplace_id: int, external_id: str, **values: Any) -> Store:
    """A new store, entered by hand."""
    _require_staff(actor)
    if db.session.get(Marketplace, marketplace_id) is None:
        raise Invalid({"marketplace_id": [translate(N_("Choose one."), actor.locale)]})
    _refuse_taken(actor, Store, marketplace_id, external_id)
    store = Store(marketplace_id=marketplace_id, external_id=external_id, **_store_values(values))
    db.session.add(store)
    db.session.flush()
    return store


def edit_store(*, actor: Actor, store: Store, external_id: str, **values: Any) -> Store:
    """Change a store by hand. It stays on its marketplace."""
    _require_staff(actor)
    _refuse_taken(actor, Store, store.marketplace_id, external_id, but=store.id)
    store.external_id = external_id
    for name, value in _store_values(values).items():
        setattr(store, name, value)
    db.session.flush()
    return store


def _store_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values.get(name) or default for name, default in _STORE_DEFAULTS.items()} | {"name": values["name"]}


def add_listing(*, actor: Actor, store_id: int, external_id: str, **values: Any) -> Listing:
    """A new listing of a store, entered by hand; it is live."""
    _require_staff(actor)
    store = db.session.get(Store, store_id)
    if store is None:
        raise NotVisible
    _refuse_taken(actor, Listing, store.marketplace_id, external_id)
    listing = Listing(store_id=store.id, marketplace_id=store.marketplace_id, external_id=external_id,
                      changed_at=actor.at, **_listing_fields(values))
    db.session.add(listing)
    db.session.flush()
    return listing


def edit_listing(*, actor: Actor, listing: Listing, external_id: str, **values: Any) -> Listing:
    """Change a listing by hand. Its store and its status stay: the status belongs to the holds."""
    _require_staff(actor)
    _refuse_taken(actor, Listing, listing.marketplace_id, external_id, but=listing.id)
    listing.external_id, listing.changed_at = external_id, actor.at
    for name, value in _listing_fields(values).items():
        setattr(listing, name, value)
    db.session.flush()
    return listing


def _listing_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    names = ("title", "url", "brand", "price", "currency", "category", "description")
    return {name: values.get(name, "") for name in names}


def _refuse_taken(
    actor: Actor, model: type[Store] | type[Listing], marketplace_id: int, external_id: str, but: int = 0,
) -> None:
    taken = db.session.scalar(select(model.id).where(
        model.marketplace_id == marketplace_id, model.external_id == external_id, model.id != but))
    if taken:
        raise Invalid({"external_id": [translate(N_("This marketplace has this id already."), actor.locale)]})


def capture_listing(*, actor: Actor, listing: Listing, case_id: int, occasion: str, connector: Connector) -> None:
    """Freeze the listing as the marketplace shows it now; ``occasion`` is filing, hold or deletion."""
    snapshot = connector.snapshot(listing)
    content = snapshot.content()
    write_rows(Capture, [{
        "listing_id": listing.id, "case_id": case_id, "occasion": occasion, "captured_at": actor.at, "content": content,
        "images": list(snapshot.images),
        "sha256": sha256_hex(canonical_json({"content": content, "images": list(snapshot.images)}))}])


def record_shown(*, listing: Listing, at: datetime, wanted: Mapping[str, Any]) -> None:
    """What the marketplace confirmed that it shows now, in the form of ``Change.wanted``.

    ``{"delete": true}`` removes; otherwise ``show`` says whether the listing is on sale, and
    ``restrictions`` what of it is held where. A removed listing stays removed.
    """
    if wanted.get("delete"):
        listing.status, listing.restriction = "removed_by_seller", None
    elif listing.status != "removed_by_seller":
        listing.status = "live" if wanted["show"] else "restricted"
        restrictions = wanted.get("restrictions")
        listing.restriction = {"restrictions": restrictions} if restrictions else None
    listing.changed_at = at
