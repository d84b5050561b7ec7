"""Input of the account pages."""

from functools import cache
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError, fields, validates_schema

from ipdesk.core.http.fields import Choice, FormSchema, Line, Mail, Prose, QuerySchema
from ipdesk.features.accounts.models import MANAGER, MEMBER, STAFF_ACCOUNT_ROLES

LOCALES = ("en", "zh_CN")


@cache
def zones() -> frozenset[str]:
    """The IANA zones that a person may choose."""
    return frozenset(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


class ProfileSchema(FormSchema):
    name = Line(200, required=True)
    locale = Choice(LOCALES, required=True)
    zone = Line(64)

    @validates_schema
    def _known_zone(self, said: dict[str, str], **_more: object) -> None:
        if said.get("zone") and said["zone"] not in zones():
            raise ValidationError([_l("Choose a time zone of the list.")], "zone")


class InviteMemberSchema(FormSchema):
    email = Mail(254, required=True)
    role = Choice((MANAGER, MEMBER), required=True)


class MemberRoleSchema(FormSchema):
    role = Choice((MANAGER, MEMBER), required=True)


class InviteStaffSchema(FormSchema):
    email = Mail(254, required=True)
    role = Choice(STAFF_ACCOUNT_ROLES, required=True)


class StaffRolesSchema(FormSchema):
    roles = fields.List(Choice(STAFF_ACCOUNT_ROLES), load_default=list)


class AddressSchema(FormSchema):
    """A form that asks for a letter to an address."""

    email = Mail(254, required=True)


class AcceptSchema(FormSchema):
    """What a person without account says when accepting an invitation."""

    name = Line(200, required=True)
    password = fields.String(required=True)


class FindStoreSchema(QuerySchema):
    marketplace = Line(32)
    store = Line(64)


class AskForStoreSchema(FormSchema):
    marketplace = Line(32)
    store = Line(64, required=True)


class BindStoreSchema(FormSchema):
    email = Mail(254, required=True)
    proof = Prose(4000, required=True, least=20)


class RevokeBindingSchema(FormSchema):
    because = Prose(2000, required=True, least=10)
