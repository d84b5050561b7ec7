"""Binds pages into one PDF: merge first, then one pass for stamps, numbers, links and bookmarks.

Runs inside the walls, because the pages come from strangers.
"""

import re
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name

from ipdesk.gateways.bundles.frames import A4_SHORT, drawing_of, frame, shown_box

# Where the foot of every page stands.
SIDE = 59.5
_BASELINE, _RULE = 24.0, 33.5
_SIZE = 7.5
_INK, _QUIET, _HAIRLINE = "0.09 0.19 0.30 rg", "0.35 0.40 0.45 rg", "0.73 0.76 0.79 RG 0.5 w"


class ExhibitFailed(Exception):
    """Binding failed on the pages of this exhibit."""

    def __init__(self, exhibit_id: str) -> None:
        super().__init__(exhibit_id)
        self.exhibit_id = exhibit_id


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive pages of one origin. ``first`` is its first page number in the bundle, from 1."""

    key: str
    title: str
    first: int
    pages: int
    exhibit: str = ""
    # The page in our own typeset file where the run starts, or ``None`` for an exhibit's own pages.
    own: int | None = None

    @property
    def last(self) -> int:
        return self.first + self.pages - 1


def bind(question: dict) -> dict:
    """Writes ``question["out"]`` and answers where everything ended up.

    Keys: ``own`` (typeset PDF), ``sections``, ``references``, ``anchors``, ``phrases`` (from the typesetter), ``front`` and ``back``
    (section keys in order), ``exhibits`` (``[{id, title, path, pages}]``, ``path`` empty where we set the pages), ``outline``,
    ``reference``, ``bundle_id``, ``title``, ``language``, ``made_at``, ``producer``, ``merged``, ``out``.
    """
    runs = _runs(question)
    try:
        return _bound(question, runs)
    except ExhibitFailed as failure:
        return {"failed": "exhibit", "exhibit": failure.exhibit_id}


def trial(question: dict) -> dict:
    """Whether one exhibit alone can be merged and framed; an exception says no."""
    pikepdf.Job(
        {
            "inputFile": question["path"],
            "outputFile": question["out"],
            "pages": [{"file": question["path"], "range": f"1-{question['pages']}"}],
            "noWarn": "",
            "warningExit0": "",
            "streamData": "preserve",
        }
    ).run()
    with pikepdf.open(question["out"], suppress_warnings=True) as pdf:
        for page in pdf.pages:
            box, _, _ = shown_box(page)
            drawing_of(pdf, page.obj, box, set())
        pdf.save(question["out"] + ".again")
    return {}


def _bound(question: dict, runs: list[Run]) -> dict:
    total = runs[-1].last
    letters = sum(s["pages"] for s in question["sections"]) + 1
    _merge(question, runs, letters)
    with pikepdf.open(question["merged"], suppress_warnings=True) as pdf:
        stamp = _Stamp(pdf.pages[-1], question["phrases"])
        seen: set = set()
        where = {run.own + n: run.first + n for run in runs if run.own is not None for n in range(run.pages)}
        places = _places(runs, question["anchors"], where)
        references = _by_page(question["references"])
        pages = list(pdf.pages)
        for run in runs:
            for n in range(run.pages):
                page, number = pages[run.first + n - 1], run.first + n
                foot = partial(_foot, stamp, question, run, n, number, total)
                if run.own is None:
                    try:
                        frame(pdf, page, foot, stamp.fonts, seen)
                    except Exception as error:
                        raise ExhibitFailed(run.exhibit) from error
                else:
                    marks, links = _resolve(references.get(run.own + n, ()), places, stamp, pages)
                    _print_on(pdf, page, foot(A4_SHORT) + marks, stamp)
                    if links:
                        page.obj.Annots = pdf.make_indirect(Array(links))
        _drop_letters(pdf)
        _outline(pdf, question["outline"], places, question["phrases"])
        _describe(pdf, question, runs)
        pdf.save(
            question["out"],
            deterministic_id=True,
            compress_streams=True,
            recompress_flate=False,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            preserve_pdfa=True,
        )
    Path(question["merged"]).unlink()
    return {"pages": total, "shown": {run.exhibit: [run.first, run.last] for run in runs if run.exhibit}}


# --- order ----------------------------------------------------------------------------------


def _runs(question: dict) -> list[Run]:
    own = {section["key"]: section for section in question["sections"]}
    runs: list[Run] = []

    def add(key: str, title: str, pages: int, exhibit: str = "", start: int | None = None) -> None:
        runs.append(Run(key, title, runs[-1].last + 1 if runs else 1, pages, exhibit, start))

    for key in question["front"]:
        add(key, own[key]["title"], own[key]["pages"], "", own[key]["first"])
    for exhibit in question["exhibits"]:
        key = f"exhibit:{exhibit['id']}"
        if exhibit["path"]:
            add(key, exhibit["title"], exhibit["pages"], exhibit["id"])
        else:
            add(key, exhibit["title"], own[key]["pages"], exhibit["id"], own[key]["first"])
    for key in question["back"]:
        add(key, own[key]["title"], own[key]["pages"], "", own[key]["first"])
    return runs


def _merge(question: dict, runs: list[Run], letters: int) -> None:
    """One file with all pages in order, by qpdf; the page of letters comes last."""
    files = {e["id"]: e["path"] for e in question["exhibits"]}
    parts = []
    for run in runs:
        if run.own is None:
            parts.append({"file": files[run.exhibit], "range": f"1-{run.pages}"})
        else:
            parts.append({"file": question["own"], "range": f"{run.own + 1}-{run.own + run.pages}"})
    parts.append({"file": question["own"], "range": str(letters)})
    pikepdf.Job(
        {
            "inputFile": question["own"],
            "outputFile": question["merged"],
            "pages": parts,
            "keepFilesOpen": "n",
            "removeUnreferencedResources": "no",
            "staticId": "",
            "streamData": "preserve",
            "objectStreams": "preserve",
            "noWarn": "",
            "warningExit0": "",
        }
    ).run()


def _places(runs: list[Run], anchors: dict, where: dict[int, int]) -> dict[str, tuple[int, int, float | None]]:
    """Target → (first page, last page, height on the first page or ``None`` for its top)."""
    places: dict[str, tuple[int, int, float | None]] = {}
    for name, (own, y) in anchors.items():
        if own in where:
            places[name] = (where[own], where[own], y)
    for run in runs:
        places[run.key] = (run.first, run.last, None)
    shown = [run for run in runs if run.exhibit]
    if shown:
        places["exhibits"] = (shown[0].first, shown[-1].last, None)
    # A long table is laid out in several runs; its target is all of them.
    for run in runs:
        base, _, rest = run.key.partition(":")
        if rest.isdigit() and base in places and not run.exhibit:
            places[base] = (places[base][0], max(places[base][1], run.last), None)
    return places


# --- what is printed on every page ----------------------------------------------------------


class _Stamp:
    """Sets short texts in the fonts of the page of letters, so that a bundle embeds each font once."""

    def __init__(self, page, phrases: dict[str, str]) -> None:
        self.phrases = phrases
        self.fonts = page.resources.Font
        self._glyphs: dict[str, tuple[str, str, float]] = {}
        for name, font in self.fonts.items():
            widths = _widths(font)
            for cid, char in _to_unicode(bytes(font.ToUnicode.read_bytes())):
                self._glyphs.setdefault(char, (name, cid, widths.get(int(cid, 16), 1000.0)))

    def width(self, text: str, size: float = _SIZE) -> float:
        return sum(self._glyphs[c][2] for c in text if c in self._glyphs) * size / 1000

    def text(self, x: float, y: float, text: str, colour: str, size: float = _SIZE) -> str:
        """Content that prints ``text`` with its left end at (x, y)."""
        out, last = [f"BT {colour} 1 0 0 1 {x:.2f} {y:.2f} Tm"], ""
        for char in text:
            if char not in self._glyphs:
                continue
            font, cid, _ = self._glyphs[char]
            if font != last:
                out.append(f"{'> Tj ' if last else ''}{font} {size} Tf <")
                last = font
            out.append(cid)
        return " ".join(out[:1]) + " " + "".join(out[1:]) + ("> Tj" if last else "") + " ET\n"

    def right(self, x: float, y: float, text: str, colour: str, size: float = _SIZE) -> str:
        return self.text(x - self.width(text, size), y, text, colour, size)


def _widths(font) -> dict[int, float]:
    """CID → width, from the array of a CID font: ``first [w w w]`` or ``first last w``."""
    widths: dict[int, float] = {}
    entries = list(font.DescendantFonts[0].get("/W", []))
    at = 0
    while at < len(entries):
        if isinstance(entries[at + 1], Array):
            for n, width in enumerate(entries[at + 1]):
                widths[int(entries[at]) + n] = float(width)
            at += 2
        else:
            for cid in range(int(entries[at]), int(entries[at + 1]) + 1):
                widths[cid] = float(entries[at + 2])
            at += 3
    return widths


def _to_unicode(cmap: bytes) -> list[tuple[str, str]]:
    pairs = re.findall(rb"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]+)>", cmap.split(b"beginbfchar", 1)[-1])
    return [(cid.decode(), bytes.fromhex(code.decode()).decode("utf-16-be")) for cid, code in pairs]


def _foot(stamp: _Stamp, question: dict, run: Run, n: int, number: int, total: int, width: float) -> str:
    """The foot of a page ``width`` wide: exhibit and its own page at the left, bundle id in the middle, page n of N at the right."""
    left = SIDE
    right_edge = width - SIDE
    out = f"q {_HAIRLINE} {left} {_RULE} m {right_edge:.2f} {_RULE} l S Q\n"
    if run.exhibit:
        label = stamp.phrases["exhibit"] % {"id": run.exhibit}
        out += stamp.text(left, _BASELINE - 1, label, _INK, 8.5)
        out += stamp.text(
            left + stamp.width(label, 8.5) + 7, _BASELINE - 1, stamp.phrases["page_of"] % {"n": n + 1, "total": run.pages}, _QUIET
        )
    else:
        out += stamp.text(left, _BASELINE - 1, question["reference"], _QUIET)
    middle = stamp.phrases["bundle"] % {"id": question["bundle_id"]}
    out += stamp.text((width - stamp.width(middle)) / 2, _BASELINE - 1, middle, _QUIET)
    return out + stamp.right(right_edge, _BASELINE - 1, stamp.phrases["page_of"] % {"n": number, "total": total}, _INK, 8.5)


def _print_on(pdf, page, content: str, stamp: _Stamp) -> None:
    """Adds an artifact (no part of the text that a reader is read) to one of our own pages."""
    resources = page.obj.Resources
    if "/Font" not in resources:
        resources.Font = Dictionary()
    for name, font in stamp.fonts.items():
        if name not in resources.Font:
            resources.Font[name] = font
    page.obj.Contents = Array(
        [pdf.make_stream(b"q"), *_contents(page), pdf.make_stream(b"Q /Artifact <</Type/Pagination>> BDC\n" + content.encode() + b"EMC")]
    )


def _contents(page) -> list:
    contents = page.obj.get("/Contents")
    if contents is None:
        return []
    return list(contents) if isinstance(contents, Array) else [contents]


# --- references on our own pages ------------------------------------------------------------


def _by_page(references: list[dict]) -> dict[int, list[dict]]:
    by_page: dict[int, list[dict]] = {}
    for reference in references:
        by_page.setdefault(reference["page"], []).append(reference)
    return by_page


def _resolve(references, places: dict, stamp: _Stamp, pages: list) -> tuple[str, list]:
    """Prints page numbers into their places and makes every reference a link."""
    marks, links = "", []
    for reference in references:
        form, _, target = reference["target"].rpartition("=")
        x0, y0, x1, y1 = reference["box"]
        place = places.get(target)
        if form:
            text = "–" if place is None else str(place[0])
            if place and form == "r" and place[1] > place[0]:
                text = f"{place[0]}–{place[1]}"
            marks += stamp.right(x1, y0 + 3.6, text, _INK, 9.0)
        if place is not None:
            links.append(
                Dictionary(
                    Type=Name.Annot,
                    Subtype=Name.Link,
                    Rect=Array([round(v, 2) for v in (x0, y0, x1, y1)]),
                    Border=Array([0, 0, 0]),
                    F=4,
                    Dest=_destination(pages[place[0] - 1], place[2]),
                )
            )
    return marks, links


def _destination(page, y: float | None):
    """The top of the page or a height on it, at whatever zoom the reader has."""
    top = float(page.obj.MediaBox[3])
    return Array([page.obj, Name.XYZ, 0, round(min(top, y + 12) if y is not None else top, 2), None])


# --- bookmarks, labels, metadata ------------------------------------------------------------


def _drop_letters(pdf) -> None:
    """Takes the page of letters out again, from the page tree and from the structure tree."""
    page = pdf.pages[-1].obj
    tree = pdf.Root.get("/StructTreeRoot")
    if tree is not None:
        document = tree.K[0] if isinstance(tree.K, Array) else tree.K
        document.K = Array([k for k in document.K if k.get("/Pg", None) is None or k.Pg.objgen != page.objgen])
        number = page.get("/StructParents")
        if number is not None:
            nums = list(tree.ParentTree.Nums)
            tree.ParentTree.Nums = Array([v for a in range(0, len(nums), 2) if int(nums[a]) != int(number) for v in nums[a : a + 2]])
    del pdf.pages[-1]


def _outline(pdf, entries: list[dict], places: dict, phrases: dict[str, str]) -> None:
    pages = list(pdf.pages)

    def item(entry: dict):
        first, last, y = places[entry["target"]]
        numbers = str(first) if last == first else f"{first}–{last}"
        made = pikepdf.OutlineItem(f"{entry['title']} · {phrases['bookmark'] % {'pages': numbers}}", _destination(pages[first - 1], y))
        made.children.extend(item(child) for child in entry["children"] if child["target"] in places)
        made.is_closed = True
        return made

    with pdf.open_outline() as outline:
        outline.root.clear()
        outline.root.extend(item(entry) for entry in entries if entry["target"] in places)


def _describe(pdf, question: dict, runs: list[Run]) -> None:
    """Title, language, metadata, view; and nothing that runs, opens or fills in by itself."""
    root = pdf.Root
    for key in ("/Names", "/AcroForm", "/AA", "/OpenAction", "/AF", "/Collection", "/Perms", "/URI", "/Dests", "/Threads"):
        if key in root:
            del root[key]
    root.Lang = pikepdf.String(question["language"].replace("_", "-"))
    root.PageMode = Name.UseOutlines
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    root.OpenAction = Array([pdf.pages[0].obj, Name.XYZ, None, None, 1])
    root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.D, St=1)]))
    stamp = pikepdf.String("D:" + re.sub(r"[-:T]", "", question["made_at"][:19]) + "Z")
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    pdf.trailer.Info = pdf.make_indirect(
        Dictionary(
            Title=pikepdf.String(question["title"]),
            Producer=pikepdf.String(question["producer"]),
            Creator=pikepdf.String(question["producer"]),
            CreationDate=stamp,
            ModDate=stamp,
            Keywords=pikepdf.String(question["bundle_id"]),
        )
    )
    root.Metadata = pdf.make_stream(_xmp(question).encode(), Type=Name.Metadata, Subtype=Name.XML)


def _xmp(question: dict) -> str:
    title, producer = escape(question["title"]), escape(question["producer"])
    at = question["made_at"][:19] + "Z"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
        f"<dc:language><rdf:Bag><rdf:li>{escape(question['language'].replace('_', '-'))}</rdf:li></rdf:Bag></dc:language>"
        f"<dc:identifier>{escape(question['bundle_id'])}</dc:identifier>"
        f"<pdf:Producer>{producer}</pdf:Producer><pdf:Keywords>{escape(question['bundle_id'])}</pdf:Keywords><xmp:CreatorTool>{producer}</xmp:CreatorTool>"
        f"<xmp:CreateDate>{at}</xmp:CreateDate><xmp:ModifyDate>{at}</xmp:ModifyDate>"
        '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    )
