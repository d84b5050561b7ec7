"""The texts of bundles in the reader's language: a catalogue of their own, ``pdf``, apart from the pages' one."""

import gettext
from functools import cache
from pathlib import Path

_CATALOGUES = Path(__file__).resolve().parents[2] / "translations"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The texts in ``language`` (``en``, ``zh_CN``); English where there is no translation."""
    return gettext.translation("pdf", _CATALOGUES, [language], fallback=True)
