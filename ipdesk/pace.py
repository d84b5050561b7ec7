"""The web server's worker, whose threads wait for no slow client.

A thread of gunicorn waits without end for the rest of a request that has begun, and for a
client that does not read its answer; as many such clients as there are threads stop the desk.
Here a connection that falls behind is dropped. A proxy that takes requests in whole before it
passes them on is still the better wall (``docs/operating.md``).
"""

import errno
import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker


class PacedSocket(socket.socket):
    """A connection that must keep a pace. Nothing changes for a socket that is set not to block."""

    # Seconds for which a client may say or take nothing, and what it must manage on the average:
    # a phone at the edge of its network does.
    patience = 15.0
    bytes_per_second = 2_000

    _until = 0.0
    _dropped = False

    @classmethod
    def of(cls, plain: socket.socket) -> "PacedSocket":
        """The same connection; ``plain`` is used up."""
        timeout = plain.gettimeout()
        paced = cls(plain.family, plain.type, plain.proto, plain.detach())
        paced.settimeout(timeout)
        return paced

    def start_anew(self) -> None:
        """A request begins: its time starts anew."""
        self._until = time.monotonic() + self.patience

    def recv(self, size: int, flags: int = 0) -> bytes:
        own = self.gettimeout()
        if own == 0:
            return super().recv(size, flags)
        now = time.monotonic()
        left = min(self._until, now + self.patience) - now
        try:
            self.settimeout(max(0.001, left if own is None else min(own, left)))
            piece = super().recv(size, flags)
        except TimeoutError:
            if own is not None and own <= left:
                raise
            raise self._drop() from None
        finally:
            self.settimeout(own)
        self._until += len(piece) / self.bytes_per_second
        return piece

    def sendall(self, content: Any, flags: int = 0) -> None:
        own = self.gettimeout()
        if own == 0:
            return super().sendall(content, flags)
        try:
            self.settimeout(self.patience + len(content) / self.bytes_per_second)  # for all of it together
            super().sendall(content, flags)
        except TimeoutError:
            raise self._drop() from None
        finally:
            self.settimeout(own)

    def shutdown(self, how: int) -> None:
        # The server's main loop would linger with a client that is gone for us.
        if self._dropped:
            raise OSError(errno.ENOTCONN, "dropped")
        super().shutdown(how)

    def _drop(self) -> OSError:
        """End the connection for both sides; the error is the one that the server takes for a lost client."""
        with suppress(OSError):  # it may be gone already
            super().shutdown(socket.SHUT_RDWR)
        self._dropped = True
        return ConnectionResetError(errno.ECONNRESET, "the client was too slow")


class PacedWorker(ThreadWorker):
    """gunicorn's threads over paced connections."""

    sockets_are = PacedSocket

    def enqueue_req(self, conn: TConn) -> None:
        if not isinstance(conn.sock, PacedSocket):
            conn.sock = self.sockets_are.of(conn.sock)
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        conn.sock.start_anew()
        # A connection that says nothing yet waits with the main loop; by itself it would hold a thread for five seconds.
        conn.wait_for_data = lambda _seconds: TConn.wait_for_data(conn, 0)
        return super().handle(conn)
