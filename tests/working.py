"""The worker of a desk under test: as in the demo, its outbox folder stands for the readers of its letters."""

from dataclasses import replace
from typing import Any

from ipdesk.core.jobs.loop import Worker
from ipdesk.worker import jobs


def worker_of(settings: Any, clock: Any) -> Worker:
    return Worker(jobs(replace(settings, demo=True), clock), clock)
