"""The routes of notices: filing step by step, filing without account, lists, the notice page."""

from ipdesk.features.complaints.pages import (  # noqa: F401 - each adds its routes
    contact,
    exhibits,
    guest,
    listings,
    notices,
    purchases,
    reasons,
    right,
    signing,
    task_list,
)
from ipdesk.features.complaints.pages.base import pages

blueprints = [pages]
