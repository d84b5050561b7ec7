"""The one small door between the desk and the marketplace: what it shows, and what it shall show.

The desk asks for a *snapshot* of a listing and tells a *change*. The built-in connector takes the desk's
own catalogue for the marketplace; the webhook tells a real one by a signed POST.
"""

import hashlib
import hmac
import http.client
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from ipdesk.core.kernel.canonical import canonical_json
from ipdesk.core.outbox.exchange import cut_off_after
from ipdesk.features.catalogue.models import Listing

# For each step of the way, and for the whole of it.
TIMEOUT_SECONDS = 3.0
EXCHANGE_SECONDS = 10.0
_MOST_ANSWER = 64_000
# A signature is good for this long, so that a recorded request cannot be sent again later.
SIGNATURE_LIFE = timedelta(minutes=5)
ID_HEADER = "Idempotency-Key"
TIME_HEADER = "X-Ipdesk-Timestamp"
SIGNATURE_HEADER = "X-Ipdesk-Signature"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A listing as the marketplace shows it. ``images`` are SHA-256 of kept pictures."""

    title: str
    description: str
    brand: str
    price: str
    currency: str
    category: str
    seller: str
    store_id: str
    listing_id: str
    url: str
    status: str
    images: tuple[str, ...] = ()
    image_addresses: tuple[str, ...] = ()

    def content(self) -> dict[str, Any]:
        """Everything but the kept pictures, as plain JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in ("images", "image_addresses")}
        return {**plain, "image_addresses": list(self.image_addresses)}


@dataclass(frozen=True, slots=True)
class Change:
    """What the marketplace shall show of a listing from now on.

    ``sequence`` rises with each change of a listing: a lower one than the last is out of date.
    ``wanted`` is ``{"delete": true}`` or ``{"show": bool, "kind", "scope", "restrictions"}``.
    """

    instruction_id: int
    sequence: int
    marketplace: str
    listing_ids: tuple[str, ...]
    store_id: str
    url: str
    wanted: dict[str, Any]
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The marketplace has done it. ``proof`` is what it answered, plain JSON."""

    proof: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The marketplace has taken it and will confirm by a signed callback."""

    proof: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """It did not work this time; ``reason`` is for staff."""

    reason: str


class Connector(Protocol):
    """A marketplace, as the desk sees it."""

    def snapshot(self, listing: Listing) -> Snapshot: ...

    def apply(self, change: Change, at: datetime) -> Confirmation | Accepted | Retry: ...


class CatalogueConnector:
    """The desk's own catalogue is the marketplace: what is told is done when it is recorded."""

    def snapshot(self, listing: Listing) -> Snapshot:
        return Snapshot(
            title=listing.title, description=listing.description, brand=listing.brand, price=listing.price,
            currency=listing.currency, category=listing.category, seller=listing.store.name,
            store_id=listing.store.external_id, listing_id=listing.external_id, url=listing.url,
            status=listing.status, images=tuple(listing.images), image_addresses=tuple(listing.image_addresses))

    def apply(self, change: Change, at: datetime) -> Confirmation | Accepted | Retry:
        return Confirmation({"connector": "catalogue"})


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """``v1=`` and the hex HMAC-SHA256 of ``timestamp.body``."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(secret: str, timestamp: str, signature: str, body: bytes, at: datetime) -> bool:
    """Whether ``signature`` fits, with a time stamp (seconds since 1970) close to ``at``.

    Without a secret nothing is ever signed.
    """
    if not secret or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs(at.timestamp() - int(timestamp)) > SIGNATURE_LIFE.total_seconds():
        return False
    return hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode())


class WebhookConnector(CatalogueConnector):
    """A real marketplace behind ``url``: signed POST, no redirects, three seconds for each step and ten in all.

    2xx with ``{"confirmed": true}`` confirms; 202 is taken and confirmed later; anything else is
    tried again. Snapshots come from the catalogue, which the marketplace's files keep current.
    """

    def __init__(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("webhook_url must be an http or https address")
        if not secret:
            raise ValueError("webhook_url needs webhook_secret, so that the marketplace knows who speaks")
        self._parts, self._secret = parts, secret

    def apply(self, change: Change, at: datetime) -> Confirmation | Accepted | Retry:
        body = canonical_json({
            "instruction": change.instruction_id, "sequence": change.sequence, "marketplace": change.marketplace,
            "listing_ids": list(change.listing_ids), "store_id": change.store_id, "url": change.url,
            "wanted": change.wanted, "scope": change.wanted.get("scope"), "issued_at": change.issued_at,
        })
        timestamp = str(int(at.timestamp()))
        headers = {
            "Content-Type": "application/json", "User-Agent": "ipdesk", ID_HEADER: str(change.instruction_id),
            TIME_HEADER: timestamp, SIGNATURE_HEADER: sign(self._secret, timestamp, body), "Connection": "close",
        }
        try:
            status, answer = self._post(body, headers)
        except (OSError, http.client.HTTPException) as error:
            return Retry(f"{type(error).__name__}: {error}"[:500])
        return _reading_of(status, answer)

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and at most 64 kB of the answer, which must be there in time as a whole."""
        parts = self._parts
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            with cut_off_after(EXCHANGE_SECONDS, connection) as watch:
                connection.connect()
                watch.keep()
                said = self._converse(connection, body, headers)
        except (OSError, http.client.HTTPException):
            if not watch.cut:
                raise
        finally:
            connection.close()
        if watch.cut:  # also where what came until then looks whole
            raise TimeoutError("the answer took too long")
        return said

    def _converse(
        self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str],
    ) -> tuple[int, bytes]:
        target = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        answer = b""
        while len(answer) < _MOST_ANSWER and (piece := response.read1(8192)):
            answer += piece
        return response.status, answer


def _reading_of(status: int, answer: bytes) -> Confirmation | Accepted | Retry:
    proof = {"connector": "webhook", "status": status, "answer": answer[:2000].decode("utf-8", "replace")}
    if status == 202:
        return Accepted(proof)
    try:
        said = json.loads(answer)
    except ValueError:
        said = None
    if 200 <= status < 300 and isinstance(said, dict) and said.get("confirmed") is True:
        return Confirmation(proof)
    if 300 <= status < 400:
        return Retry(f"answered {status}: redirects are not followed")
    if 200 <= status < 300:
        return Retry(f"answered {status} without a confirmation")
    return Retry(f"answered {status}")


def connector_of(settings: Any) -> Connector:
    """The connector of this installation: the webhook when one is set, else the catalogue."""
    if settings.webhook_url:
        return WebhookConnector(settings.webhook_url, settings.webhook_secret)
    return CatalogueConnector()
