"""Reading the PDF files that the desk makes, with the libraries that are installed anyway: no program of the system is needed."""

from pathlib import Path

import pikepdf
import pypdfium2

WIDEST_JOINT = 1.5  # points between two parts of one word; a space is wider


def text_of_pages(path: Path | str) -> list[str]:
    """The text layer of every page, lines ended by ``\\n``."""
    with pypdfium2.PdfDocument(str(path)) as pdf:
        return [_text(page) for page in pdf]


def text_of_page(path: Path | str, number: int) -> str:
    """The text layer of page ``number``, counted from 1."""
    with pypdfium2.PdfDocument(str(path)) as pdf:
        return _text(pdf[number - 1])


def text_of(path: Path | str) -> str:
    """The text layer of the whole file."""
    return "\n".join(text_of_pages(path))


def is_sound(path: Path | str) -> bool:
    """Whether qpdf finds neither an error nor a warning in the structure of the file."""
    check = pikepdf.Job(["pikepdf", "--check", str(path)])
    check.run()
    return check.exit_code == 0


def written_plainly(path: Path | str) -> bytes:
    """The bytes of the file with nothing compressed, so that every word in it can be found."""
    plain = Path(path).with_suffix(".plain")
    pikepdf.Job(["pikepdf", "--qdf", "--object-streams=disable", str(path), str(plain)]).run()
    return plain.read_bytes()


def fonts_of(path: Path | str, pages: int) -> dict[str, tuple[bool, bool, bool]]:
    """The fonts of the first ``pages`` pages by name: whether each is embedded, a subset, and says which characters it draws."""
    found = {}
    with pikepdf.open(path) as pdf:
        for page in pdf.pages[:pages]:
            for font in page.resources.get("/Font", {}).values():
                face = font.DescendantFonts[0] if "/DescendantFonts" in font else font
                files = {"/FontFile", "/FontFile2", "/FontFile3"} & set(face.get("/FontDescriptor", {}).keys())
                name = str(font.BaseFont)
                found[name] = (bool(files), name[7:8] == "+", "/ToUnicode" in font)
    return found


def _text(page: pypdfium2.PdfPage) -> str:
    """The text as it stands on the page: what is on one height is one line, columns apart by a space."""
    layer = page.get_textpage()
    places = sorted((layer.get_rect(n) for n in range(layer.count_rects())), key=lambda place: -place[3])
    lines: list[list[tuple[float, float, float, float]]] = []
    for place in places:
        bottom, top = place[1], place[3]
        if lines and lines[-1][0][1] < (bottom + top) / 2:  # its middle is above the foot of the line's first part
            lines[-1].append(place)
        else:
            lines.append([place])
    return "\n".join(_line(layer, sorted(line)) for line in lines) + "\n"


def _line(layer: pypdfium2.PdfTextPage, places: list[tuple[float, float, float, float]]) -> str:
    text, end = "", 0.0
    for place in places:
        # PDFium marks a word broken at a line's end with U+FFFE; the word is one.
        words = layer.get_text_bounded(*place).strip().replace("\ufffe", "")
        # Two faces side by side (Latin in Chinese text) are one run, two columns are not.
        text += (" " if text and place[0] - end > WIDEST_JOINT else "") + words
        end = place[2]
    return text
