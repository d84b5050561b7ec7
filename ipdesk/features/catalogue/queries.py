"""Reading the catalogue. Listings are public; what only staff may read is the pages' access to say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, and_, bindparam, func, or_, select, text, union
from sqlalchemy.orm import InstrumentedAttribute

from ipdesk.core.db.core import db
from ipdesk.core.http.paging import PAGE_ROWS, Page, fetch_page
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.catalogue.addresses import address_key, host_of
from ipdesk.features.catalogue.models import Capture, CapturePicture, Listing, ListingImport, Marketplace, PictureFetch, Store
from ipdesk.features.catalogue.words import query_words, scope_word

# Stores whose listings a search by store name shows, at most: a word in every name is no search.
_MOST_STORES = 20
REMOVED = "removed_by_seller"
# The cross join makes SQLite read the index first, in its own order, and stop at the limit.
_SQLITE_MATCH = """
SELECT {table}_fts.rowid FROM {table}_fts CROSS JOIN {table} ON {table}.id = {table}_fts.rowid
WHERE {table}_fts MATCH :match AND {table}_fts.rowid > :after {more} ORDER BY {table}_fts.rowid LIMIT :most"""
_POSTGRESQL_MATCH = """
SELECT {table}.id FROM {table}
WHERE array_to_tsvector(string_to_array(search_text, ' ')) @@ CAST(:match AS tsquery)
AND {table}.id > :after {more} ORDER BY {table}.id LIMIT :most"""


@dataclass(frozen=True, slots=True)
class Resolution:
    """One entered row: ``answer`` is found, not_found, other_marketplace or duplicate.

    ``listing`` is set for found and for duplicate (an earlier row led to the same listing).
    """

    entered: str
    listing: Listing | None
    answer: str


def marketplaces() -> Sequence[Marketplace]:
    """Every marketplace of this operator, by name."""
    return db.session.scalars(select(Marketplace).order_by(Marketplace.name, Marketplace.id)).all()


def marketplace_by_code(code: str) -> Marketplace | None:
    return db.session.scalar(select(Marketplace).where(Marketplace.code == code))


def store(store_id: int) -> Store:
    """The store with this row id, or ``NotVisible``."""
    found = db.session.get(Store, store_id)
    if found is None:
        raise NotVisible
    return found


def listing(listing_id: int) -> Listing:
    """The listing with this row id, or ``NotVisible``."""
    found = db.session.get(Listing, listing_id)
    if found is None:
        raise NotVisible
    return found


def listings_of(store: Store, cursor: str = "") -> Page:
    """A page of the store's listings, the removed ones among them, oldest first."""
    page = fetch_page(select(Listing, Listing.id).where(Listing.store_id == store.id), keys=[Listing.id], cursor=cursor)
    return replace(page, rows=[row[0] for row in page.rows])


def stores_named(entered: str, marketplace: Marketplace, limit: int = PAGE_ROWS) -> Sequence[Store]:
    """Stores with this id or with these words in their name."""
    by_id = select(Store.id).where(Store.marketplace_id == marketplace.id, Store.external_id == entered.strip())
    found = list(db.session.scalars(by_id))
    if not found:
        found = _store_ids(query_words(entered), marketplace, limit)
    return db.session.scalars(select(Store).where(Store.id.in_(found)).order_by(Store.id)).all()


def search(
    entered: str, marketplace: Marketplace, limit: int = PAGE_ROWS, cursor: str = "", *, removed: bool = False,
) -> Page:
    """Listings by listing id, web address, store id, or words of title, brand or store name, oldest first.

    An id or an address that fits wins over words. Every word must occur. ``removed`` takes in what
    sellers have removed. ``cursor`` is ``after`` of the page before; a broken one shows the first.
    """
    entered = entered.strip()
    after = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else 0
    shown = [] if removed else [Listing.status != REMOVED]
    ids = _by_identity(entered, marketplace, after, limit, shown)
    if ids is None:
        ids = _by_words(query_words(entered), marketplace, after, limit, removed=removed)
    rows = db.session.scalars(
        select(Listing).where(Listing.id.in_(ids[:limit])).order_by(Listing.id)).unique().all()
    return Page(rows, after=str(rows[-1].id) if len(ids) > limit else "")


def _by_identity(
    entered: str, marketplace: Marketplace, after: int, limit: int, shown: Sequence[object],
) -> list[int] | None:
    """Ids of the listing or the store's listings that ``entered`` names; ``None`` when it names none."""
    here = select(Listing.id).where(Listing.marketplace_id == marketplace.id, *shown)  # type: ignore[arg-type]
    key = address_key(entered)
    exact = here.where(Listing.url_key == key) if key else here.where(Listing.external_id == entered)
    found = list(db.session.scalars(exact))
    if found or key:
        return [row_id for row_id in found if row_id > after]
    store_id = db.session.scalar(select(Store.id).where(
        Store.marketplace_id == marketplace.id, Store.external_id == entered))
    if store_id is None:
        return None
    return list(db.session.scalars(select(Listing.id).where(
        Listing.store_id == store_id, Listing.id > after, *shown,  # type: ignore[arg-type]
    ).order_by(Listing.id).limit(limit + 1)))


def _by_words(
    words: list[tuple[str, bool]], marketplace: Marketplace, after: int, limit: int, *, removed: bool,
) -> list[int]:
    if not words:
        return []
    shown = "" if removed else f"AND listings.status <> '{REMOVED}'"
    titles = _matching("listings", words, marketplace, shown)
    found = set(db.session.scalars(titles, {"after": after, "most": limit + 1}))
    stores = _store_ids(words, marketplace, _MOST_STORES)
    if stores:
        found.update(db.session.scalars(union(*[
            _first_of_store(store_id, after, limit, removed=removed) for store_id in stores])))
    return sorted(found)[:limit + 1]


def _first_of_store(store_id: int, after: int, limit: int, *, removed: bool) -> Select[tuple[int]]:
    rows = select(Listing.id).where(Listing.store_id == store_id, Listing.id > after)
    if not removed:
        rows = rows.where(Listing.status != REMOVED)
    # Of each store no more than the page can show, read in the order of the index.
    return select(rows.order_by(Listing.id).limit(limit + 1).subquery().c.id)


def _store_ids(words: list[tuple[str, bool]], marketplace: Marketplace, limit: int) -> list[int]:
    if not words:
        return []
    return list(db.session.scalars(_matching("stores", words, marketplace), {"after": 0, "most": limit}))


def _matching(table: str, words: list[tuple[str, bool]], marketplace: Marketplace, more: str = "") -> TextClause:
    """Ids above ``:after`` of the rows whose search text has every word, in order, at most ``:most``.

    Words are letters and digits only (see `words`), so quoting them cannot be escaped from.
    """
    words = [*words, (scope_word(marketplace.id), False)]
    if db.engine.dialect.name == "sqlite":
        match = " AND ".join(f'"{word}"{" *" if begins else ""}' for word, begins in words)
        sql = _SQLITE_MATCH
    else:
        match = " & ".join(f"'{word}'{':*' if begins else ''}" for word, begins in words)
        sql = _POSTGRESQL_MATCH
    return text(sql.format(table=table, more=more)).bindparams(match=match)


def resolve(entered: Sequence[str], marketplace: Marketplace) -> list[Resolution]:
    """What each pasted address, id or CSV cell means on ``marketplace``, in order, in two queries.

    Another marketplace's host, or an id or address that only another marketplace has, is
    ``other_marketplace``. What a seller has removed is ``not_found``: it is not publicly there.
    """
    keys = [(line.strip(), address_key(line)) for line in entered]
    ids = {line for line, key in keys if key is None}
    addresses = {key for _, key in keys if key is not None}
    here: dict[str, Listing] = {}
    named = {"marketplace_id": marketplace.id, "ids": list(ids), "addresses": list(addresses)}
    for row in db.session.execute(_named_here, named).scalars():
        if row.status != REMOVED:
            here[_mark(row.external_id, None)] = row
            here[_mark("", row.url_key)] = row
    missing = [(line, key) for line, key in keys if _mark(line, key) not in here]
    elsewhere = _elsewhere(missing, marketplace) if missing else set()
    return _answers(entered, keys, here, elsewhere, marketplace)


def _mark(line: str, key: str | None) -> str:
    return f"id:{line}" if key is None else f"address:{key}"


def _named(where: ColumnElement[bool]) -> Select[tuple[int]]:
    """Numbers of the listings with one of ``:ids`` or ``:addresses`` on the marketplaces of ``where``, as two index look-ups."""
    def found(column: InstrumentedAttribute[str], values: str) -> Select[tuple[int]]:
        return select(Listing.id).where(where, column.in_(bindparam(values, expanding=True)))

    return select(Listing.id).where(Listing.id.in_(union(
        found(Listing.external_id, "ids"), found(Listing.url_key, "addresses"))))


_named_here = select(Listing).where(
    Listing.id.in_(_named(Listing.marketplace_id == bindparam("marketplace_id")))).order_by(Listing.id)
_named_elsewhere = select(Listing.external_id, Listing.url_key).where(Listing.id.in_(_named(
    Listing.marketplace_id.in_(select(Marketplace.id).where(Marketplace.id != bindparam("marketplace_id"))))))


def _elsewhere(missing: Sequence[tuple[str, str | None]], marketplace: Marketplace) -> set[str]:
    """Which of ``missing`` other marketplaces have."""
    named = {"marketplace_id": marketplace.id, "ids": list({line for line, key in missing if key is None}),
             "addresses": list({key for _, key in missing if key is not None})}
    marks: set[str] = set()
    for external_id, url_key in db.session.execute(_named_elsewhere, named):
        marks |= {_mark(external_id, None), _mark("", url_key)}
    return marks


def _answers(
    entered: Sequence[str], keys: Sequence[tuple[str, str | None]], here: dict[str, Listing], elsewhere: set[str],
    marketplace: Marketplace,
) -> list[Resolution]:
    answers = []
    seen: set[int] = set()
    for line, (plain, key) in zip(entered, keys, strict=True):
        mark = _mark(plain, key)
        found = here.get(mark)
        if found is not None:
            answers.append(Resolution(line, found, "duplicate" if found.id in seen else "found"))
            seen.add(found.id)
        elif mark in elsewhere or (key is not None and host_of(key) != marketplace.host):
            answers.append(Resolution(line, None, "other_marketplace"))
        else:
            answers.append(Resolution(line, None, "not_found"))
    return answers


def cut_off_imports(silent_since: datetime, forgotten_since: datetime) -> list[tuple[int, bool]]:
    """(number, whether it is checked) of imports whose process is dead, in the order in which they were checked."""
    open_ = select(ListingImport.id, ListingImport.checked_at).where(ListingImport.finished_at.is_(None), or_(
        and_(ListingImport.checked_at.is_not(None), ListingImport.seen_at <= silent_since),
        and_(ListingImport.checked_at.is_(None), ListingImport.seen_at <= forgotten_since)))
    rows = db.session.execute(open_.order_by(ListingImport.checked_at, ListingImport.id)).all()
    return [(row.id, row.checked_at is not None) for row in rows]


def is_going_in(file: str) -> bool:
    """Whether a file of this name is checked and not in as a whole yet."""
    return db.session.scalar(select(ListingImport.id).where(
        ListingImport.finished_at.is_(None), ListingImport.checked_at.is_not(None), ListingImport.file == file)) is not None


def due_pictures(now: datetime, limit: int) -> Select[tuple[PictureFetch]]:
    """Fetches of pictures that a worker may lease now, the longest due first."""
    return select(PictureFetch).where(
        PictureFetch.settled_at.is_(None), PictureFetch.next_attempt_at <= now,
        or_(PictureFetch.lease_until.is_(None), PictureFetch.lease_until <= now),
    ).order_by(PictureFetch.next_attempt_at, PictureFetch.capture_id, PictureFetch.position).limit(limit)


def is_picture_due(now: datetime) -> bool:
    """Whether a worker could lease one; a plain look, which takes no lock."""
    return db.session.execute(due_pictures(now, 1)).first() is not None


def waiting_pictures(case_ids: Sequence[int]) -> int:
    """How many pictures of these cases' captures are still to be fetched."""
    return db.session.scalar(select(func.count()).select_from(PictureFetch).join(
        Capture, Capture.id == PictureFetch.capture_id).where(
        Capture.case_id.in_(case_ids), PictureFetch.settled_at.is_(None))) or 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a captured listing known by its address. ``state``: fetched, not_fetched (``problem`` says why) or waiting."""

    address: str
    position: int
    state: str
    sha256: str | None = None
    problem: str = ""
    fetched_at: datetime | None = None


def pictures_of(captures: Sequence[Capture]) -> dict[int, list[Picture]]:
    """Capture → its pictures known by address, in the listing's order; no query where there is none."""
    addressed = [capture for capture in captures if capture.content.get("image_addresses")]
    if not addressed:
        return {}
    numbers = [capture.id for capture in addressed]
    found = {(row.capture_id, row.position): row for row in db.session.execute(
        select(PictureFetch.capture_id, PictureFetch.position, CapturePicture.sha256, CapturePicture.problem,
               CapturePicture.fetched_at)
        .outerjoin(CapturePicture, (CapturePicture.capture_id == PictureFetch.capture_id)
                   & (CapturePicture.position == PictureFetch.position))
        .where(PictureFetch.capture_id.in_(numbers)))}
    return {capture.id: [_picture(address, position, found.get((capture.id, position)))
                         for position, address in enumerate(capture.content["image_addresses"])] for capture in addressed}


def _picture(address: str, position: int, row: Any) -> Picture:
    if row is None:
        return Picture(address, position, "not_fetched", problem="not_permitted")
    if row.fetched_at is None:
        return Picture(address, position, "waiting")
    return Picture(address, position, "fetched" if row.sha256 else "not_fetched", row.sha256, row.problem, row.fetched_at)
