"""Asking for bundles, taking that back, handing them out. The caller's unit of work commits."""

from typing import Any

from ipdesk.core.audit.entries import append_entry
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.jobs import requests
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Forbidden, Refusal
from ipdesk.core.kernel.ids import new_reference
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.gateways.bundles import queries
from ipdesk.gateways.bundles.models import LANGUAGES, Bundle

JOB = "bundle"
DOWNLOADED = "bundle_downloaded"


def request_bundle(*, actor: Actor, row: Complaint | Notice, language: str) -> Bundle:
    """Ask for the bundle of a case. While the same one is on its way, that one is returned."""
    if not actor.is_staff:
        raise Forbidden(JOB)
    if language not in LANGUAGES:
        raise Refusal("bundle_language_unknown")
    if (there := queries.being_made(row.case.id, language)) is not None:
        return there
    reference = new_reference("B")
    job = requests.request(JOB, {"case_id": row.case.id}, actor)
    bundle = Bundle(reference=reference, case_id=row.case.id, job_id=job.id, language=language, requested_by=actor.user_id,
                    requested_at=actor.at)
    db.session.add(bundle)
    db.session.flush()
    return bundle


def cancel_bundle(*, actor: Actor, bundle: Bundle) -> Bundle:
    """Stop making a bundle; one that is finished stays."""
    if not actor.is_staff:
        raise Forbidden(JOB)
    requests.cancel(bundle.job, actor)
    return bundle


def note_download(*, actor: Actor, bundle: Bundle) -> None:
    """Write into the log of the case who was handed which file. Refuses what is not made."""
    if bundle.made_at is None:
        raise Refusal("bundle_not_made")
    case = queries.case_of_bundle(bundle)
    rules.kinds[case.kind].load(case.id)  # locks the case: its chain grows by one entry at a time
    append_entry(
        case_id=case.id, act=DOWNLOADED, at=actor.at, actor_roles=sorted(actor.roles), actor_id=actor.user_id,
        payload={"bundle_id": bundle.id, "sha256": bundle.sha256},
        personal={"actor_name": actor.name, "address": actor.address})


def keep_bundle(*, bundle: Bundle, at: Any, figures: dict[str, Any]) -> None:
    """Note that the file of a bundle is finished. ``figures``: pages, size, sha256, bundle_id."""
    bundle.made_at = at
    bundle.pages, bundle.size = figures["pages"], figures["size"]
    bundle.sha256, bundle.bundle_id = figures["sha256"], figures["bundle_id"]
    db.session.flush()
