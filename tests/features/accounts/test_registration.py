"""Registration, confirmation, forgotten passwords: links by mail that work once and tell nothing."""

import threading
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from itsdangerous import URLSafeTimedSerializer

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.features.accounts.letters import in_words
from ipdesk.features.accounts.models import Organisation, User
from tests import make
from tests.features.accounts.test_sign_in import change, enter, is_in, visible

NEW = "seven green bottles fell"


def application(**changes):
    return {"kind": "rights_holder", "organisation_name": "Lantern AG", "name": "Ada Example",
            "email": "Ada@Lantern.example", "password": make.PASSWORD} | changes


def test_registering_makes_person_and_organisation_and_one_letter(client, rows, letters):
    answer = client.post("/register", data=application())
    assert answer.location == "/sign-in"
    user, = rows(User)
    organisation, = rows(Organisation)
    assert (user.email, user.name, user.role_names) == ("ada@lantern.example", "Ada Example", ["rights_holder"])
    assert (user.organisation_id, user.organisation_role) == (organisation.id, "manager")
    assert (organisation.name, organisation.kind) == ("Lantern AG", "rights_holder")
    (to, text), = letters()
    assert to == "ada@lantern.example"
    assert "https://desk.example/confirm-address/" in text
    assert "2 days" in text


@pytest.mark.parametrize(("span", "en", "zh"), [
    (timedelta(days=30), "30 days", "30天"), (timedelta(days=7), "7 days", "7天"), (timedelta(days=1), "1 day", "1天"),
    (timedelta(hours=1), "1 hour", "1小时"), (timedelta(hours=23), "23 hours", "23小时"), (timedelta(minutes=45), "45 minutes", "45分钟"),
])
def test_how_long_a_link_is_good_is_said_in_days_hours_or_minutes(span, en, zh):
    assert (in_words(span, "en"), in_words(span, "zh_CN")) == (en, zh)


def test_an_agent_registers_as_one(client, rows):
    client.post("/register", data=application(kind="agent"))
    assert rows(User)[0].role_names == ["agent"] and rows(Organisation)[0].kind == "agent"


def test_the_account_opens_only_after_the_button_behind_the_link(client, link_of, rows):
    client.post("/register", data=application())
    assert "not confirmed yet" in enter(client, "ada@lantern.example").text
    link = link_of("account_confirm")
    for _ in range(3):  # programs that check mail open links
        assert client.get(link).status_code == 200
    assert rows(User)[0].confirmed_at is None
    assert client.post(link).location.endswith("/sign-in")
    assert rows(User)[0].confirmed_at is not None
    assert enter(client, "ada@lantern.example").status_code == 302
    assert client.get("/organisation").status_code == 200


def test_a_confirmation_link_is_over_after_two_days(client, link_of, clock, rows):
    client.post("/register", data=application())
    clock.advance(timedelta(days=2, seconds=1))
    client.post(link_of("account_confirm"))
    assert rows(User)[0].confirmed_at is None


def test_a_forged_confirmation_link_confirms_nobody(client, link_of, rows):
    client.post("/register", data=application())
    assert client.post(link_of("account_confirm")[:-4] + "AAAA").status_code == 302
    assert rows(User)[0].confirmed_at is None


def test_registering_a_taken_address_looks_the_same_and_tells_its_owner(client, app, letters, rows):
    owner = make.user()
    fresh = client.post("/register", data=application())
    fresh_page = client.get("/sign-in")
    taken = app.test_client()
    answer = taken.post("/register", data=application(email=owner.email.upper()))
    assert (answer.status_code, answer.location) == (fresh.status_code, fresh.location)
    assert visible(taken.get("/sign-in")) == visible(fresh_page)
    assert len(rows(User)) == 2
    assert [to for to, _text in letters("account_exists")] == [owner.email]


@pytest.mark.parametrize(("field", "value", "said"), [
    ("email", "not an address", "Enter an e-mail address"),
    ("email", "a@b\r\nBcc: x@evil.example", "Enter an e-mail address"),
    ("password", "short", "at least 10 characters"),
    ("password", "password12", "easily guessed"),
    ("password", "x" * 50, "easily guessed"),
    ("password", "ab3d-" * 26, "at most 128 characters"),
    ("name", "   ", "Fill this in"),
    ("organisation_name", "\u200b", "Fill this in"),
    ("kind", "admin", ""),
    ("kind", "seller", ""),
])
def test_a_bad_field_is_named_and_the_rest_is_kept(client, rows, field, value, said):
    answer = client.post("/register", data=application(**{field: value}))
    assert answer.status_code == 200
    assert said in answer.text
    assert not rows(User)
    if field != "organisation_name":
        assert "Lantern AG" in answer.text
    assert make.PASSWORD not in answer.text


def test_every_empty_field_is_named_at_once_in_the_order_of_the_page(client):
    page = BeautifulSoup(client.post("/register", data={}).text, "html.parser")
    said = [(link["href"], link.get_text(strip=True)) for link in page.select(".govuk-error-summary li a")]
    assert said == [("#kind", "Choose one."), ("#organisation_name", "Fill this in."), ("#name", "Fill this in."),
                    ("#email", "Enter your e-mail address."), ("#password", "Enter your password.")]


@pytest.mark.parametrize("path", ["/reset-password", "/confirm-address"])
@pytest.mark.parametrize(("typed", "said"), [("", "Fill this in."), ("nobody", "Enter an e-mail address, like")])
def test_a_letter_is_asked_for_with_an_address(client, letters, path, typed, said):
    answer = client.post(path, data={"email": typed})
    assert answer.status_code == 422 and said in answer.text and 'id="email-error"' in answer.text
    assert "on its way" not in client.get(path).text and not letters()


def test_no_further_field_gets_into_the_account(client, rows):
    client.post("/register", data=application(
        role_names="admin", roles="admin", active="1", confirmed_at="2026-01-01", id="1",
        organisation_id="1", fs_uniquifier="known"))
    user, = rows(User)
    assert user.role_names == ["rights_holder"] and user.confirmed_at is None
    assert user.fs_uniquifier != "known"


def test_invisible_characters_do_not_get_into_names(client, rows):
    client.post("/register", data=application(name="Ada\u202egnp.exe", organisation_name="Lan\u200btern"))
    assert rows(User)[0].name == "Adagnp.exe" and rows(Organisation)[0].name == "Lantern"


def test_registrations_from_one_place_are_limited(client):
    answers = [client.post("/register", data=application(email=f"n{n}@lantern.example")) for n in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {302}
    assert answers[20].status_code == 429


# --- forgotten passwords ----------------------------------------------------------------------

def test_asking_for_a_new_password_tells_nobody_who_has_an_account(client, app, letters):
    user = make.user()
    known = client.post("/reset-password", data={"email": user.email})
    unknown = app.test_client().post("/reset-password", data={"email": "nobody@people.example"})
    assert visible(known) == visible(unknown)
    assert [to for to, _text in letters()] == [user.email]
    again = client.post("/confirm-address", data={"email": user.email})
    never = app.test_client().post("/confirm-address", data={"email": "nobody@people.example"})
    assert visible(again) == visible(never)


def test_nobody_fills_a_mailbox_with_letters(app, letters, clock):
    user = make.user()
    answers = []
    for place in range(8):
        stranger, away = app.test_client(), {"REMOTE_ADDR": f"198.51.100.{place}"}
        answers.append(visible(stranger.post("/reset-password", data={"email": user.email}, environ_base=away)))
        stranger.post("/register", data=application(email=user.email), environ_base=away)
    assert len(letters()) == 5
    assert len(set(answers)) == 1, "and nobody learns of it"
    app.test_client().post("/reset-password", data={"email": make.user().email})
    assert len(letters()) == 6
    clock.advance(timedelta(hours=1))
    app.test_client().post("/reset-password", data={"email": user.email})
    assert len(letters()) == 7


def test_the_link_sets_a_password_once(client, app, link_of):
    user = make.user()
    other = app.test_client()
    enter(other, user.email)
    client.post("/reset-password", data={"email": user.email})
    link = link_of("account_reset")
    assert client.get(link).status_code == 200
    assert client.post(link, data={"password": NEW}).status_code == 302
    assert not is_in(other)
    assert not is_in(client)  # the link alone does not sign in
    assert client.get(link).status_code == 302
    client.post(link, data={"password": "another good one here"})
    assert enter(client, user.email, "another good one here").status_code == 200
    assert enter(client, user.email, NEW).status_code == 302


def test_the_link_dies_when_the_password_is_changed_by_hand(client, link_of, app):
    user = make.user()
    client.post("/reset-password", data={"email": user.email})
    enter(client, user.email)
    client.post("/account/password", data={"password": make.PASSWORD, "new_password": NEW})
    thief = app.test_client()
    thief.post(link_of("account_reset"), data={"password": "chosen by the thief"})
    assert enter(thief, user.email, "chosen by the thief").status_code == 200


def test_the_link_is_over_after_an_hour(client, link_of, clock):
    user = make.user()
    client.post("/reset-password", data={"email": user.email})
    clock.advance(timedelta(hours=1, seconds=1))
    client.post(link_of("account_reset"), data={"password": NEW})
    assert enter(client, user.email, NEW).status_code == 200


def test_the_link_names_the_configured_host_whatever_the_request_says(client, letters):
    user = make.user()
    evil = "http://evil.example"
    with client.session_transaction(base_url=evil) as session:
        session["csrf_token"] = "known"
    token = URLSafeTimedSerializer(client.application.secret_key, salt="wtf-csrf-token").dumps("known")
    answer = client.post("/reset-password", base_url=evil, csrf=False,
                         data={"email": user.email, "csrf_token": token})
    assert answer.status_code == 200
    (_to, text), = letters("account_reset")
    assert "https://desk.example/" in text and "evil" not in text


def test_a_disabled_account_gets_in_by_no_link(client, link_of, app):
    user = make.user()
    client.post("/reset-password", data={"email": user.email})
    change(app, user.id, active=False)
    client.post(link_of("account_reset"), data={"password": NEW})
    assert enter(client, user.email, NEW).status_code == 200
    assert not is_in(client)


def test_of_many_who_use_one_link_at_once_one_wins(client, app, link_of):
    user = make.user()
    client.post("/reset-password", data={"email": user.email})
    link, start = link_of("account_reset"), threading.Barrier(6)
    passwords = [f"{word} sings by the river" for word in ("ant", "bee", "cat", "dog", "eel", "fox")]
    statuses = []

    def use(password):
        browser = app.test_client()
        browser.csrf_token()
        start.wait()
        statuses.append(browser.post(link, data={"password": password}).status_code)

    threads = [threading.Thread(target=use, args=(p,)) for p in passwords]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {302, 303}
    opened = [p for p in passwords if enter(app.test_client(), user.email, p).status_code == 302]
    assert len(opened) == 1


def test_the_database_refuses_a_second_account_for_an_address_and_capitals(app):
    user = make.user()
    for email in (user.email, user.email.upper()):
        with app.app_context(), pytest.raises(Exception, match=r"(?i)unique|check"), unit_of_work():
            db.session.add(User(
                email=email, name="x", fs_uniquifier=email, created_at=user.created_at, role_names=[]))
