"""The settings of one installation. The only reader of the environment and of ``config.toml``."""

import os
import secrets
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

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
    Sizes are bytes, times are seconds unless the name says otherwise.
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
    max_upload: int = 2_000_000_000
    max_request: int = 24_000_000
    session_idle: int = 7200
    designated_agent_name: str = ""
    designated_agent_contact: str = ""
    designation_expires_on: str = ""
    legal_contact: str = ""
    trusted_proxies: int = 0
    testing: bool = False
    demo_offset_seconds: int = 0
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


def _typed(name: str, kind: Any, text: Any) -> Any:
    if kind in (bool, "bool"):
        return text if isinstance(text, bool) else str(text).lower() in {"1", "true", "yes", "on"}
    if kind in (int, "int"):
        return int(text)
    if kind in (Path, "Path"):
        return Path(text)
    return text


def _kept_secret(instance: Path, name: str) -> str:
    """A secret made at the first start and kept in ``instance/keys`` (mode 0600)."""
    path = instance / "keys" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def load_settings(instance: Path | None = None, **overrides: Any) -> Settings:
    """Settings from defaults, ``instance/config.toml``, ``IPDESK_*`` and ``overrides``, in that order.

    Raises ``ValueError`` for a key in ``config.toml`` that is no setting, and for a TLS proxy that is not trusted.
    """
    place = Path(instance or os.environ.get("IPDESK_INSTANCE") or PROJECT_ROOT / "instance").resolve()
    place.mkdir(parents=True, exist_ok=True)
    kinds = {item.name: item.type for item in fields(Settings)}
    values: dict[str, Any] = {}
    file = place / "config.toml"
    if file.exists():
        values.update(tomllib.loads(file.read_text()))
    unknown = sorted(values.keys() - kinds.keys())
    if unknown:
        raise ValueError(f"{file}: unknown setting {', '.join(unknown)}")
    for name in kinds:
        if (text := os.environ.get(f"IPDESK_{name.upper()}")) is not None:
            values[name] = text
    values = {name: _typed(name, kinds[name], value) for name, value in values.items()}
    values.update(overrides)
    if values.get("demo"):
        values = {**DEMO, **values}
    values["instance"] = place
    if values.get("behind_https") and not values.get("trusted_proxies"):
        raise ValueError(
            "behind_https is set, but trusted_proxies is 0: every visitor would have the proxy's address and share "
            "its limits. Set trusted_proxies to the number of proxies in front of the desk, mostly 1")
    values.setdefault("secret_key", _kept_secret(place, "secret"))
    values.setdefault("password_salt", _kept_secret(place, "password-salt"))
    return Settings(**values)
