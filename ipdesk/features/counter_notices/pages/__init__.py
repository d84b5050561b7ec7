"""The routes of both sides' answers: the seller's, screen by screen, and the rights holder's."""

from ipdesk.features.counter_notices.pages import contest, rights_holder, seller  # noqa: F401 - routes
from ipdesk.features.counter_notices.pages.base import pages

blueprints = [pages]
