"""Pictures that a listing names by their web address: fetched from the hosts that the operator permits, and from no other.

A listing's addresses are written by its seller. So the host must stand in the setting ``picture_hosts``; the name is resolved
once, every address that it has must be public or stand in the setting too, and the connection goes to that very address;
only https is spoken (http to this machine alone); a redirect is followed only to the same host; time and size are limited.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from ipdesk.core.kernel.text import N_
from ipdesk.core.outbox.exchange import PinnedConnection, cut_off_after, is_public

# For each step of the way, and for the whole of it.
STEP_SECONDS = 5.0
EXCHANGE_SECONDS = 15.0
MOST_BYTES = 20_000_000
_MOST_REDIRECTS = 3
_PORTS = {"https": 443, "http": 80}
# What may be different a little later; everything else is the last word.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

# Why there is no picture, by code, as pages and bundles say it.
PROBLEMS = {
    "not_permitted": N_("the desk has no permission to fetch pictures from this address"),
    "private_address": N_("the address leads into a private network"),
    "redirected": N_("the address leads to another one"),
    "too_large": N_("the file is larger than 20 MB"),
    "not_a_picture": N_("what lies there is no picture that the desk can keep"),
    "not_there": N_("the server does not give it out"),
    "no_answer": N_("the server did not answer properly, although it was asked for a day"),
}


@dataclass(frozen=True, slots=True)
class NotFetched:
    """Why it did not work, a code of `PROBLEMS`; ``passing`` when it may work later. ``detail`` is for the operator."""

    problem: str
    detail: str = ""
    passing: bool = False


class PictureSource:
    """The permitted hosts: ``host``, ``host:port``, or the address of a private network's server."""

    def __init__(
        self, hosts: Iterable[str] = (), *, seconds: float = EXCHANGE_SECONDS, most: int = MOST_BYTES,
        resolve: Callable[..., list[Any]] = socket.getaddrinfo,
    ) -> None:
        self.hosts = frozenset(host.lower().replace("[", "").replace("]", "") for host in hosts)
        self._seconds, self._most, self._resolve = seconds, most, resolve

    def permits(self, address: str) -> bool:
        """Whether a picture at this web address may be asked for at all."""
        parts = _parts(address)
        return parts is not None and self._names(parts)

    def fetch(self, address: str) -> bytes | NotFetched:
        """The bytes at ``address``, at most 20 MB. Holds no transaction, knows no database and never raises for the other side."""
        for _ in range(_MOST_REDIRECTS + 1):
            parts = _parts(address)
            if parts is None or not self._names(parts):
                return NotFetched("not_permitted")
            try:
                found = self._ask(parts)
            except (OSError, ValueError, http.client.HTTPException) as error:
                return NotFetched("no_answer", f"{type(error).__name__}: {error}"[:300], passing=True)
            if not isinstance(found, str):
                return found
            leads_to = urljoin(address, found)
            if urlsplit(leads_to)[:2] != parts[:2]:
                return NotFetched("redirected", leads_to[:300])
            address = leads_to
        return NotFetched("redirected", "too often")

    def _names(self, parts: SplitResult) -> bool:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        if parts.scheme == "http" and not _is_this_machine(host):
            return False
        return f"{host}:{port}" in self.hosts or (port == _PORTS[parts.scheme] and host in self.hosts)

    def _address(self, host: str, port: int) -> str | None:
        """The address to connect to, ``None`` when one of them is private and not named in the setting."""
        found = [str(item[4][0]) for item in self._resolve(host, port, type=socket.SOCK_STREAM)]
        if not found:
            raise OSError("the name has no address")
        named = {*self.hosts, *(entry.rpartition(":")[0] for entry in self.hosts)}
        return found[0] if all(is_public(address) or address in named for address in found) else None

    def _ask(self, parts: SplitResult) -> bytes | str | NotFetched:
        """What one request gives: the bytes, the address that it leads to, or why neither."""
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        address = self._address(host, port)
        if address is None:
            return NotFetched("private_address")
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        connection = PinnedConnection(host, port, address, STEP_SECONDS, tls)
        try:
            with cut_off_after(self._seconds, connection) as watch:
                connection.connect()
                watch.keep()
                connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers={
                    "User-Agent": "ipdesk", "Accept": "image/*", "Accept-Encoding": "identity", "Connection": "close"})
                answer = self._reading(connection.getresponse())
            if watch.cut:  # what came until then is not the whole
                raise TimeoutError("the answer took too long")
            return answer
        finally:
            connection.close()

    def _reading(self, response: http.client.HTTPResponse) -> bytes | str | NotFetched:
        if response.status in (301, 302, 303, 307, 308) and response.getheader("Location"):
            return str(response.getheader("Location"))
        if response.status != 200:
            return NotFetched("no_answer" if response.status in _PASSING else "not_there",
                              f"answered {response.status}", passing=response.status in _PASSING)
        said = response.length
        if said is not None and said > self._most:
            return NotFetched("too_large", f"{said} bytes")
        content = response.read(self._most + 1)
        if said is not None and len(content) < said:  # half a picture still opens, and would be kept as the whole
            raise http.client.IncompleteRead(content, said - len(content))
        return content if len(content) <= self._most else NotFetched("too_large")


def _parts(address: str) -> SplitResult | None:
    """The parts of a plain http or https address; ``None`` for anything else."""
    try:
        parts = urlsplit(address)
        plain = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0 and not (parts.username or parts.password)
    except ValueError:
        return None
    # A line end or a space in it would write into the request.
    return parts if plain and address.isascii() and address.isprintable() and " " not in address else None


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
