"""The way of a file from a stream to kept evidence: hashed, judged, looked at, then stored."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.workflow.strict_yaml import read
from ipdesk.features.evidence import store as stores
from ipdesk.features.evidence.preview import LONGEST, OF_GUESTS, THUMBNAIL, VIEW, Limits, Previews
from ipdesk.features.evidence.sniff import UploadRules, clean_name, judge, storable_name
from ipdesk.features.evidence.store import Arrival, EvidenceStore, TooLarge
from ipdesk.features.evidence.texts import in_words


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file whose bytes the store keeps; what the database needs to know of it."""

    sha256: str
    size: int
    original_name: str
    name: str
    media_type: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """Store, previews and rules of one installation. ``most`` is its limit in bytes."""

    store: EvidenceStore
    previews: Previews
    rules: UploadRules
    most: int

    def take(self, chunks: Iterable[bytes], *, name: str, limits: Limits | None = None) -> CheckedFile:
        """Bring a whole file in and keep it. Reads no database and holds no transaction.

        ``limits`` are those of looking at it. Refuses with the codes of `sniff.judge`; what is
        refused leaves nothing behind.
        """
        with self.arriving(chunks, name=name, limits=limits) as (arrival, file, drawn):
            self.store.keep(arrival)
            self._put_drawn(arrival.sha256, drawn)
            return file

    def take_picture(self, chunks: Iterable[bytes]) -> CheckedFile:
        """As `take`, for a file without a name of its own that must be a picture (else ``type_not_taken``)."""
        with self.arriving(chunks, name="picture") as (arrival, file, drawn):
            if not file.media_type.startswith("image/"):
                raise Refusal("type_not_taken", name=file.name, found=file.media_type)
            self.store.keep(arrival)
            self._put_drawn(arrival.sha256, drawn)
            return file

    def look_again(self, sha256: str, media_type: str) -> dict[str, Any]:
        """The facts of a kept file for which there was no turn when it came in; its previews are remembered."""
        kind = self.rules.types.get(media_type)
        with self.store.local_file(sha256) as path:
            seen = self.previews.inspect(path, media_type, kind.preview if kind else "none", OF_GUESTS)
        self._put_drawn(sha256, seen.blobs)
        return seen.facts

    def _put_drawn(self, sha256: str, drawn: Iterable[bytes]) -> None:
        for kind, content in zip((THUMBNAIL, VIEW), drawn, strict=False):
            self.store.put_derived(sha256, f"{kind}.0.webp", content)

    @contextmanager
    def arriving(self, chunks: Iterable[bytes], *, name: str, limits: Limits | None = None
                 ) -> Iterator[tuple[Arrival, CheckedFile, tuple[bytes, ...]]]:
        """The same without keeping anything, for the length of the block."""
        shown = clean_name(name)
        limit = min(self.most, self.rules.largest)
        try:
            with self.store.receive(chunks, limit=limit) as arrival:
                kind = judge(arrival.path, name=shown, size=arrival.size, rules=self.rules)
                seen = self.previews.inspect(arrival.path, kind.media_type, kind.preview, limits)
                file = CheckedFile(arrival.sha256, arrival.size, storable_name(name), shown, kind.media_type,
                                   seen.facts)
                yield arrival, file, seen.blobs
        except TooLarge as error:
            raise Refusal("file_too_large", name=shown, limit=in_words(limit)) from error

    def picture(self, sha256: str, media_type: str, kind: str, page: int = 0,
                limits: Limits | None = None) -> bytes | None:
        """A WebP of one page, ``kind`` ``thumb`` or ``view``; None when it cannot be shown.

        Tried once and remembered; always new pixels, never bytes of the original.
        """
        name = f"{kind}.{page}.webp"
        content = self.store.derived(sha256, name)
        if content is None:
            with self.store.local_file(sha256) as path:
                shown = self.previews.page(path, media_type, page, LONGEST[kind], limits=limits)
            content = shown.blobs[0] if shown.blobs else b""
            self.store.put_derived(sha256, name, content)
        return content or None

    def text(self, sha256: str, media_type: str) -> str | None:
        """The beginning of a text or mail; None when it cannot be read."""
        with self.store.local_file(sha256) as path:
            shown = self.previews.text(path, media_type)
        return shown.blobs[0].decode() if shown.blobs else None


def read_rules(tables: Path) -> UploadRules:
    """The upload rules out of ``tables/uploads.yaml``."""
    return UploadRules.from_table(read((tables / "uploads.yaml").read_text("utf-8"), "tables/uploads.yaml"))


_installed: Intake | None = None


def install(intake: Intake) -> None:
    """Make ``intake`` the one of this process; called by `setup`. The processes of an earlier one end."""
    global _installed
    if _installed is not None and _installed is not intake:
        _installed.previews.close()
    stores.install(intake.store)
    _installed = intake


def current() -> Intake:
    """The intake of this process; ``RuntimeError`` before `install`."""
    if _installed is None:
        raise RuntimeError("evidence is not set up")
    return _installed
