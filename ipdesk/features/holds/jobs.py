"""Telling the marketplace what is due, from the worker."""

import logging
from collections import Counter
from datetime import datetime, timedelta

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.clock import Clock
from ipdesk.features.catalogue.connector import Change, Connector, Retry
from ipdesk.features.holds import operations, queries

_log = logging.getLogger(__name__)


# A batch ends here, so that a slow marketplace does not keep the worker from what else is due.
BATCH_TIME = timedelta(seconds=10)


def carry_out_due(
    clock: Clock, connector: Connector, limit: int = 100, *, alarm_after: timedelta = queries.ALARM_AFTER,
) -> Counter[str]:
    """Tell up to ``limit`` due instructions; how many were confirmed, accepted, retry, superseded, lost, alarm.

    Nothing is told inside a transaction, so that a slow marketplace keeps nobody waiting. Each
    outcome is recorded in a transaction of its own; a worker that dies leaves leases that run
    out and are taken again (the marketplace knows a repetition by its id). What is not told within
    ``BATCH_TIME`` is left to the next batch.
    """
    began = clock.now()
    with unit_of_work():
        leased = operations.lease_due(now=began, limit=limit)
    counts: Counter[str] = Counter()
    while leased and clock.now() < began + BATCH_TIME:
        change, token = leased.pop(0)
        counts[_tell(clock, connector, change, token)] += 1
    if leased:
        with unit_of_work():
            operations.give_back(leased)
    counts["alarm"] = _alarm(clock.now(), alarm_after)
    return +counts


def _tell(clock: Clock, connector: Connector, change: Change, token: int) -> str:
    outcome = connector.apply(change, clock.now())
    try:
        with unit_of_work():
            return operations.record_outcome(
                now=clock.now(), instruction_id=change.instruction_id, lease_token=token, outcome=outcome)
    except Exception as error:
        # Keep the reason and go on with the next one.
        _log.exception("instruction %s was carried out but could not be recorded", change.instruction_id)
        with unit_of_work():
            return operations.record_outcome(
                now=clock.now(), instruction_id=change.instruction_id, lease_token=token,
                outcome=Retry(f"not recorded: {type(error).__name__}: {error}"[:500]))


def _alarm(now: datetime, after: timedelta) -> int:
    if not any(found.alarmed_at is None for found in queries.stuck(now, after)):
        return 0
    with unit_of_work():
        new = operations.raise_alarms(now=now, after=after)
        for instruction in new:
            _log.error("instruction %s is not confirmed since %s: %s", instruction.id,
                       instruction.created_at.isoformat(), instruction.last_error or "no answer")
    return len(new)
