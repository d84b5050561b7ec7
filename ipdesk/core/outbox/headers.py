"""From a letter to the bytes on the wire, so that no user text can become a header.

Subjects carry text that parties typed. Some Python builds decode an encoded word inside
such a text while folding the header and so let it add a line (CVE-2024-6923). Three walls
stand in the way, each enough alone: the text is cleaned, the headers of the finished bytes
are counted, and the envelope is never read from the message.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from ipdesk.core.kernel.canonical import sha256_hex

SUBJECT_LIMIT = 150
NAME_LIMIT = 80
# 7bit: no server on the way has to know 8BITMIME, and bytes are the same everywhere.
_POLICY = SMTP.clone(cte_type="7bit")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LINE_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


class UnsafeMessage(Exception):
    """The finished bytes hold a header that nobody set; nothing was sent."""


class UnusableAddress(Exception):
    """The address is not one plain mailbox; retrying will not help."""


@dataclass(frozen=True, slots=True)
class MailIdentity:
    """Who the desk is in a mail: the address, its name, the domain of its Message-IDs."""

    address: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class SealedMail:
    """Envelope and bytes; the envelope is never derived from the bytes."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


def clean_line(text: str, limit: int) -> str:
    """``text`` as one harmless header line of at most ``limit`` characters.

    Line breaks of every kind become a blank, control, format (zero-width, bidi) and
    surrogate characters go, and ``=?`` is broken up so that no encoded word remains.
    """
    text = _LINE_BREAKS.sub(" ", text)
    text = "".join(c for c in text.replace("\t", " ") if unicodedata.category(c)[0] != "C")
    # After the removal: a zero-width character may have stood between "=" and "?".
    text = " ".join(text.replace("=?", "= ?").split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clean_text(text: str) -> str:
    """``text`` for the body of a letter: line breaks unified, hidden controls removed.

    Joiners (U+200C, U+200D) stay because Persian and Indic scripts and emoji need them;
    bidi overrides and isolates go, because they can turn an amount or an address around.
    """
    if text.isprintable():  # neither line breaks nor anything of category C: nearly every value of a letter
        return text
    text = re.sub(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", text)
    return "".join(
        c for c in text
        if c in "\n\t\u200c\u200d" or unicodedata.category(c)[0] != "C"
    )


def clean_address(address: str) -> str:
    """``address`` as one ASCII mailbox ``local@domain``; ``UnusableAddress`` if it is not one."""
    local, at, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise UnusableAddress(f"domain: {error}") from None
    labels = domain.split(".")
    if not at or len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        raise UnusableAddress("not a plain mailbox")
    if len(domain) > 253 or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise UnusableAddress("not a domain name")
    return f"{local}@{domain}"


def seal_mail(
    *, identity: MailIdentity, to: str, reference: str, subject: str, text: str, html: str,
    mail_key: str, date: datetime,
) -> SealedMail:
    """One mail with a text and an HTML part, byte for byte the same on every attempt.

    ``mail_key`` names the outbox row (it makes the Message-ID),
    ``reference`` the case (it makes the thread and stands in the subject; empty for letters
    about accounts), ``date`` is the instant at which the letter was written.
    """
    recipient = clean_address(to)
    message_id = f"<{mail_key}@{identity.domain}>"
    message = EmailMessage(policy=_POLICY)
    message["From"] = formataddr((clean_line(identity.name, NAME_LIMIT), identity.address))
    message["To"] = recipient
    reference = clean_line(reference, 40)
    mark = f"[{reference}] " if reference else ""
    message["Subject"] = mark + clean_line(subject, SUBJECT_LIMIT)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    if reference:
        # Every letter of a case answers one made-up first message, so mail programs show
        # one thread whichever letter arrives first or is deleted.
        thread = f"<{reference}.thread@{identity.domain}>"
        message["In-Reply-To"] = thread
        message["References"] = thread
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message.set_content(clean_text(text))
    message.add_alternative(clean_text(html), subtype="html")
    # From the content itself: nobody can write a text that contains its own hash.
    message.set_boundary("=_" + sha256_hex(f"{mail_key}\n{text}\n{html}".encode())[:32])
    content = message.as_bytes()
    _refuse_unset_headers(content, message.keys())
    return SealedMail(clean_address(identity.address), recipient, message_id, content)


def _refuse_unset_headers(content: bytes, expected: list[str]) -> None:
    head = content.partition(b"\r\n\r\n")[0]
    if b"\n" in head.replace(b"\r\n", b"") or b"\r" in head.replace(b"\r\n", b""):
        raise UnsafeMessage("a bare line break in the headers")
    lines = [line for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    names = [line.partition(b":")[0].decode("ascii", "replace").lower() for line in lines]
    if sorted(names) != sorted(name.lower() for name in expected):
        raise UnsafeMessage(f"headers {names}")
