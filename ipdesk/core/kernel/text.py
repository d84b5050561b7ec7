"""Texts that are translated where they are shown."""

import unicodedata
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

_CATALOGUES = Path(__file__).resolve().parents[2] / "translations"


# Joiners are part of words and of pictographs; between other characters they are seen by nobody and harm nobody.
_JOINERS = "\u200c\u200d"
# Format characters that are drawn around numbers of Arabic, Syriac and Kaithi.
_DRAWN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2\U000110bd\U000110cd"
_KEPT = frozenset("\n\r\t" + _JOINERS + _DRAWN)
# Letters and symbols by their category, and seen by nobody.
_BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def is_hidden(character: str) -> bool:
    """Whether this character hides or reorders what a person reads: controls, format characters (zero-width, direction, tags).

    Line ends and tabs are not, nor the joiners of words and pictographs.
    """
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in _KEPT


def shows(text: str) -> bool:
    """Whether a person sees anything of ``text``: a letter, number, sign or symbol that leaves ink."""
    return any(unicodedata.category(character)[0] in "LNPS" and character not in _BLANK for character in text)


def N_(message: str) -> str:
    """Mark ``message`` for translation; the edge that shows it translates it."""
    return message


@cache
def _catalogue(locale: str) -> NullTranslations:
    return Translations.load(_CATALOGUES, [locale], domain="messages")


def translate(message: str, locale: str) -> str:
    """``message`` in ``locale`` (``en``, ``zh_CN``); itself where there is no translation.

    For texts of the law's files and for letters, which are written without a request.
    """
    return _catalogue(locale).gettext(message) if message else ""
