"""Pictures that a captured listing names by address: what is fetched, from whom, and what the pages say of it."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import clock_actor
from ipdesk.features.catalogue.models import Capture, CapturePicture, Listing, PictureFetch
from ipdesk.features.catalogue.operations import PICTURE_PAUSES
from ipdesk.features.catalogue.pictures import NotFetched, PictureSource
from ipdesk.features.evidence import intake
from ipdesk.features.evidence.jobs import sweep_uploads
from ipdesk.fsck import faults
from ipdesk.gateways.bundles.gather import case_of, contents_of_case
from tests.visitors import sign_in


def png(colour: str = "teal") -> bytes:
    content = BytesIO()
    Image.new("RGB", (60, 40), colour).save(content, "PNG")
    return content.getvalue()


class Market:
    """A picture host on this machine: path → (status, headers, body). ``asked`` lists the paths that were asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.hang = threading.Event()
        market = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                market.asked.append(self.path)
                if self.path == "/drip":
                    self.send_response(200)
                    self.end_headers()
                    while not market.hang.wait(0.05):
                        try:
                            self.wfile.write(b"x")
                        except OSError:
                            return
                    return
                status, headers, body = market.answers[self.path]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing to say."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def at(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        self.answers[path] = (status, headers, body)
        return f"http://{self.host}{path}"

    def close(self) -> None:
        self.hang.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def market() -> Iterator[Market]:
    found = Market()
    yield found
    found.close()


def fetched(market: Market, address: str, **given: object) -> bytes | NotFetched:
    return PictureSource([market.host], **given).fetch(address)


# --- the fetch itself -----------------------------------------------------------------------------------


def test_a_picture_of_a_permitted_host_is_fetched(market: Market) -> None:
    assert fetched(market, market.at("/a.png", png())) == png()
    assert fetched(market, market.at("/old.png", status=302, Location="/a.png")) == png(), "a redirect on the same host"


@pytest.mark.parametrize("address", [
    "https://other.example/a.png", "http://img.market.example/a.png", "https://img.market.example:8443/a.png",
    "https://user:word@img.market.example/a.png", "ftp://img.market.example/a.png", "file:///etc/passwd", "//img.market.example/a",
    "https://img.market.example.evil.example/a.png", "https://img.market.example/a b\r\nX: y", "https://[::1/", "",
])
def test_nobody_else_is_asked(address: str) -> None:
    def never(*_: object, **__: object) -> list[object]:
        raise AssertionError("a name was looked up")

    source = PictureSource(["img.market.example"], resolve=never)
    assert not source.permits(address)
    assert source.fetch(address) == NotFetched("not_permitted")


@pytest.mark.parametrize("private", [
    "10.0.0.5", "127.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "::ffff:10.0.0.5", "fd00::1"])
def test_a_permitted_name_that_leads_into_a_private_network_is_not_asked(private: str) -> None:
    def resolve(host: str, port: int, **_: object) -> list[object]:
        return [(None, None, None, "", ("8.8.8.8", port)), (None, None, None, "", (private, port))]

    assert PictureSource(["img.market.example"], resolve=resolve).fetch("https://img.market.example/a.png") == NotFetched("private_address")


def test_a_private_address_that_the_setting_names_is_asked_and_the_name_is_looked_up_once(market: Market) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    port = market.host.partition(":")[2]
    source = PictureSource([f"img.market.example:{port}", "127.0.0.1"], resolve=resolve)
    found = source.fetch(f"https://img.market.example:{port}/a.png")
    assert isinstance(found, NotFetched) and found.problem == "no_answer" and "SSL" in found.detail, "connected, but it speaks no TLS"
    assert asked == ["img.market.example"]


@pytest.mark.parametrize(("path", "status", "headers", "body", "problem"), [
    ("/away", 302, {"Location": "http://127.0.0.1:9/a.png"}, b"", "redirected"),
    ("/away", 301, {"Location": "https://other.example/a.png"}, b"", "redirected"),
    ("/round", 302, {"Location": "/round"}, b"", "redirected"),
    ("/large", 200, {"Content-Length": "999999999"}, b"", "too_large"),
    ("/larger", 200, {}, b"x" * 5001, "too_large"),
    ("/gone", 404, {}, b"", "not_there"),
])
def test_what_is_not_taken_is_not_asked_for_again(
    market: Market, path: str, status: int, headers: dict[str, str], body: bytes, problem: str,
) -> None:
    found = fetched(market, market.at(path, body, status, **headers), most=5000)
    assert isinstance(found, NotFetched)
    assert (found.problem, found.passing) == (problem, False)


def test_what_may_pass_is_asked_for_again(market: Market) -> None:
    busy = fetched(market, market.at("/busy", status=503))
    slow = fetched(market, f"http://{market.host}/drip", seconds=0.3)
    cut = fetched(market, market.at("/cut", png(), **{"Content-Length": str(len(png()) + 10)}))
    gone = PictureSource(["127.0.0.1:9"]).fetch("http://127.0.0.1:9/a.png")
    for found in (busy, slow, cut, gone):
        assert isinstance(found, NotFetched)
        assert (found.problem, found.passing) == ("no_answer", True)


# --- from the capture to the page -----------------------------------------------------------------------


@pytest.fixture
def permitted(market: Market, monkeypatch: pytest.MonkeyPatch) -> Market:
    monkeypatch.setitem(rules.settings, "pictures", PictureSource([market.host], most=5000, seconds=0.5))
    return market


def filed(desk, *addresses: str):
    with unit_of_work():
        db.session.get_one(Listing, desk.listings[0].id).image_addresses = list(addresses)
    return desk.file(listings=desk.listings[:1])[0]


def recorded() -> list[CapturePicture]:
    db.session.remove()
    rows = list(db.session.scalars(select(CapturePicture).order_by(CapturePicture.position)))
    db.session.remove()
    return rows


def asked(desk, address: str, role: str = "legal"):
    """What ``role`` gets at ``address``; in a context of its own, because the open one remembers who came last."""
    with desk.app.app_context():
        return sign_in(desk.app.test_client(), desk.people[role]).get(address)


def page(desk, complaint, role: str = "legal") -> str:
    return asked(desk, f"/complaints/{complaint.reference}", role).get_data(as_text=True)


def test_without_a_permitted_host_nothing_is_asked_for_and_the_page_says_so(desk) -> None:
    complaint = filed(desk, "https://img.market.example/1.png")
    assert db.session.scalar(select(func.count()).select_from(PictureFetch)) == 0
    desk.work()
    assert "not fetched: the desk has no permission to fetch pictures from this address" in page(desk, complaint)


def test_a_picture_is_kept_by_its_digest_and_shown_with_its_time(desk, permitted: Market) -> None:
    complaint = filed(desk, permitted.at("/1.png", png()), "https://other.example/2.png")
    assert permitted.asked == [], "filing waits for nobody"
    assert "not fetched yet: the desk is trying" in page(desk, complaint)
    desk.clock.advance(timedelta(seconds=7))
    desk.work()
    [picture] = recorded()
    digest = sha256(png()).hexdigest()
    assert (picture.position, picture.sha256, picture.problem, picture.fetched_at) == (0, digest, "", desk.clock.now())
    assert b"".join(intake.current().store.chunks(digest)) == png()
    shown = page(desk, complaint)
    assert digest in shown
    assert "fetched at" in shown and "after the listing itself was captured" in shown
    assert shown.count("the desk has no permission to fetch pictures from this address") == 1
    assert page(desk, complaint, "rights_holder").count(digest) == 1
    assert list(faults(desk.app.extensions["ipdesk.settings"])) == []
    db.session.remove()
    address = f"/complaints/{complaint.reference}/captures/{picture.capture_id}/0"
    seen = asked(desk, address)
    assert (seen.status_code, seen.mimetype) == (200, "image/webp"), "new pixels, never the original"
    assert asked(desk, address, "rights_holder").status_code == 200
    assert asked(desk, address, "seller_a").status_code == 404, "the seller is not told yet"
    assert asked(desk, address, "seller_b").status_code == 404
    assert asked(desk, address[:-1] + "1").status_code == 404


def test_the_bundle_names_when_a_picture_was_fetched_and_carries_it(desk, permitted: Market) -> None:
    complaint = filed(desk, permitted.at("/1.png", png()), "https://other.example/2.png")
    desk.work()
    actor = desk.actor("legal")
    contents = contents_of_case(actor, case_of(actor, complaint.reference))
    [capture] = contents.claims[0].captures
    [places] = [field.value for field in capture.facts if field.label == "Pictures at"]
    assert "/1.png: fetched " in places and "after the listing itself was captured" in places
    assert "2.png: not fetched: the desk has no permission" in places
    assert len(capture.exhibits) == 1
    assert sha256(png()).hexdigest() in [exhibit.sha256 for exhibit in contents.exhibits]


def test_the_sweep_of_unused_bytes_leaves_a_fetched_picture(desk, permitted: Market) -> None:
    filed(desk, permitted.at("/1.png", png()))
    desk.work()
    desk.clock.advance(timedelta(days=30))
    sweep_uploads(clock_actor(desk.clock.now()))
    assert intake.current().store.exists(sha256(png()).hexdigest())


@pytest.mark.parametrize("body", [b"<html>not found</html>", b"", b"%PDF-1.4 x", b"MZ\x90\x00"])
def test_what_is_no_picture_is_not_kept(desk, permitted: Market, body: bytes) -> None:
    complaint = filed(desk, permitted.at("/1.png", body, **{"Content-Type": "image/png"}))
    desk.work()
    assert [(row.sha256, row.problem) for row in recorded()] == [(None, "not_a_picture")]
    assert "what lies there is no picture that the desk can keep" in page(desk, complaint)


def test_a_fault_that_may_pass_is_tried_again_and_given_up_after_a_day(desk, permitted: Market) -> None:
    complaint = filed(desk, permitted.at("/1.png", status=503))
    desk.work()
    desk.work()
    assert (len(permitted.asked), recorded()) == (1, [])
    desk.clock.advance(PICTURE_PAUSES[0])
    permitted.at("/1.png", png())
    desk.work()
    assert recorded()[0].sha256 == sha256(png()).hexdigest()
    assert "fetched at" in page(desk, complaint)


def test_it_is_given_up_when_the_pauses_are_over(desk, permitted: Market) -> None:
    filed(desk, permitted.at("/1.png", status=503))
    desk.work()
    for pause in PICTURE_PAUSES:
        assert recorded() == []
        desk.clock.advance(pause)
        desk.work()
    assert [(row.sha256, row.problem) for row in recorded()] == [(None, "no_answer")]
    assert len(permitted.asked) == len(PICTURE_PAUSES) + 1


def test_what_was_fetched_stands(desk, permitted: Market) -> None:
    filed(desk, permitted.at("/1.png", png()))
    desk.work()
    for statement in ("UPDATE capture_pictures SET address = 'x'", "DELETE FROM capture_pictures"):
        with pytest.raises(DatabaseError, match="what was fetched stands"):
            db.session.execute(text(statement))
        db.session.rollback()


def test_who_screens_the_notice_is_told_that_pictures_are_waiting(desk, permitted: Market) -> None:
    complaint = filed(desk, permitted.at("/1.png", png()), permitted.at("/2.png", png("red")))
    reference = db.session.execute(text("SELECT reference FROM cases WHERE id = :id"), {"id": complaint.notice_id}).scalar_one()
    db.session.rollback()
    assert "2 pictures of the captured listings are not fetched yet" in asked(desk, f"/notices/{reference}/screen").get_data(as_text=True)
    desk.work()
    assert "not fetched yet" not in asked(desk, f"/notices/{reference}/screen").get_data(as_text=True)


def test_a_picture_that_was_changed_meanwhile_is_another_one_before_the_takedown(desk, permitted: Market) -> None:
    complaint = filed(desk, permitted.at("/1.png", png()))
    desk.accept([complaint])
    desk.work()
    permitted.at("/1.png", png("red"))
    desk.clock.advance(timedelta(days=7))
    desk.work()
    assert db.session.scalar(select(func.count()).select_from(Capture)) == 2
    assert {row.sha256 for row in recorded()} == {sha256(png()).hexdigest(), sha256(png("red")).hexdigest()}
