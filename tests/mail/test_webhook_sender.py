"""Signed calls to a marketplace: who may be called, what is believed, how long it may take."""

import hashlib
import hmac
import http.server
import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from ipdesk.core.outbox.senders import WebhookSender, sign_webhook

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = b"a secret of 32 bytes for a test!"


@pytest.fixture
def receiver():
    """receiver(status, headers, drip) → (list of requests, port)."""
    servers = []

    def start(status=200, headers=(), drip=0.0):
        calls = []

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                calls.append((self.path, dict(self.headers), body))
                if drip:
                    for _ in range(100):
                        time.sleep(drip)  # slower than any one time-out notices
                        self.wfile.write(b"H")
                        self.wfile.flush()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"thanks")

            def log_message(self, *_):
                """Quiet."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a cut connection is what one test wants
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return calls, server.server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def call(parcel, url, **options):
    settings = {"allow_private": True} | options
    return WebhookSender(SECRET, **settings).send(parcel(
        channel="webhook", to_address=url, message="listing_restricted", body_text='{"a":"中"}',
    ), AT)


def test_the_call_is_signed_and_can_be_checked_by_its_receiver(receiver, parcel):
    calls, port = receiver()
    outcome = call(parcel, f"http://127.0.0.1:{port}/hook?market=1")
    assert outcome.verdict == "accepted"
    assert (outcome.proof["status"], outcome.proof["reply"]) == (200, "thanks")
    [(path, headers, body)] = calls
    assert path == "/hook?market=1" and body == '{"a":"中"}'.encode()
    assert headers["Idempotency-Key"] == "202611.1.abcdef012345"
    assert headers["Webhook-Timestamp"] == str(int(AT.timestamp()))
    assert headers["Webhook-Event"] == "listing_restricted"
    signed = f"{headers['Idempotency-Key']}.{headers['Webhook-Timestamp']}.".encode() + body
    expected = hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
    assert headers["Webhook-Signature"] == f"v1={expected}"


def test_the_signature_binds_key_time_and_body():
    good = sign_webhook(SECRET, "k", "1", b"body")
    assert good != sign_webhook(SECRET, "k2", "1", b"body")
    assert good != sign_webhook(SECRET, "k", "2", b"body")
    assert good != sign_webhook(SECRET, "k", "1", b"Body")
    assert good != sign_webhook(b"another secret of 32 bytes here!", "k", "1", b"body")


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        WebhookSender(b"short")


@pytest.mark.parametrize(("status", "verdict"), [
    (200, "accepted"), (204, "accepted"), (301, "try_again"), (302, "try_again"),
    (307, "try_again"), (400, "try_again"), (409, "try_again"), (410, "refused"),
    (429, "try_again"), (500, "try_again"), (503, "try_again"),
])
def test_only_a_2xx_is_believed(receiver, parcel, status, verdict):
    _calls, port = receiver(status)
    assert call(parcel, f"http://127.0.0.1:{port}/").verdict == verdict


def test_a_redirect_is_not_followed(receiver, parcel):
    target, target_port = receiver()
    _calls, port = receiver(307, [("Location", f"http://127.0.0.1:{target_port}/")])
    assert call(parcel, f"http://127.0.0.1:{port}/").verdict == "try_again"
    assert target == []


@pytest.mark.parametrize("url", [
    "http://market.example/", "ftp://market.example/", "file:///etc/passwd", "https:///x", "",
    "https://user:pw@market.example/", "//market.example/",
])
def test_an_address_that_is_not_plain_https_is_refused(parcel, url):
    def never(*_args, **_kwargs):
        raise AssertionError("must not be looked up")
    assert call(parcel, url, allow_private=False, resolve=never).verdict == "refused"


def answers(*addresses):
    def resolve(_host, port, **_kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]
    return resolve


@pytest.mark.parametrize("address", [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0",
    "0.0.0.0",  # noqa: S104 - refused here, bound nowhere
    "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "ff02::1",
    "64:ff9b::7f00:1", "198.18.0.1", "203.0.113.1",
])
def test_inside_addresses_are_refused_whatever_their_name(parcel, monkeypatch, address):
    def never(*_args, **_kwargs):
        raise AssertionError("must not connect")
    monkeypatch.setattr(socket, "create_connection", never)
    for found in ([address], ["93.184.216.34", address]):
        outcome = call(
            parcel, "https://market.example/", allow_private=False, resolve=answers(*found),
        )
        assert (outcome.verdict, outcome.proof["error"]) == ("refused", "private address")


def test_the_connection_goes_to_the_address_that_was_judged(parcel, monkeypatch):
    asked = []

    def connect(address, _timeout):
        asked.append(address)
        raise ConnectionRefusedError
    monkeypatch.setattr(socket, "create_connection", connect)
    outcome = call(
        parcel, "https://market.example/", allow_private=False, resolve=answers("93.184.216.34"),
    )
    assert outcome.verdict == "try_again"
    assert asked == [("93.184.216.34", 443)]


def test_a_name_that_is_not_known_is_tried_again(parcel):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(-2, "Name or service not known")
    outcome = call(parcel, "https://market.example/", allow_private=False, resolve=unknown)
    assert outcome.verdict == "try_again"


def test_a_receiver_that_drips_is_cut_off_in_time(receiver, parcel):
    _calls, port = receiver(drip=0.05)
    started = time.monotonic()
    outcome = call(parcel, f"http://127.0.0.1:{port}/", timeout=0.3)
    assert outcome.verdict == "try_again"
    assert time.monotonic() - started < 1.5


def test_a_receiver_that_speaks_no_tls_is_tried_again(receiver, parcel):
    _calls, port = receiver()
    outcome = call(parcel, f"https://127.0.0.1:{port}/")
    assert outcome.verdict == "try_again" and "SSL" in outcome.proof["error"]
