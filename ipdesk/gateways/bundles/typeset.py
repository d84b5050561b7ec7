"""Sets the desk's own pages with WeasyPrint, inside the walls.

The templates get plain data only, in Jinja's sandbox with autoescape; every text is made printable on its way out;
the layout engine can fetch nothing at all. Page numbers are not typeset: a reference leaves an empty
place, and whoever binds the bundle prints the number there, because only then it is known.
"""

import bisect
import gc
from datetime import date, datetime
from pathlib import Path

from ipdesk.gateways.bundles import fonts, printable
from ipdesk.gateways.bundles.texts import catalogue, day_text, instant_text

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "templates" / "pdf"
_PX = 0.75  # one CSS pixel in PDF points


class Typesetter:
    """Lays out sections as they come and writes them all as one PDF at the end."""

    def __init__(self, workplace: Path) -> None:
        # A short life with few cycles: looking for garbage rarely is a tenth faster.
        gc.set_threshold(100_000, 20, 50)
        from weasyprint import CSS, HTML
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher

        class NothingFetched(URLFetcher):
            """Refuses every address, whatever its scheme."""

            def fetch(self, url, headers=None):
                raise ValueError("a bundle fetches nothing")

        gc.freeze()
        self._workplace = workplace
        self._html = HTML
        self._fetcher = NothingFetched()
        self._fonts = FontConfiguration()
        sheet = (TEMPLATES / "bundle.css").read_text()
        self._css = CSS(string=sheet, font_config=self._fonts, url_fetcher=self._fetcher)
        self._coverage = fonts.coverage()
        self._environment = _environment(self._shown)
        self._pages: list = []
        self._laid_out: list[dict] = []
        self._references: list[dict] = []
        self._anchors: dict[str, list] = {}
        self._language = "en"

    def answer(self, question: dict) -> dict:
        return {"speak": self._speak, "set": self._set, "write": self._write}[question["do"]](question)

    def _speak(self, question: dict) -> dict:
        """The language, the zone and what every page says. Comes first."""
        language = question["language"]
        self._language = language
        zone = question["zone"]
        words = catalogue(language).gettext
        self._environment.globals.update(
            _=lambda message, **facts: words(message) % facts if facts else words(message),
            lang=language.replace("_", "-"),
            zone_name=zone,
            header=question["header"],
        )
        self._environment.filters.update(
            instant=lambda iso: instant_text(datetime.fromisoformat(iso), zone, language) if iso else "",
            day=lambda iso: day_text(date.fromisoformat(iso), language),
        )
        self._words = words
        return {}

    def _set(self, question: dict) -> dict:
        """Lays out sections: ``[{key, template, title, number, own_words, data}]``."""
        for section in question["sections"]:
            title = section["title"] if section["own_words"] else self._words(section["title"])
            template = self._environment.get_template(section["template"])
            source = template.render(section=dict(section, title=title), **section["data"])
            self._lay_out(section["key"], printable.plain_line(title), source)
        return {"pages": len(self._pages)}

    def _lay_out(self, key: str, title: str, source: str) -> None:
        document = self._html(string=source, url_fetcher=self._fetcher).render(stylesheets=[self._css], font_config=self._fonts)
        first = len(self._pages)
        for page in document.pages:
            number = len(self._pages)
            height = page.height * _PX
            for kind, target, box, _ in page.links:
                if kind == "internal":
                    x1, y1, x2, y2 = (part * _PX for part in box)
                    self._references.append({"page": number, "target": target, "box": [x1, height - y2, x2, height - y1]})
            for name, (_, y, _, _) in page.anchors.items():
                self._anchors.setdefault(name, [number, height - y * _PX])
            # Links are drawn by the binder, who knows where they lead.
            page.links.clear()
            page.anchors.clear()
            page.bookmarks.clear()
            self._pages.append(page)
        self._laid_out.append({"key": key, "title": title, "first": first, "pages": len(document.pages)})
        self._document = document

    def _write(self, question: dict) -> dict:
        """Writes all pages, and behind them one with every letter of the stamps, whose fonts the binder uses."""
        phrases = {name: self._words(phrase) for name, phrase in question["phrases"].items()}
        letters = "".join(sorted(set("0123456789–-." + "".join(phrases.values()) + question["stamped"])))
        page = self._environment.get_template("letters.html").render(letters=letters)
        document = self._html(string=page, url_fetcher=self._fetcher).render(stylesheets=[self._css], font_config=self._fonts)
        document.copy([*self._pages, *document.pages[:1]]).write_pdf(
            question["out"], pdf_identifier=question["identifier"].encode(), pdf_tags=True, pdf_version="1.7", hinting=False
        )
        return {"sections": self._laid_out, "references": self._references, "anchors": self._anchors, "phrases": phrases}

    def _shown(self, text: object) -> str:
        """Printable text in which every character has a shape in our fonts."""
        shown = printable.printable(text)
        if shown.isascii():
            return shown
        return "".join(c if ord(c) < 0x250 or self._drawn(ord(c)) else printable.MISSING for c in shown)

    def _drawn(self, point: int) -> bool:
        if point in (0x200B, 0x200C, 0x200D, 0x2068, 0x2069, 0xFE0E, 0xFE0F):
            return True  # these have an effect and no shape
        at = bisect.bisect_right(self._coverage, [point, 0x110000]) - 1
        return at >= 0 and self._coverage[at][0] <= point <= self._coverage[at][1]


def _environment(shown):
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment
    from markupsafe import Markup

    environment = SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else shown(value),
    )
    environment.filters.update(
        paragraphs=lambda text: [part for part in printable.printable(text).split("\n") if part.strip()],
        line=printable.one_line,
        bytes=lambda size: f"{size:,}",
        hex=lambda digest: " ".join(digest[a : a + 8] for a in range(0, len(digest), 8)),
    )
    return environment
