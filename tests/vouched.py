"""What stands in the cases of a test must be what the log vouches for: a way of writing evidence without an act shows itself.

Tests that change evidence by hand carry the mark ``tampers``.
"""

from typing import Any

from ipdesk.core.db.core import db
from ipdesk.fsck import content_faults


def require_vouched(app: Any, request: Any) -> None:
    """Fail where a row of some case is not the one of the log; for the end of a test."""
    if request.node.get_closest_marker("tampers"):
        return
    with app.app_context():
        db.session.remove()
        found = list(content_faults())
        assert not found, found
        db.session.remove()
