"""The desk of the journeys, for tests of the core that need whole cases."""

from typing import Any

import pytest

from ipdesk.core.db.core import db
from tests import make
from tests.journeys.conftest import desk as plain_desk  # noqa: F401 - a fixture


def detached(row: Any) -> Any:
    """The row for use after its session."""
    db.session.refresh(row)
    db.session.expunge(row)
    return row


@pytest.fixture
def desk(plain_desk):  # noqa: F811
    """The desk with a reviewer, an administrator, an auditor and an outsider as well."""
    for role in ("reviewer", "admin", "auditor"):
        plain_desk.people[role] = detached(make.user(role=role))
    plain_desk.people["other_owner"] = detached(make.user(role="rights_holder"))
    return plain_desk
