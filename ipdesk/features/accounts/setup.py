"""Joins Flask-Security to the application: settings, doors around its views, the actor."""

import base64
import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Flask, Response, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_security import Security, user_authenticated
from flask_security.totp import Totp
from flask_security.utils import set_request_attr
from itsdangerous import BadSignature, Serializer, TimestampSigner, URLSafeTimedSerializer
from werkzeug.datastructures import ImmutableMultiDict

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http import access, grants, problems
from ipdesk.core.http.forms import Form
from ipdesk.core.http.installation import clock, settings
from ipdesk.core.kernel.actors import GUEST_ROLE, Actor
from ipdesk.core.kernel.ids import new_token
from ipdesk.core.kernel.text import N_
from ipdesk.features.accounts import queries, schemas, sign_in, throttle

# Every signed-in person, whatever their roles.
EVERYBODY_SIGNED_IN = access.SIGNED_IN
_OPEN = (
    "login", "logout", "register", "forgot_password", "reset_password", "send_confirmation",
    "confirm_email", "two_factor_token_validation", "two_factor_rescue", "tf_select", "mf_recovery",
)
_SIGNED_IN = (
    "verify", "change_password", "two_factor_setup", "two_factor_setup_validate",
    "mf_recovery_codes",
)
# Here a secret can be tried: each POST counts until it succeeds.
_GUESSABLE = {
    "login", "verify", "change_password", "two_factor_token_validation", "mf_recovery",
}
# Here a letter to an address is asked for: what is no address is said at once.
_LETTER_ASKED = {"forgot_password", "send_confirmation"}
# Here the answer must take as long for an address without account as for one with.
_STEADY = {"forgot_password", "send_confirmation", "register"}
_STEADY_SECONDS = 0.4
# How often an idle session notes that it is in use: each note is a cookie to send.
_NOTE_SECONDS = 60
_DEVICE_COOKIE = "ipdesk-device"
_DEVICE_LIFETIME = timedelta(days=400)

limiter = Limiter(
    key_func=get_remote_address, storage_uri="memory://", strategy="moving-window",
    headers_enabled=False,
)

MESSAGES = {
    "GENERIC_AUTHN_FAILED": N_("The e-mail address or the password is not right."),
    "CONFIRMATION_REQUIRED": N_("Confirm your e-mail address first."),
    "CONFIRM_REGISTRATION": N_("We sent a letter to %(email)s. Open the link in it to confirm your address."),
    "CONFIRMATION_REQUEST": N_("If %(email)s waits for confirmation, a new letter is on its way."),
    "CONFIRMATION_EXPIRED": N_("The link is over: it was good for %(within)s. Ask for a new one."),
    "INVALID_CONFIRMATION_TOKEN": N_("This link is not valid any more. Ask for a new one."),
    "EMAIL_CONFIRMED": N_("Your e-mail address is confirmed. You can sign in now."),
    "ALREADY_CONFIRMED": N_("Your e-mail address was already confirmed. You can sign in."),
    "PASSWORD_RESET_REQUEST": N_("If there is an account for %(email)s, a letter with a link is on its way."),
    "PASSWORD_RESET_EXPIRED": N_("The link is over: it was good for %(within)s. Ask for a new one."),
    "INVALID_RESET_PASSWORD_TOKEN": N_("This link is not valid any more. Ask for a new one."),
    "PASSWORD_RESET_NO_LOGIN": N_("Your new password is set. Sign in with it."),
    "PASSWORD_CHANGE": N_("Your password is changed. All other sessions have ended."),
    "PASSWORD_IS_THE_SAME": N_("Choose a password that differs from the present one."),
    "PASSWORD_INVALID_LENGTH": N_("Use at least %(length)s characters."),
    "PASSWORD_NOT_PROVIDED": N_("Enter your password."),
    "INVALID_PASSWORD": N_("This is not your present password."),
    "EMAIL_NOT_PROVIDED": N_("Enter your e-mail address."),
    "INVALID_EMAIL_ADDRESS": N_("Enter an e-mail address, like name@company.example."),
    "INVALID_REDIRECT": N_("This link leads out of the desk and was left out."),
    "REAUTHENTICATION_REQUIRED": N_("Enter your password again before you change this."),
    "REAUTHENTICATION_SUCCESSFUL": N_("Thank you."),
    "TWO_FACTOR_INVALID_TOKEN": N_("This code is not right, or it was used already. Wait for the next one."),
    "TWO_FACTOR_LOGIN_SUCCESSFUL": N_("You are signed in."),
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": N_("Your authenticator app is set up. From now on, signing in asks for its code."),
    "TWO_FACTOR_DISABLED": N_("Signing in asks for no code any more."),
    "TWO_FACTOR_PERMISSION_DENIED": N_("Sign in first."),
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": N_("Choose one."),
    "TWO_FACTOR_SETUP_EXPIRED": N_("This took too long. Start again."),
    "INVALID_RECOVERY_CODE": N_("This recovery code is not right, or it was used already."),
    "NO_RECOVERY_CODES_SETUP": N_("You have no recovery codes yet."),
    "UNAUTHENTICATED": N_("Sign in to see this page."),
}


class OneTimeCodes(Totp):
    """Authenticator codes; the time step of the last one is kept, so that none works twice."""

    def get_last_counter(self, user: sign_in.Account) -> int | None:
        return user.tf_last_counter

    def set_last_counter(self, user: sign_in.Account, tmatch: Any) -> None:
        user.tf_last_counter = tmatch.counter
        sign_in.People().put(user)


class _ClockSigner(TimestampSigner):
    """Signs links by mail with the installation's clock."""

    def get_timestamp(self) -> int:
        return int(clock().now().timestamp())


def setup(app: Flask) -> None:
    """Called once by wiring, after the database, CSRF protection and the headers."""
    own = app.extensions["ipdesk.settings"]
    app.config.update(_options(own))
    security = Security(
        app, sign_in.People(), mail_util_cls=sign_in.Post, password_util_cls=sign_in.Passwords,
        totp_cls=OneTimeCodes, render_template=_render, login_form=sign_in.SignInForm,
        register_form=sign_in.RegistrationForm, reset_password_form=sign_in.NewPasswordForm,
        change_password_form=sign_in.PasswordChangeForm,
        two_factor_setup_form=sign_in.SecondFactorForm, two_factor_rescue_form=sign_in.NoRescueForm,
    )
    security.want_json(lambda _request: False)
    app.login_manager.user_loader(_load_account)
    app.login_manager.request_loader(lambda _request: None)  # sessions only, no tokens
    for name in ("reset", "confirm", "tf_setup"):
        salt = app.config[f"SECURITY_{'TWO_FACTOR_SETUP' if name == 'tf_setup' else name.upper()}_SALT"]
        setattr(security, f"{name}_serializer", URLSafeTimedSerializer(
            [own.secret_key], salt=salt, signer=_ClockSigner))
    user_authenticated.connect(_signed_in, app, weak=False)
    limiter.init_app(app)
    _put_doors(app)
    access.install(app, load_actor)


def _options(own: Any) -> dict[str, Any]:
    texts = {f"SECURITY_MSG_{key}": (text, _category(key)) for key, text in MESSAGES.items()}
    cheap = {"argon2__time_cost": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}
    return texts | {
        "SECURITY_REGISTERABLE": True, "SECURITY_CONFIRMABLE": True, "SECURITY_RECOVERABLE": True,
        "SECURITY_CHANGEABLE": True, "SECURITY_TWO_FACTOR": True,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_PASSWORD_HASH": "argon2", "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": cheap if own.testing else {},
        # These hashes only mark which address or password a signed link was made for.
        "SECURITY_HASHING_SCHEMES": ["hex_sha256"],
        "SECURITY_PASSWORD_LENGTH_MIN": 10, "SECURITY_PASSWORD_CONFIRM_REQUIRED": False,
        "SECURITY_DATETIME_FACTORY": lambda: clock().now(),
        "SECURITY_RESET_PASSWORD_WITHIN": timedelta(hours=1),
        "SECURITY_CONFIRM_EMAIL_WITHIN": timedelta(days=2),
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_EMAIL_PLAINTEXT": False, "SECURITY_EMAIL_HTML": False,
        "SECURITY_I18N_DOMAIN": "messages",
        "SECURITY_I18N_DIRNAME": [str(own.root / "ipdesk" / "translations")],
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {"code": "flask_security.twofactor.CodeTfPlugin"},
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
        "SECURITY_TOTP_SECRETS": {"1": _derived(own, "one-time codes")},
        "SECURITY_TOTP_ISSUER": own.desk_name,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True, "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [_derived(own, "recovery codes").encode()],
        "SECURITY_FRESHNESS": timedelta(minutes=30),
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(minutes=10),
        "SECURITY_STATIC_FOLDER": None, "SECURITY_CLI_USERS_NAME": None, "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_LOGIN_URL": "/sign-in", "SECURITY_LOGOUT_URL": "/sign-out",
        "SECURITY_REGISTER_URL": "/register", "SECURITY_RESET_URL": "/reset-password",
        "SECURITY_CHANGE_URL": "/account/password", "SECURITY_CONFIRM_URL": "/confirm-address",
        "SECURITY_VERIFY_URL": "/account/verify",
        "SECURITY_TWO_FACTOR_SETUP_URL": "/account/two-factor",
        "SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL": "/sign-in/code",
        "SECURITY_TWO_FACTOR_RESCUE_URL": "/sign-in/code/help",
        "SECURITY_TWO_FACTOR_SELECT_URL": "/sign-in/code/choose",
        "SECURITY_MULTI_FACTOR_RECOVERY_URL": "/sign-in/recovery-code",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL": "/account/recovery-codes",
        "SECURITY_POST_REGISTER_VIEW": "/sign-in", "SECURITY_POST_LOGOUT_VIEW": "/sign-in",
        "SECURITY_POST_CHANGE_VIEW": "/account", "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/account",
        "RATELIMIT_HEADERS_ENABLED": False,
    }


def _category(key: str) -> str:
    good = ("CONFIRMED", "REQUEST", "REGISTRATION", "NO_LOGIN", "PASSWORD_CHANGE", "SUCCESSFUL", "DISABLED")
    return "success" if key.endswith(good) else "error"


def _derived(own: Any, purpose: str) -> str:
    """A key of its own for each purpose, from the installation's secret (Fernet's format)."""
    raw = hashlib.blake2b(own.secret_key.encode()[:64], digest_size=32, person=purpose.encode()[:16]).digest()
    return base64.urlsafe_b64encode(raw).decode()


# --- who is it --------------------------------------------------------------------------------

def _load_account(identity: str) -> sign_in.Account | None:
    """The account of a live session, in one query; ``None`` ends it."""
    token, seen = session.get("sign_in"), session.get("seen_at", 0)
    now = clock().now()
    if not token or now.timestamp() - seen > settings().session_idle:
        return None
    row = queries.signed_in(identity, token, now)
    if row is None:
        return None
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return sign_in.Account(**row._mapping)


def load_actor() -> Actor:
    """Who acts in this request. A person whose address is not confirmed acts as a guest."""
    at, address = clock().now(), request.remote_addr or ""
    links = grants.granted(at)
    if not current_user.is_authenticated:
        return Actor(at=at, address=address, links=links)
    account: sign_in.Account = current_user._get_current_object()
    if at.timestamp() - session.get("seen_at", 0) >= _NOTE_SECONDS:
        session["seen_at"] = int(at.timestamp())
    roles = frozenset(account.role_names) | {"member"}
    if account.confirmed_at is None:
        roles = frozenset({GUEST_ROLE})
    g.zone = account.zone
    stores = queries.stores_of(account.id) if "seller" in roles else frozenset()
    return Actor(
        at=at, roles=roles, user_id=account.id, organisation_id=account.organisation_id,
        store_ids=stores, name=account.name, email=account.email, locale=account.locale,
        address=address, links=links)


def _signed_in(_app: Flask, user: Any, authn_via: list[str] | None = None, **_more: Any) -> None:
    sign_in.keep_session(user, (authn_via or ["code"])[0])


# --- doors ------------------------------------------------------------------------------------

def _put_doors(app: Flask) -> None:
    for names, roles in ((_OPEN, ()), (_SIGNED_IN, EVERYBODY_SIGNED_IN)):
        for name in names:
            endpoint = f"security.{name}"
            access.declare(app, endpoint, *roles)
            app.view_functions[endpoint] = _door(name, app.view_functions[endpoint])
    for name, rate in (("register", "20/hour"), ("forgot_password", "20/hour"),
                       ("send_confirmation", "20/hour"), ("login", "300/5 minutes")):
        endpoint = f"security.{name}"
        app.view_functions[endpoint] = limiter.limit(rate, methods=["POST"])(
            app.view_functions[endpoint])


def _door(name: str, view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def entered(**values: Any) -> Any:
        if own := _own_answer(name, values):
            return own
        _drop_foreign_next()
        began = time.monotonic()
        whose = _whose_secret(name) if name in _GUESSABLE and request.method == "POST" else ""
        attempt = _begin_try(name, whose)
        if attempt is None and name in _GUESSABLE and request.method == "POST":
            return _locked()
        if name == "logout":
            sign_in.drop_session()
        response = make_response(view(**values))
        try:
            sign_in.settle(g.actor.at)
        except sign_in.Superseded:
            return _superseded()
        if attempt is not None and response.status_code < 400 and response.location:
            with unit_of_work():
                throttle.forget_try(attempt, entered=_is_in(whose))
            _remember_device(response)
        if name in _STEADY and request.method == "POST" and not settings().testing:
            time.sleep(max(0.0, _STEADY_SECONDS - (time.monotonic() - began)))
        return response

    return entered


def _own_answer(name: str, values: dict[str, Any]) -> Any:
    """What the desk answers itself, before the library's view."""
    if name == "two_factor_rescue":
        return redirect(url_for("security.mf_recovery"))  # the one way left without the app
    if name == "confirm_email" and request.method in ("GET", "HEAD"):
        # Programs that check mail open every link; only a person presses the button.
        return render_template("security/confirm_email.html", token=values["token"])
    if name in _LETTER_ASKED and request.method == "POST":
        form = Form.read(schemas.AddressSchema(unknown="exclude"))
        if form.errors:
            return render_template(f"security/{name}.html", form=form), form.status
    return None


def _drop_foreign_next() -> None:
    """Forget a ``next`` that leads out of the desk, wherever the library may look for it."""
    for place in ("args", "form"):
        said = getattr(request, place)
        if "next" in said and not sign_in.safe_next(said["next"]):
            setattr(request, place, ImmutableMultiDict(
                (name, value) for name, value in said.items(multi=True) if name != "next"))


def _begin_try(name: str, email: str) -> throttle.Attempt | None:
    if name not in _GUESSABLE or request.method != "POST":
        return None
    device = _device_of(email)
    with unit_of_work():
        return throttle.begin_try(
            at=g.actor.at, secret=settings().secret_key, email=email, device=device,
            address=g.actor.address if name == "login" and not device else "")


def _is_in(email: str) -> bool:
    """Whether this request leaves the person with this address signed in, and nobody else."""
    return current_user.is_authenticated and current_user.email == queries.mailbox(email)


def _whose_secret(name: str) -> str:
    if name == "login":
        return request.form.get("email", "")[:254]
    if g.actor.user_id is not None:
        return g.actor.email
    account = sign_in.People().find_user(fs_uniquifier=session.get("tf_user_id", ""))
    return account.email if account else ""


def _locked() -> Response:
    response = problems.page(429, gettext(
        "There were too many tries. Wait five minutes, then try again, or set a new password."))
    response.headers["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
    return response


def _superseded() -> Response:
    session.clear()
    flash(gettext("This was already done, or your account changed in the meantime. Sign in, or ask for a new link."), "error")
    return make_response(redirect(url_for("security.login"), 303))


def _device_serializer() -> Serializer:
    return Serializer(settings().secret_key, salt="known device")


def _device_of(email: str) -> str:
    """The mark of this browser if this very person signed in with it before."""
    try:
        whose, device = _device_serializer().loads(request.cookies.get(_DEVICE_COOKIE, ""))
    except (BadSignature, ValueError, TypeError):
        return ""
    return device if whose == queries.mailbox(email) else ""


def _remember_device(response: Response) -> None:
    account = current_user
    if not account.is_authenticated or _device_of(account.email):
        return
    response.set_cookie(
        _DEVICE_COOKIE, _device_serializer().dumps([account.email, new_token()]),
        max_age=_DEVICE_LIFETIME, httponly=True, samesite="Strict",
        secure=settings().behind_https)


def _render(template: str, **context: Any) -> str:
    """The library's pages, with its form in the shape that the desk's components read."""
    return render_template(template, **context, form=sign_in.library_form(context))


