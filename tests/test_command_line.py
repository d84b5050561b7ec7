"""The command ``ipdesk`` as an operator meets it: each call is a process of its own."""

import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from ipdesk.config import PROJECT_ROOT, load_settings, mark_as_demo
from ipdesk.running import only_worker
from tests import shell


@pytest.fixture
def ipdesk(tmp_path: Path):
    """``ipdesk("fsck")``: the command on an installation of its own."""
    def run(*words: str, instance: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        return shell.ipdesk(instance or tmp_path / "desk", *words, **variables)
    return run


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated installation, to be copied."""
    place = tmp_path_factory.mktemp("migrated") / "desk"
    assert shell.ipdesk(place, "migrate").returncode == 0
    return place


@pytest.fixture
def desk(empty: Path, tmp_path: Path) -> Path:
    return shutil.copytree(empty, tmp_path / "desk")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# --- the demo ----------------------------------------------------------------------------------------


def test_an_installation_in_use_never_becomes_the_demo(ipdesk, desk: Path) -> None:
    assert ipdesk("staff", "invite", "first@market.example", "--role", "admin").returncode == 0
    before = (desk / "ipdesk.db").read_bytes()
    for words in (["demo"], ["demo", "--advance", "4d"], ["run", "--demo", "--port", str(free_port())]):
        done = ipdesk(*words, IPDESK_DEMO="1")
        assert done.returncode == 2, done.stdout
        assert "not the demo" in done.stderr
        assert "password" not in done.stdout
    assert (desk / "ipdesk.db").read_bytes() == before
    assert not load_settings(desk).demo


def test_make_run_starts_an_installation_in_use_as_it_is(ipdesk, desk: Path) -> None:
    ipdesk("staff", "invite", "first@market.example", "--role", "admin")
    command = [sys.executable, "-m", "ipdesk", "--instance", str(desk), "run", "--demo-if-empty", "--port", str(free_port())]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=PROJECT_ROOT,
                          env=shell.environment(PYTHONUNBUFFERED="1")) as running:
        said = ""
        for line in running.stdout:
            said += line
            if "answers at" in line:
                running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0, said
    assert "in use and not the demo" in said
    assert "password" not in said
    assert "run --demo-if-empty" in (PROJECT_ROOT / "Makefile").read_text()


def test_the_demo_is_known_by_its_mark_and_its_clock_moves_without_a_variable(ipdesk, desk: Path) -> None:
    mark_as_demo(load_settings(desk))
    done = ipdesk("demo", "--advance", "100h")
    assert done.returncode == 0, done.stderr
    assert "4 days 4 hours ahead" in done.stdout
    assert "sign in again" in done.stdout
    for span in ("-4d", "4 weeks", "9999999999999d", "99999d"):
        assert ipdesk("demo", "--advance", span).returncode == 2


def cases_of(place: Path) -> int:
    """How many complaints a running loader has written so far."""
    try:
        with closing(sqlite3.connect(f"file:{place / 'ipdesk.db'}?mode=ro", uri=True)) as connection:
            return int(connection.execute("select count(*) from complaints").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.slow
def test_a_demo_whose_loading_was_killed_is_opened_by_nobody_and_loaded_anew(ipdesk, tmp_path: Path) -> None:
    place = tmp_path / "desk"
    command = [sys.executable, "-m", "ipdesk", "--instance", str(place), "demo"]
    loading = subprocess.Popen(command, env=shell.environment(), cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not cases_of(place):
            assert loading.poll() is None and time.monotonic() < until
        beside = ipdesk("demo")
        assert beside.returncode == 2 and "by another process" in beside.stderr
    finally:
        loading.kill()
        loading.wait(20)
    left = cases_of(place)
    for words in (["worker", "--until-idle"], ["migrate"]):
        refused = ipdesk(*words)
        assert refused.returncode == 2 and "was not loaded to its end" in refused.stderr, words
    assert cases_of(place) == left, "and it stays as it is"
    assert "Demo accounts" in ipdesk("demo").stdout
    assert cases_of(place) > 30 and ipdesk("fsck").stdout == "No fault found.\n"
    assert not (place / "demo-unfinished").exists()


def test_another_database_in_the_folder_of_a_demo_is_not_the_demo(ipdesk, desk: Path) -> None:
    mark_as_demo(load_settings(desk))
    (desk / "config.toml").write_text('database_url = "postgresql+psycopg://127.0.0.1/market"\n')
    assert not load_settings(desk).demo
    (desk / "config.toml").unlink()
    (desk / "ipdesk.db").unlink()
    assert ipdesk("migrate").returncode == 0
    assert not load_settings(desk).demo


# --- what is refused, and how --------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["fsck"], ["worker", "--until-idle"], ["staff", "list"]], ids=lambda words: words[0])
def test_where_nothing_is_nothing_is_made(ipdesk, tmp_path: Path, words: list[str]) -> None:
    done = ipdesk(*words)
    assert (done.returncode, "no installation" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_named_as_such(ipdesk, desk: Path) -> None:
    (desk / "ipdesk.db").write_text("not a database at all, though long enough to be read as one")
    for words in (["fsck"], ["migrate"]):
        done = ipdesk(*words)
        assert (done.returncode, "not a database" in done.stderr) == (1, True)


def test_a_place_that_cannot_be_a_folder_is_named(ipdesk, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = ipdesk("migrate", instance=tmp_path / "file")
    assert (done.returncode, str(tmp_path / "file") in done.stderr) == (1, True)


def test_law_that_does_not_hold_is_shown_by_every_command(ipdesk, desk: Path, tmp_path: Path) -> None:
    for name in ("workflows", "templates"):
        shutil.copytree(PROJECT_ROOT / name, tmp_path / name)
    file = tmp_path / "workflows" / "complaint" / "marketplace.yaml"
    law = file.read_text()
    assert "listing_is_live" in law
    file.write_text(law.replace("listing_is_live", "listing_was_nice"))
    for words in (["run", "--port", str(free_port())], ["fsck"], ["staff", "list"]):
        done = ipdesk(*words, IPDESK_ROOT=str(tmp_path))
        assert (done.returncode, "listing_was_nice" in done.stderr) == (1, True)


def test_a_wrong_setting_is_said_in_one_line(ipdesk, desk: Path) -> None:
    done = ipdesk("fsck", IPDESK_ZONE="Mars/Phobos")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "zone: must be an IANA zone" in done.stderr


def test_a_busy_port_is_found_before_anything_is_said(ipdesk, desk: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        done = ipdesk("run", "--port", str(busy.getsockname()[1]))
    assert (done.returncode, done.stdout) == (2, "")
    assert "--port" in done.stderr


def test_a_second_worker_on_one_file_is_refused(ipdesk, desk: Path) -> None:
    with only_worker(load_settings(desk)):
        for words in (["worker", "--until-idle"], ["run", "--port", str(free_port())]):
            done = ipdesk(*words)
            assert (done.returncode, "already" in done.stderr) == (2, True)
            assert "answers at" not in done.stdout
    assert ipdesk("worker", "--until-idle").returncode == 0


def test_a_state_that_is_not_there_cannot_be_lit(ipdesk) -> None:
    done = ipdesk("diagram", "us_dmca", "--lit", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "delisted.open" in done.stderr


def test_what_an_installation_writes_is_for_its_owner_alone(desk: Path) -> None:
    open_to_others = [path for path in [desk, *desk.rglob("*")] if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []
    assert re.search(r"umask\(0o077\)", (PROJECT_ROOT / "ipdesk" / "web.py").read_text())
