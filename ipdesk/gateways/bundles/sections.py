"""The order of a bundle: which sections it has, from which template each is set, what it links to.

Targets (in checklists, the chronology and here) are names that become page numbers:

* a section: ``parties``, ``right``, ``listings``, ``checklist``, ``deadlines``, ``chronology``,
  ``correspondence``, ``notice``, ``log``, ``exhibits``, ``manifest``;
* a part of one, counted from 1: ``claim:1``, ``counter:1``, ``answer:1``, ``court:1``, ``decision:1``, ``deadline:1``, ``letter:1``;
* an exhibit: ``exhibit:<id>``.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from ipdesk.core.kernel.text import N_
from ipdesk.gateways.bundles.contents import BundleContents
from ipdesk.gateways.bundles.exhibits import REMARKS, SLIP_REASONS

# A table is laid out in one piece up to this many rows: beyond, its cost grows faster than its length.
ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Section:
    """One run of pages from one template. ``title`` is translated unless ``own_words``.

    ``children`` are ``(target, title)`` for nested bookmarks. ``listed``: stands in the index.
    """

    key: str
    template: str
    title: str
    data: dict[str, Any] = field(default_factory=dict)
    children: tuple[tuple[str, str], ...] = ()
    number: int | None = None
    listed: bool = True
    own_words: bool = False


def front(contents: BundleContents, bundle_id: str, manifest_sha256: str) -> list[Section]:
    """Cover, index and every section before the exhibits, in the order of the bundle."""
    body = _numbered(_body(contents))
    cover = Section(
        "cover",
        "cover.html",
        N_("Cover"),
        {
            **_plain(contents, "reference", "title", "made_at", "made_by_role", "zone", "desk", "summary", "parties", "audit_head"),
            "bundle_id": bundle_id,
            "manifest_sha256": manifest_sha256,
            "exhibits": len(contents.exhibits),
        },
        listed=False,
    )
    number = max((s.number for s in body), default=0)
    entries = [{"number": s.number, "title": s.title, "target": s.key, "children": s.children} for s in body if s.listed]
    entries += [
        {
            "number": number + 1,
            "title": N_("Exhibits"),
            "target": "exhibits" if contents.exhibits else "",
            "children": (),
            "exhibits": True,
        },
        {"number": number + 2, "title": N_("Hash manifest"), "target": "manifest", "children": ()},
    ]
    rows = [{"id": e.id, "title": e.title, "name": e.original_name, "kept_back": e.kept_back} for e in contents.exhibits]
    index = [
        Section(
            f"index:{n}" if n else "index",
            "index.html",
            N_("Index"),
            {"entries": entries if not n else [], "exhibits": part, "first": not n},
            listed=False,
        )
        for n, part in enumerate(_parts(rows))
    ]
    return [cover, *index, *body]


def manifest(contents: BundleContents, found: list[dict], bundle_id: str, manifest_sha256: str, number: int) -> list[Section]:
    """The last section: every exhibit with its hash and how it is shown."""
    rows = [
        {
            "id": e.id,
            "name": e.original_name,
            "media_type": e.media_type,
            "size": e.size,
            "sha256": e.sha256,
            "slip": SLIP_REASONS[f["reason"]] if f["shown"] == "slip" else "",
            "remarks": [REMARKS[r] for r in f["remarks"]],
        }
        for e, f in zip(contents.exhibits, found, strict=True)
    ]
    facts = {"bundle_id": bundle_id, "manifest_sha256": manifest_sha256, **_plain(contents, "audit_head")}
    return [
        Section(
            "manifest" if not n else f"manifest:{n}",
            "manifest.html",
            N_("Hash manifest"),
            {**facts, "rows": part, "first": not n},
            number=number,
            listed=not n,
        )
        for n, part in enumerate(_parts(rows))
    ]


def exhibit_pages(contents: BundleContents, found: list[dict]) -> list[Section]:
    """Pages that we set ourselves in place of an exhibit's: slip sheets and messages."""
    made = []
    for exhibit, result in zip(contents.exhibits, found, strict=True):
        if result["shown"] == "pdf":
            continue
        facts = _plain(
            exhibit, "id", "title", "original_name", "media_type", "size", "sha256", "submitted_by", "received_at", "assigned_to",
            "kept_back",
        )
        if result["shown"] == "slip":
            data = {
                "exhibit": facts,
                "reason": SLIP_REASONS[result["reason"]],
                "found_sha256": result["sha256"],
                "found_size": result["size"],
            }
            made.append(Section(f"exhibit:{exhibit.id}", "slip.html", exhibit.title, data, own_words=True))
        else:
            data = {"exhibit": facts, **result["mail"]}
            made.append(Section(f"exhibit:{exhibit.id}", "mail.html", exhibit.title, data, own_words=True))
    return made


def _body(contents: BundleContents) -> list[Section]:
    made: list[Section] = []

    def add(key: str, title: str, present: object, children: list[tuple[str, str]] | None = None, **data: Any) -> None:
        if present:
            made.append(Section(key, f"{key}.html", title, data, tuple(children or ())))

    add("parties", N_("The parties"), contents.parties, **_plain(contents, "parties"))
    add("right", N_("The right relied on"), contents.right, **_plain(contents, "right"))
    add(
        "listings",
        N_("The listings and their outcome"),
        contents.claims,
        [(f"claim:{n}", f"{c.listing_id} · {c.title}") for n, c in enumerate(contents.claims, 1)],
        **_plain(contents, "claims"),
    )
    statutory = any(one.statutory for one in contents.element_checklists)
    title = N_("Statutory elements") if statutory else N_("Elements that the house rules ask for")
    add("checklist", title, contents.element_checklists, **_plain(contents, "element_checklists"))
    add(
        "deadlines",
        N_("Computation of deadlines"),
        contents.deadlines,
        [(f"deadline:{n}", d.name) for n, d in enumerate(contents.deadlines, 1)],
        **_plain(contents, "deadlines"),
    )
    made += _long_table("chronology", N_("Chronology"), _plain(contents, "chronology")["chronology"])
    add("notice", N_("Notice"), contents.notice, **_plain(contents, "notice"))
    for key, target, title, papers in (
        ("counter_notifications", "counter", N_("Counter-notification"), contents.counter_notifications),
        ("answers", "answer", N_("Answer to the counter-notification"), contents.answers),
        ("court_notices", "court", N_("Notice of a court action"), contents.court_notices),
    ):
        if papers:
            children = tuple((f"{target}:{n}", paper.title) for n, paper in enumerate(papers, 1))
            made.append(Section(key, "filings.html", title, {"target": target, "papers": _value(papers)}, children))
    add(
        "decisions",
        N_("Decision and statement of reasons"),
        contents.decisions,
        [(f"decision:{n}", d.title) for n, d in enumerate(contents.decisions, 1)],
        **_plain(contents, "decisions"),
    )
    add(
        "correspondence",
        N_("Correspondence and proof of delivery"),
        contents.correspondence,
        [(f"letter:{n}", c.subject) for n, c in enumerate(contents.correspondence, 1)],
        **_plain(contents, "correspondence"),
    )
    return made + _long_table("log", N_("Entries of the audit log"), _plain(contents, "log")["log"])


def _long_table(key: str, title: str, rows: list[dict[str, Any]]) -> list[Section]:
    """A table of any length as one section in parts, each part a document of its own."""
    return [
        Section(key if not n else f"{key}:{n}", f"{key}.html", title, {key: part, "first": not n}, listed=not n)
        for n, part in enumerate(_parts(rows))
        if part
    ]


def _numbered(sections: list[Section]) -> list[Section]:
    """Sections with their numbers; a continued table keeps the number of its first part."""
    out: list[Section] = []
    number = 0
    for section in sections:
        number += section.listed
        out.append(Section(section.key, section.template, section.title, section.data, section.children, number, section.listed))
    return out


def _parts(rows: list) -> list[list]:
    return [rows[a : a + ROWS_AT_ONCE] for a in range(0, len(rows), ROWS_AT_ONCE)] or [[]]


def _plain(source: Any, *names: str) -> dict[str, Any]:
    """The named parts as dictionaries, lists and texts; instants as ISO 8601."""
    everything = {name: getattr(source, name) for name in names}
    return {name: _value(value) for name, value in everything.items()}


def _value(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {key: _value(part) for key, part in asdict(value).items()}
    if isinstance(value, dict):
        return {key: _value(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [_value(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
