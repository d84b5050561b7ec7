"""Reminders that concern the desk itself."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from ipdesk.core.audit.sealing import head_line
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.deadlines.wording import day_text, moment_text
from ipdesk.core.outbox.enqueue import Recipient, enqueue_letter
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.accounts.models import User
from ipdesk.features.complaints.designation import REMIND_BEFORE

_MESSAGE = "designation_lapses"


def remind_of_designation(now: datetime, expires_on: str) -> int:
    """Tell the administrators 90, 60 and 30 days before the designation of the agent lapses.

    ``expires_on`` is an ISO date, empty when none is set. Returns how many letters were written.
    """
    if not expires_on:
        return 0
    last = date.fromisoformat(expires_on)
    due = [last - timedelta(days=days) for days in REMIND_BEFORE if last - timedelta(days=days) <= now.date()]
    if not due or now.date() > last:
        return 0
    with unit_of_work():
        since = datetime.combine(max(due), time(), UTC)
        told = db.session.execute(select(Outbox.id).where(
            Outbox.message == _MESSAGE, Outbox.enqueued_at >= since).limit(1)).first()
        return 0 if told else sum(_write(user, last, now) for user in accounts.active_admins())


def _write(user: User, last: date, now: datetime) -> int:
    recipient = Recipient(role="staff", name=user.name, address=user.email, locale=user.locale,
                          inbox=("user", user.id), subject_id=f"user:{user.id}")
    enqueue_letter(message=_MESSAGE, recipient=recipient, at=now, context={
        "desk_name": rules.settings["desk_name"], "deadline": None, "audit_head": head_line(),
        "now": moment_text(now, rules.settings["zone"], user.locale),
        "case_url": f"{rules.settings['base_url']}/legal-contacts",
        "lapses_text": day_text(last, user.locale),
    })
    return 1
