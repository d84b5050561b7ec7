"""What the repository must not contain: places of one machine, names of registries, real mailboxes."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written by tools out of somebody else's text: their authors' words are not ours to judge.
MADE = ("ipdesk/static/", "package-lock.json", "assets/vendor/")

# Put together here, so that this file does not contain what it looks for.
_HOSTS = ("py" + "pi.org", "pythonhosted" + ".org", "registry.npm" + "js.org", "cdn.jsdel" + "ivr", "unpkg" + ".com",
          "files.python" + "hosted", "registry.yarn" + "pkg", "test.py" + "pi", "crates" + ".io", "docker" + ".io",
          "ghcr" + ".io", "quay" + ".io", "proxy.golang" + ".org", "artifact" + "ory")
# The folder of this very checkout and the home of who runs this: whoever writes one into a file leaves it behind.
_OWN = [str(place) for place in (ROOT, Path.home()) if len(place.parts) > 2 or place.parts[-1] == "ro" + "ot"]
_PLACES = (*(re.escape(f"{place}/") for place in _OWN), "/ho" + "me/[a-z]", "/Us" + "ers/[a-z]", "c:" + r"\\users")


def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<![\w-]){word}(?![\w-])" if word[-1].isalpha() else word for word in words), re.IGNORECASE)


@cache
def texts() -> dict[str, str]:
    """Path → text of every file that is or would be committed, but binary and made ones."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\0")
    found = {}
    for name in listed:
        path = ROOT / name
        if not name or name.startswith(MADE) or not path.is_file():
            continue
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            found[name] = content.decode("utf-8", "replace")
    return found


@pytest.fixture(scope="module", autouse=True)
def _a_repository():
    if not (ROOT / ".git").exists():
        pytest.skip("no git repository here: an exported tree has no list of its own files")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name}:{number}: {line.strip()[:120]}" for name, text in texts().items()
            for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


@pytest.mark.parametrize("words", [_HOSTS, _PLACES], ids=["registries", "places"])
def test_no_file_names(words):
    assert lines_with(_words(words)) == []


@pytest.mark.parametrize(("sample", "words"), [
    ("see https://" + _HOSTS[0] + "/simple", _HOSTS), (f"in {ROOT}/docs", _PLACES), ("in /ho" + "me/ada/desk", _PLACES)])
def test_the_search_finds_what_it_looks_for(sample, words):
    assert _words(words).search(sample)


def test_there_is_something_to_search():
    assert len(texts()) > 300


def test_example_addresses_use_reserved_domains():
    """RFC 2606: nobody's real mailbox stands in a test, a template or the demonstration."""
    address = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
    # github.com: a pinned upstream in a comment; 2x/3x: names of images such as icon@2x.png
    reserved = re.compile(r"(?:^|\.)(?:example|test|invalid|localhost)$|(?:^|\.)example\.(?:com|org|net)$|^[23]x\.png$", re.IGNORECASE)
    wrong = [f"{name}: {match.group(0)}" for name, text in texts().items()
             if name.startswith(("ipdesk/", "tests/", "templates/", "workflows/", "docs/", "scripts/"))
             for match in address.finditer(text) if not reserved.search(match.group(1))]
    assert wrong == []
