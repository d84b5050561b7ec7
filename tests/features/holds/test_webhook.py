"""A real HTTP server as the marketplace, on loopback."""

import hmac
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.catalogue import connector as marketplace_door
from ipdesk.features.catalogue.connector import (
    Accepted,
    CatalogueConnector,
    Change,
    Confirmation,
    Retry,
    WebhookConnector,
    connector_of,
    is_signed,
    sign,
)
from ipdesk.features.catalogue.models import Listing
from ipdesk.features.holds import jobs, operations, queries

from .conftest import AT

SECRET = "not a secret"


@dataclass
class Remote:
    """What the marketplace answers next, and every request it got."""

    status: int = 200
    body: bytes = b'{"confirmed": true}'
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?shop=1"


@pytest.fixture
def remote() -> Iterator[Remote]:
    state = Remote()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def change(**more: Any) -> Change:
    values = {"instruction_id": 7, "sequence": 7, "marketplace": "main", "listing_ids": ("L1",), "store_id": "S1",
              "url": "https://market.example/item/L1", "issued_at": AT,
              "wanted": {"show": False, "kind": "delisting", "scope": {"part": "listing", "territory": ["*"]},
                         "restrictions": []}}
    return Change(**{**values, **more})


def test_the_post_is_signed_numbered_and_says_what_is_wanted(remote: Remote) -> None:
    outcome = WebhookConnector(remote.url, SECRET).apply(change(), AT)
    assert isinstance(outcome, Confirmation)
    assert outcome.proof["status"] == 200
    [(path, headers, body)] = remote.requests
    assert path == "/hook?shop=1"
    assert headers["idempotency-key"] == "7"
    assert headers["x-ipdesk-timestamp"] == str(int(AT.timestamp()))
    by_hand = hmac.new(SECRET.encode(), f"{int(AT.timestamp())}.".encode() + body, "sha256").hexdigest()
    assert headers["x-ipdesk-signature"] == f"v1={by_hand}"
    said = json.loads(body)
    assert said["listing_ids"] == ["L1"]
    assert said["wanted"]["show"] is False
    assert said["scope"] == {"part": "listing", "territory": ["*"]}
    assert said["sequence"] == said["instruction"] == 7


@pytest.mark.parametrize(("status", "body", "kind"), [
    (200, b'{"confirmed": true}', Confirmation), (201, b'{"confirmed": true}', Confirmation),
    (202, b"", Accepted), (202, b'{"confirmed": true}', Accepted),
    (200, b'{"confirmed": false}', Retry), (200, b'{"confirmed": "true"}', Retry), (200, b"[true]", Retry),
    (200, b"<html>", Retry), (204, b"", Retry), (404, b'{"confirmed": true}', Retry), (500, b"", Retry),
])
def test_what_counts_as_an_answer(remote: Remote, status: int, body: bytes, kind: type) -> None:
    remote.status, remote.body = status, body
    assert isinstance(WebhookConnector(remote.url, SECRET).apply(change(), AT), kind)


def test_redirects_are_not_followed(remote: Remote) -> None:
    remote.status, remote.headers = 307, {"Location": remote.url}
    outcome = WebhookConnector(remote.url, SECRET).apply(change(), AT)
    assert outcome == Retry("answered 307: redirects are not followed")
    assert len(remote.requests) == 1


def test_nobody_there_and_nobody_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marketplace_door, "TIMEOUT_SECONDS", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        refused = WebhookConnector(url, SECRET).apply(change(), AT)
        silent.listen()
        unanswered = WebhookConnector(url, SECRET).apply(change(), AT)
    assert isinstance(refused, Retry)
    assert "ConnectionRefusedError" in refused.reason
    assert isinstance(unanswered, Retry)
    assert "TimeoutError" in unanswered.reason


class Drip(Thread):
    """A marketplace that answers a line at a time, without end."""

    def __init__(self, said: bytes) -> None:
        super().__init__(daemon=True)
        self.said, self.over = said, Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def run(self) -> None:
        line, _ = self.listener.accept()
        with line, suppress(OSError):
            line.sendall(self.said)
            for _ in range(100):
                if not self.over.wait(0.05):
                    line.sendall(b"X-More: 1\r\n")


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_marketplace_that_drips_is_cut_off_in_time(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(marketplace_door, "EXCHANGE_SECONDS", 0.4)
    slow, began = Drip(said), time.monotonic()
    slow.start()
    outcome = WebhookConnector(slow.url, SECRET).apply(change(), AT)
    took = time.monotonic() - began
    slow.over.set()
    slow.listener.close()
    assert outcome == Retry("TimeoutError: the answer took too long") and took < 2


@pytest.mark.parametrize(("url", "secret"), [
    ("ftp://market.example/", SECRET), ("market.example", SECRET), ("https://market.example/", ""), ("", SECRET)])
def test_a_webhook_that_cannot_work_is_refused_at_start(url: str, secret: str) -> None:
    with pytest.raises(ValueError, match="webhook_url"):
        WebhookConnector(url, secret)


def test_which_connector_an_installation_has() -> None:
    assert type(connector_of(SimpleNamespace(webhook_url="", webhook_secret=""))) is CatalogueConnector
    assert type(connector_of(SimpleNamespace(webhook_url="https://m.example/", webhook_secret="x"))) is WebhookConnector


def test_an_instruction_goes_out_and_comes_back_confirmed(remote: Remote, listing: Listing) -> None:
    with unit_of_work():
        operations.place_hold(actor=Actor(at=AT), listing=listing, order="O-1", kind="delisting")
    remote.status, remote.body = 503, b"try later"
    connector = WebhookConnector(remote.url, SECRET)
    assert jobs.carry_out_due(FixedClock(AT), connector) == {"retry": 1}
    assert (listing.status, queries.last_instruction(listing.id).last_error) == ("live", "answered 503")
    remote.status, remote.body = 200, b'{"confirmed": true}'
    assert jobs.carry_out_due(FixedClock(AT + timedelta(minutes=1)), connector) == {"confirmed": 1}
    assert listing.status == "restricted"
    keys = {headers["idempotency-key"] for _, headers, _ in remote.requests}
    assert keys == {str(queries.last_instruction(listing.id).id)}, "a repetition has the same key"


# --- the signed callback -----------------------------------------------------------------------

def test_signatures_are_bound_to_time_body_and_secret() -> None:
    stamp = str(int(AT.timestamp()))
    good = sign(SECRET, stamp, b"{}")
    assert is_signed(SECRET, stamp, good, b"{}", AT)
    assert is_signed(SECRET, stamp, good, b"{}", AT + timedelta(minutes=5))
    assert not is_signed(SECRET, stamp, good, b"{}", AT + timedelta(minutes=5, seconds=1))
    assert not is_signed(SECRET, stamp, good, b"{}", AT - timedelta(minutes=6))
    assert not is_signed(SECRET, stamp, good, b"{} ", AT)
    assert not is_signed("another", stamp, good, b"{}", AT)
    assert not is_signed("", stamp, sign("", stamp, b"{}"), b"{}", AT), "no secret, no signature"
    assert not is_signed(SECRET, "", good, b"{}", AT)
    assert not is_signed(SECRET, "²", good, b"{}", AT)
    assert not is_signed(SECRET, stamp, "v1=é", b"{}", AT)


@pytest.fixture
def waiting(tables: Flask, listing: Listing, monkeypatch: pytest.MonkeyPatch) -> int:
    """An instruction that the marketplace has accepted but not confirmed."""
    known = replace(tables.extensions["ipdesk.settings"], webhook_secret=SECRET)
    monkeypatch.setitem(tables.extensions, "ipdesk.settings", known)
    with unit_of_work():
        operations.place_hold(actor=Actor(at=AT), listing=listing, order="O-1", kind="delisting")

    class Accepting(CatalogueConnector):
        def apply(self, change: Change, at: Any) -> Accepted:
            return Accepted({})

    assert jobs.carry_out_due(FixedClock(AT), Accepting()) == {"accepted": 1}
    return queries.last_instruction(listing.id).id


def post(app: Flask, number: int, said: Any, secret: str = SECRET, at: Any = AT) -> Any:
    body, stamp = json.dumps(said).encode(), str(int(at.timestamp()))
    return app.test_client().post(f"/api/v1/instructions/{number}/confirmation", data=body, headers={
        "X-Ipdesk-Timestamp": stamp, "X-Ipdesk-Signature": sign(secret, stamp, body)})


def test_the_callback_confirms_once(tables: Flask, waiting: int, listing: Listing) -> None:
    said = {"instruction": waiting, "confirmed": True}
    assert post(tables, waiting, said).get_json() == {"instruction": waiting, "counted": True}
    assert listing.status == "restricted"
    assert post(tables, waiting, said).get_json()["counted"] is False
    assert queries.last_instruction(listing.id).confirmed_at == AT


def test_a_callback_for_what_was_superseded_changes_nothing(tables: Flask, waiting: int, listing: Listing) -> None:
    with unit_of_work():
        operations.lift_own_holds(actor=Actor(at=AT), listing=listing, order="O-1")
    answer = post(tables, waiting, {"instruction": waiting, "confirmed": True})
    assert answer.get_json()["counted"] is False
    assert listing.status == "live"


@pytest.mark.parametrize(("said", "secret", "late", "status"), [
    ({"confirmed": True}, SECRET, 0, 422), ({"instruction": 1, "confirmed": "yes"}, SECRET, 0, 422),
    ([], SECRET, 0, 422), ({"instruction": 1, "confirmed": True}, "another", 0, 401),
    ({"instruction": 1, "confirmed": True}, SECRET, 301, 401),
])
def test_callbacks_that_do_not_count(
    tables: Flask, waiting: int, listing: Listing, clock: FixedClock, said: Any, secret: str, late: int, status: int,
) -> None:
    clock.advance(timedelta(seconds=late))
    assert post(tables, waiting, said, secret).status_code == status
    assert listing.status == "live"


def test_a_signed_confirmation_of_one_instruction_does_not_confirm_another(tables: Flask, waiting: int) -> None:
    assert post(tables, waiting, {"instruction": waiting + 1, "confirmed": True}).status_code == 422
    assert post(tables, waiting + 1, {"instruction": waiting + 1, "confirmed": True}).status_code == 404
