"""The lockout counter: so many tries for one e-mail address and from one place, then a pause.

The counter stands in the database, so it holds for all processes and restarts. It counts
tries for an address whether or not it has an account, so it tells nobody which ones exist.
A browser that signed in before carries a device mark and has a count of its own: a stranger
who tries a victim's address does not lock the victim out. The count of a place stops those who
try one password at many addresses; a whole office may sit at one place, so it is larger, and
nobody who is known meets it.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import delete, func, select

from ipdesk.core.db.core import db
from ipdesk.features.accounts.models import SignInTry, mailbox

TRIES = 10
TRIES_OF_A_PLACE = 200
WINDOW = timedelta(minutes=5)
# Anybody can have letters about an account sent to anybody: so many an hour reach one mailbox.
LETTERS = 5
LETTERS_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try under way, counted until it is known to have succeeded."""

    person: str
    rows: tuple[int, ...]


def place_of(address: str) -> str:
    """The network that an address stands for: of IPv6 one customer has at least 64 bits."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4 or found.ipv4_mapped:
        return address
    return str(ip_network((found, 64), strict=False))


def begin_try(
    *, at: datetime, secret: str, email: str, address: str = "", device: str = "",
) -> Attempt | None:
    """Count a try; ``None`` when the person or the place has none left in the window.

    ``address`` is left out for who is known already: by a device mark, a session or the password.
    The try is counted before the secret is looked at, so that many at once get no more.
    """
    person = _key(secret, "person", f"{mailbox(email)} {device}")
    most = {person: TRIES}
    if address:
        most[_key(secret, "place", place_of(address))] = TRIES_OF_A_PLACE
    db.session.execute(delete(SignInTry).where(SignInTry.tried_at <= at - LETTERS_WINDOW))
    if any(_count(key, at - WINDOW) >= tries for key, tries in most.items()):
        return None
    rows = [SignInTry(key=key, tried_at=at) for key in most]
    db.session.add_all(rows)
    db.session.flush()
    return Attempt(person, tuple(row.id for row in rows))


def forget_try(attempt: Attempt, *, entered: bool) -> None:
    """The try succeeded and does not count; who ``entered`` by it starts again at nought.

    A right password that a code must follow is no entry: it would give the code ever new tries.
    """
    forgotten = SignInTry.id.in_(attempt.rows)
    if entered:
        forgotten |= SignInTry.key == attempt.person
    db.session.execute(delete(SignInTry).where(forgotten))


def may_write_to(email: str, *, at: datetime, secret: str) -> bool:
    """Count a letter that somebody unknown asked for; false when this mailbox had enough of them."""
    key = _key(secret, "letter", mailbox(email))
    if _count(key, at - LETTERS_WINDOW) >= LETTERS:
        return False
    db.session.add(SignInTry(key=key, tried_at=at))
    return True


def _count(key: str, since: datetime) -> int:
    return db.session.execute(
        select(func.count()).select_from(SignInTry)
        .where(SignInTry.key == key, SignInTry.tried_at > since)).scalar_one()


def _key(secret: str, kind: str, value: str) -> str:
    return hmac.new(secret.encode(), f"{kind} {value}".encode(), hashlib.sha256).hexdigest()
