"""Words that a title is found by, the same for SQLite and PostgreSQL.

Both databases get a string of plain tokens and split it at spaces only, so what counts as a word
is decided here. Chinese and Japanese are written without spaces and many of their words have two
characters: a run of them is stored as its overlapping pairs plus its last character, so that
any two neighbouring characters are found, and a single one by prefix.
"""

import re
import unicodedata

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("([\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)")
_LONGEST = 64
_MOST = 400


def _folded(text: str) -> str:
    """``text`` without case, width and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _pieces(text: str) -> list[str]:
    """Words and unspaced runs of ``text``, in order."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return [piece for word in _WORD.findall(_folded(text))
            for piece in (_UNSPACED.split(word) if _UNSPACED.search(word) else (word,)) if piece]


def scope_word(marketplace_id: int) -> str:
    """The word that every text of one marketplace carries, so that the index itself tells them apart."""
    return f"marketplace0{marketplace_id}0"


def index_words(text: str, marketplace_id: int) -> str:
    """The tokens of ``text``, separated by single spaces."""
    found = dict.fromkeys([scope_word(marketplace_id)])
    for piece in _pieces(text):
        if _UNSPACED.match(piece):
            found.update(dict.fromkeys(piece[i:i + 2] for i in range(len(piece))))
        else:
            found[piece[:_LONGEST]] = None
        if len(found) > _MOST:
            break
    return " ".join(list(found)[:_MOST])


def query_words(text: str) -> list[tuple[str, bool]]:
    """What to look for: (token, whether it is only the beginning of one); empty when nothing is a word."""
    found: dict[tuple[str, bool], None] = {}
    for piece in _pieces(text):
        if not _UNSPACED.match(piece):
            found[(piece[:_LONGEST], False)] = None
        elif len(piece) == 1:
            found[(piece, True)] = None
        else:
            found.update(dict.fromkeys((piece[i:i + 2], False) for i in range(len(piece) - 1)))
    return list(found)[:20]
