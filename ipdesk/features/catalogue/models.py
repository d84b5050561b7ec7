"""What is sold where, and by whom."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ipdesk.core.db.core import BigId, db
from ipdesk.core.db.guards import no_replace_statement
from ipdesk.core.db.types import CanonicalJson, UtcDateTime
from ipdesk.core.db.vouching import Vouched
from ipdesk.features.catalogue.addresses import address_key, host_of
from ipdesk.features.catalogue.words import index_words


class Marketplace(db.Model):
    """One storefront of the operator. ``market`` is the ISO country it sells into, or ``*``."""

    __tablename__ = "marketplaces"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(Text)
    market: Mapped[str] = mapped_column(String(8), default="*")

    @property
    def host(self) -> str:
        """The host that its listings' addresses have, in plain form; empty when it has none."""
        return host_of(address_key(self.url) or "")


class Store(db.Model):
    """A seller's shop. ``contact_email`` is where an unclaimed store is served.

    ``search_text`` holds the words of the name for the search index; it follows the name by itself.
    """

    __tablename__ = "stores"
    __table_args__ = (UniqueConstraint("marketplace_id", "external_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    marketplace_id: Mapped[int] = mapped_column(ForeignKey("marketplaces.id"))
    external_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200), index=True)
    contact_email: Mapped[str] = mapped_column(String(254), default="")
    locale: Mapped[str] = mapped_column(String(16), default="en")
    country: Mapped[str] = mapped_column(String(2), default="")
    search_text: Mapped[str] = mapped_column(Text, default="")
    marketplace: Mapped[Marketplace] = relationship()


class Listing(db.Model):
    """One offer of one store. ``status`` is what the marketplace shows, as it last confirmed.

    ``live`` (on sale), ``restricted`` (holds keep it down) or ``removed_by_seller``
    (a fact, never a hold). ``restriction`` is the confirmed sum of its holds (what, where; see
    ``holds``), ``None`` without any. ``images`` lists SHA-256 of the pictures in the evidence
    store, ``image_addresses`` pictures known by their web address only.

    ``url`` is kept as it came; ``url_key`` is its plain form, ``search_text`` the words of
    title and brand for the search index. Both follow by themselves.
    """

    __tablename__ = "listings"
    __table_args__ = (
        UniqueConstraint("marketplace_id", "external_id"),
        CheckConstraint("status in ('live','restricted','removed_by_seller')", name="status"),
        Index("ix_listings_url_key", "marketplace_id", "url_key"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    marketplace_id: Mapped[int] = mapped_column(ForeignKey("marketplaces.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id"), index=True)
    external_id: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text, default="")
    url_key: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    brand: Mapped[str] = mapped_column(String(200), default="")
    price: Mapped[str] = mapped_column(String(32), default="")
    currency: Mapped[str] = mapped_column(String(8), default="")
    category: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[str] = mapped_column(String(24), default="live")
    restriction: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    images: Mapped[list[str]] = mapped_column(CanonicalJson, default=list)
    image_addresses: Mapped[list[str]] = mapped_column(CanonicalJson, default=list)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    search_text: Mapped[str] = mapped_column(Text, default="")
    store: Mapped[Store] = relationship(lazy="joined", innerjoin=True)
    marketplace: Mapped[Marketplace] = relationship()


class Capture(db.Model):
    """A listing frozen as it stood: before the seller was told, before a hold, before a deletion.

    ``content`` holds title, text, price, seller, URL; ``images`` the SHA-256 of the pictures;
    ``sha256`` is the hash of both as canonical JSON.
    """

    __tablename__ = "captures"
    vouched = Vouched(case="case_id", columns=("listing_id", "occasion", "captured_at", "sha256"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"), index=True)
    case_id: Mapped[int] = mapped_column(BigId, index=True)
    occasion: Mapped[str] = mapped_column(String(16))  # filing, hold, deletion
    captured_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    images: Mapped[list[str]] = mapped_column(CanonicalJson, default=list)
    sha256: Mapped[str] = mapped_column(String(64))


class ListingImport(db.Model):
    """One listings file on its way into the catalogue: nothing of it before ``checked_at``, all of it from then on.

    ``columns`` are those of `Listing` that the file speaks of; the others stay as they are. ``seen_at`` is the last
    sign of life of the process that reads the file. What is checked and not in yet stands in `StagedStore` and
    `StagedListing`; ``finished_at`` says that nothing stands there any more. ``counts`` holds what became of the rows.
    """

    __tablename__ = "listing_imports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    marketplace_id: Mapped[int] = mapped_column(ForeignKey("marketplaces.id"), index=True)
    file: Mapped[str] = mapped_column(Text)
    columns: Mapped[list[str]] = mapped_column(CanonicalJson)
    counts: Mapped[dict[str, int]] = mapped_column(CanonicalJson, default=dict)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


Index("ix_listing_imports_open", ListingImport.id, sqlite_where=ListingImport.finished_at.is_(None),
      postgresql_where=ListingImport.finished_at.is_(None))


class StagedStore(db.Model):
    """What a file says of a store that is new or other than it stands; ``None`` where it says nothing."""

    __tablename__ = "staged_stores"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[int] = mapped_column(ForeignKey("listing_imports.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    contact_email: Mapped[str | None] = mapped_column(String(254))
    locale: Mapped[str | None] = mapped_column(String(16))
    country: Mapped[str | None] = mapped_column(String(2))
    search_text: Mapped[str] = mapped_column(Text)


class StagedListing(db.Model):
    """A checked row of a file whose listing is new or other than it stands; the columns are those of `Listing`."""

    __tablename__ = "staged_listings"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[int] = mapped_column(ForeignKey("listing_imports.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    external_id: Mapped[str] = mapped_column(String(64))
    store_external_id: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text)
    url_key: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    brand: Mapped[str] = mapped_column(String(200))
    price: Mapped[str] = mapped_column(String(32))
    currency: Mapped[str] = mapped_column(String(8))
    category: Mapped[str] = mapped_column(String(200))
    images: Mapped[list[str]] = mapped_column(CanonicalJson)
    image_addresses: Mapped[list[str]] = mapped_column(CanonicalJson)
    search_text: Mapped[str] = mapped_column(Text)


class PictureFetch(db.Model):
    """A picture of a capture that is to be fetched from its web address; written with the capture.

    A worker holds the row until ``lease_until``; ``lease_token`` counts the leases. ``settled_at`` is set with the
    row of `CapturePicture` that says what came of it. ``last_error`` is for the operator.
    """

    __tablename__ = "picture_fetches"

    capture_id: Mapped[int] = mapped_column(ForeignKey("captures.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    address: Mapped[str] = mapped_column(Text)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


Index("ix_picture_fetches_due", PictureFetch.next_attempt_at, sqlite_where=PictureFetch.settled_at.is_(None),
      postgresql_where=PictureFetch.settled_at.is_(None))


class CapturePicture(db.Model):
    """What was found at a captured listing's picture address, and when; written once and never changed.

    ``sha256`` names the bytes in the evidence store; without them ``problem`` says why not (`pictures.PROBLEMS`).
    """

    __tablename__ = "capture_pictures"
    __table_args__ = (CheckConstraint("(sha256 is null) = (problem <> '')", name="found_or_not"),)

    capture_id: Mapped[int] = mapped_column(ForeignKey("captures.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    address: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    problem: Mapped[str] = mapped_column(String(32), default="")
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)


_PICTURES_SAY = "capture_pictures: what was fetched stands"
# What the database itself refuses: to change what a capture holds. dialect -> statements.
PICTURES_STAND = {
    "sqlite": (
        f"CREATE TRIGGER capture_pictures_no_update BEFORE UPDATE ON capture_pictures BEGIN SELECT RAISE(ABORT, '{_PICTURES_SAY}'); END",
        f"CREATE TRIGGER capture_pictures_no_delete BEFORE DELETE ON capture_pictures BEGIN SELECT RAISE(ABORT, '{_PICTURES_SAY}'); END",
        no_replace_statement("capture_pictures", (("rowid",), ("capture_id", "position")), _PICTURES_SAY),
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION capture_pictures_stand() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_PICTURES_SAY}'; END $$",
        "CREATE TRIGGER capture_pictures_stand BEFORE UPDATE OR DELETE ON capture_pictures "
        "FOR EACH ROW EXECUTE FUNCTION capture_pictures_stand()",
        "CREATE TRIGGER capture_pictures_no_truncate BEFORE TRUNCATE ON capture_pictures "
        "FOR EACH STATEMENT EXECUTE FUNCTION capture_pictures_stand()",
    ),
}
for _dialect, _statements in PICTURES_STAND.items():
    for _statement in _statements:
        event.listen(CapturePicture.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))


def listing_search_text(title: str, brand: str, marketplace_id: int) -> str:
    """What a listing is found by: the words of its title and brand."""
    return index_words(f"{title} {brand}", marketplace_id)


@event.listens_for(Store, "before_insert")
@event.listens_for(Store, "before_update")
def _index_store(_mapper: Any, _connection: Any, store: Store) -> None:
    store.search_text = index_words(store.name, store.marketplace_id)


@event.listens_for(Listing, "before_insert")
@event.listens_for(Listing, "before_update")
def _index_listing(_mapper: Any, _connection: Any, listing: Listing) -> None:
    listing.search_text = listing_search_text(
        listing.title, listing.brand or "", listing.marketplace_id)
    listing.url_key = address_key(listing.url or "") or ""


# Ranking and phrases are not used, so the index keeps neither positions nor sizes.
_FTS = ("CREATE VIRTUAL TABLE IF NOT EXISTS {0}_fts USING fts5(search_text, content='{0}', "
        "content_rowid='id', tokenize='ascii', detail=none, columnsize=0)")
_FTS_INSERT = "INSERT INTO {0}_fts(rowid, search_text) VALUES (new.id, new.search_text);"
_FTS_DELETE = "INSERT INTO {0}_fts({0}_fts, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
_SQLITE = (
    _FTS,
    f"CREATE TRIGGER {{0}}_fts_insert AFTER INSERT ON {{0}} BEGIN {_FTS_INSERT} END",
    f"CREATE TRIGGER {{0}}_fts_delete AFTER DELETE ON {{0}} BEGIN {_FTS_DELETE} END",
    "CREATE TRIGGER {0}_fts_update AFTER UPDATE OF search_text ON {0} WHEN old.search_text <> new.search_text "
    f"BEGIN {_FTS_DELETE} {_FTS_INSERT} END",
)
_POSTGRESQL = (
    "CREATE INDEX ix_{0}_search ON {0} USING gin (array_to_tsvector(string_to_array(search_text, ' ')))",
)
for _table in (Store.__table__, Listing.__table__):
    for _dialect, _statements in (("sqlite", _SQLITE), ("postgresql", _POSTGRESQL)):
        for _statement in _statements:
            event.listen(_table, "after_create",
                         DDL(_statement.format(_table.name)).execute_if(dialect=_dialect))
    event.listen(_table, "before_drop",
                 DDL(f"DROP TABLE IF EXISTS {_table.name}_fts").execute_if(dialect="sqlite"))
