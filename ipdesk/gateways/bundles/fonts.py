"""The fonts of a bundle: the same on every machine, none of them the machine's own.

Both packages are pinned with the rest, so a bare machine prints Chinese, Arabic and emoji,
and the same contents give the same bytes everywhere.
"""

import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

from ipdesk.gateways.bundles.workers import BARE_PACKAGE

# Noto Sans with its sister scripts, symbols and line-drawn emoji; Noto Sans CJK.
FONT_PACKAGES = ("manimgx_fonts", "noto_cjk_sans_otc")

# The variable face of nearly all text is cut once into the weights that the pages use: cutting it anew for each
# bundle costs more than binding 500 pages.
MAIN_FACE = "NotoSans[wght].ttf"
WEIGHTS = {400: "Regular", 600: "SemiBold"}


class FontsMissing(RuntimeError):
    """A font package is not installed: text would print as boxes, so nothing is printed."""


def font_folders() -> list[Path]:
    """The folders of the font packages; :class:`FontsMissing` names the absent one."""
    folders = []
    for package in FONT_PACKAGES:
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise FontsMissing(f"font package {package} is not installed")
        folders.append(Path(spec.submodule_search_locations[0]))
    return folders


def font_cache() -> Path:
    """A private folder for what is derived from the fonts, keyed by where they lie, their sizes and the code that derives.

    Two installations of one user share the folder only when they share the fonts: fontconfig is silent about a folder
    that is gone, and a page would print as boxes.
    """
    listing = [(str(f), f.stat().st_size) for folder in font_folders() for f in sorted(folder.glob("*.tt[fc]"))]
    key = hashlib.sha256(json.dumps(listing).encode() + Path(__file__).read_bytes()).hexdigest()[:16]
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    for base in (Path(home) / "ipdesk", Path(tempfile.gettempdir()) / f"ipdesk-{os.getuid()}"):
        folder = base / f"fonts-{key}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        facts = folder.stat()
        # A shared temporary folder may hold a stranger's directory under our name.
        if facts.st_uid == os.getuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="ipdesk-fonts-"))


def prepare() -> Path:
    """Makes what is derived from the fonts, once per installation (some seconds), and names the fontconfig file.

    Set-up may call it so that the first bundle is as fast as the next. The work is done in a process of its own: it
    needs memory that a server should not keep.
    """
    ready = font_cache() / "fonts.conf"
    if not (ready.exists() and (font_cache() / "coverage.json").exists()):
        code = BARE_PACKAGE + "from ipdesk.gateways.bundles import fonts; fonts.coverage(); fonts.fontconfig_file()"
        subprocess.run([sys.executable, "-I", "-c", code], check=True, timeout=300)  # noqa: S603 - our own code
    return ready


def fontconfig_file() -> Path:
    """Path of a fontconfig file that knows our fonts and no others; written once."""
    cache = font_cache()
    target = cache / "fonts.conf"
    _cut_weights(cache / "cut")
    dirs = "".join(f"<dir>{escape(str(folder))}</dir>" for folder in [*font_folders(), cache / "cut"])
    text = (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig>{dirs}<cachedir>{escape(str(cache))}</cachedir>"
        "<selectfont><rejectfont><glob>*/NotoSans?wght?.ttf</glob></rejectfont></selectfont></fontconfig>\n"
    )
    if not target.exists() or target.read_text() != text:
        _write(target, text)
    return target


def _cut_weights(folder: Path) -> None:
    """Static faces of the main font; made on the first bundle of an installation, in about two seconds."""
    missing = [weight for weight, name in WEIGHTS.items() if not (folder / f"NotoSans-{name}.ttf").exists()]
    if not missing:
        return
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    folder.mkdir(exist_ok=True)
    source = next(path for package in font_folders() for path in package.glob("*.ttf") if path.name == MAIN_FACE)
    for weight in missing:
        with TTFont(source, recalcTimestamp=False) as variable:
            face = instantiateVariableFont(variable, {"wght": weight}, updateFontNames=True)
            handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
            os.close(handle)
            face.save(name)
        Path(name).replace(folder / f"NotoSans-{WEIGHTS[weight]}.ttf")


def coverage() -> list[list[int]]:
    """Sorted ``[first, last]`` ranges of the characters that the fonts can draw.

    Reading all character maps costs half a second, so the result is kept beside the font cache.
    """
    kept = font_cache() / "coverage.json"
    if kept.exists():
        return json.loads(kept.read_text())
    from fontTools.ttLib import TTFont

    points: set[int] = set()
    for folder in font_folders():
        for path in sorted(folder.glob("*.tt[fc]")):
            with TTFont(path, fontNumber=0, lazy=True) as font:
                points.update(font.getBestCmap())
    ranges: list[list[int]] = []
    for point in sorted(points):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    _write(kept, json.dumps(ranges))
    return ranges


def _write(target: Path, text: str) -> None:
    """Whole or not at all: two bundles may be made at once."""
    handle, name = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(target)
