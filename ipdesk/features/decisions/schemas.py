"""What the staff's forms take in."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_timezone, gettext
from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError, fields, validates_schema

from ipdesk.core.http.fields import CaseSchema, Choice, FormSchema, Line, Mail, Prose, Tick
from ipdesk.features.counter_notices.operations import RECEIVED_STEPS
from ipdesk.features.rights.models import KINDS

ARRIVED_BY = ("mail", "post", "agent")


class LocalMoment(fields.Field):
    """``2026-03-02T15:04`` of a ``datetime-local`` box, in the reader's zone; loads as aware UTC."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            naive = datetime.fromisoformat(str(value))
        except ValueError:
            raise ValidationError([_l("Enter a day and a time.")]) from None
        if naive.tzinfo is not None:
            return naive.astimezone(UTC)
        return naive.replace(tzinfo=ZoneInfo(str(get_timezone()))).astimezone(UTC)


class ClaimsSchema(CaseSchema):
    """Base of forms about some listings of a complaint."""

    claim_ids = fields.List(fields.Integer(), load_default=list)

    @validates_schema(skip_on_field_errors=False)
    def some_listing(self, said: dict[str, Any], **_more: Any) -> None:
        if not said.get("claim_ids"):
            raise ValidationError({"claim_ids": [gettext("Choose at least one listing.")]})


class DecisionSchema(ClaimsSchema):
    """The structured fields of a statement of reasons. ``step``: look at it, or send it."""

    facts = Prose(10_000, required=True)
    ground = Prose(10_000, required=True)
    basis = Line(500, required=True)
    snippet = Line(16)
    step = Choice(("preview", "insert", "confirm", "change"), load_default="preview")


class StepSchema(ClaimsSchema):
    """A step without reasons; ``proof`` where a delivery is proven."""

    proof = Prose(4000)


class ProofSchema(StepSchema):
    """How it is known that a letter arrived, or did not, with the document that shows it where there is one."""

    proof = Prose(4000, required=True)
    documents = fields.List(fields.String(), load_default=list)


class DeliverySchema(ProofSchema):
    """And when the seller was reached."""

    delivered_at = LocalMoment(required=True)


class ScreenSchema(CaseSchema):
    """What staff make of a notice. ``step``: look at the letters, send them, or change what was said."""

    trigger = Choice(("accept", "send_back", "refuse"), required=True)
    missing = fields.List(fields.String(), load_default=list)
    remark = Prose(4000)
    reasons = Prose(10_000)
    step = Choice(("preview", "confirm", "change"), load_default="confirm")

    @validates_schema(skip_on_field_errors=False)
    def fits_the_choice(self, said: dict[str, Any], **_more: Any) -> None:
        if said.get("trigger") == "send_back" and not said.get("missing"):
            raise ValidationError({"missing": [gettext("Tick what is missing.")]})
        if said.get("trigger") == "refuse" and not said.get("reasons"):
            raise ValidationError({"reasons": [gettext("Write the reasons.")]})


class NoteSchema(FormSchema):
    text = Prose(10_000, required=True)


class DeclineSchema(FormSchema):
    because = Prose(4000, required=True)


class AssignSchema(FormSchema):
    user_id = fields.Integer(required=True)


class SnippetSchema(FormSchema):
    title = Line(120, required=True)
    text = Prose(10_000, required=True)


class SkillsSchema(FormSchema):
    user_id = fields.Integer(required=True)
    skills = fields.List(fields.String(), load_default=list)


class TeamSchema(FormSchema):
    name = Line(120, required=True)
    members = fields.List(fields.Integer(), load_default=list)
    skills = fields.List(fields.String(), load_default=list)


class ConflictSchema(FormSchema):
    """A side of cases in which this handler takes no step: a store, or a rights holder's complaint."""

    user_id = fields.Integer(load_default=None, allow_none=True)
    store = Line(64)
    complaint = Line(24)
    because = Prose(2000, required=True)

    @validates_schema(skip_on_field_errors=False)
    def one_side(self, said: dict[str, Any], **_more: Any) -> None:
        if bool(said.get("store")) == bool(said.get("complaint")):
            raise ValidationError({"store": [gettext("Name a store, or a case of the rights holder.")]})


class ArrivalSchema(FormSchema):
    """How and when a document reached the operator that was not made on this desk."""

    channel = Choice(ARRIVED_BY, required=True)
    received_at = LocalMoment(required=True)
    original = fields.List(fields.String(), load_default=list)


class RecordedNoticeSchema(ArrivalSchema):
    """A notice as it came: complete or not, so that only what names it is required."""

    marketplace_id = fields.Integer(required=True)
    kind = Choice(KINDS, required=True)
    title = Line(300, required=True)
    number = Line(64)
    office = Line(64)
    owner = Line(200)
    territory = Line(64)
    reason_code = Line(64)
    explanation = Prose(10_000)
    listings = Prose(200_000)
    name = Line(200, required=True)
    company = Line(200)
    address = Prose(1000)
    phone = Line(64)
    email = Mail(254)
    signed_name = Line(200)
    acting_as = Choice(("owner", "agent"), load_default="owner")
    locale = Line(16)
    statements = fields.List(fields.String(), load_default=list)


class RecordedCounterNoticeSchema(ArrivalSchema, ClaimsSchema):
    """A counter-notification as it came.

    ``at_once``: the listings come back now, and who records it knows. ``keep``: it lacks something and is kept all the same.
    """

    at_once = Tick()
    keep = Tick()
    grounds = fields.List(fields.String(), load_default=list)
    explanation = Prose(10_000)
    name = Line(200)
    address = Prose(1000)
    phone = Line(64)
    email = Mail(254)
    signed_name = Line(200)
    statements = fields.List(fields.String(), load_default=list)


class RecordedCourtPaperSchema(ArrivalSchema, ClaimsSchema):
    """A notice of a court action as it came; the flags are what the paper says, examined later."""

    forum = Line(200)
    docket = Line(100)
    filed_on = fields.Date(load_default=None, allow_none=True)
    filed_by_notifier = Tick()
    names_subscriber = Tick()
    seeks_restraint = Tick()
    signed_name = Line(200)
    statements = fields.List(fields.String(), load_default=list)


class ReceivedDocumentSchema(ArrivalSchema, ClaimsSchema):
    """A party's answer, withdrawal or word to delete, as it came."""

    step = Choice(tuple(RECEIVED_STEPS), required=True)
    text = Prose(10_000)
    signed_name = Line(200, required=True)

    @validates_schema
    def an_answer_says_something(self, said: dict[str, Any], **_more: Any) -> None:
        if said.get("step") == "answer" and not said.get("text"):
            raise ValidationError({"text": [gettext("Enter what the answer says.")]})


class CourtPaperSchema(CaseSchema):
    """What legal staff found in a court paper."""

    result = Choice(("confirm", "reject"), required=True)
    filed_by_notifier = Tick()
    names_subscriber = Tick()
    seeks_restraint = Tick()
    forum = Line(200)
    docket = Line(100)
    filed_on = fields.Date(load_default=None, allow_none=True)
    reasons = Prose(10_000)

    @validates_schema(skip_on_field_errors=False)
    def a_rejection_has_reasons(self, said: dict[str, Any], **_more: Any) -> None:
        if said.get("result") == "reject" and not said.get("reasons"):
            raise ValidationError({"reasons": [gettext("Write the reasons.")]})


class CourtOutcomeSchema(ClaimsSchema):
    """For whom the court found, with its document."""

    winner = Choice(("rights_holder", "seller"), required=True)
    reasons = Prose(10_000, required=True)
    documents = fields.List(fields.String(), load_default=list)
