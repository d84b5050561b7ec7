"""What the forms of both sides' answers take in."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from ipdesk.core.http.fields import CaseSchema, Choice, FormSchema, Line, MustTick, Phone, Prose, Tick

_CHOOSE = _l("Choose at least one listing.")


class ChosenSchema(CaseSchema):
    """Listings to act on, nothing else: delete now, take back."""

    claim_ids = fields.List(fields.Integer(), required=True, validate=validate.Length(min=1, error=_CHOOSE),
                            error_messages={"required": _CHOOSE, "null": _CHOOSE})


class StepSchema(FormSchema):
    """One screen of a counter-notification; ``go`` is ``back`` when the person wants to go back."""

    go = Line(8)


class ListingsSchema(StepSchema):
    claim_ids = fields.List(fields.Integer(), load_default=list)
    grounds = fields.List(fields.String(), load_default=list)


class ExplanationSchema(StepSchema):
    explanation = Prose(10_000)


class ExhibitsSchema(StepSchema):
    """References of uploaded files: for the marketplace only, and for the rights holder too."""

    exhibits = fields.List(fields.String(), load_default=list)
    shared = fields.List(fields.String(), load_default=list)


class ArrivedSchema(FormSchema):
    """A file that has arrived, for the marketplace only or for the rights holder too."""

    field = Choice(("exhibits", "shared"), required=True)
    exhibit = Line(32, required=True)


class ContactSchema(StepSchema):
    name = Line(200)
    address = Prose(500)
    phone = Phone(50)


def contact_schema(codes: Iterable[str]) -> FormSchema:
    """The contact with a box for each statement of the regime."""
    boxes = {f"statement_{code}": Tick() for code in codes}
    return ContactSchema.from_dict(boxes, name="ContactAndStatements")()  # type: ignore[return-value]


class SignSchema(CaseSchema):
    """``copy`` is the SHA-256 of the copy that the page showed."""

    copy = Line(64, required=True)
    read = MustTick()


class ShareSchema(FormSchema):
    share = Tick()


class AnswerSchema(ChosenSchema):
    text = Prose(10_000, required=True)
    signed_name = Line(200, required=True)
    exhibits = fields.List(fields.String(), load_default=list)
    shared = fields.List(fields.String(), load_default=list)


class CourtActionSchema(ChosenSchema):
    forum = Line(200, required=True)
    docket = Line(100, required=True)
    filed_on = fields.Date(required=True)
    filed_by_notifier = Tick()
    names_subscriber = Tick()
    seeks_restraint = Tick()
    documents = fields.List(fields.String(), load_default=list)
    signed_name = Line(200, required=True)
    locked = Tick()  # the page has said that nobody can read the documents


def court_action_schema(codes: Iterable[str]) -> CaseSchema:
    """A court action with a box for each statement of the regime."""
    boxes = {f"statement_{code}": Tick() for code in codes}
    return CourtActionSchema.from_dict(boxes, name="CourtActionAndStatements")()  # type: ignore[return-value]
