"""Members of organisations, staff accounts, second factors, the command line."""

import json
import re
import threading
import time
from datetime import timedelta

import pytest
from click.testing import CliRunner
from passlib.totp import TOTP

from ipdesk.features.accounts.commands import staff as staff_commands
from ipdesk.features.accounts.models import Invitation, User
from tests import make
from tests.features.accounts.test_sign_in import WRONG, change, enter, is_in


@pytest.fixture
def manager(as_actor):
    return as_actor("rights_holder", name="Mia Manager")


def join(app, manager, link_of, email="new@lantern.example", role="member"):
    manager.post("/organisation", data={"email": email, "role": role})
    browser = app.test_client()
    browser.post(link_of("member_invitation"), data={"name": "New Member", "password": make.PASSWORD})
    return browser


# --- members ----------------------------------------------------------------------------------

def test_a_manager_invites_and_the_member_acts_for_the_organisation(app, manager, link_of, rows):
    browser = join(app, manager, link_of)
    user, = rows(User, email="new@lantern.example")
    assert (user.organisation_id, user.organisation_role) == (manager.user.organisation_id, "member")
    assert user.role_names == ["rights_holder"]
    assert "Mia Manager" in browser.get("/organisation").text


def test_a_member_neither_invites_nor_removes_others(app, manager, link_of, rows):
    browser = join(app, manager, link_of)
    assert browser.post("/organisation", data={"email": "x@y.example", "role": "manager"}).status_code == 403
    assert browser.post(f"/organisation/members/{manager.user.id}/remove").status_code == 403
    own = rows(User, email="new@lantern.example")[0].id
    assert browser.post(f"/organisation/members/{own}/role", data={"role": "manager"}).status_code == 403
    assert rows(User, id=own)[0].organisation_role == "member"


def test_a_removed_member_loses_access_at_once(app, manager, link_of, rows):
    browser = join(app, manager, link_of)
    assert browser.get("/organisation").status_code == 200
    user, = rows(User, email="new@lantern.example")
    manager.post(f"/organisation/members/{user.id}/remove")
    assert browser.get("/organisation").status_code == 302
    enter(browser, user.email)
    assert browser.get("/organisation").status_code == 403
    after, = rows(User, id=user.id)
    assert (after.organisation_id, after.role_names) == (None, [])


def test_the_last_manager_can_neither_leave_nor_step_down(manager, rows):
    own = manager.user.id
    assert f'action="/organisation/members/{own}/remove"' not in manager.get("/organisation").text
    asked = manager.get("/organisation/leave").text
    assert "signed out at once" in asked and f'action="/organisation/members/{own}/remove"' in asked
    refused = manager.post(f"/organisation/members/{own}/remove")
    assert refused.status_code == 409 and "Somebody must stay manager" in refused.text and "moved" not in refused.text
    assert manager.post(f"/organisation/members/{own}/role", data={"role": "member"}).status_code == 409
    assert rows(User, id=own)[0].organisation_role == "manager"


def test_another_organisation_is_invisible(as_actor, manager, rows):
    other = as_actor("agent")
    other.post("/organisation", data={"email": "x@y.example", "role": "member"})
    invitation, = rows(Invitation)
    assert manager.post(f"/organisation/members/{other.user.id}/remove").status_code == 404
    assert manager.post(f"/organisation/members/{other.user.id}/role", data={"role": "member"}).status_code == 404
    assert manager.post(f"/organisation/invitations/{invitation.id}/withdraw").status_code == 404
    assert "x@y.example" not in manager.get("/organisation").text


def test_nobody_belongs_to_two_organisations(app, as_actor, manager, link_of, rows):
    other = as_actor("agent")
    manager.post("/organisation", data={"email": other.user.email, "role": "manager"})
    assert other.post(link_of("member_invitation")).status_code == 409
    assert rows(User, id=other.user.id)[0].organisation_id == other.user.organisation_id


def test_a_withdrawn_invitation_is_over(app, manager, link_of, rows):
    manager.post("/organisation", data={"email": "new@lantern.example", "role": "member"})
    manager.post(f"/organisation/invitations/{rows(Invitation)[0].id}/withdraw")
    answer = app.test_client().post(
        link_of("member_invitation"), data={"name": "New", "password": make.PASSWORD})
    assert answer.status_code == 409
    assert not rows(User, email="new@lantern.example")


@pytest.mark.parametrize("how", ["removed", "member"])
def test_the_invitations_of_a_manager_end_with_the_office(app, manager, link_of, rows, how):
    former = join(app, manager, link_of, role="manager")
    user, = rows(User, email="new@lantern.example")
    former.post("/organisation", data={"email": "mole@people.example", "role": "manager"})
    mole = link_of("member_invitation")
    if how == "removed":
        manager.post(f"/organisation/members/{user.id}/remove")
    else:
        manager.post(f"/organisation/members/{user.id}/role", data={"role": "member"})
    visitor = app.test_client()
    assert visitor.get(mole).status_code == 409
    assert visitor.post(mole, data={"name": "Mole", "password": make.PASSWORD}).status_code == 409
    assert not rows(User, email="mole@people.example")
    assert "mole@people.example" not in manager.get("/organisation").text


def test_the_invitations_of_a_remaining_manager_stay_open(app, manager, link_of, rows):
    join(app, manager, link_of, role="manager")
    manager.post("/organisation", data={"email": "third@lantern.example", "role": "member"})
    third = link_of("member_invitation")
    user, = rows(User, email="new@lantern.example")
    manager.post(f"/organisation/members/{user.id}/remove")
    app.test_client().post(third, data={"name": "Third", "password": make.PASSWORD})
    assert rows(User, email="third@lantern.example")


def test_a_form_sent_twice_invites_once(manager, letters):
    form = {"email": "new@lantern.example", "role": "member", "form_key": "k" * 20}
    assert manager.post("/organisation", data=form).status_code == 303
    assert manager.post("/organisation", data=form).status_code == 303
    assert len(letters("member_invitation")) == 1


# --- staff ------------------------------------------------------------------------------------

def command(app, *words):
    with app.app_context():
        return CliRunner().invoke(staff_commands, words)


def test_a_new_installation_has_no_account(rows):
    assert not rows(User)


def test_the_first_administrator_comes_from_the_command_line(app, client, letters, rows):
    done = command(app, "invite", "root@desk.example", "--role", "admin", "--json")
    said = json.loads(done.output)
    assert not rows(User)
    assert letters("staff_invitation")[0][0] == "root@desk.example"
    path = said["link"].removeprefix("https://desk.example")
    client.post(path, data={"name": "Root", "password": make.PASSWORD})
    assert client.get("/staff/people").status_code == 200
    assert rows(User)[0].role_names == ["admin"]
    assert command(app, "invite", "root@desk.example", "--role", "admin").exit_code == 1
    assert "root@desk.example" in command(app, "list").output
    assert command(app, "disable", "root@desk.example").exit_code == 1  # the last one


def test_the_command_line_says_readably_until_when_an_invitation_holds(app, clock):
    ends = clock.now() + timedelta(days=2)
    said = command(app, "invite", "root@desk.example", "--role", "admin").output
    assert said.startswith(f"Open this link once, before {ends:%Y-%m-%d %H:%M} UTC, and choose a password:\nhttps://desk.example/")


def test_nobody_registers_as_staff(client, app, rows):
    assert command(app, "invite", "x@desk.example", "--role", "seller").exit_code == 2
    client.post("/register", data={
        "kind": "admin", "organisation_name": "x", "name": "x", "email": "x@desk.example",
        "password": make.PASSWORD})
    assert not rows(User)


def test_a_staff_invitation_is_over_after_two_days(app, client, clock, rows):
    link = json.loads(command(app, "invite", "r@desk.example", "--role", "legal", "--json").output)["link"]
    clock.advance(timedelta(days=2))
    path = link.removeprefix("https://desk.example")
    assert client.post(path, data={"name": "R", "password": make.PASSWORD}).status_code == 409
    assert not rows(User)


def test_only_an_administrator_sees_and_changes_people(as_actor):
    target = make.user(role="reviewer")
    for role in ("seller", "rights_holder", "agent", "reviewer", "legal", "auditor"):
        browser = as_actor(role)
        assert browser.get("/staff/people").status_code == 403
        for action in ("disable", "enable", "roles"):
            assert browser.post(f"/staff/people/{target.id}/{action}", data={"roles": "admin"}).status_code == 403
    assert as_actor("guest").get("/staff/people").status_code == 302


def test_disabling_ends_the_session_on_the_next_request(as_actor, app):
    reviewer, admin = as_actor("reviewer"), as_actor("admin")
    assert is_in(reviewer)
    path = f"/staff/people/{reviewer.user.id}/disable"
    assert f'href="{path}"' in admin.get("/staff/people").text and f'action="{path}"' not in admin.get("/staff/people").text
    assert "signed out at once" in admin.get(path).text and is_in(reviewer)
    assert admin.post(path).status_code == 303
    assert f"The account of {reviewer.user.name} is disabled." in admin.get("/staff/people").text
    assert not is_in(reviewer)
    assert not is_in_by_password(app, reviewer.user.email)
    admin.post(f"/staff/people/{reviewer.user.id}/enable")
    assert not is_in(reviewer)  # they sign in anew
    assert is_in_by_password(app, reviewer.user.email)


def is_in_by_password(app, email):
    browser = app.test_client()
    enter(browser, email)
    return is_in(browser)


@pytest.mark.parametrize("how", ["disabled", "no admin any more", "changed behind the desk's back"])
def test_the_invitations_of_an_administrator_end_with_the_office(as_actor, app, link_of, rows, how):
    former, admin = as_actor("admin"), as_actor("admin")
    former.post("/staff/people", data={"email": "mole@people.example", "role": "admin"})
    mole = link_of("staff_invitation")
    if how == "disabled":
        admin.post(f"/staff/people/{former.user.id}/disable")
        admin.post(f"/staff/people/{former.user.id}/enable")  # coming back opens nothing again
    elif how == "no admin any more":
        admin.post(f"/staff/people/{former.user.id}/roles", data={"roles": ["reviewer"]})
    else:
        change(app, former.user.id, active=False)
    visitor = app.test_client()
    assert visitor.get(mole).status_code == 409
    assert visitor.post(mole, data={"name": "Mole", "password": make.PASSWORD}).status_code == 409
    assert not rows(User, email="mole@people.example")


def test_an_invitation_to_a_store_ends_when_its_reviewer_only_audits(as_actor, app, link_of):
    reviewer = as_actor("reviewer")
    store = make.store(contact_email="wei@harbour.example")
    reviewer.post(f"/staff/stores/{store.id}/invite")
    invited, visitor = link_of("store_invitation"), app.test_client()
    admin = as_actor("admin")
    admin.post(f"/staff/people/{reviewer.user.id}/roles", data={"roles": ["legal"]})
    assert visitor.get(invited).status_code == 200
    admin.post(f"/staff/people/{reviewer.user.id}/roles", data={"roles": ["auditor"]})
    assert visitor.get(invited).status_code == 409


def test_a_role_taken_away_is_gone_on_the_next_request(as_actor, rows):
    legal, admin = as_actor("legal"), as_actor("admin")
    assert admin.post(f"/staff/people/{legal.user.id}/roles", data={"roles": ["reviewer"]}).status_code == 303
    assert legal.get("/staff/stores").status_code == 302
    assert rows(User, id=legal.user.id)[0].role_names == ["reviewer"]


@pytest.mark.parametrize("roles", [[], ["seller"], ["admin", "rights_holder"]])
def test_staff_get_only_roles_of_staff(as_actor, rows, roles):
    target = make.user(role="reviewer")
    answer = as_actor("admin").post(f"/staff/people/{target.id}/roles", data={"roles": roles})
    assert answer.status_code == 422 and f'href="#roles-{target.id}"' in answer.text and target.name in answer.text
    assert rows(User, id=target.id)[0].role_names == ["reviewer"]


def test_a_party_never_becomes_staff(as_actor, rows):
    party, admin = make.user(role="rights_holder"), as_actor("admin")
    assert admin.post(f"/staff/people/{party.id}/roles", data={"roles": ["admin"]}).status_code == 409
    assert admin.post("/staff/people", data={"email": party.email, "role": "admin"}).status_code == 409
    assert rows(User, id=party.id)[0].role_names == ["rights_holder"]


def test_an_administrator_neither_disables_nor_demotes_the_own_account(as_actor):
    admin = as_actor("admin")
    assert admin.post(f"/staff/people/{admin.user.id}/disable").status_code == 409
    assert admin.post(f"/staff/people/{admin.user.id}/roles", data={"roles": ["reviewer"]}).status_code == 409


def test_the_own_profile_takes_what_exists(as_actor, rows):
    browser = as_actor("seller")
    good = {"name": "Li Wei", "locale": "zh_CN", "zone": "Asia/Shanghai"}
    assert browser.post("/account", data=good).status_code == 303
    user, = rows(User, id=browser.user.id)
    assert (user.name, user.locale, user.zone) == ("Li Wei", "zh_CN", "Asia/Shanghai")
    for wrong in ({"zone": "Mars/Base"}, {"locale": "xx"}, {"name": ""}, {"role_names": "admin"}):
        assert browser.post("/account", data=good | wrong).status_code == 422
    assert rows(User, id=browser.user.id)[0].role_names == ["seller"]


# --- second factor ----------------------------------------------------------------------------

def set_up(client, app, rows):
    """Turn the authenticator on as the page does it; returns the person's row."""
    enter(client, client.user.email)
    page = client.post("/account/two-factor", data={"setup": "authenticator"})
    key = re.search(r"<code>([A-Z0-9 -]+)</code>", page.text)[1]
    action = re.search(r'action="(/account/two-factor/[^"]+)"', page.text)[1]
    code = TOTP(key=key.replace(" ", "").replace("-", "")).generate().token
    assert client.post(action, data={"code": code}).status_code == 302
    return rows(User, id=client.user.id)[0], code


def test_signing_in_asks_for_the_code_and_takes_each_once(client, app, rows):
    client.user = make.user(role="legal")
    user, used = set_up(client, app, rows)
    assert user.tf_primary_method == "authenticator" and "key" in user.tf_totp_secret
    client.post("/sign-out")
    answer = enter(client, user.email)
    assert answer.location.startswith("/sign-in/code")
    assert not is_in(client)
    assert client.post("/sign-in/code", data={"code": used}).status_code == 200
    assert not is_in(client)
    with app.app_context():
        totp = app.extensions["security"].totp_factory._totp.from_source(user.tf_totp_secret)
        fresh = totp.generate(time.time() + 30).token
    assert client.post("/sign-in/code", data={"code": fresh}).status_code == 302
    assert is_in(client)
    other = app.test_client()
    enter(other, user.email)
    assert other.post("/sign-in/code", data={"code": fresh}).status_code == 200
    assert not is_in(other)


def test_of_many_who_send_one_code_at_once_one_gets_in(client, app, rows):
    client.user = make.user(role="legal")
    user, _used = set_up(client, app, rows)
    with app.app_context():
        totp = app.extensions["security"].totp_factory._totp.from_source(user.tf_totp_secret)
        code = totp.generate(time.time() + 30).token
    browsers, start = [app.test_client() for _ in range(4)], threading.Barrier(4)
    for browser in browsers:
        enter(browser, user.email)

    def send(browser):
        browser.csrf_token()
        start.wait()
        browser.post("/sign-in/code", data={"code": code})

    threads = [threading.Thread(target=send, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(is_in(browser) for browser in browsers) == 1


def test_the_code_cannot_be_guessed_for_long(client, app, rows):
    client.user = make.user(role="legal")
    user, _used = set_up(client, app, rows)
    client.post("/sign-out")
    enter(client, user.email)
    answers = [client.post("/sign-in/code", data={"code": f"{n:06}"}).status_code for n in range(11)]
    assert answers[:9] == [200] * 9 and answers[10] == 429
    assert not is_in(client)


def test_the_password_between_the_guesses_gives_the_code_no_new_tries(client, app, rows):
    client.user = make.user(role="legal")
    user, _used = set_up(client, app, rows)
    thief = app.test_client()
    away = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    for n in range(20):
        thief.post("/sign-in", data={"email": user.email, "password": make.PASSWORD}, **away)
        answer = thief.post("/sign-in/code", data={"code": f"{n:06}"}, **away)
    assert answer.status_code == 429
    assert not is_in(thief)


def test_a_recovery_code_works_once_and_is_stored_encrypted(client, app, rows):
    client.user = make.user(role="legal")
    user, _used = set_up(client, app, rows)
    page = client.post("/account/recovery-codes", data={"generate_new_codes": "1"}).text
    shown = re.findall(r"<code>([0-9a-f-]{14})</code>", page)
    assert len(shown) == 8
    assert not set(shown) & set(rows(User, id=user.id)[0].mf_recovery_codes)
    for expected in (True, False):
        browser = app.test_client()
        enter(browser, user.email)
        browser.post("/sign-in/recovery-code", data={"code": shown[0]})
        assert is_in(browser) is expected


def test_a_new_password_does_not_get_around_the_code(client, app, rows, link_of):
    client.user = make.user(role="legal")
    user, _used = set_up(client, app, rows)
    thief = app.test_client()
    thief.post("/reset-password", data={"email": user.email})
    thief.post(link_of("account_reset"), data={"password": "chosen by the thief"})
    assert enter(thief, user.email, "chosen by the thief").location.startswith("/sign-in/code")
    assert not is_in(thief)


def test_the_protection_of_an_account_needs_a_fresh_password(as_actor):
    browser = as_actor("legal")
    with browser.session_transaction() as session:
        session["fs_paa"] = session["fs_paa"] - 31 * 60
    answer = browser.get("/account/two-factor")
    assert answer.location.startswith("/account/verify")
    assert browser.post("/account/verify", data={"password": WRONG}).status_code == 200
    assert browser.get("/account/two-factor").status_code == 302
    assert browser.post("/account/verify", data={"password": make.PASSWORD}).status_code == 302
    assert browser.get("/account/two-factor").status_code == 200


def test_an_invitation_by_an_administrator_shows_its_link_once(as_actor):
    admin = as_actor("admin")
    answer = admin.post("/staff/people", data={"email": "new@desk.example", "role": "reviewer"})
    assert answer.status_code == 303
    first, second = (admin.get(answer.location).get_data(as_text=True) for _ in range(2))
    assert "/invitations/" in first.split("govuk-notification-banner__content")[1].split("</code>")[0]
    assert "govuk-notification-banner__content" not in second


# --- what surrounds every page ------------------------------------------------------------------

def test_a_page_that_does_not_exist_knows_who_reads_it(as_actor, client):
    person = as_actor("rights_holder", name="Ada Example")
    missing = person.get("/nowhere")
    assert missing.status_code == 404 and "Ada Example" in missing.text and 'href="/sign-in"' not in missing.text
    assert 'href="/sign-in"' in client.get("/nowhere").text


def test_the_language_link_of_a_refused_form_comes_back_to_its_page(as_actor):
    person = as_actor("rights_holder")
    refused = person.post("/rights/new", data={"kind": "trademark"})
    assert refused.status_code == 422 and "/language/zh_CN?next=/rights/new" in refused.text
    person.get("/language/zh_CN?next=/rights/new")
    assert "/language/en?next=/" in person.post("/sign-out-nowhere").text
