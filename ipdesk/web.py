"""The WSGI application for a server: ``ipdesk.web:application``."""

from ipdesk import create_app
from ipdesk.cli import clock_of
from ipdesk.config import load_settings

_settings = load_settings()
application = create_app(_settings, clock_of(_settings))
