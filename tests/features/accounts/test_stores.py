"""How an account gets a store, and all the ways in which it does not."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest

from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.accounts.models import Invitation, SecurityAlarm, StoreBinding, User
from ipdesk.features.accounts.store_links import read_store_link, sign_store_link
from tests import make
from tests.features.accounts.test_sign_in import change, enter, is_in
from tests.visitors import LOGIN_SECRET, START, sign_in

CONTACT = "wei@harbour.example"


@pytest.fixture
def store(app):
    return make.store(name="Harbour Goods", external_id="4711", contact_email=CONTACT,
                      marketplace_id=make.marketplace(code="mall").id)


@pytest.fixture
def invited(as_actor, store, link_of):
    """The path of an invitation that a reviewer sent to the store's contact."""
    as_actor("reviewer", name="Rita").post(f"/staff/stores/{store.id}/invite")
    return link_of("store_invitation")


def accept(client, path, headers=None, **more):
    return client.post(path, data={"name": "Li Wei", "password": make.PASSWORD} | more, headers=headers)


def actor_stores(app, client):
    from flask import g

    with client:
        client.get("/account")
        return g.actor.store_ids


# --- by invitation ----------------------------------------------------------------------------

def test_the_invitation_goes_to_the_contact_of_the_catalogue(invited, letters):
    (to, text), = letters()
    assert to == CONTACT and "Harbour Goods" in text
    assert "https://desk.example/invitations/" in text


def test_the_page_says_which_store_who_invites_and_what_it_means(client, invited):
    page = client.get(invited).text
    for part in ("Harbour Goods", "4711", "Rita", CONTACT, "main account", "It admits nothing"):
        assert part in page


def test_a_chinese_store_is_invited_in_chinese_and_the_account_keeps_the_readers_language(
        as_actor, client, letters, link_of, rows):
    store = make.store(name="海港", locale="zh_CN", contact_email=CONTACT)
    as_actor("reviewer").post(f"/staff/stores/{store.id}/invite")
    assert "邀请" in letters()[0][1]
    accept(client, link_of("store_invitation"), headers={"Accept-Language": "zh-CN"})
    assert rows(User, email=CONTACT)[0].locale == "zh_CN"


def test_account_and_store_in_one_step(client, app, invited, store, rows):
    answer = accept(client, invited)
    assert (answer.status_code, answer.location) == (303, "/welcome")
    assert "Harbour Goods" in client.get("/welcome").text
    user, = rows(User, email=CONTACT)
    assert (user.role_names, user.locale) == (["seller"], "en") and user.confirmed_at is not None
    binding, = rows(StoreBinding)
    assert (binding.main, binding.via, binding.store_id) == (True, "invitation", store.id)
    assert actor_stores(app, client) == {store.id}


def test_opening_the_link_uses_nothing(client, invited, rows):
    for _ in range(3):
        client.get(invited)
    assert not rows(StoreBinding) and rows(Invitation)[0].used_at is None


def test_an_existing_account_signs_in_on_the_page_and_accepts(client, app, invited, store):
    make.user(email=CONTACT)
    assert "Sign in to accept" in client.get(invited).text
    assert accept(client, invited).status_code == 409
    assert enter(client, CONTACT, next=invited).location == invited
    assert client.post(invited).location == "/welcome"
    assert actor_stores(app, client) == {store.id}


def test_an_invitation_works_once(client, app, invited, rows):
    accept(client, invited)
    stranger = app.test_client()
    assert stranger.get(invited).status_code == 409
    assert accept(stranger, invited).status_code == 409
    assert not is_in(stranger)
    assert len(rows(StoreBinding)) == 1 and len(rows(User, email=CONTACT)) == 1
    assert client.get(invited).location == "/account"  # its user is led on


def test_an_invitation_is_over_after_seven_days(client, clock, invited, rows):
    clock.advance(timedelta(days=7))
    answer = accept(client, invited)
    assert answer.status_code == 409 and "over" in answer.text
    assert not rows(StoreBinding)


def test_an_invitation_for_another_address_is_refused(client, invited, rows):
    sign_in(client, make.user(email="other@people.example"))
    assert "This invitation is for" in client.get(invited).text
    assert client.post(invited).status_code == 409
    assert not rows(StoreBinding)


def test_a_made_up_invitation_is_nothing(client):
    assert client.get("/invitations/x").status_code == 404
    assert client.post("/invitations/" + "A" * 43, data={}).status_code == 404


def test_staff_cannot_act_for_a_store(client, invited, rows):
    sign_in(client, make.user(role="legal", email=CONTACT))
    assert client.post(invited).status_code == 409
    assert not rows(StoreBinding)


def test_a_weak_password_is_refused_and_nothing_is_used(client, invited, rows):
    answer = accept(client, invited, password="Li Wei 123")
    assert answer.status_code == 422 and "easily guessed" in answer.text
    assert "Li Wei 123" not in answer.text
    assert rows(Invitation)[0].used_at is None and not rows(User, email=CONTACT)


def test_a_store_without_contact_gets_no_invitation(as_actor):
    store = make.store(contact_email="")
    assert as_actor("reviewer").post(f"/staff/stores/{store.id}/invite").status_code == 409


def test_only_staff_invite_to_stores(as_actor, store, letters):
    for role in ("seller", "rights_holder", "auditor"):
        assert as_actor(role).post(f"/staff/stores/{store.id}/invite").status_code == 403
    assert not letters()


def test_a_seller_without_account_has_the_invitation_sent_from_the_sign_in_page(client, app, store, letters, link_of):
    assert client.get("/sign-in").text.count('href="/sign-in/store"') == 1
    answer = client.post("/sign-in/store", data={"marketplace": "mall", "store": "4711"})
    assert answer.location == "/sign-in" and "an invitation is on its way" in client.get("/sign-in").text
    assert [to for to, _text in letters("store_invitation")] == [CONTACT]
    assert accept(client, link_of("store_invitation")).location == "/welcome"
    assert actor_stores(app, client) == {store.id}


def test_asking_for_an_invitation_tells_nobody_which_stores_there_are(app, store, letters):
    make.seller(store=store)
    make.store(external_id="4712", contact_email="", marketplace_id=store.marketplace_id)
    for number in ("4711", "4712", "9999"):
        stranger = app.test_client()
        assert stranger.post("/sign-in/store", data={"marketplace": "mall", "store": number}).location == "/sign-in"
        assert "an invitation is on its way" in stranger.get("/sign-in").text
    assert not letters("store_invitation")


# --- the second claim -------------------------------------------------------------------------

def test_a_second_claim_by_invitation_is_refused_and_alarms(client, as_actor, app, invited, store, rows):
    main = make.seller(store=store)
    answer = accept(client, invited)
    assert (answer.status_code, answer.location) == (303, "/claim-refused/store_already_claimed")
    assert client.get(answer.location).status_code == 409
    assert not is_in(client) and not rows(User, email=CONTACT)
    assert [b.user_id for b in rows(StoreBinding)] == [main.id]
    alarm, = rows(SecurityAlarm)
    assert (alarm.kind, alarm.store_id, alarm.facts["claimed_by"]) == ("second_claim", store.id, CONTACT)
    staff = as_actor("reviewer")
    assert CONTACT in staff.get("/staff/alarms").text
    assert staff.post(f"/staff/alarms/{alarm.id}/seen").status_code == 303
    assert CONTACT not in staff.get("/staff/alarms").text
    assert CONTACT in staff.get("/staff/alarms?all=1").text
    assert rows(SecurityAlarm)[0].seen_by == staff.user.id


def test_a_second_claim_by_the_marketplaces_link_is_refused_and_alarms(client, store, rows):
    make.seller(store=store)
    path = link(store="4711")
    assert client.post(path).location.startswith("/claim-refused/")
    assert not is_in(client)
    assert not rows(User, email="li@harbour.example")
    assert rows(SecurityAlarm)[0].facts["via"] == "marketplace"


def test_a_second_claim_by_staff_is_refused_and_alarms_until_the_first_is_revoked(as_actor, app, store, rows):
    first, second = make.seller(store=store), make.user(email="second@people.example")
    legal = as_actor("legal")
    form = {"email": second.email, "proof": "Company register extract, file 12/2026."}
    path = f"/staff/stores/{store.id}"
    assert legal.post(path, data=form).location.startswith("/claim-refused/")
    assert rows(SecurityAlarm)[0].user_id == legal.user.id
    owner = sign_in(app.test_client(), first)
    assert actor_stores(app, owner) == {store.id}
    bound, = rows(StoreBinding)
    assert legal.post(f"/staff/bindings/{bound.id}/revoke", data={"because": "short"}).status_code == 400
    assert legal.post(f"/staff/bindings/{bound.id}/revoke",
                      data={"because": "The shop was sold, see file 12/2026."}).status_code == 303
    assert actor_stores(app, owner) == set()
    assert rows(User, id=first.id)[0].role_names == []
    assert legal.post(path, data=form).location == path
    assert actor_stores(app, sign_in(app.test_client(), second)) == {store.id}


def test_the_database_refuses_two_main_accounts(app, store):
    make.seller(store=store)
    with pytest.raises(Exception, match=r"(?i)unique"):
        make.seller(store=store)


def test_binding_with_proof_needs_proof_and_legal_staff(as_actor, store, rows):
    user, path = make.user(), f"/staff/stores/{store.id}"
    form = {"email": user.email, "proof": "Company register extract, file 12/2026."}
    assert as_actor("reviewer").post(path, data=form).status_code == 403
    assert as_actor("seller").post(path, data=form).status_code == 403
    answer = as_actor("legal").post(path, data=form | {"proof": "ok"})
    assert answer.status_code == 422 and user.email in answer.text
    assert not rows(StoreBinding, store_id=store.id)


def test_an_account_with_an_unconfirmed_address_is_not_bound(as_actor, app, store, rows):
    user, legal, path = make.user(confirmed_at=None), as_actor("legal"), f"/staff/stores/{store.id}"
    form = {"email": user.email, "proof": "Company register extract, file 12/2026."}
    answer = legal.post(path, data=form)
    assert answer.status_code == 409
    assert f"account for {user.email}, but nobody has confirmed" in answer.text and "file 12/2026" in answer.text
    assert not rows(StoreBinding, store_id=store.id)
    change(app, user.id, confirmed_at=START)
    assert legal.post(path, data=form).status_code == 303
    assert rows(StoreBinding, store_id=store.id)[0].user_id == user.id


def test_proof_without_an_account_sends_an_invitation_that_carries_it(as_actor, client, store, link_of, rows):
    as_actor("admin").post(f"/staff/stores/{store.id}", data={
        "email": "New@seller.example", "proof": "Company register extract, file 12/2026."})
    accept(client, link_of("store_invitation"))
    binding, = rows(StoreBinding)
    assert (binding.via, binding.proof) == ("staff", "Company register extract, file 12/2026.")
    assert rows(User, email="new@seller.example")


# --- the marketplace's link -------------------------------------------------------------------

def link(*, at=START, secret=LOGIN_SECRET, mail="Li@Harbour.example", store="4711", marketplace="mall", **more):
    token = sign_store_link(secret=secret, marketplace=marketplace, store=store, mail=mail,
                            name="Li Wei", at=at, **more)
    return f"/from-marketplace/{token}"


def test_the_link_makes_and_binds_the_account_at_the_first_time(client, app, store, rows):
    path = link()
    assert "Harbour Goods" in client.get(path).text
    assert not rows(User)
    assert client.post(path).location == "/welcome"
    user, = rows(User)
    assert (user.email, user.password, user.role_names) == ("li@harbour.example", None, ["seller"])
    assert rows(StoreBinding)[0].via == "marketplace"
    assert actor_stores(app, client) == {store.id}


def test_the_link_signs_in_whoever_is_bound(app, client, store):
    client.post(link())
    again = app.test_client()
    assert again.post(link()).location == "/welcome"
    assert actor_stores(app, again) == {store.id}


def test_a_link_works_once(app, client, store):
    path = link()
    client.post(path)
    thief = app.test_client()
    assert thief.post(path).status_code == 409
    assert not is_in(thief)


def test_a_link_is_short_lived_to_the_second(client, clock, store, rows):
    path = link()
    clock.advance(timedelta(minutes=5) - timedelta(seconds=1))
    assert client.get(path).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert client.post(path).status_code == 409
    assert not rows(User)


FORGED = {
    "another secret": lambda: link(secret="guessed"),
    "no secret": lambda: link(secret=""),
    "good for too long": lambda: link(lifetime=timedelta(days=1)),
    "cut": lambda: link()[:-1],
    "no signature": lambda: link().partition(".")[0] + ".",
    "not text": lambda: "/from-marketplace/AAAA.BBBB",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_link_opens_nothing(client, store, rows, how):
    for answer in (client.get(FORGED[how]()), client.post(FORGED[how]())):
        assert answer.status_code == 409
    assert not rows(User) and not is_in(client)


def test_the_payload_of_one_link_does_not_fit_the_signature_of_another(client, store, rows):
    mine, theirs = link(mail="me@evil.example"), link()
    assert client.post(mine.partition(".")[0] + "." + theirs.partition(".")[2]).status_code in (404, 409)
    assert client.post(theirs.rpartition(".")[0] + "." + mine.rpartition(".")[2]).status_code == 409
    assert not rows(User)


def test_without_a_secret_in_the_settings_no_link_is_honoured():
    token = link(secret="").rpartition("/")[2]
    with pytest.raises(Refusal, match="store_link_invalid"):
        read_store_link(token, secret="", at=START)


def test_the_signature_is_for_this_purpose_only():
    payload = link().rpartition("/")[2].partition(".")[0]
    raw = hmac.new(LOGIN_SECRET.encode(), payload.encode(), hashlib.sha256).digest()
    token = f"{payload}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"
    with pytest.raises(Refusal, match="store_link_invalid"):
        read_store_link(token, secret=LOGIN_SECRET, at=START)


def test_a_link_for_an_unknown_store_is_refused(client, store, rows):
    assert client.post(link(store="9999")).status_code == 409
    assert client.post(link(marketplace="other")).status_code == 409
    assert not rows(User)


def test_the_link_does_not_open_an_account_that_was_here_before(client, store, rows):
    make.user(role="rights_holder", email="li@harbour.example")
    answer = client.post(link())
    assert answer.status_code == 409 and "Sign in first" in answer.text
    assert not is_in(client) and not rows(StoreBinding)


def test_signed_in_as_that_account_the_link_binds_it(client, app, store):
    sign_in(client, make.user(email="li@harbour.example"))
    assert client.post(link()).location == "/welcome"
    assert actor_stores(app, client) == {store.id}


def test_signed_in_as_another_account_the_link_does_nothing(client, store, rows):
    sign_in(client, make.user(email="other@people.example"))
    assert client.post(link()).status_code == 409
    assert not rows(StoreBinding)


@pytest.mark.parametrize("facts", [{"role": "admin"}, {"active": False}])
def test_the_link_opens_neither_staff_nor_closed_accounts(client, store, facts):
    make.user(email="li@harbour.example", **facts)
    assert client.post(link()).status_code == 409
    assert not is_in(client)


def test_staff_do_not_take_a_store_by_the_link_even_signed_in(client, store, rows):
    sign_in(client, make.user(role="reviewer", email="li@harbour.example"))
    assert client.post(link()).status_code == 409
    assert not rows(StoreBinding)


def test_a_bound_account_that_was_disabled_stays_out(client, app, store, rows):
    client.post(link())
    change(app, rows(User)[0].id, active=False)
    assert not is_in(client)
    again = app.test_client()
    assert again.post(link()).status_code == 409
    assert not is_in(again)
