"""The worker's round: small frequent jobs, each leased in batches from its own table."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ipdesk.core.db.core import db
from ipdesk.core.kernel.clock import Clock

log = logging.getLogger(__name__)

# How long the worker rests when nothing was due.
IDLE_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """``run(now)`` does one batch and returns how much it did; zero means that nothing was due.

    ``every`` is the least distance between two rounds in which nothing was due.
    """

    name: str
    run: Callable[[datetime], int]
    every: timedelta = timedelta(seconds=1)


class Worker:
    """Runs jobs in turn until it is told to stop; one job's fault does not stop the others."""

    def __init__(self, jobs: Iterable[Job], clock: Clock) -> None:
        self.jobs = list(jobs)
        self.clock = clock
        self._next: dict[str, datetime] = {}
        self._stop = threading.Event()

    def stop(self) -> None:
        """Stop after the batch that is running."""
        self._stop.set()

    def round(self, *, all_jobs: bool = False) -> int:
        """One batch of every job that is due (or of all); returns how much was done."""
        done = 0
        for job in self.jobs:
            now = self.clock.now()
            resting = self._next.get(job.name, now) > now and not all_jobs
            if self._stop.is_set() or resting:
                continue
            count = self._run(job, now)
            done += count
            self._next[job.name] = now if count else now + job.every
        return done

    def _run(self, job: Job, now: datetime) -> int:
        try:
            return job.run(now)
        except Exception:
            # The job finds the same rows again in its next round.
            log.exception("job %s failed", job.name)
            return 0
        finally:
            db.session.remove()

    def forever(self) -> None:
        """Rounds until ``stop``; rests when nothing is due, so that web requests get the database."""
        while not self._stop.is_set():
            if not self.round():
                self._stop.wait(IDLE_SECONDS)

    def until_idle(self, most: int = 100_000) -> int:
        """Rounds until one does nothing; for commands and tests. Returns how much was done."""
        total = 0
        for _ in range(most):
            done = self.round(all_jobs=True)
            total += done
            if not done:
                return total
        raise RuntimeError("the worker never came to rest")
