"""What the forms of notices take in."""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ipdesk.core.http.fields import CaseSchema, Choice, FormSchema, Line, Mail, MustTick, Phone, Prose, QuerySchema
from ipdesk.features.rights.models import KINDS

# What stands for "a work that I describe here" among the rights to choose from.
NEW_WORK = "new"
LONGEST_PASTE = 400_000
EXPLANATION = 10_000
SHARES = ("share", "platform_only")
PURCHASE_SHARES = ("staff_only", "share")
STATES = ("draft", "filed", "deficient", "accepted", "refused", "withdrawn")
_OUT_OF = {"error_messages": {"required": _l("Choose one."), "null": _l("Choose one.")}}


def _fill_in(said: dict[str, Any], *names: str) -> None:
    empty = {name: [_l("Fill this in.")] for name in names if not said.get(name)}
    if empty:
        raise ValidationError(empty)


class ListSchema(QuerySchema):
    """The query string of the list of notices."""

    state = Line(24)
    cursor = fields.String(load_default="")


class RightSchema(FormSchema):
    """The right that the notice rests on, or a copyright work described on the spot."""

    marketplace = fields.Integer(load_default=None, allow_none=True)
    right = fields.String(required=True, **_OUT_OF)
    work_title = Line(300)
    work_owner = Line(200)
    work_description = Prose(5000)

    @validates_schema
    def _work_is_described(self, said: dict[str, Any], **_more: Any) -> None:
        if said.get("right") == NEW_WORK:
            _fill_in(said, "work_title", "work_owner")


class SearchSchema(QuerySchema):
    """The search for listings inside the step that names them."""

    q = Line(300)
    cursor = Line(100)


class ListingsSchema(FormSchema):
    """Entries to add; a file comes beside them as ``file``."""

    pasted = Prose(LONGEST_PASTE)
    file = fields.Raw(load_default=None)


class ChosenSchema(FormSchema):
    """Listings ticked in the search."""

    chosen = fields.List(fields.String(), load_default=list)
    q = Line(300)


class RemoveSchema(FormSchema):
    """Rows to take out, by their entered text; ``what`` is ``refused`` for every row that is not accepted."""

    remove = fields.List(fields.Integer(), load_default=list)
    what = Line(16)


def reason_schema(codes: Collection[str]) -> FormSchema:
    """Reason and explanation of the whole notice; ``codes`` fit the right."""
    return FormSchema.from_dict({
        **_own_of_rows(codes),
        "reason_code": Choice(codes, required=True), "explanation": Prose(EXPLANATION, required=True),
    }, name="ReasonSchema")()  # type: ignore[return-value]


def _own_of_rows(codes: Collection[str]) -> dict[str, fields.Field]:
    return {"rows": fields.List(fields.Integer(), load_default=list),
            "own_reason_code": Choice({"", *codes}, load_default=""), "own_explanation": Prose(EXPLANATION)}


def exception_schema(codes: Collection[str]) -> FormSchema:
    """Another reason or explanation for ticked rows; ``act`` is ``set`` or ``clear``.

    What is typed for all listings comes along, so that it is not lost; it may still be empty.
    """
    return FormSchema.from_dict({
        **_own_of_rows(codes),
        "reason_code": Choice({"", *codes}, load_default=""), "explanation": Prose(EXPLANATION),
        "act": Choice(("set", "clear"), load_default="set"),
    }, name="ExceptionSchema")()  # type: ignore[return-value]


class ExhibitsSchema(FormSchema):
    """References of files that have arrived."""

    exhibits = fields.List(fields.String(), load_default=list)


class ArrivedSchema(FormSchema):
    """A file that has arrived on the page of the draft."""

    field = Choice(("exhibits",), required=True)
    exhibit = Line(32, required=True)


class AssignSchema(FormSchema):
    """Who sees one exhibit."""

    visibility = Choice(SHARES, required=True)
    stores = Choice(("all", "some"), required=True)
    rows = fields.List(fields.Integer(), load_default=list)

    @validates_schema
    def _some_has_rows(self, said: dict[str, Any], **_more: Any) -> None:
        if said.get("stores") == "some" and not said.get("rows"):
            raise ValidationError([_l("Tick at least one listing, or choose all stores.")], "rows")
        if said.get("stores") == "all" and said.get("rows"):
            raise ValidationError([_l("You ticked listings, but chose all stores. Choose who is to see this exhibit.")], "stores")


class PurchaseSchema(FormSchema):
    """One test purchase; ``row`` is empty where it is about no single listing."""

    row = fields.Integer(load_default=None, allow_none=True)
    ordered_on = fields.Date(load_default=None, allow_none=True)
    order_number = Line(64)
    findings = Prose(5000, required=True)
    visibility = Choice(PURCHASE_SHARES, load_default="staff_only")


class PurchaseRemovalSchema(FormSchema):
    place = fields.Integer(required=True)


class ContactSchema(FormSchema):
    """Who files, and how to reach them."""

    acting_as = Choice(("owner", "agent"), required=True)
    name = Line(200, required=True)
    company = Line(200)
    address = Prose(500)
    phone = Phone(50)
    email = Mail(254, required=True)


CONTACT = ("name", "company", "address", "phone", "email")


def sign_schema(codes: Iterable[str]) -> CaseSchema:
    """The signature under the statements of the regime; ``shown`` binds it to the page that was read."""
    return _sign_schema(tuple(codes))()  # type: ignore[return-value]


@cache
def _sign_schema(codes: tuple[str, ...]) -> type[Schema]:
    """Made once for the statements of a regime: making it costs more than reading a form with it."""
    return CaseSchema.from_dict({
        "signed_name": Line(200, required=True), "shown": Line(64, required=True),
        **{f"statement_{code}": MustTick() for code in codes},
    }, name="SignSchema")


RIGHT_ENTRIES = ("title", "owner", "number", "office", "description")


def complete_schema(
    codes: Iterable[str], reasons: Collection[str], *, asks: Collection[str], right: str = "",
) -> CaseSchema:
    """What makes a deficient notice good; ``asks`` names the fields that the law wants of it, ``right`` the kind of
    right whose entries are asked for anew."""
    made: dict[str, Any] = {
        "name": Line(200, required=True), "company": Line(200), "email": Mail(254, required="email" in asks),
        "address": Prose(500, required="address" in asks), "phone": Phone(50, required="phone" in asks),
        "explanation": Prose(EXPLANATION, required="explanation" in asks), "signed_name": Line(200, required=True),
        "exhibits": fields.List(fields.String(), load_default=list),
        **{f"statement_{code}": MustTick() for code in codes},
    }
    if "listings" in asks:
        made["listings"] = Prose(LONGEST_PASTE, required=True)
    if "reason_code" in asks:
        made["reason_code"] = Choice(reasons, required=True)
    if right:
        registered = right != "copyright"
        made |= {"title": Line(300, required=True), "owner": Line(200, required=True), "description": Prose(5000),
                 "number": Line(64, required=registered), "office": Line(64, required=registered)}
    return CaseSchema.from_dict(made, name="CompleteSchema")()  # type: ignore[return-value]


class GuestSchema(FormSchema):
    """A whole notice of somebody without account, before it is read through and signed."""

    step = Line(8)
    marketplace = fields.Integer(load_default=None, allow_none=True)
    kind = Choice(KINDS, required=True)
    title = Line(300, required=True)
    owner = Line(200, required=True)
    number = Line(64)
    office = Line(64)
    description = Prose(5000)
    pasted = Prose(20_000, required=True)
    reason_code = fields.String(required=True, validate=validate.Length(min=1, error=_l("Choose one.")), **_OUT_OF)
    explanation = Prose(EXPLANATION, required=True)
    exhibits = fields.List(fields.String(), load_default=list)
    acting_as = Choice(("owner", "agent"), required=True)
    name = Line(200, required=True)
    company = Line(200)
    address = Prose(500)
    phone = Phone(50)
    email = Mail(254, required=True)

    @validates_schema
    def _registered_right_has_a_number(self, said: dict[str, Any], **_more: Any) -> None:
        if said.get("kind") and said["kind"] != "copyright":
            _fill_in(said, "number", "office")


def signed_guest_schema(codes: Iterable[str]) -> Schema:
    """The same with the signature."""
    return GuestSchema.from_dict({
        "signed_name": Line(200, required=True), "shown": Line(64, required=True),
        **{f"statement_{code}": MustTick() for code in codes},
    }, name="SignedGuestSchema")()


class LinkSchema(FormSchema):
    """A guest asks for a new link to its notice."""

    reference = Line(24, required=True)
    email = Mail(254, required=True)
