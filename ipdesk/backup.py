"""One file that holds an installation, and an installation from one file.

The file is a plain tar: the folder of the installation as it lay, the database as one consistent copy, and last
``manifest.json`` with size and SHA-256 of every member. Left out is what the next start makes again: the queue of
long work, previews, arrivals that were not evidence yet. Finished bundles are in it. What lies elsewhere is not, and the
manifest says so: a PostgreSQL database, evidence in S3.
"""

import hashlib
import io
import json
import os
import shlex
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy import make_url

from ipdesk import __version__
from ipdesk.config import Settings, load_settings
from ipdesk.running import CannotRun

MANIFEST = "manifest.json"
_FORMAT = 1
_DATABASE = "ipdesk.db"
_CHUNK = 1024 * 1024
_STAGING = "restoring"
_UNCONFIRMED = "restored-unconfirmed"
# What is not taken along, from the folder of the installation.
_LEFT_OUT = ("README.md", "worker.lock", _STAGING, _UNCONFIRMED, "evidence/incoming", "evidence/derived")
_DATABASES = (_DATABASE, "jobs.db")
_BESIDE = ("", "-wal", "-shm", "-journal")

Progress = Callable[[int], None]


class BackupFailed(Exception):
    """Nothing was written, or nothing restored. The text says why."""


@dataclass(frozen=True)
class Member:
    """One file of a backup: its place in the folder, bytes, SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """What a backup holds. ``database`` is ``sqlite`` or ``elsewhere``, ``evidence`` ``files`` or an S3 address."""

    made_at: str
    database: str
    evidence: str
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        return sum(member.size for member in self.members)

    def as_json(self) -> bytes:
        return json.dumps({
            "format": _FORMAT, "ipdesk": __version__, "made_at": self.made_at, "database": self.database,
            "evidence": self.evidence, "files": [vars(member) for member in self.members]}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Backup":
        said = json.loads(text)
        if said["format"] != _FORMAT:
            raise BackupFailed(f"The backup has format {said['format']}, this version reads {_FORMAT}.")
        return cls(said["made_at"], said["database"], said["evidence"],
                   tuple(Member(**member) for member in said["files"]))


def dump_command(settings: Settings) -> str:
    """The command that copies a PostgreSQL database; the password is asked for, or comes from ``~/.pgpass``."""
    address = make_url(settings.database)._replace(drivername="postgresql", password=None).render_as_string()
    return f"pg_dump --format=custom --file=ipdesk.pgdump {shlex.quote(address)}"


# --- writing ---------------------------------------------------------------------------------------


def size_of(settings: Settings) -> int:
    """About how many bytes a backup reads."""
    file = _database_file(settings)
    return sum(path.stat().st_size for _, path in _files(settings)) + (file.stat().st_size if file else 0)


def write(settings: Settings, out: Path, *, at: datetime, progress: Progress = lambda size: None) -> Backup:
    """Write the backup ``out``, which appears whole or not at all; the desk may go on meanwhile.

    The database is copied first: evidence is written before the row that names it and never changed, so that every
    file that the copy names is there when its turn comes. A PostgreSQL database is to be dumped before, for the same reason.
    """
    if out.exists():
        raise BackupFailed(f"{out} is there already.")
    if out.resolve().is_relative_to(settings.instance):
        raise BackupFailed(f"{out} would lie in the installation itself.")
    try:
        with tempfile.TemporaryDirectory(prefix=".ipdesk-backup-", dir=out.resolve().parent) as folder:
            part = Path(folder, "part")
            with part.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)  # the keys are in it
                made = _write_members(settings, file, Path(folder, _DATABASE), at, progress)
                file.flush()
                os.fsync(file.fileno())
            part.rename(out)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{error}") from error
    return made


def _write_members(settings: Settings, file: IO[bytes], copy: Path, at: datetime, progress: Progress) -> Backup:
    members = []
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        if database := _database_file(settings):
            _copy_database(database, copy)
            members.append(_add(tar, _DATABASE, copy, progress))
            copy.unlink()
        for name, path in _files(settings):
            try:
                members.append(_add(tar, name, path, progress))
            except FileNotFoundError:  # an upload that was finished, or given up, meanwhile
                continue
        made = Backup(at.isoformat(), "sqlite" if database else "elsewhere",
                      settings.evidence_url or "files", tuple(members))
        said = made.as_json()
        tar.addfile(_header(MANIFEST, len(said), at.timestamp()), io.BytesIO(said))
    return made


def _database_file(settings: Settings) -> Path | None:
    url = make_url(settings.database)
    return Path(url.database or "").resolve() if url.get_backend_name() == "sqlite" else None


def _copy_database(source: Path, target: Path) -> None:
    """One consistent copy. The open read holds one state of the file: writers go on, and the copy never begins anew."""
    with closing(sqlite3.connect(source, isolation_level=None)) as live, closing(sqlite3.connect(target)) as copy:
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        live.backup(copy)


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Name in the backup and path of every file that is taken along, databases aside."""
    own = _database_file(settings)
    databases = {*(settings.instance / name for name in _DATABASES), *([own] if own else [])}
    left_out = {Path(f"{path}{end}") for path in databases for end in _BESIDE} | {
        settings.instance / name for name in _LEFT_OUT}
    for folder, below, names in os.walk(settings.instance, followlinks=True):
        below[:] = sorted(name for name in below if Path(folder, name) not in left_out)
        for name in sorted(names):
            path = Path(folder, name)
            if path not in left_out and path.is_file():
                yield path.relative_to(settings.instance).as_posix(), path


def _header(name: str, size: int, time: float) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mtime, header.mode = size, int(time), 0o600
    return header


def _add(tar: tarfile.TarFile, name: str, path: Path, progress: Progress) -> Member:
    with path.open("rb") as file:
        there = os.fstat(file.fileno())
        hashed = _Hashed(file, progress)
        tar.addfile(_header(name, there.st_size, there.st_mtime), hashed)
    return Member(name, there.st_size, hashed.digest.hexdigest())


class _Hashed(io.RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file, self._progress, self.digest = file, progress, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        self._progress(len(piece))
        return piece


# --- reading ---------------------------------------------------------------------------------------


def restore(file: Path, instance: Path, *, progress: Progress = lambda size: None) -> Backup:
    """Make the installation ``instance`` from a backup. ``CannotRun`` where anything is there already.

    Every member is compared with the manifest before any of it takes its place (``BackupFailed``); then
    the installation is held: no worker starts in it until ``confirm``.
    """
    there = [found.name for found in instance.iterdir()] if instance.exists() else []
    if not set(there) <= {"README.md", _STAGING}:
        raise CannotRun(f"{instance} is not empty; a backup is restored into a folder of its own only.")
    staging = instance / _STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True, mode=0o700)
    instance.chmod(0o700)
    try:
        backup = _unpack(file, staging, progress)
        _put_in_place(staging, instance, backup)
    except (OSError, ValueError, KeyError, TypeError, tarfile.TarError) as error:
        raise BackupFailed(f"{file}: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return backup


def _unpack(file: Path, staging: Path, progress: Progress) -> Backup:
    found: dict[str, Member] = {}
    said = b""
    with tarfile.open(file, "r:") as tar:
        for header in tar:
            content = tar.extractfile(header) if header.isreg() else None
            place = PurePosixPath(header.name)
            if content is None or place.is_absolute() or ".." in place.parts or header.name in found:
                raise BackupFailed(f"{file} is no backup of a desk: {header.name}")
            if header.name == MANIFEST:
                said = content.read()
            else:
                found[header.name] = _unpack_one(content, header, staging, progress)
    if not said:
        raise BackupFailed(f"{file} is not whole: its manifest is missing.")
    backup = Backup.from_json(said)
    wrong = {member.name for member in {*found.values()} ^ {*backup.members}}
    if wrong:
        raise BackupFailed(f"{file} is damaged: {', '.join(sorted(wrong)[:5])} is not what its manifest says.")
    return backup


def _unpack_one(content: IO[bytes], header: tarfile.TarInfo, staging: Path, progress: Progress) -> Member:
    target = staging / header.name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashed = _Hashed(content, progress)
    with open(target, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
        while piece := hashed.read(_CHUNK):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    os.utime(target, (header.mtime, header.mtime))
    return Member(header.name, target.stat().st_size, hashed.digest.hexdigest())


def _put_in_place(staging: Path, instance: Path, backup: Backup) -> None:
    """The hold first, the database last: what a kill leaves in between is no installation."""
    database = _database_file(load_settings(staging))
    elsewhere = database if database and not database.is_relative_to(staging) else None
    if elsewhere and elsewhere.exists():
        raise BackupFailed(f"{elsewhere}, which the settings of the backup name as database, is there already.")
    (instance / _UNCONFIRMED).write_text(backup.made_at)
    for path in sorted(staging.iterdir(), key=lambda path: path.name == _DATABASE):
        if path.name == _DATABASE and elsewhere:
            shutil.move(path, elsewhere)
        else:
            path.rename(instance / path.name)


def refuse_unconfirmed(settings: Settings) -> None:
    """``CannotRun`` in a restored installation that nobody has confirmed yet."""
    held = settings.instance / _UNCONFIRMED
    if held.exists():
        raise CannotRun(
            f"{settings.instance} was restored from a backup of {held.read_text()} and is held: letters and instructions that went out "
            "after that would go out once more, and deadlines that have passed since would act at once. "
            "When the old installation is off and you are sure: ipdesk restore --confirm")


def confirm(settings: Settings) -> None:
    """Let a restored installation work."""
    (settings.instance / _UNCONFIRMED).unlink(missing_ok=True)


def plain(backup: Backup, **more: Any) -> dict[str, Any]:
    """What a script wants to know of a backup."""
    return {"made_at": backup.made_at, "database": backup.database, "evidence": backup.evidence,
            "files": len(backup.members), "bytes": backup.size, **more}
