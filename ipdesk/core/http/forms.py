"""One form, sent once: read, act in one transaction, go on; or show it again with what was typed."""

from collections.abc import Callable
from typing import Any

from flask import flash, g, redirect, request, session
from flask_babel import gettext
from marshmallow import Schema, ValidationError, fields
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ipdesk.core.db.rows import read_columns, write_rows_at_commit
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.fields import holds_invisible
from ipdesk.core.http.idempotency import FormSubmission
from ipdesk.core.http.problems import moved_text, refusal_text
from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.kernel.errors import Invalid, Refusal, Stale
from ipdesk.core.kernel.ids import hash_token, new_token

_DEADLOCK = "40P01"  # PostgreSQL's own code
_PLUMBING = {"csrf_token", "form_key"}
_done_before = select(FormSubmission.sent_by, FormSubmission.location).where(FormSubmission.key == bindparam("key"))


class Form:
    """What a page needs of a form: ``values`` to show, ``errors`` beside them, ``data`` once loaded
    (with errors only what was right).

    ``errors`` maps a field to its messages; the key ``""`` holds what concerns the whole form.
    """

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.values: dict[str, Any] = dict(values or {})
        self.errors: dict[str, list[str]] = {}
        self.data: dict[str, Any] = {}
        self.key = new_token()
        self.status = 200

    @classmethod
    def read(cls, schema: Schema) -> "Form":
        """The form that was sent, checked by ``schema``."""
        form = cls(_plain(request.form, schema))
        form.key = request.form.get("form_key", "")[:64] or form.key
        if any(holds_invisible(text) for text in request.form.values()):
            flash(gettext("Characters that cannot be seen, or that turn the direction of reading, were taken out of what you typed. "
                          "Check that it still says what you mean."), "info")
        try:
            form.data = schema.load(form.values)
        except ValidationError as error:
            form.data = dict(error.valid_data or {})
            form.refuse(_messages(error.messages))
            if "seen" in form.errors:  # no field that the person could go to; the page shows the case as it is now
                form.values.pop("seen", None)
                form.errors[""] = form.errors.pop("seen")
        return form

    def check(self, *checks: Callable[[], Any]) -> None:
        """Run checks that stand alone, so that what they find (``Invalid``) is shown together with what the schema found."""
        found: dict[str, list[str]] = {}
        for check in checks:
            try:
                check()
            except Invalid as error:
                found |= _in_readers_words(error)
        if found:
            self.refuse({**found, **self.errors})

    def refuse(self, errors: dict[str, list[str]]) -> None:
        self.errors, self.status = errors, 422

    def moved(self) -> None:
        """Say that the case moved meanwhile. What was typed stays, beside the case as it is now."""
        self.values.pop("seen", None)
        self.refuse({"": [moved_text()]})
        self.status = 409

    def submit(self, act: Callable[[dict[str, Any]], str], *, again: int = 3) -> Response | None:
        """Run ``act(data)`` in a unit of work and redirect to the address it returns.

        ``None`` means that nothing was done and ``errors`` says why. A form sent twice acts once:
        the second answer is the first one's. Gone back to, changed and sent again it is another form.
        """
        if self.errors:
            return None
        try:
            location = self._once(act)
        except Invalid as error:
            self.refuse(_in_readers_words(error))
            return None
        except Refusal as error:
            self.refuse({"": [refusal_text(error.code, error.facts)]})
            self.status = 409
            return None
        except Stale:
            self.moved()
            return None
        except IntegrityError as error:
            if "form_submissions" not in str(error.orig):
                raise
            return self.submit(act)
        except OperationalError as error:
            # Two acts over the same listings waited for each other, and the database chose this one to go back.
            if getattr(error.orig, "sqlstate", "") != _DEADLOCK or again <= 0:
                raise
            return self.submit(act, again=again - 1)
        return redirect(location, 303)

    def _once(self, act: Callable[[dict[str, Any]], str]) -> str:
        """The address that ``act`` leads to, or led to when this very form was sent before; one transaction."""
        sender, key = _sender(), self._identity()
        with unit_of_work():
            done = read_columns(_done_before, key=key).first()
            if done is None:
                location = act(self.data)
                write_rows_at_commit(FormSubmission, [
                    {"key": key, "sent_by": sender, "sent_at": g.actor.at, "location": location}])
            elif done.sent_by == sender:
                location = done.location
            else:
                raise Refusal("form_belongs_to_another")
        return location

    def _identity(self) -> str:
        """What makes two postings the same one: the form's key, where it went and what it said."""
        said = sorted((name, value) for name, value in request.form.items(multi=True) if name not in _PLUMBING)
        return sha256_hex(canonical_json([self.key, request.path, said]))


def _sender() -> str:
    """The account, or for a guest the browser: its session holds a token of forms before it can send one.

    Never the network address: a phone that changes networks is the same sender.
    """
    if g.actor.user_id is not None:
        return f"user {g.actor.user_id}"
    return hash_token(session.get("csrf_token", ""))


def _in_readers_words(error: Invalid) -> dict[str, list[str]]:
    return {name: [gettext(str(text)) for text in texts] for name, texts in error.errors.items()}


def _plain(sent: MultiDict[str, str], schema: Schema) -> dict[str, Any]:
    """Form values by name; a list where the schema has one."""
    values: dict[str, Any] = {}
    for name in sent:
        if name in _PLUMBING:
            continue
        many = isinstance(schema.fields.get(name), fields.List)
        values[name] = sent.getlist(name) if many else sent[name]
        if values[name] == "" and isinstance(
            schema.fields.get(name), (fields.Date, fields.Integer, fields.Decimal)
        ):
            values[name] = None
    return values


def _messages(errors: Any) -> dict[str, list[str]]:
    """marshmallow's nested messages as ``{field: [text]}``, in the reader's language."""
    flat: dict[str, list[str]] = {}
    for name, found in errors.items():
        key = "" if name == "_schema" else str(name)
        if isinstance(found, dict):
            found = [text for texts in found.values() for text in (
                texts if isinstance(texts, list) else [texts])]
        elif not isinstance(found, list):
            found = [found]  # a text that is translated when it is shown is not wrapped by marshmallow
        flat[key] = [_own_words(str(text)) for text in found]
    return flat


def _own_words(text: str) -> str:
    known = {
        "Missing data for required field.": gettext("Fill this in."),
        "Field may not be null.": gettext("Fill this in."),
        "Not a valid date.": gettext("Enter a date, like 2026-11-22."),
        "Not a valid integer.": gettext("Enter a whole number."),
        "Unknown field.": gettext("This field does not belong here."),
    }
    return known.get(text, text)
