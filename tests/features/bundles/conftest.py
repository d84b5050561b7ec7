"""The desk of the journeys, and browsers of its staff."""

from contextvars import Context
from typing import Any

import pytest

from ipdesk.core.db.core import db
from ipdesk.core.jobs import work
from tests import make
from tests.journeys.conftest import desk as desk
from tests.visitors import sign_in


class Apart:
    """A browser whose requests know nothing of the application context that the desk holds open."""

    def __init__(self, browser: Any) -> None:
        self.browser, self.user = browser, browser.user

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return Context().run(self.browser.get, *args, buffered=True, **kwargs)

    def post(self, *args: Any, **kwargs: Any) -> Any:
        return Context().run(self.browser.post, *args, buffered=True, **kwargs)


@pytest.fixture
def browser(desk):
    """``browser(role)``: a new person of that role, signed in; ``browser(user=…)``: somebody who is there."""
    def build(role: str = "", user: Any = None) -> Apart:
        if user is None:
            user = make.seller() if role == "seller" else make.user(role=role)
            db.session.refresh(user)
            db.session.expunge(user)
        return Apart(Context().run(sign_in, desk.app.test_client(), user))

    yield build
    work.close()
