"""What is done to the catalogue: edited by hand, captured, shown or taken down. Files come in by `staging`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.core.db.rows import write_rows
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.kernel.errors import Forbidden, Invalid, NotVisible
from ipdesk.core.kernel.text import N_, translate
from ipdesk.features.catalogue import queries
from ipdesk.features.catalogue.connector import Connector
from ipdesk.features.catalogue.models import Capture, CapturePicture, Listing, Marketplace, PictureFetch, Store
from ipdesk.features.catalogue.pictures import NotFetched, PictureSource

_STORE_DEFAULTS = {"contact_email": "", "locale": "en", "country": ""}


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


# Pauses after each passing fault; after the last one there is no picture. A day later it would hardly be the same one.
PICTURE_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 480, 720))
# Longer than a batch of fetches may take.
PICTURE_LEASE = timedelta(minutes=5)


def capture_listing(
    *, actor: Actor, listing: Listing, case_id: int, occasion: str, connector: Connector, pictures: PictureSource,
) -> None:
    """Freeze the listing as the marketplace shows it now; ``occasion`` is filing, hold or deletion.

    Pictures known by their address alone are asked for by the worker, where ``pictures`` permits it.
    """
    snapshot = connector.snapshot(listing)
    content = snapshot.content()
    row = {
        "listing_id": listing.id, "case_id": case_id, "occasion": occasion, "captured_at": actor.at, "content": content,
        "images": list(snapshot.images),
        "sha256": sha256_hex(canonical_json({"content": content, "images": list(snapshot.images)}))}
    wanted = [(position, address) for position, address in enumerate(snapshot.image_addresses) if pictures.permits(address)]
    if not wanted:
        write_rows(Capture, [row])
        return
    capture = Capture(**row)
    db.session.add(capture)
    db.session.flush()
    write_rows(PictureFetch, [
        {"capture_id": capture.id, "position": position, "address": address, "next_attempt_at": actor.at}
        for position, address in wanted])


def lease_pictures(*, now: datetime, limit: int) -> list[tuple[int, int, str, int]]:
    """Take up to ``limit`` due fetches for this worker: (capture, position, address, lease token)."""
    leased = db.session.scalars(queries.due_pictures(now, limit).with_for_update(skip_locked=True)).all()
    for row in leased:
        row.lease_token += 1
        row.attempts += 1
        row.lease_until = now + PICTURE_LEASE
    return [(row.capture_id, row.position, row.address, row.lease_token) for row in leased]


def record_picture(
    *, now: datetime, capture_id: int, position: int, lease_token: int, found: str | NotFetched,
) -> bool:
    """Write what a fetch gave: the SHA-256 of kept bytes, or why not; ``False`` when another worker has it by now.

    What may pass is tried again, until the pauses are over.
    """
    row = db.session.get(PictureFetch, (capture_id, position), with_for_update=True, populate_existing=True)
    if row is None or row.lease_token != lease_token or row.settled_at is not None:
        return False
    row.lease_until = None
    if isinstance(found, NotFetched):
        row.last_error = f"{found.problem} {found.detail}".strip()
        if found.passing and row.attempts <= len(PICTURE_PAUSES):
            row.next_attempt_at = now + PICTURE_PAUSES[row.attempts - 1]
            return True
    row.settled_at = now
    sha256, problem = (None, found.problem) if isinstance(found, NotFetched) else (found, "")
    db.session.add(CapturePicture(
        capture_id=capture_id, position=position, address=row.address, sha256=sha256, problem=problem, fetched_at=now))
    db.session.flush()
    return True


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
