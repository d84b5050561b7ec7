"""Starting and stopping web and worker together."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from sqlalchemy import inspect

from ipdesk.config import Settings, forget_demo
from ipdesk.core.db.core import db
from ipdesk.core.db.migrations import upgrade

# How long both may take to finish what they are doing after Ctrl-C.
_GRACE_SECONDS = 10


class CannotRun(Exception):
    """Something outside of the desk keeps it from starting. The text says what."""


def bring_up_to_date(settings: Settings) -> None:
    """Create the database or bring it to this version; needs an application context."""
    is_new = not inspect(db.engine).get_table_names()
    upgrade()
    if is_new:
        from ipdesk.demo.clock import reset_clock

        forget_demo(settings)
        reset_clock(settings.instance)


@contextmanager
def only_worker(settings: Settings) -> Iterator[None]:
    """The place of the one worker that a SQLite installation has; ``CannotRun`` when it is taken.

    With PostgreSQL there may be any number.
    """
    if not settings.database.startswith("sqlite"):
        yield
        return
    with (settings.instance / "worker.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"A worker is at work in {settings.instance} already; with SQLite there is one.") from None
        yield


def refuse_taken_port(host: str, port: int) -> None:
    """``CannotRun`` when the desk could not answer at ``host`` and ``port``."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise CannotRun(f"The desk cannot answer at {host}, port {port}: {error.strerror}. Choose another: --port") from None


def run_desk(settings: Settings, *, host: str, port: int, threads: int) -> None:
    """Run one web process and one worker of a prepared installation until a signal comes.

    When one of the two ends by itself, the other is stopped and the exit code is 1.
    """
    with only_worker(settings):
        pass  # said here rather than by the worker, after the address
    asked = _listen_for_the_end()
    _say(settings, host, port)
    environment = {**os.environ, "IPDESK_INSTANCE": str(settings.instance)}
    if settings.demo:
        environment["IPDESK_BASE_URL"] = settings.base_url
    desk = [sys.executable, "-m", "ipdesk"]
    web = web_command(host, port, threads)
    # Own sessions: Ctrl-C reaches this process only, which then stops both in order.
    children = [subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603 - both are ours
                for command in (web, [*desk, "worker"])]
    raise SystemExit(_watch(children, asked))


def web_command(host: str, port: int, threads: int) -> list[str]:
    """The web server of one installation, which ``IPDESK_INSTANCE`` names: one process with threads."""
    return [sys.executable, "-m", "gunicorn", "--worker-class", "ipdesk.pace.PacedWorker", "--workers", "1",
            "--threads", str(threads), "--bind", f"{host}:{port}", "--graceful-timeout", "5",
            "--max-requests", "0", "--no-control-socket", "--log-level", "warning",
            "--keep-alive", "30", "ipdesk.web:application"]


def _listen_for_the_end() -> threading.Event:
    """Set by Ctrl-C or SIGTERM; from before the first child is there, so that none is ever left behind."""
    asked = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: asked.set())
    return asked


def _watch(children: Sequence[subprocess.Popen[bytes]], asked: threading.Event) -> int:
    while not asked.is_set() and all(child.poll() is None for child in children):
        time.sleep(0.2)
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return 0 if asked.is_set() else 1


def _say(settings: Settings, host: str, port: int) -> None:
    click.echo(f"\n{settings.desk_name} answers at http://{host}:{port}  (Ctrl-C stops it)\n")
    if not settings.demo and not settings.smtp_url:
        click.echo("No mail server is set (smtp_url): letters wait, reach nobody by mail and start no seller's time.\n", err=True)
    if settings.demo:
        from ipdesk.demo.people import accounts_text

        click.echo(accounts_text())
        click.echo(f"The demo sends no mail: letters are written to {settings.instance / 'outbox'}, and the page Inbox shows them\n"
                   "to the accounts that they are for.\n")
