"""What the upload pages take in, and how an exhibit looks to the page that shows it."""

from collections.abc import Callable
from typing import Any

from marshmallow import fields, validate

from ipdesk.core.http.fields import FormSchema
from ipdesk.features.evidence.models import Exhibit


class BeginUploadSchema(FormSchema):
    """``name`` as the device calls the file, ``size`` in bytes."""

    # A name is a fact: it is kept as it came, cleaned only where it is shown or sent.
    name = fields.String(required=True, validate=validate.Length(min=1, max=4096))
    size = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))


def exhibit_as_plain(exhibit: Exhibit, *, describe: Callable[[str], str]) -> dict[str, Any]:
    """The exhibit for its uploader's own page; ``describe(code)`` words a trouble."""
    blob = exhibit.blob
    return {
        "reference": exhibit.reference, "name": exhibit.name, "size": blob.size,
        "sha256": blob.sha256, "media_type": blob.media_type, "pages": blob.facts.get("pages", 0),
        "can_be_shown": blob.can_be_shown,
        "trouble": describe(blob.trouble) if blob.trouble else "",
    }
