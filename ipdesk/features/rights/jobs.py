"""Rights whose validity has ended."""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import clock_actor
from ipdesk.features.rights.models import Right

log = logging.getLogger(__name__)

_BATCH = 50


def expire_rights(now: datetime) -> int:
    """Mark rights as expired on the day after their last day of validity (desk's zone), and tell their owners."""
    today = now.astimezone(ZoneInfo(rules.settings["zone"])).date()
    with unit_of_work():
        ended = db.session.execute(
            select(Right.id).where(Right.valid_until < today, Right.state.in_(("submitted", "verified")))
            .order_by(Right.id).limit(_BATCH)).scalars().all()
        return sum(_expire(number, now) for number in ended)


def _expire(number: int, now: datetime) -> int:
    """One right in a savepoint of its own: a fault with it keeps no other one back."""
    try:
        with db.session.begin_nested():
            advance(actor=clock_actor(now), row=rules.kinds["right"].load(number), trigger="right_lapsed")
    except Exception:
        log.exception("right %s could not be marked as expired", number)
        return 0
    return 1
