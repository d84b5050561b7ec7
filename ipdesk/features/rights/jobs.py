"""Rights whose validity has ended."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import clock_actor
from ipdesk.features.rights.models import Right

_BATCH = 50


def expire_rights(now: datetime) -> int:
    """Mark rights as expired on the day after their last day of validity (desk's zone), and tell their owners."""
    today = now.astimezone(ZoneInfo(rules.settings["zone"])).date()
    with unit_of_work():
        ended = db.session.execute(
            select(Right.id).where(Right.valid_until < today, Right.state.in_(("submitted", "verified")))
            .order_by(Right.id).limit(_BATCH)).scalars().all()
        for number in ended:
            advance(actor=clock_actor(now), row=rules.kinds["right"].load(number), trigger="right_lapsed")
    return len(ended)
