"""What a marketplace, a store and a listing consist of: one set of limits for forms and files."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError, fields, validates_schema

from ipdesk.core.http.fields import FormSchema, Line, Mail, Prose, QuerySchema
from ipdesk.features.catalogue.addresses import address_key

# Characters; what a longer text would break is the page of a case, a letter or a table of a bundle.
LIMITS = {
    "listing_id": 64, "store_id": 64, "store_name": 200, "title": 1000, "description": 50_000, "brand": 200,
    "price": 32, "currency": 8, "category": 200, "url": 2000, "contact_email": 254, "locale": 16, "country": 2,
}
ID_PATTERN = re.compile(r"\S+")
# Marketplaces write a sign before it, or in two or more words why there is none ("on request"); it is kept as they
# wrote it, because a capture shows what buyers saw.
PRICE_PATTERN = re.compile(r"([$€£¥] ?)?[0-9]{1,12}(\.[0-9]{1,4})?|[^\W\d_]+( [^\W\d_]+)+")
CURRENCY_PATTERN = re.compile(r"[A-Z]{3}")
COUNTRY_PATTERN = re.compile(r"[A-Z]{2}")
LOCALE_PATTERN = re.compile(r"[a-z]{2,3}([_-][A-Za-z]{2,4})?")
MARKET_PATTERN = re.compile(r"\*|[A-Z]{2}")
CODE_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]*")


def matches(pattern: re.Pattern[str], sentence: Any) -> Any:
    """A validator that lets an empty text pass."""
    def check(text: str) -> None:
        if text and not pattern.fullmatch(text):
            raise ValidationError([sentence])
    return check


def _is_address(text: str) -> None:
    if text and address_key(text) is None:
        raise ValidationError([_l("Enter a web address, like https://market.example/item/1.")])


class MarketplaceSchema(FormSchema):
    """A marketplace; ``market`` is an ISO country or ``*`` for everywhere."""

    code = Line(32, required=True, validate=matches(
        CODE_PATTERN, _l("Use small letters, digits and hyphens, like shop-de.")))
    name = Line(200, required=True)
    url = Line(LIMITS["url"], required=True, validate=_is_address)
    market = Line(2, required=True, validate=matches(
        MARKET_PATTERN, _l("Enter a country code of two capital letters, or * for everywhere.")))


class StoreSchema(FormSchema):
    """A store of one marketplace."""

    marketplace_id = fields.Integer(required=True)
    external_id = Line(LIMITS["store_id"], required=True, validate=matches(
        ID_PATTERN, _l("Enter the id without spaces.")))
    name = Line(LIMITS["store_name"], required=True)
    contact_email = Mail(LIMITS["contact_email"])
    locale = Line(LIMITS["locale"], validate=matches(
        LOCALE_PATTERN, _l("Enter a language code, like en or zh_CN.")))
    country = Line(LIMITS["country"], validate=matches(
        COUNTRY_PATTERN, _l("Enter a country code of two capital letters, like DE.")))


class ListingSchema(FormSchema):
    """A listing; its store is the page's."""

    external_id = Line(LIMITS["listing_id"], required=True, validate=matches(
        ID_PATTERN, _l("Enter the id without spaces.")))
    title = Line(LIMITS["title"], required=True)
    url = Line(LIMITS["url"], validate=_is_address)
    brand = Line(LIMITS["brand"])
    price = Line(LIMITS["price"], validate=matches(
        PRICE_PATTERN, _l("Enter the price in digits, like 1234.50.")))
    currency = Line(LIMITS["currency"], validate=matches(
        CURRENCY_PATTERN, _l("Enter a currency code of three capital letters, like USD.")))
    category = Line(LIMITS["category"])
    description = Prose(LIMITS["description"])

    @validates_schema
    def _price_has_a_currency(self, values: dict[str, Any], **_: Any) -> None:
        if values.get("price") and not values.get("currency"):
            raise ValidationError([_l("Say in which currency the price is.")], "currency")


class SearchSchema(QuerySchema):
    """The search box of the catalogue."""

    q = Line(300)
    marketplace = fields.Integer(load_default=None, allow_none=True)
    cursor = Line(100)
