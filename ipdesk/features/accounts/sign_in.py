"""How Flask-Security sees this desk's people, and how what it changes gets into the database.

The library reads a person, changes attributes and commits after the request. The desk has one
writer and one kind of commit, so the library works on plain copies (``Account``) and its
changes, new sessions and letters are kept aside until ``settle`` writes them in one unit of
work. A row that changed in between is a rival's: nothing is written (``Superseded``), which is
what makes links by mail and one-time codes work once, however many come at the same time.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import g, request, session
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_security import (
    ChangePasswordForm,
    LoginForm,
    MailUtil,
    PasswordUtil,
    RegisterFormV2,
    ResetPasswordForm,
    TwoFactorRescueForm,
    TwoFactorSetupForm,
    UserDatastore,
    UserMixin,
    hash_password,
)
from flask_security.mail_util import EmailValidateException
from marshmallow import ValidationError as SchemaError
from marshmallow import validate
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from wtforms import Form as LibraryForm
from wtforms import RadioField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.fields import clean
from ipdesk.core.http.forms import Form
from ipdesk.core.http.installation import settings
from ipdesk.core.kernel.ids import new_token
from ipdesk.core.outbox.render import best_locale
from ipdesk.features.accounts import operations, queries, throttle
from ipdesk.features.accounts.letters import Addressee, Letterhead, in_words, send_account_mail
from ipdesk.features.accounts.models import ORGANISATION_KINDS, User, mailbox

LONGEST_PASSWORD = 128
# Too long for the usual lists of leaked passwords (their entries are mostly shorter than the
# least length here), but the first a guesser tries at this length.
_GUESSED = re.compile(
    r"(password|passwort|qwerty|asdf|zxcv|letmein|welcome|iloveyou|admin|monkey|dragon|football|"
    r"baseball|sunshine|princess|woaini|1q2w3e|q1w2e3|abc123|123456|654321|111111|000000|a1b2c3)", re.I)
_LETTERS = {
    "welcome": "account_confirm",
    "confirmation_instructions": "account_confirm",
    "welcome_existing": "account_exists",
    "reset_instructions": "account_reset",
    "reset_notice": "account_password_changed",
    "change_notice": "account_password_changed",
}
# Whoever knows an address can have these written to it.
_ASKED_FOR = {"account_confirm", "account_exists", "account_reset"}


class Superseded(Exception):
    """Somebody changed the account in between; nothing was written."""


class Account(UserMixin):
    """A copy of a person's row for the library. ``new`` is set for one being registered."""

    id: int | None = None
    email: str = ""
    name: str = ""
    password: str | None = None
    active: bool = True
    fs_uniquifier: str = ""
    confirmed_at: datetime | None = None
    locale: str = "en"
    zone: str = ""
    role_names: tuple[str, ...] = ()
    organisation_id: int | None = None
    tf_primary_method: str | None = None
    tf_totp_secret: str | None = None
    tf_phone_number: str | None = None
    tf_last_counter: int | None = None
    mf_recovery_codes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()  # the library's own roles are not used

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(deepcopy(values))
        self.stored = values

    @classmethod
    def of(cls, user: User) -> "Account":
        """The account of a row."""
        return cls(**{column.key: getattr(user, column.key) for column in queries.ACCOUNT_COLUMNS})

    def changes(self) -> dict[str, Any]:
        """What differs from the row it was read from."""
        return {name: getattr(self, name) for name, value in self.stored.items()
                if getattr(self, name) != value}


@dataclass
class _Pending:
    """What this request will write."""

    accounts: list[Account] = field(default_factory=list)
    sessions: list[tuple[Account, str, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    letters: list[Callable[[datetime], None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.accounts or self.sessions or self.ended or self.letters)


def _pending() -> _Pending:
    if "accounts_pending" not in g:
        g.accounts_pending = _Pending()
    return g.accounts_pending


def settle(at: datetime) -> None:
    """Write what this request changed, in one unit of work; ``Superseded`` if a rival was first."""
    pending, g.accounts_pending = _pending(), _Pending()
    pending.accounts = [a for a in dict.fromkeys(pending.accounts) if a.id is None or a.changes()]
    if not pending:
        return
    try:
        with unit_of_work():
            for account in pending.accounts:
                _save(account, at)
            for account, token, via in pending.sessions:
                _open_session(account, token, via, at)
            for token in pending.ended:
                operations.end_session(at=at, token=token)
            for letter in pending.letters:
                letter(at)
    except IntegrityError as error:  # two registrations of one address at the same time
        raise Superseded from error


def _save(account: Account, at: datetime) -> None:
    if account.id is None:
        user = operations.register(
            at=at, email=account.email, uniquifier=account.fs_uniquifier, kind=account.kind,
            organisation_name=account.organisation_name,
            person=operations.NewPerson(account.name, account.password, account.locale))
        account.id = user.id
        return
    user = _same_row(account)
    for name, value in account.changes().items():
        if getattr(user, name) != account.stored[name]:
            raise Superseded
        setattr(user, name, value)


def _open_session(account: Account, token: str, via: str, at: datetime) -> None:
    user = db.session.get(User, account.id)
    if user is None or not user.active or user.fs_uniquifier != account.fs_uniquifier:
        raise Superseded
    operations.begin_session(
        at=at, user_id=user.id, token=token, via=via, address=request.remote_addr or "")


def _same_row(account: Account) -> User:
    user = db.session.execute(
        select(User).where(User.id == account.id).with_for_update()).scalar_one_or_none()
    if user is None or user.fs_uniquifier != account.stored["fs_uniquifier"]:
        raise Superseded
    return user


def letterhead() -> Letterhead:
    """Who writes the letters of this installation."""
    own = settings()
    return Letterhead(own.desk_name, own.base_url, own.zone)


class People(UserDatastore):
    """The library's datastore: reads copies, keeps changes aside."""

    def __init__(self) -> None:
        super().__init__(Account, None)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Account | None:
        """The account with this ``email`` (in any case), ``fs_uniquifier`` or ``id``."""
        (name, value), = kwargs.items()
        column = {"email": User.email, "fs_uniquifier": User.fs_uniquifier, "id": User.id}[name]
        wanted = mailbox(value) if name == "email" else value
        row = db.session.execute(
            select(*queries.ACCOUNT_COLUMNS).where(column == wanted)).one_or_none()
        return Account(**row._mapping) if row else None

    def find_role(self, role: str) -> None:
        return None

    def create_user(self, **kwargs: Any) -> Account:
        account = Account(**kwargs)
        account.stored = {}
        account.fs_uniquifier = new_token()
        return self.put(account)

    def set_uniquifier(self, user: Account, uniquifier: str | None = None) -> None:
        user.fs_uniquifier = uniquifier or new_token()
        self.put(user)

    def put(self, model: Account) -> Account:
        model = getattr(model, "_get_current_object", lambda: model)()
        _pending().accounts.append(model)
        return model

    def commit(self) -> None:
        """The library asks for it after the request; ``settle`` has been there before."""


def keep_session(account: Account, via: str) -> None:
    """Called when the library signs somebody in: a new session with a new secret."""
    token = new_token()
    session["sign_in"] = token
    session["seen_at"] = int(g.actor.at.timestamp())
    # The token of the forms that the guest saw ends with the guest's session.
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)
    account = getattr(account, "_get_current_object", lambda: account)()
    _pending().sessions.append((account, token, via))


def drop_session() -> None:
    """Called before the library signs somebody out: the session's cookie is worth nothing then."""
    if token := session.pop("sign_in", None):
        _pending().ended.append(token)


# --- mail -------------------------------------------------------------------------------------

class Post(MailUtil):
    """Hands the library's mails to the outbox and checks addresses without asking the network."""

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: Any, html: Any,
        **kwargs: Any,
    ) -> None:
        kind = _LETTERS[template.rpartition("/")[2]]
        account: Account = kwargs["user"]
        head = letterhead()
        path, within = _where(kind, kwargs)
        facts = {"within_text": within(account.locale)} if within else {}
        to = Addressee(account.email, account.name, account.locale, _audience(account), account.id)

        def write(at: datetime) -> None:
            asked = kind in _ASKED_FOR
            if not asked or throttle.may_write_to(account.email, at=at, secret=settings().secret_key):
                send_account_mail(kind, to, letterhead=head, link=head.link(path), at=at, facts=facts)

        _pending().letters.append(write)

    def normalize(self, email: str) -> str:
        address = mailbox(clean(email))
        try:
            validate.And(validate.Email(), validate.Length(max=254))(address)
        except SchemaError:
            raise EmailValidateException(
                gettext("Enter an e-mail address, like name@company.example.")) from None
        return address

    validate = normalize


def _where(kind: str, facts: dict[str, Any]) -> tuple[str, Callable[[str], str] | None]:
    """The path of a letter's link and, in the reader's language, how long it is good."""
    from flask import current_app, url_for

    def lasting(key: str) -> Callable[[str], str]:
        span = current_app.config[f"SECURITY_{key}_WITHIN"]
        return lambda locale: in_words(span, locale)

    if kind == "account_confirm":
        path = url_for("security.confirm_email", token=facts["confirmation_token"])
        return path, lasting("CONFIRM_EMAIL")
    if kind == "account_reset":
        path = url_for("security.reset_password", token=facts["reset_token"])
        return path, lasting("RESET_PASSWORD")
    if kind == "account_exists":
        return url_for("security.forgot_password"), None
    return url_for("security.login"), None


def _audience(account: Account) -> str:
    roles = set(getattr(account, "role_names", ())) | {getattr(account, "kind", "")}
    if roles & {"rights_holder", "agent", ""}:
        return "rights_holder"
    return "seller" if "seller" in roles else "staff"


# --- passwords --------------------------------------------------------------------------------

class Passwords(PasswordUtil):
    """At least 10 characters, none cut off, not what a guesser tries first."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        if len(password) > LONGEST_PASSWORD:
            return [gettext("Use at most %(n)s characters.", n=LONGEST_PASSWORD)], password
        refused, password = super().validate(password, is_register, **kwargs)
        if refused:
            return refused, password
        user = kwargs.get("user")
        known = [kwargs.get("email") or getattr(user, "email", ""),
                 kwargs.get("name") or getattr(user, "name", "")]
        if is_easily_guessed(password, known):
            return [gettext("This password is easily guessed. Three or four words that do not "
                            "belong together make a good one.")], password
        return None, password


def is_easily_guessed(password: str, known: list[str]) -> bool:
    """Whether it is a keyboard run, a usual word, a repetition, or the person's own name or mail."""
    plain = password.lower()
    rest = plain
    for word in known:
        for part in [word.lower(), *re.split(r"[@.\s_+-]+", word.lower())]:
            if len(part) >= 4:
                rest = rest.replace(part, "")
    rest = _GUESSED.sub("", rest)
    return len(set(plain)) < 5 or len(rest) < 6


def reader_locale() -> str:
    """The language that this request is answered in."""
    return best_locale(str(get_locale()))


def check_password(password: str, *, email: str, name: str) -> tuple[list[str], str | None]:
    """What is wrong with a new password, and its argon2id hash if nothing is."""
    from flask import current_app

    util: Passwords = current_app.extensions["security"].password_util
    refused, normal = util.validate(password, True, email=email, name=name)
    return (refused, None) if refused else ([], hash_password(normal))


# --- forms ------------------------------------------------------------------------------------

def safe_next(target: str | None) -> str:
    """``target`` if it is a path of this desk, else an empty string.

    Browsers read ``//host``, ``/\\host`` and paths with tabs or line breaks as other hosts.
    """
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\"):
        return ""
    if "\\" in target or any(ord(letter) < 33 or ord(letter) == 127 for letter in target):
        return ""
    return target


class SignInForm(LoginForm):
    """Address and password. No "remember me": a session ends when it is idle."""

    remember = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.next.data = safe_next(self.next.data)

    def validate_next(self, field: Any) -> None:
        field.data = safe_next(field.data)


_REQUIRED = InputRequired(_l("Fill this in."))


class RegistrationForm(RegisterFormV2):
    """A rights holder or an agent, with its organisation."""

    order = ("kind", "organisation_name", "name", "email", "password")  # as on the page
    name = StringField(validators=[_REQUIRED, Length(max=200)], filters=[lambda v: clean(v or "").strip()])
    organisation_name = StringField(
        validators=[_REQUIRED, Length(max=200)], filters=[lambda v: clean(v or "").strip()])
    kind = RadioField(choices=[SelectChoice(kind) for kind in ORGANISATION_KINDS], validators=[InputRequired(_l("Choose one."))])

    def validate_name(self, field: Any) -> None:
        _filled(field)

    def validate_organisation_name(self, field: Any) -> None:
        _filled(field)

    def to_dict(self, only_user: bool) -> dict[str, Any]:
        """What the account is made of."""
        return {
            "email": self.email.data, "password": self.password.data, "name": self.name.data,
            "organisation_name": self.organisation_name.data, "kind": self.kind.data,
            "locale": reader_locale(),
        }


def _filled(field: Any) -> None:
    if not field.data:
        raise ValidationError(gettext("Fill this in."))


class NewPasswordForm(ResetPasswordForm):
    """One field: it can be shown, so it need not be typed twice."""

    password_confirm = None


class PasswordChangeForm(ChangePasswordForm):
    """The present password and the new one."""

    new_password_confirm = None


class SecondFactorForm(TwoFactorSetupForm):
    """``setup`` is ``authenticator`` or ``disable``: two buttons, no list to choose from."""

    setup = StringField()


class NoRescueForm(TwoFactorRescueForm):
    """The library fills in ways out; the one that this desk offers has a page of its own."""

    help_setup = RadioField(choices=[])


def library_form(context: dict[str, Any]) -> Form:
    """A ``Form`` with the values and errors of the page's own form; passwords are never shown again."""
    forms = {name: item for name, item in context.items() if isinstance(item, LibraryForm)}
    # The page has one form that was sent; the others are there to be sent elsewhere.
    chosen = next((f for f in forms.values() if f.errors), next(iter(forms.values()), None))
    form = Form()
    if chosen is None:
        return form
    form.values = {
        field.short_name: field.data for field in chosen
        if field.type != "PasswordField" and isinstance(field.data, str)
    }
    if getattr(chosen, "user_authenticated", False) and getattr(chosen, "requires_confirmation", False):
        return form  # address and password are right: the page says what is still to be done
    order = getattr(chosen, "order", ())
    wrong = sorted((field for field in chosen if field.errors),
                   key=lambda field: order.index(field.short_name) if field.short_name in order else -1)
    errors = {field.short_name: [str(text) for text in field.errors] for field in wrong}
    if chosen.form_errors:
        errors[""] = list(dict.fromkeys(str(text) for text in chosen.form_errors))
    form.errors = errors
    return form
