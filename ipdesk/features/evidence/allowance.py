"""How much one sender may hand in within a day: an account, or the guests of one network.

Counted in the database as it arrives, so that it holds for all processes and for those who
throw their cookies away.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.evidence.models import UploadPiece
from ipdesk.features.evidence.sniff import UploadRules
from ipdesk.features.evidence.texts import in_words

_DAY = timedelta(days=1)


def require_room(*, actor: Actor, sender: str, size: int, rules: UploadRules) -> None:
    """Refuse (``day_is_full``) what is more than ``sender`` may hand in; ``size`` bytes are to come."""
    pieces, sent = db.session.execute(
        select(func.count(), func.coalesce(func.sum(UploadPiece.size), 0))
        .where(UploadPiece.sender == sender, UploadPiece.arrived_at > actor.at - _DAY)).one()
    is_guest = actor.user_id is None
    most = rules.guest_bytes_per_day if is_guest else rules.bytes_per_day
    if sent + size > most or (is_guest and pieces >= rules.guest_pieces_per_day):
        raise Refusal("day_is_full", limit=in_words(most))


def note_piece(*, actor: Actor, sender: str, size: int) -> None:
    """Count what has come in."""
    db.session.add(UploadPiece(sender=sender, size=size, arrived_at=actor.at))


def forget_pieces(at: datetime) -> None:
    """Drop what no day counts any more."""
    db.session.execute(delete(UploadPiece).where(UploadPiece.arrived_at <= at - _DAY))
