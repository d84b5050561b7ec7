"""Starting and stopping web and worker together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import click

from ipdesk.config import Settings
from ipdesk.core.db.migrations import upgrade

# How long both may take to finish what they are doing after Ctrl-C.
_GRACE_SECONDS = 10


def run_desk(settings: Settings, *, host: str, port: int, threads: int) -> None:
    """Prepare the installation, then run one web process and one worker until a signal comes.

    When one of the two ends by itself, the other is stopped and the exit code is 1.
    """
    from ipdesk import create_app
    from ipdesk.cli import clock_of

    app = create_app(settings, clock_of(settings))
    with app.app_context():
        upgrade()
        if settings.demo:
            from ipdesk.demo import ensure_demo, is_empty

            if is_empty():
                click.echo("Loading the demo marketplace; this takes a little …")
                ensure_demo(settings)
    _say(settings, host, port)
    environment = {**os.environ, "IPDESK_INSTANCE": str(settings.instance)}
    if settings.demo:
        environment |= {"IPDESK_DEMO": "1", "IPDESK_BASE_URL": settings.base_url}
    desk = [sys.executable, "-m", "ipdesk"]
    web = web_command(host, port, threads)
    # Own sessions: Ctrl-C reaches this process only, which then stops both in order.
    children = [subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603 - both are ours
                for command in (web, [*desk, "worker"])]
    raise SystemExit(_watch(children))


def web_command(host: str, port: int, threads: int) -> list[str]:
    """The web server of one installation, which ``IPDESK_INSTANCE`` names: one process with threads."""
    return [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", "1",
            "--threads", str(threads), "--bind", f"{host}:{port}", "--graceful-timeout", "5",
            "--max-requests", "0", "--no-control-socket", "--log-level", "warning",
            "--keep-alive", "30", "ipdesk.web:application"]


def _watch(children: Sequence[subprocess.Popen[bytes]]) -> int:
    asked = False

    def stop(*_: object) -> None:
        nonlocal asked
        asked = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    while not asked and all(child.poll() is None for child in children):
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
    return 0 if asked else 1


def _say(settings: Settings, host: str, port: int) -> None:
    click.echo(f"\n{settings.desk_name} answers at http://{host}:{port}  (Ctrl-C stops it)\n")
    if settings.demo:
        from ipdesk.demo import accounts_text

        click.echo(accounts_text())
