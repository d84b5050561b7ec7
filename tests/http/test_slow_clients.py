"""Slow clients against the real web server: each is dropped, and nobody else waits for it."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ipdesk.pace import PacedSocket, PacedWorker
from ipdesk.running import web_command

ROOT = Path(__file__).parents[2]
BIG = 30_000_000


class Hasty(PacedSocket):
    """The same walls, sooner."""

    patience = 1.0
    bytes_per_second = 1_000_000_000


class HastyWorker(PacedWorker):
    sockets_are = Hasty


def desk(environ, start_response):
    """A desk that takes forms and hands out one large file."""
    said = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body = bytes(BIG) if environ["PATH_INFO"] == "/big" else b"%d" % len(said)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with closing(socket.socket()) as place:
        place.bind(("127.0.0.1", 0))
        number = place.getsockname()[1]
    command = web_command("127.0.0.1", number, threads=2)
    command[command.index("--worker-class") + 1] = f"{__name__}.HastyWorker"
    server = subprocess.Popen([*command[:-1], f"{__name__}:desk"], cwd=ROOT)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", number)).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < until
        yield number
    finally:
        server.terminate()
        server.wait(20)


def connected(port: int, said: bytes) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    line.sendall(said)
    return line


def ask(port: int) -> tuple[bytes, float]:
    """The first line of an answer to an honest visitor, and how long it took."""
    began = time.monotonic()
    with connected(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as line:
        return line.recv(15), time.monotonic() - began


SLOW = {
    "nothing": b"",
    "headers": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
    "body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nemail=a",
    "answer": b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n",
}


def all_of(line: socket.socket) -> int:
    """How many bytes come until the server ends the connection."""
    size = 0
    while piece := line.recv(1 << 20):
        size += len(piece)
    return size


@pytest.mark.parametrize("what", SLOW)
def test_slow_clients_are_dropped_and_nobody_waits_for_them(port: int, what: str) -> None:
    lines = [connected(port, SLOW[what]) for _ in range(6)]
    first, took = ask(port)
    assert first == b"HTTP/1.1 200 OK" and took < 8
    if what == "nothing":
        assert took < 1, "who says nothing holds no thread"
    for line in lines:
        with line:
            if what == "nothing":
                line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert line.recv(15) == b"HTTP/1.1 200 OK", "and may still speak"
            else:
                assert all_of(line) < BIG, "the server has ended the connection"


def test_who_drips_is_dropped(port: int) -> None:
    with connected(port, SLOW["body"]) as line:
        line.settimeout(0.2)
        began = time.monotonic()
        while time.monotonic() - began < 8:
            try:
                line.sendall(b"x")
                if not line.recv(100):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - began < 4
