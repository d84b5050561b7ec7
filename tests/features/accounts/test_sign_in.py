"""Signing in and out: who gets in, who does not, and that the answers tell nothing."""

import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event, select

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.features.accounts import throttle
from ipdesk.features.accounts.models import SignIn, SignInTry, User
from ipdesk.features.accounts.sign_in import is_easily_guessed, safe_next
from tests import make
from tests.visitors import sign_in

WRONG = "not the password at all"


def enter(client, email, password=make.PASSWORD, **more):
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def is_in(client):
    return client.get("/account").status_code == 200


def visible(response):
    """The page without what differs from request to request."""
    page = BeautifulSoup(response.data, "html.parser")
    for field in page.find_all("input", attrs={"name": ["csrf_token", "email", "form_key"]}):
        field["value"] = ""
    return re.sub(r"\S+@\S+", "ADDRESS", str(page))


def change(app, user_id, **values):
    with app.app_context(), unit_of_work():
        user = db.session.get(User, user_id)
        for name, value in values.items():
            setattr(user, name, value)


def test_the_right_password_opens_the_account_and_signing_out_closes_it(client):
    user = make.user()
    assert not is_in(client)
    assert enter(client, user.email).status_code == 302
    assert is_in(client)
    assert client.post("/sign-out").status_code == 302
    assert not is_in(client)


def test_the_form_of_the_page_works_as_a_browser_sends_it(client):
    user = make.user()
    page = BeautifulSoup(client.get("/sign-in").data, "html.parser")
    fields = {f["name"]: f.get("value", "") for f in page.select("form[action='/sign-in'] input[name]")}
    fields |= {"email": user.email.upper(), "password": make.PASSWORD}
    assert client.post("/sign-in", data=fields, csrf=False).status_code == 302
    assert is_in(client)


def test_without_the_token_of_the_form_nothing_happens(client):
    user = make.user()
    answer = client.post("/sign-in", data={"email": user.email, "password": make.PASSWORD}, csrf=False)
    assert answer.status_code == 400
    assert not is_in(client)


def test_the_token_of_a_guest_is_worth_nothing_after_signing_in(client):
    user = make.user()
    token = client.csrf_token()
    enter(client, user.email)
    answer = client.post("/sign-out", csrf=False, headers={"X-CSRFToken": token})
    assert answer.status_code == 400
    assert is_in(client)


def test_nobody_learns_whether_an_address_has_an_account(client, app):
    user = make.user()
    unconfirmed = make.user(confirmed_at=None)
    disabled = make.user(active=False)
    answers = [enter(client, email, WRONG) for email in (
        user.email, unconfirmed.email, disabled.email, "nobody@people.example")]
    answers.append(enter(client, disabled.email))
    assert {answer.status_code for answer in answers} == {200}
    assert len({visible(answer) for answer in answers}) == 1
    assert "e-mail address or the password is not right" in answers[0].text


def test_who_knows_the_password_is_told_to_confirm_the_address_first(client):
    user = make.user(confirmed_at=None)
    answer = enter(client, user.email)
    assert "not confirmed yet" in answer.text and "is not right" not in answer.text
    assert not is_in(client)
    assert "not confirmed yet" not in enter(client, user.email, WRONG).text


def test_a_person_whose_address_is_not_confirmed_acts_as_a_guest(client, app):
    user = sign_in(client, make.user(role="rights_holder")).user
    assert client.get("/organisation").status_code == 200
    change(app, user.id, confirmed_at=None)
    assert client.get("/organisation").status_code == 403
    assert client.get("/account").status_code == 403


# --- lockout ----------------------------------------------------------------------------------

@pytest.mark.parametrize("known", [True, False])
def test_after_ten_tries_an_address_is_locked_whether_or_not_it_has_an_account(client, clock, known):
    email = make.user().email if known else "nobody@people.example"
    for _ in range(10):
        assert enter(client, email, WRONG).status_code == 200
    locked = enter(client, email, make.PASSWORD)
    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "300")
    assert not is_in(client)
    clock.advance(timedelta(minutes=5))
    assert enter(client, email, make.PASSWORD).status_code == (302 if known else 200)


def test_the_address_is_the_same_in_capitals(client):
    email = make.user().email
    for n in range(10):
        enter(client, email.upper() if n % 2 else f" {email}", WRONG)
    assert enter(client, email, make.PASSWORD).status_code == 429


def test_ten_wrong_passwords_in_an_office_lock_nobody_else_out(app):
    guesser, colleague, new = app.test_client(), make.user(), make.user()
    victim = make.user()
    for _ in range(12):
        enter(guesser, victim.email, WRONG)
    assert enter(guesser, victim.email).status_code == 429
    assert enter(app.test_client(), colleague.email).status_code == 302
    assert enter(app.test_client(), new.email).status_code == 302


def test_a_place_is_locked_after_many_tries_at_many_addresses_but_for_known_devices(app, monkeypatch):
    monkeypatch.setattr(throttle, "TRIES_OF_A_PLACE", 20)
    own, stranger, user = app.test_client(), app.test_client(), make.user()
    enter(own, user.email)
    own.post("/sign-out")
    for n in range(20):
        enter(stranger, f"nobody{n}@people.example", WRONG)
    assert enter(stranger, make.user().email).status_code == 429
    assert enter(own, user.email).status_code == 302


def test_who_is_signed_in_as_somebody_else_does_not_start_a_count_again(app, client):
    victim, signed_in = make.user(), app.test_client()
    sign_in(signed_in, make.user())
    away = {"REMOTE_ADDR": "198.51.100.7"}
    for _ in range(10):
        enter(client, victim.email, WRONG)
        signed_in.post("/sign-in", data={"email": victim.email, "password": WRONG}, environ_base=away)
    assert enter(client, victim.email).status_code == 429


def test_a_known_device_is_not_locked_out_by_a_strangers_tries(app):
    user, own, stranger = make.user(), app.test_client(), app.test_client()
    enter(own, user.email)
    own.post("/sign-out")
    for _ in range(10):
        stranger.post("/sign-in", data={"email": user.email, "password": WRONG},
                      environ_base={"REMOTE_ADDR": "198.51.100.7"})
    away = {"REMOTE_ADDR": "198.51.100.8"}
    form = {"email": user.email, "password": make.PASSWORD}
    assert stranger.post("/sign-in", data=form, environ_base=away).status_code == 429
    assert own.post("/sign-in", data=form, environ_base=away).status_code == 302


def test_a_success_starts_the_count_again_and_stores_no_address(client, rows):
    user = make.user()
    for _ in range(9):
        enter(client, user.email, WRONG)
    assert enter(client, user.email).status_code == 302
    client.post("/sign-out")
    kept = rows(SignInTry)
    assert len(kept) == 9  # the place's
    assert not any(user.email in row.key or "127.0.0.1" in row.key for row in kept)


# --- sessions ---------------------------------------------------------------------------------

def test_a_session_ends_when_it_is_idle(client, clock, app):
    idle = timedelta(seconds=app.extensions["ipdesk.settings"].session_idle)
    enter(client, make.user().email)
    clock.advance(idle)
    assert is_in(client)
    clock.advance(idle + timedelta(seconds=1))
    assert not is_in(client)


def test_a_session_ends_after_twelve_hours_however_busy_it_is(client, clock):
    enter(client, make.user().email)
    for _ in range(11):
        clock.advance(timedelta(hours=1))
        assert is_in(client)
    clock.advance(timedelta(minutes=59, seconds=59))
    assert is_in(client)
    clock.advance(timedelta(seconds=1))
    assert not is_in(client)


def session_cookie(client):
    return client.get_cookie("ipdesk").value


def test_a_copied_cookie_is_worth_nothing_after_signing_out(client, app):
    enter(client, make.user().email)
    stolen = session_cookie(client)
    client.post("/sign-out")
    thief = app.test_client()
    thief.set_cookie("ipdesk", stolen)
    assert not is_in(thief)


def test_the_session_of_a_disabled_account_dies_on_the_next_request(client, app):
    user = make.user(role="reviewer")
    sign_in(client, user)
    assert is_in(client)
    change(app, user.id, active=False)
    assert not is_in(client)
    assert enter(client, user.email).status_code == 200
    assert not is_in(client)


def test_changing_the_password_ends_all_other_sessions(app, client, letters):
    user = make.user()
    other = app.test_client()
    enter(client, user.email)
    enter(other, user.email)
    new = "seven green bottles fell"
    answer = client.post("/account/password", data={"password": make.PASSWORD, "new_password": new})
    assert answer.status_code == 302
    assert is_in(client)
    assert not is_in(other)
    assert letters("account_password_changed")[0][0] == user.email
    assert enter(other, user.email).status_code == 200
    assert enter(other, user.email, new).status_code == 302


def test_changing_the_password_needs_the_present_one(client):
    enter(client, make.user().email)
    answer = client.post("/account/password", data={"password": WRONG, "new_password": "seven green bottles fell"})
    assert answer.status_code == 200
    assert "This is not your present password." in answer.text


def test_every_session_is_recorded_and_its_secret_only_as_a_hash(client, rows):
    enter(client, make.user().email)
    with client.session_transaction() as session:
        secret = session["sign_in"]
    kept, = rows(SignIn)
    assert kept.via == "password" and kept.token_hash != secret and len(kept.token_hash) == 64


def test_the_cookie_is_closed_to_scripts_and_other_sites(client):
    enter(client, make.user().email)
    cookie = client.get_cookie("ipdesk")
    assert cookie.http_only and cookie.same_site == "Lax"


def test_the_password_is_stored_as_argon2id(rows):
    assert rows(User, id=make.user().id)[0].password.startswith("$argon2id$")


# --- where to, afterwards ---------------------------------------------------------------------

AWAY = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
    "https:evil.example", "http:///evil.example", "/\t/evil.example", "/\n/evil.example", " //evil.example",
    "%0d%0aLocation:https://evil.example", "javascript:alert(1)", "https://localhost@evil.example",
    "/%09/evil.example\r\nX: y", "evil.example", "data:text/html,x",
]


@pytest.mark.parametrize("target", AWAY)
def test_no_link_leads_out_of_the_desk(client, target):
    user = make.user()
    answer = client.post("/sign-in", query_string={"next": target},
                         data={"email": user.email, "password": make.PASSWORD, "next": target})
    assert "evil" not in answer.headers.get("Location", "").split("?")[0]
    assert answer.headers.get("Location", "/").startswith("/")
    assert not answer.headers.get("Location", "/").startswith(("//", "/\\"))
    assert safe_next(target) == ""


def test_a_page_of_the_desk_is_where_one_goes_on(client):
    user = make.user()
    first = client.get("/account?x=1")
    assert first.status_code == 302 and "next=" in first.location
    page = BeautifulSoup(client.get(first.location).data, "html.parser")
    wanted = page.find("input", attrs={"name": "next"})["value"]
    answer = enter(client, user.email, next=wanted)
    assert answer.location == "/account?x=1"


# --- passwords --------------------------------------------------------------------------------

@pytest.mark.parametrize("password", [
    "password12", "1234567890", "qwertyuiop", "aaaaaaaaaaaa", "Person 7 xy", "alice.example1", "letmein123456",
])
def test_what_a_guesser_tries_first_is_refused(password):
    assert is_easily_guessed(password, ["alice@people.example", "Person 7 Example"])


@pytest.mark.parametrize("password", [make.PASSWORD, "correct-horse-battery", "密码很长很难猜到的一句话", "x7#Lq2vv!m0p"])
def test_long_and_unusual_passwords_are_taken(password):
    assert not is_easily_guessed(password, ["alice@people.example", "Alice"])


def test_no_end_of_a_long_password_is_cut_off(client, app):
    long = "a long one that ends in the very last of its hundred and more letters, so that none of them may be dropped " + "x"
    enter(client, make.user().email)
    client.post("/account/password", data={"password": make.PASSWORD, "new_password": long})
    client.post("/sign-out")
    with app.app_context():
        email = db.session.execute(select(User.email)).scalar()
    assert enter(client, email, long[:-1] + "y").status_code == 200
    assert enter(client, email, long).status_code == 302


# --- cost -------------------------------------------------------------------------------------

def test_who_acts_is_known_with_two_statements_at_most(as_actor, app):
    seller, guest = as_actor("seller"), as_actor("guest")
    assert statements(app, lambda: guest.get("/sign-in")) == []
    asked = statements(app, lambda: seller.get("/organisation"))  # refused before the view reads
    assert len(asked) == 2
    assert "sign_ins" in asked[0] and "store_bindings" in asked[1]


def statements(app, act):
    seen = []

    def note(_connection, _cursor, statement, *_more):
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [s for s in seen if re.search(r"\b(users|sign_ins|store_bindings)\b", s)]
