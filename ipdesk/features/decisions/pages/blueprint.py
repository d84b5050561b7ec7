"""The blueprint that the staff's pages share, and what each of them needs."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, redirect
from marshmallow import Schema
from werkzeug.wrappers import Response

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.access import access
from ipdesk.core.http.fields import FormSchema
from ipdesk.core.http.forms import Form
from ipdesk.core.http.problems import page, refusal_text
from ipdesk.core.kernel.errors import Invalid, NotVisible, Refusal, Stale
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.rights import queries as rights

pages = Blueprint("decisions", __name__)
# Who works on cases. An administrator supervises, an auditor reads.
HANDLERS = ("legal", "reviewer")
handlers_only = access(*HANDLERS)


def case_row(kind: str, reference: str) -> Any:
    """The notice, complaint or right, as far as this person may see it."""
    if kind == "notice":
        return complaints.notice(g.actor, reference)
    if kind == "complaint":
        return complaints.complaint(g.actor, reference)
    if kind == "right":
        return rights.right(g.actor, reference)
    raise NotVisible


def locked_row(kind: str, reference: str) -> Any:
    """The same, locked for the act; inside a unit of work."""
    return rules.kinds[kind].load(case_row(kind, reference).id)


def button(act: Callable[[dict[str, Any]], str], schema: Schema | None = None) -> Response:
    """A form without a page of its own: act and go on, or the reason on a page."""
    form = Form.read(schema or FormSchema())
    if response := form.submit(act):
        return response
    texts = [text for found in form.errors.values() for text in found]
    return page(form.status if form.status == 409 else 400, " ".join(texts))


def refused(form: Form, refusal: Refusal) -> None:
    """Show the refusal above the form."""
    form.refuse({"": [refusal_text(refusal.code, refusal.facts)]})
    form.status = 409


def rehearsed(form: Form, act: Callable[[], Any]) -> Any:
    """What ``act`` finds that would be written; ``None`` with the reason in the form when nothing can be."""
    try:
        with unit_of_work():
            return act()
    except Stale:
        form.moved()
    except Refusal as refusal:
        refused(form, refusal)
    except Invalid as error:
        form.refuse(error.errors)
    return None


def fresh(form: Form) -> Form:
    """The form as it was typed, nothing judged yet."""
    form.errors, form.status = {}, 200
    return form


def done(text: str) -> None:
    """Say on the next page that it is done; a handler can take the next case from there."""
    flash(text, "case_done")


def go(location: str) -> Response:
    return redirect(location, 303)
