"""Files inside another feature's form, with or without script.

A form with exhibits has a list field of references (``exhibits``) and a file field of the same
name with ``_files`` behind it. With script each file is uploaded when chosen and only its
reference is sent; without, the files come with the form. Either way they are kept even if
the rest of the form has errors, so that nobody uploads twice.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, abort, current_app, g, request, session
from flask_babel import gettext
from werkzeug.datastructures import FileStorage

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.forms import Form
from ipdesk.core.http.problems import refusal_text
from ipdesk.core.kernel.errors import NotVisible, Refusal
from ipdesk.core.kernel.ids import hash_token, new_token
from ipdesk.features.accounts.throttle import place_of
from ipdesk.features.evidence import allowance, intake, operations, queries
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.evidence.preview import OF_GUESTS, PATIENCE_SECONDS, Busy, Limits
from ipdesk.features.evidence.schemas import exhibit_as_plain
from ipdesk.features.evidence.store import chunks_of
from ipdesk.features.evidence.texts import CANNOT_SHOW

GUEST_KEY = "guest_key"
# Neither an original nor a preview may run, load or embed anything, whoever opens it.
SEALED = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


def key_hash(*, make: bool = False) -> str | None:
    """What stands for a guest's session; None for people who are signed in.

    A guest without one gets a key when ``make`` is true.
    """
    if g.actor.user_id is not None:
        return None
    if GUEST_KEY not in session and make:
        session[GUEST_KEY] = new_token()
    return hash_token(session[GUEST_KEY]) if GUEST_KEY in session else None


def sender() -> str:
    """Whose day an upload counts for: the account's, or that of a guest's network."""
    if g.actor.user_id is not None:
        return f"user {g.actor.user_id}"
    secret, place = str(current_app.secret_key), place_of(g.actor.address)
    return hmac.new(secret.encode(), f"uploads {place}".encode(), hashlib.sha256).hexdigest()


def limits() -> Limits | None:
    """What it may cost to look at what this sender hands in; None means the usual limits."""
    return OF_GUESTS if g.actor.user_id is None else None


def sealed(made: Callable[[], bytes | str | None], mimetype: str) -> Response:
    """What was made out of a file, sealed off from the page; 503 when every preview process is at work, 404 when nothing was made."""
    try:
        content = made()
    except Busy:
        return Response(status=503, headers={"Retry-After": str(int(PATIENCE_SECONDS))})
    if content is None:
        abort(404)
    response = Response(content, mimetype=mimetype, headers=SEALED)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def trouble_text(code: str) -> str:
    """What the uploader is told about a file that is kept but cannot be shown."""
    return gettext(CANNOT_SHOW[code])


def take_files(form: Form, field: str) -> None:
    """Take in the files that came with the form; call it before the form is submitted.

    New references are added to the form's ``field``; what was refused becomes an error beside it.
    """
    references: list[str] = []
    errors: list[str] = []
    for sent in request.files.getlist(f"{field}_files"):
        if not sent.filename:
            continue  # a file field that was left empty
        try:
            allowance.require_room(actor=g.actor, sender=sender(), size=_size_of(sent), rules=intake.current().rules)
            file = intake.current().take(chunks_of(sent.stream), name=sent.filename, limits=limits())
            with unit_of_work():
                allowance.note_piece(actor=g.actor, sender=sender(), size=file.size)
                exhibit = operations.take_in(actor=g.actor, file=file, key_hash=key_hash(make=True))
                references.append(exhibit.reference)
        except Refusal as refusal:
            errors.append(refusal_text(refusal.code, refusal.facts))
    for values in (form.values, form.data):
        known = values.get(field) or []
        values[field] = [*known, *(one for one in references if one not in known)]
    if errors:
        form.refuse({**form.errors, field: [*form.errors.get(field, []), *errors]})


def _size_of(sent: FileStorage) -> int:
    size = sent.stream.seek(0, os.SEEK_END)
    sent.stream.seek(0)
    return size


def drafts(references: Sequence[str]) -> list[Exhibit]:
    """The sender's own unfiled exhibits with these references; `NotVisible` if one is not."""
    return queries.own_drafts(g.actor, references, key_hash())


def shown(references: Sequence[str]) -> list[dict[str, Any]]:
    """The exhibits of a form for the macro ``upload_field``; unknown references are left out.

    A guest has its key from here on, so that files which are sent at the same time are all its own.
    """
    key_hash(make=True)
    found = []
    for reference in references:
        try:
            found += drafts([reference])
        except NotVisible:
            continue
    return [exhibit_as_plain(exhibit, describe=trouble_text) for exhibit in found]
