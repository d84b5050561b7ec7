"""Sending what the outbox holds: lease, send outside the transaction, keep the proof.

A crash between the other side's yes and our commit sends the letter once more, under the
same Message-ID: that one duplicate cannot be avoided with plain SMTP, losing a letter can.
What a delivery sets off is a step of its own, so that a fault there never sends anything
twice and is picked up by the next round.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import aliased

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.clock import Clock
from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.outbox.models import Outbox
from ipdesk.core.outbox.senders import Outcome, Parcel, Sender

log = logging.getLogger(__name__)

# Pauses after each failed attempt: quick for a hiccup, then for four days and a half, so
# that a relay that is down over a long weekend loses nothing. After the last: failed.
PAUSES = tuple(timedelta(minutes=m) for m in (
    1, 5, 15, 60, 180, 360, 720, 1440, 1440, 1440, 1440,
))
# Longer than any batch may take: BATCH_TIME and the last letter's conversation.
LEASE = timedelta(minutes=10)
# A batch ends here, so that a relay that hangs does not keep the worker from what else is due.
BATCH_TIME = timedelta(seconds=10)
SETTLE_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the fate of a letter sets off. Each runs inside its own unit of work with the
    row loaded; it reads the row's trigger names and ids and must not commit. A ``Refusal``
    means "no longer possible" and settles the letter; any other error is tried again."""

    on_delivered: Callable[[Outbox], None]
    on_failed: Callable[[Outbox], None]


def deliver_due(
    clock: Clock, senders: Mapping[str, Sender], limit: int = 50,
    callbacks: Callbacks | None = None,
) -> int:
    """Send up to ``limit`` due letters through ``senders`` (channel → sender).

    Returns how many letters got an outcome (accepted, postponed or failed), plus how many
    consequences were carried out; zero means that nothing is due now. Letters of one case
    to one address leave in the order of their writing: a later one waits for an earlier.
    Needs an application context; opens its own units of work.
    """
    done = _settle_due(clock, callbacks, limit) if callbacks else 0
    parcels = _lease(clock.now(), senders.keys(), limit)
    stop_at = clock.now() + BATCH_TIME
    sent: set[tuple[int, int]] = set()
    try:
        for parcel in parcels:
            if clock.now() >= stop_at:
                break
            outcome = _send(senders[parcel.channel], parcel, clock.now())
            _record(parcel, outcome, clock.now())
            sent.add((parcel.month, parcel.id))
    finally:
        for sender in senders.values():
            sender.close()
        _give_back([p for p in parcels if (p.month, p.id) not in sent])
    return done + len(sent) + (_settle_due(clock, callbacks, limit) if callbacks else 0)


def _due(now: datetime, channels: Iterable[str], limit: int) -> Any:
    earlier = aliased(Outbox)
    blocked = select(earlier.id).where(
        earlier.case_id == Outbox.case_id,
        earlier.channel == Outbox.channel,
        earlier.to_address == Outbox.to_address,
        earlier.accepted_at.is_(None),
        earlier.failed_at.is_(None),
        or_(
            earlier.month < Outbox.month,
            and_(earlier.month == Outbox.month, earlier.id < Outbox.id),
        ),
    ).exists()
    return (
        select(Outbox)
        .where(
            Outbox.accepted_at.is_(None),
            Outbox.failed_at.is_(None),
            Outbox.next_attempt_at <= now,
            or_(Outbox.lease_until.is_(None), Outbox.lease_until <= now),
            Outbox.channel.in_(sorted(channels)),
            ~blocked,
        )
        .order_by(Outbox.next_attempt_at, Outbox.month, Outbox.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Outbox)
    )


def _lease(now: datetime, channels: Iterable[str], limit: int) -> list[Parcel]:
    with unit_of_work():
        rows = db.session.execute(_due(now, channels, limit)).scalars().all()
        for row in rows:
            row.lease_token += 1
            row.attempts += 1
            row.lease_until = now + LEASE
        return [_parcel(row) for row in rows]


def _parcel(row: Outbox) -> Parcel:
    return Parcel(
        month=row.month, id=row.id, lease_token=row.lease_token, attempts=row.attempts,
        channel=row.channel, message=row.message, to_address=row.to_address,
        thread_key=row.thread_key, subject=row.subject, body_text=row.body_text,
        body_html=row.body_html, mail_key=row.mail_key, enqueued_at=row.enqueued_at,
        on_delivered=row.on_delivered, on_failed=row.on_failed,
    )


def _send(sender: Sender, parcel: Parcel, at: datetime) -> Outcome:
    try:
        return sender.send(parcel, at)
    except Exception as error:  # a fault of ours: the letter waits, the others go on
        log.error("outbox %s-%s not sent: %s", parcel.month, parcel.id, _fault(error))
        return Outcome("try_again", {"error": type(error).__name__})


def _fault(error: Exception) -> str:
    """Kind and place of ``error``; never its text, which may hold an address or a letter."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {place.filename}:{place.lineno}"


def _record(parcel: Parcel, outcome: Outcome, now: datetime) -> None:
    """Keep the outcome, unless another worker has leased the row since (fencing)."""
    proof = {**outcome.proof, "attempt": parcel.attempts, "at": now.isoformat()}
    facts: dict[str, Any] = {"proof": proof, "lease_until": None}
    if outcome.verdict == "accepted":
        facts["accepted_at"] = now
        facts["settled_at"] = None if parcel.on_delivered else now
    elif outcome.verdict == "refused" or parcel.attempts > len(PAUSES):
        facts["failed_at"] = now
        facts["settled_at"] = None  # whether anybody has to know of it, the callback decides
    else:
        facts["next_attempt_at"] = now + PAUSES[parcel.attempts - 1]
    with unit_of_work():
        kept = db.session.execute(
            _if_still_ours(parcel).values(**facts).returning(Outbox.id)
        ).first()
    if kept is None:
        log.warning("outbox %s-%s was taken over meanwhile", parcel.month, parcel.id)


def _give_back(parcels: list[Parcel]) -> None:
    if not parcels:
        return
    with unit_of_work():
        for parcel in parcels:
            db.session.execute(_if_still_ours(parcel).values(
                lease_until=None, attempts=parcel.attempts - 1,
            ))


def _if_still_ours(parcel: Parcel) -> Any:
    return update(Outbox).where(
        Outbox.month == parcel.month, Outbox.id == parcel.id,
        Outbox.lease_token == parcel.lease_token, Outbox.accepted_at.is_(None),
    )


def _settle_due(clock: Clock, callbacks: Callbacks, limit: int) -> int:
    """Carry out what delivered and failed letters set off, each in its own transaction."""
    with unit_of_work():
        keys = db.session.execute(
            select(Outbox.month, Outbox.id)
            .where(
                Outbox.settled_at.is_(None),
                or_(Outbox.accepted_at.is_not(None), Outbox.failed_at.is_not(None)),
                Outbox.next_attempt_at <= clock.now(),
            )
            .order_by(Outbox.next_attempt_at, Outbox.month, Outbox.id)
            .limit(limit)
        ).all()
    return sum(_settle(month, number, clock, callbacks) for month, number in keys)


def _settle(month: int, number: int, clock: Clock, callbacks: Callbacks) -> int:
    key = (month, number)
    try:
        with unit_of_work():
            row = db.session.get(Outbox, key, with_for_update=True)
            if row is None or row.settled_at is not None:
                return 0
            (callbacks.on_delivered if row.failed_at is None else callbacks.on_failed)(row)
            row.settled_at = clock.now()
    except Refusal as refusal:
        log.info("outbox %s-%s: its consequence is no longer possible: %s", month, number, refusal.code)
        _settle_without(key, clock.now())
    except Exception as error:  # the fault may pass; the others must not wait for it
        log.error("outbox %s-%s: consequence failed: %s", month, number, _fault(error))
        _postpone(key, clock.now() + SETTLE_PAUSE)
        return 0
    return 1


def _settle_without(key: tuple[int, int], now: datetime) -> None:
    with unit_of_work():
        db.session.get_one(Outbox, key).settled_at = now


def _postpone(key: tuple[int, int], until: datetime) -> None:
    with unit_of_work():
        db.session.get_one(Outbox, key).next_attempt_at = until
