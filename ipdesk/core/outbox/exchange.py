"""An end to every conversation with somebody outside, however slowly they speak."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

_AGAIN_SECONDS = 0.2


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
