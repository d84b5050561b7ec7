"""Letters about accounts. They belong to no case; their links are secrets."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from babel import Locale
from babel.dates import format_timedelta

from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.outbox.enqueue import Recipient, enqueue_letter
from ipdesk.core.outbox.render import best_locale

# Letters of this class hold links that let their reader in: pages never show their text to
# anybody else, and retention removes them first.
SECRET_LETTERS = "account_secret"  # noqa: S105 - a retention class
_UNITS: tuple[tuple[Literal["day", "hour"], timedelta], ...] = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)))


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: the desk's name, the address its links start with, its IANA zone."""

    desk_name: str
    base_url: str
    zone: str

    def link(self, path: str) -> str:
        """``path`` on this desk as a full address; never taken from a request's Host header."""
        return self.base_url.rstrip("/") + path

    def invitation_link(self, token: str) -> str:
        return self.link(f"/invitations/{token}")


@dataclass(frozen=True, slots=True)
class Addressee:
    """The person a letter goes to."""

    email: str
    name: str = ""
    locale: str = "en"
    role: str = "rights_holder"
    user_id: int | None = None


def send_account_mail(
    kind: str, to: Addressee, *, letterhead: Letterhead, link: str, at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Put the letter ``kind`` (a folder of ``templates/mail``) into the outbox.

    Part of the caller's unit of work. ``facts`` are what the letter's ``context.yaml`` names
    under ``own``.
    """
    context = {
        "desk_name": letterhead.desk_name, "case_url": link, "deadline": None, "audit_head": "",
        "now": moment_text(at, letterhead.zone, best_locale(to.locale)), **(facts or {}),
    }
    enqueue_letter(
        message=kind, at=at, context=context, retention_class=SECRET_LETTERS,
        recipient=Recipient(
            role=to.role, name=to.name, address=to.email, locale=to.locale,
            subject_id=f"user:{to.user_id}" if to.user_id else "",
        ),
    )


def in_words(span: timedelta, locale: str) -> str:
    """``span`` in the reader's language ("30 days", "1 hour").

    Never in weeks or months: "4 weeks" is not what a link of thirty days is good for.
    """
    unit = next((unit for unit, size in _UNITS if span >= size), "minute")
    return format_timedelta(span, granularity=unit, threshold=sys.maxsize, locale=Locale.parse(best_locale(locale)))
