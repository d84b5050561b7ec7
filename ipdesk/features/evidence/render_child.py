"""The process that opens hostile files, so that no other process of the desk has to.

Started by `preview.Previews` as a script, never imported by the desk. The process itself
only waits: it has left the network, has everything loaded, and forks once per file. The fork gets
the file as an open descriptor, lowers its limits, gives up its rights, opens the file, writes
facts and freshly drawn pixels into a pipe and ends. Nothing of one file reaches the next.

Control socket: one JSON task per message, with two descriptors (file, pipe). Pipe: one JSON line
``{"facts": {...}, "sizes": [...]}`` followed by the blobs. Reply on the socket: the exit status.
"""

import codecs
import ctypes
import email
import email.contentmanager
import email.policy
import io
import json
import os
import platform
import resource
import signal
import socket
import struct
import sys
import warnings
from typing import Any

import pillow_heif
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageOps

# 40 megapixels: every phone camera's full picture in its usual mode fits; 12 000 × 12 000 does not.
MAX_PIXELS = 40_000_000
MAX_TEXT = 200_000
MAX_PAGES_COUNTED = 2_000
THUMBNAIL, VIEW = 240, 1600
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP",
            "image/heic": "HEIF", "image/tiff": "TIFF"}
_GPS_DIRECTORY = 0x8825
_GUESSES = ("utf-8-sig", "gb18030")
# A fork may be unable to read the interpreter's files, so nothing may be loaded late.
_CODECS = (*_GUESSES, "utf-16", "utf-8", "ascii", "latin-1", "cp1252", "gbk", "gb2312", "big5",
           "iso2022_jp", "shift_jis", "euc_kr", "iso8859_15", "idna", "quopri", "base64",
           "unicode_escape", "raw_unicode_escape")


class CannotShow(Exception):
    """The file is kept but not shown; the argument is the code of `texts.CANNOT_SHOW`."""


# --- pictures --------------------------------------------------------------------------------

def open_picture(file: io.BufferedReader, media_type: str, page: int = 0) -> Image.Image:
    """The decoded picture, only by the decoder of its sniffed type, within the pixel limit."""
    try:
        picture = Image.open(file, formats=[_FORMATS[media_type]])
        if page:
            picture.seek(page)
        if picture.width * picture.height > MAX_PIXELS:
            raise CannotShow("too_many_pixels")
        picture.load()
    except (CannotShow, MemoryError):
        raise
    except Exception as error:  # decoders raise whatever they like on a broken file
        raise CannotShow("damaged") from error
    return picture


def draw(picture: Image.Image, longest: int) -> bytes:
    """New pixels on white, upright, at most ``longest`` on a side, as WebP without any metadata."""
    picture = picture.copy()
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    picture.info.clear()
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=80, method=2)
    return out.getvalue()


def upright_rgb(picture: Image.Image) -> Image.Image:
    """The picture as a person saw it: EXIF orientation applied, transparency on white."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):  # 16-bit grey scans
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture)
        picture = ground
    return picture.convert("RGB")


def inspect_picture(file: io.BufferedReader, media_type: str) -> tuple[dict[str, Any], list[bytes]]:
    facts: dict[str, Any] = {}
    try:
        header = Image.open(file, formats=[_FORMATS[media_type]])
        facts.update(width=header.width, height=header.height)
        file.seek(0)
    except Exception as error:
        raise CannotShow("damaged") from error
    try:
        picture = open_picture(file, media_type)
    except CannotShow as reason:
        return facts | {"cannot_show": str(reason)}, []
    facts["has_location"] = bool(picture.getexif().get_ifd(_GPS_DIRECTORY))
    pages = getattr(picture, "n_frames", 1) if media_type == "image/tiff" else 1
    facts["pages"] = min(pages, MAX_PAGES_COUNTED)
    seen = upright_rgb(picture)
    return facts, [draw(seen, THUMBNAIL), draw(seen, VIEW)]


# --- PDF ---------------------------------------------------------------------------------------

def open_pdf(file: io.BufferedReader) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(file)
        if len(document) == 0:
            raise CannotShow("damaged")
        return document
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD \
            or "password" in str(error).lower()
        raise CannotShow("password" if locked else "damaged") from error


def draw_page(document: pypdfium2.PdfDocument, number: int, longest: int) -> Image.Image:
    try:
        page = document[number]
        width, height = page.get_size()
        scale = longest / max(width, height, 1)
        if scale * min(width, height) < 1:
            raise CannotShow("damaged")
        return page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise CannotShow("damaged") from error


def inspect_pdf(file: io.BufferedReader) -> tuple[dict[str, Any], list[bytes]]:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 2048))
    ends = b"%%EOF" in file.read()
    file.seek(0)
    try:
        document = open_pdf(file)
        facts = {
            "pages": len(document),
            "signed": pdfium.FPDF_GetSignatureCount(document) > 0,
            "active": pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0,
            "attachments": max(0, pdfium.FPDFDoc_GetAttachmentCount(document)),
        }
        first = draw_page(document, 0, VIEW)
    except CannotShow as reason:
        return {"cannot_show": str(reason), "cut_off": not ends}, []
    if not ends:
        facts["cut_off"] = True
    return facts, [draw(first, THUMBNAIL), draw(first, VIEW)]


# --- text ---------------------------------------------------------------------------------------

def decode(content: bytes, *, is_cut: bool = False, declared: str = "") -> str:
    """Text of unknown encoding; the last choice cannot fail. NUL never survives.

    ``is_cut``: the content may end in the middle of a character. ``declared`` is what the
    mail says of itself; it is tried first.
    """
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace").replace("\0", "")
    for encoding in (declared, *_GUESSES):
        try:
            decoder = codecs.getincrementaldecoder(encoding)()
            return decoder.decode(content, not is_cut).replace("\0", "")
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("latin-1").replace("\0", "")


def mail_as_text(file: io.BufferedReader) -> str:
    """The mail's main fields, its text part and the names of what is attached."""
    message = email.message_from_binary_file(file, policy=email.policy.default)
    lines = [f"{field}: {message[field]}" for field in ("From", "To", "Cc", "Date", "Subject")
             if message[field]]
    body = message.get_body(preferencelist=("plain",))
    if body is not None:
        lines += ["", decode(body.get_payload(decode=True) or b"",
                             declared=body.get_content_charset(""))]
    names = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()] \
        if message.is_multipart() else []
    if names:
        lines += ["", *(f"[{name}]" for name in names)]
    return "\n".join(lines)


def show_text(file: io.BufferedReader, media_type: str) -> bytes:
    if media_type == "message/rfc822":
        try:
            text = mail_as_text(file)
        except MemoryError:
            raise
        except Exception as error:  # the mail parser has no list of what it may raise
            raise CannotShow("damaged") from error
    else:
        content = file.read(4 * MAX_TEXT)
        text = decode(content, is_cut=len(content) == 4 * MAX_TEXT)
    return text[:MAX_TEXT].encode("utf-8", "replace")


# --- one task --------------------------------------------------------------------------------------

def perform(task: dict[str, Any], file: io.BufferedReader) -> tuple[dict[str, Any], list[bytes]]:
    """Facts and blobs for one task: ``inspect``, ``page`` or ``text``."""
    media_type = task["media_type"]
    if task["task"] == "text":
        return {}, [show_text(file, media_type)]
    if task["task"] == "page":
        if media_type == "application/pdf":
            document = open_pdf(file)
            if task["page"] >= len(document):
                raise CannotShow("no_preview")
            seen = draw_page(document, task["page"], task["longest"])
        else:
            seen = upright_rgb(open_picture(file, media_type, task["page"]))
        return {"pixels": list(seen.size)}, [draw(seen, task["longest"])]
    if media_type == "application/pdf":
        return inspect_pdf(file)
    return inspect_picture(file, media_type)


def answer(task: dict[str, Any], file: io.BufferedReader, out: io.BufferedWriter) -> None:
    try:
        facts, blobs = perform(task, file)
    except CannotShow as reason:
        facts, blobs = {"cannot_show": str(reason)}, []
    except (MemoryError, RecursionError):
        facts, blobs = {"cannot_show": "too_demanding"}, []
    head = {"facts": facts, "sizes": [len(blob) for blob in blobs]}
    out.write(json.dumps(head).encode() + b"\n")
    for blob in blobs:
        out.write(blob)
    out.flush()


# --- the walls -----------------------------------------------------------------------------------

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWUSER, _CLONE_NEWNET, _PR_SET_NO_NEW_PRIVS = 0x10000000, 0x40000000, 38
_PR_SET_SECCOMP, _SECCOMP_FILTER, _DENY, _ALLOW = 22, 2, 0x00050001, 0x7FFF0000
# (audit architecture, openat, system calls that no decoder needs): network, other programs, other
# processes, io_uring (a second door to all of them), and every change of the file system.
_SYSTEM_CALLS = {
    "x86_64": (0xC000003E, 257, (
        41, 42, 49, 50, 53, 43, 288, 59, 322, 101, 62, 200, 234, 310, 311, 425, 426, 427, 2, 85, 437,
        82, 264, 316, 87, 263, 84, 83, 258, 86, 265, 88, 266, 76, 90, 91, 268, 92, 93, 94, 260,
        133, 259, 165, 166, 161, 272, 308)),
    "aarch64": (0xC00000B7, 56, (
        198, 203, 200, 201, 199, 202, 242, 221, 281, 117, 129, 130, 131, 270, 271, 425, 426, 427, 437,
        38, 276, 35, 34, 37, 36, 45, 52, 53, 54, 55, 33, 40, 39, 51, 97, 268)),
}


def leave_network() -> bool:
    """Move into an empty network namespace; False where the kernel does not let us."""
    return _libc.unshare(_CLONE_NEWNET) == 0 or _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0


def forbid_system_calls() -> bool:
    """Refuse (EPERM) the calls listed above and opening anything to write; False if unsupported."""
    if platform.machine() not in _SYSTEM_CALLS:
        return False
    arch, openat, denied = _SYSTEM_CALLS[platform.machine()]
    write_flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

    def step(code: int, jump_true: int, jump_false: int, value: int) -> bytes:
        return struct.pack("HBBI", code, jump_true, jump_false, value)

    load, equal, at_least, any_bit, leave = 0x20, 0x15, 0x35, 0x45, 0x06
    program = [step(load, 0, 0, 4), step(equal, 1, 0, arch), step(leave, 0, 0, _DENY),
               step(load, 0, 0, 0), step(at_least, 0, 1, 0x40000000), step(leave, 0, 0, _DENY)]
    for number in denied:
        program += [step(equal, 0, 1, number), step(leave, 0, 0, _DENY)]
    # openat's flags are its third argument: the low word lies at 16 + 2 × 8.
    program += [step(equal, 0, 3, openat), step(load, 0, 0, 32), step(any_bit, 0, 1, write_flags),
                step(leave, 0, 0, _DENY), step(leave, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(program))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    whole = Program(len(program), ctypes.cast(code, ctypes.c_void_p))
    return _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 \
        and _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(whole), 0, 0) == 0


def close_in(limits: dict[str, int]) -> None:
    """Lower every limit for the rest of this process's life."""
    for name, value in ((resource.RLIMIT_AS, limits["memory"]), (resource.RLIMIT_CPU, limits["cpu"]),
                        (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0),
                        (resource.RLIMIT_NOFILE, 64)):
        resource.setrlimit(name, (value, value))
    signal.alarm(limits["wall"])
    if os.geteuid() == 0:
        nobody = 65534
        os.setgroups([])
        os.setgid(nobody)
        os.setuid(nobody)
    forbid_system_calls()


def one_file(task: dict[str, Any], file_handle: int, pipe: int) -> None:
    """Everything the fork does; never returns."""
    status = 1
    try:
        close_in(task["limits"])
        with open(file_handle, "rb") as file, open(pipe, "wb") as out:
            answer(task, file, out)
        status = 0
    finally:
        os._exit(status)


def warm_up() -> None:
    """Load now what Python would load at first use."""
    for name in _CODECS:
        codecs.lookup(name)
    message = email.message_from_bytes(
        b"From: =?utf-8?q?a?= <a@b.example>\nDate: Thu, 1 Jan 2026 00:00:00 +0000\n"
        b"Subject: =?gb18030?b?xOO6ww==?=\nContent-Type: text/plain; charset=gb18030\n\nx",
        policy=email.policy.default)
    mail_as_text(io.BytesIO(message.as_bytes()))


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    warm_up()
    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # `open_picture` has the limit, before anything is decoded
    pillow_heif.register_heif_opener(thumbnails=False)
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    pypdfium2.PdfDocument.new().close()  # starts the library and its list of fonts
    control.send(json.dumps({"network": not leave_network(), "pid": os.getpid()}).encode())
    while True:
        message, handles, _flags, _address = socket.recv_fds(control, 65536, 2)
        if not message:
            return  # the desk's process is gone
        child = os.fork()
        if child == 0:
            control.close()
            one_file(json.loads(message), *handles)
        for handle in handles:
            os.close(handle)
        _child, status = os.waitpid(child, 0)
        control.send(json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode())


if __name__ == "__main__":
    main()
