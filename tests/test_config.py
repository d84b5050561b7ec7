"""What an operator may write into ``config.toml`` or the environment, and what is refused by name."""

import stat
from pathlib import Path

import pytest

from ipdesk.config import NoInstallation, load_settings


@pytest.fixture
def settings(tmp_path: Path):
    """``settings(text)``: the settings of a new installation whose ``config.toml`` is ``text``."""
    def read(text: str = ""):
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        return load_settings(tmp_path)
    return read


@pytest.mark.parametrize(("line", "allowed"), [
    ('zone = "Mars/Phobos"', "IANA zone"),
    ('zone = ""', "IANA zone"),
    ('base_url = "desk.example"', "http or https"),
    ('base_url = "ftp://desk.example"', "http or https"),
    ('base_url = "https://desk.example:99999"', "http or https"),
    ('behind_https = "sure"', "true or false"),
    ("behind_https = 2", "true or false"),
    ("max_upload = 0", "above 0"),
    ("max_upload = -1", "above 0"),
    ('max_upload = "2 GB"', "whole number"),
    ("max_upload = 1.5", "whole number"),
    ("session_idle = 0", "above 0"),
    ("trusted_proxies = -1", "from 0 on"),
    ('secret_key = ""', "at least 32"),
    ('secret_key = "short"', "at least 32"),
    ('marketplace_login_secret = "short"', "at least 32"),
    ('webhook_secret = "short"', "at least 32"),
    ('mail_from = "The desk"', "e-mail address"),
    ('mail_from = "Desk <desk@market.example>"', "e-mail address"),
    ('smtp_url = "mail.example:25"', "smtp://"),
    ('smtp_url = "smtp://"', "smtp://"),
    ('smtp_url = "smtp://mail.example:mail"', "smtp://"),
    ('smtp_url = "smtp://[mail.example"', "smtp://"),
    ('database_url = "postgres://host/desk"', r"postgresql\+psycopg"),
    ('designation_expires_on = "31 May 2029"', "2029-05-31"),
    ("designation_expires_on = 2029", "text in quotes"),
    ('extra = "all"', "table"),
])
def test_a_value_that_is_not_allowed_is_refused_by_name(settings, line: str, allowed: str) -> None:
    with pytest.raises(ValueError, match=f"^{line.split()[0]}: .*{allowed}"):
        settings(line)


def test_a_webhook_needs_its_secret(settings) -> None:
    with pytest.raises(ValueError, match=r"^webhook_secret: "):
        settings('webhook_url = "https://market.example/hook"')


@pytest.mark.parametrize("name", ["testing", "demo", "instance", "demo_offset_seconds", "colour"])
def test_what_is_no_setting_is_refused_with_the_file(settings, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=rf"config\.toml: unknown setting {name}"):
        settings(f"{name} = true")


def test_a_file_that_is_not_toml_is_refused_with_its_line(settings) -> None:
    with pytest.raises(ValueError, match=r"config\.toml: .*line 2"):
        settings('zone = "UTC"\nbase_url https://desk.example')


def test_the_environment_is_checked_as_well_and_cannot_turn_tests_or_the_demo_on(settings, monkeypatch) -> None:
    monkeypatch.setenv("IPDESK_TESTING", "1")
    monkeypatch.setenv("IPDESK_DEMO", "1")
    assert (settings().testing, settings().demo) == (False, False)
    monkeypatch.setenv("IPDESK_BEHIND_HTTPS", "maybe")
    with pytest.raises(ValueError, match=r"^behind_https: "):
        settings()


def test_what_is_allowed_is_taken(settings) -> None:
    found = settings(
        'zone = "Asia/Shanghai"\nbase_url = "https://desk.example/ip/"\nbehind_https = "Yes"\ntrusted_proxies = 1\nmax_upload = "5000"\n'
        'smtp_url = "smtps://me:secret@mail.example"\ndesignation_expires_on = 2029-05-31\nwebhook_secret = ""\n')
    assert (found.zone, found.base_url, found.behind_https, found.max_upload) == (
        "Asia/Shanghai", "https://desk.example/ip", True, 5000)
    assert found.designation_expires_on == "2029-05-31"


def test_a_new_installation_is_for_its_owner_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_settings(tmp_path / "new")
    (tmp_path / "cloned").mkdir(mode=0o755)
    (tmp_path / "cloned" / "README.md").touch()
    load_settings(tmp_path / "cloned")
    for name in ("new", "cloned"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700
    assert caplog.text == ""


def test_an_open_folder_that_is_in_use_is_spoken_of_and_left(settings, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tmp_path.chmod(0o755)
    settings()
    assert f"chmod 700 {tmp_path}" in caplog.text
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_looking_for_an_installation_makes_none(tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(NoInstallation, match="ipdesk migrate"):
            load_settings(place, must_exist=True)
    assert list(tmp_path.iterdir()) == []


def test_picture_hosts_are_a_list_or_names_with_commas(settings, monkeypatch):
    assert settings("").picture_hosts == ()
    assert settings('picture_hosts = ["img.market.example", "127.0.0.1:8080"]').picture_hosts == ("img.market.example", "127.0.0.1:8080")
    monkeypatch.setenv("IPDESK_PICTURE_HOSTS", "a.example, [::1]:8080")
    assert settings("").picture_hosts == ("a.example", "[::1]:8080")


@pytest.mark.parametrize("said", [
    '"https://img.market.example"', '["https://img.market.example"]', '["a.example/path"]', '["*"]', "[1]", "true"])
def test_a_picture_host_is_a_host(settings, said):
    with pytest.raises(ValueError, match="picture_hosts: must be a list of hosts"):
        settings(f"picture_hosts = {said}")
