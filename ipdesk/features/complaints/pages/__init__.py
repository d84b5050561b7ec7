"""The routes of notices: filing step by step, filing without account, lists, the notice page."""

from ipdesk.features.complaints.pages import guest, notices, steps  # noqa: F401 - routes
from ipdesk.features.complaints.pages.base import pages

blueprints = [pages]
