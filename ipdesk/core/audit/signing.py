"""Signed tree heads: checkpoints of the audit log, signed with Ed25519.

The text is a checkpoint in the form that transparency logs share (C2SP tlog-checkpoint over
signed-note), so that other tools can read it::

    desk.example/audit
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    2026-12-03T15:59:59.000000Z

    — desk.example/audit Az3grlgtzPICa5OS8npVmf1Myq/5IZni…

Origin, tree size, root, time; then a line per signature, which begins with the four bytes of the
key id. Keys are 32 raw bytes; where they are kept is not known here.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ipdesk.core.audit.merkle import HASH_BYTES

_ED25519 = b"\x01"  # the algorithm's number in signed-note
_KEY_ID_BYTES = 4
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class CheckpointInvalid(Exception):
    """A checkpoint that proves nothing; ``code`` says why.

    malformed, other_origin, unknown_key (no signature by a known key), signature_wrong.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: ``size`` leaves with ``root`` (32 bytes), at ``at`` (aware UTC)."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def __post_init__(self) -> None:
        _check_origin(self.origin)
        if not _SIZE.fullmatch(str(self.size)):
            raise ValueError(f"{self.size} is no tree size")
        if len(self.root) != HASH_BYTES:
            raise ValueError("a root is 32 bytes long")
        if self.at.tzinfo is None:
            raise ValueError("a checkpoint has an aware time")

    def text(self) -> str:
        """The signed text: four lines, each ended by a newline."""
        root = base64.b64encode(self.root).decode()
        at = self.at.astimezone(UTC).strftime(_TIME)
        return f"{self.origin}\n{self.size}\n{root}\n{at}\n"


@dataclass(frozen=True)
class Signer:
    """Signs in the name of a log. Origin and private key are asked for when something is signed."""

    origin: Callable[[], str]
    private: Callable[[], bytes]

    def public(self) -> bytes:
        """The public key, 32 raw bytes."""
        return public_key(self.private())

    def sign(self, text: str) -> str:
        """``text`` as a signed note of this log."""
        return sign_note(self.origin(), text, self.private())


def _check_origin(origin: str) -> None:
    """A name without white space or plus, as signed-note demands of key names."""
    if origin.split() != [origin] or "+" in origin or not origin.isprintable():
        raise ValueError(f"{origin!r} cannot name a log")


def new_private_key() -> bytes:
    """A fresh Ed25519 private key, 32 raw bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_key(private: bytes) -> bytes:
    """The public key (32 raw bytes) of a private one."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def key_id(origin: str, public: bytes) -> str:
    """Eight hex digits that name the key ``public`` of the log ``origin``."""
    return _key_id(origin, public).hex()


def _key_id(origin: str, public: bytes) -> bytes:
    named = origin.encode() + b"\n" + _ED25519 + public
    return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]


def sign(checkpoint: Checkpoint, private: bytes) -> str:
    """The signed checkpoint as text."""
    return sign_note(checkpoint.origin, checkpoint.text(), private)


def sign_note(origin: str, text: str, private: bytes) -> str:
    """``text`` (whole lines) with a signature of the log ``origin`` below it (C2SP signed-note)."""
    _check_origin(origin)
    if not text.endswith("\n"):
        raise ValueError("a signed text ends with a newline")
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(text.encode())
    key = _key_id(origin, public_key(private))
    return f"{text}\n— {origin} {base64.b64encode(key + signature).decode()}\n"


def verify(signed: str, *, origin: str, public_keys: Iterable[bytes]) -> Checkpoint:
    """The checkpoint in ``signed``, or :class:`CheckpointInvalid`; signatures as in :func:`verify_note`."""
    checkpoint = _parse(_parts(signed)[0])
    if checkpoint.origin != origin:
        raise CheckpointInvalid("other_origin")
    verify_note(signed, origin=origin, public_keys=public_keys)
    return checkpoint


def verify_note(signed: str, *, origin: str, public_keys: Iterable[bytes]) -> str:
    """The text that is signed in ``signed``, or :class:`CheckpointInvalid`.

    At least one signature must be by one of ``public_keys`` (several after a change of keys) and
    every signature that names one of them must hold. Signatures by others, such as witnesses, are
    passed over.
    """
    text, tail = _parts(signed)
    known = {_key_id(origin, public): public for public in public_keys}
    found = [
        (known[key], signature)
        for name, key, signature in map(_parse_signature, _signature_lines(tail))
        if name == origin and key in known
    ]
    if not found:
        raise CheckpointInvalid("unknown_key")
    for public, signature in found:
        _check_signature(public, signature, text.encode())
    return text


def _parts(signed: str) -> tuple[str, str]:
    """The text of a signed note, and the lines of its signatures."""
    text, separator, tail = signed.rpartition("\n\n")
    if not separator:
        raise CheckpointInvalid("malformed")
    return text + "\n", tail


def _parse(text: str) -> Checkpoint:
    """The checkpoint of exactly this text: one that would be written otherwise is refused."""
    lines = text.split("\n")
    if len(lines) != 5:
        raise CheckpointInvalid("malformed")
    try:
        at = datetime.strptime(lines[3], _TIME).replace(tzinfo=UTC)
        root = base64.b64decode(lines[2], validate=True)
        checkpoint = Checkpoint(lines[0], int(lines[1]), root, at)
    except ValueError as error:
        raise CheckpointInvalid("malformed") from error
    if checkpoint.text() != text:
        raise CheckpointInvalid("malformed")
    return checkpoint


def _signature_lines(tail: str) -> list[str]:
    if not tail.endswith("\n"):
        raise CheckpointInvalid("malformed")
    return tail[:-1].split("\n")


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    """Name, key id and signature of one signature line."""
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—":
        raise CheckpointInvalid("malformed")
    try:
        blob = base64.b64decode(parts[2], validate=True)
    except ValueError as error:
        raise CheckpointInvalid("malformed") from error
    if base64.b64encode(blob).decode() != parts[2]:
        raise CheckpointInvalid("malformed")
    return parts[1], blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:]


def _check_signature(public: bytes, signature: bytes, text: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature as error:
        raise CheckpointInvalid("signature_wrong") from error
