"""A backup of a desk that goes on working, and the desk that is made of it."""

import io
import json
import sqlite3
import tarfile
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ipdesk import backup
from ipdesk.config import load_settings
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import clock_actor
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.evidence.models import Blob
from ipdesk.running import CannotRun
from tests import shell

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
                      "c9fe92ef0000000049454e44ae426082")


@pytest.fixture
def settings(desk):
    found = desk.app.extensions["ipdesk.settings"]
    if not found.database.startswith("sqlite"):
        pytest.skip("PostgreSQL is copied by its own tools")
    return found


def keep_file(at, number: int) -> None:
    """One more file of evidence, with its row."""
    file = intake().take([PIXEL + b"%d" % number], name=f"{number}.png")
    with unit_of_work():
        evidence.keep_blob(actor=clock_actor(at), file=file)


@pytest.fixture
def busy(desk, settings):
    """A desk with complaints, evidence and a signed log, and somebody who goes on adding evidence."""
    desk.accept(desk.file())
    keep_file(desk.clock.now(), 0)
    desk.work()
    stopped, begun = threading.Event(), threading.Event()

    def go_on() -> None:
        with desk.app.app_context():
            number = 0
            while not stopped.is_set():
                number += 1
                keep_file(desk.clock.now(), number)
                begun.set()
            db.session.remove()

    writer = threading.Thread(target=go_on)
    writer.start()
    assert begun.wait(30)
    yield desk
    stopped.set()
    writer.join()


def test_a_desk_is_copied_while_it_works_and_made_again_whole(busy, settings, tmp_path: Path) -> None:
    out, made_again = tmp_path / "desk.tar", tmp_path / "again"
    sizes: list[int] = []
    made = backup.write(settings, out, at=busy.clock.now(), progress=sizes.append)
    assert sum(sizes) == made.size
    assert out.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["desk.tar"]

    done = shell.ipdesk(made_again, "restore", str(out), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert (said["faults"], said["files"]) == ([], len(made.members))
    with closing(sqlite3.connect(made_again / "ipdesk.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        [copied] = copy.execute("SELECT count(*) FROM blobs").fetchone()
    db.session.rollback()
    assert 1 < copied < db.session.scalar(select(func.count()).select_from(Blob)), "the desk went on during the copy"
    for name in ("secret", "password-salt", "audit-log", "audit-origin"):
        assert (made_again / "keys" / name).read_text() == (settings.instance / "keys" / name).read_text()

    held = shell.ipdesk(made_again, "worker", "--until-idle")
    assert (held.returncode, "--confirm" in held.stderr) == (2, True)
    assert shell.ipdesk(made_again, "restore", "--confirm").returncode == 0
    assert shell.ipdesk(made_again, "worker", "--until-idle").returncode == 0
    assert shell.ipdesk(made_again, "fsck").returncode == 0


@pytest.fixture
def file(desk, settings, tmp_path: Path) -> Path:
    """The backup of a quiet desk."""
    desk.accept(desk.file())
    desk.work()
    out = tmp_path / "desk.tar"
    backup.write(settings, out, at=desk.clock.now())
    return out


def test_nothing_is_overwritten(desk, settings, file: Path, tmp_path: Path) -> None:
    with pytest.raises(backup.BackupFailed, match="already"):
        backup.write(settings, file, at=desk.clock.now())
    with pytest.raises(backup.BackupFailed, match="installation itself"):
        backup.write(settings, settings.instance / "desk.tar", at=desk.clock.now())
    full = tmp_path / "full"
    full.mkdir()
    (full / "notes.txt").write_text("mine")
    with pytest.raises(CannotRun, match="not empty"):
        backup.restore(file, full)
    assert [path.name for path in full.iterdir()] == ["notes.txt"]


def changed(file: Path, target: Path, change) -> Path:
    """A copy of the backup whose members went through ``change(name, content)``; ``None`` leaves one out."""
    with tarfile.open(file) as old, tarfile.open(target, "w") as new:
        for member in old:
            found = change(member.name, old.extractfile(member).read())
            if found is not None:
                name, content = found
                header = tarfile.TarInfo(name)
                header.size = len(content)
                new.addfile(header, io.BytesIO(content))
    return target


@pytest.mark.parametrize(("change", "reason"), [
    (lambda name, content: (name, content[:-1] + b"?" if name == "ipdesk.db" else content), "ipdesk.db is not what"),
    (lambda name, content: None if name == "keys/secret" else (name, content), "keys/secret is not what"),
    (lambda name, content: None if name == backup.MANIFEST else (name, content), "manifest is missing"),
    (lambda name, content: ("../keys/secret" if name == "keys/secret" else name, content), "no backup"),
], ids=["a changed file", "a missing file", "no manifest", "a way out"])
def test_a_backup_that_is_not_what_was_written_restores_nothing(file: Path, tmp_path: Path, change, reason: str) -> None:
    bad = changed(file, tmp_path / "bad.tar", change)
    with pytest.raises(backup.BackupFailed, match=reason):
        backup.restore(bad, tmp_path / "again")
    assert list((tmp_path / "again").iterdir()) == []


def test_a_backup_that_was_cut_off_restores_nothing(file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar"
    cut.write_bytes(file.read_bytes()[:-20_000])
    done = shell.ipdesk(tmp_path / "again", "restore", str(cut))
    assert done.returncode == 1
    assert list((tmp_path / "again").iterdir()) == []


def test_postgresql_is_dumped_by_its_own_command_without_its_password(tmp_path: Path) -> None:
    settings = replace(load_settings(tmp_path), database_url="postgresql+psycopg://me:secret@db.example:5433/desk")
    assert backup.dump_command(settings) == "pg_dump --format=custom --file=ipdesk.pgdump postgresql://me@db.example:5433/desk"


def test_what_lies_elsewhere_is_named_and_the_rest_is_there(desk, settings, tmp_path: Path) -> None:
    away = replace(settings, database_url="postgresql+psycopg://db.example/desk", evidence_url="s3://bucket/desk")
    made = backup.write(away, tmp_path / "desk.tar", at=desk.clock.now())
    assert (made.database, made.evidence) == ("elsewhere", "s3://bucket/desk")
    names = {member.name for member in made.members}
    assert "keys/secret" in names and "ipdesk.db" not in names
