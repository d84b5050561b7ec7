"""Listings files: good, bad, cut off and run twice."""

import csv
import json
import os
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import event, func, select

from ipdesk.core.db.core import db
from ipdesk.features.catalogue import imports, queries
from ipdesk.features.catalogue.commands import import_group
from ipdesk.features.catalogue.imports import ImportResult, import_listings
from ipdesk.features.catalogue.listing_csv import BrokenHeader
from ipdesk.features.catalogue.models import Listing, ListingImport, Marketplace, StagedListing, StagedStore, Store
from ipdesk.features.evidence import store as stores
from ipdesk.features.evidence.setup import keep_picture
from tests.purpose import photo

HEADER = "listing_id,store_id,store_name,title,brand,price,currency,category,url"
ROW = "L{0},S1,Blue Ocean,Lamp {0},Lumo,12.50,USD,lamps,https://market.example/item/L{0}"


def shared_listings() -> Path:
    root = Path(os.environ.get("IPDESK_SHARED") or Path(__file__).resolve().parents[4] / "shared")
    return root / "data" / "catalogue" / "listings.csv"


@pytest.fixture
def take(tmp_path: Path, marketplace: Marketplace, at: datetime):
    """Import text (or bytes) as a file; returns what became of it and the rejects file."""
    def run(content: str | bytes, *, at: datetime = at, **more: object) -> tuple[ImportResult, list[dict[str, str]]]:
        file, rejects = tmp_path / "listings.csv", tmp_path / "rejects.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        result = import_listings(file, marketplace=marketplace, rejects=rejects, now=lambda: at, keep_picture=keep_picture, **more)
        assert result.rows == result.added + result.changed + result.unchanged + result.rejected
        if not rejects.exists():
            return result, []
        with rejects.open(encoding="utf-8", errors="surrogateescape", newline="") as text:
            return result, list(csv.DictReader(text))
    return run


def rows(*numbers: int) -> str:
    return "\n".join([HEADER, *[ROW.format(number) for number in numbers]]) + "\n"


def titles() -> list[str]:
    return list(db.session.scalars(select(Listing.title).order_by(Listing.id)))


def test_a_file_comes_in_whole(take, marketplace: Marketplace, at: datetime) -> None:
    result, rejects = take(rows(1, 2, 3))
    assert (result.added, rejects) == (3, [])
    [lamp] = queries.search("L2", marketplace).rows
    assert (lamp.title, lamp.brand, lamp.price, lamp.currency, lamp.category) == ("Lamp 2", "Lumo", "12.50", "USD", "lamps")
    assert (lamp.store.external_id, lamp.store.name, lamp.store.locale) == ("S1", "Blue Ocean", "en")
    assert (lamp.status, lamp.changed_at, lamp.images) == ("live", at, [])


def test_twice_changes_nothing_and_a_new_price_one_row(take, at: datetime) -> None:
    take(rows(1, 2))
    later = at + timedelta(days=1)
    again, _ = take(rows(1, 2), at=later)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    changed, _ = take(rows(1, 2, 3).replace("L2,S1,Blue Ocean,Lamp 2,Lumo,12.50", "L2,S1,Blue Ocean,Lamp 2,Lumo,9.90"), at=later)
    assert (changed.added, changed.changed, changed.unchanged) == (1, 1, 1)
    assert dict(db.session.execute(select(Listing.external_id, Listing.changed_at)).all()) == {
        "L1": at, "L2": later, "L3": later}


def test_a_file_never_touches_the_status(take) -> None:
    take(rows(1))
    db.session.execute(db.update(Listing).values(status="restricted", restriction={"restrictions": []}))
    db.session.commit()
    take(rows(1).replace("Lamp", "Torch"))
    assert db.session.execute(select(Listing.title, Listing.status)).all() == [("Torch 1", "restricted")]


def test_columns_that_are_not_there_stay_as_they_are(take) -> None:
    take(rows(1))
    result, _ = take("listing_id,store_id,store_name,title,url\nL1,S1,Blue Ocean,Torch,https://market.example/item/L1\n")
    assert result.changed == 1
    assert db.session.execute(select(Listing.title, Listing.brand, Listing.price)).all() == [("Torch", "Lumo", "12.50")]


def test_a_renamed_store_and_its_contact(take, marketplace: Marketplace) -> None:
    head = "listing_id,store_id,store_name,title,url,contact_email,locale,country\n"
    take(head + "L1,S1,Old name,Lamp,https://market.example/1,a@shop.example,zh_CN,CN\n")
    take(head + "L1,S1,New name,Lamp,https://market.example/1,,,\n")
    found = db.session.scalars(select(Store)).one()
    assert (found.name, found.contact_email, found.locale, found.country) == ("New name", "a@shop.example", "zh_CN", "CN")
    assert [row.external_id for row in queries.search("new name", marketplace).rows] == ["L1"]
    assert queries.search("old", marketplace).rows == []


@pytest.mark.parametrize("content", [
    pytest.param(b"\xef\xbb\xbf" + rows(1, 2).encode(), id="byte order mark"),
    pytest.param(rows(1, 2).replace("\n", "\r\n").encode(), id="Windows line ends"),
    pytest.param(rows(1, 2).replace("\n", "\r").encode(), id="old Macintosh line ends"),
    pytest.param(rows(1, 2).rstrip("\n").encode(), id="no last line end"),
    pytest.param(rows(1, 2).replace("L2,", "\nL2,").encode(), id="blank line"),
    pytest.param(rows(1, 2).replace("Lamp 1", '"Lamp\n1"').encode(), id="quoted newline"),
    pytest.param(rows(1, 2).replace("12.50", "$ 12.50").encode(), id="a sign before the price"),
    pytest.param(rows(1, 2).replace("Lamp 1", " Lamp\u200b  1 ").encode(), id="spaces and a zero-width character"),
    pytest.param(rows(1, 2).replace("Lamp 1", "Lamp\x001").replace("Lamp\x001", "Lamp \x001").encode(), id="control"),
])
def test_ways_of_writing_the_same_file(take, content: bytes) -> None:
    result, rejects = take(content)
    assert (result.added, rejects) == (2, [])
    assert titles() == ["Lamp 1", "Lamp 2"]


def test_titles_in_chinese_arabic_and_emoji(take, marketplace: Marketplace) -> None:
    text = rows(1, 2, 3).replace("Lamp 1", '"午夜,台灯 儿童玩具"').replace("Lamp 2", "مصباح").replace("Lamp 3", "Lamp 🪔 Größe")
    result, rejects = take(text)
    assert (result.added, rejects) == (3, [])
    assert titles() == ["午夜,台灯 儿童玩具", "مصباح", "Lamp 🪔 Größe"]
    assert [row.external_id for row in queries.search("玩具", marketplace).rows] == ["L1"]


@pytest.mark.parametrize(("cells", "column", "reason"), [
    ({"title": "x" * 20_000}, "title", "has 20000 characters, at most 1000 are possible"),
    ({"title": " "}, "title", "is empty"),
    ({"listing_id": ""}, "listing_id", "is empty"),
    ({"listing_id": "L 1"}, "listing_id", "contains a space"),
    ({"store_name": ""}, "store_name", "is empty"),
    ({"url": "nowhere"}, "url", "is not a web address"),
    ({"url": "javascript:alert(1)"}, "url", "is not a web address"),
    ({"price": "abc"}, "price", "is not a price in digits"),
    ({"price": "-5"}, "price", "is not a price in digits"),
    ({"price": "1,234.50"}, "price", "is not a price in digits"),
    ({"price": "12,50"}, "price", "is not a price in digits"),
    ({"currency": ""}, "currency", "is empty, and there is a price"),
    ({"currency": "dollar"}, "currency", "three capital letters"),
    ({"country": "Germany"}, "country", "has 7 characters, at most 2"),
    ({"country": "de"}, "country", "two capital letters"),
    ({"locale": "Chinese"}, "locale", "language code"),
    ({"contact_email": "me at home"}, "contact_email", "is not an e-mail address"),
    ({"title": "\udcff\udcfe"}, "title", "is not UTF-8 text"),
    ({"image_1": "../../etc/passwd"}, "image_1", "leads out of the folder"),
    ({"image_1": "missing.png"}, "image_1", "names no picture"),
    ({"image_1": "x" * 300}, "image_1", "names no picture"),
])
def test_a_broken_row_is_refused_by_row_and_column(take, tmp_path: Path, cells: dict[str, str], column: str, reason: str) -> None:
    good = dict(zip(HEADER.split(","), ROW.format(1).split(","), strict=True))
    good |= {"contact_email": "", "locale": "", "country": "", "image_1": ""}
    broken = {**good, "listing_id": "L2", **cells}
    with (tmp_path / "made.csv").open("w", encoding="utf-8", errors="surrogateescape", newline="") as text:
        writer = csv.DictWriter(text, good)
        writer.writeheader()
        writer.writerows([good, broken, {**good, "listing_id": "L3"}])
    result, [refused] = take((tmp_path / "made.csv").read_bytes())
    assert (result.added, result.rejected) == (2, 1)
    assert (refused["rejected_row"], refused["rejected_column"]) == ("3", column)
    assert refused["problem"].startswith(column)
    assert reason in refused["problem"]
    assert refused["store_id"] == "S1"


def test_several_reasons_stand_in_one_line(take) -> None:
    _, [refused] = take(rows(1).replace("USD", "usd").replace("Lamp 1", ""))
    assert refused["rejected_column"] == "title; currency"


def test_the_first_of_two_rows_with_one_id_counts(take) -> None:
    result, [refused] = take(rows(1, 2) + ROW.format(1).replace("Lamp 1", "Copy") + "\n")
    assert (result.added, result.rejected) == (2, 1)
    assert (refused["rejected_row"], refused["problem"]) == ("4", "listing_id stands already in row 2")
    assert titles() == ["Lamp 1", "Lamp 2"]


def test_two_names_of_one_store_in_one_file_are_a_contradiction(take) -> None:
    head = "listing_id,store_id,store_name,title,url,contact_email\n"
    result, [other, mail] = take(
        head + "L1,S1,Blue Ocean,Lamp,https://market.example/1,\n"
        "L2,S1,Red Desert,Lamp,https://market.example/2,a@shop.example\n"
        "L3,S1,Blue Ocean,Lamp,https://market.example/3,b@shop.example\n"
        "L4,S1,Blue Ocean,Lamp,https://market.example/4,c@shop.example\n"
        "L5,S2,Red Desert,Lamp,https://market.example/5,c@shop.example\n")
    assert (result.added, result.rejected) == (3, 2)
    assert (other["rejected_row"], other["problem"]) == ("3", "store_name of store S1 is 'Blue Ocean' in row 2")
    assert (mail["rejected_row"], mail["problem"]) == ("5", "contact_email of store S1 is 'b@shop.example' in row 4")
    assert db.session.execute(select(Store.name, Store.contact_email).order_by(Store.id)).all() == [
        ("Blue Ocean", "b@shop.example"), ("Red Desert", "c@shop.example")]


def test_a_refused_row_does_not_take_its_id(take) -> None:
    result, [refused] = take(rows(1).replace("USD", "usd") + ROW.format(1) + "\n")
    assert (result.added, refused["rejected_row"]) == (1, "2")


def test_rows_of_another_length_and_quotes_that_do_not_close(take) -> None:
    result, refused = take(rows(1) + "L2,S1,too short\n" + ROW.format(3) + '\nL4,S1,"never closed\n')
    assert result.added == 2
    assert [row["rejected_row"] for row in refused] == ["3", "5"]
    assert "3 cells, the header has 9" in refused[0]["problem"]
    assert "is not CSV" in refused[1]["problem"]


@pytest.mark.parametrize("swallowed", [
    pytest.param('L2,S1,Blue Ocean,"Lamp 2,Lumo,12.50,USD,lamps,https://market.example/item/L2\n'
                 + ROW.format(3) + "\n\n" + ROW.format(4) + "\n", id="to the end of the file"),
    pytest.param('L2,S1,Blue Ocean,"Lamp 2,Lumo,12.50,USD,lamps,https://market.example/item/L2\n'
                 + ROW.format(3) + "\n\n" + ROW.format(4).replace("Lamp 4", '"Lamp 4"') + "\n", id="to the next quote"),
    pytest.param('L2,S1,Blue Ocean,"Lamp 2,Lumo,12.50,USD,lamps,https://market.example/item/L2\n'
                 + ROW.format(3) + "\n\n" + ROW.format(4).replace(",Lamp 4", '",Lamp 4') + "\n", id="to a row that is too short"),
])
def test_every_line_that_a_stray_quote_swallows_stands_in_the_rejects_file(take, swallowed: str) -> None:
    end = "" if swallowed.count('"') == 1 else ROW.format(5) + "\n"
    result, refused = take(rows(1) + swallowed + end)
    assert (result.added, result.rejected) == (2 if end else 1, 3)
    assert [row["rejected_row"] for row in refused] == ["3", "4", "6"]
    assert [row["listing_id"] for row in refused] == ["L2", "L3", "L4"]
    assert "a quote opens in line 3" in refused[0]["problem"]
    assert all("the quote that opens in line 3" in row["problem"] for row in refused[1:])


def test_a_line_too_long_to_be_read_is_refused_and_the_next_one_taken(
    marketplace: Marketplace, tmp_path: Path, at: datetime,
) -> None:
    file, rejects = tmp_path / "listings.csv", tmp_path / "rejects.csv"
    file.write_text(rows(1) + f'L2,"{"x" * 1_100_000}\n' + ROW.format(3) + "\n")
    result = import_listings(file, marketplace=marketplace, rejects=rejects, now=lambda: at, keep_picture=keep_picture)
    assert (result.added, result.rejected) == (2, 1)
    [_, refused] = rejects.read_text().splitlines()
    assert refused.startswith("3,,is not CSV: field larger")


@pytest.mark.parametrize(("content", "reason"), [
    (b"", "the file is empty"),
    (rows(1).replace(",currency", ",category").replace("category,category", "category").encode(), "'price' needs the column 'currency'"),
    (rows(1).replace("title,", "").encode(), "missing column: 'title'"),
    (rows(1).replace("brand", "brnad").encode(), "unknown column: 'brnad'"),
    (rows(1).replace("brand", "title").encode(), "column named twice: 'title'"),
    (ROW.format(1).encode(), "missing column"),
    (rows(1).encode("utf-16"), "missing column"),
    (b"PK\x03\x04" + bytes(range(256)), "missing column"),
])
def test_a_broken_header_imports_nothing(take, tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(BrokenHeader, match=reason):
        take(content)
    assert titles() == []
    assert not (tmp_path / "rejects.csv").exists()


def test_the_rejects_file_runs_nothing_and_can_be_imported_once_mended(take, tmp_path: Path) -> None:
    _, [refused] = take(rows(1).replace("Lamp 1", "=cmd()|A1").replace("USD", "usd").replace("Lumo", "'s Lamps"))
    assert (refused["title"], refused["brand"]) == ("'=cmd()|A1", "''s Lamps")
    mended = (tmp_path / "rejects.csv").read_text().replace("usd", "USD")
    result, _ = take(mended)
    assert result.added == 1
    assert db.session.execute(select(Listing.title, Listing.brand)).all() == [("=cmd()|A1", "'s Lamps")]


def test_an_old_rejects_file_is_emptied_by_a_good_run(take) -> None:
    take(rows(1).replace("USD", "usd"))
    _, rejects = take(rows(1))
    assert rejects == []


def test_pictures_by_digest_address_or_file(take, tmp_path: Path) -> None:
    picture = photo()
    (tmp_path / "lamp.png").write_bytes(picture)
    digest = "a" * 64
    head = "listing_id,store_id,store_name,title,url,image_1,image_2,image_3\n"
    row = f"L1,S1,Blue,Lamp,https://market.example/1,{digest},https://cdn.example/2.png,lamp.png\n"
    _, refused = take(head + row)
    assert refused == []
    kept = sha256(picture).hexdigest()
    assert stores.current().exists(kept)
    [lamp] = db.session.scalars(select(Listing))
    assert (lamp.images, lamp.image_addresses) == ([digest, kept], ["https://cdn.example/2.png"])


@pytest.mark.parametrize(("content", "words"), [(b"pixels", "type_not_taken"), (b"", "file_empty")])
def test_a_file_that_is_no_picture_refuses_its_row(take, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "lamp.png").write_bytes(content)
    result, [refused] = take(
        "listing_id,store_id,store_name,title,url,image_1\nL1,S1,Blue,Lamp,https://market.example/1,lamp.png\n")
    assert result.added == 0 and words in refused["problem"]


def count() -> int:
    found = db.session.scalar(select(func.count()).select_from(Listing))
    db.session.rollback()
    return found or 0


class Pulled(RuntimeError):
    """Somebody has pulled the plug."""


def broken_off() -> None:
    raise Pulled


@pytest.fixture
def plug(tables: Flask, monkeypatch: pytest.MonkeyPatch):
    """Small batches and slices, without pauses; ``plug(words, number)`` breaks off after that statement with these words."""
    monkeypatch.setattr(imports, "BATCH_ROWS", 10)
    monkeypatch.setattr(imports, "SLICE_ROWS", 10)
    monkeypatch.setattr(imports, "PAUSE_SECONDS", 0)
    pulls = []

    def pull(words: str, number: int, act: Callable[[], None] = broken_off) -> None:
        seen = []

        def crash(connection, cursor, statement: str, *_: object) -> None:
            if words in statement:
                seen.append(statement)
                if len(seen) == number:
                    act()

        pulls.append(crash)
        event.listen(db.engine, "after_cursor_execute", crash)

    def push() -> None:
        while pulls:
            event.remove(db.engine, "after_cursor_execute", pulls.pop())

    pull.push = push
    yield pull
    push()


def test_a_file_that_is_cut_off_while_it_is_read_imports_nothing(take, plug) -> None:
    take(rows(1, 2))
    plug("INSERT INTO staged_listings", 3)
    with pytest.raises(Pulled):
        take(rows(*range(1, 36)).replace("Lamp", "Torch").replace("Blue Ocean", "Red Desert"))
    plug.push()
    assert titles() == ["Lamp 1", "Lamp 2"]
    assert db.session.scalars(select(Store.name)).all() == ["Blue Ocean"]
    db.session.rollback()
    assert [db.session.scalar(select(func.count()).select_from(kind)) for kind in (StagedListing, StagedStore)] == [0, 0]
    result, _ = take(rows(*range(1, 36)))
    assert (result.added, result.unchanged) == (33, 2)


sqlite_only = pytest.mark.skipif(
    os.environ.get("IPDESK_TEST_DATABASE") == "postgresql", reason="PostgreSQL takes every file in one transaction")


@sqlite_only
def test_a_large_file_that_is_cut_off_while_it_goes_in_is_carried_to_its_end(take, plug, at: datetime) -> None:
    plug("INSERT INTO listings", 3)
    with pytest.raises(Pulled):
        take(rows(*range(1, 36)))
    plug.push()
    assert count() == 19, "a store and 9 listings, then 10"
    assert imports.finish_cut_off(lambda: at, silent=imports.DEAD_AFTER) == 0, "its process may be alive"
    later = at + timedelta(minutes=1)
    assert imports.finish_cut_off(lambda: later, silent=imports.DEAD_AFTER, slices=1) == 1
    assert count() == 29, "the worker takes one slice in a round"
    imports.finish_cut_off(lambda: later, silent=imports.DEAD_AFTER)
    assert count() == 35
    assert imports.finish_cut_off(lambda: later, silent=imports.DEAD_AFTER) == 0


@sqlite_only
def test_the_next_import_carries_the_last_one_to_its_end_before_it_begins(take, plug) -> None:
    plug("INSERT INTO listings", 3)
    with pytest.raises(Pulled):
        take(rows(*range(1, 36)))
    plug.push()
    result, _ = take(rows(*range(1, 36)).replace("Lamp 35", "Torch"))
    assert (result.added, result.changed, result.unchanged) == (0, 1, 34)
    assert (count(), titles()[-1]) == (35, "Torch"), "the older file does not come after the newer one"


def test_a_file_of_one_slice_goes_in_in_one_transaction(take, plug, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "SLICE_ROWS", 100)
    plug("DELETE FROM staged_listings", 1)
    with pytest.raises(Pulled):
        take(rows(*range(1, 36)))
    plug.push()
    assert count() == 0
    assert db.session.scalar(select(func.count()).select_from(Store)) == 0


def test_what_a_dead_process_has_read_in_part_is_forgotten(take, plug, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_forget", lambda import_id: None)  # as if killed
    plug("INSERT INTO staged_listings", 3)
    with pytest.raises(Pulled):
        take(rows(*range(1, 36)))
    plug.push()
    aside = select(func.count()).select_from(StagedListing)
    assert imports.finish_cut_off(lambda: at + timedelta(minutes=30)) == 0
    assert db.session.scalar(aside) == 20
    imports.finish_cut_off(lambda: at + timedelta(hours=1))
    assert (db.session.scalar(aside), count()) == (0, 0)
    assert db.session.scalar(select(func.count()).select_from(ListingImport)) == 0


def test_a_changed_listing_is_found_by_a_brand_that_the_file_does_not_name(take, marketplace: Marketplace) -> None:
    take(rows(1))
    take("listing_id,store_id,store_name,title,url\nL1,S1,Blue Ocean,Torch,https://market.example/item/L1\n")
    assert [row.external_id for row in queries.search("lumo torch", marketplace).rows] == ["L1"]


def test_progress_ends_at_the_size_of_the_file(take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH_ROWS", 10)
    calls: list[tuple[int, int]] = []
    take(rows(*range(25)), progress=lambda done, read: calls.append((done, read)))
    assert [done for done, _ in calls] == [10, 20, 25]
    assert calls[-1][1] == (tmp_path / "listings.csv").stat().st_size


def test_ids_are_per_marketplace(take, tmp_path: Path, at: datetime) -> None:
    take(rows(1))
    other = Marketplace(code="de", name="DE", url="https://de.example", market="DE")
    db.session.add(other)
    db.session.commit()
    result = import_listings(
        tmp_path / "listings.csv", marketplace=other, rejects=tmp_path / "r.csv", now=lambda: at, keep_picture=keep_picture)
    assert result.added == 1
    assert db.session.scalar(select(func.count()).select_from(Store)) == 2


@pytest.mark.skipif(not shared_listings().exists(), reason="the shared data is not there (IPDESK_SHARED)")
def test_the_five_thousand(marketplace: Marketplace, tmp_path: Path, at: datetime) -> None:
    result = import_listings(
        shared_listings(), marketplace=marketplace, rejects=tmp_path / "r.csv", now=lambda: at, keep_picture=keep_picture)
    assert (result.rows, result.added) == (5000, 5000)
    assert db.session.scalar(select(func.count()).select_from(Listing).where(Listing.price == "Album Only")) == 8, "as shown"
    assert db.session.scalar(select(func.count()).select_from(Store)) == 400
    assert len(queries.search("S00209", marketplace).rows) > 1


# --- the command ------------------------------------------------------------------------------------

@pytest.fixture
def run(tables: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def invoke(content: str, *options: str):
        (tmp_path / "listings.csv").write_text(content)
        return CliRunner().invoke(import_group, ["listings", "listings.csv", *options])
    return invoke


def test_the_command_says_what_happened(run, marketplace: Marketplace, tmp_path: Path) -> None:
    good = run(rows(1, 2))
    assert good.exit_code == 0, good.output
    assert "2 rows in" in good.stdout
    assert "2 added, 0 changed, 0 unchanged, 0 refused" in good.stdout
    assert not (tmp_path / "listings.rejects.csv").exists()
    bad = run(rows(1, 2).replace("Lamp 2", ""), "--json")
    assert bad.exit_code == 3
    said = json.loads(bad.stdout)
    assert (said["rows"], said["unchanged"], said["rejected"], said["rejects"]) == (2, 1, 1, "listings.rejects.csv")
    assert (tmp_path / "listings.rejects.csv").exists()


@pytest.mark.parametrize(("stopped_at", "code", "words"), [
    ("INSERT INTO staged_listings", 1, "Nothing was imported"),
    pytest.param("INSERT INTO listings", 4, "the worker or the next import puts in the rest", marks=sqlite_only),
])
def test_the_command_says_what_is_in_when_it_is_stopped(
    run, plug, marketplace: Marketplace, stopped_at: str, code: int, words: str,
) -> None:
    plug(stopped_at, 2, lambda: os.kill(os.getpid(), signal.SIGINT))
    stopped = run(rows(*range(1, 36)))
    plug.push()
    assert stopped.exit_code == code
    assert words in stopped.stderr


def test_the_command_refuses_a_broken_header(run, marketplace: Marketplace) -> None:
    broken = run(rows(1).replace("title", "titel"))
    assert broken.exit_code == 1
    assert "Nothing was imported" in broken.stderr
    assert "'titel'" in broken.stderr
    assert json.loads(run("", "--json").stdout)["error"].startswith("the file is empty")


def test_the_command_knows_which_marketplace(run, tables: Flask) -> None:
    none = run(rows(1))
    assert none.exit_code == 2
    assert "--marketplace-url" in none.stderr
    assert run(rows(1), "--marketplace-url", "https://market.example/").exit_code == 0
    assert run(rows(1)).exit_code == 0, "the only one need not be named"
    assert run(rows(1), "--marketplace", "de").exit_code == 2
    assert run(rows(1), "--marketplace", "de", "--marketplace-url", "nonsense").exit_code == 2
    assert run(rows(1), "--marketplace", "de", "--marketplace-url", "https://de.example/").exit_code == 0
    several = run(rows(1))
    assert several.exit_code == 2
    assert "(de, main)" in several.stderr


def test_the_command_never_overwrites_its_own_file(run, marketplace: Marketplace, tmp_path: Path) -> None:
    assert run(rows(1), "--rejects", "listings.csv").exit_code == 2
    assert (tmp_path / "listings.csv").read_text() == rows(1)
