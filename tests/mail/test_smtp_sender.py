"""Mails against a real SMTP server on loopback, and against one that fails at each stage."""

import email
import email.policy
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ipdesk.core.outbox.senders import FolderSender, SmtpRelay, SmtpSender

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = sorted(name.lower() for name in (
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "Auto-Submitted", "MIME-Version", "Content-Type",
))
HOSTILE = [
    "x\r\nBcc: evil@mail.example",
    "x\rBcc: evil@mail.example",
    "x\nBcc: evil@mail.example",
    "A =?UTF-8?Q?=0D=0ABcc:_evil@mail.example?= x",
    "=?UTF-8?B?DQpCY2M6IGV2aWxAbWFpbC5leGFtcGxl?=",
    "=?us-ascii?Q?=0ABcc:_evil@mail.example?= =?us-ascii?Q?x?=",
    "=\u200b?UTF-8?Q?=0D=0ABcc:_evil@mail.example?=",
    "x\u2028Bcc: evil@mail.example\u2029y",
    "x\x0b\x0c\x85Bcc: evil@mail.example",
    "name*0*=UTF-8''%0D%0ABcc%3A%20evil%40mail.example; name*1=x",  # RFC 2231
    "\r\n\r\n<p>a body of its own</p>",
    "\r\n.\r\nMAIL FROM:<evil@mail.example>\r\n",
    "投诉\r\nBcc: evil@mail.example " + "长" * 200,
    "x" * 5000,
]


class Sink:
    """Takes every mail and remembers envelope and bytes."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, _session, envelope):
        self.envelopes.append(envelope)
        return f"250 2.0.0 queued as Q{len(self.envelopes)}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def serve():
    """serve(**options) → (sink, port): a real SMTP server for the time of the test."""
    running = []

    def start(**options):
        sink = Sink()
        controller = Controller(sink, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        running.append(controller)
        return sink, controller.port

    yield start
    for controller in running:
        controller.stop()


def plain(port, **changes):
    return SmtpRelay(**({
        "host": "127.0.0.1", "port": port, "security": "none", "timeout": 5.0,
    } | changes))


# --- what arrives --------------------------------------------------------------------------

@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("field", ["subject", "thread_key", "body_text", "body_html", "desk_name"])
def test_no_text_adds_a_header_or_a_recipient(serve, parcel, identity, hostile, field):
    sink, port = serve()
    if field == "desk_name":
        identity, changes = type(identity)(identity.address, hostile, identity.domain), {}
    else:
        changes = {field: hostile}
    sender = SmtpSender(plain(port), identity)
    outcome = sender.send(parcel(**changes), AT)
    sender.close()
    assert outcome.verdict == "accepted"
    [envelope] = sink.envelopes
    assert envelope.mail_from == "desk@desk.example"
    assert envelope.rcpt_tos == ["seller@store.example"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.compat32)
    assert sorted(name.lower() for name in message) == NAMES
    assert b"\nBcc:" not in envelope.content.partition(b"\r\n\r\n")[0]
    assert [part.get_content_type() for part in message.get_payload()] == [
        "text/plain", "text/html",
    ]


@pytest.mark.parametrize("address", [
    "seller@store.example\r\nRCPT TO:<evil@mail.example>", "seller@store.example, evil@mail.example",
    "seller@store.example>\r\nDATA", "", "=?UTF-8?Q?x?=", "säller@store.example",
])
def test_an_address_that_is_not_one_mailbox_is_refused_before_any_connection(
    serve, parcel, identity, address,
):
    sink, port = serve()
    outcome = SmtpSender(plain(port), identity).send(parcel(to_address=address), AT)
    assert (outcome.verdict, outcome.proof["stage"]) == ("refused", "address")
    assert sink.envelopes == []


def test_the_proof_holds_the_reply_and_the_queue_id(serve, parcel, identity):
    _sink, port = serve()
    sender = SmtpSender(plain(port), identity)
    outcome = sender.send(parcel(), AT)
    sender.close()
    assert outcome.proof["code"] == 250
    assert outcome.proof["reply"] == "2.0.0 queued as Q1"
    assert outcome.proof["message_id"] == "<202611.1.abcdef012345@desk.example>"
    assert outcome.proof["recipient"] == "seller@store.example"
    assert len(outcome.proof["sha256"]) == 64
    assert b"password" not in repr(sender._relay).encode()


def test_text_and_html_arrive_as_written(serve, parcel, identity):
    sink, port = serve()
    text = "投诉 🧨\n.\n..\nFrom here\n" + "long " * 400 + "\n"
    sender = SmtpSender(plain(port), identity)
    sender.send(parcel(body_text=text, body_html="<p>شكوى</p>\n", subject="请回应投诉"), AT)
    sender.close()
    message = email.message_from_bytes(sink.envelopes[0].content, policy=email.policy.default)
    assert message.get_body(["plain"]).get_content().replace("\r\n", "\n") == text
    assert message.get_body(["html"]).get_content().strip() == "<p>شكوى</p>"
    assert message["Subject"] == "[C-7K3M-9Q2X] 请回应投诉"
    assert max(map(len, sink.envelopes[0].content.split(b"\r\n"))) <= 998


def test_several_mails_share_a_connection_and_one_recipient_each(serve, parcel, identity):
    sink, port = serve()
    sender = SmtpSender(plain(port), identity)
    for number in range(3):
        address = f"seller{number}@store.example"
        assert sender.send(parcel(id=number, to_address=address), AT).verdict == "accepted"
    sender.close()
    assert [e.rcpt_tos for e in sink.envelopes] == [[f"seller{n}@store.example"] for n in range(3)]


# --- TLS -----------------------------------------------------------------------------------

def certificate(folder, *, name="127.0.0.1"):
    """A self-made certificate for ``name``: (file for the client to trust, server context)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    alternative = (
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "cert.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    return chain, context


def test_starttls_with_a_trusted_certificate_is_used(serve, parcel, identity, tmp_path):
    chain, context = certificate(tmp_path)
    sink, port = serve(tls_context=context, require_starttls=True)
    sender = SmtpSender(plain(port, security="starttls", authority=chain), identity)
    outcome = sender.send(parcel(), AT)
    sender.close()
    assert outcome.verdict == "accepted", outcome.proof
    assert len(sink.envelopes) == 1


def test_tls_from_the_first_byte_is_used(serve, parcel, identity, tmp_path):
    chain, context = certificate(tmp_path)
    sink, port = serve(ssl_context=context)
    sender = SmtpSender(plain(port, security="tls", authority=chain), identity)
    outcome = sender.send(parcel(), AT)
    sender.close()
    assert outcome.verdict == "accepted", outcome.proof
    assert len(sink.envelopes) == 1
    stranger = SmtpSender(plain(port, security="tls"), identity)
    assert stranger.send(parcel(), AT).verdict == "try_again"
    assert len(sink.envelopes) == 1


@pytest.mark.parametrize("fault", ["unknown authority", "other name", "not offered"])
def test_a_relay_that_cannot_prove_itself_gets_no_mail(serve, parcel, identity, tmp_path, fault):
    name = "relay.example" if fault == "other name" else "127.0.0.1"
    chain, context = certificate(tmp_path, name=name)
    sink, port = serve(**({} if fault == "not offered" else {"tls_context": context}))
    relay = plain(
        port, security="starttls", authority=None if fault == "unknown authority" else chain,
        # Signing in would fail without TLS anyway; that must not hide a mail sent in clear.
        user="" if fault == "not offered" else "desk", password="canary-password",
    )
    outcome = SmtpSender(relay, identity).send(parcel(), AT)
    assert (outcome.verdict, outcome.proof["stage"]) == ("try_again", "connect")
    assert sink.envelopes == []
    assert "canary-password" not in repr(outcome) + repr(relay)


# --- a server that fails at each stage -----------------------------------------------------

class BrokenServer(threading.Thread):
    """Speaks SMTP until ``stage``, then does ``fault``: a reply, ``cut``, ``hang`` or ``drip``."""

    STAGES = ("banner", "EHLO", "MAIL", "RCPT", "DATA", "body")

    def __init__(self, stage, fault):
        super().__init__(daemon=True)
        self.stage, self.fault = stage, fault
        self.finished = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, suppress(OSError):
                    self.talk(connection)

    def talk(self, connection):
        lines = connection.makefile("rb")
        if not self.answer(connection, "banner", "220 relay.example"):
            return
        for line in lines:
            verb = line[:4].decode("ascii", "replace").strip().upper()
            verb = "EHLO" if verb == "HELO" else verb  # smtplib falls back to it
            if verb == "QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            good = {"EHLO": "250 relay.example", "DATA": "354 go on"}.get(verb, "250 ok")
            if not self.answer(connection, verb, good):
                return
            if verb == "DATA" and not (self.stage == "DATA" and self.fault[0].isdigit()):
                for body in lines:
                    if body == b".\r\n":
                        break
                if not self.answer(connection, "body", "250 queued"):
                    return

    def answer(self, connection, stage, good):
        if stage != self.stage:
            connection.sendall(f"{good}\r\n".encode())
        elif self.fault == "hang":
            self.finished.wait(5)
            return False
        elif self.fault == "drip":
            while not self.finished.wait(0.05):
                connection.sendall(b"250-wait\r\n")
            return False
        elif self.fault == "cut":
            return False
        else:
            connection.sendall(f"{self.fault}\r\n".encode())
        return True

    def stop(self):
        self.finished.set()
        self.listener.close()


@pytest.fixture
def broken():
    servers = []

    def start(stage, fault):
        server = BrokenServer(stage, fault)
        server.start()
        servers.append(server)
        return server.port

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("stage", BrokenServer.STAGES)
@pytest.mark.parametrize("fault", ["451 try later", "554 no", "421 closing", "cut", "hang"])
def test_a_failure_at_any_stage_is_retried_or_reported(broken, parcel, identity, stage, fault):
    relay = plain(broken(stage, fault), timeout=0.3)
    sender = SmtpSender(relay, identity)
    outcome = sender.send(parcel(), AT)
    sender.close()
    final = fault == "554 no" and stage in ("RCPT", "DATA", "body")
    assert outcome.verdict == ("refused" if final else "try_again")
    assert outcome.proof["stage"] in {"body": ("DATA",), "banner": ("connect",)}.get(
        stage, (stage, "connect"),
    )
    assert outcome.proof.get("code") or outcome.proof["error"]


@pytest.mark.parametrize("stage", [stage for stage in BrokenServer.STAGES if stage != "banner"])
def test_a_relay_that_drips_is_cut_off_in_time(broken, parcel, identity, stage):
    sender = SmtpSender(plain(broken(stage, "drip"), timeout=0.4), identity)
    began = time.monotonic()
    assert sender.send(parcel(), AT).verdict == "try_again"
    sender.close()
    assert time.monotonic() - began < 3


def test_a_relay_that_is_not_there_is_tried_again(parcel, identity):
    outcome = SmtpSender(plain(free_port()), identity).send(parcel(), AT)
    assert outcome.verdict == "try_again" and "refused" in outcome.proof["error"]


def test_a_kept_connection_that_was_closed_is_opened_again(serve, parcel, identity):
    sink, port = serve()
    sender = SmtpSender(plain(port), identity)
    assert sender.send(parcel(id=1), AT).verdict == "accepted"
    sender._connection.sock.shutdown(socket.SHUT_RDWR)
    assert sender.send(parcel(id=2), AT).verdict == "accepted"
    sender.close()
    assert len(sink.envelopes) == 2


# --- the folder ----------------------------------------------------------------------------

def test_the_folder_gets_one_whole_file_however_often_it_is_sent(tmp_path, parcel, identity):
    sender = FolderSender(tmp_path / "outbox", identity, stands_for_readers=True)
    first, second = sender.send(parcel(), AT), sender.send(parcel(), AT)
    assert first == second and first.verdict == "accepted"
    [file] = (tmp_path / "outbox").iterdir()
    assert file.name == first.proof["file"] == "202611.1.abcdef012345.eml"
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert message["To"] == "seller@store.example"


def test_outside_the_demo_a_written_file_is_no_delivery(tmp_path, parcel, identity):
    outcome = FolderSender(tmp_path / "outbox", identity).send(parcel(), AT)
    assert outcome.verdict == "try_again" and "sent to nobody" in outcome.proof["error"]
    assert [file.name for file in (tmp_path / "outbox").iterdir()] == [outcome.proof["file"]]


def test_a_folder_that_cannot_be_written_is_tried_again_and_leaves_nothing(
    tmp_path, parcel, identity, monkeypatch,
):
    sender = FolderSender(tmp_path / "outbox", identity)

    def full(_descriptor):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr("os.fsync", full)
    assert sender.send(parcel(), AT).verdict == "try_again"
    assert list((tmp_path / "outbox").iterdir()) == []
