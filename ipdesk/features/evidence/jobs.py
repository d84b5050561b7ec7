"""Housekeeping of uploads; run every few hours."""

from datetime import timedelta

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.features.evidence import intake, operations

_BATCH = 500


def sweep_uploads(actor: Actor) -> int:
    """Drop uploads that nobody took up again, and what killed processes left; returns how many.

    The rows go first: a piece without a row is dropped by nobody else and does no harm.
    """
    store = intake.current().store
    dropped = store.drop_stale_arrivals(actor.at - timedelta(hours=1))
    while True:
        with unit_of_work():
            references = operations.drop_expired_uploads(actor=actor, most=_BATCH)
        for reference in references:
            store.drop_parts(reference)
        dropped += len(references)
        if len(references) < _BATCH:
            return dropped
