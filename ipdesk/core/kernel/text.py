"""Texts that are translated where they are shown."""

from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

_CATALOGUES = Path(__file__).resolve().parents[2] / "translations"


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
