"""Every exhibit page becomes a drawing on a fresh A4 page above a foot of its own.

So no stamp ever covers evidence, and nothing in the exhibit can move the page number. Runs inside the walls, because
the pages come from strangers.
"""

import re
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name

A4_SHORT, A4_LONG = 595.276, 841.89
# The strip under an exhibit page.
FOOT = 30.0
_SAFE_ADDRESS = re.compile(r"(https?|mailto):", re.IGNORECASE)


def frame(pdf, page, foot: Callable[[float], str], fonts, seen: set) -> None:
    """Turns the page into a drawing on a fresh A4 page with our foot below it."""
    obj = page.obj
    box, (across, up), turn = shown_box(page)
    landscape = across > up
    width, height = (A4_LONG, A4_SHORT) if landscape else (A4_SHORT, A4_LONG)
    scale = min(width / across, (height - FOOT - 6) / up, 1.0)
    shift = ((width - across * scale) / 2, height - up * scale if scale < 1 else FOOT + 6 + (height - FOOT - 6 - up) / 2)
    matrix = (*tuple(scale * part for part in turn[:4]), scale * turn[4] + shift[0], scale * turn[5] + shift[1])
    drawing = drawing_of(pdf, obj, box, seen)
    links = _kept_links(obj, matrix)
    for key in list(obj.keys()):
        if key not in ("/Type", "/Parent"):
            del obj[key]
    obj.MediaBox = Array([0, 0, round(width, 3), round(height, 3)])
    content = f"q {' '.join(f'{m:.5f}' for m in matrix)} cm /Exhibit Do Q\n/Artifact <</Type/Pagination>> BDC\n{foot(width)}EMC"
    obj.Resources = Dictionary(XObject=Dictionary(Exhibit=drawing) if drawing is not None else Dictionary(), Font=fonts)
    if drawing is None:
        content = content.split("\n", 1)[1]
    obj.Contents = pdf.make_stream(content.encode())
    if links:
        obj.Annots = Array(links)


def shown_box(page) -> tuple[list[float], tuple[float, float], tuple[float, ...]]:
    """The visible box in the page's own space, its size as displayed, and the matrix to display space."""
    media = _sorted_box(page.mediabox)
    crop = _sorted_box(page.cropbox)
    box = [max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])]
    if box[2] - box[0] < 1 or box[3] - box[1] < 1:
        box = media if media[2] - media[0] >= 1 and media[3] - media[1] >= 1 else [0.0, 0.0, A4_SHORT, A4_LONG]
    unit = float(page.obj.get("/UserUnit", 1))
    unit = unit if 0.01 <= unit <= 100 else 1.0
    turn = int(page.obj.get("/Rotate", 0)) % 360
    x0, y0, x1, y1 = box
    plain = {
        0: (1, 0, 0, 1, -x0, -y0),
        90: (0, -1, 1, 0, -y0, x1),
        180: (-1, 0, 0, -1, x1, y1),
        270: (0, 1, -1, 0, y1, -x0),
    }.get(turn, (1, 0, 0, 1, -x0, -y0))
    across, up = (x1 - x0, y1 - y0) if turn not in (90, 270) else (y1 - y0, x1 - x0)
    return box, (across * unit, up * unit), tuple(unit * part for part in plain)


def _sorted_box(box) -> list[float]:
    x0, y0, x1, y1 = (float(part) for part in box)
    return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]


def drawing_of(pdf, obj, box: list[float], seen: set):
    """The page's content stream itself, declared a form: its bytes are neither decoded nor copied."""
    streams = obj.get("/Contents")
    if isinstance(streams, Array):
        streams = streams[0] if len(streams) == 1 else None if not len(streams) else pikepdf.Page(obj).as_form_xobject()
    if streams is None:
        return None
    if streams.objgen in seen:  # two pages that share their content must not share their resources
        copy = pdf.make_stream(streams.read_raw_bytes())
        for key in ("/Filter", "/DecodeParms"):
            if key in streams:
                copy[key] = streams[key]
        streams = copy
    else:
        seen.add(streams.objgen)
    streams.Type, streams.Subtype, streams.FormType = Name.XObject, Name.Form, 1
    streams.BBox = Array([round(part, 3) for part in box])
    streams.Resources = obj.get("/Resources", Dictionary())
    if "/Group" in obj:
        streams.Group = obj.Group
    for key in ("/Matrix", "/StructParent", "/StructParents", "/Ref", "/OPI", "/PS", "/Metadata", "/PieceInfo"):
        if key in streams:
            del streams[key]
    return streams


def _kept_links(obj, matrix: tuple[float, ...]) -> list:
    """Links to web and e-mail addresses, moved with the page; every other annotation and action is left out."""
    kept = []
    a, b, c, d, e, f = matrix
    for note in obj.get("/Annots", ()):
        action = note.get("/A")
        if note.get("/Subtype") != "/Link" or action is None or action.get("/S") != "/URI":
            continue
        address = str(action.get("/URI", ""))
        if not _SAFE_ADDRESS.match(address):
            continue
        x0, y0, x1, y1 = (float(part) for part in note.Rect)
        xs = [a * x + c * y + e for x in (x0, x1) for y in (y0, y1)]
        ys = [b * x + d * y + f for x in (x0, x1) for y in (y0, y1)]
        kept.append(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Link,
                Rect=Array([round(v, 2) for v in (min(xs), min(ys), max(xs), max(ys))]),
                Border=Array([0, 0, 0]),
                F=4,
                A=Dictionary(S=Name.URI, URI=pikepdf.String(address)),
            )
        )
    return kept
