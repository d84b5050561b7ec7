"""The ways out: a folder, an SMTP relay, the inbox on the desk.

A sender gets a ``Parcel`` (plain data, outside any transaction) and answers with an
``Outcome``. It never raises for what the other side does; a fault of its own is taken by
``deliver`` as a reason to try again.
"""

import os
import smtplib
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from ipdesk.core.kernel.canonical import sha256_hex
from ipdesk.core.outbox.exchange import cut_off_after
from ipdesk.core.outbox.headers import MailIdentity, SealedMail, UnusableAddress, seal_mail

Verdict = Literal["accepted", "try_again", "refused"]
_REPLY_LIMIT = 500
NO_RELAY = "no mail server is set, so that the letter was written to the local folder and sent to nobody"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a sender needs of one outbox row, and the lease under which it was taken."""

    month: int
    id: int
    lease_token: int
    attempts: int
    channel: str
    message: str
    to_address: str
    thread_key: str
    subject: str
    body_text: str
    body_html: str
    mail_key: str
    enqueued_at: datetime
    on_delivered: str | None = None
    on_failed: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """``accepted``: the next hand has it. ``try_again``: later. ``refused``: never.

    ``proof`` is kept with the letter: the other side's reply, its queue id, our hash.
    """

    verdict: Verdict
    proof: dict[str, Any]


class Sender(Protocol):
    """One way out. ``close`` ends what a batch held open."""

    def send(self, parcel: Parcel, at: datetime) -> Outcome: ...

    def close(self) -> None: ...


def seal(parcel: Parcel, identity: MailIdentity) -> SealedMail:
    """The mail for ``parcel``: equal bytes and Message-ID on every attempt."""
    return seal_mail(
        identity=identity, to=parcel.to_address, reference=parcel.thread_key,
        subject=parcel.subject, text=parcel.body_text, html=parcel.body_html,
        mail_key=parcel.mail_key, date=parcel.enqueued_at,
    )


class InboxSender:
    """The letter already stands in the inbox, placed by the act itself; this says so."""

    def send(self, parcel: Parcel, at: datetime) -> Outcome:
        return Outcome("accepted", {"way": "inbox", "placed_at": parcel.enqueued_at.isoformat()})

    def close(self) -> None:
        """Nothing is held open."""


@dataclass
class RecordingSender:
    """Keeps what it was given and answers from ``answers`` (then: accepted); for tests."""

    identity: MailIdentity = field(
        default_factory=lambda: MailIdentity("desk@desk.example", "IP desk", "desk.example")
    )
    sent: list[SealedMail] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)

    def send(self, parcel: Parcel, at: datetime) -> Outcome:
        try:
            self.sent.append(seal(parcel, self.identity))
        except UnusableAddress as error:
            return Outcome("refused", {"way": "recording", "error": f"address: {error}"})
        if self.answers:
            return self.answers.pop(0)
        return Outcome("accepted", {"way": "recording", "message_id": self.sent[-1].message_id})

    def close(self) -> None:
        """Nothing is held open."""


class FolderSender:
    """Writes each mail as ``<folder>/<message key>.eml``: what would be sent.

    The file appears whole or not at all; sending the same row twice gives the same file. Nobody has
    such a letter yet, so that it waits and is tried again; only where ``stands_for_readers`` (the
    demo, in which nobody else is there) writing it is its delivery.
    """

    def __init__(self, folder: Path, identity: MailIdentity, *, stands_for_readers: bool = False) -> None:
        self._folder = folder
        self._identity = identity
        self._accepts = stands_for_readers

    def send(self, parcel: Parcel, at: datetime) -> Outcome:
        try:
            mail = seal(parcel, self._identity)
        except UnusableAddress as error:
            return Outcome("refused", {"way": "folder", "error": f"address: {error}"})
        name = f"{parcel.mail_key}.eml"
        try:
            self._write(name, mail.content)
        except OSError as error:
            return Outcome("try_again", {"way": "folder", "error": os.strerror(error.errno or 0)})
        proof = {"way": "folder", "file": name, "sha256": sha256_hex(mail.content), "message_id": mail.message_id}
        return Outcome("accepted", proof) if self._accepts else Outcome("try_again", {**proof, "error": NO_RELAY})

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name_of_part = tempfile.mkstemp(dir=self._folder, prefix=".part-")
        part = Path(name_of_part)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._folder / name)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True, slots=True)
class SmtpRelay:
    """How to reach the relay. ``security`` is ``tls`` (from the first byte), ``starttls``
    (demanded, never optional) or ``none`` (a relay on this machine). ``timeout`` in seconds for
    connecting and again for one letter as a whole. ``authority`` is a PEM file when the relay's certificate has a private root."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 30.0
    authority: Path | None = None


class SmtpSender:
    """Hands mails to one relay, several on one connection, one recipient each.

    Only a refusal of this recipient or this letter (5xx to RCPT or DATA) is final. Whatever
    is wrong with the relay itself (no connection, TLS, sign-in, our own address) is the
    operator's to repair, so the letter waits.
    """

    def __init__(self, relay: SmtpRelay, identity: MailIdentity) -> None:
        self._relay = relay
        self._identity = identity
        self._connection: smtplib.SMTP | None = None

    def send(self, parcel: Parcel, at: datetime) -> Outcome:
        try:
            mail = seal(parcel, self._identity)
        except UnusableAddress as error:
            return self._outcome("refused", "address", error=str(error))
        outcome = self._attempt(mail)
        if outcome is None:  # an old connection had been closed before anything was handed over
            outcome = self._attempt(mail) or self._outcome("try_again", "MAIL", error="cut")
        return outcome

    def close(self) -> None:
        """Say goodbye to the relay, if it still listens."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _attempt(self, mail: SealedMail) -> Outcome | None:
        """One conversation; ``None`` when a kept connection turned out to be gone."""
        kept = self._connection is not None
        stage = "connect"
        try:
            connection = self._connection or self._connect()
            stage = "MAIL"
            with cut_off_after(self._relay.timeout, connection):
                code, reply = connection.mail(mail.sender)
                if kept and code == 421:
                    self._drop()
                    return None
                if code == 250:
                    stage = "RCPT"
                    code, reply = connection.rcpt(mail.recipient)
                if code in (250, 251):
                    stage = "DATA"
                    code, reply = connection.data(mail.content)
        except smtplib.SMTPServerDisconnected as error:
            self._drop()
            return None if kept and stage == "MAIL" else self._broken(stage, error)
        except smtplib.SMTPDataError as error:  # the answer to DATA itself, before the body
            code, reply = error.smtp_code, _as_bytes(error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return self._broken(stage, error)
        return self._judge(stage, code, reply, mail)

    def _judge(self, stage: str, code: int, reply: bytes, mail: SealedMail) -> Outcome:
        if stage == "DATA" and code == 250:
            return self._outcome(
                "accepted", stage, code=code, reply=_text(reply), message_id=mail.message_id,
                recipient=mail.recipient, sha256=sha256_hex(mail.content),
            )
        # A relay that says no may have left the conversation anywhere: start afresh.
        self._drop()
        final = code >= 500 and stage in ("RCPT", "DATA")
        return self._outcome(
            "refused" if final else "try_again", stage, code=code, reply=_text(reply),
        )

    def _broken(self, stage: str, error: Exception) -> Outcome:
        if isinstance(error, smtplib.SMTPResponseException):
            return self._outcome(
                "try_again", stage, code=error.smtp_code, reply=_text(_as_bytes(error.smtp_error)),
            )
        return self._outcome("try_again", stage, error=f"{type(error).__name__}: {error}")

    def _outcome(self, verdict: Verdict, stage: str, **facts: Any) -> Outcome:
        return Outcome(verdict, {
            "way": "smtp", "relay": f"{self._relay.host}:{self._relay.port}", "stage": stage,
            **facts,
        })

    def _connect(self) -> smtplib.SMTP:
        relay = self._relay
        if relay.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                relay.host, relay.port, timeout=relay.timeout, context=self._tls(),
                local_hostname=self._identity.domain,
            )
        else:
            connection = smtplib.SMTP(
                relay.host, relay.port, timeout=relay.timeout,
                local_hostname=self._identity.domain,
            )
        try:
            with cut_off_after(relay.timeout, connection):
                connection.ehlo_or_helo_if_needed()
                if relay.security == "starttls":
                    connection.starttls(context=self._tls())
                    connection.ehlo_or_helo_if_needed()  # what was said in clear counts no more
                if relay.user:
                    connection.login(relay.user, relay.password)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _tls(self) -> ssl.SSLContext:
        authority = self._relay.authority
        return ssl.create_default_context(cafile=str(authority) if authority else None)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _as_bytes(reply: bytes | str) -> bytes:
    return reply if isinstance(reply, bytes) else str(reply).encode()


def _text(reply: bytes) -> str:
    return reply.decode("utf-8", "replace")[:_REPLY_LIMIT]
