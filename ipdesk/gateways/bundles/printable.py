"""Turns a stranger's text into text that can be printed safely and in linear time."""

import unicodedata

# A layout engine tries every break of a long word again and again: 20,000 characters without
# a space cost seconds, 200,000 cost minutes. Words are offered a break after this many.
LONGEST_WORD = 200
BREAK_EVERY = 60
# One field costs at most about a second of layout.
LONGEST_FIELD = 60_000
# More marks on one letter are ornament that paints over the neighbouring lines.
MOST_MARKS = 6
MISSING = "\N{REPLACEMENT CHARACTER}"
_BREAK = "\N{ZERO WIDTH SPACE}"
_ISOLATE, _END_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
# Invisible characters that reorder or hide text: the reader must see what is there.
_STRIPPED = frozenset(
    "\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff\ufff9\ufffa\ufffb\u00ad\u034f"
)
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def printable(text: object, cap: int = LONGEST_FIELD) -> str:
    """``text`` without control characters, with breakable words, at most ``cap`` characters.

    Line ends become ``\\n``; what was cut off is said in figures at the end. Text with
    right-to-left letters is wrapped in a directional isolate so that it cannot reorder its surroundings.
    """
    full = str(text)
    if full.isascii() and full.isprintable() and len(full) <= min(cap, LONGEST_WORD):
        return full
    kept = full[:cap].replace("\r\n", "\n").replace("\r", "\n")
    cleaned = _with_breaks(_visible(kept))
    if len(full) > cap:
        cleaned += f" [… +{len(full) - cap:,}]"
    if any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in cleaned):
        cleaned = "\n".join(f"{_ISOLATE}{line}{_END_ISOLATE}" if line else "" for line in cleaned.split("\n"))
    return cleaned


def one_line(text: object, cap: int = 300) -> str:
    """Like :func:`printable`, for titles and names: no line ends."""
    return printable(" ".join(str(text)[: cap + 1].split()), cap)


def plain_line(text: object, cap: int = 300) -> str:
    """A title for bookmarks and metadata, where no mark-up or isolate is understood."""
    return "".join(_visible(" ".join(str(text)[: cap + 1].split())))[:cap]


def _visible(text: str) -> str:
    out: list[str] = []
    marks = 0
    for char in text:
        if char in "\n\t" or (char.isascii() and char.isprintable()):
            out.append(char)
            marks = 0
            continue
        if char in _STRIPPED:
            continue
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MOST_MARKS or category == "Cc" or "\U000e0000" <= char <= "\U000e01ef":
            continue
        out.append(MISSING if category in ("Cs", "Co", "Cn") else char)
    return "".join(out)


def _with_breaks(text: str) -> str:
    """Offers a break inside words longer than LONGEST_WORD; Chinese breaks by itself."""
    if len(text) <= LONGEST_WORD:
        return text
    out: list[str] = []
    for word in _words(text):
        if len(word) <= LONGEST_WORD or word.isspace():
            out.append(word)
        else:
            out.append(_broken(word))
    return "".join(out)


def _words(text: str):
    start, inside = 0, None
    for i, char in enumerate(text):
        gap = char.isspace() or "\u2e80" <= char <= "\u9fff" or "\U00020000" <= char <= "\U0003ffff"
        if inside is not None and gap != inside:
            yield text[start:i]
            start = i
        inside = gap
    if text:
        yield text[start:]


def _broken(word: str) -> str:
    if all("\u2e80" <= c <= "\u9fff" or "\U00020000" <= c <= "\U0003ffff" or c.isspace() for c in word):
        return word
    out: list[str] = []
    run = 0
    for i, char in enumerate(word):
        joined = unicodedata.category(char).startswith("M") or "\u200d" in word[max(0, i - 1) : i + 1]
        if run >= BREAK_EVERY and not joined:
            out.append(_BREAK)
            run = 0
        out.append(char)
        run += 1
    return "".join(out)
