"""Who may see which exhibit. Every read of exhibits starts from `visible_to`."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, and_, exists, func, or_, select

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.features.accounts.queries import claimed_stores
from ipdesk.features.catalogue.models import Capture, CapturePicture, Listing
from ipdesk.features.evidence.models import (
    Blob,
    Exhibit,
    ExhibitClaim,
    ExhibitDisclosure,
    Upload,
)


def _own_side(actor: Actor, key_hash: str | None):  # type: ignore[no-untyped-def]
    """Exhibits of the actor's organisation or stores; a person's own only while no side owns it.

    So someone who leaves an organisation or a store loses its exhibits, uploaded by them or not.
    """
    sides = []
    if actor.organisation_id is not None:
        sides.append(Exhibit.owner_organisation_id == actor.organisation_id)
    if actor.store_ids:
        sides.append(Exhibit.owner_store_id.in_(actor.store_ids))
    private = []
    if actor.user_id is not None:
        private.append(Exhibit.owner_user_id == actor.user_id)
    if key_hash:
        private.append(Exhibit.owner_key_hash == key_hash)
    if linked := actor.linked("guest"):  # its notice was filed in another browser, perhaps
        sides.append(and_(Exhibit.case_id.in_(sorted(linked)), Exhibit.filed_at.is_not(None),
                          Exhibit.owner_organisation_id.is_(None), Exhibit.owner_store_id.is_(None),
                          Exhibit.owner_user_id.is_(None)))
    if private:
        sides.append(and_(Exhibit.owner_organisation_id.is_(None),
                          Exhibit.owner_store_id.is_(None), or_(*private)))
    return sides


def side_of_guest(notice_id: int) -> str:
    """The ``key_hash`` under which whoever follows this notice by a link has been shown something."""
    return f"notice:{notice_id}"


def _disclosed(actor: Actor, key_hash: str | None):  # type: ignore[no-untyped-def]
    """Shared and filed exhibits of the other side that this actor's side has been shown."""
    to_whom = []
    if actor.organisation_id is not None:
        to_whom.append(ExhibitDisclosure.organisation_id == actor.organisation_id)
    if actor.store_ids:
        to_whom.append(ExhibitDisclosure.store_id.in_(actor.store_ids))
    if linked := actor.linked("seller"):  # a one-time link reads for the store, in this case only
        to_whom.append(and_(ExhibitDisclosure.store_id.not_in(claimed_stores()),
                            ExhibitDisclosure.case_id.in_(sorted(linked))))
    if linked := actor.linked("guest"):  # and the notifier without account, in its own notice only
        to_whom.append(ExhibitDisclosure.key_hash.in_([side_of_guest(number) for number in sorted(linked)]))
    if key_hash:
        to_whom.append(ExhibitDisclosure.key_hash == key_hash)
    if not to_whom:
        return []
    return [and_(Exhibit.visibility == "share", Exhibit.filed_at.is_not(None),
                 exists().where(ExhibitDisclosure.exhibit_id == Exhibit.id, or_(*to_whom)))]


def visible_to(actor: Actor, key_hash: str | None = None) -> Select[tuple[Exhibit]]:
    """All exhibits that ``actor`` may see.

    Staff and auditors: everything filed, and their own drafts. Others: their own side's, and
    what has been disclosed to their side. ``key_hash`` stands for a guest (`ids.hash_token`
    of the key in the guest's session).
    """
    allowed = [*_own_side(actor, key_hash), *_disclosed(actor, key_hash)]
    if actor.reads_as_staff:
        allowed.append(Exhibit.filed_at.is_not(None))
    query = select(Exhibit)
    return query.where(or_(*allowed)) if allowed else query.where(Exhibit.id.is_(None))


def find(actor: Actor, reference: str, key_hash: str | None = None) -> Exhibit:
    """The exhibit with this reference; `NotVisible` when absent or not for this actor."""
    exhibit = db.session.scalar(
        visible_to(actor, key_hash).where(Exhibit.reference == reference))
    if exhibit is None:
        raise NotVisible
    return exhibit


def of_case(actor: Actor, case_id: int, *, role: str | None = None,
            claim_ids: Iterable[int] | None = None,
            key_hash: str | None = None) -> Sequence[Exhibit]:
    """Exhibits of one case in order; with ``claim_ids`` only those of these claims or of all."""
    query = visible_to(actor, key_hash).where(Exhibit.case_id == case_id)
    if role is not None:
        query = query.where(Exhibit.role == role)
    if claim_ids is not None:
        assigned = exists().where(ExhibitClaim.exhibit_id == Exhibit.id)
        to_these = assigned.where(ExhibitClaim.claim_id.in_(list(claim_ids)))
        query = query.where(or_(~assigned, to_these))
    return db.session.scalars(query.order_by(Exhibit.position, Exhibit.id)).all()


def of_cases(actor: Actor, case_ids: Sequence[int]) -> Sequence[Exhibit]:
    """Exhibits of several cases, case by case in the order of ``case_ids``, each in its own order."""
    found = db.session.scalars(visible_to(actor).where(Exhibit.case_id.in_(case_ids)).order_by(
        Exhibit.position, Exhibit.id)).all()
    return sorted(found, key=lambda exhibit: case_ids.index(exhibit.case_id))


def own_drafts(actor: Actor, references: Iterable[str],
               key_hash: str | None = None) -> list[Exhibit]:
    """The actor's unfiled exhibits among ``references``, in that order.

    Raises `NotVisible` when one is missing: a reference in a form proves nothing.
    """
    wanted = list(dict.fromkeys(references))
    own = _own_side(actor, key_hash)
    if not wanted:
        return []
    if not own:
        raise NotVisible
    rows = db.session.scalars(select(Exhibit).where(
        Exhibit.reference.in_(wanted), Exhibit.filed_at.is_(None), or_(*own))).all()
    found = {row.reference: row for row in rows}
    if len(found) != len(wanted):
        raise NotVisible
    return [found[reference] for reference in wanted]


def own_upload(actor: Actor, reference: str, token_hash: str,
               key_hash: str | None = None) -> Upload:
    """The upload on its way, for whoever began it and holds its token; else `NotVisible`."""
    upload = db.session.scalar(select(Upload).where(
        Upload.reference == reference, Upload.token_hash == token_hash))
    mine = upload is not None and (
        upload.owner_user_id == actor.user_id if actor.user_id is not None
        else upload.owner_user_id is None and upload.owner_key_hash == key_hash)
    if upload is None or not mine:
        raise NotVisible
    return upload


def open_uploads(actor: Actor, key_hash: str | None = None) -> tuple[int, int]:
    """Number and announced bytes of this person's uploads that are begun, not over and not finished."""
    owner = Upload.owner_user_id == actor.user_id if actor.user_id is not None \
        else Upload.owner_key_hash == key_hash
    count, size = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Upload.declared_size), 0))
        .where(owner, Upload.exhibit_id.is_(None), Upload.expires_at > actor.at)).one()
    return count, int(size)


def weight_of_side(exhibit: Exhibit, case_id: int) -> tuple[int, int]:
    """Number and bytes of the exhibits that this exhibit's side already has in the case."""
    same_side = and_(*(column.is_(None) if value is None else column == value for column, value in (
        (Exhibit.owner_organisation_id, exhibit.owner_organisation_id),
        (Exhibit.owner_store_id, exhibit.owner_store_id))))
    count, size = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Blob.size), 0))
        .select_from(Exhibit).join(Blob)
        .where(Exhibit.case_id == case_id, Exhibit.id != exhibit.id, same_side)).one()
    return count, int(size)


def not_looked_at(since: datetime) -> Blob | None:
    """Bytes kept after that instant for which there was no turn to look at them."""
    return db.session.scalar(select(Blob).where(
        Blob.stored_at > since, Blob.facts == {"cannot_show": "busy"}).order_by(Blob.stored_at).limit(1))


def unused_blobs(before: datetime, most: int) -> set[str]:
    """Digests of bytes kept before that instant which no exhibit, listing or capture names; the newest first,
    so that pictures of the catalogue, which stay, keep none back."""
    rows = db.session.execute(
        select(Blob.sha256, Blob.media_type)
        .where(Blob.stored_at <= before, ~exists().where(Exhibit.blob_sha256 == Blob.sha256))
        .order_by(Blob.stored_at.desc()).limit(most)).all()
    pictures = {sha256 for sha256, media_type in rows if media_type.startswith("image/")}
    return {sha256 for sha256, _media_type in rows} - _catalogued(pictures)


def _catalogued(pictures: set[str]) -> set[str]:
    """Those that a listing shows or a capture has frozen."""
    found: set[str] = set()
    for column in (Listing.images, Capture.images):
        if pictures:
            shown = db.session.scalars(select(column).where(column != []).execution_options(yield_per=1000))
            found.update(digest for digests in shown for digest in digests if digest in pictures)
    return found | set(db.session.scalars(select(CapturePicture.sha256).where(CapturePicture.sha256.in_(pictures))))
