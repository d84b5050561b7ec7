"""The running installation, for pages, jobs and commands: its clock and its settings."""

from typing import Any

from flask import current_app

from ipdesk.core.kernel.clock import Clock


def clock() -> Clock:
    """The installation's clock: the only way from a request or a job to the time."""
    return current_app.extensions["ipdesk.clock"]


def settings() -> Any:
    """The frozen ``Settings`` (its class is known to ``config``, ``cli`` and ``wiring`` only)."""
    return current_app.extensions["ipdesk.settings"]
