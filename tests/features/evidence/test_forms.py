"""Files inside another feature's form, without script."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect
from marshmallow import fields
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from ipdesk.core.db.core import db
from ipdesk.core.http.access import access
from ipdesk.core.http.fields import FormSchema, Line
from ipdesk.core.http.forms import Form
from ipdesk.features.evidence import forms
from ipdesk.features.evidence.models import Exhibit
from tests.features.evidence.conftest import Desk, locked_pdf, picture

PAGE = """{% from 'components/upload.html' import upload_field %}<!doctype html><title>t</title>
<form method="post" enctype="multipart/form-data"><input name="grounds" value="{{ form.values.grounds or '' }}">
{{ upload_field('exhibits', exhibits, form.errors) }}<button>Send</button></form>
<script src="{{ url_for('static', filename='ipdesk.js') }}" defer></script>"""


class ReplySchema(FormSchema):
    grounds = Line(required=True)
    exhibits = fields.List(fields.String(), load_default=list)


def add_reply_page(app: Flask, taken: list[dict[str, Any]]) -> None:
    """A page of a feature above: one line of text and its exhibits."""
    CSRFProtect(app)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.jinja_env.add_extension("jinja2.ext.i18n")

    @app.route("/reply", methods=["GET", "POST"])
    @access.public
    def reply() -> Any:
        from flask import request
        form = Form()
        if request.method == "POST":
            form = Form.read(ReplySchema())
            forms.take_files(form, "exhibits")
            if not form.errors:
                drafts = forms.drafts(form.data["exhibits"])
                taken.append(form.data | {"names": [row.name for row in drafts]})
                return "thanks"
        shown = forms.shown(form.values.get("exhibits") or [])
        return render_template_string(PAGE, form=form, exhibits=shown), form.status


@pytest.fixture
def taken(desk: Desk) -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    add_reply_page(desk.app, found)
    yield found


@pytest.fixture
def client(desk: Desk, taken: list[dict[str, Any]]) -> FlaskClient:
    desk.as_(user_id=7, roles=frozenset({"seller"}))
    return desk.app.test_client()


def send(client: FlaskClient, grounds: str, files: list[tuple[bytes, str]], references: tuple[str, ...] = ()) -> Any:
    data: MultiDict[str, Any] = MultiDict([("grounds", grounds)])
    for reference in references:
        data.add("exhibits", reference)
    for content, name in files:
        data.add("exhibits_files", (io.BytesIO(content), name))
    return client.post("/reply", data=data, content_type="multipart/form-data")


def references() -> list[str]:
    return list(db.session.scalars(select(Exhibit.reference).order_by(Exhibit.id)))


def test_files_that_come_with_the_form_are_taken_in_order(client: FlaskClient, taken: list[dict[str, Any]]) -> None:
    assert send(client, "licence", [(picture("JPEG"), "a.jpg"), (b"text", "b.txt")]).data == b"thanks"
    assert taken[0]["names"] == ["a.jpg", "b.txt"]


def test_an_error_elsewhere_loses_neither_file_nor_text(client: FlaskClient, taken: list[dict[str, Any]]) -> None:
    answer = send(client, "", [(picture("JPEG"), "a.jpg")])
    assert (answer.status_code, taken) == (422, [])
    [kept] = references()
    assert f'value="{kept}" checked' in answer.text and "a.jpg" in answer.text
    send(client, "licence", [], (kept,))
    assert taken[0]["names"] == ["a.jpg"]


def test_a_bad_file_says_so_beside_the_field_and_the_good_one_stays(client: FlaskClient, taken: list[dict[str, Any]]) -> None:
    answer = send(client, "my grounds", [(b"", "empty.jpg"), (b"good", "good.txt"), (b"MZ" + bytes(99), "virus.jpg")])
    assert (answer.status_code, taken) == (422, [])
    assert 'value="my grounds"' in answer.text
    assert answer.text.count("govuk-error-message\">") == 2
    assert "“empty.jpg” is empty" in answer.text and "“virus.jpg” is a kind of file" in answer.text
    assert "good.txt" in answer.text and len(references()) == 1


def test_a_locked_pdf_is_kept_and_said_to_be_unreadable(client: FlaskClient) -> None:
    answer = send(client, "", [(locked_pdf(), "contract.pdf")])
    assert "Upload an unlocked copy" in answer.text


def test_an_unticked_file_is_left_out(client: FlaskClient, taken: list[dict[str, Any]]) -> None:
    send(client, "", [(b"one", "one.txt"), (b"two", "two.txt")])
    send(client, "licence", [], (references()[1],))
    assert taken[0]["names"] == ["two.txt"]


def test_an_empty_file_field_is_no_file(client: FlaskClient, taken: list[dict[str, Any]]) -> None:
    send(client, "licence", [(b"", "")])
    assert (taken[0]["names"], references()) == ([], [])


def test_somebody_elses_reference_is_no_reference(desk: Desk, client: FlaskClient, taken: list[dict[str, Any]]) -> None:
    send(client, "", [(b"secret", "secret.txt")])
    desk.as_(user_id=8, roles=frozenset({"seller"}))
    assert send(client, "licence", [], tuple(references())).status_code == 404
    assert "secret.txt" not in send(client, "", [], tuple(references())).text
    assert taken == []


def test_a_guest_keeps_files_by_the_browser(desk: Desk, client: FlaskClient, taken: list[dict[str, Any]]) -> None:
    desk.as_()
    send(client, "", [(b"text", "guest.txt")])
    with client.session_transaction() as kept:
        assert forms.GUEST_KEY in kept
    send(client, "licence", [], tuple(references()))
    assert taken[0]["names"] == ["guest.txt"]
    stranger = desk.app.test_client()
    assert send(stranger, "licence", [], tuple(references())).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(Exhibit).where(Exhibit.owner_user_id.is_not(None))) == 0


def test_a_name_cannot_become_markup(client: FlaskClient) -> None:
    answer = send(client, "", [(b"x", '"><img src=x onerror=alert(1)>.txt')])
    assert "<img src=x" not in answer.text


