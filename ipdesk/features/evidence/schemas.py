"""What the upload pages take in."""

from marshmallow import fields, validate

from ipdesk.core.http.fields import FormSchema
from ipdesk.features.evidence.models import VISIBILITIES


class BeginUploadSchema(FormSchema):
    """``name`` as the device calls the file, ``size`` in bytes."""

    # A name is a fact: it is kept as it came, cleaned only where it is shown or sent.
    name = fields.String(required=True, validate=validate.Length(min=1, max=4096))
    size = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))


def exhibit_as_plain(exhibit, *, describe) -> dict:  # type: ignore[no-untyped-def, type-arg]
    """The exhibit for its uploader's own page; ``describe(code)`` words a trouble."""
    blob = exhibit.blob
    return {
        "reference": exhibit.reference, "name": exhibit.name, "size": blob.size,
        "sha256": blob.sha256, "media_type": blob.media_type, "can_be_shown": blob.can_be_shown,
        "trouble": describe(blob.trouble) if blob.trouble else "",
    }


__all__ = ["VISIBILITIES", "BeginUploadSchema", "exhibit_as_plain"]
