"""The words of the workflow files for translators: a Babel extraction method.

``babel.cfg`` names it, so that ``make translations`` hands them out.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from ipdesk.core.workflow.strict_yaml import Block, read

# Keys whose text stands on pages and in letters. The `word` of a file type is the same in every language; `no_deadline` and
# `silent_because` are reasons for the checker and for whoever maintains the files.
READ_BY_PEOPLE = frozenset({"label", "done", "meaning", "silence", "hint", "helps", "text", "reason", "missing", "law"})
# A key whose mapping holds such a text for each party.
_PER_PARTY = ("label", "meaning", "silence")
# Keys that say where a rule comes from: a statute is cited as it is, a rule of the house is told in words.
_SOURCES = frozenset({"basis", "article"})
_TOLD_IN_WORDS = "house rule"


def extract_texts(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[tuple[int, str, str, list[str]]]:
    """(line, function, message, comments) of every text in one file that people read."""
    yield from _texts(read(fileobj.read().decode(), getattr(fileobj, "name", "")))


def _texts(value: Any) -> Iterator[tuple[int, str, str, list[str]]]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Block):
        for key, inner in value.items():
            said = list(_said(value.lines[key], key, inner))
            yield from said or _texts(inner)


def _said(line: int, key: str, inner: Any) -> Iterator[tuple[int, str, str, list[str]]]:
    if key in _PER_PARTY and isinstance(inner, Block):
        for party, text in inner.items():
            yield inner.lines[party], "gettext", text, []
    elif isinstance(inner, str) and key in READ_BY_PEOPLE:
        yield line, "gettext", inner, []
    elif key in _SOURCES:
        for text in [inner] if isinstance(inner, str) else inner:
            if text.startswith(_TOLD_IN_WORDS):
                yield line, "gettext", text, []
