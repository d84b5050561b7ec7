"""Who of the staff holds a case. The columns are every case's own; the names are people's."""

from typing import Any

from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.accounts import queries


def is_held_by_another(actor: Actor, row: Any) -> bool:
    """Whether somebody else holds the case now."""
    if row.assignee_id in (None, actor.user_id):
        return False
    return row.taken_until is None or row.taken_until > actor.at


def require_free(actor: Actor, row: Any) -> None:
    """Refuse (``taken_by_another``) a step in a case that somebody else holds."""
    if is_held_by_another(actor, row):
        raise Refusal("taken_by_another", name=queries.get_user(row.assignee_id).name)
