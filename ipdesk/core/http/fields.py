"""Fields of forms and JSON: text that is what it looks like."""

import unicodedata
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from ipdesk.core.kernel.text import is_hidden, shows

BIGGEST_NUMBER = 2**63 - 1  # of a column


def clean(text: str) -> str:
    """``text`` in NFC, line ends as ``\\n``, without invisible and reordering characters."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() and text.isprintable() else "".join(one for one in text if not is_hidden(one))


def holds_invisible(text: str) -> bool:
    """Whether :func:`clean` takes characters out of ``text``."""
    return any(map(is_hidden, text))


class Line(fields.String):
    """One line of text of at most ``most`` characters; ``required`` refuses an empty one."""

    default_error_messages = {"required": _l("Fill this in."), "null": _l("Fill this in.")}

    def __init__(self, most: int = 200, *, least: int = 0, **kwargs: Any) -> None:
        self.most, self.least = most, least
        if not kwargs.get("required"):
            kwargs.setdefault("load_default", "")
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = self._tidy(clean(super()._deserialize(value, attr, data, **kwargs)))
        if self.required and not shows(text):
            raise ValidationError([_l("Fill this in.")])
        if text and len(text) < self.least:
            raise ValidationError([_l("Write at least %(n)s characters.", n=self.least)])
        if len(text) > self.most:
            raise ValidationError([_l("Shorten this to %(n)s characters. It has %(now)s.",
                                      n=self.most, now=len(text))])
        return text

    @staticmethod
    def _tidy(text: str) -> str:
        return " ".join(text.split())


class Prose(Line):
    """Text of several lines."""

    def __init__(self, most: int = 10_000, **kwargs: Any) -> None:
        super().__init__(most, **kwargs)

    @staticmethod
    def _tidy(text: str) -> str:
        return text.strip()


class Mail(Line):
    """An e-mail address, lower-cased domain."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text:
            try:
                validate.Email()(text)
            except ValidationError:
                raise ValidationError(
                    [_l("Enter an e-mail address, like name@company.example.")]) from None
        return text


class Phone(Line):
    """A telephone number as people write them, with extensions and brackets; what holds no number is refused."""

    _FEWEST_DIGITS = 3  # a short code

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text and sum(character.isdecimal() for character in text) < self._FEWEST_DIGITS:
            raise ValidationError([_l("Enter a telephone number, like +1 555 0100.")])
        return text


class Choice(fields.String):
    """Exactly one of ``codes``."""

    def __init__(self, codes: Any, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"required": _l("Choose one."), "null": _l("Choose one.")})
        super().__init__(**kwargs)
        self.codes = codes

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        codes = self.codes() if callable(self.codes) else self.codes
        if text not in codes:
            raise ValidationError([_l("Choose one.")])
        return text


class Tick(fields.Boolean):
    """A tick box: absent is no."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("load_default", False)
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        return bool(super()._deserialize(value or False, attr, data, **kwargs))


class MustTick(fields.Boolean):
    """A tick box that must be ticked before the form can be sent."""

    default_error_messages = {"required": _l("Tick this to go on."), "null": _l("Tick this to go on.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=True, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not super()._deserialize(value or False, attr, data, **kwargs):
            raise ValidationError([_l("Tick this to go on.")])
        return True


class _Bounded(Schema):
    """Its whole numbers are those that a column can hold."""

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        number = field_obj.inner if isinstance(field_obj, fields.List) else field_obj
        if isinstance(number, fields.Integer):
            number.validators = [*number.validators, validate.Range(
                -BIGGEST_NUMBER - 1, BIGGEST_NUMBER, error="Not a valid integer.")]


class FormSchema(_Bounded):
    """Base of every input schema, and all there is to a button: one for the form and for JSON; unknown keys are refused."""

    class Meta:
        unknown = RAISE


_UNSEEN = _l("The page did not say which state of the case it showed. Look at the case as it is now, then send it again.")


class CaseSchema(FormSchema):
    """Base of every form that moves a case. ``seen`` is the version of the case that the person's page showed."""

    seen = fields.Integer(required=True, error_messages=dict.fromkeys(("required", "null", "invalid"), _UNSEEN))


class QuerySchema(_Bounded):
    """Base of schemas that read a query string; what they do not know or cannot take counts as not said."""

    class Meta:
        unknown = EXCLUDE

    def load(self, data: Any, **options: Any) -> Any:
        try:
            return super().load(data, **options)
        except ValidationError as error:
            return super().load({name: value for name, value in data.items() if name not in error.messages}, **options)
