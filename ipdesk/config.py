"""The settings of one installation. The only reader of the environment and of ``config.toml``."""

import hashlib
import logging
import os
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

log = logging.getLogger(__name__)

PROJECT_ROOT = Path(os.environ.get("IPDESK_HOME") or Path(__file__).resolve().parent.parent)

# What a demo installation says of its operator; invented, like everything in the demo.
DEMO = {
    "operator_name": "Harbour Marketplace Inc.",
    "legal_contact": "legal@harbour.example, 1 Pier Road, Portmouth",
    "designated_agent_name": "Harbour Marketplace Inc., Copyright Agent",
    "designated_agent_contact": "copyright@harbour.example, 1 Pier Road, Portmouth, +1 555 0100",
    "designation_expires_on": "2029-05-31",
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything an operator may set; each field is also the variable ``IPDESK_<NAME>``.

    ``zone`` is the desk's IANA zone: deadlines whose zone is ``desk`` end there.
    Sizes are bytes, times are seconds unless the name says otherwise. Nobody sets ``instance``,
    ``testing`` and ``demo``: an installation is the demo when it holds the mark of one.
    """

    instance: Path
    secret_key: str
    password_salt: str
    root: Path = PROJECT_ROOT
    database_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    desk_name: str = "ipdesk"
    operator_name: str = "The marketplace operator"
    zone: str = "America/New_York"
    default_locale: str = "en"
    demo: bool = False
    behind_https: bool = False
    evidence_url: str = ""
    smtp_url: str = ""
    mail_from: str = "desk@ipdesk.example"
    webhook_url: str = ""
    webhook_secret: str = ""
    marketplace_login_secret: str = ""
    picture_hosts: tuple[str, ...] = ()
    max_upload: int = 2_000_000_000
    max_request: int = 24_000_000
    session_idle: int = 7200
    designated_agent_name: str = ""
    designated_agent_contact: str = ""
    designation_expires_on: str = ""
    legal_contact: str = ""
    trusted_proxies: int = 0
    testing: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def workflows(self) -> Path:
        return self.root / "workflows"

    @property
    def templates(self) -> Path:
        return self.root / "templates"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL; SQLite in ``instance/`` unless another one is set."""
        return self.database_url or f"sqlite:///{self.instance / 'ipdesk.db'}"


# Fields of ``Settings`` that no file and no variable sets.
_NOT_SET_BY_OPERATORS = frozenset({"instance", "testing", "demo"})
_NO_VARIABLE = _NOT_SET_BY_OPERATORS | {"extra"}
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_LEAST_SECRET = 32
_MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?|[0-9A-Fa-f:]+")
_SMTP = ("smtp", "smtps", "smtp+none")
_DATABASES = ("sqlite:///", "postgresql+psycopg://")


def smtp_parts(url: str) -> SplitResult:
    """``smtp://`` (STARTTLS), ``smtps://`` (TLS) or ``smtp+none://`` (a relay on this machine), with a host.

    ``ValueError`` for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SMTP or not parts.hostname or parts.port == 0:
        raise ValueError("no relay")
    return parts


def _is_web_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment)


def _is_day(text: str) -> bool:
    return bool(date.fromisoformat(text))


def _is_long(text: str) -> bool:
    return len(text) >= _LEAST_SECRET


def _is_positive(number: int) -> bool:
    return number > 0


_SECRET = f"must have at least {_LEAST_SECRET} characters"
_MORE_THAN_NOTHING = "must be a whole number above 0"
# Name -> (what holds, what is allowed). ``ValueError`` out of the first means that it does not hold.
_RULES: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "zone": (lambda text: text in available_timezones(), "must be an IANA zone, like Europe/Berlin"),
    "base_url": (_is_web_address, "must be an http or https address, like https://desk.example"),
    "database_url": (lambda text: text.startswith(_DATABASES), f"must begin with {' or '.join(_DATABASES)}"),
    "max_upload": (_is_positive, _MORE_THAN_NOTHING),
    "max_request": (_is_positive, _MORE_THAN_NOTHING),
    "session_idle": (_is_positive, _MORE_THAN_NOTHING),
    "trusted_proxies": (lambda number: number >= 0, "must be a whole number from 0 on"),
    "secret_key": (_is_long, _SECRET),
    "password_salt": (_is_long, _SECRET),
    "webhook_secret": (_is_long, _SECRET),
    "marketplace_login_secret": (_is_long, _SECRET),
    "webhook_url": (_is_web_address, "must be an http or https address"),
    "mail_from": (_MAIL.fullmatch, "must be an e-mail address alone, like desk@market.example"),
    "smtp_url": (smtp_parts, "must be smtp://, smtps:// or smtp+none:// with a host, like smtp://user:password@mail.example:587"),
    "designation_expires_on": (_is_day, "must be a day like 2029-05-31"),
}
# Empty means that there is none.
_MAY_BE_EMPTY = frozenset({
    "database_url", "webhook_url", "webhook_secret", "marketplace_login_secret", "smtp_url", "designation_expires_on"})


def _typed(name: str, kind: Any, value: Any) -> Any:
    """``value`` of a file or a variable as the field holds it. ``ValueError`` says what is allowed."""
    if kind in (bool, "bool"):
        if str(value).lower() not in _WORDS:
            raise ValueError(f"{name}: must be true or false (also 1, 0, yes, no)")
        return _WORDS[str(value).lower()]
    if kind in (int, "int"):
        if isinstance(value, (bool, float)) or not re.fullmatch(r"-?\d+", str(value)):
            raise ValueError(f"{name}: must be a whole number")
        return int(value)
    if name in _OWN_FORM:
        return _OWN_FORM[name](value)
    if isinstance(value, date):  # TOML reads 2029-05-31 without quotes as one
        value = value.isoformat()
    if not isinstance(value, str):
        raise ValueError(f"{name}: must be a text in quotes")
    return Path(value) if kind in (Path, "Path") else value.strip()


def _hosts(value: Any) -> tuple[str, ...]:
    """A list of hosts, or in a variable their names with commas between them."""
    hosts = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(hosts, list) or not all(isinstance(host, str) and _HOST.fullmatch(host) for host in hosts):
        raise ValueError('picture_hosts: must be a list of hosts without https:// and path, like ["img.market.example"]')
    return tuple(hosts)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("extra: must be a table, like [extra.evidence]")
    return value


# Settings that are neither text nor number.
_OWN_FORM: Mapping[str, Callable[[Any], Any]] = {"picture_hosts": _hosts, "extra": _table}


def _refuse_wrong(values: Mapping[str, Any]) -> None:
    for name, (holds, allowed) in _RULES.items():
        if name not in values or (not values[name] and name in _MAY_BE_EMPTY):
            continue
        try:
            fine = holds(values[name])
        except ValueError:
            fine = False
        if not fine:
            raise ValueError(f"{name}: {allowed}")
    if values.get("webhook_url") and not values.get("webhook_secret"):
        raise ValueError("webhook_secret: must be set where webhook_url is, so that the marketplace knows who speaks")
    if values.get("behind_https") and not values.get("trusted_proxies"):
        raise ValueError(
            "behind_https is set, but trusted_proxies is 0: every visitor would have the proxy's address and share "
            "its limits. Set trusted_proxies to the number of proxies in front of the desk, mostly 1")


def kept(instance: Path, name: str, make: Callable[[], str]) -> str:
    """The text of ``instance/keys/name`` (mode 0600), made by ``make`` when it is first asked for."""
    path = instance / "keys" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        own = path.with_name(f".{name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
        try:
            os.link(own, path)  # whole, and never over what another process has made meanwhile
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return path.read_text().strip()


def _new_secret() -> str:
    return secrets.token_urlsafe(48)


def place_of(instance: Path | None = None) -> Path:
    """The folder of the installation that is meant, whether it is there or not."""
    return Path(instance or os.environ.get("IPDESK_INSTANCE") or PROJECT_ROOT / "instance").resolve()


def _own_folder(place: Path) -> None:
    """Make the folder, for its owner alone.

    One that holds nothing yet is shut; one that is in use is left, because it may be anybody's, and spoken of.
    """
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not place.stat().st_mode & 0o077:
        return
    if all(found.name == "README.md" for found in place.iterdir()):
        place.chmod(0o700)
        return
    log.warning("%s is open to other users of this machine; shut it: chmod 700 %s", place, place)


# --- the mark of a demo ----------------------------------------------------------------------------

_MARK = "demo-installation"


def mark_of(database_url: str) -> str:
    """Names the database, so that another one in the same folder is not taken for the demo's."""
    return hashlib.sha256(database_url.encode()).hexdigest()


def mark_as_demo(settings: Settings) -> None:
    """From now on this installation is the demo, whoever starts it and how."""
    (settings.instance / _MARK).write_text(mark_of(settings.database_url))


def forget_demo(settings: Settings) -> None:
    """The database is a new one: what the folder tells of an earlier demo is no longer so."""
    (settings.instance / _MARK).unlink(missing_ok=True)


def _is_demo(place: Path, database_url: str) -> bool:
    mark = place / _MARK
    return mark.exists() and mark.read_text() == mark_of(database_url)


# --- reading ---------------------------------------------------------------------------------------


class NoInstallation(ValueError):
    """The folder holds no installation; nothing was made in it."""


def load_settings(instance: Path | None = None, *, must_exist: bool = False, **overrides: Any) -> Settings:
    """Settings from defaults, ``instance/config.toml``, ``IPDESK_*`` and ``overrides``, in that order.

    Raises ``ValueError`` for a key in ``config.toml`` that is no setting, for a value that is not allowed and for a TLS
    proxy that is not trusted; with ``must_exist``, ``NoInstallation`` where there is no folder, or not the SQLite file that
    belongs to it.
    """
    place = place_of(instance)
    values = {**_said(place / "config.toml"), **overrides}
    if must_exist:
        file = (values.get("database_url") or f"sqlite:///{place / 'ipdesk.db'}").partition("sqlite:///")[2]
        if not place.is_dir() or (file and not Path(file).exists()):
            raise NoInstallation(f"There is no installation in {place}. Make one: ipdesk migrate")
    _own_folder(place)
    values["demo"] = _is_demo(place, values.get("database_url", ""))
    if values["demo"]:
        values = {**DEMO, **values}
    values["instance"] = place
    _refuse_wrong(values)
    if "base_url" in values:
        values["base_url"] = values["base_url"].rstrip("/")
    values.setdefault("secret_key", kept(place, "secret", _new_secret))
    values.setdefault("password_salt", kept(place, "password-salt", _new_secret))
    return Settings(**values)


def _said(file: Path) -> dict[str, Any]:
    """What the file and the environment say, the environment last."""
    kinds = {item.name: item.type for item in fields(Settings)}
    values: dict[str, Any] = {}
    if file.exists():
        try:
            values.update(tomllib.loads(file.read_text(encoding="utf-8")))
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    if unknown := sorted(values.keys() - (kinds.keys() - _NOT_SET_BY_OPERATORS)):
        raise ValueError(f"{file}: unknown setting {', '.join(unknown)}")
    for name in kinds.keys() - _NO_VARIABLE:
        if (text := os.environ.get(f"IPDESK_{name.upper()}")) is not None:
            values[name] = text
    return {name: _typed(name, kinds[name], value) for name, value in values.items()}
