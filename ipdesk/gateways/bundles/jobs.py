"""Making a bundle in the worker: printed in a folder of its own, then put in its place in one step."""

import logging
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.installation import clock
from ipdesk.core.jobs import kinds
from ipdesk.core.jobs.kinds import JobFailed, Task
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.kernel.text import N_
from ipdesk.features.accounts.queries import get_user
from ipdesk.gateways.bundles import operations, queries
from ipdesk.gateways.bundles.contents import BundleContents
from ipdesk.gateways.bundles.fonts import FontsMissing
from ipdesk.gateways.bundles.gather import case_of, contents_of_case
from ipdesk.gateways.bundles.models import Bundle
from ipdesk.gateways.bundles.record import put_in_place, record_beside, record_of
from ipdesk.gateways.bundles.render import BundleFailed, render

log = logging.getLogger(__name__)

NO_LONGER_STAFF = N_("Whoever asked for this bundle may no longer read the case.")
NO_ROOM = N_("There is no room left on the disk of the desk. Tell the operator.")
FONTS_ABSENT = N_("The fonts of bundles are not installed. Tell the operator.")


def register() -> None:
    """Tell the worker how bundles are made."""
    kinds.register(operations.JOB, (("print", print_bundle), ("keep", keep)), given_up=drop)


def print_bundle(task: Task) -> dict[str, Any]:
    """Gather and print. What an earlier try left is removed first; the file is not the bundle yet."""
    contents, reference = _gathered(task)
    _drop_workplaces(reference)
    place = queries.folder() / f".{reference}-{task.token}"
    place.mkdir(mode=0o700)
    file = place / "bundle.pdf"
    try:
        report = render(contents, file, task.progress)
    except FontsMissing as error:
        raise JobFailed(FONTS_ABSENT) from error
    except BundleFailed as error:
        raise JobFailed(kinds.SOMETHING_WENT_WRONG) from error
    except OSError as error:
        log.exception("bundle %s could not be printed", reference)
        raise JobFailed(NO_ROOM if error.errno in (28, 122) else kinds.SOMETHING_WENT_WRONG) from error
    record_beside(file).write_bytes(record_of(contents, report, rules.settings["log_signer"]))
    return {"file": str(file), "pages": report.pages, "size": file.stat().st_size, "sha256": report.sha256,
            "bundle_id": report.bundle_id, "exhibits": len(report.exhibits)}


def _gathered(task: Task) -> tuple[BundleContents, str]:
    """The contents as who asked for them may see the case now, and the bundle's reference."""
    bundle = _bundle(task)
    user = get_user(bundle.requested_by)
    actor = Actor(at=clock().now(), roles=frozenset(user.role_names) if user.active else frozenset(), user_id=user.id, name=user.name)
    try:
        if not actor.reads_as_staff:
            raise NotVisible
        case = db.session.get_one(Case, bundle.case_id)
        contents = contents_of_case(actor, case_of(actor, case.reference), language=bundle.language)
    except NotVisible as error:
        raise JobFailed(NO_LONGER_STAFF) from error
    reference = bundle.reference
    db.session.rollback()  # nothing is held open while pages are laid out
    return contents, reference


def keep(task: Task) -> dict[str, Any]:
    """Put the printed file in its place and say so in one transaction; done twice it changes nothing."""
    figures = task.results["print"]
    printed = Path(figures["file"])
    with unit_of_work():
        task.require_lease()
        bundle = _bundle(task)
        target = queries.file_of(bundle)
        if not printed.exists() and not target.exists():
            raise JobFailed(kinds.SOMETHING_WENT_WRONG)
        put_in_place(printed, target)
        operations.keep_bundle(bundle=bundle, at=clock().now(), figures=figures)
        reference = bundle.reference
    _drop_workplaces(reference)
    return {name: figures[name] for name in ("pages", "size", "sha256", "exhibits")}


def drop(task: Task) -> None:
    """Remove what a bundle that was given up has left."""
    _drop_workplaces(_bundle(task).reference)


def _bundle(task: Task) -> Bundle:
    return db.session.scalars(select(Bundle).where(Bundle.job_id == task.id)).one()


def _drop_workplaces(reference: str) -> None:
    for left in queries.folder().glob(f".{reference}-*"):
        shutil.rmtree(left, ignore_errors=True)
