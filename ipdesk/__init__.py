"""ipdesk: a self-hosted desk for intellectual-property complaints on marketplaces."""

from flask import Flask

from ipdesk.config import Settings, load_settings
from ipdesk.core.kernel.clock import Clock

__version__ = "0.1.0"


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The application of one installation.

    Refuses to start (``RuntimeError``) when the workflow files fail their check, when a route has
    no ``@access`` or when a workflow that a stored case was opened under is gone.
    """
    from ipdesk import wiring

    settings = settings or load_settings()
    app = Flask("ipdesk", template_folder=str(settings.templates))
    wiring.assemble(app, settings, clock)
    return app
