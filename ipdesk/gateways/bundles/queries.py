"""Reads of bundles: staff only, because a bundle shows what only staff may read together."""

from pathlib import Path

from sqlalchemy import select

from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.http.installation import settings
from ipdesk.core.jobs.models import OPEN, JobRequest
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.accounts.models import User
from ipdesk.gateways.bundles.models import Bundle

_MOST_SHOWN = 50


def bundle(actor: Actor, reference: str) -> Bundle:
    """The bundle, or `NotVisible`."""
    row = db.session.scalar(select(Bundle).where(Bundle.reference == reference)) if actor.reads_as_staff else None
    if row is None:
        raise NotVisible
    return row


def bundles_of(actor: Actor, case_id: int) -> list[tuple[Bundle, str]]:
    """The bundles of a case with the names of who asked for them, newest first."""
    if not actor.reads_as_staff:
        raise NotVisible
    found = db.session.execute(
        select(Bundle, User.name).join(User, User.id == Bundle.requested_by).where(Bundle.case_id == case_id)
        .order_by(Bundle.id.desc()).limit(_MOST_SHOWN))
    return [(row, name) for row, name in found]


def being_made(case_id: int, language: str) -> Bundle | None:
    """A bundle of this case in this language that is on its way."""
    return db.session.scalar(
        select(Bundle).join(JobRequest, JobRequest.id == Bundle.job_id)
        .where(Bundle.case_id == case_id, Bundle.language == language, JobRequest.status.in_(OPEN),
               JobRequest.cancel_asked.is_(False)).limit(1))


def case_of_bundle(row: Bundle) -> Case:
    return db.session.get_one(Case, row.case_id)


def folder() -> Path:
    """Where the bundles of this installation lie."""
    place: Path = settings().instance / "bundles"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def file_of(row: Bundle) -> Path:
    """The finished file of a bundle."""
    return folder() / f"{row.reference}.pdf"
