"""A form acts once, in one transaction, or shows again with everything that was typed."""

import threading
from datetime import timedelta

import pytest
from flask import g, get_flashed_messages, session
from sqlalchemy import func, select

from ipdesk.core.casework.models import Note
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.fields import CaseSchema, FormSchema, Line, Prose
from ipdesk.core.http.forms import Form
from ipdesk.core.http.idempotency import FormSubmission
from ipdesk.core.jobs.loop import Worker
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, Refusal, Stale
from ipdesk.worker import jobs
from tests import make


class Schema(FormSchema):
    text = Prose(100, required=True)
    tags = Line(20)


class AboutCase(Schema, CaseSchema):
    """A form that moves a case."""


ADA = {"user_id": 1, "address": "192.0.2.1"}
EVE = {"user_id": 2, "address": "192.0.2.1"}


@pytest.fixture
def case_id(app):
    from ipdesk.core.casework.advance import new_case

    with app.app_context(), unit_of_work():
        case = new_case(actor=Actor(at=make.now()), kind="right", workflow="right")
        db.session.add(case)
        db.session.flush()
        return case.id


@pytest.fixture
def send(app, case_id):
    """``send({...})`` posts once; returns ``(response or None, form)``."""
    def post(data, *, who=ADA, path="/notes", act=None, browser="", schema=Schema):
        def write(said):
            db.session.add(Note(case_id=case_id, author_id=who["user_id"] or 0, author_name="A", text=said["text"], written_at=g.actor.at))
            db.session.flush()
            return f"/notes/{count_of(Note)}"

        with app.test_request_context(path, method="POST", data=data):
            g.actor = Actor(at=make.now(), **who)
            session["csrf_token"] = browser
            form = Form.read(schema())
            return form.submit(act or write), form

    return post


def count_of(model):
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


@pytest.fixture
def notes(app):
    def count(model=Note):
        with app.app_context():
            return count_of(model)

    return count


def test_a_form_acts_and_goes_on(send, notes):
    answer, _ = send({"text": "hello", "form_key": "k1"})
    assert (answer.status_code, answer.location, notes()) == (303, "/notes/1", 1)


def test_a_form_sent_twice_acts_once_and_answers_the_same(send, notes):
    first, _ = send({"text": "hello", "form_key": "k1"})
    second, _ = send({"text": "hello", "form_key": "k1"})
    assert (second.status_code, second.location) == (first.status_code, first.location)
    assert notes() == 1


def test_a_form_sent_by_fifty_clicks_at_once_acts_once(send, notes):
    """A double click without script, a proxy that repeats: one effect, fifty equal answers."""
    gate, answers, failed = threading.Barrier(50), [], []

    def click():
        gate.wait(30)
        try:
            answers.append(send({"text": "hello", "form_key": "k1"})[0].location)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=click) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert set(answers) == {"/notes/1"} and len(answers) == 50
    assert notes() == 1 and notes(FormSubmission) == 1


def test_gone_back_to_and_changed_it_is_another_form(send, notes):
    """Nobody's correction is dropped without a word."""
    send({"text": "hello", "form_key": "k1"})
    answer, _ = send({"text": "hello, corrected", "form_key": "k1"})
    assert answer.location == "/notes/2" and notes() == 2


def test_two_forms_of_one_page_may_share_its_key(send, notes):
    send({"text": "hello", "form_key": "k1"})
    send({"text": "hello", "form_key": "k1"}, path="/other")
    assert notes() == 2


@pytest.mark.parametrize("key", [{}, {"form_key": ""}])
def test_without_a_key_every_posting_is_its_own(send, notes, key):
    for _ in range(2):
        assert send({"text": "hello", **key})[0].status_code == 303
    assert notes() == 2


def test_a_form_of_another_person_is_refused(send, notes):
    send({"text": "hello", "form_key": "k1"})
    answer, form = send({"text": "hello", "form_key": "k1"}, who=EVE)
    assert answer is None and form.status == 409 and "somebody else" in form.errors[""][0]
    assert notes() == 1


GUEST = {"user_id": None, "address": "192.0.2.1"}


@pytest.mark.parametrize("who", [ADA, GUEST])
def test_a_phone_that_changes_networks_repeats_its_own_form(send, notes, who):
    first, _ = send({"text": "hello", "form_key": "k1"}, who=who, browser="hers")
    second, _ = send({"text": "hello", "form_key": "k1"}, who={**who, "address": "198.51.100.7"}, browser="hers")
    assert second.location == first.location and notes() == 1


def test_a_form_of_another_guest_at_the_same_address_is_refused(send, notes):
    send({"text": "hello", "form_key": "k1"}, who=GUEST, browser="hers")
    answer, form = send({"text": "hello", "form_key": "k1"}, who=GUEST, browser="his")
    assert answer is None and form.status == 409 and notes() == 1


def test_forms_are_remembered_for_a_month(app, send, notes, clock):
    send({"text": "hello", "form_key": "k1"})
    clock.advance(timedelta(days=2))
    send({"text": "hello", "form_key": "k2"})
    worker = Worker(jobs(app.extensions["ipdesk.settings"], clock), clock)
    with app.app_context():
        clock.advance(timedelta(days=28))
        worker.round()
        assert notes(FormSubmission) == 2
        clock.advance(timedelta(hours=1))
        worker.round()
        assert notes(FormSubmission) == 1


def test_a_very_long_key_is_cut_and_still_acts_once(send, notes):
    for _ in range(2):
        assert send({"text": "hello", "form_key": "k" * 10_000})[0].status_code == 303
    assert notes() == 1


TYPED = {"text": "x" * 101, "tags": "  lamps\u200b  ", "form_key": "k1"}


def test_what_cannot_be_taken_shows_again_as_it_was_typed(send, notes):
    answer, form = send(TYPED)
    assert answer is None and form.status == 422
    assert form.errors == {"text": ["Shorten this to 100 characters. It has 101."]}
    assert form.values == {"text": "x" * 101, "tags": "  lamps\u200b  "}
    assert form.key == "k1", "sent again, corrected, it is still the same form"
    assert notes() == 0 and notes(FormSubmission) == 0


def test_what_cannot_be_seen_is_taken_out_and_that_is_said(send, notes):
    """What is signed must read as it looks, and nobody's words are changed behind their back."""
    said = []
    for text in ("pay\u202epal", "paypal"):
        _, form = send({"text": text}, act=lambda data: said.append((data["text"], get_flashed_messages())) or "/notes")
        assert not form.errors
    (first, told), (second, silent) = said
    assert first == second == "paypal"
    assert "taken out of what you typed" in told[0] and silent == []


def test_corrected_it_acts(send, notes):
    send(TYPED)
    assert send({**TYPED, "text": "short"})[0].status_code == 303
    assert notes() == 1


def test_what_the_schema_does_not_know_is_said_and_does_nothing(send, notes):
    answer, form = send({"text": "hello", "author_id": "7"})
    assert answer is None and form.errors == {"author_id": ["This field does not belong here."]}
    assert notes() == 0


REFUSALS = {
    "a rule": (Refusal("nothing_chosen"), 409, {"": ["Choose at least one listing."]}),
    "a field": (Invalid({"text": ["Fill this in."]}), 422, {"text": ["Fill this in."]}),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_a_refusal_in_the_middle_leaves_nothing_and_can_be_sent_again(send, notes, why, case_id):
    error, status, errors = REFUSALS[why]

    def act(said):
        db.session.add(Note(case_id=case_id, author_id=1, author_name="A", text="half", written_at=g.actor.at))
        db.session.flush()
        raise error

    answer, form = send({"text": "hello", "form_key": "k1"}, act=act)
    assert (answer, form.status, form.errors, form.values["text"]) == (None, status, errors, "hello")
    assert notes() == 0 and notes(FormSubmission) == 0
    assert send({"text": "hello", "form_key": "k1"})[0].status_code == 303


def test_a_page_that_went_stale_keeps_what_was_typed_and_forgets_the_version_it_showed(send, notes, case_id):
    def act(said):
        db.session.add(Note(case_id=case_id, author_id=1, author_name="A", text="half", written_at=g.actor.at))
        raise Stale(1, 2)

    answer, form = send({"text": "hello", "form_key": "k1", "seen": "1"}, act=act, schema=AboutCase)
    assert (answer, form.status, form.values) == (None, 409, {"text": "hello"})
    assert "moved while you were reading" in form.errors[""][0]
    assert notes() == 0 and notes(FormSubmission) == 0


@pytest.mark.parametrize("seen", [{}, {"seen": ""}, {"seen": "the newest"}])
def test_a_form_that_moves_a_case_says_which_state_of_it_was_seen(send, notes, seen):
    answer, form = send({"text": "hello", "form_key": "k1", **seen}, schema=AboutCase)
    assert (answer, form.status, form.values) == (None, 422, {"text": "hello"})
    assert "did not say which state of the case it showed" in form.errors[""][0]
    assert notes() == 0


def test_what_is_not_the_forms_to_say_is_raised_and_leaves_nothing(send, notes, case_id):
    def act(said):
        db.session.add(Note(case_id=case_id, author_id=1, author_name="A", text="half", written_at=g.actor.at))
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError):
        send({"text": "hello", "form_key": "k1"}, act=act)
    assert notes() == 0 and notes(FormSubmission) == 0
