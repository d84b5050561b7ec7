"""Those who visit the desk in tests: browsers, and the sessions in them."""

import re
import time
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.ids import new_token

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LOGIN_SECRET = "shared with the marketplace, and long"


class Browser(FlaskClient):
    """A browser that sends the CSRF token of its session with every POST."""

    user: Any = None

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> Any:
        if csrf and kwargs.get("method", "GET") not in ("GET", "HEAD"):
            kwargs["headers"] = {**dict(kwargs.get("headers") or {}), "X-CSRFToken": self.csrf_token()}
        return super().open(*args, **kwargs)

    def seen(self, page: str) -> dict[str, str]:
        """The version of the case that the form of this page carries, as the form sends it."""
        found = re.search(r'name="seen" value="(\d+)"', self.get(page).get_data(as_text=True))
        assert found, f"no version on {page}"
        return {"seen": found[1]}

    def csrf_token(self) -> str:
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", new_token())
        return URLSafeTimedSerializer(
            self.application.secret_key, salt="wtf-csrf-token").dumps(raw)


def sign_in(client: Browser, user: Any, *, at: datetime | None = None) -> Browser:
    """Give ``client`` a session of ``user``, as signing in at ``at`` (now) would have."""
    from ipdesk.features.accounts import operations

    app = client.application
    at, token = at or app.extensions["ipdesk.clock"].now(), new_token()
    with app.app_context(), unit_of_work():
        operations.begin_session(at=at, user_id=user.id, token=token, via="test", address="127.0.0.1")
    with client.session_transaction() as session:
        session.update(
            _user_id=user.fs_uniquifier, _fresh=True, sign_in=token,
            seen_at=int(at.timestamp()), fs_paa=time.time())
    client.user = user
    return client
