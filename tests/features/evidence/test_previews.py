"""Previews: new pixels only, made where a hostile file can do no harm."""

import io
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from ipdesk.features.evidence.preview import Limits, Previews
from tests.features.evidence.conftest import locked_pdf, pdf, photo_with_place, picture, pixel_flood

JPEG, PDF = "image/jpeg", "application/pdf"


@pytest.fixture(scope="module")
def previews() -> Iterator[Previews]:
    made = Previews(processes=1)
    yield made
    made.close()


@pytest.fixture
def put(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write(content: bytes, name: str = "file") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name
    return write


@pytest.mark.parametrize(("form", "media_type"), [
    ("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("HEIF", "image/heic"),
    ("TIFF", "image/tiff")])
def test_pictures_become_a_thumbnail_and_a_view(previews: Previews, put, form: str, media_type: str) -> None:  # type: ignore[no-untyped-def]
    shown = previews.inspect(put(picture(form, size=(1700, 850))), media_type, "pixels")
    assert (shown.facts["width"], shown.facts["height"], shown.facts["pages"]) == (1700, 850, 1)
    thumbnail, view = (Image.open(io.BytesIO(blob)) for blob in shown.blobs)
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (240, 120))
    assert (view.format, view.size) == ("WEBP", (1600, 800))


def test_a_preview_is_upright_and_knows_no_place(previews: Previews, put) -> None:  # type: ignore[no-untyped-def]
    content = photo_with_place()
    assert b"CanaryCamera" in content and b"canary comment" in content
    shown = previews.inspect(put(content), JPEG, "pixels")
    assert shown.facts["has_location"] is True
    page = previews.page(put(content), JPEG, 0)
    for blob in (*shown.blobs, *page.blobs):
        image = Image.open(io.BytesIO(blob))
        assert image.height > image.width  # 640 × 480, turned
        assert not image.getexif() and "exif" not in image.info and "comment" not in image.info
        for canary in (b"CanaryCamera", b"canary comment", b"Exif", b"GPS"):
            assert canary not in blob


def test_transparency_is_shown_on_white(previews: Previews, put) -> None:  # type: ignore[no-untyped-def]
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(out, "PNG")
    shown = previews.inspect(put(out.getvalue()), "image/png", "pixels")
    assert Image.open(io.BytesIO(shown.blobs[0])).convert("RGB").getpixel((25, 25)) == (255, 255, 255)


def test_a_pdf_shows_its_pages(previews: Previews, put) -> None:  # type: ignore[no-untyped-def]
    path = put(pdf(3))
    shown = previews.inspect(path, PDF, "pages")
    assert shown.facts == {"pages": 3, "signed": False, "active": False, "attachments": 0}
    assert Image.open(io.BytesIO(shown.blobs[1])).height == 1600
    assert previews.page(path, PDF, 2).blobs
    assert previews.page(path, PDF, 3).cannot_show == "no_preview"


def test_active_content_of_a_pdf_is_told(previews: Previews, put) -> None:  # type: ignore[no-untyped-def]
    document = pikepdf.open(io.BytesIO(pdf(1)))
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    document.Root.Names = pikepdf.Dictionary(
        JavaScript=pikepdf.Dictionary(Names=pikepdf.Array([pikepdf.String("a"), script])))
    document.attachments["evil.exe"] = b"MZ"
    out = io.BytesIO()
    document.save(out)
    facts = previews.inspect(put(out.getvalue()), PDF, "pages").facts
    assert (facts["active"], facts["attachments"]) == (True, 1)


@pytest.mark.parametrize(("content", "media_type", "reason"), [
    (locked_pdf(), PDF, "password"), (pdf()[:400], PDF, "damaged"), (b"%PDF-1.7\n", PDF, "damaged"),
    (picture("JPEG")[:2000], JPEG, "damaged"), (picture("PNG")[:3000], "image/png", "damaged"),
    (b"\xff\xd8\xff\xe0", JPEG, "damaged"), (pixel_flood(), "image/png", "too_many_pixels"),
    (picture("PNG"), JPEG, "damaged"),  # only the decoder of the sniffed type ever opens it
], ids=["locked", "truncated-pdf", "pdf-header", "truncated-jpeg", "truncated-png", "jpeg-header", "flood", "other-decoder"])
def test_what_cannot_be_shown_is_a_fact(previews: Previews, put, content: bytes, media_type: str, reason: str) -> None:  # type: ignore[no-untyped-def]
    shown = previews.inspect(put(content), media_type, "pages" if media_type == PDF else "pixels")
    assert (shown.cannot_show, shown.blobs) == (reason, ())


def test_a_page_is_drawn_by_the_decoder_of_its_type_only(previews: Previews, put) -> None:  # type: ignore[no-untyped-def]
    assert previews.page(put(picture("PNG")), "image/png", 0).blobs
    assert previews.page(put(picture("PNG")), JPEG, 0).cannot_show == "damaged"


def test_a_pdf_without_its_end_that_can_still_be_read_says_so(previews: Previews, put) -> None:  # type: ignore[no-untyped-def]
    whole = pdf(2, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    shown = previews.inspect(put(whole[:whole.rindex(b"xref\n")]), PDF, "pages")
    assert shown.facts["cut_off"] is True and shown.blobs


def test_a_pixel_flood_is_never_decoded(previews: Previews, put) -> None:  # type: ignore[no-untyped-def]
    began = time.monotonic()
    facts = previews.inspect(put(pixel_flood()), "image/png", "pixels").facts
    assert (facts["width"], facts["height"]) == (12_000, 12_000)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(("content", "text"), [
    ("商标 ok".encode(), "商标 ok"), ("商标".encode("gb18030"), "商标"), ("é".encode("utf-16"), "é"), (b"\xe9\xff\xff", "éÿÿ"),
    (b"\xef\xbb\xbfbom", "bom"), (b"a\0b", "ab")])
def test_text_of_any_encoding(previews: Previews, put, content: bytes, text: str) -> None:  # type: ignore[no-untyped-def]
    assert previews.text(put(content), "text/plain").blobs[0].decode() == text


def test_a_mail_shows_its_fields_text_and_attachments(previews: Previews, put) -> None:  # type: ignore[no-untyped-def]
    from email.message import EmailMessage
    message = EmailMessage()
    message["From"], message["Subject"] = "张 <a@b.example>", "你好"
    message.set_content("Guten Tag, 商标", charset="gb18030")
    message.add_alternative("<script>alert(1)</script>", subtype="html")
    message.add_attachment(b"x", "application", "pdf", filename="证书.pdf")
    text = previews.text(put(message.as_bytes()), "message/rfc822").blobs[0].decode()
    for part in ("From: 张 <a@b.example>", "Subject: 你好", "Guten Tag, 商标", "[证书.pdf]"):
        assert part in text
    assert "<script>" not in text


def test_other_files_have_no_preview_and_are_opened_by_nobody(previews: Previews, tmp_path: Path) -> None:
    """A ZIP bomb is kept as it is: nothing in the desk extracts it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(50_000_000))
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(out.getvalue())
    began = time.monotonic()
    assert previews.inspect(bomb, "application/zip", "none").facts == {"cannot_show": "no_preview"}
    assert time.monotonic() - began < 0.1


def test_files_are_looked_at_side_by_side_and_every_process_ends_with_the_desk(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor
    previews = Previews(processes=2)
    path = tmp_path / "a.jpg"
    path.write_bytes(picture("JPEG", size=(1700, 850)))
    with ThreadPoolExecutor(4) as threads:
        shown = list(threads.map(lambda _n: previews.inspect(path, JPEG, "pixels"), range(6)))
    assert all(len(one.blobs) == 2 for one in shown)
    children = [child for child in previews._free.queue if child is not None]
    assert len(children) == 2
    previews.close()
    for child in children:
        assert child._process.poll() is not None


# --- the walls -------------------------------------------------------------------------------

def patched(tmp_path: Path, body: str, monkeypatch: pytest.MonkeyPatch, limits: Limits) -> Previews:
    """Previews whose process does ``body`` instead of decoding: a decoder taken over by a file."""
    from ipdesk.features.evidence import preview
    source = Path(preview.__file__).with_name("render_child.py").read_text()
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    source = source.replace('if __name__ == "__main__":',
                            f'def perform(task, file):\n{indented}\n\nif __name__ == "__main__":')
    script = tmp_path / "hostile.py"
    script.write_text(source)
    monkeypatch.setattr(preview, "_SCRIPT", script)
    return Previews(processes=1, limits=limits)


@pytest.mark.parametrize("body", [
    "while True: pass", "import time\ntime.sleep(60)", "a = bytearray(900_000_000)\nreturn {}, [b'x']",
    "os._exit(0)", "os.kill(os.getpid(), 11)", "import ctypes\nctypes.string_at(0)", "signal.alarm(0)\nwhile True: pass",
    "def f(): f()\nf()", "return {'x': object()}, []", "return {}, [bytes(70_000_000)]",
], ids=["cpu", "sleep", "memory", "silent-exit", "signal", "segfault", "no-alarm", "recursion", "nonsense", "flood"])
def test_the_child_is_ended_at_its_limit_and_the_desk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    previews = patched(tmp_path, body, monkeypatch, Limits(memory=800_000_000, cpu=1, wall=1))
    try:
        began = time.monotonic()
        file = tmp_path / "x.jpg"
        file.write_bytes(picture("JPEG"))
        assert previews.inspect(file, JPEG, "pixels").cannot_show == "too_demanding"
        assert time.monotonic() - began < 6
        assert previews.inspect(file, JPEG, "pixels").cannot_show == "too_demanding"  # and again
    finally:
        previews.close()


def answer_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> object:
    previews = patched(tmp_path, body, monkeypatch, Limits(memory=800_000_000, cpu=5, wall=5))
    try:
        file = tmp_path / "x.jpg"
        file.write_bytes(b"x")
        return previews.inspect(file, JPEG, "pixels").facts
    finally:
        previews.close()


ATTEMPT = "def tried(act):\n  try:\n    act()\n  except OSError as error:\n    return error.errno\n  return 0\n"


def test_the_child_has_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = answer_of(tmp_path, monkeypatch, ATTEMPT + (
        "return {'inet': tried(lambda: socket.socket()), 'unix': tried(lambda: socket.socket(socket.AF_UNIX)),\n"
        "        'pair': tried(lambda: socket.socketpair())}, []"))
    assert facts == {"inet": 1, "unix": 1, "pair": 1}  # EPERM


def test_the_child_starts_no_program_and_changes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"evidence")
    victim.chmod(0o666)
    tmp_path.chmod(0o777)  # nothing but the walls may stand in the way
    facts = answer_of(tmp_path, monkeypatch, ATTEMPT + (
        f"v = {str(victim)!r}\n"
        "return {'exec': tried(lambda: os.execv('/bin/true', ['true'])), 'write': tried(lambda: open(v, 'r+b')),\n"
        "        'make': tried(lambda: open(v + '2', 'wb')), 'unlink': tried(lambda: os.unlink(v)),\n"
        "        'rename': tried(lambda: os.rename(v, v + '3')), 'truncate': tried(lambda: os.truncate(v, 0)),\n"
        "        'kill': tried(lambda: os.kill(os.getppid(), 9)), 'chmod': tried(lambda: os.chmod(v, 0))}, []"))
    assert facts == dict.fromkeys(("exec", "write", "make", "unlink", "rename", "truncate", "kill", "chmod"), 1)
    assert victim.read_bytes() == b"evidence"


def test_the_child_knows_no_secret_of_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPDESK_SECRET_KEY", "canary")
    facts = answer_of(tmp_path, monkeypatch,
                      "return {'env': sorted(os.environ), 'uid': os.getuid(), 'desk': 'ipdesk' in sys.modules}, []")
    assert isinstance(facts, dict)
    assert not [name for name in facts["env"] if "IPDESK" in name]
    assert facts["desk"] is False
    assert facts["uid"] != 0 or os.getuid() != 0
