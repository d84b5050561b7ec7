"""The WSGI application for a server: ``ipdesk.web:application``."""

import os

from ipdesk import create_app
from ipdesk.cli import clock_of
from ipdesk.config import load_settings

os.umask(0o077)  # what an installation writes is for its owner alone
_settings = load_settings()
application = create_app(_settings, clock_of(_settings))
