"""What a person enters about a right."""

import re
from functools import cache
from typing import Any

from babel import Locale
from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError, fields, validates_schema

from ipdesk.core.http.fields import CaseSchema, Choice, FormSchema, Line, Mail, Phone, Prose, QuerySchema
from ipdesk.features.rights.models import KINDS

STATES = ("submitted", "verified", "rejected", "expired", "withdrawn")
JUDGEMENTS = ("verify_right", "reject_right")
CONTACT = ("name", "email", "phone", "address")


@cache
def country_codes() -> frozenset[str]:
    """ISO 3166-1 codes, and EU for rights of the European Union."""
    return frozenset(code for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", code)) - {"ZZ"}


class Territory(Line):
    """Country codes in any notation, kept as ``DE US``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        codes = re.split(r"[\s,;/]+", super()._deserialize(value, attr, data, **kwargs).upper())
        unknown = [code for code in codes if code and code not in country_codes()]
        if unknown:
            raise ValidationError([_l("“%(code)s” is no country code. Write codes of two letters, like US, DE or EU.",
                                      code=unknown[0][:20])])
        return " ".join(dict.fromkeys(filter(None, codes)))


class RightSchema(FormSchema):
    """A right with its public contact. ``certificates`` are references of files that have arrived."""

    kind = Choice(KINDS, required=True)
    title = Line(300, required=True)
    number = Line(64)
    office = Line(64)
    owner = Line(200, required=True)
    territory = Territory(64, required=True)
    classes = Line(200)
    description = Prose(5000)
    valid_from = fields.Date(load_default=None, allow_none=True)
    valid_until = fields.Date(load_default=None, allow_none=True)
    contact_name = Line(200, required=True)
    contact_email = Mail(254, required=True)
    contact_phone = Phone(64)
    contact_address = Prose(500)
    certificates = fields.List(fields.String(), load_default=list)


class CorrectedRightSchema(RightSchema, CaseSchema):
    """The same about a right that stands on the desk."""


def entries_of(said: dict[str, Any]) -> dict[str, Any]:
    """What was entered, as the operations take it: the contact in one piece, the plumbing left out."""
    kept = {name: value for name, value in said.items()
            if not name.startswith("contact_") and name not in ("seen", "certificates")}
    return {**kept, "contact": {part: said[f"contact_{part}"] for part in CONTACT}}


class JudgementSchema(CaseSchema):
    """Staff's judgement; a rejection has reasons."""

    trigger = Choice(JUDGEMENTS, required=True)
    reasons = Prose(5000)

    @validates_schema
    def _rejected_with_reasons(self, said: dict[str, Any], **_more: Any) -> None:
        if said.get("trigger") == "reject_right" and not said.get("reasons"):
            raise ValidationError([_l("Say which entry does not agree, so that it can be corrected.")], "reasons")


class ListSchema(QuerySchema):
    """The query string of the list of rights."""

    state = Line(24)
    cursor = fields.String(load_default="")
