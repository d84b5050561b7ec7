"""Where the bytes lie: the only place that knows.

A file is addressed by the SHA-256 of its content and is written once: put-if-absent, on the
local disk and on any S3-compatible store alike. It is hashed while it comes in, before any
parser sees it, and only then offered to the checks (`Arrival.path`); what the checks refuse
never enters the store. Memory stays flat whatever the size.

Keys: ``sha256/ab/cd/<digest>`` evidence · ``parts/<upload>/<offset>-…`` a resumable upload on its
way · ``derived/<digest>/<name>`` previews, which may be thrown away · ``incoming/…`` arrivals.
"""

import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, from_url

CHUNK = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


class TooLarge(Exception):
    """More bytes came in than the limit allows; nothing of them is kept."""


class Damaged(Exception):
    """Stored bytes are missing or are no longer the ones that came in. Never served as good."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a resumable upload: ``size`` bytes from ``offset``, kept under ``key``."""

    offset: int
    size: int
    key: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A whole file that has come in, is hashed and flushed to disk, but is not evidence yet."""

    sha256: str
    size: int
    path: Path


def chunks_of(stream: IO[bytes], size: int = CHUNK) -> Iterator[bytes]:
    """The rest of ``stream`` in pieces of at most ``size`` bytes."""
    while piece := stream.read(size):
        yield piece


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def evidence_key(sha256: str) -> str:
    """Key of the evidence with this digest; ``ValueError`` for anything but 64 hex digits."""
    if not _DIGEST.fullmatch(sha256):
        raise ValueError("not a SHA-256 digest in lower-case hex")
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


class EvidenceStore:
    """Content-addressed evidence in a folder of this machine or in an S3-compatible bucket.

    ``folder`` always exists: it holds the evidence itself when there is no ``url``, and in
    any case the arrivals that are being hashed. ``url`` (``s3://bucket/prefix``) with
    ``options`` (endpoint, region, keys: names as obstore has them) moves everything that
    lasts into the bucket, so that any number of hosts see the same files.
    """

    def __init__(self, folder: Path, url: str | None = None,
                 options: dict[str, Any] | None = None) -> None:
        self._folder = Path(folder).absolute()
        self._incoming = self._folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        self._is_local = url is None
        self._objects: Any
        if url is None:
            self._objects = LocalStore(self._folder, automatic_cleanup=True)
        else:
            # A copy that fails when the target exists is what makes a large put "if absent":
            # a multipart upload itself has no such condition.
            config = {"copy_if_not_exists": "multipart", **(options or {})}
            plain_http = str(config.get("endpoint", "")).startswith("http://")
            self._objects = from_url(url, config=config, client_options={"allow_http": plain_http})

    # --- coming in -------------------------------------------------------------------

    @contextmanager
    def receive(self, chunks: Iterable[bytes], *, limit: int) -> Iterator[Arrival]:
        """Hash ``chunks`` into a file of its own; inside the block it may be checked and kept.

        Raises `TooLarge` at the first byte over ``limit``. Whatever is not
        given to `keep` inside the block is gone after it. A failed flush is an error of
        this arrival and is never retried on the same file: a second fsync may lie.
        """
        path = self._incoming / secrets.token_hex(16)
        try:
            digest, size = hashlib.sha256(), 0
            with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                for piece in chunks:
                    size += len(piece)
                    if size > limit:
                        raise TooLarge(limit)
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            path.chmod(0o400)
            yield Arrival(sha256=digest.hexdigest(), size=size, path=path)
        finally:
            path.unlink(missing_ok=True)

    def keep(self, arrival: Arrival) -> bool:
        """Make ``arrival`` evidence. True when these bytes are new, False when already kept.

        Returns only when the bytes would survive a power cut. Bytes already there are read
        and compared first, so that a damaged file is never taken for a good one (`Damaged`).
        """
        key = evidence_key(arrival.sha256)
        if self._put_if_absent(key, arrival):
            return True
        if not self.verify(arrival.sha256):
            raise Damaged(arrival.sha256)
        return False

    def _put_if_absent(self, key: str, arrival: Arrival) -> bool:
        try:
            if self._is_local:
                # A hard link: nothing is copied, and the link itself fails if one is there.
                source = arrival.path.relative_to(self._folder).as_posix()
                obstore.copy(self._objects, source, key, overwrite=False)
                self._flush(key)
            else:
                source = f"incoming/{arrival.path.name}"
                obstore.put(self._objects, source, arrival.path, max_concurrency=4)
                try:
                    obstore.copy(self._objects, source, key, overwrite=False)
                finally:
                    obstore.delete(self._objects, source)
        except AlreadyExistsError:
            return False
        return True

    def _flush(self, key: str) -> None:
        """Flush the folders that lead to ``key``; their entries are what a put has created."""
        folder = (self._folder / key).parent
        while folder != self._folder.parent:
            _fsync_folder(folder)
            folder = folder.parent

    # --- a resumable upload on its way ---------------------------------------------------

    def put_part(self, upload: str, offset: int, content: bytes) -> Part:
        """Keep ``content`` as the stretch of ``upload`` that begins at ``offset``."""
        key = f"parts/{upload}/{offset:015d}-{secrets.token_hex(8)}"
        obstore.put(self._objects, key, content, mode="create")
        if self._is_local:
            with (self._folder / key).open("rb") as file:
                os.fsync(file.fileno())
            self._flush(key)
        return Part(offset=offset, size=len(content), key=key)

    def part_chunks(self, parts: Iterable[Part]) -> Iterator[bytes]:
        """The bytes of ``parts`` one after the other; `Damaged` when one has changed its size."""
        for part in parts:
            size = 0
            try:
                for piece in self._stream(part.key):
                    size += len(piece)
                    yield piece
            except FileNotFoundError as error:
                raise Damaged(part.key) from error
            if size != part.size:
                raise Damaged(part.key)

    def drop_parts(self, upload: str) -> None:
        """Throw away what came in for ``upload``; nothing happens when nothing is there."""
        self._delete_all(f"parts/{upload}/")

    # --- evidence ------------------------------------------------------------------------

    def exists(self, sha256: str) -> bool:
        """Whether bytes are kept under this digest (not whether they are still good)."""
        try:
            obstore.head(self._objects, evidence_key(sha256))
        except FileNotFoundError:
            return False
        return True

    def size(self, sha256: str) -> int:
        """Size in bytes; `Damaged` when nothing is there."""
        try:
            return int(obstore.head(self._objects, evidence_key(sha256))["size"])
        except FileNotFoundError as error:
            raise Damaged(sha256) from error

    def chunks(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` up to but not including ``end``, in pieces.

        Read whole, the bytes are hashed on the way; when they are not the ones that came in,
        `Damaged` is raised instead of the last piece, so that a damaged file is never handed out
        complete. A range cannot be checked.
        """
        whole = start == 0 and (end is None or end == self.size(sha256))
        digest = hashlib.sha256()
        last = b""
        try:
            for piece in self._stream(evidence_key(sha256), None if whole else (start, end)):
                if last:
                    yield last
                digest.update(piece)
                last = piece
        except FileNotFoundError as error:
            raise Damaged(sha256) from error
        if whole and digest.hexdigest() != sha256:
            raise Damaged(sha256)
        if last:
            yield last

    def read(self, sha256: str) -> bytes:
        """All bytes at once, checked; for files known to be small."""
        return b"".join(self.chunks(sha256))

    def verify(self, sha256: str) -> bool:
        """Whether the bytes are there and still have this digest."""
        try:
            for _ in self.chunks(sha256):
                pass
        except Damaged:
            return False
        return True

    @contextmanager
    def local_file(self, sha256: str) -> Iterator[Path]:
        """A file of this machine with the checked bytes, for readers that need one."""
        if self._is_local:
            if not self.verify(sha256):
                raise Damaged(sha256)
            yield self._folder / evidence_key(sha256)
            return
        with tempfile.NamedTemporaryFile(dir=self._incoming) as file:
            for piece in self.chunks(sha256):
                file.write(piece)
            file.flush()
            yield Path(file.name)

    def listed(self) -> Iterator[tuple[str, int, datetime]]:
        """Digest, size and time of everything kept, in no order; for comparing with the rows."""
        for batch in obstore.list(self._objects, prefix="sha256/"):
            for entry in batch:
                yield entry["path"].rsplit("/", 1)[1], entry["size"], entry["last_modified"]

    # --- what is derived from evidence and can be made again -----------------------------

    def derived(self, sha256: str, name: str) -> bytes | None:
        """A preview made earlier, or None."""
        try:
            return bytes(obstore.get(self._objects, self._derived_key(sha256, name)).bytes())
        except FileNotFoundError:
            return None

    def put_derived(self, sha256: str, name: str, content: bytes) -> None:
        """Remember a preview. It may be lost without harm, so it is not flushed."""
        obstore.put(self._objects, self._derived_key(sha256, name), content)

    def drop(self, sha256: str) -> None:
        """Throw away bytes that are nobody's evidence, with their previews."""
        with suppress(FileNotFoundError):
            obstore.delete(self._objects, evidence_key(sha256))
        self.drop_derived(sha256)

    def drop_derived(self, sha256: str) -> None:
        """Throw away every preview of this evidence."""
        self._delete_all(f"derived/{evidence_key(sha256).rsplit('/', 1)[1]}/")

    @staticmethod
    def _derived_key(sha256: str, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9._-]{1,60}", name):
            raise ValueError("not a name of a preview")
        return f"derived/{evidence_key(sha256).rsplit('/', 1)[1]}/{name}"

    # --- housekeeping ----------------------------------------------------------------------

    def drop_stale_arrivals(self, before: datetime) -> int:
        """Remove arrivals that a killed process left; returns how many."""
        dropped = 0
        for path in self._incoming.iterdir():
            try:
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    dropped += 1
            except FileNotFoundError:  # its own process has just finished with it
                continue
        if not self._is_local:
            dropped += self._delete_all("incoming/", before=before)
        return dropped

    def _stream(self, key: str, span: tuple[int, int | None] | None = None) -> Iterator[bytes]:
        options: Any = {}
        if span is not None:
            start, end = span
            options = {"range": (start, end) if end is not None else {"offset": start}}
        for piece in obstore.get(self._objects, key, options=options).stream(min_chunk_size=CHUNK):
            yield bytes(piece)

    def _delete_all(self, prefix: str, before: datetime | None = None) -> int:
        keys = [entry["path"] for batch in obstore.list(self._objects, prefix=prefix)
                for entry in batch if before is None or entry["last_modified"] < before]
        if keys:
            obstore.delete(self._objects, keys)
        return len(keys)


_installed: EvidenceStore | None = None


def install(store: EvidenceStore) -> None:
    """Make ``store`` the one that this process uses; called once, where settings are read."""
    global _installed
    _installed = store


def current() -> EvidenceStore:
    """The store of this process; ``RuntimeError`` before `install`."""
    if _installed is None:
        raise RuntimeError("no evidence store is installed")
    return _installed
