"""Pages of the account, the organisation, the staff's people, and the ways to a store."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Blueprint, current_app, flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_security import login_user
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http import problems
from ipdesk.core.http.access import COMPLAINANTS, READING_STAFF, SIGNED_IN, STAFF, access
from ipdesk.core.http.fields import FormSchema
from ipdesk.core.http.forms import Form
from ipdesk.core.http.installation import settings
from ipdesk.core.kernel.errors import Invalid, NotVisible, Refusal
from ipdesk.features.accounts import operations, queries, schemas, sign_in, words
from ipdesk.features.accounts.models import MANAGER, MEMBER, STAFF_ACCOUNT_ROLES, Invitation, User
from ipdesk.features.accounts.setup import limiter
from ipdesk.features.accounts.store_links import StoreLink, read_store_link
from ipdesk.features.accounts.stores import StoreCard, store_book

pages = Blueprint("accounts", __name__)
blueprints = [pages]


@pages.app_template_filter("role_label")
def _role_label(role: str) -> str:
    return gettext(words.ROLE_NAMES.get(role, role))


@pages.app_template_filter("role_pair")
def _role_pair(role: str) -> tuple[str, str]:
    return role, _role_label(role)


@pages.app_context_processor
def _names() -> dict[str, Any]:
    return {
        "role_name": _role_label, "via_name": lambda via: gettext(words.VIA_NAMES.get(via, via)),
    }


# --- own account ------------------------------------------------------------------------------

@pages.route("/account", methods=["GET", "POST"])
@access(*SIGNED_IN)
def account() -> Any:
    """Name, language and zone; the ways to password and second factor."""
    user = queries.own_account(g.actor)
    if request.method == "POST":
        form = Form.read(schemas.ProfileSchema())
        if response := form.submit(lambda said: _profile_kept(said)):
            response.set_cookie("locale", form.data["locale"], samesite="Lax", secure=settings().behind_https)
            return response
    else:
        form = Form({"name": user.name, "locale": user.locale, "zone": user.zone})
    return render_template(
        "accounts/account.html", form=form, user=user, zones=[(zone, zone) for zone in sorted(schemas.zones())],
        bindings=_own_stores()), form.status


def _profile_kept(said: dict[str, Any]) -> str:
    operations.update_profile(
        actor=g.actor, name=said["name"], locale=said["locale"], zone=said["zone"])
    return url_for("accounts.account")


def _own_stores() -> list[StoreCard]:
    found = (store_book().by_id(store_id) for store_id in sorted(g.actor.store_ids))
    return [card for card in found if card is not None]


# --- the organisation -------------------------------------------------------------------------

@pages.route("/organisation", methods=["GET", "POST"])
@access(*COMPLAINANTS)
def organisation() -> Any:
    """Members and open invitations; a manager invites from here."""
    form = Form({"role": MEMBER})
    if request.method == "POST":
        form = Form.read(schemas.InviteMemberSchema())
        if response := form.submit(_member_invited):
            return response
    own = queries.own_organisation(g.actor)
    return render_template(
        "accounts/organisation.html", form=form, organisation=own, members=queries.members(g.actor),
        invitations=queries.open_invitations(g.actor.at, kind="organisation", organisation_id=own.id),
        manages=queries.own_account(g.actor).organisation_role == MANAGER,
        roles=(MEMBER, MANAGER)), form.status


def _member_invited(said: dict[str, Any]) -> str:
    operations.invite_member(
        actor=g.actor, email=said["email"], role=said["role"], letterhead=sign_in.letterhead())
    return url_for("accounts.organisation")


@pages.get("/organisation/leave")
@access(*COMPLAINANTS)
def leave_organisation() -> Any:
    """What leaving means, once, before it is done."""
    return render_template("accounts/leave.html", organisation=queries.own_organisation(g.actor))


@pages.post("/organisation/members/<int:user_id>/remove")
@access(*COMPLAINANTS)
def remove_member(user_id: int) -> Any:
    return _button(lambda: operations.remove_member(actor=g.actor, user_id=user_id),
                   url_for("accounts.organisation"))


@pages.post("/organisation/members/<int:user_id>/role")
@access(*COMPLAINANTS)
def change_member_role(user_id: int) -> Any:
    role = _said(schemas.MemberRoleSchema())["role"]
    return _button(
        lambda: operations.change_member_role(actor=g.actor, user_id=user_id, role=role),
        url_for("accounts.organisation"))


@pages.post("/organisation/invitations/<int:invitation_id>/withdraw")
@access(*COMPLAINANTS)
def withdraw_member_invitation(invitation_id: int) -> Any:
    return _button(
        lambda: operations.withdraw_invitation(actor=g.actor, invitation_id=invitation_id),
        url_for("accounts.organisation"))


# --- staff: people ----------------------------------------------------------------------------

@pages.route("/staff/people", methods=["GET", "POST"])
@access("admin")
def staff_people() -> Any:
    """Staff accounts and their invitations; one account of any kind by its e-mail address."""
    form = Form({"role": "reviewer"})
    if request.method == "POST":
        form = Form.read(schemas.InviteStaffSchema())
        if response := form.submit(_staff_invited):
            return response
    return _people_page(form)


def _people_page(form: Form) -> Any:
    wanted = request.args.get("email", "")[:254]
    return render_template(
        "accounts/staff_people.html", form=form, staff=queries.staff(), wanted=wanted,
        found=queries.user_by_email(wanted) if wanted else None, roles=STAFF_ACCOUNT_ROLES,
        invitations=queries.open_invitations(g.actor.at, kind="staff")), form.status


def _staff_invited(said: dict[str, Any]) -> str:
    letterhead = sign_in.letterhead()
    invitation, token = operations.invite_staff(
        actor=g.actor, email=said["email"], role=said["role"], letterhead=letterhead, locale=g.actor.locale)
    flash({"text": gettext("The invitation is on its way to %(email)s. Its link works once and is shown here only now:",
                           email=invitation.email), "link": letterhead.invitation_link(token)}, "success")
    return url_for("accounts.staff_people")


@pages.post("/staff/people/<int:user_id>/roles")
@access("admin")
def change_staff_roles(user_id: int) -> Any:
    def act(said: dict[str, Any]) -> str:
        user = operations.change_staff_roles(actor=g.actor, user_id=user_id, roles=said["roles"])
        flash(gettext("The roles of %(name)s are saved.", name=user.name), "success")
        return url_for("accounts.staff_people")

    sent = Form.read(schemas.StaffRolesSchema())
    if response := sent.submit(act):
        return response
    form, name = Form({"role": "reviewer"}), queries.get_user(user_id).name
    form.refuse({f"roles-{user_id}": [f"{name}: {text}" for texts in sent.errors.values() for text in texts]})
    form.status = sent.status
    return _people_page(form)


@pages.route("/staff/people/<int:user_id>/disable", methods=["GET", "POST"])
@access("admin")
def disable_account(user_id: int) -> Any:
    """Shut a person out, after one screen that says what that means."""
    form = Form()
    if request.method == "POST":
        form = Form.read(FormSchema())
        if response := form.submit(lambda _said: _disabled(user_id)):
            return response
    return render_template("accounts/disable.html", form=form, person=queries.get_user(user_id)), form.status


def _disabled(user_id: int) -> str:
    user = operations.disable_account(actor=g.actor, user_id=user_id)
    flash(gettext("The account of %(name)s is disabled.", name=user.name), "success")
    return url_for("accounts.staff_people")


@pages.post("/staff/people/<int:user_id>/enable")
@access("admin")
def enable_account(user_id: int) -> Any:
    def act() -> None:
        user = operations.enable_account(actor=g.actor, user_id=user_id)
        flash(gettext("The account of %(name)s is enabled.", name=user.name), "success")

    return _button(act, url_for("accounts.staff_people"))


@pages.post("/staff/invitations/<int:invitation_id>/withdraw")
@access(*STAFF)
def withdraw_invitation(invitation_id: int) -> Any:
    return _button(
        lambda: operations.withdraw_invitation(actor=g.actor, invitation_id=invitation_id),
        url_for("accounts.store_access"))


# --- staff: stores and alarms -----------------------------------------------------------------

@pages.get("/staff/stores")
@access(*READING_STAFF)
def store_access() -> Any:
    """Find a store by the marketplace's own id, to see who may act for it."""
    said = schemas.FindStoreSchema().load(request.args)
    card = None
    if said["store"]:
        card = store_book().by_external_id(said["marketplace"], said["store"])
        if card is not None:
            return redirect(url_for("accounts.store", store_id=card.id))
    return render_template(
        "accounts/find_store.html", form=Form(said), asked=bool(said["store"]),
        marketplaces=store_book().marketplaces(),
        invitations=queries.open_invitations(g.actor.at, kind="store"))


@pages.route("/staff/stores/<int:store_id>", methods=["GET", "POST"])
@access(*READING_STAFF)
def store(store_id: int) -> Any:
    """Who may act for the store and who could; binding with proof."""
    card = _card(store_id)
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.BindStoreSchema())
        if response := form.submit(lambda said: _bound_with_proof(store_id, said)):
            return response
    return render_template(
        "accounts/store.html", form=form, store=card, bindings=queries.bindings_of_store(store_id),
        main=queries.main_binding(store_id)), form.status


def _bound_with_proof(store_id: int, said: dict[str, Any]) -> str:
    came_of_it = operations.bind_with_proof(
        actor=g.actor, store_id=store_id, email=said["email"], proof=said["proof"],
        letterhead=sign_in.letterhead())
    if isinstance(came_of_it, operations.Accepted) and came_of_it.refused:
        return url_for("accounts.claim_refused", code=came_of_it.refused)
    return url_for("accounts.store", store_id=store_id)


@pages.post("/staff/stores/<int:store_id>/invite")
@access(*STAFF)
def invite_to_store(store_id: int) -> Any:
    # The link goes to the store's mailbox only: whoever holds it proves by it that the mailbox is theirs.
    with unit_of_work():
        invitation, _token = operations.invite_to_store(
            actor=g.actor, store_id=store_id, letterhead=sign_in.letterhead())
        flash(gettext("The invitation is on its way to %(email)s.", email=invitation.email), "success")
    return redirect(url_for("accounts.store", store_id=store_id), 303)


@pages.post("/staff/bindings/<int:binding_id>/revoke")
@access("legal", "admin")
def revoke_binding(binding_id: int) -> Any:
    because = _said(schemas.RevokeBindingSchema())["because"]
    with unit_of_work():
        store_id = operations.revoke_binding(
            actor=g.actor, binding_id=binding_id, because=because).store_id
    return redirect(url_for("accounts.store", store_id=store_id), 303)


@pages.get("/staff/alarms")
@access(*READING_STAFF)
def alarms() -> Any:
    """What went wrong with access: second claims on stores."""
    every = request.args.get("all") == "1"
    return render_template(
        "accounts/alarms.html", alarms=queries.alarms(open_only=not every), every=every)


@pages.post("/staff/alarms/<int:alarm_id>/seen")
@access(*STAFF)
def acknowledge_alarm(alarm_id: int) -> Any:
    return _button(lambda: operations.acknowledge_alarm(actor=g.actor, alarm_id=alarm_id),
                   url_for("accounts.alarms"))


# --- ways in ----------------------------------------------------------------------------------

@pages.route("/invitations/<token>", methods=["GET", "POST"])
@access.public
@limiter.limit("30/hour", methods=["POST"])
def invitation(token: str) -> Any:
    """What an invitation means, and accepting it: signed in, or by making the account here."""
    invited = queries.find_invitation(token)
    if invited.used_by is not None and invited.used_by == g.actor.user_id:
        return redirect(url_for("accounts.account"))
    try:
        operations.check_invitation(invited, at=g.actor.at)
    except Refusal as refusal:
        return problems.refused(refusal)
    form, new = Form(), g.actor.user_id is None
    if request.method == "POST":
        form = Form.read(schemas.AcceptSchema() if new else FormSchema())
        person = _new_person(form, invited) if new else None
        accepted: list[operations.Accepted] = []
        if response := _submit_against_rivals(form, _accepting(token, person, accepted)):
            return _entered(accepted, response, "invitation")
    return _invitation_page(form, invited, token, new)


def _invitation_page(form: Form, invited: Invitation, token: str, new: bool) -> Any:
    store = store_book().by_id(invited.store_id) if invited.store_id is not None else None
    known = queries.user_by_email(invited.email) if new else None
    return render_template(
        "accounts/invitation.html", form=form, invitation=invited, store=store, token=token,
        organisation=queries.organisation(invited.organisation_id), known=known,
        wrong_account=not new and g.actor.email != invited.email), form.status


def _accepting(
    token: str, person: operations.NewPerson | None, accepted: list[operations.Accepted],
) -> Callable[[dict[str, Any]], str]:
    def act(_said: dict[str, Any]) -> str:
        done = operations.accept_invitation(actor=g.actor, token=token, person=person)
        accepted.append(done)
        return _after(done)

    return act


def _new_person(form: Form, invited: Invitation) -> operations.NewPerson | None:
    if form.errors:
        return None
    wrong, hashed = sign_in.check_password(
        form.data["password"], email=invited.email, name=form.data["name"])
    form.values.pop("password", None)
    if wrong:
        form.refuse({"password": wrong})
        return None
    store = store_book().by_id(invited.store_id) if invited.store_id is not None else None
    locale = sign_in.reader_locale() or (store.locale if store else "en")
    return operations.NewPerson(form.data["name"], hashed, locale)


@pages.route("/sign-in/store", methods=["GET", "POST"])
@access.public
@limiter.limit("10/hour", methods=["POST"])
def ask_for_store() -> Any:
    """A seller without account has the invitation of its store sent, to the contact in the catalogue."""
    form = Form()
    if request.method == "POST":
        form = Form.read(schemas.AskForStoreSchema())
        if response := form.submit(_asked_for_store):
            return response
    return render_template("accounts/ask_for_store.html", form=form, marketplaces=store_book().marketplaces()), form.status


def _asked_for_store(said: dict[str, Any]) -> str:
    markets = [code for code, _name in store_book().marketplaces()]
    card = store_book().by_external_id(markets[0] if len(markets) == 1 else said["marketplace"], said["store"])
    if card is not None:
        # The same answer whatever comes of it: nobody learns here which stores there are and which are claimed.
        with suppress(Refusal):
            operations.ask_for_store_account(actor=g.actor, store_id=card.id, letterhead=sign_in.letterhead())
    flash(gettext("If the store has no account yet, an invitation is on its way to the e-mail address that the marketplace has for it. "
                  "Open the link in it, choose a password, and you can answer for the store."), "success")
    return url_for("security.login")


@pages.route("/from-marketplace/<token>", methods=["GET", "POST"])
@access.public
@limiter.limit("60/hour", methods=["POST"])
def from_marketplace(token: str) -> Any:
    """The marketplace's signed sign-in link. Opening it changes nothing; the button does."""
    try:
        link = read_store_link(
            token, secret=settings().marketplace_login_secret, at=g.actor.at)
    except Refusal as refusal:
        return problems.refused(refusal)
    form = Form()
    if request.method == "POST":
        form = Form.read(FormSchema())
        accepted: list[operations.Accepted] = []
        if response := _submit_against_rivals(form, _entering(token, link, accepted)):
            return _entered(accepted, response, "marketplace")
    return render_template(
        "accounts/from_marketplace.html", form=form, link=link, token=token,
        store=store_book().by_external_id(link.marketplace, link.store),
        known=queries.user_by_email(link.mail) is not None), form.status


def _entering(
    token: str, link: StoreLink, accepted: list[operations.Accepted],
) -> Callable[[dict[str, Any]], str]:
    def act(_said: dict[str, Any]) -> str:
        done = operations.enter_by_store_link(actor=g.actor, token=token, link=link)
        accepted.append(done)
        return _after(done)

    return act


def _submit_against_rivals(form: Form, act: Callable[[dict[str, Any]], str]) -> Response | None:
    """Submit; if a rival was first and the database said no, once more, to learn what it refuses."""
    try:
        return form.submit(act)
    except IntegrityError:
        return form.submit(act)


def _after(done: operations.Accepted) -> str:
    return url_for("accounts.claim_refused", code=done.refused) if done.refused else url_for("accounts.welcome")


def _entered(accepted: list[operations.Accepted], response: Response, via: str) -> Any:
    """Sign in whom an invitation or a link brought, asking for the second factor where one is set."""
    user = accepted[0].user if accepted else None
    if user is None or user.id == g.actor.user_id:
        return response
    return _signed_in(user, response, via)


def _signed_in(user: User, response: Response, via: str) -> Any:
    account = sign_in.Account.of(queries.get_user(user.id))
    security = current_app.extensions["security"]
    second = security.two_factor_plugins.tf_enter(account, False, via, next_loc=url_for("accounts.welcome"))
    if second is not None:
        return second
    login_user(account, authn_via=[via])
    sign_in.settle(g.actor.at)
    return response


@pages.get("/welcome")
@access(*SIGNED_IN)
def welcome() -> Any:
    """Where an accepted invitation ends: what can be done from now on."""
    return render_template("accounts/welcome.html", stores=_own_stores(), user=queries.own_account(g.actor))


@pages.get("/claim-refused/<code>")
@access.public
def claim_refused(code: str) -> Any:
    """Why a claim on a store was refused; the staff know of it."""
    if code != "store_already_claimed":
        raise NotVisible
    return problems.refused(Refusal(code))


# --- small things -----------------------------------------------------------------------------

def _card(store_id: int) -> StoreCard:
    card = store_book().by_id(store_id)
    if card is None:
        raise NotVisible
    return card


def _said(schema: schemas.FormSchema) -> dict[str, Any]:
    """The checked values of a small form; ``Invalid`` when it does not fit."""
    form = Form.read(schema)
    if form.errors:
        raise Invalid(form.errors)
    return form.data


def _button(act: Callable[[], Any], onwards: str) -> Any:
    with unit_of_work():
        act()
    return make_response(redirect(onwards, 303))
