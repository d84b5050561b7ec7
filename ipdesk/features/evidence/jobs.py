"""Housekeeping of uploads, run every few hours; and the pictures of captured listings, fetched as they are asked for."""

from datetime import datetime, timedelta

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor, clock_actor
from ipdesk.core.kernel.clock import Clock
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.catalogue import operations as catalogue
from ipdesk.features.catalogue import queries as catalogue_queries
from ipdesk.features.catalogue.pictures import NotFetched, PictureSource
from ipdesk.features.evidence import allowance, intake, operations, queries

_BATCH = 500
# A batch of fetches ends here, so that a slow host does not keep the worker from what else is due.
BATCH_TIME = timedelta(seconds=10)


def sweep_uploads(actor: Actor) -> int:
    """Drop uploads that nobody took up again, files of guests that nobody filed, bytes that nobody names, and
    what killed processes left; returns how many.

    The rows go first: a piece without a row is dropped by nobody else and does no harm.
    """
    store = intake.current().store
    old = actor.at - timedelta(hours=intake.current().rules.hours_to_resume)
    dropped = store.drop_stale_arrivals(actor.at - timedelta(hours=1))
    with unit_of_work():
        allowance.forget_pieces(actor.at)
        dropped += operations.drop_guests_drafts(before=old)
    dropped += sum(_drop_bytes(sha256, old) for sha256 in queries.unused_blobs(old, _BATCH))
    while True:
        with unit_of_work():
            references = operations.drop_expired_uploads(actor=actor, most=_BATCH)
        for reference in references:
            store.drop_parts(reference)
        dropped += len(references)
        if len(references) < _BATCH:
            return dropped


def look_again(at: datetime) -> int:
    """Make the preview of one file that came in when every preview process was at work; returns how many."""
    blob = queries.not_looked_at(at - timedelta(days=1))
    if blob is None:
        return 0
    sha256, media_type = blob.sha256, blob.media_type
    db.session.rollback()  # no transaction is open while a heavy file is looked at
    facts = intake.current().look_again(sha256, media_type)
    with unit_of_work():
        operations.note_facts(sha256=sha256, facts=facts)
    return int(facts.get("cannot_show") != "busy")


def _drop_bytes(sha256: str, before: datetime) -> int:
    """Row and file in one transaction: who hands the same bytes in meanwhile finds both or neither."""
    with unit_of_work():
        if not operations.drop_blob(sha256=sha256, before=before):
            return 0
        intake.current().store.drop(sha256)
    return 1


def fetch_pictures(clock: Clock, source: PictureSource, limit: int = 20) -> int:
    """Fetch up to ``limit`` due pictures of captured listings; returns how many got an answer.

    Nothing is fetched inside a transaction. What is not reached within ``BATCH_TIME`` is taken again when its lease is over.
    """
    began = clock.now()
    if not catalogue_queries.is_picture_due(began):
        return 0
    with unit_of_work():
        leased = catalogue.lease_pictures(now=began, limit=limit)
    done = 0
    for capture_id, position, address, token in leased:
        if clock.now() > began + BATCH_TIME:
            break
        found = source.fetch(address)
        kept = found if isinstance(found, NotFetched) else _kept(found)
        with unit_of_work():
            now = clock.now()
            if not isinstance(kept, NotFetched):
                kept = operations.keep_blob(actor=clock_actor(now), file=kept).sha256
            done += catalogue.record_picture(
                now=now, capture_id=capture_id, position=position, lease_token=token, found=kept)
    return done


def _kept(content: bytes) -> intake.CheckedFile | NotFetched:
    """The picture in the evidence store, judged by its content alone: what its sender calls it counts for nothing."""
    try:
        return intake.current().take_picture([content])
    except Refusal as refusal:
        return NotFetched("too_large" if refusal.code == "file_too_large" else "not_a_picture", refusal.code)
