"""The way of a checked file into the catalogue: set down aside in small transactions, then put in by few large statements.

Nothing here commits; the caller's unit of work does. What is aside is nobody's listing yet, so that a file that
is cut off while it is read leaves the catalogue as it was. From `close` on the file goes in whole: who dies while
putting it in leaves the rest aside, and whoever comes next goes on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Insert, delete, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ipdesk.core.db.core import db
from ipdesk.features.catalogue.addresses import address_key
from ipdesk.features.catalogue.models import (
    Listing,
    ListingImport,
    StagedListing,
    StagedStore,
    Store,
    listing_search_text,
)
from ipdesk.features.catalogue.words import index_words

# Column of a file -> column of the table.
STORE_FACTS = {"store_name": "name", "contact_email": "contact_email", "locale": "locale", "country": "country"}
_STORE_DEFAULTS = {"contact_email": "", "locale": "en", "country": ""}
_LISTING_DEFAULTS: Mapping[str, Any] = {
    "brand": "", "price": "", "currency": "", "category": "", "description": "", "images": [], "image_addresses": []}
_LISTING_COLUMNS = ("title", "url", *_LISTING_DEFAULTS)
_DERIVED = ("url_key", "search_text")


@dataclass(frozen=True, slots=True)
class Aside:
    """Where the rows of one file are set down. ``columns`` are those of `Listing` that the file speaks of."""

    import_id: int
    marketplace_id: int
    columns: tuple[str, ...]


def start(*, marketplace_id: int, file: str, said: Iterable[str], at: datetime) -> Aside:
    """A new import of a file that speaks of the columns ``said``; ``at`` is stored as the time of change."""
    columns = tuple(name for name in _LISTING_COLUMNS if name in set(said))
    row = ListingImport(marketplace_id=marketplace_id, file=file, columns=list(columns), began_at=at, seen_at=at)
    db.session.add(row)
    db.session.flush()
    return Aside(row.id, marketplace_id, columns)


def set_listings_aside(*, aside: Aside, rows: Sequence[Mapping[str, Any]], now: datetime) -> tuple[int, int]:
    """Set down what is new or differs among checked file rows; (new, different) listings.

    No listing id twice. What a column that is not there holds stays as it is; so does the status, which belongs
    to the holds.
    """
    there = {row.external_id: row for row in db.session.execute(
        select(Listing.external_id, Store.external_id.label("store_external_id"), Listing.brand,
               *[getattr(Listing, name) for name in aside.columns if name != "brand"])
        .join(Store, Store.id == Listing.store_id)
        .where(Listing.marketplace_id == aside.marketplace_id, Listing.external_id.in_([row["listing_id"] for row in rows])))}
    new = different = 0
    wanted = []
    for row in rows:
        old = there.get(row["listing_id"])
        values = {"store_external_id": row["store_id"], **{name: row[name] for name in aside.columns}}
        if old is not None and all(getattr(old, name) == value for name, value in values.items()):
            continue
        new, different = new + (old is None), different + (old is not None)
        brand = values.get("brand", old.brand if old is not None else "")
        wanted.append({
            "import_id": aside.import_id, "position": row["position"], "external_id": row["listing_id"],
            **_LISTING_DEFAULTS, **values, "url_key": address_key(row["url"]) or "",
            "search_text": listing_search_text(row["title"], brand, aside.marketplace_id)})
    if wanted:
        db.session.execute(StagedListing.__table__.insert(), wanted)
    _show_life(aside, now)
    return new, different


def set_stores_aside(*, aside: Aside, facts: Mapping[str, Mapping[str, str]], now: datetime) -> None:
    """Set down the stores (id → fact → text) that are new or of which the file says something else than stands."""
    there = {row.external_id: row for row in db.session.scalars(select(Store).where(
        Store.marketplace_id == aside.marketplace_id, Store.external_id.in_(facts)))}
    wanted = []
    for external_id, said in facts.items():
        values = {column: said.get(fact) for fact, column in STORE_FACTS.items()}
        old = there.get(external_id)
        if old is None or any(value is not None and getattr(old, name) != value for name, value in values.items()):
            wanted.append({"import_id": aside.import_id, "external_id": external_id, **values,
                           "search_text": index_words(values["name"] or "", aside.marketplace_id)})
    if wanted:
        db.session.execute(StagedStore.__table__.insert(), wanted)
    _show_life(aside, now)


def _show_life(aside: Aside, now: datetime) -> None:
    db.session.execute(update(ListingImport).where(ListingImport.id == aside.import_id).values(seen_at=now))


def close(*, aside: Aside, counts: Mapping[str, int], now: datetime) -> None:
    """The whole file is checked: from now on it goes in, whoever does it."""
    row = db.session.get_one(ListingImport, aside.import_id)
    row.counts, row.checked_at, row.seen_at = dict(counts), now, now


def put_in(*, import_id: int, most: int, now: datetime, by_its_own: bool) -> int:
    """Put up to ``most`` rows of a checked file into the catalogue, stores first; returns how many, 0 when all are in.

    ``by_its_own`` process, which shows by it that it lives; who goes on for a dead one shows nothing of the kind.
    """
    row = db.session.get_one(ListingImport, import_id, with_for_update=True)
    if by_its_own:
        row.seen_at = now
    stores = _put_in_stores(row, most)
    listings = _put_in_listings(row, most - stores) if stores < most else 0
    if stores + listings == 0:
        row.finished_at = now
    return stores + listings


def rows_aside(import_id: int) -> int:
    """How many rows of an import stand aside."""
    return sum(db.session.scalar(select(func.count()).select_from(kind).where(kind.import_id == import_id)) or 0
               for kind in (StagedStore, StagedListing))


def discard(*, import_id: int, most: int) -> int:
    """Forget up to ``most`` rows of a file that was not read to its end; 0 when they and the import itself are gone."""
    for kind, key in ((StagedListing, StagedListing.position), (StagedStore, StagedStore.external_id)):
        count, last = _slice(kind, key, import_id, most)
        if count:
            db.session.execute(delete(kind).where(kind.import_id == import_id, key <= last))
            return count
    db.session.execute(delete(ListingImport).where(ListingImport.id == import_id, ListingImport.checked_at.is_(None)))
    return 0


def _slice(kind: Any, key: Any, import_id: int, most: int) -> tuple[int, Any]:
    """How many rows the next slice has, and the key of its last one."""
    keys = select(key.label("key")).where(kind.import_id == import_id).order_by(key).limit(most).subquery()
    count, last = db.session.execute(select(func.count(), func.max(keys.c.key)).select_from(keys)).one()
    return count, last


def _put_in_stores(row: ListingImport, most: int) -> int:
    count, last = _slice(StagedStore, StagedStore.external_id, row.id, most)
    if not count:
        return 0
    mine = (StagedStore.import_id == row.id, StagedStore.external_id <= last)
    values = {
        "marketplace_id": literal(row.marketplace_id), "external_id": StagedStore.external_id, "name": StagedStore.name,
        **{name: func.coalesce(getattr(StagedStore, name), text) for name, text in _STORE_DEFAULTS.items()},
        "search_text": StagedStore.search_text}
    statement = _insert(Store).from_select(list(values), select(*values.values()).where(*mine))
    taken = statement.excluded
    db.session.execute(statement.on_conflict_do_update(
        index_elements=["marketplace_id", "external_id"],
        set_={"name": taken.name, "search_text": taken.search_text,
              **{name: _said_or_kept(name, row.id, taken.external_id) for name in _STORE_DEFAULTS}}))
    db.session.execute(delete(StagedStore).where(*mine))
    return count


def _said_or_kept(name: str, import_id: int, external_id: ColumnElement[str]) -> ColumnElement[Any]:
    said = select(getattr(StagedStore, name)).where(
        StagedStore.import_id == import_id, StagedStore.external_id == external_id).scalar_subquery()
    return func.coalesce(said, getattr(Store, name))


def _put_in_listings(row: ListingImport, most: int) -> int:
    count, last = _slice(StagedListing, StagedListing.position, row.id, most)
    if not count:
        return 0
    mine = (StagedListing.import_id == row.id, StagedListing.position <= last)
    values = {
        "marketplace_id": literal(row.marketplace_id), "external_id": StagedListing.external_id, "store_id": Store.id,
        **{name: getattr(StagedListing, name) for name in (*_LISTING_COLUMNS, *_DERIVED)},
        "status": literal("live"), "changed_at": literal(row.began_at, ListingImport.began_at.type)}
    statement = _insert(Listing).from_select(list(values), select(*values.values()).join(
        Store, (Store.marketplace_id == row.marketplace_id) & (Store.external_id == StagedListing.store_external_id),
    ).where(*mine).order_by(StagedListing.position))
    changed = ("store_id", "changed_at", *row.columns, *_DERIVED)
    db.session.execute(statement.on_conflict_do_update(
        index_elements=["marketplace_id", "external_id"], set_={name: statement.excluded[name] for name in changed}))
    db.session.execute(delete(StagedListing).where(*mine))
    return count


def _insert(model: Any) -> Any:
    dialect: Any = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    made: Insert = dialect.insert(model.__table__)
    return made
