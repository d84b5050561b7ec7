"""Uploads in pieces, previews, originals."""

import errno
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, g, jsonify, request, url_for
from flask_babel import gettext
from marshmallow import ValidationError
from werkzeug.exceptions import ClientDisconnected

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.access import access
from ipdesk.core.http.problems import refusal_text
from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.kernel.ids import hash_token
from ipdesk.features.evidence import allowance, intake, operations, queries
from ipdesk.features.evidence.forms import SEALED, key_hash, limits, sealed, sender, trouble_text
from ipdesk.features.evidence.models import Exhibit, Upload
from ipdesk.features.evidence.preview import LONGEST
from ipdesk.features.evidence.schemas import BeginUploadSchema, exhibit_as_plain
from ipdesk.features.evidence.store import Damaged
from ipdesk.features.evidence.texts import ASK_FOR_COPY, READERS_TOLD

blueprint = Blueprint("evidence", __name__, url_prefix="/evidence")
blueprints = [blueprint]


@blueprint.app_template_filter("trouble_told")
def trouble_told(code: str) -> str:
    """What a reader of the case is told about a file that cannot be shown whole; staff also what to do."""
    asked = ASK_FOR_COPY.get(code, "") if g.actor.reads_as_staff else ""
    return " ".join(gettext(text) for text in (READERS_TOLD[code], asked) if text)


@blueprint.app_template_filter("file_kind")
def file_kind(media_type: str) -> str:
    """What people call this type of file: ``PDF``, ``JPEG``."""
    known = intake.current().rules.types.get(media_type)
    return known.word if known else media_type


_STATUS = {"file_too_large": 413, "more_than_declared": 413, "part_too_large": 413,
           "upload_not_whole": 409, "offset_wrong": 409, "upload_over": 410, "already_filed": 409}


def _told(view: Callable[..., Any]) -> Callable[..., Any]:
    """Answer refusals as JSON with the sentence that the script shows beside the file."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Refusal as refusal:
            status = _STATUS.get(refusal.code, 422)
            response = jsonify(code=refusal.code, error=refusal_text(refusal.code, refusal.facts))
            if "offset" in refusal.facts:
                response.headers["Upload-Offset"] = str(refusal.facts["offset"])
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            status = 507
            response = jsonify(code="storage_full", error=refusal_text("storage_full"))
        response.status_code = status
        return response

    return answer


def _plain(exhibit: Exhibit) -> dict[str, Any]:
    plain = exhibit_as_plain(exhibit, describe=trouble_text)
    plain["thumbnail"] = url_for("evidence.preview", reference=exhibit.reference, kind="thumb") \
        if plain["can_be_shown"] and plain["pages"] else ""
    plain["remove"] = url_for("evidence.remove", reference=exhibit.reference)
    return plain


# --- uploads in pieces -----------------------------------------------------------------------

def _own_upload(reference: str) -> Upload:
    token = hash_token(request.headers.get("Upload-Token", ""))
    return queries.own_upload(g.actor, reference, token, key_hash())


def _offset(upload: Upload) -> Response:
    response = Response(status=204)
    response.headers["Upload-Offset"] = str(upload.received)
    response.headers["Upload-Length"] = str(upload.declared_size)
    return response


@blueprint.post("/uploads")
@access.public
@_told
def begin() -> Any:
    """``{name, size}`` → 201 ``{reference, token, offset, part}``."""
    try:
        wanted = BeginUploadSchema().load(request.get_json())
    except ValidationError:
        raise Refusal("file_missing") from None
    tools = intake.current()
    with unit_of_work():
        upload, token = operations.begin_upload(
            actor=g.actor, sender=sender(), name=wanted["name"], size=wanted["size"], rules=tools.rules,
            most=tools.most, key_hash=key_hash(make=True))
        begun = {"reference": upload.reference, "token": token, "offset": 0,
                 "part": tools.rules.part,
                 "href": url_for("evidence.put_part", reference=upload.reference)}
    return begun, 201


@blueprint.get("/uploads/<reference>")
@access.public
@_told
def offset(reference: str) -> Response:
    """HEAD (or GET) tells how much has arrived: ``Upload-Offset``."""
    upload = _own_upload(reference)
    operations.require_open(actor=g.actor, upload=upload)
    return _offset(upload)


@blueprint.put("/uploads/<reference>")
@access.public
@_told
def put_part(reference: str) -> Response:
    """The bytes from ``Upload-Offset`` on. What came before a cut connection is kept too."""
    tools = intake.current()
    upload = _own_upload(reference)
    operations.require_open(actor=g.actor, upload=upload)
    at = request.headers.get("Upload-Offset", "", type=str)
    if at != str(upload.received):
        raise Refusal("offset_wrong", offset=upload.received)
    start, missing = upload.received, upload.declared_size - upload.received
    allowance.require_room(
        actor=g.actor, sender=sender(), size=min(request.content_length or 0, missing), rules=tools.rules)
    db.session.rollback()  # no transaction is open while a slow line sends its bytes
    content = _body(tools.rules.part)
    if len(content) > missing:
        raise Refusal("more_than_declared", name="")
    if content:
        part = tools.store.put_part(reference, start, content)
        with unit_of_work():
            operations.receive_part(actor=g.actor, sender=sender(), upload=_own_upload(reference), part=part)
    return _offset(_own_upload(reference))


def _body(most: int) -> bytes:
    content, stream = bytearray(), request.stream
    try:
        while piece := stream.read(65536):
            content += piece
            if len(content) > most:
                raise Refusal("part_too_large")
    except ClientDisconnected:
        pass  # the line was cut: this much has arrived, and the next try goes on from here
    return bytes(content)


@blueprint.post("/uploads/<reference>/finish")
@access.public
@_told
def finish(reference: str) -> Any:
    """Check the whole file and make it an exhibit: 201 with what the page shows of it."""
    upload = _own_upload(reference)
    if (already := operations.finished(upload=upload)) is not None:
        return _plain(already), 200
    operations.require_open(actor=g.actor, upload=upload)
    parts, name = operations.parts_of(upload), upload.original_name
    db.session.rollback()
    store = intake.current().store
    try:
        file = intake.current().take(store.part_chunks(parts), name=name, limits=limits())
    except (Refusal, Damaged) as error:
        _forget(reference)
        if isinstance(error, Damaged):
            raise Refusal("bytes_changed", name=name) from error
        raise
    with unit_of_work():
        made = _plain(operations.finish_upload(
            actor=g.actor, upload=_own_upload(reference), file=file))
    store.drop_parts(reference)
    return made, 201


@blueprint.delete("/uploads/<reference>")
@access.public
@_told
def cancel(reference: str) -> Response:
    """Give up an upload; what has arrived is thrown away."""
    _forget(reference)
    return Response(status=204)


def _forget(reference: str) -> None:
    with unit_of_work():
        operations.cancel_upload(actor=g.actor, upload=_own_upload(reference))
    intake.current().store.drop_parts(reference)


@blueprint.post("/exhibits/<reference>/remove")
@access.public
@_told
def remove(reference: str) -> Response:
    """Take back an exhibit that is not part of a filed document yet."""
    with unit_of_work():
        exhibit = queries.find(g.actor, reference, key_hash())
        operations.remove(actor=g.actor, exhibit=exhibit)
    return Response(status=204)


# --- reading -----------------------------------------------------------------------------------

@blueprint.get("/exhibits/<reference>/<any(thumb, view):kind>")
@blueprint.get("/exhibits/<reference>/<any(thumb, view):kind>/<int:page>")
@access.public
def preview(reference: str, kind: str, page: int = 0) -> Response:
    """New pixels of one page (from 0); 404 when there is nothing to show."""
    exhibit = queries.find(g.actor, reference, key_hash())
    blob = exhibit.blob
    if not blob.can_be_shown or page >= blob.facts.get("pages", 0) or kind not in LONGEST:
        abort(404)
    sha256, media_type = blob.sha256, blob.media_type
    db.session.rollback()
    return sealed(lambda: intake.current().picture(sha256, media_type, kind, page, limits()), "image/webp")


@blueprint.get("/exhibits/<reference>/text")
@access.public
def text(reference: str) -> Response:
    """The beginning of a text, table or mail, as plain text."""
    exhibit = queries.find(g.actor, reference, key_hash())
    kind = intake.current().rules.types.get(exhibit.blob.media_type)
    if kind is None or kind.preview != "text":
        abort(404)
    sha256, media_type = exhibit.blob.sha256, exhibit.blob.media_type
    db.session.rollback()
    return sealed(lambda: intake.current().text(sha256, media_type), "text/plain")


@blueprint.get("/exhibits/<reference>/original")
@access.public
def original(reference: str) -> Response:
    """The bytes as they came in, as a download only; one range at a time."""
    exhibit = queries.find(g.actor, reference, key_hash())
    blob = exhibit.blob
    headers = {
        **SEALED, "Content-Disposition": attachment(exhibit.name), "Accept-Ranges": "bytes",
        "ETag": f'"{blob.sha256}"', "Cache-Control": "private, no-cache",
        "Content-Type": "application/octet-stream",
    }
    sha256, size = blob.sha256, blob.size
    db.session.rollback()
    if request.if_none_match.contains(sha256):
        return Response(status=304, headers=headers)
    span = _asked_range(sha256, size)
    if span is None:
        return _stream(intake.current().store.chunks(sha256), 200, size, headers)
    start, end = span
    if start >= end:
        return Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return _stream(intake.current().store.chunks(sha256, start, end), 206, end - start, headers)


def _asked_range(sha256: str, size: int) -> tuple[int, int] | None:
    """The one byte range asked for, ``(0, 0)`` for an impossible one, None for the whole."""
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.if_range.etag not in {None, sha256} or request.if_range.date is not None:
        return None
    return asked.range_for_length(size) or (0, 0)


def _stream(chunks: Iterator[bytes], status: int, length: int, headers: dict[str, str]) -> Response:
    # The first piece is read before anything is answered, so that missing bytes are an error page.
    try:
        first = next(chunks, b"")
    except Damaged:
        abort(500)

    def body() -> Iterator[bytes]:
        yield first
        yield from chunks

    response = Response(body(), status=status, headers=headers)
    response.headers["Content-Length"] = str(length)
    return response


def attachment(name: str) -> str:
    """A ``Content-Disposition`` for ``name`` (RFC 6266): ASCII for old readers, UTF-8 for the rest."""
    plain = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


