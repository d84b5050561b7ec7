"""Files that are locked, broken, huge or hostile: each gets its page, none stops the bundle, nothing runs or leaks."""

import ctypes
import hashlib
import subprocess
import threading
import zlib
from io import BytesIO
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer

import pdf_sample as sample
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from ipdesk.gateways.bundles import contents as c
from ipdesk.gateways.bundles import render as rendering
from ipdesk.gateways.bundles.render import render
from ipdesk.gateways.bundles.workers import BARE_PACKAGE
from tests.papers import is_sound, text_of_page, written_plainly


def locked() -> bytes:
    with pikepdf.open(BytesIO(sample.pdf())) as pdf:
        return sample.saved(pdf, encryption=pikepdf.Encryption(user="secret", owner="secret"))


def huge_png() -> bytes:
    """20,000 × 20,000 pixels, one bit each, in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = (20_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00" * 2501 * 20_000)) + chunk(b"IEND", b"")


def no_pages() -> bytes:
    return sample.saved(pikepdf.new())


def endless_page_tree() -> bytes:
    with pikepdf.open(BytesIO(sample.pdf())) as pdf:
        pdf.Root.Pages.Kids = Array([pdf.Root.Pages])
        return sample.saved(pdf)


SLIPS = {
    "locked.pdf": ("application/pdf", locked, "locked"),
    "truncated.pdf": ("application/pdf", lambda: sample.pdf(20)[:3000], "damaged"),
    "empty.pdf": ("application/pdf", lambda: b"", "empty"),
    "nopages.pdf": ("application/pdf", no_pages, "no_pages"),
    "loop.pdf": ("application/pdf", endless_page_tree, None),
    "page.jpg": ("image/jpeg", lambda: b"<html><script>alert(1)</script></html>", "lies"),
    "cut.jpg": ("image/jpeg", lambda: sample.picture()[:2000], "damaged"),
    "cut.png": ("image/png", lambda: sample.picture("PNG")[:600], "damaged"),
    "bomb.png": ("image/png", huge_png, "too_large_image"),
    "program.pdf": ("application/pdf", lambda: b"MZ\x90\x00" + b"\x00" * 500, "lies"),
    "list.xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", lambda: b"PK\x03\x04" + b"\x00" * 90, "not_paper"),
}


def test_every_file_that_cannot_be_shown_gets_a_slip_sheet_with_its_facts_and_the_reason(tmp_path):
    exhibits = [sample.exhibit(f"A-{n}", make(), name, kind) for n, (name, (kind, make, _)) in enumerate(SLIPS.items(), 1)]
    exhibits.append(sample.exhibit("Z-1", sample.pdf(1, "still here"), "good.pdf"))
    out = tmp_path / "b.pdf"
    report = render(sample.bundle(*exhibits), out)
    for shown, exhibit, (_kind, _, reason) in zip(report.exhibits, exhibits, SLIPS.values(), strict=False):
        assert shown.slip and (reason is None or shown.slip == reason), shown
        page = text_of_page(out, shown.shown[0])
        assert f"Slip sheet for exhibit {shown.id}" in page and shown.file in page
        assert exhibit.sha256[:8] in page and f"{exhibit.size:,} bytes" in page
    assert report.exhibits[-1].slip == "" and "still here page 1" in text_of_page(out, report.exhibits[-1].shown[0])
    assert is_sound(out)


def test_bytes_that_do_not_give_the_recorded_hash_are_not_shown(tmp_path):
    true = sample.exhibit("A-1", sample.pdf(1, "genuine"), "a.pdf")
    swapped = c.Exhibit("A-1", "a", "a.pdf", true.media_type, true.size, true.sha256, lambda: sample.pdf(1, "swapped"))
    report = render(sample.bundle(swapped), tmp_path / "b.pdf")
    page = text_of_page(tmp_path / "b.pdf", report.exhibits[0].shown[0])
    assert report.exhibits[0].slip == "changed" and "swapped" not in page
    assert hashlib.sha256(sample.pdf(1, "swapped")).hexdigest() in page.replace(" ", "").replace("\n", "")


def test_a_store_that_fails_or_a_file_that_is_gone_makes_a_slip_sheet(tmp_path):
    def broken() -> bytes:
        raise OSError("the store is down")

    gone = c.Exhibit("A-1", "t", "a.pdf", "application/pdf", 5, "0" * 64, tmp_path / "nowhere.pdf")
    down = c.Exhibit("A-2", "t", "b.pdf", "application/pdf", 5, "0" * 64, broken)
    report = render(sample.bundle(gone, down), tmp_path / "b.pdf")
    assert [e.slip for e in report.exhibits] == ["missing", "missing"]


def active_pdf() -> bytes:
    with pikepdf.open(BytesIO(sample.pdf(2, "active"))) as pdf:
        script = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert('hello')"))
        pdf.Root.OpenAction = script
        pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([pikepdf.String("a"), script])))
        pdf.attachments["secret.exe"] = b"MZ attached program"
        page = pdf.pages[0].obj
        page.AA = Dictionary(O=script)
        launch = Dictionary(S=Name.Launch, F=pikepdf.String("calc.exe"))
        web = Dictionary(S=Name.URI, URI=pikepdf.String("https://brand.example/"))
        page.Annots = Array(
            [
                Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 99, 99]), A=launch),
                Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 99, 99]), A=web),
                Dictionary(
                    Type=Name.Annot,
                    Subtype=Name.Link,
                    Rect=Array([0, 0, 9, 9]),
                    A=Dictionary(S=Name.URI, URI=pikepdf.String("javascript:alert(1)")),
                ),
            ]
        )
        return sample.saved(pdf)


def test_scripts_actions_and_attachments_are_left_out_and_said(tmp_path):
    out = tmp_path / "b.pdf"
    report = render(sample.bundle(sample.exhibit("A-1", active_pdf(), "a.pdf")), out)
    assert set(report.exhibits[0].remarks) == {"active", "attachments"} and not report.exhibits[0].slip
    plain = written_plainly(out)
    for word in (b"/JavaScript", b"app.alert", b"/Launch", b"calc.exe", b"/EmbeddedFile", b"attached program", b"/AA", b"javascript:"):
        assert word not in plain, word
    assert b"https://brand.example/" in plain
    assert "active page 2" in text_of_page(out, report.exhibits[0].shown[1])
    manifest = "".join(text_of_page(out, n) for n in range(report.exhibits[0].shown[1] + 1, report.pages + 1))
    assert "Scripts and automatic" in manifest and "Files attached inside" in manifest


def test_filled_in_form_fields_stay_visible(tmp_path):
    with pikepdf.open(BytesIO(sample.pdf(1, "form"))) as pdf:
        font = pdf.pages[0].obj.Resources.Font.F1
        field = pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Tx,
                T=pikepdf.String("name"),
                V=pikepdf.String("Filled by hand"),
                Rect=Array([72, 500, 300, 520]),
                DA=pikepdf.String("/F1 12 Tf 0 g"),
                F=4,
            )
        )
        pdf.pages[0].obj.Annots = Array([field])
        pdf.Root.AcroForm = Dictionary(
            Fields=Array([field]), NeedAppearances=True, DR=Dictionary(Font=Dictionary(F1=font)), DA=pikepdf.String("/F1 12 Tf 0 g")
        )
        content = sample.saved(pdf)
    report = render(sample.bundle(sample.exhibit("A-1", content, "form.pdf")), tmp_path / "b.pdf")
    assert "Filled by hand" in text_of_page(tmp_path / "b.pdf", report.exhibits[0].shown[0]) and "form" in report.exhibits[0].remarks
    with pikepdf.open(tmp_path / "b.pdf") as pdf:
        assert "/AcroForm" not in pdf.Root


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_turned_cropped_and_unbalanced_pages_keep_the_page_number_readable(tmp_path, rotate):
    with pikepdf.open(BytesIO(sample.pdf(1, "turned", rotate=rotate))) as pdf:
        page = pdf.pages[0].obj
        page.CropBox = Array([20, 20, 575, 822])
        page.Contents = pdf.make_stream(b"Q Q Q q 3 0 0 3 900 900 cm q " + page.Contents.read_bytes() + b" BT q q")
        content = sample.saved(pdf)
    out = tmp_path / "b.pdf"
    report = render(sample.bundle(sample.exhibit("A-1", content, "a.pdf")), out)
    number = report.exhibits[0].shown[0]
    with pikepdf.open(out) as pdf:
        obj = pdf.pages[number - 1].obj
        assert sorted(round(float(v)) for v in obj.MediaBox[2:]) == [595, 842] and "/Rotate" not in obj
    assert f"Page {number} of {report.pages}" in text_of_page(out, number)


def test_pictures_of_every_kind_become_pages_without_their_metadata(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 0.0)}
    exif[0x010E] = "canary-place"
    photo = sample.picture("JPEG", exif=exif.tobytes())
    fax = BytesIO()
    Image.new("1", (800, 1100), 1).save(fax, "TIFF", save_all=True, append_images=[Image.new("1", (800, 1100), 0)] * 2)
    import pillow_heif

    heic = BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (320, 240), "red")).save(heic, quality=60)
    exhibits = [
        sample.exhibit("A-1", photo, "photo.jpg", "image/jpeg"),
        sample.exhibit("A-2", fax.getvalue(), "fax.tif", "image/tiff"),
        sample.exhibit("A-3", heic.getvalue(), "phone.heic", "image/heic"),
        sample.exhibit("A-4", sample.picture("WEBP"), "web.webp", "image/webp"),
        sample.exhibit("A-5", sample.picture("PNG", mode="RGBA"), "logo.png", "image/png"),
        sample.exhibit("A-6", sample.picture("JPEG", mode="CMYK"), "print.jpg", "image/jpeg"),
        sample.exhibit("A-7", sample.picture("PNG", mode="I;16"), "deep.png", "image/png"),
    ]
    out = tmp_path / "b.pdf"
    report = render(sample.bundle(*exhibits), out)
    assert [e.slip for e in report.exhibits] == [""] * 7
    assert report.exhibits[1].shown[1] - report.exhibits[1].shown[0] == 2
    assert b"canary-place" not in out.read_bytes()
    with pikepdf.open(out) as pdf:
        drawing = pdf.pages[report.exhibits[0].shown[0] - 1].obj.Resources.XObject.Exhibit
        inside = next(iter(drawing.Resources.XObject.values())).read_raw_bytes()
        assert b"Exif" not in inside and inside[-1000:] == photo[-1000:]


class Door(BaseRequestHandler):
    knocked: list[str] = []

    def handle(self) -> None:
        Door.knocked.append("x")


def test_nothing_is_fetched_from_the_network_or_the_disk(tmp_path):
    canary = tmp_path / "canary.txt"
    canary.write_text("the-canary-sings")
    with TCPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}/"
        lures = []
        for address in (base, canary.as_uri()):
            lures += [
                f'<img src="{address}">',
                f'<link rel="attachment" href="{address}">',
                f'<a rel="attachment" href="{address}">x</a>',
                f"<style>@import url({address}); @font-face{{font-family:x;src:url({address})}}</style>",
                f'<object data="{address}"></object>',
                f'<svg><image href="{address}"/></svg>',
            ]
        lure = "".join(lures)
        letter = f"From: a@b.example\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n<p>body {lure}</p>".encode()
        out = tmp_path / "b.pdf"
        filing = c.Filing(lure, sample.AT, lure, (c.Field(lure, lure),), lure, (c.Statement(lure, lure, sample.AT),))
        report = render(
            sample.bundle(sample.exhibit("A-1", letter, lure[:200], "message/rfc822", title=lure), title=lure, notice=filing), out
        )
        server.shutdown()
    assert Door.knocked == [] and not report.exhibits[0].slip
    with pikepdf.open(out) as pdf:
        assert len(pdf.attachments) == 0
    assert b"the-canary-sings" not in written_plainly(out)


def in_walls(code: str, tmp_path: Path) -> subprocess.CompletedProcess:
    """Runs ``code`` as a child would run it: behind the walls, with ``workplace`` as its own folder."""
    import sys

    start = f"import sys; sys.path.insert(0, {str(rendering.ROOT)!r}); from ipdesk.gateways.bundles import sandbox; import socket, subprocess, os, pathlib\n"  # noqa: E501
    start += (
        f"sandbox.enclose([sys.prefix, sys.base_prefix, '/usr', '/lib'], [{str(tmp_path / 'workplace')!r}])\nsandbox.allow(2, 1000000)\n"
    )
    (tmp_path / "workplace").mkdir(exist_ok=True)
    return subprocess.run([sys.executable, "-I", "-c", start + code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "code",
    [
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 1))",
        "subprocess.run(['/bin/true'])",
        "os.system('true')",
        "bytearray(600 * 1024 * 1024)",
        "open('workplace', 'wb').write(b'x' * 2000000)",
    ],
)
def test_walls_hold(tmp_path, code):
    code = code.replace("'workplace'", repr(str(tmp_path / "workplace" / "file")))
    done = in_walls(code, tmp_path)
    assert done.returncode != 0 and (
        "PermissionError" in done.stderr or "MemoryError" in done.stderr or "File too large" in done.stderr or done.returncode < 0
    )


def test_walls_let_honest_work_through(tmp_path):
    done = in_walls(f"open({str(tmp_path / 'workplace' / 'file')!r}, 'wb').write(b'x' * 1000)", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(ctypes.CDLL(None).syscall(444, None, 0, 1) < 1, reason="this kernel has no Landlock")
def test_walls_hide_other_files(tmp_path):
    (tmp_path / "secret").write_text("s")
    assert "PermissionError" in in_walls(f"open({str(tmp_path / 'secret')!r})", tmp_path).stderr


def test_endless_work_is_ended_by_the_clock_of_the_processor(tmp_path):
    assert in_walls("while True: pass", tmp_path).returncode < 0


def test_a_file_that_kills_its_process_gets_a_slip_sheet_and_the_next_one_is_shown(tmp_path, monkeypatch):
    """The examiner is made to die on one exhibit; the bundle is made all the same."""
    asked = rendering.Child.ask

    def fatal(self, question, seconds):
        if question.get("path", "").endswith("original-1"):
            self._process.kill()
        return asked(self, question, seconds)

    monkeypatch.setattr(rendering.Child, "ask", fatal)
    exhibits = [sample.exhibit(f"A-{n}", sample.pdf(1, f"alive{n}"), f"{n}.pdf") for n in (1, 2, 3)]
    report = render(sample.bundle(*exhibits), tmp_path / "b.pdf")
    assert [e.slip for e in report.exhibits] == ["", "too_costly", ""]
    assert "alive3 page 1" in text_of_page(tmp_path / "b.pdf", report.exhibits[2].shown[0])


def test_an_exhibit_that_fails_only_when_bound_becomes_a_slip_sheet(tmp_path, monkeypatch):
    """Named by the binder, or found by binding each alone: either way the rest is bound."""
    asked = rendering.Child.ask
    answers = iter([{"failed": "exhibit", "exhibit": "A-1"}])

    def failing_once(self, question, seconds):
        if question["do"] == "bind":
            return next(answers, None) or asked(self, question, seconds)
        return asked(self, question, seconds)

    monkeypatch.setattr(rendering.Child, "ask", failing_once)
    report = render(
        sample.bundle(sample.exhibit("A-1", sample.pdf(), "a.pdf"), sample.exhibit("A-2", sample.pdf(1, "alive"), "b.pdf")),
        tmp_path / "b.pdf",
    )
    assert [e.slip for e in report.exhibits] == ["damaged", ""]


def test_a_failure_of_the_machine_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering.sections, "front", lambda *a: [rendering.sections.Section("cover", "no-such-template.html", "x")])
    with pytest.raises(rendering.BundleFailed):
        render(sample.bundle(), tmp_path / "b.pdf")
    assert list(tmp_path.iterdir()) == []


def test_asking_for_a_bundle_loads_no_layout_engine_and_no_web_framework():
    import sys

    code = (
        BARE_PACKAGE
        + "import ipdesk.gateways.bundles.render; print([m for m in ('flask', 'sqlalchemy', 'weasyprint', 'pikepdf', 'PIL') if m in sys.modules])"  # noqa: E501
    )
    assert subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
