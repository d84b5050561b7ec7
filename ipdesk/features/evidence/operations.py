"""The verbs of evidence. Bytes are already in the store (or its parts) when these are called."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, NotVisible, Refusal
from ipdesk.core.kernel.ids import hash_token, new_reference, new_token
from ipdesk.features.evidence import allowance, queries
from ipdesk.features.evidence import store as stores
from ipdesk.features.evidence.intake import CheckedFile
from ipdesk.features.evidence.models import (
    ROLES,
    VISIBILITIES,
    Blob,
    Exhibit,
    ExhibitClaim,
    ExhibitDisclosure,
    Upload,
)
from ipdesk.features.evidence.sniff import UploadRules, clean_name, storable_name
from ipdesk.features.evidence.store import Part
from ipdesk.features.evidence.texts import in_words


def begin_upload(*, actor: Actor, sender: str, name: str, size: int, rules: UploadRules, most: int,
                 key_hash: str | None = None) -> tuple[Upload, str]:
    """Open a resumable upload; the token is returned once and only its hash is kept.

    ``sender`` is whose day it counts for (`allowance`). Refuses ``file_empty``,
    ``file_too_large`` (before a byte has come in; ``most`` is the installation's limit),
    ``too_many_open_uploads``, for guests ``too_many_open_bytes``, and ``day_is_full``.
    """
    shown = clean_name(name)
    if size == 0:
        raise Refusal("file_empty", name=shown)
    is_guest = actor.user_id is None
    limit = min(most, rules.largest, rules.guest_bytes_open if is_guest else rules.largest)
    if size > limit:
        raise Refusal("file_too_large", name=shown, limit=in_words(limit))
    count, announced = queries.open_uploads(actor, key_hash)
    if count >= rules.open_uploads_per_person:
        raise Refusal("too_many_open_uploads", most=rules.open_uploads_per_person)
    if is_guest and announced + size > rules.guest_bytes_open:
        raise Refusal("too_many_open_bytes", name=shown, limit=in_words(rules.guest_bytes_open))
    allowance.require_room(actor=actor, sender=sender, size=size, rules=rules)
    allowance.note_piece(actor=actor, sender=sender, size=0)
    token = new_token()
    upload = Upload(
        reference=new_reference("U"), token_hash=hash_token(token), owner_user_id=actor.user_id,
        owner_key_hash=None if actor.user_id is not None else key_hash, original_name=storable_name(name),
        declared_size=size, received=0, parts=[], begun_at=actor.at,
        expires_at=actor.at + timedelta(hours=rules.hours_to_resume), subject_id=actor.user_id)
    db.session.add(upload)
    db.session.flush()
    return upload, token


def receive_part(*, actor: Actor, sender: str, upload: Upload, part: Part) -> Upload:
    """Note a piece that has arrived. It must begin where the last one ended (``offset_wrong``)."""
    require_open(actor=actor, upload=upload)
    if part.offset != upload.received:
        raise Refusal("offset_wrong", offset=upload.received)
    if part.offset + part.size > upload.declared_size:
        raise Refusal("more_than_declared", name=clean_name(upload.original_name))
    upload.parts = [*upload.parts, [part.offset, part.size, part.key]]
    upload.received += part.size
    allowance.note_piece(actor=actor, sender=sender, size=part.size)
    return upload


def require_open(*, actor: Actor, upload: Upload) -> None:
    """Refuses ``upload_over`` when it is finished or its time is up."""
    if upload.exhibit_id is not None or upload.expires_at <= actor.at:
        raise Refusal("upload_over")


def parts_of(upload: Upload) -> list[Part]:
    """The pieces of a whole upload in order; refuses ``upload_not_whole``."""
    if upload.received != upload.declared_size:
        raise Refusal("upload_not_whole", name=clean_name(upload.original_name),
                      received=in_words(upload.received), declared=in_words(upload.declared_size))
    return [Part(offset, size, key) for offset, size, key in upload.parts]


def finished(*, upload: Upload) -> Exhibit | None:
    """The exhibit that this upload has become, if it has."""
    return None if upload.exhibit_id is None else db.session.get(Exhibit, upload.exhibit_id)


def finish_upload(*, actor: Actor, upload: Upload, file: CheckedFile) -> Exhibit:
    """Make the whole upload an exhibit draft. A second call returns the first one's exhibit."""
    if (already := finished(upload=upload)) is not None:
        return already
    require_open(actor=actor, upload=upload)
    exhibit = take_in(actor=actor, file=file, key_hash=upload.owner_key_hash)
    upload.exhibit_id = exhibit.id
    upload.parts = []
    return exhibit


def cancel_upload(*, actor: Actor, upload: Upload) -> None:
    """Forget an upload that leads to nothing; its parts may then be thrown away."""
    require_open(actor=actor, upload=upload)
    db.session.delete(upload)
    db.session.flush()


def keep_blob(*, actor: Actor, file: CheckedFile) -> Blob:
    """The row for bytes that the store holds, made once however often they come in.

    Refuses ``bytes_changed`` when the sweep took the bytes, which nobody named until now, just before.
    """
    blob = db.session.get(Blob, file.sha256)
    if blob is None:
        if not stores.current().exists(file.sha256):
            raise Refusal("bytes_changed", name=file.name)
        blob = Blob(sha256=file.sha256, size=file.size, media_type=file.media_type,
                    facts=file.facts, stored_at=actor.at)
        db.session.add(blob)
        db.session.flush()
    return blob


def note_facts(*, sha256: str, facts: dict[str, Any]) -> None:
    """What was found when somebody looked at kept bytes at last."""
    blob = db.session.get(Blob, sha256)
    if blob is not None:
        blob.facts = facts


def take_in(*, actor: Actor, file: CheckedFile, key_hash: str | None = None) -> Exhibit:
    """An exhibit draft of the actor's own side from a file that was checked and kept."""
    blob = keep_blob(actor=actor, file=file)
    exhibit = Exhibit(
        reference=new_reference("E"), blob=blob, original_name=file.original_name, name=file.name,
        title="", owner_organisation_id=actor.organisation_id, owner_user_id=actor.user_id,
        owner_key_hash=None if actor.user_id is not None else key_hash,
        uploaded_by=actor.user_id, uploaded_at=actor.at, subject_id=actor.user_id)
    db.session.add(exhibit)
    db.session.flush()
    return exhibit


def copy_draft(*, actor: Actor, exhibit: Exhibit) -> Exhibit:
    """A second draft of the same bytes for the same side, where one file belongs to two cases."""
    made = Exhibit(
        reference=new_reference("E"), blob=exhibit.blob, original_name=exhibit.original_name,
        name=exhibit.name, title=exhibit.title, description=exhibit.description, role=exhibit.role,
        position=exhibit.position, owner_organisation_id=exhibit.owner_organisation_id,
        owner_store_id=exhibit.owner_store_id, owner_user_id=exhibit.owner_user_id,
        owner_key_hash=exhibit.owner_key_hash, uploaded_by=exhibit.uploaded_by,
        uploaded_at=exhibit.uploaded_at, subject_id=exhibit.subject_id,
        retention_class=exhibit.retention_class)
    db.session.add(made)
    db.session.flush()
    return made


def attach(*, actor: Actor, exhibit: Exhibit, case_id: int, role: str, rules: UploadRules,
           visibility: str = "platform_only", claim_ids: Iterable[int] = (), title: str = "",
           description: str = "", position: int = 0, store_id: int | None = None) -> Exhibit:
    """Say what a draft is evidence of. May be repeated until it is filed.

    ``claim_ids`` empty means all stores. ``store_id`` gives it to the seller's side, so that
    the store's other accounts see it too. Refuses ``already_filed``, ``too_many_files``
    and ``too_many_bytes``; `NotVisible` for a store that is not the actor's.
    """
    _require_draft(exhibit)
    if role not in ROLES or visibility not in VISIBILITIES:
        raise Invalid({"visibility": ["unknown role or visibility"]})
    if store_id is not None and store_id not in actor.store_ids and not actor.is_staff:
        raise NotVisible
    if store_id is not None:
        exhibit.owner_store_id, exhibit.owner_organisation_id = store_id, None
    count, size = queries.weight_of_side(exhibit, case_id)
    if count >= rules.files_per_case:
        raise Refusal("too_many_files", most=rules.files_per_case)
    if size + exhibit.blob.size > rules.bytes_per_case:
        raise Refusal("too_many_bytes", name=exhibit.name, limit=in_words(rules.bytes_per_case))
    exhibit.case_id, exhibit.role, exhibit.visibility = case_id, role, visibility
    exhibit.title, exhibit.description = title or exhibit.name, description
    exhibit.position = position
    exhibit.claims = [ExhibitClaim(claim_id=number) for number in sorted(set(claim_ids))]
    db.session.flush()
    return exhibit


def file_exhibits(*, actor: Actor, exhibits: Iterable[Exhibit]) -> None:
    """The documents they belong to are filed: from now on they stay as they are."""
    for exhibit in exhibits:
        _require_draft(exhibit)
        exhibit.filed_at = actor.at
    db.session.flush()


def disclose(*, actor: Actor, exhibit: Exhibit, case_id: int, store_id: int | None = None,
             organisation_id: int | None = None, key_hash: str | None = None) -> None:
    """Let one side see a filed, shared exhibit from now on; doing it twice changes nothing.

    Refuses ``not_shared``. Exactly one side must be named (``ValueError``).
    """
    if sum(side is not None for side in (store_id, organisation_id, key_hash)) != 1:
        raise ValueError("name exactly one side")
    if exhibit.visibility != "share" or exhibit.filed_at is None:
        raise Refusal("not_shared")
    side = {"store_id": store_id, "organisation_id": organisation_id, "key_hash": key_hash}
    known = db.session.scalar(select(ExhibitDisclosure.id).filter_by(
        exhibit_id=exhibit.id, case_id=case_id, **side))
    if known is None:
        db.session.add(ExhibitDisclosure(
            exhibit_id=exhibit.id, case_id=case_id, disclosed_at=actor.at, **side))
        db.session.flush()


def remove(*, actor: Actor, exhibit: Exhibit) -> None:
    """Take a draft back before filing; refuses ``already_filed``. The bytes go with the next sweep."""
    _require_draft(exhibit)
    db.session.delete(exhibit)
    db.session.flush()


def drop_expired_uploads(*, actor: Actor, most: int = 500) -> list[str]:
    """Delete the rows of uploads whose time is up; their parts may then be thrown away."""
    rows = db.session.scalars(select(Upload).where(Upload.expires_at <= actor.at)
                              .order_by(Upload.expires_at).limit(most)).all()
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    return [row.reference for row in rows]


def drop_guests_drafts(*, before: datetime, most: int = 500) -> int:
    """Delete files that guests uploaded until ``before`` and filed nowhere; returns how many.

    Those of accounts stay: their drafts of notices name them and may wait for weeks.
    """
    rows = db.session.scalars(select(Exhibit).where(
        Exhibit.case_id.is_(None), Exhibit.filed_at.is_(None), Exhibit.uploaded_at <= before,
        Exhibit.owner_user_id.is_(None), Exhibit.owner_organisation_id.is_(None), Exhibit.owner_store_id.is_(None),
    ).limit(most)).all()
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    return len(rows)


def drop_blob(*, sha256: str, before: datetime) -> bool:
    """Delete the row of bytes that were kept until ``before`` and that no exhibit names; false if one does by now."""
    blob = db.session.scalar(select(Blob).where(
        Blob.sha256 == sha256, Blob.stored_at <= before,
        ~exists().where(Exhibit.blob_sha256 == Blob.sha256)).with_for_update())
    if blob is None:
        return False
    db.session.delete(blob)
    db.session.flush()
    return True


def _require_draft(exhibit: Exhibit) -> None:
    if exhibit.filed_at is not None:
        raise Refusal("already_filed")
