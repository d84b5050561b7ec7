"""Uploads over HTTP: whole, cut, resumed, refused."""

import io
import json
import os
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.exceptions import ClientDisconnected

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.catalogue.models import Listing, Marketplace, Store
from ipdesk.features.evidence import allowance, forms, intake, jobs, operations, pages
from ipdesk.features.evidence.models import Blob, Exhibit, Upload
from ipdesk.features.evidence.preview import Limits, Previews
from tests.features.evidence.conftest import HOUR, Desk, locked_pdf, nested_forms, pdf, picture, pixel_flood

SELLER = {"user_id": 7, "roles": frozenset({"seller"}), "store_ids": frozenset({3})}


class Device:
    """What the script in the browser does."""

    def __init__(self, desk: Desk) -> None:
        self.http = desk.app.test_client()

    def begin(self, name: str, size: int) -> Any:
        return self.http.post("/evidence/uploads", json={"name": name, "size": size})

    def put(self, begun: dict[str, Any], at: int, content: bytes) -> Any:
        return self.http.put(begun["href"], data=content, headers={
            "Upload-Token": begun["token"], "Upload-Offset": str(at)})

    def head(self, begun: dict[str, Any]) -> Any:
        return self.http.head(begun["href"], headers={"Upload-Token": begun["token"]})

    def finish(self, begun: dict[str, Any]) -> Any:
        return self.http.post(begun["href"] + "/finish", headers={"Upload-Token": begun["token"]})

    def send(self, name: str, content: bytes, piece: int = 100_000) -> Any:
        answer = self.begin(name, len(content))
        if answer.status_code != 201:
            return answer
        for at in range(0, len(content), piece):
            assert self.put(answer.json, at, content[at:at + piece]).status_code == 204
        return self.finish(answer.json)


@pytest.fixture
def device(desk: Desk) -> Device:
    desk.as_(**SELLER)
    return Device(desk)


def rows(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_photo_in_pieces_becomes_an_exhibit_with_its_preview(desk: Desk, device: Device) -> None:
    content = picture("JPEG", size=(1200, 900))
    answer = device.send("IMG 1.jpg", content)
    assert answer.status_code == 201
    exhibit = answer.json
    assert (exhibit["name"], exhibit["size"], exhibit["trouble"]) == ("IMG 1.jpg", len(content), "")
    assert desk.tools.store.read(exhibit["sha256"]) == content
    assert device.http.get(exhibit["thumbnail"]).mimetype == "image/webp"
    assert not list((desk.instance / "evidence" / "parts").glob("*/*"))
    row = db.session.scalars(select(Exhibit)).one()
    assert (row.owner_user_id, row.uploaded_at, row.filed_at) == (7, desk.clock.now(), None)


def test_a_cut_upload_is_resumed_and_the_hash_is_the_same(desk: Desk, device: Device) -> None:
    content = pdf(3) + b"%" + os.urandom(250_000) + b"\n%%EOF\n"
    whole = device.send("a.pdf", content, piece=len(content)).json["sha256"]
    begun = device.begin("a.pdf", len(content)).json
    assert device.put(begun, 0, content[:99_999]).headers["Upload-Offset"] == "99999"
    lost = device.put(begun, 50_000, content[50_000:60_000])  # a device that lost count
    assert (lost.status_code, lost.headers["Upload-Offset"]) == (409, "99999")
    desk.clock.advance(47 * HOUR)
    at = int(device.head(begun).headers["Upload-Offset"])
    assert at == 99_999
    device.put(begun, at, content[at:])
    assert device.finish(begun).json["sha256"] == whole
    assert len(desk.stored()) == 1
    assert (rows(Blob), rows(Exhibit)) == (1, 2)


def test_what_came_before_the_line_broke_is_kept(desk: Desk, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    content = picture("PNG")
    begun = device.begin("a.png", len(content)).json

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == 3000:
                raise ClientDisconnected
            return super().read(1000)

    with monkeypatch.context() as patch:
        line = Broken(content)
        patch.setattr("werkzeug.wrappers.request.Request.stream", property(lambda _self: line))
        device.put(begun, 0, content)
    assert device.head(begun).headers["Upload-Offset"] == "3000"
    device.put(begun, 3000, content[3000:])
    assert desk.tools.store.read(device.finish(begun).json["sha256"]) == content


def test_finishing_twice_makes_one_exhibit(device: Device) -> None:
    content = picture("JPEG")
    begun = device.begin("a.jpg", len(content)).json
    device.put(begun, 0, content)
    first, second = device.finish(begun), device.finish(begun)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["reference"] == second.json["reference"]
    assert rows(Exhibit) == 1


def test_two_pieces_at_the_same_offset_leave_one(desk: Desk, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both requests read the offset before either wrote; the database decides."""
    begun = device.begin("a.txt", 8).json
    rival = Device(desk)
    rival.http = device.http
    real = pages._body
    sent = []

    def slow(most: int) -> bytes:
        body = real(most)
        if not sent:
            sent.append(1)
            assert rival.put(begun, 0, b"riva").status_code == 204
        return body

    monkeypatch.setattr(pages, "_body", slow)
    late = device.put(begun, 0, b"mine")
    assert (late.status_code, late.headers["Upload-Offset"]) == (409, "4")
    device.put(begun, 4, b"rest")
    assert desk.tools.store.read(device.finish(begun).json["sha256"]) == b"rivarest"


def test_five_gigabytes_are_refused_before_a_byte_is_stored(desk: Desk, device: Device) -> None:
    answer = device.begin("film.mp4", 5 * 10**9)
    assert answer.status_code == 413
    assert "film.mp4" in answer.json["error"] and "1 GB" in answer.json["error"]
    assert (rows(Upload), desk.files()) == (0, [])


def test_more_than_was_declared_is_refused_and_not_stored(desk: Desk, device: Device) -> None:
    begun = device.begin("a.txt", 4).json
    assert device.put(begun, 0, b"12345").status_code == 413
    assert device.head(begun).headers["Upload-Offset"] == "0"
    assert desk.files() == []


def test_a_piece_larger_than_a_piece_is_refused(desk: Desk, device: Device) -> None:
    begun = device.begin("a.mp4", 20_000_000).json
    assert device.put(begun, 0, bytes(desk.tools.rules.part + 1)).status_code == 413
    assert desk.files() == []


@pytest.mark.parametrize(("name", "content", "code", "words"), [
    ("photo.jpg", b"", "file_empty", "empty (0 bytes)"),
    ("photo.jpg", b"MZ" + bytes(300), "type_not_taken", "do not take"),
    ("photo.jpg", b"<html><script>x</script></html>", "type_not_taken", "do not take"),
    ("photo.jpg", pdf(), "name_does_not_match", "content is PDF"),
    ("a.txt", b"x" * 10_000_001, "file_too_large", "10 MB"),
])
def test_refused_files_get_a_sentence_and_leave_nothing(
    desk: Desk, device: Device, name: str, content: bytes, code: str, words: str
) -> None:
    answer = device.send(name, content, piece=7_000_000)
    assert (answer.status_code >= 400, answer.json["code"]) == (True, code)
    assert name in answer.json["error"] and words in answer.json["error"]
    assert (rows(Exhibit), rows(Blob), rows(Upload), desk.files()) == (0, 0, 0, [])


@pytest.mark.parametrize(("name", "content", "words"), [
    ("contract.pdf", locked_pdf(), "locked with a password: we keep it, but nobody can read it. Upload an unlocked copy."),
    ("contract.pdf", pdf()[:400], "damaged or cut off"),
    ("photo.png", pixel_flood(), "40 megapixels"),
    ("photo.jpg", picture("JPEG")[:2000], "damaged or cut off"),
])
def test_what_nobody_can_see_is_kept_and_its_uploader_told_at_once(
    desk: Desk, device: Device, name: str, content: bytes, words: str
) -> None:
    exhibit = device.send(name, content).json
    assert words in exhibit["trouble"]
    assert exhibit["thumbnail"] == ""
    assert desk.tools.store.read(exhibit["sha256"]) == content
    assert device.http.get(f"/evidence/exhibits/{exhibit['reference']}/view").status_code == 404


def test_a_file_that_finds_no_turn_is_kept_and_shown_later(desk: Desk, device: Device) -> None:
    intake.install(replace(desk.tools, previews=Previews(processes=1, patience=0.05)))
    content = picture("JPEG")
    with desk.tools.previews._turn():  # somebody's heavy file is being looked at
        exhibit = device.send("photo.jpg", content).json
        assert "make its preview within minutes" in exhibit["trouble"] and exhibit["thumbnail"] == ""
        text = device.send("a.txt", b"words").json
        assert device.http.get(f"/evidence/exhibits/{text['reference']}/text").status_code == 503
        assert jobs.look_again(desk.clock.now()) == 0
    assert jobs.look_again(desk.clock.now()) == 1
    blob = db.session.get(Blob, exhibit["sha256"])
    assert (blob.trouble, blob.facts["pages"]) == (None, 1)
    assert device.http.get(f"/evidence/exhibits/{exhibit['reference']}/thumb").mimetype == "image/webp"
    assert jobs.look_again(desk.clock.now()) == 0


def test_nobody_knows_a_guest_so_looking_at_its_file_costs_little(desk: Desk, device: Device,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "OF_GUESTS", Limits(cpu=1, wall=2))
    began = time.monotonic()
    made = Guest(desk).send("form.pdf", nested_forms())
    assert "takes too much work" in made.json["trouble"] and time.monotonic() - began < 10


def test_a_page_that_takes_too_much_work_is_tried_once(desk: Desk, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    intake.install(replace(desk.tools, previews=Previews(limits=Limits(cpu=1, wall=2))))
    exhibit = device.send("two.pdf", nested_forms(light_pages=1)).json
    path = f"/evidence/exhibits/{exhibit['reference']}/view/1"
    assert device.http.get(path).status_code == 404
    tried: list[object] = []
    monkeypatch.setattr(Previews, "page", lambda *args, **more: tried.append(args))
    assert device.http.get(path).status_code == 404 and tried == []


def test_a_zip_is_kept_and_has_no_trouble(device: Device) -> None:
    import zipfile
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(30_000_000))
    exhibit = device.send("all.zip", out.getvalue()).json
    assert (exhibit["trouble"], exhibit["can_be_shown"]) == ("", False)


def test_an_unfinished_upload_is_not_an_exhibit(device: Device) -> None:
    begun = device.begin("a.jpg", 1000).json
    device.put(begun, 0, bytes(999))
    answer = device.finish(begun)
    assert (answer.status_code, answer.json["code"]) == (409, "upload_not_whole")
    assert "999 bytes of 1 kB" in answer.json["error"]
    assert rows(Exhibit) == 0


def test_only_who_began_an_upload_can_go_on(desk: Desk, device: Device) -> None:
    begun = device.begin("a.txt", 4).json
    assert device.put(begun | {"token": "guess"}, 0, b"1234").status_code == 404
    desk.as_(user_id=8, roles=frozenset({"seller"}))
    assert device.put(begun, 0, b"1234").status_code == 404
    desk.as_()
    assert device.finish(begun).status_code == 404
    assert desk.files() == []


def test_a_guest_goes_on_in_the_same_browser_only(desk: Desk) -> None:
    desk.as_()
    mine, other = Device(desk), Device(desk)
    begun = mine.begin("a.txt", 4).json
    other.begin("b.txt", 4)
    assert other.put(begun, 0, b"1234").status_code == 404
    assert mine.put(begun, 0, b"1234").status_code == 204
    reference = mine.finish(begun).json["reference"]
    assert mine.http.get(f"/evidence/exhibits/{reference}/original").data == b"1234"
    assert other.http.get(f"/evidence/exhibits/{reference}/original").status_code == 404


def test_an_upload_ends_when_its_time_is_up_and_is_swept(desk: Desk, device: Device) -> None:
    old, young = device.begin("old.txt", 8).json, None
    device.put(old, 0, b"1234")
    desk.clock.advance(timedelta(hours=desk.tools.rules.hours_to_resume))
    young = device.begin("young.txt", 8).json
    device.put(young, 0, b"1234")
    answer = device.put(old, 4, b"5678")
    assert (answer.status_code, answer.json["code"]) == (410, "upload_over")
    assert jobs.sweep_uploads(desk.who()) == 1
    assert [row.reference for row in db.session.scalars(select(Upload))] == [young["reference"]]
    assert len(desk.files()) == 1
    assert device.head(young).headers["Upload-Offset"] == "4"


def test_nobody_fills_the_disk_with_uploads_begun(desk: Desk, device: Device) -> None:
    most = desk.tools.rules.open_uploads_per_person
    begun = [device.begin("a.txt", 4).json for _ in range(most)]
    assert device.begin("a.txt", 4).json["code"] == "too_many_open_uploads"
    assert device.http.delete(begun[0]["href"], headers={"Upload-Token": begun[0]["token"]}).status_code == 204
    assert device.begin("a.txt", 4).status_code == 201


class Guest(Device):
    """A browser without an account, at an address."""

    def __init__(self, desk: Desk, address: str = "192.0.2.1") -> None:
        desk.as_(address=address)
        super().__init__(desk)


def limit(desk: Desk, **limits: int) -> None:
    """Other limits than those of the table, for as long as this desk stands."""
    intake.install(replace(desk.tools, rules=replace(desk.tools.rules, **limits)))


def test_a_guest_has_fifty_megabytes_on_the_way_at_most(desk: Desk) -> None:
    guest = Guest(desk)
    alone = guest.begin("film.mp4", 50_000_001)
    assert alone.status_code == 413 and "50 MB" in alone.json["error"]
    begun = guest.begin("one.mp4", 30_000_000).json
    together = guest.begin("two.mp4", 30_000_000)
    assert together.json["code"] == "too_many_open_bytes" and "two.mp4" in together.json["error"]
    guest.http.delete(begun["href"], headers={"Upload-Token": begun["token"]})
    assert guest.begin("two.mp4", 30_000_000).status_code == 201


def test_the_day_of_an_address_is_full_whoever_throws_cookies_away(desk: Desk) -> None:
    limit(desk, guest_bytes_per_day=10)
    assert Guest(desk).send("a.txt", b"12345678").status_code == 201
    full = Guest(desk).begin("b.txt", 4)
    assert full.json["code"] == "day_is_full" and "10 bytes" in full.json["error"]
    assert Guest(desk, "2001:db8:1:2::1").send("b.txt", b"1234567").status_code == 201
    assert Guest(desk, "2001:db8:1:2:ffff::9").begin("c.txt", 4).json["code"] == "day_is_full"
    desk.clock.advance(25 * HOUR)
    assert Guest(desk).send("b.txt", b"1234").status_code == 201


def test_what_was_begun_before_the_day_was_full_does_not_go_on(desk: Desk) -> None:
    limit(desk, guest_bytes_per_day=10)
    guests = [Guest(desk) for _ in range(3)]
    begun = [guest.begin("a.txt", 8).json for guest in guests]
    assert guests[0].put(begun[0], 0, b"12345678").status_code == 204
    assert guests[1].put(begun[1], 0, b"12345678").json["code"] == "day_is_full"
    assert len(desk.files()) == 1


def test_a_guest_does_not_begin_without_end(desk: Desk) -> None:
    limit(desk, guest_pieces_per_day=5)
    codes = [Guest(desk).begin("a.txt", 4).status_code for _ in range(7)]
    assert codes == [201] * 5 + [422] * 2


def test_an_account_has_two_gigabytes_a_day(desk: Desk, device: Device) -> None:
    for name in ("one.mp4", "two.mp4"):
        with unit_of_work():
            allowance.note_piece(actor=desk.who(**SELLER), sender="user 7", size=10**9)
        full = device.begin(name, 1)
        assert full.status_code == (201 if name == "one.mp4" else 422)
    assert full.json["code"] == "day_is_full" and "2 GB" in full.json["error"]
    desk.as_(user_id=8, roles=frozenset({"seller"}))
    assert device.begin("three.mp4", 1).status_code == 201


def test_what_a_guest_did_not_file_goes_after_two_days_with_its_bytes(desk: Desk, device: Device, case_id: int) -> None:
    def attach(exhibit: Exhibit) -> None:
        operations.attach(actor=desk.who(), exhibit=exhibit, case_id=case_id, role="notice", rules=desk.tools.rules)

    guest, photo = Guest(desk), picture("JPEG")
    references = {name: guest.send(name, content).json["reference"] for name, content in (
        ("photo.jpg", photo), ("shared.txt", b"also an account's"), ("filed.txt", b"filed"), ("shop.png", picture("PNG")))}
    shown = {row.name: row for row in db.session.scalars(select(Exhibit))}
    in_the_catalogue = shown["shop.png"].blob_sha256
    with unit_of_work():
        attach(db.session.scalars(select(Exhibit).filter_by(name="filed.txt")).one())
        mall = Marketplace(code="mall", name="Mall", url="https://mall.example")
        db.session.add(mall)
        db.session.flush()
        store = Store(marketplace_id=mall.id, external_id="s", name="Shop")
        db.session.add(store)
        db.session.flush()
        db.session.add(Listing(marketplace_id=mall.id, store_id=store.id, external_id="1", title="Lamp",
                               images=[in_the_catalogue], changed_at=desk.clock.now()))
    desk.as_(**SELLER)
    device.send("mine.txt", b"also an account's")
    desk.clock.advance(47 * HOUR)
    assert jobs.sweep_uploads(desk.who()) == 0 and len(desk.stored()) == 4
    desk.clock.advance(2 * HOUR)
    assert jobs.sweep_uploads(desk.who()) > 0
    left = {row.name for row in db.session.scalars(select(Exhibit))}
    assert left == {"filed.txt", "mine.txt"}
    assert shown["photo.jpg"].blob_sha256 not in desk.stored() and len(desk.stored()) == 3
    assert not list((desk.instance / "evidence" / "derived" / shown["photo.jpg"].blob_sha256).glob("*"))
    assert in_the_catalogue in desk.stored()
    assert rows(Blob) == 3 and jobs.sweep_uploads(desk.who()) == 0
    desk.as_()
    assert guest.http.get(f"/evidence/exhibits/{references['photo.jpg']}/original").status_code == 404
    assert guest.send("photo.jpg", photo).status_code == 201, "the same photo may come again"


def test_bytes_of_a_removed_draft_go_too(desk: Desk, device: Device) -> None:
    made = device.send("a.txt", b"one").json
    device.http.post(made["remove"])
    desk.clock.advance(49 * HOUR)
    assert jobs.sweep_uploads(desk.who()) > 0
    assert desk.stored() == [] and rows(Blob) == 0


def test_bytes_that_the_sweep_takes_meanwhile_are_asked_for_again(desk: Desk, device: Device,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep takes old bytes that nobody names just between their second arrival and its record."""
    first = device.send("a.txt", b"one").json
    device.http.post(first["remove"])
    desk.clock.advance(49 * HOUR)
    begun = device.begin("again.txt", 3).json
    device.put(begun, 0, b"one")
    take = intake.Intake.take

    def swept_between(*args: Any, **kwargs: Any) -> Any:
        file = take(*args, **kwargs)
        jobs.sweep_uploads(desk.who())
        return file

    with monkeypatch.context() as patch:
        patch.setattr(intake.Intake, "take", swept_between)
        assert device.finish(begun).json["code"] == "bytes_changed"
    assert rows(Exhibit) == 0
    answer = device.finish(begun)
    assert answer.status_code == 201
    assert desk.tools.store.read(answer.json["sha256"]) == b"one"


def test_a_full_disk_is_said_and_the_upload_can_go_on(desk: Desk, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    begun = device.begin("a.txt", 4).json

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.tools.store), "put_part", full)
        answer = device.put(begun, 0, b"1234")
    assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
    device.put(begun, 0, b"1234")
    assert device.finish(begun).status_code == 201


def test_pieces_that_changed_on_our_disk_are_not_taken_for_the_file(desk: Desk, device: Device) -> None:
    begun = device.begin("a.txt", 4).json
    device.put(begun, 0, b"1234")
    next(path for path in desk.files() if "parts" in path.parts).write_bytes(b"12")
    assert device.finish(begun).json["code"] == "bytes_changed"
    assert rows(Exhibit) == 0


@pytest.mark.parametrize("body", [{}, {"name": "a"}, {"name": "a", "size": -1}, {"name": "", "size": 1},
                                  {"name": "a", "size": "9"}, {"name": "a", "size": 1, "owner": 9}, []])
def test_a_nonsense_beginning_is_refused(desk: Desk, device: Device, body: object) -> None:
    answer = device.http.post("/evidence/uploads", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == 422
    assert rows(Upload) == 0


def test_the_name_is_kept_as_a_fact_and_shown_clean(device: Device) -> None:
    raw = "..\\invoice\u202egpj.txt"
    assert device.send(raw, b"text").json["name"] == "invoicegpj.txt"
    assert db.session.scalars(select(Exhibit)).one().original_name == raw


@pytest.mark.parametrize(("raw", "kept"), [("\ud800.txt", "\ufffd.txt"), ("a\0b.txt", "a\ufffdb.txt")])
def test_a_name_that_no_database_holds_is_kept_as_near_as_can_be(device: Device, raw: str, kept: str) -> None:
    assert device.send(raw, b"text").json["name"] == kept
    assert db.session.scalars(select(Exhibit)).one().original_name == kept


def test_a_draft_can_be_taken_back_until_it_is_filed(desk: Desk, device: Device, case_id: int) -> None:
    first, second = device.send("a.txt", b"one").json, device.send("b.txt", b"two").json
    assert device.http.post(first["remove"]).status_code == 204
    with unit_of_work():
        exhibit = db.session.scalars(select(Exhibit)).one()
        operations.attach(actor=desk.who(**SELLER), exhibit=exhibit, case_id=case_id, role="counter_notice",
                          rules=desk.tools.rules, store_id=3)
        operations.file_exhibits(actor=desk.who(**SELLER), exhibits=[exhibit])
    answer = device.http.post(second["remove"])
    assert (answer.status_code, answer.json["code"]) == (409, "already_filed")
    assert rows(Exhibit) == 1


def test_the_number_and_weight_of_one_side_in_a_case_are_bounded(desk: Desk, device: Device, case_id: int) -> None:
    rules = replace(desk.tools.rules, files_per_case=2, bytes_per_case=10)
    for number in range(4):
        device.send(f"{number}.txt", b"1234")
    one, two, three, four = db.session.scalars(select(Exhibit).order_by(Exhibit.id)).all()

    def attach(exhibit: Exhibit, **more: Any) -> None:
        operations.attach(actor=desk.who(**SELLER), exhibit=exhibit, case_id=case_id, role="counter_notice",
                          store_id=3, **({"rules": rules} | more))

    attach(one)
    attach(two)
    attach(two)  # saying it again counts once
    with pytest.raises(Refusal, match="too_many_files"):
        attach(three)
    with pytest.raises(Refusal, match="too_many_bytes"):
        attach(four, rules=replace(rules, files_per_case=9))
