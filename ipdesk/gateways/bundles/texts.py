"""The texts and dates of bundles in the reader's language: a catalogue of their own, ``pdf``, apart from the pages' one."""

import gettext
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from ipdesk.core.kernel.text import N_

_CATALOGUES = Path(__file__).resolve().parents[2] / "translations"
_WEEKDAYS = [N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun")]
_MONTHS = [
    N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"), N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec"),
]


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The texts in ``language`` (``en``, ``zh_CN``); English where there is no translation."""
    return gettext.translation("pdf", _CATALOGUES, [language], fallback=True)


def instant_text(at: datetime, zone: str, language: str) -> str:
    """``Thu 3 Dec 2026, 23:59 UTC+08:00``: weekday, date, time in ``zone`` and offset, so that nothing is left to guess."""
    local = at.astimezone(ZoneInfo(zone))
    offset = local.strftime("%z")
    offset = f"UTC{offset[:3]}:{offset[3:]}" if offset.strip("+-0") else "UTC"
    return f"{day_text(local.date(), language)}, {local:%H:%M} {offset}"


def day_text(on: date, language: str) -> str:
    """``Thu 3 Dec 2026``."""
    words = catalogue(language).gettext
    return words(N_("%(weekday)s %(day)s %(month)s %(year)s")) % {
        "weekday": words(_WEEKDAYS[on.weekday()]), "day": on.day, "month": words(_MONTHS[on.month - 1]), "year": on.year}
