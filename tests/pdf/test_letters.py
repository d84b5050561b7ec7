"""Every script prints, and no text of a stranger can break, reorder or slow a page."""

import resource
import subprocess

import page as checker
import pdf_sample as sample
import pikepdf
import pytest

from ipdesk.gateways.bundles import contents as c
from ipdesk.gateways.bundles.printable import LONGEST_FIELD, LONGEST_WORD, one_line, plain_line, printable
from ipdesk.gateways.bundles.render import render
from tests.papers import text_of

SCRIPTS = {
    "chinese": "中文投诉材料：商品涉嫌侵权",
    "traditional": "侵權通知",
    "japanese": "カタカナとひらがな",
    "korean": "증거 자료",
    "arabic": "حقوق الملكية الفكرية",
    "hebrew": "זכויות יוצרים",
    "thai": "หลักฐาน",
    "hindi": "साक्ष्य",
    "greek": "Αποδείξεις",
    "russian": "Доказательства",
    "vietnamese": "Chứng cứ",
    "emoji": "😀 📦 ⚠️ 🏷️",
    "symbols": "→ ✓ ☎ №",
}


def notdef(path) -> list:
    """Places where a character has no shape and prints as a box."""
    report = checker.validate_pdf(str(path), profile=checker.ValidationProfile.PDF_A_2U)
    return [failure for failure in report.failures if "NOTDEF" in str(failure).upper()]


def with_text(text: str, **more) -> c.BundleContents:
    return sample.bundle(title=text, notice=c.Filing(text, sample.AT, text, (c.Field(text, text),), text), **more)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_script_prints_with_shapes_and_not_with_boxes(tmp_path, language):
    out = tmp_path / "b.pdf"
    render(with_text(" · ".join(SCRIPTS.values()), language=language), out)
    assert notdef(out) == []
    text = text_of(out)
    for name in ("chinese", "traditional", "japanese", "korean", "greek", "russian", "vietnamese", "symbols"):
        assert SCRIPTS[name] in text, name


def test_the_check_for_boxes_can_fail(tmp_path, monkeypatch):
    """A page set without our care for missing characters is caught."""
    from ipdesk.gateways.bundles import fonts

    monkeypatch.setenv("FONTCONFIG_FILE", str(fonts.prepare()))
    code = "import sys, weasyprint; weasyprint.HTML(string='<html lang=en><body style=\"font-family:Noto Sans\">\\U00012000 \\U00012001').write_pdf(sys.argv[1])"  # noqa: E501
    import sys

    subprocess.run([sys.executable, "-c", code, str(tmp_path / "raw.pdf")], check=True)
    assert notdef(tmp_path / "raw.pdf")


def test_fonts_that_moved_are_looked_for_where_they_are(tmp_path, monkeypatch):
    """fontconfig says nothing of a folder that is gone: what another installation derived must not be taken."""
    from ipdesk.gateways.bundles import fonts

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    derived = set()
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "Same.ttf").write_bytes(b"same face")
        monkeypatch.setattr(fonts, "font_folders", lambda place=place: [tmp_path / place])
        derived.add(fonts.font_cache())
    assert len(derived) == 2


def test_a_character_that_no_font_has_becomes_the_replacement_sign(tmp_path):
    out = tmp_path / "b.pdf"
    render(with_text("cuneiform \U00012000 private \ue000 end"), out)
    assert notdef(out) == [] and "cuneiform \ufffd private \ufffd end" in text_of(out)


def test_markup_in_texts_is_text(tmp_path):
    out = tmp_path / "b.pdf"
    render(with_text("<b>bold</b> & {{ 7*7 }} <script>alert(1)</script>"), out)
    assert "<b>bold</b> & {{ 7*7 }} <script>alert(1)</script>" in text_of(out)
    with pikepdf.open(out) as pdf:
        assert str(pdf.docinfo.Title).endswith("<b>bold</b> & {{ 7*7 }} <script>alert(1)</script>")


@pytest.mark.parametrize("word", ["x" * 20_000, "https://a.example/?" + "q" * 60_000, "ก" * 20_000, "e\u0301" * 10_000])
def test_an_endless_word_costs_no_time_and_loses_no_character(tmp_path, word):
    out = tmp_path / "b.pdf"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    render(sample.bundle(notice=c.Filing("n", sample.AT, "p", (), word)), out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time, so that a busy machine proves nothing; without the breaks it is more than forty seconds.
    assert after.ru_utime - before.ru_utime < 15
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) >= 5
    if word.startswith("x"):
        assert text_of(out).count("x") >= 20_000 - 60


def test_control_and_direction_characters_are_taken_out():
    assert printable("a\x00b\x1bc\u202egpj.exe\u2066\ufeff\u200bd") == "abcgpj.exed"
    assert printable("line\r\nline\rline\n") == "line\nline\nline\n"
    assert printable("z" + "\u0301" * 500) == "z" + "\u0301" * 6
    assert one_line("two\nlines\tand   more") == "two lines and more"


def test_right_to_left_text_cannot_reorder_its_surroundings():
    assert printable("مرحبا") == "\u2068مرحبا\u2069"
    assert plain_line("مرحبا\u202e") == "مرحبا"


def test_what_is_cut_off_is_said_in_figures():
    assert printable("a b " * 40_000).endswith(f"[… +{160_000 - LONGEST_FIELD:,}]")


def test_no_piece_of_a_word_is_longer_than_allowed():
    word = printable("w" * 5_000)
    assert max(map(len, word.split("\u200b"))) <= LONGEST_WORD and word.replace("\u200b", "") == "w" * 5_000


def test_chinese_and_short_words_get_no_breaks():
    assert printable("证" * 2_000) == "证" * 2_000
    assert printable("w" * LONGEST_WORD) == "w" * LONGEST_WORD
