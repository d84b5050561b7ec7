"""``render``: contents in, one PDF and a report of what became of every exhibit out."""

import hashlib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC
from pathlib import Path
from typing import Any

from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.kernel.text import N_
from ipdesk.gateways.bundles import fonts, printable, sections
from ipdesk.gateways.bundles.contents import BundleContents, Exhibit
from ipdesk.gateways.bundles.workers import ROOT, Child, ChildFailed

log = logging.getLogger(__name__)

# (finished steps, all steps, what is being done)
Progress = Callable[[int, int, str], None]

SECONDS_PER_EXHIBIT = 20
SECONDS_TO_TYPESET = 300
SECONDS_TO_BIND = 600
LARGEST_BUNDLE = 4 * 1024**3
PRODUCER = "ipdesk"

# What stands at the foot of the pages and behind bookmarks.
PHRASES = {
    "page_of": N_("Page %(n)s of %(total)s"),
    "exhibit": N_("Exhibit %(id)s"),
    "bundle": N_("Bundle %(id)s"),
    "bookmark": N_("p. %(pages)s"),
    "cover": N_("Cover"),
    "index": N_("Index"),
    "exhibits": N_("Exhibits"),
}


class BundleFailed(RuntimeError):
    """No bundle could be made; no file was left behind."""


@dataclass(frozen=True, slots=True)
class ShownExhibit:
    """What became of one exhibit: ``shown`` is (first page, last page) of the bundle, a slip sheet's page too.

    ``slip`` is a code of ``exhibits.SLIP_REASONS`` or empty, ``remarks`` are codes of ``exhibits.REMARKS``; ``file`` is its original name.
    """

    id: str
    file: str
    sha256: str
    shown: tuple[int, int]
    slip: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BundleReport:
    """The finished file: number of pages, its SHA-256, its printed id, the exhibits in order, seconds taken."""

    pages: int
    sha256: str
    bundle_id: str
    manifest_sha256: str
    exhibits: tuple[ShownExhibit, ...]
    seconds: float


def render(contents: BundleContents, out: Path, progress: Progress | None = None) -> BundleReport:
    """Makes the bundle of ``contents`` at ``out``, whole or not at all.

    The same contents give the same bytes. An exhibit that cannot be shown gets a slip sheet; only a failure of the
    machine itself (:class:`BundleFailed`, ``OSError``, ``FontsMissing``) ends without a file.
    """
    started = time.perf_counter()
    out = Path(out).absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the last step is a rename.
    workplace = Path(tempfile.mkdtemp(prefix=".bundle-", dir=out.parent))
    making = _Making(contents, workplace, progress or (lambda done, total, step: None))
    try:
        bound = making.run()
        digest = _sha256(workplace / "bundle.pdf")
        (workplace / "bundle.pdf").replace(out)
    except ChildFailed as error:
        log.error("a bundle could not be made: %s", error)
        raise BundleFailed(error.reason) from error
    finally:
        making.close()
        shutil.rmtree(workplace, ignore_errors=True)
    exhibits = tuple(
        ShownExhibit(e.id, e.original_name, e.sha256, tuple(bound["shown"][e.id]), found.get("reason", ""), tuple(found["remarks"]))
        for e, found in zip(contents.exhibits, making.found, strict=True)
    )
    return BundleReport(bound["pages"], digest, making.bundle_id, making.manifest, exhibits, time.perf_counter() - started)


class _Making:
    """One bundle in the making: a typesetter and an examiner work side by side, then the examiner binds."""

    def __init__(self, contents: BundleContents, workplace: Path, progress: Progress) -> None:
        self.contents, self.workplace, self._progress = contents, workplace, progress
        self.found: list[dict] = []
        self.manifest = _manifest_sha256(contents)
        self.bundle_id = _bundle_id(self.manifest)
        self._front = sections.front(contents, self.bundle_id, self.manifest)
        self._back: list[sections.Section] = []
        self._paths: list[Path] = []
        self._typesetter: Child | None = None
        self._examiner: Child | None = None
        self._steps, self._done = len(contents.exhibits) + 2, 0

    def close(self) -> None:
        for child in (self._typesetter, self._examiner):
            if child is not None:
                child.close()

    def run(self) -> dict:
        """Examines, typesets and binds; an exhibit that cannot be bound after all becomes a slip sheet."""
        self._start_typesetting()
        self._paths = [self._path(n, exhibit) for n, exhibit in enumerate(self.contents.exhibits)]
        for n, exhibit in enumerate(self.contents.exhibits):
            self.found.append(self._examined(n, exhibit))
            self._step(exhibit.original_name)
        while True:
            typeset = self._typeset()
            self._step("typeset")
            bound = self._bind(typeset)
            if "failed" not in bound:
                self._step("bound")
                return bound
            self._give_up_on(self._culprits(bound))

    def _step(self, what: str) -> None:
        self._done = min(self._done + 1, self._steps)
        self._progress(self._done, self._steps, what)

    # --- our own pages

    def _start_typesetting(self) -> None:
        """Lays out everything that needs no exhibit, while the exhibits are being examined."""
        configuration = fonts.prepare()  # made here when it is missing: the child may not write there
        cache = fonts.font_cache()
        readable = [*map(str, fonts.font_folders()), str(cache), str(ROOT / "templates"), str(ROOT / "translations")]
        self._typesetter = Child(
            "typesetter",
            self.workplace,
            readable,
            {
                "FONTCONFIG_FILE": str(configuration),
                "XDG_CACHE_HOME": str(cache.parent.parent),
                # Otherwise each embedded font carries the second in which it was cut to size.
                "SOURCE_DATE_EPOCH": str(int(self.contents.made_at.timestamp())),
            },
        )
        header = {"reference": self.contents.reference, "title": self.contents.title}
        self._typesetter.send({"do": "speak", "language": self.contents.language, "zone": self.contents.zone, "header": header})
        self._typesetter.send(_set(self._front))

    def _typeset(self) -> dict:
        """Lays out what depends on the exhibits and writes all our own pages."""
        if self._typesetter is None:
            self._start_typesetting()
        number = 2 + max((s.number or 0 for s in self._front), default=0)
        self._back = sections.manifest(self.contents, self.found, self.bundle_id, self.manifest, number)
        self._answered(self._typesetter)
        self._answered(self._typesetter)
        self._typesetter.send(_set([*sections.exhibit_pages(self.contents, self.found), *self._back]))
        self._answered(self._typesetter)
        stamped = "".join([self.contents.reference, self.bundle_id, *(e.id for e in self.contents.exhibits)])
        self._typesetter.send(
            {
                "do": "write",
                "out": str(self.workplace / "own.pdf"),
                "identifier": self.manifest,
                "phrases": PHRASES,
                "stamped": printable.plain_line(stamped, len(stamped)),
                "cpu_seconds": SECONDS_TO_TYPESET,
                "output": LARGEST_BUNDLE,
            }
        )
        typeset = self._answered(self._typesetter)
        self._typesetter.close()
        self._typesetter = None
        return typeset

    @staticmethod
    def _answered(child: Child) -> dict:
        answer = child.receive(SECONDS_TO_TYPESET)
        if "failed" in answer:
            raise ChildFailed("ended", f"{answer['failed']}\n{child.last_words()}")
        return answer

    # --- exhibits

    def _path(self, n: int, exhibit: Exhibit) -> Path:
        """Where the original can be read; bytes that are supplied by a function are put beside our work."""
        if isinstance(exhibit.source, Path):
            return exhibit.source.absolute()
        path = self.workplace / f"original-{n}"
        try:
            given = exhibit.source()
            with path.open("wb") as file:
                file.writelines([given] if isinstance(given, bytes) else given)
        except Exception:  # a store that fails makes a slip sheet, not a missing bundle
            log.exception("exhibit %s could not be read", exhibit.id)
        return path

    def _at_work(self) -> Child:
        if self._examiner is None:
            self._examiner = Child("examiner", self.workplace, [str(path) for path in self._paths])
        return self._examiner

    def _dismiss(self) -> None:
        if self._examiner is not None:
            self._examiner.close()
            self._examiner = None

    def _examined(self, n: int, exhibit: Exhibit) -> dict:
        question = {
            "do": "examine",
            "path": str(self._paths[n]),
            "sha256": exhibit.sha256,
            "media_type": exhibit.media_type,
            "out": str(self.workplace / f"shown-{n}.pdf"),
            "cpu_seconds": SECONDS_PER_EXHIBIT,
        }
        answer = {}
        try:
            answer = self._at_work().ask(question, SECONDS_PER_EXHIBIT)
            reason = {"MemoryError": "too_costly", "too_much_memory": "too_costly"}.get(answer.get("failed", ""), "damaged")
        except ChildFailed as failure:
            if failure.reason == "not_started":
                raise
            log.warning("exhibit %s ended its process: %s", exhibit.id, failure)
            self._dismiss()
            reason = "timed_out" if failure.reason == "timed_out" else "too_costly"
        if "shown" not in answer:
            return {"shown": "slip", "reason": reason, "remarks": [], "sha256": "", "size": 0}
        return answer

    # --- binding

    def _bind(self, typeset: dict) -> dict:
        contents = self.contents
        pages = [
            {"id": e.id, "title": e.title, "path": f.get("path", ""), "pages": f.get("pages", 0)}
            for e, f in zip(contents.exhibits, self.found, strict=True)
        ]
        try:
            return self._at_work().ask(
                {
                    "do": "bind",
                    **typeset,
                    "own": str(self.workplace / "own.pdf"),
                    "merged": str(self.workplace / "merged.pdf"),
                    "out": str(self.workplace / "bundle.pdf"),
                    "front": [s.key for s in self._front],
                    "back": [s.key for s in self._back],
                    "exhibits": pages,
                    "outline": self._outline(typeset),
                    "reference": printable.plain_line(contents.reference),
                    "title": printable.plain_line(f"{contents.reference} {contents.title}"),
                    "language": contents.language,
                    "bundle_id": self.bundle_id,
                    "made_at": contents.made_at.astimezone(UTC).isoformat(),
                    "producer": PRODUCER,
                    "cpu_seconds": SECONDS_TO_BIND,
                    "output": LARGEST_BUNDLE,
                },
                SECONDS_TO_BIND,
            )
        except ChildFailed as failure:
            self._dismiss()
            return {"failed": failure.reason}

    def _outline(self, typeset: dict) -> list[dict]:
        """Bookmarks: sections with their parts, the exhibits under one of their own."""
        titles = {s["key"]: s["title"] for s in typeset["sections"]}
        phrases = typeset["phrases"]

        def entry(section: sections.Section) -> dict:
            title = {"cover": phrases["cover"], "index": phrases["index"]}.get(section.key, titles[section.key])
            children = [{"target": key, "title": printable.plain_line(text, 120), "children": []} for key, text in section.children]
            return {"target": section.key, "title": f"{section.number} {title}" if section.number else title, "children": children}

        main = [entry(s) for s in self._front if s.listed or s.key in ("cover", "index")]
        shown = [
            {"target": f"exhibit:{e.id}", "title": printable.plain_line(f"{e.id} {e.title}", 120), "children": []}
            for e in self.contents.exhibits
        ]
        number = self._back[0].number - 1
        exhibits = [{"target": "exhibits", "title": f"{number} {phrases['exhibits']}", "children": shown}] if shown else []
        return [*main, *exhibits, *(entry(s) for s in self._back if s.listed)]

    def _culprits(self, bound: dict) -> list[int]:
        """Which exhibits cannot be bound: the one named, or those that fail when bound alone."""
        ids = [e.id for e in self.contents.exhibits]
        if bound.get("exhibit") in ids:
            return [ids.index(bound["exhibit"])]
        guilty = []
        for n, found in enumerate(self.found):
            if not found.get("path"):
                continue
            try:
                question = {"do": "try", "path": found["path"], "pages": found["pages"], "out": str(self.workplace / "tried.pdf")}
                fine = "failed" not in self._at_work().ask(question, SECONDS_PER_EXHIBIT)
            except ChildFailed:
                self._dismiss()
                fine = False
            if not fine:
                guilty.append(n)
        if not guilty:
            raise ChildFailed("ended", f"binding failed: {bound['failed']}")
        return guilty

    def _give_up_on(self, guilty: list[int]) -> None:
        for n in guilty:
            self.found[n] = {**self.found[n], "shown": "slip", "reason": "damaged", "remarks": [], "path": "", "pages": 0}


def _set(made: list[sections.Section]) -> dict:
    wanted = [asdict(section) for section in made]
    return {"do": "set", "sections": wanted, "cpu_seconds": SECONDS_TO_TYPESET}


def _manifest_sha256(contents: BundleContents) -> str:
    """SHA-256 over all that the bundle says and the hash of every exhibit: any difference is another bundle."""

    def plain(value: Any) -> Any:
        if hasattr(value, "__dataclass_fields__"):
            return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name != "source"}
        return [plain(part) for part in value] if isinstance(value, tuple) else value

    return sha256_hex(canonical_json(plain(contents)))


def _bundle_id(manifest: str) -> str:
    """The first 16 digits of the manifest's hash, in fours for reading aloud."""
    return "-".join(manifest[a : a + 4] for a in range(0, 16, 4))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
