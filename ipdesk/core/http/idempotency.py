"""What a form or an API call that was sent already led to."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ipdesk.core.db.core import db
from ipdesk.core.db.types import UtcDateTime


class FormSubmission(db.Model):
    """What a form that was sent already led to, so that sending it twice acts once.

    ``key`` is the digest of the form's own key, its address and what it said.
    """

    __tablename__ = "form_submissions"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_by: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    location: Mapped[str] = mapped_column(Text)
