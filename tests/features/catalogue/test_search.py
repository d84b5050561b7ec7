"""Finding listings by id, address, store and words; and what pasted rows mean."""

from datetime import datetime

import pytest
from sqlalchemy import event

from ipdesk.core.db.core import db
from ipdesk.features.catalogue import queries
from ipdesk.features.catalogue.addresses import address_key
from ipdesk.features.catalogue.models import Listing, Marketplace, Store
from ipdesk.features.catalogue.words import index_words, query_words


@pytest.mark.parametrize("other", [
    "http://market.example/item/L1", "HTTPS://Market.Example/item/L1", "https://www.market.example/item/L1",
    "https://m.market.example/item/L1", "https://market.example:443/item/L1", "https://market.example./item/L1",
    "https://market.example/item/L1/", "https://market.example/item/L1#reviews", "market.example/item/L1",
    "https://market.example/item/L1?utm_source=mail&spm=a2", " https://market.example/item/L1?ref_=x ",
])
def test_one_place_written_in_many_ways(other: str) -> None:
    assert address_key(other) == "market.example/item/L1"


@pytest.mark.parametrize(("one", "another"), [
    ("https://market.example/item?id=1", "https://market.example/item?id=2"),
    ("https://market.example/item/L1", "https://market.example/item/l1"),
    ("https://market.example/item/L1", "https://other.example/item/L1"),
    ("https://market.example/item/L1", "https://de.market.example/item/L1"),
    ("https://market.example/item/L1", "https://market.example:8443/item/L1"),
])
def test_two_places(one: str, another: str) -> None:
    assert address_key(one) != address_key(another)


def test_order_of_parameters_and_writing_of_letters_do_not_count() -> None:
    assert address_key("https://m.example/i?b=2&a=1&utm_id=9") == address_key("https://m.example/i?a=1&b=2")
    assert address_key("https://m.example/台灯") == address_key("https://m.example/%E5%8F%B0%E7%81%AF")


@pytest.mark.parametrize("text", ["", "L0000001", "blue lamp", "javascript:alert(1)", "ftp://market.example/x",
                                  "https://", "http://[broken", "https://market.example:99999/", "a.b"])
def test_what_is_no_address(text: str) -> None:
    assert address_key(text) is None


def test_words() -> None:
    assert index_words("Größe ÉTÉ Ｗｉｄｅ d-link 20\"", 3).split() == [
        "marketplace030", "große".replace("ß", "ss"), "ete", "wide", "d", "link", "20"]
    assert index_words("儿童玩具x", 3).split()[1:] == ["儿童", "童玩", "玩具", "具", "x"]
    assert query_words("玩具 Lamp") == [("玩具", False), ("lamp", False)]
    assert query_words("灯") == [("灯", True)]
    assert query_words("🪔 – !") == []


@pytest.fixture
def listings(marketplace: Marketplace, store: Store, at: datetime) -> None:
    def add(external_id: str, title: str, brand: str = "", **more: object) -> None:
        db.session.add(Listing(**{
            "marketplace": marketplace, "store": store, "external_id": external_id, "title": title, "brand": brand,
            "changed_at": at, "url": f"https://market.example/item/{external_id}", **more}))
        db.session.flush()

    add("L1", "Midnight lamp, brass", "Lumo")
    add("L2", "午夜台灯 儿童玩具")
    add("L3", "Midnight clock")
    add("L4", "Midnight lamp, gone", status="removed_by_seller")
    add("L5", "Midnight lamp, held", status="restricted")
    harbour = Store(marketplace=marketplace, external_id="S2", name="Midnight Harbour 灯具店")
    add("L6", "Anchor", store=harbour)
    other = Marketplace(code="de", name="DE", url="https://de.example/")
    elsewhere = Store(marketplace=other, external_id="S9", name="Elsewhere")
    add("D1", "Midnight lamp, German", marketplace=other, store=elsewhere, url="https://de.example/item/D1")
    db.session.commit()


def found(text: str, marketplace: Marketplace, **more: object) -> list[str]:
    return [row.external_id for row in queries.search(text, marketplace, **more).rows]


@pytest.mark.parametrize(("text", "ids"), [
    ("L3", ["L3"]), (" L3 ", ["L3"]), ("L4", []), ("D1", []), ("l3", []),
    ("http://www.market.example/item/L3/?utm_source=x", ["L3"]), ("https://de.example/item/D1", []),
    ("S2", ["L6"]), ("S9", []),
    ("lamp", ["L1", "L5"]), ("LAMP midnight", ["L1", "L5"]), ("lumo", ["L1"]), ("lamp clock", []),
    ("harbour", ["L6"]), ("midnight", ["L1", "L3", "L5", "L6"]),
    ("玩具", ["L2"]), ("儿童玩具", ["L2"]), ("台灯", ["L2"]), ("玩 具", ["L2"]), ("灯", ["L2", "L6"]), ("具店", ["L6"]), ("灯台", []),
    ("", []), ("!!!", []), ("\" OR 1", []), ("lamp NOT brass", []), ("lam*", []), ("marketplace020", []),
])
def test_search(listings: None, marketplace: Marketplace, text: str, ids: list[str]) -> None:
    assert found(text, marketplace) == ids


def test_staff_also_find_what_sellers_removed(listings: None, marketplace: Marketplace) -> None:
    assert found("lamp", marketplace, removed=True) == ["L1", "L4", "L5"]
    assert found("L4", marketplace, removed=True) == ["L4"]


def test_what_changes_is_found_by_its_new_words_only(listings: None, marketplace: Marketplace) -> None:
    clock = db.session.scalar(db.select(Listing).where(Listing.external_id == "L3"))
    clock.title, clock.url = "Dawn watch", "https://market.example/item/new"
    db.session.commit()
    assert found("clock", marketplace) == []
    assert found("dawn", marketplace) == ["L3"]
    assert found("https://market.example/item/new", marketplace) == ["L3"]
    db.session.delete(clock)
    db.session.commit()
    assert found("dawn", marketplace) == []


def test_pages_of_a_search(marketplace: Marketplace, store: Store, at: datetime) -> None:
    db.session.add_all([Listing(marketplace=marketplace, store=store, external_id=f"P{n:02}", title="Ocean lamp",
                                changed_at=at) for n in range(7)])
    db.session.commit()
    for text in ("lamp", "S1", "ocean"):
        first = queries.search(text, marketplace, limit=3)
        second = queries.search(text, marketplace, limit=3, cursor=first.after)
        third = queries.search(text, marketplace, limit=3, cursor=second.after)
        ids = [row.external_id for page in (first, second, third) for row in page.rows]
        assert ids == [f"P{n:02}" for n in range(7)], text
        assert third.after == ""
    assert queries.search("lamp", marketplace, limit=3, cursor="'; drop").rows == first.rows


def test_stores_by_id_or_name(listings: None, marketplace: Marketplace) -> None:
    assert [s.external_id for s in queries.stores_named("S2", marketplace)] == ["S2"]
    assert [s.external_id for s in queries.stores_named("harbour", marketplace)] == ["S2"]
    assert queries.stores_named("Elsewhere", marketplace) == []


def test_pasted_rows(listings: None, marketplace: Marketplace) -> None:
    answers = {
        "L1": "found", "https://market.example/item/L2?spm=1": "found", "https://market.example/item/L1": "duplicate",
        "L5": "found", "L4": "not_found", "https://market.example/item/L4": "not_found", "nonsense": "not_found",
        "https://market.example/item/unknown": "not_found", "D1": "other_marketplace",
        "https://de.example/item/D1": "other_marketplace", "https://shop.example/x": "other_marketplace", "": "not_found",
    }
    resolved = queries.resolve(list(answers), marketplace)
    assert {row.entered: row.answer for row in resolved} == answers
    assert [row.entered for row in resolved] == list(answers), "in the order of entering"
    assert all((row.listing is not None) == (row.answer in {"found", "duplicate"}) for row in resolved)


def test_three_hundred_rows_in_two_queries(listings: None, marketplace: Marketplace) -> None:
    entered = [f"X{n}" for n in range(150)] + [f"https://market.example/item/L{n}" for n in range(150)]
    assert marketplace.host == "market.example"
    statements: list[str] = []

    def count(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(db.engine, "before_cursor_execute", count)
    resolved = queries.resolve(entered, marketplace)
    event.remove(db.engine, "before_cursor_execute", count)
    assert len(resolved) == 300
    assert len(statements) == 2
