"""Asking for long work, and taking that back. The caller's unit of work commits."""

from collections.abc import Mapping
from typing import Any

from ipdesk.core.db.core import db
from ipdesk.core.jobs.models import CANCELLED, RUNNING, WAITING, JobRequest
from ipdesk.core.kernel.actors import Actor


def request(kind: str, args: Mapping[str, Any], actor: Actor) -> JobRequest:
    """A request for work, in the open unit of work. ``args`` are ids only (``ValueError``)."""
    if not all(isinstance(value, int) for value in args.values()):
        raise ValueError("the arguments of a job are ids")
    row = JobRequest(kind=kind, args=dict(args), requested_by=actor.user_id, requested_at=actor.at, status=WAITING)
    db.session.add(row)
    db.session.flush()
    return row


def cancel(job: JobRequest, actor: Actor) -> None:
    """What waits ends at once, what runs at its next sign of life; what is finished stays as it is."""
    if job.status == WAITING:
        job.status, job.finished_at = CANCELLED, actor.at
    elif job.status == RUNNING:
        job.cancel_asked = True
    db.session.flush()
