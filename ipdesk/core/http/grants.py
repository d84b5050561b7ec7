"""The cases that one-time links opened in this browser, without an account.

They stand in the browser's session, ``[audience, case id, opened at]``, and end here: a copy of
the cookie is worth nothing a day later.
"""

from datetime import datetime, timedelta

from flask import session

LIFETIME = timedelta(hours=24)
_KEY = "links"
# So many cases one browser follows by links; the oldest is forgotten first.
_MOST = 20


def grant(audience: str, case_id: int, at: datetime) -> None:
    """Let this browser read the case as ``audience`` from now on."""
    others = [one for one in session.get(_KEY, ()) if one[:2] != [audience, case_id]]
    session[_KEY] = [*others, [audience, case_id, int(at.timestamp())]][-_MOST:]


def granted(at: datetime) -> frozenset[tuple[str, int]]:
    """What is open: ``(audience, case id)``."""
    return frozenset((audience, case_id) for audience, case_id, opened in session.get(_KEY, ())
                     if at.timestamp() - opened < LIFETIME.total_seconds())
