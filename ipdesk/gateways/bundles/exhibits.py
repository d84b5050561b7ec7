"""Looks at one exhibit, inside the walls, and makes it fit to be bound.

The answer says how the file is shown: ``pdf`` (a file of pages), ``mail`` (its parts as text), or
``slip`` (why it cannot be shown). The original is only read. ``REMARKS`` and ``SLIP_REASONS`` are the codes with the
words that the bundle prints.
"""

import hashlib
import warnings
from html.parser import HTMLParser
from pathlib import Path

from ipdesk.core.kernel.text import N_

LARGEST_IMAGE = 40_000_000
MOST_FRAMES = 200
MOST_PAGES = 10_000
LONGEST_MAIL = 25 * 1024 * 1024
# A page of A4 in PDF points, and the white around a picture on it.
A4 = (595.276, 841.89)
PICTURE_MARGIN = 36.0

SLIP_REASONS = {
    "empty": N_("The file is empty (0 bytes)."),
    "missing": N_("The stored file could not be read."),
    "changed": N_("The stored bytes do not give the hash that was recorded on receipt, so they are not shown."),
    "locked": N_("The PDF is locked with a password."),
    "damaged": N_("The file is damaged or incomplete and cannot be displayed."),
    "no_pages": N_("The PDF has no pages."),
    "too_many_pages": N_("The PDF has more pages than a bundle can hold."),
    "too_large_image": N_("The picture has more than 40 million pixels."),
    "lies": N_("The content of the file is not of the type that its name or sender claims."),
    "not_paper": N_("A file of this type cannot be shown on paper."),
    "too_long_mail": N_("The message is larger than can be shown on paper."),
    "timed_out": N_("Displaying the file took longer than is allowed."),
    "too_costly": N_("Displaying the file needed more memory or processing than is allowed."),
}
REMARKS = {
    "other_type": N_("Shown as what it is; its name or sender claims another type."),
    "repaired": N_("The internal directory of the PDF was damaged and has been rebuilt."),
    "active": N_("Scripts and automatic actions were left out."),
    "attachments": N_("Files attached inside the PDF were left out."),
    "form": N_("Form fields are shown as filled in, no longer editable."),
    "signed": N_("The file carries an electronic signature, which only the original can prove."),
    "restricted": N_("The PDF restricts copying or printing."),
    "first_frames": N_("Only the first 200 pictures of the file are shown."),
    "animation": N_("The file is animated; its first picture is shown."),
    "flattened": N_("Transparent parts are shown on white."),
    "converted": N_("Shown after conversion to a printable picture format."),
}


class Slip(Exception):
    """The exhibit cannot be shown; ``reason`` is a key of ``SLIP_REASONS``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def examine(question: dict) -> dict:
    """``{"path", "sha256", "media_type", "out"}`` → ``{"shown", "sha256", "size", "remarks", …}``."""
    path, out = Path(question["path"]), Path(question["out"])
    answer: dict = {"sha256": "", "size": 0, "remarks": []}
    try:
        answer["sha256"], answer["size"] = _fingerprint(path)
        if answer["size"] == 0:
            raise Slip("empty")
        if answer["sha256"] != question["sha256"]:
            raise Slip("changed")
        kind = sniff(path, question["media_type"])
        if _lies(kind, question["media_type"]):
            if kind == "other":
                raise Slip("lies")
            answer["remarks"].append("other_type")
        if kind == "other":
            raise Slip("not_paper")
        answer.update(_SHOWN_BY[kind](path, out, answer["remarks"]))
    except Slip as slip:
        answer.update(shown="slip", reason=slip.reason, remarks=[])
    except MemoryError:
        answer.update(shown="slip", reason="too_costly", remarks=[])
    except OSError:
        answer.update(shown="slip", reason="damaged" if answer["size"] else "missing", remarks=[])
    return answer


def _fingerprint(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


# --- what the bytes are ---------------------------------------------------------------------

_IMAGE_STARTS = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "picture",
    b"GIF8": "picture",
    b"II*\x00": "picture",
    b"MM\x00*": "picture",
}
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"}
_CLAIMS = {
    "application/pdf": {"pdf"},
    "message/rfc822": {"mail"},
    "image/jpeg": {"jpeg"},
    "image/png": {"picture"},
    "image/gif": {"picture"},
    "image/webp": {"picture"},
    "image/tiff": {"picture"},
    "image/heic": {"heif"},
    "image/heif": {"heif"},
    "image/avif": {"heif"},
}


def sniff(path: Path, claimed: str) -> str:
    """``pdf``, ``jpeg``, ``picture``, ``heif``, ``mail`` or ``other``, from the content.

    Only mail has no signature of its own; it needs the claim and headers that look like mail.
    """
    with path.open("rb") as file:
        head = file.read(2048)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    for start, kind in _IMAGE_STARTS.items():
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "picture"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "heif"
    first = head.split(b"\n", 1)[0]
    if claimed == "message/rfc822" and b":" in first and b" " not in first.split(b":", 1)[0] and b"\x00" not in head:
        return "mail"
    return "other"


def _lies(kind: str, claimed: str) -> bool:
    expected = _CLAIMS.get(claimed)
    return kind not in expected if expected else kind != "other"


# --- PDF ------------------------------------------------------------------------------------


def _pdf(path: Path, out: Path, remarks: list[str]) -> dict:
    import pikepdf

    _refuse_truncated(path)
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            count = len(pdf.pages)
            if count == 0:
                raise Slip("no_pages")
            if count > MOST_PAGES:
                raise Slip("too_many_pages")
            rewrite = _inspect(pdf, remarks)
            if pdf.get_warnings() and "repaired" not in remarks:
                remarks.append("repaired")
                rewrite = True
            if not rewrite:
                return {"shown": "pdf", "path": str(path), "pages": count}
            _flatten(pdf)
            pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.preserve, compress_streams=True, deterministic_id=True)
            return {"shown": "pdf", "path": str(out), "pages": count}
    except pikepdf.PasswordError as error:
        raise Slip("locked") from error
    except (pikepdf.PdfError, pikepdf.ForeignObjectError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Slip("damaged") from error


def _refuse_truncated(path: Path) -> None:
    """A PDF ends with its end mark. Without it pages may be missing, and nobody would notice."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 2048))
        if b"%%EOF" not in file.read():
            raise Slip("damaged")


def _inspect(pdf, remarks: list[str]) -> bool:
    """Adds what the reader must be told; ``True`` when the file must be rewritten before it is bound."""
    found = _in_document(pdf)
    for page in pdf.pages:
        found |= _on_page(page.obj)
    remarks += [code for code in ("restricted", "attachments", "signed", "form", "active") if code in found]
    return bool(found & {"restricted", "fields", "notes", "pieces"})


def _in_document(pdf) -> set[str]:
    """What the document as a whole carries besides its pages."""
    root, found = pdf.Root, set()
    names, form = root.get("/Names", {}), root.get("/AcroForm")
    if pdf.is_encrypted:
        found.add("restricted")
    if "/AA" in root or "/JavaScript" in names or ("/OpenAction" in root and not _is_destination(root.OpenAction)):
        found.add("active")
    if "/EmbeddedFiles" in names or "/AF" in root or "/Collection" in root:
        found.add("attachments")
    if form is not None:
        found.add("fields")
        if int(form.get("/SigFlags", 0)) & 1:
            found.add("signed")
        if len(form.get("/Fields", [])):
            found.add("form")
    return found


def _on_page(page) -> set[str]:
    """What one page carries: actions, notes to be drawn in, content in pieces."""
    found = set()
    contents = page.get("/Contents")
    if (_is_array(contents) and len(contents) != 1) or "/Resources" not in page:
        found.add("pieces")
    if "/AA" in page:
        found.add("active")
    for note in page.get("/Annots", ()):
        kind = note.get("/Subtype")
        if kind != "/Link":
            found.add("notes")
        if kind == "/FileAttachment":
            found.add("attachments")
        if "/AA" in note or ("/A" in note and str(note.A.get("/S")) not in ("/URI", "/GoTo")):
            found.add("active")
    return found


def _is_array(value) -> bool:
    import pikepdf

    return isinstance(value, pikepdf.Array)


def _is_destination(action) -> bool:
    return _is_array(action) or str(action.get("/S", "")) == "/GoTo"


def _flatten(pdf) -> None:
    """Draws filled-in fields and notes into the pages; joins the pieces of each page's content."""
    if "/AcroForm" in pdf.Root:
        pdf.generate_appearance_streams()
    pdf.flatten_annotations("screen")
    for page in pdf.pages:
        page.contents_coalesce()
        if "/Resources" not in page.obj:
            page.obj.Resources = page.resources
    for key in ("/AcroForm", "/OpenAction", "/AA", "/Names", "/AF", "/Collection", "/Perms"):
        if key in pdf.Root:
            del pdf.Root[key]


# --- pictures -------------------------------------------------------------------------------


def _strict_pillow():
    """Pillow with our limit, where crossing it is an error and not a warning."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = LARGEST_IMAGE
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    return Image


def _opened(path: Path):
    image_module = _strict_pillow()
    try:
        image = image_module.open(path)
    except (image_module.DecompressionBombWarning, image_module.DecompressionBombError) as error:
        raise Slip("too_large_image") from error
    except (OSError, ValueError, SyntaxError, TypeError) as error:
        raise Slip("damaged") from error
    if image.width * image.height > LARGEST_IMAGE:
        raise Slip("too_large_image")
    return image


def _jpeg(path: Path, out: Path, remarks: list[str]) -> dict:
    """The picture's own bytes, without the metadata that may tell where it was taken."""
    with _opened(path) as image:
        turned = image.getexif().get(0x0112, 1)
    content = path.read_bytes()
    if b"\xff\xd9" not in content[-65536:]:
        raise Slip("damaged")
    if turned in (2, 4, 5, 7):  # mirrored: no PDF rotation shows that
        return _picture(path, out, remarks)
    return _on_pages([without_metadata(content)], out, {3: 180, 6: 90, 8: 270}.get(turned, 0))


def without_metadata(jpeg: bytes) -> bytes:
    """``jpeg`` without Exif, XMP, IPTC and comments; the coded picture stays byte for byte.

    Kept: JFIF, the colour profile (APP2 ICC) and Adobe's colour transform (APP14), which change how it looks.
    """
    out, at = bytearray(jpeg[:2]), 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xDA:
            return bytes(out + jpeg[at:])
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big") + 2
        segment = jpeg[at : at + length]
        drop = marker in (0xE1, 0xED, 0xFE) or (marker == 0xE2 and not segment[4:].startswith(b"ICC_PROFILE"))
        if not drop:
            out += segment
        at += length
    raise Slip("damaged")


def _heif(path: Path, out: Path, remarks: list[str]) -> dict:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)
    if hasattr(pillow_heif, "register_avif_opener"):
        pillow_heif.register_avif_opener(thumbnails=False)
    return _picture(path, out, remarks, photograph=True)


def _picture(path: Path, out: Path, remarks: list[str], photograph: bool = False) -> dict:
    """Every frame (a TIFF is often a fax of many pages) as a page; an animation as its first."""
    from PIL import ImageSequence

    pages: list[bytes] = []
    with _opened(path) as image:
        frames = getattr(image, "n_frames", 1)
        animated = frames > 1 and image.format in ("GIF", "WEBP", "PNG", "AVIF")
        if animated:
            remarks.append("animation")
        elif frames > MOST_FRAMES:
            remarks.append("first_frames")
        wanted = 1 if animated else min(frames, MOST_FRAMES)
        photograph = photograph or image.format == "JPEG"
        try:
            for index, frame in enumerate(ImageSequence.Iterator(image)):
                if index == wanted:
                    break
                pages.append(_printable_picture(frame, remarks, photograph))
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise Slip("damaged") from error
    if photograph or image.format in ("WEBP", "GIF", "TIFF"):
        remarks.append("converted")
    return _on_pages(pages, out)


def _printable_picture(frame, remarks: list[str], photograph: bool) -> bytes:
    from io import BytesIO

    from PIL import Image, ImageOps

    if frame.width * frame.height > LARGEST_IMAGE:
        raise Slip("too_large_image")
    frame = ImageOps.exif_transpose(frame)
    if frame.mode.startswith("I;16") or frame.mode in ("I", "F"):
        frame = ImageOps.autocontrast(frame.convert("F").convert("L")) if frame.mode == "F" else frame.point(lambda v: v / 256).convert("L")
    if frame.mode in ("RGBA", "LA", "PA") or "transparency" in frame.info:
        rgba = frame.convert("RGBA")
        if rgba.getextrema()[3][0] < 255 and "flattened" not in remarks:
            remarks.append("flattened")
        frame = Image.new("RGB", rgba.size, "white")
        frame.paste(rgba, mask=rgba.getchannel("A"))
    elif frame.mode not in ("1", "L", "RGB", "P"):
        frame = frame.convert("RGB")
    else:
        frame.load()
    frame.info = {}
    output = BytesIO()
    if photograph:
        frame.convert("RGB").save(output, "JPEG", quality=90)
    else:
        frame.save(output, "PNG", compress_level=3)
    return output.getvalue()


def _on_pages(pictures: list[bytes], out: Path, turn: int = 0) -> dict:
    import img2pdf

    rotation = {0: img2pdf.Rotation.none, 90: img2pdf.Rotation["90"], 180: img2pdf.Rotation["180"], 270: img2pdf.Rotation["270"]}[turn]
    layout = img2pdf.get_layout_fun(pagesize=A4, border=(PICTURE_MARGIN, PICTURE_MARGIN), fit=img2pdf.FitMode.shrink, auto_orient=True)
    try:
        with out.open("wb") as file:
            img2pdf.convert(pictures, layout_fun=layout, rotation=rotation, outputstream=file, nodate=True, engine=img2pdf.Engine.internal)
    except (ValueError, img2pdf.ImageOpenError, img2pdf.JpegColorspaceError, img2pdf.PdfTooLargeError) as error:
        raise Slip("damaged") from error
    return {"shown": "pdf", "path": str(out), "pages": len(pictures)}


# --- mail -----------------------------------------------------------------------------------


def _mail(path: Path, out: Path, remarks: list[str]) -> dict:
    import email
    from email import policy

    if path.stat().st_size > LONGEST_MAIL:
        raise Slip("too_long_mail")
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    headers = [[name, _header(message, name)] for name in ("From", "To", "Cc", "Date", "Subject", "Message-ID") if name in message]
    if not headers:
        raise Slip("damaged")
    attachments = []
    for part in message.iter_attachments() if message.is_multipart() else ():
        content = part.get_payload(decode=True) or b""
        attachments.append(
            {
                "name": part.get_filename() or part.get_content_type(),
                "media_type": part.get_content_type(),
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    return {"shown": "mail", "mail": {"headers": headers, "text": _body(message), "attachments": attachments}}


def _header(message, name: str) -> str:
    try:
        return str(message[name])
    except Exception:  # the library raises many kinds on malformed headers; the raw form still says something
        return str(message.get(name, failobj="")).encode("ascii", "replace").decode()


def _body(message) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    try:
        text = body.get_content()
    except (LookupError, ValueError):  # an unknown character set
        text = (body.get_payload(decode=True) or b"").decode("utf-8", "replace")
    return _text_of_html(text) if body.get_content_type() == "text/html" else text


class _Text(HTMLParser):
    """Keeps the words of an HTML message and its line ends, nothing else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag, attrs) -> None:
        if tag in ("style", "script", "head", "title"):
            self._silent += 1
        elif tag in ("br", "p", "div", "tr", "li", "h1", "h2", "h3"):
            self.words.append("\n")

    def handle_endtag(self, tag) -> None:
        if tag in ("style", "script", "head", "title"):
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data) -> None:
        if not self._silent:
            self.words.append(" ".join(data.split()) + (" " if data[-1:].isspace() else ""))


def _text_of_html(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    return "\n".join(line for line in (part.strip() for part in "".join(parser.words).split("\n")) if line)


_SHOWN_BY = {"pdf": _pdf, "jpeg": _jpeg, "picture": _picture, "heif": _heif, "mail": _mail}
