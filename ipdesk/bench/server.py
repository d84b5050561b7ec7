"""A real server on loopback, and a client that keeps its connection."""

import http.client
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from ipdesk.config import Settings
from ipdesk.running import web_command

_HOST = "127.0.0.1"
_PATIENCE = 60.0  # seconds for the server to come up
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class NotAnswered(Exception):
    """The server answered otherwise than the measurement needs; the message says how."""


class Server:
    """One web worker with threads, as ``ipdesk run`` starts it."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port, self.process = port, process

    @property
    def peak_rss_mb(self) -> float:
        """Most memory that the worker has had; 0 where the system does not say."""
        return max((_peak_rss(child) for child in _children(self.process.pid)), default=0.0)


@contextmanager
def serve(settings: Settings, threads: int = 4) -> Iterator[Server]:
    """Start the server, wait until it answers, stop it at the end."""
    port = _free_port()
    environment = {**os.environ, "IPDESK_INSTANCE": str(settings.instance),
                   "IPDESK_DATABASE_URL": settings.database}
    process = subprocess.Popen(  # noqa: S603 - the desk's own program
        web_command(_HOST, port, threads), env=environment, start_new_session=True)
    try:
        _wait_for(port, process)
        yield Server(port, process)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((_HOST, 0))
        return int(found.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection((_HOST, port), 1):
                pass
        except OSError:
            time.sleep(0.1)
            continue
        Client(port).get("/sign-in")
        return
    raise NotAnswered("the web server did not start")


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak_rss(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


class Client:
    """A browser with one connection and one session."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection(_HOST, port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.token = ""

    def sign_in(self, email: str, password: str) -> "Client":
        """The client, signed in through the page that people use."""
        self.token = self._token_of(self.get("/sign-in"))
        status, _ = self.post("/sign-in", {"email": email, "password": password})
        if status not in (302, 303):
            raise NotAnswered(f"{email} cannot sign in: {status}")
        self.token = self._token_of(self.get("/account"))
        return self

    @staticmethod
    def _token_of(page: str) -> str:
        found = _TOKEN.search(page)
        if found is None:
            raise NotAnswered("a page without a form where one should be")
        return found[1]

    def get(self, path: str) -> str:
        """The page; anything but 200 is ``NotAnswered``."""
        status, body, _ = self._ask("GET", path)
        if status != 200:
            raise NotAnswered(f"GET {path}: {status}")
        return body

    def post(self, path: str, values: Mapping[str, str]) -> tuple[int, str]:
        """Status and ``Location`` of a form that is sent with the session's token."""
        body = urlencode({**values, "csrf_token": self.token})
        status, _, location = self._ask(
            "POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        return status, location

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str, str]:
        sent = {**(headers or {}), "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        self.connection.request(method, path, body, sent)
        response = self.connection.getresponse()
        content = response.read().decode("utf-8", "replace")
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _, value = line.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return response.status, content, response.headers.get("Location", "")
