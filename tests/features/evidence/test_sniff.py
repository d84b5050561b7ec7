"""The type comes from the content; a name that says something else is a lie."""

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.evidence.intake import read_rules
from ipdesk.features.evidence.sniff import UploadRules, clean_name, judge
from ipdesk.features.evidence.texts import CANNOT_SHOW, REFUSALS
from tests.features.evidence.conftest import ROOT, pdf, picture

RULES = read_rules(ROOT / "workflows" / "tables")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, "content " * 20)
    return out.getvalue()


def mail() -> bytes:
    message = EmailMessage()
    message["MIME-Version"], message["Date"], message["From"] = "1.0", "now", "a@b.example"
    message.set_content("Your listing infringes.")
    return message.as_bytes()


def judged(tmp_path: Path, content: bytes, name: str, rules: UploadRules = RULES) -> str:
    path = tmp_path / "arrival"
    path.write_bytes(content)
    return judge(path, name=clean_name(name), size=len(content), rules=rules).media_type


def refused(tmp_path: Path, content: bytes, name: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        judged(tmp_path, content, name)
    REFUSALS[caught.value.code] % caught.value.facts  # every placeholder has its fact
    return caught.value


HONEST = [
    (picture("JPEG"), "photo.JPG", "image/jpeg"),
    (picture("JPEG"), "no ending", "image/jpeg"),
    (picture("PNG"), "商标.png", "image/png"),
    (picture("WEBP"), "a.webp", "image/webp"),
    (picture("HEIF"), "IMG_1.HEIC", "image/heic"),
    (picture("TIFF"), "scan.tif", "image/tiff"),
    (pdf(), "certificate.pdf", "application/pdf"),
    (mail(), "reply.eml", "message/rfc822"),
    (b"one line", "note.txt", "text/plain"),
    (b"a", "short.txt", "text/plain"),
    ("商标".encode("gb18030"), "gb.txt", "text/plain"),
    (b"a,b\n1,2\n", "orders.csv", "text/csv"),
    ("商标,店\n1,2\n".encode(), "stores.csv", "text/csv"),
    (b'{"a": 1}', "answer.txt", "text/plain"),
    (b"see <script>alert(1)</script>", "chat.txt", "text/plain"),
    (b"#!/bin/sh\nls", "how.txt", "text/plain"),
    (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(50), "film.mp4", "video/mp4"),
    (archive("a.txt", "b.txt"), "all.zip", "application/zip"),
    (archive("[Content_Types].xml", "word/document.xml"), "letter.docx", DOCX),
    (archive("_rels/.rels", "docProps/app.xml", "word/document.xml", "[Content_Types].xml"), "lo.docx", DOCX),
    (archive("[Content_Types].xml", "xl/workbook.xml"), "t.xlsx",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (archive("[Content_Types].xml", "ppt/presentation.xml"), "t.pptx",
     "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
]


@pytest.mark.parametrize(("content", "name", "media_type"), HONEST, ids=[row[1] for row in HONEST])
def test_honest_files_are_what_their_content_says(
    tmp_path: Path, content: bytes, name: str, media_type: str
) -> None:
    assert judged(tmp_path, content, name) == media_type


LIES = [
    (picture("PNG"), "photo.jpg", "PNG", "png"),
    (pdf(), "photo.jpg", "PDF", "pdf"),
    (picture("JPEG"), "certificate.pdf", "JPEG", "jpg"),
    (b"just text", "certificate.pdf", "TXT", "txt"),
    (archive("a.txt"), "letter.docx", "ZIP", "zip"),
    (picture("JPEG"), "photo.jpg.exe", "JPEG", "jpg"),
]


@pytest.mark.parametrize(("content", "name", "word", "ending"), LIES, ids=[row[1] + row[2] for row in LIES])
def test_a_file_that_lies_about_its_type_is_refused_in_plain_words(
    tmp_path: Path, content: bytes, name: str, word: str, ending: str
) -> None:
    refusal = refused(tmp_path, content, name)
    assert refusal.code == "name_does_not_match"
    sentence = REFUSALS[refusal.code] % refusal.facts
    assert name in sentence and f"content is {word}" in sentence and f"“.{ending}”" in sentence


@pytest.mark.parametrize(("content", "name"), [
    (b"MZ" + bytes(200), "setup.exe"), (b"MZ" + bytes(200), "photo.jpg"), (b"\x7fELF" + bytes(100), "a.pdf"),
    (b"<html><script>alert(1)</script>", "page.html"), (b"<html><script>alert(1)</script>", "photo.jpg"),
    (b"<!DOCTYPE html><html>", "no ending"), (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "logo.svg"),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "logo.png"), (b"#!/bin/sh\nrm -rf /", "run.sh"),
    (b"<?php echo 1;", "a.php"),
    (b"GIF89a" + bytes(50), "a.gif"), (bytes(500), "a.jpg"), (bytes(3), "a.txt"),
])
def test_what_we_do_not_take_is_refused_whatever_its_name(tmp_path: Path, content: bytes, name: str) -> None:
    assert refused(tmp_path, content, name).code == "type_not_taken"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    refusal = refused(tmp_path, b"", "photo.jpg")
    assert refusal.code == "file_empty"
    assert "photo.jpg" in REFUSALS["file_empty"] % refusal.facts


@pytest.mark.parametrize(("content", "name", "media_type"), [
    (pdf() + archive("a.txt"), "both.pdf", "application/pdf"),
    (picture("JPEG") + b"<html><script>alert(1)</script>", "both.jpg", "image/jpeg"),
    (picture("PNG") + archive("evil.exe"), "both.png", "image/png"),
])
def test_a_polyglot_is_what_its_header_says(tmp_path: Path, content: bytes, name: str, media_type: str) -> None:
    assert judged(tmp_path, content, name) == media_type
    assert refused(tmp_path, content, "both.zip").code == "name_does_not_match"


def test_each_type_has_its_own_limit(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"text")
    limit = RULES.types["text/plain"].limit
    assert judge(path, name="a.txt", size=limit, rules=RULES).word == "TXT"
    with pytest.raises(Refusal) as caught:
        judge(path, name="a.txt", size=limit + 1, rules=RULES)
    assert caught.value.code == "file_too_large"
    assert "10 MB" in REFUSALS["file_too_large"] % caught.value.facts


@pytest.mark.parametrize(("raw", "clean"), [
    ("../../etc/passwd", "passwd"), ("C:\\Users\\x\\photo.jpg", "photo.jpg"), ("..", "file"), ("", "file"),
    ("photo\u202egpj.exe", "photogpj.exe"), ("in\u200bvisible\ufeff.pdf", "invisible.pdf"),
    ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"), ("a\x00b.png", "ab.png"), ("line\u2028two.txt", "linetwo.txt"),
    (" .hidden. ", "hidden"), ("商标 证书.pdf", "商标 证书.pdf"), ("e\u0301.txt", "é.txt"), ("شهادة.pdf", "شهادة.pdf"),
])
def test_names_are_made_safe_and_stay_readable(raw: str, clean: str) -> None:
    assert clean_name(raw) == clean


def test_a_long_name_keeps_its_ending() -> None:
    assert clean_name("x" * 10_000 + ".pdf") == "x" * 196 + ".pdf"


def test_the_table_covers_what_the_desk_promises() -> None:
    assert {"image/jpeg", "image/png", "image/webp", "image/heic", "image/tiff", "application/pdf", "message/rfc822",
            "video/mp4", "application/zip", "text/plain", "text/csv", DOCX} <= set(RULES.types)
    assert all(row.limit <= RULES.largest for row in RULES.types.values())


@pytest.mark.parametrize("change", [
    lambda t: t.update(more={}), lambda t: t["types"]["image/png"].pop("limit"),
    lambda t: t["types"]["image/png"].update(preview="shell"), lambda t: t["types"]["image/png"].update(limit=0),
    lambda t: t["also_known_as"].update({"x/y": "not/known"}),
])
def test_a_broken_table_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    import copy

    import yaml
    table = yaml.safe_load((ROOT / "workflows" / "tables" / "uploads.yaml").read_text())
    UploadRules.from_table(copy.deepcopy(table))
    change(table)
    with pytest.raises(ValueError, match="uploads"):
        UploadRules.from_table(table)


def test_the_sentences_need_no_fact_that_previews_do_not_give() -> None:
    assert not [text for text in CANNOT_SHOW.values() if "%(" in text]
