"""The staff pages: who may open them, what they keep, what they say to bad input."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.catalogue.models import Listing, Marketplace, Store
from tests import make


@pytest.fixture
def desk(app: Flask, as_actor: Any) -> Any:
    """``client`` is the browser of a person of the legal staff; ``sit_down(role)`` changes that."""
    make.marketplace(id=1, code="main", url="https://market.example/")
    who = SimpleNamespace(client=as_actor("legal"))

    def sit_down(role: str) -> None:
        who.client = as_actor(role)

    def kept(query: Any) -> list[Any]:
        with app.app_context():
            return [tuple(row) for row in db.session.execute(query)]

    who.sit_down, who.kept = sit_down, kept
    return who


STORE = {"marketplace_id": "1", "name": "Blue <Ocean>", "external_id": "S1", "contact_email": "a@shop.example",
         "locale": "zh_CN", "country": "CN"}
LISTING = {"title": "午夜台灯 lamp", "external_id": "L1", "url": "https://market.example/item/L1", "price": "12.50",
           "currency": "USD", "brand": "", "category": "", "description": "two\nlines"}


def post(desk: Any, path: str, said: dict[str, str]) -> Any:
    return desk.client.post(f"/catalogue/{path}", data=said)


def test_a_store_and_a_listing_by_hand(desk: Any, clock: FixedClock) -> None:
    assert post(desk, "stores/new", STORE).location == "/catalogue/stores/1"
    assert post(desk, "stores/1/listings/new", LISTING).location == "/catalogue/listings/1"
    assert desk.kept(select(Listing.title, Listing.status, Listing.changed_at, Listing.url_key)) == [
        (LISTING["title"], "live", clock.now(), "market.example/item/L1")]
    assert post(desk, "listings/1/edit", {**LISTING, "title": "Torch"}).status_code == 303
    assert post(desk, "stores/1/edit", {**{k: v for k, v in STORE.items() if k != "marketplace_id"}, "name": "New"}
                ).status_code == 303
    assert desk.kept(select(Listing.title, Store.name).join(Store)) == [("Torch", "New")]


@pytest.mark.parametrize(("said", "answer"), [
    ({"price": "1,234.50"}, "Enter the price in digits"), ({"price": "-5"}, "Enter the price in digits"),
    ({"currency": ""}, "Say in which currency the price is")])
def test_a_price_by_hand_is_held_to_the_same_form(desk: Any, said: dict[str, str], answer: str) -> None:
    post(desk, "stores/new", STORE)
    page = post(desk, "stores/1/listings/new", {**LISTING, **said})
    assert page.status_code == 422
    assert answer in page.text
    assert desk.kept(select(Listing.id)) == []


@pytest.mark.parametrize("text", ["L1", "lamp", "台灯", "S1", "ocean", "http://market.example/item/L1/?utm_id=1"])
def test_found_again(desk: Any, text: str) -> None:
    post(desk, "stores/new", STORE)
    post(desk, "stores/1/listings/new", LISTING)
    page = desk.client.get("/catalogue/", query_string={"q": text}).text
    assert "午夜台灯 lamp" in page
    assert "Blue &lt;Ocean&gt;" in page


@pytest.mark.parametrize(("change", "sentence"), [
    ({"title": ""}, "Fill this in."), ({"title": "x" * 20_000}, "Shorten this to 1000 characters. It has 20000."),
    ({"external_id": "L 1"}, "Enter the id without spaces."), ({"url": "javascript:alert(1)"}, "Enter a web address"),
    ({"currency": "usd"}, "three capital letters"), ({"external_id": "L0"}, "This marketplace has this id already."),
    ({"status": "restricted"}, "does not belong here"),
])
def test_what_cannot_be_kept_is_said_beside_the_field(desk: Any, change: dict[str, str], sentence: str) -> None:
    post(desk, "stores/new", STORE)
    post(desk, "stores/1/listings/new", {**LISTING, "external_id": "L0"})
    answer = post(desk, "stores/1/listings/new", {**LISTING, **change})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "two\nlines" in answer.text, "what was typed is still there"
    assert desk.kept(select(Listing.external_id)) == [("L0",)]


@pytest.mark.parametrize(("path", "role", "status"), [
    ("", "legal", 200), ("", "auditor", 200), ("", "seller", 403), ("", "rights_holder", 403),
    ("stores/new", "reviewer", 200), ("stores/new", "auditor", 403), ("stores/1", "auditor", 200),
    ("stores/1/edit", "auditor", 403), ("stores/1/edit", "legal", 200), ("stores/9", "legal", 404),
    ("stores/1/listings/new", "legal", 200), ("stores/9/listings/new", "legal", 404), ("listings/1", "auditor", 200),
    ("listings/1/edit", "seller", 403), ("listings/1/edit", "legal", 200), ("listings/9", "legal", 404),
    ("marketplaces/new", "legal", 403), ("marketplaces/new", "admin", 200),
])
def test_who_may_open_what(desk: Any, path: str, role: str, status: int) -> None:
    post(desk, "stores/new", STORE)
    post(desk, "stores/1/listings/new", LISTING)
    desk.sit_down(role)
    assert desk.client.get(f"/catalogue/{path}").status_code == status


def test_a_marketplace_is_added_once(desk: Any) -> None:
    desk.sit_down("admin")
    said = {"code": "de", "name": "Markt", "url": "https://de.example/", "market": "DE"}
    assert post(desk, "marketplaces/new", said).status_code == 303
    again = post(desk, "marketplaces/new", said)
    assert again.status_code == 422
    assert "Another marketplace has this code." in again.text
    assert desk.kept(select(Marketplace.code).order_by(Marketplace.id)) == [("main",), ("de",)]
