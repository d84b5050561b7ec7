"""The lockout counter: so many tries for one address and from one place, then a pause.

The counter stands in the database, so it holds for all processes and restarts. It counts
tries for an address whether or not it has an account, so it tells nobody which ones exist.
A browser that signed in before carries a device mark and has a count of its own: a stranger
who tries a victim's address does not lock the victim out.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from ipdesk.core.db.core import db
from ipdesk.features.accounts.models import SignInTry, mailbox

TRIES = 10
WINDOW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try under way, counted until it is known to have succeeded."""

    person: str
    place: str
    rows: tuple[int, ...]


def begin_try(
    *, at: datetime, secret: str, email: str, address: str, device: str = "",
) -> Attempt | None:
    """Count a try; ``None`` when the address or the place has none left in the window.

    The try is counted before the password is looked at, so that many at once get no more.
    """
    person = _key(secret, "person", f"{mailbox(email)} {device}")
    place = _key(secret, "place", address)
    db.session.execute(delete(SignInTry).where(SignInTry.tried_at <= at - WINDOW))
    if any(_count(key) >= TRIES for key in (person, place)):
        return None
    rows = [SignInTry(key=key, tried_at=at) for key in (person, place)]
    db.session.add_all(rows)
    db.session.flush()
    return Attempt(person, place, tuple(row.id for row in rows))


def forget_try(attempt: Attempt) -> None:
    """The try succeeded: it does not count, and the person starts again at nought."""
    db.session.execute(delete(SignInTry).where(
        SignInTry.id.in_(attempt.rows) | (SignInTry.key == attempt.person)))


def _count(key: str) -> int:
    return db.session.execute(
        select(func.count()).select_from(SignInTry).where(SignInTry.key == key)).scalar_one()


def _key(secret: str, kind: str, value: str) -> str:
    return hmac.new(secret.encode(), f"{kind} {value}".encode(), hashlib.sha256).hexdigest()
