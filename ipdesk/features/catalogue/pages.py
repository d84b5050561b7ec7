"""Staff pages of the catalogue: search, stores and listings by hand, marketplaces."""

from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask_babel import gettext

from ipdesk.core.http.access import READING_STAFF, STAFF, access
from ipdesk.core.http.forms import Form
from ipdesk.core.http.paging import Page
from ipdesk.features.catalogue import operations, queries, schemas
from ipdesk.features.catalogue.models import Listing, Marketplace, Store

pages = Blueprint("catalogue", __name__, url_prefix="/catalogue")
blueprints = [pages]


@pages.app_template_global()
def listing_status_name(status: str) -> str:
    """What the marketplace shows of a listing, in words."""
    return {"live": gettext("On sale"), "restricted": gettext("Taken down"),
            "removed_by_seller": gettext("Removed by the seller")}[status]


@pages.get("/")
@access(*READING_STAFF)
def index() -> Any:
    """Find a listing or a store."""
    asked = schemas.SearchSchema().load(request.args, unknown="exclude")
    there = queries.marketplaces()
    chosen = _chosen(there, asked["marketplace"])
    page, stores = Page([]), []
    if chosen is not None and asked["q"]:
        page = queries.search(asked["q"], chosen, cursor=asked["cursor"], removed=True)
        stores = [] if asked["cursor"] else queries.stores_named(asked["q"], chosen, limit=10)
    return render_template(
        "staff/catalogue/index.html", marketplaces=there, chosen=chosen, q=asked["q"], page=page, stores=stores)


def _chosen(there: Any, asked: int | None) -> Marketplace | None:
    return next((found for found in there if found.id == asked), there[0] if there else None)


@pages.route("/marketplaces/new", methods=["GET", "POST"])
@access("admin")
def new_marketplace() -> Any:
    """Add a marketplace of this operator."""
    form = Form({"market": "*"})
    if request.method == "POST":
        form = Form.read(schemas.MarketplaceSchema())
        if response := form.submit(lambda said: _marketplace_kept(said)):
            return response
    return render_template("staff/catalogue/marketplace.html", form=form), form.status


def _marketplace_kept(said: dict[str, Any]) -> str:
    found = operations.add_marketplace(actor=g.actor, **said)
    return url_for("catalogue.index", marketplace=found.id)


@pages.get("/stores/<int:store_id>")
@access(*READING_STAFF)
def store(store_id: int) -> Any:
    """One store and its listings."""
    found = queries.store(store_id)
    page = queries.listings_of(found, cursor=request.args.get("cursor", ""))
    return render_template("staff/catalogue/store.html", store=found, page=page)


@pages.route("/stores/new", methods=["GET", "POST"])
@access(*STAFF)
def new_store() -> Any:
    """Add a store by hand."""
    form = Form({"marketplace_id": request.args.get("marketplace", ""), "locale": "en"})
    if request.method == "POST":
        form = Form.read(schemas.StoreSchema())
        if response := form.submit(lambda said: _store_at(operations.add_store(actor=g.actor, **said))):
            return response
    return render_template(
        "staff/catalogue/store_form.html", form=form, store=None, marketplaces=queries.marketplaces()), form.status


@pages.route("/stores/<int:store_id>/edit", methods=["GET", "POST"])
@access(*STAFF)
def edit_store(store_id: int) -> Any:
    """Change a store by hand."""
    found = queries.store(store_id)
    form = Form({name: getattr(found, name) for name in (
        "external_id", "name", "contact_email", "locale", "country")})
    if request.method == "POST":
        form = Form.read(schemas.StoreSchema(exclude=["marketplace_id"]))
        if response := form.submit(lambda said: _store_at(operations.edit_store(
                actor=g.actor, store=queries.store(store_id), **said))):
            return response
        found = queries.store(store_id)
    return render_template("staff/catalogue/store_form.html", form=form, store=found, marketplaces=[]), form.status


def _store_at(found: Store) -> str:
    return url_for("catalogue.store", store_id=found.id)


@pages.get("/listings/<int:listing_id>")
@access(*READING_STAFF)
def listing(listing_id: int) -> Any:
    """One listing as the marketplace shows it."""
    return render_template("staff/catalogue/listing.html", listing=queries.listing(listing_id))


@pages.route("/stores/<int:store_id>/listings/new", methods=["GET", "POST"])
@access(*STAFF)
def new_listing(store_id: int) -> Any:
    """Add a listing of a store by hand."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.ListingSchema())
        if response := form.submit(lambda said: _listing_at(operations.add_listing(
                actor=g.actor, store_id=store_id, **said))):
            return response
    return render_template(
        "staff/catalogue/listing_form.html", form=form, store=queries.store(store_id), listing=None), form.status


@pages.route("/listings/<int:listing_id>/edit", methods=["GET", "POST"])
@access(*STAFF)
def edit_listing(listing_id: int) -> Any:
    """Change a listing by hand."""
    found = queries.listing(listing_id)
    form = Form({name: getattr(found, name) for name in (
        "external_id", "title", "url", "brand", "price", "currency", "category", "description")})
    if request.method == "POST":
        form = Form.read(schemas.ListingSchema())
        if response := form.submit(lambda said: _listing_at(operations.edit_listing(
                actor=g.actor, listing=queries.listing(listing_id), **said))):
            return response
        found = queries.listing(listing_id)
    return render_template(
        "staff/catalogue/listing_form.html", form=form, store=found.store, listing=found), form.status


def _listing_at(found: Listing) -> str:
    return url_for("catalogue.listing", listing_id=found.id)
