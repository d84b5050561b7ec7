"""What a file is, read from its content; and what may be handed in (`tables/uploads.yaml`).

A polyglot is what its header says: the rest of the desk treats it as that type only, never
serves the original inline and shows nothing but re-rendered pixels.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import magic

from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.kernel.text import is_hidden
from ipdesk.features.evidence.texts import in_words

# libmagic decides by the beginning; more is needed only to tell a table from a text.
_HEAD = 64 * 1024
_OFFICE_PARTS = {
    b"word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/presentation.xml":
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
# Markup and programs are text only under a name that says so: nobody then opens them as anything else.
_CODE = frozenset({"text/html", "text/xml", "text/x-shellscript", "text/x-php", "application/javascript"})
_TEXT_ENDINGS = frozenset({"txt", "text", "log", "md", "csv", "tsv", "eml"})
_MAIL_FIELD = re.compile(rb"(?im)^(from|to|date|subject|message-id|received|mime-version):[ \t]")
_MAIL_LINE = re.compile(rb"\A[!-9;-~]+:[ \t]")
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class FileType:
    """One row of the table: ``limit`` in bytes, ``word`` for people, ``preview`` its manner."""

    media_type: str
    word: str
    endings: tuple[str, ...]
    limit: int
    preview: str


@dataclass(frozen=True, slots=True)
class UploadRules:
    """The whole table, checked."""

    types: Mapping[str, FileType]
    also_known_as: Mapping[str, str]
    files_per_case: int
    bytes_per_case: int
    open_uploads_per_person: int
    part: int
    hours_to_resume: int
    bytes_per_day: int
    guest_bytes_open: int
    guest_bytes_per_day: int
    guest_pieces_per_day: int

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "UploadRules":
        """The rules from the parsed table; ``ValueError`` names what is wrong in it."""
        if set(table) != {"types", "also_known_as", "limits"}:
            raise ValueError("uploads: needs exactly types, also_known_as and limits")
        types = {}
        for media_type, row in table["types"].items():
            if set(row) != {"word", "endings", "limit", "preview"}:
                raise ValueError(f"uploads: {media_type} needs word, endings, limit, preview")
            if row["preview"] not in {"pixels", "pages", "text", "none"}:
                raise ValueError(f"uploads: {media_type} has an unknown preview")
            if type(row["limit"]) is not int or row["limit"] <= 0 or not row["endings"]:
                raise ValueError(f"uploads: {media_type} needs a positive limit and an ending")
            types[media_type] = FileType(media_type, row["word"], tuple(row["endings"]),
                                         row["limit"], row["preview"])
        unknown = set(table["also_known_as"].values()) - set(types)
        if unknown:
            raise ValueError(f"uploads: also_known_as leads to unknown {sorted(unknown)}")
        return cls(types=types, also_known_as=dict(table["also_known_as"]), **table["limits"])

    @property
    def largest(self) -> int:
        """The most bytes that any type may have: the limit while the type is not yet known."""
        return max(row.limit for row in self.types.values())

    @property
    def endings(self) -> list[str]:
        """Every ending with its dot, for a form's ``accept``."""
        return [f".{ending}" for row in self.types.values() for ending in row.endings]


def clean_name(raw: str) -> str:
    """``raw`` as a name that is safe to show and to send: one line, no path, no direction marks.

    Control, format (bidirectional and zero-width) and surrogate characters go; of a path the
    last part stays; at most 200 characters, cut before the ending. Never empty.
    """
    # Unassigned code points stay: a newer Unicode may know them.
    text = "".join(char for char in raw if not is_hidden(char) and char not in "\n\r\t\u2028\u2029")
    text = unicodedata.normalize("NFC", text).replace("\\", "/").rsplit("/", 1)[-1]
    text = " ".join(text.split()).strip(". ")
    if len(text) > MAX_NAME:
        stem, dot, ending = text.rpartition(".")
        keep = dot + ending if stem and len(ending) <= 10 else ""
        text = text[:MAX_NAME - len(keep)] + keep
    return text or "file"


def storable_name(raw: str) -> str:
    """``raw`` as it came, but for what no database holds as text: half characters and NUL become U+FFFD."""
    return "".join("\ufffd" if char == "\0" or unicodedata.category(char) == "Cs" else char for char in raw)


def ending_of(name: str) -> str:
    """The ending of a cleaned name in lower case without its dot; empty when there is none."""
    stem, _, ending = name.rpartition(".")
    return ending.lower() if stem else ""


def media_type_of(path: Path, name: str = "") -> str:
    """The media type of the file's content as the desk calls it (not yet judged).

    ``name`` only chooses between readings that the content allows: a text may be a plain
    text, a CSV table or an e-mail.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, path.stat().st_size - _HEAD))
        tail = file.read(_HEAD)
    found = magic.from_buffer(head, mime=True)
    if found == "application/zip":
        # Writers order the parts as they like; names stand uncompressed at both ends.
        return next((kind for part, kind in _OFFICE_PARTS.items() if part in head + tail), found)
    if _is_text(found, head, ending_of(name)):
        if ending_of(name) == "eml" and _reads_as_mail(head):
            return "message/rfc822"
        if ending_of(name) in {"csv", "tsv"}:
            return "text/csv"
        return "message/rfc822" if found == "message/rfc822" else "text/plain"
    # libmagic overlooks NUL bytes at the end and calls such a file text.
    return "application/octet-stream" if found.startswith("text/plain") else found


def _is_text(found: str, head: bytes, ending: str) -> bool:
    is_utf16 = head[:2] in {b"\xff\xfe", b"\xfe\xff"}
    if b"\0" in head and not is_utf16:
        return False
    if found in _CODE:
        return ending in _TEXT_ENDINGS
    if found.startswith("text/") or found in {"message/rfc822", "application/json", "application/csv"}:
        return True
    # A few bytes of text are too little for libmagic to say anything.
    return found == "application/octet-stream" and len(head) < 16 and head.isascii() \
        and not re.search(rb"[^\t\n\r -~]", head)


def _reads_as_mail(head: bytes) -> bool:
    return bool(_MAIL_LINE.match(head)) and len(
        {field.lower() for field in _MAIL_FIELD.findall(head)}) >= 2


def judge(path: Path, *, name: str, size: int, rules: UploadRules) -> FileType:
    """The type of the file, or the refusal that its uploader is told.

    ``name`` is the cleaned name. Refuses ``file_empty``, ``type_not_taken``,
    ``name_does_not_match`` (the file lies about its type) and ``file_too_large``.
    """
    if size == 0:
        raise Refusal("file_empty", name=name)
    found = media_type_of(path, name)
    kind = rules.types.get(rules.also_known_as.get(found, found))
    if kind is None:
        raise Refusal("type_not_taken", name=name, found=found)
    ending = ending_of(name)
    if ending and ending not in kind.endings and not _is_free_text(kind, ending):
        raise Refusal("name_does_not_match", name=name, word=kind.word, ending=kind.endings[0],
                      found=kind.media_type)
    if size > kind.limit:
        raise Refusal("file_too_large", name=name, limit=in_words(kind.limit))
    return kind


def _is_free_text(kind: FileType, ending: str) -> bool:
    """A dot inside a name of a text ("minutes of 3. May") is no claim about its type."""
    return kind.media_type == "text/plain" and (" " in ending or len(ending) > 5)
