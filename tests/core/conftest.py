"""The desk of the journeys, for tests of the core that need whole cases."""

import pytest

from tests import make
from tests.journeys.conftest import desk as plain_desk  # noqa: F401 - a fixture


@pytest.fixture
def desk(plain_desk):  # noqa: F811
    """The desk with a reviewer, an administrator, an auditor and outsiders as well."""
    for role in ("reviewer", "admin", "auditor"):
        plain_desk.people[role] = make.user(role=role)
    plain_desk.people["other_owner"] = make.user(role="rights_holder")
    return plain_desk
