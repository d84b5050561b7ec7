"""What a form or an API call that was sent already led to."""

from datetime import datetime, timedelta

from sqlalchemy import String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.db.core import db
from ipdesk.core.db.types import UtcDateTime
from ipdesk.core.db.unit_of_work import unit_of_work

# A form is repeated by a double click, a bad line or a tab that was left open: none takes longer.
KEPT = timedelta(days=30)
_BATCH = 1000


class FormSubmission(db.Model):
    """What a form that was sent already led to, so that sending it twice acts once.

    ``key`` is the digest of the form's own key, its address and what it said. ``sent_by`` is
    the account or a guest's browser.
    """

    __tablename__ = "form_submissions"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_by: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    location: Mapped[str] = mapped_column(Text)


def forget_forms(now: datetime) -> int:
    """Drop a batch of what was sent more than ``KEPT`` ago; returns how many."""
    old = select(FormSubmission.key).where(FormSubmission.sent_at < now - KEPT).limit(_BATCH)
    with unit_of_work():
        keys = db.session.scalars(old).all()
        db.session.execute(delete(FormSubmission).where(FormSubmission.key.in_(keys)))
    return len(keys)
