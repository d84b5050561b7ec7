"""The marketplace's signed sign-in link: who sends a seller here says which store is theirs.

The marketplace makes the link in its seller console with the secret that it shares with this
desk. Format: ``<payload>.<signature>``, both base64url without padding. The payload is
canonical JSON with exactly ``marketplace`` (code), ``store`` (the marketplace's own store id),
``mail``, ``name``, ``nonce`` and ``expires`` (Unix seconds); the signature is HMAC-SHA256 over
``PURPOSE`` and the payload's text, so that it signs nothing else.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from ipdesk.core.kernel.canonical import canonical_json
from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.kernel.ids import new_token

PURPOSE = b"ipdesk store sign-in v1\n"
LIFETIME = timedelta(minutes=5)
_FIELDS = {"marketplace", "store", "mail", "name", "nonce", "expires"}
_SHAPE = re.compile(r"[A-Za-z0-9_-]{1,4000}\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class StoreLink:
    """What the marketplace vouches for."""

    marketplace: str
    store: str
    mail: str
    name: str
    nonce: str
    expires: int


def sign_store_link(
    *, secret: str, marketplace: str, store: str, mail: str, name: str, at: datetime,
    lifetime: timedelta = LIFETIME,
) -> str:
    """A link token as the marketplace makes it (tests and the demo play its part)."""
    link = StoreLink(marketplace, store, mail, name, new_token(), int((at + lifetime).timestamp()))
    payload = _text(canonical_json(asdict(link)))
    return f"{payload}.{_signature(secret, payload)}"


def read_store_link(token: str, *, secret: str, at: datetime) -> StoreLink:
    """What ``token`` says, once its signature and time are right.

    Refusals: ``store_link_invalid`` (also when no secret is set: then no link is honoured),
    ``store_link_expired``. A link that would be good for longer than ``LIFETIME`` was not made
    by these rules and is invalid. Single use is the caller's to keep.
    """
    if not secret or not _SHAPE.fullmatch(token):
        raise Refusal("store_link_invalid")
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(_signature(secret, payload), signature):
        raise Refusal("store_link_invalid")
    link = _parsed(payload)
    expires = datetime.fromtimestamp(link.expires, UTC)
    if expires <= at:
        raise Refusal("store_link_expired")
    if expires > at + LIFETIME:
        raise Refusal("store_link_invalid")
    return link


def _parsed(payload: str) -> StoreLink:
    try:
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error):
        raise Refusal("store_link_invalid") from None
    texts = _FIELDS - {"expires"}
    if (not isinstance(said, dict) or said.keys() != _FIELDS
            or not all(isinstance(said[name], str) and said[name] for name in texts)
            or not isinstance(said["expires"], int) or not 0 < said["expires"] < 2**33):
        raise Refusal("store_link_invalid")
    return StoreLink(**said)


def _signature(secret: str, payload: str) -> str:
    return _text(hmac.new(secret.encode(), PURPOSE + payload.encode(), hashlib.sha256).digest())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
