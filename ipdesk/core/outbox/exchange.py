"""Conversations with somebody outside: to the address that was judged, and with an end, however slowly they speak."""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

_AGAIN_SECONDS = 0.2
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052


class Line(Protocol):
    """What talks over a socket; ``None`` while there is none."""

    sock: socket.socket | None


class Watch:
    """Says whether the line was ``cut``. ``keep`` holds on to a socket that the line will let go of
    before the conversation ends, as HTTP does once the head of the last answer is there."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._kept: socket.socket | None = None
        self.cut = False

    def keep(self) -> None:
        self._kept = self._line.sock

    def cut_off(self) -> None:
        self.cut = True
        for sock in (self._line.sock, self._kept):
            if sock is not None:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_off_after(seconds: float, line: Line) -> Iterator[Watch]:
    """Cut ``line`` when the block takes longer, whatever error the block meets then.

    A socket's own time-out starts anew with every byte, so a drip would never meet it.
    """
    done, watch = threading.Event(), Watch(line)

    def wait() -> None:
        left = seconds
        while not done.wait(left):
            watch.cut_off()
            left = _AGAIN_SECONDS  # the line may only now get its socket

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    try:
        yield watch
    finally:
        done.set()
        waiting.join()


class PinnedConnection(http.client.HTTPConnection):
    """An HTTP connection to ``address``, which was already judged; ``timeout`` in seconds for each step."""

    def __init__(
        self, host: str, port: int, address: str, timeout: float, tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(host, port, timeout=timeout)
        self.default_port = 443 if tls else 80  # so that Host carries no needless port
        self._pin = (address, port)
        self._tls = tls

    def connect(self) -> None:
        plain = socket.create_connection(self._pin, self.timeout)
        self.sock = plain
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def is_public(address: str) -> bool:
    """Whether this IP address, or the one that travels inside it, belongs to the public internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        # An IPv4 address may travel inside an IPv6 one; it is judged as what it leads to.
        within = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _NAT64:
            within = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if within is not None:
            return within.is_global and not within.is_multicast
    return found.is_global and not found.is_multicast
