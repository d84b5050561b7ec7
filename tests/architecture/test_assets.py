"""The built files under ipdesk/static are current, complete, ours to ship, and safe under the desk's content security policy."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "ipdesk/static"
BUILT = json.loads((STATIC / "build.json").read_text())
TEMPLATES = sorted(
    path for folder in ROOT.joinpath("templates").iterdir() if folder.name not in {"mail", "pdf"}
    for path in folder.rglob("*.html")
)


def markup(path: Path) -> str:
    """The HTML of a template, without what Jinja reads."""
    return re.sub(r"\{[{%#].*?[#%}]\}", "", path.read_text(), flags=re.DOTALL)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_built_files_are_current():
    inputs = [path for path in (ROOT / "assets").rglob("*") if path.is_file()]
    inputs += [ROOT / "package.json", ROOT / "package-lock.json"]
    found = hashlib.sha256()
    for path in sorted(path.relative_to(ROOT).as_posix() for path in inputs):
        found.update(f"{path}\0{sha256((ROOT / path).read_bytes())}\n".encode())
    assert found.hexdigest() == BUILT["inputs"], "assets/ has changed: run `make assets` and commit what it writes"


def test_no_built_file_was_edited_by_hand():
    for path, digest in BUILT["files"].items():
        assert sha256((ROOT / path).read_bytes()) == digest, path


def test_nothing_else_lies_in_static():
    found = {path.relative_to(ROOT).as_posix() for path in STATIC.rglob("*") if path.is_file()}
    assert found - {"ipdesk/static/build.json"} == {path for path in BUILT["files"] if path.startswith("ipdesk/static/")}


@pytest.mark.parametrize("name", ["ipdesk.css", "ipdesk.rtl.css"])
def test_every_address_in_a_style_is_a_file_of_ours(name):
    addresses = re.findall(r"url\(\"?([^)\"]+)\"?\)", (STATIC / name).read_text())
    assert addresses
    for address in addresses:
        assert (STATIC / address).is_file(), address


def test_neither_the_typeface_nor_the_crown_of_another_is_shipped():
    css = (STATIC / "ipdesk.css").read_text().lower()
    assert "gds transport" not in css
    assert not [path for path in STATIC.rglob("*") if re.search(r"crown|crest|transport", path.name, re.IGNORECASE)]


def test_the_fonts_are_small_and_carry_their_licence():
    fonts = list((STATIC / "fonts").iterdir())
    assert 0 < sum(path.stat().st_size for path in fonts) < 400_000
    assert "SIL Open Font License" in (STATIC / "licences/noto-sans-OFL.txt").read_text()


def test_each_of_the_five_states_has_a_word_a_colour_and_a_shape_of_its_own():
    states = json.loads((STATIC / "tokens.json").read_text())["states"]
    assert list(states) == ["received", "pending_response", "counter_notified", "delisted", "closed"]
    for what in ("word", "colour", "tint", "shape", "path"):
        assert len({look[what] for look in states.values()}) == 5, what


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2.2)."""
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_colours_can_be_read():
    tokens = json.loads((STATIC / "tokens.json").read_text())
    colours = tokens["colours"]
    pairs = [(look["colour"], look["tint"]) for look in tokens["states"].values()]
    pairs += [(look["colour"], colours["paper"]) for look in tokens["states"].values()]
    pairs += [(colours[text], colours[ground]) for text in ("ink", "quiet", "link", "error", "brand") for ground in ("sheet", "paper")]
    pairs += [(colours["ink"], colours["focus"]), (colours["sheet"], colours["brand"]), (colours["error"], colours["error-tint"])]
    for text, ground in pairs:
        assert contrast(text, ground) >= 4.5, (text, ground)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_has_inline_script_or_style(path):
    text = markup(path)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "a script of its own"
    assert not re.search(r"<style\b", text), "a style of its own"
    assert not re.search(r"<[^>]*\sstyle\s*=", text), "a style attribute"
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text), "an event attribute"
    assert "javascript:" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_loads_anything_from_elsewhere(path):
    assert not re.search(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", path.read_text())
