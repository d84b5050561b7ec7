"""The operator's legal contacts, and what is missing or about to lapse."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext

from ipdesk.core.casework.rules import rules
from ipdesk.core.deadlines.wording import day_text
from ipdesk.desk.words import locale
from ipdesk.features.complaints.designation import REMIND_BEFORE

# Regimes whose protection depends on a designated agent (17 U.S.C. § 512(c)(2)).
NEED_AN_AGENT = ("us_dmca",)


def needs_agent(regimes: Iterable[str]) -> bool:
    return not set(NEED_AN_AGENT).isdisjoint(regimes)


def designation_ends(settings: Any) -> date | None:
    """The day on which the designation lapses, if the operator said so."""
    text = str(settings.designation_expires_on or "").strip()
    return date.fromisoformat(text) if text else None


def warnings(settings: Any, today: date) -> list[str]:
    """What staff must see to before the operator loses its safe harbour."""
    if not needs_agent(law.name for law in rules.workflows.workflows("complaint")):
        return []
    if not settings.designated_agent_name or not settings.designated_agent_contact:
        return [gettext("US copyright notices are accepted, but no designated agent is named. Without "
                        "an agent designated with the Copyright Office, 17 U.S.C. § 512(c) does not "
                        "protect the operator. Set it in the settings of this installation.")]
    ends = designation_ends(settings)
    return [_lapse(ends, (ends - today).days)] if ends and (ends - today).days <= REMIND_BEFORE[-1] else []


def _lapse(ends: date, left: int) -> str:
    when = day_text(ends, locale())
    if left < 0:
        return gettext("The designation of the agent lapsed on %(when)s. Renew it at once.", when=when)
    within = next(days for days in REMIND_BEFORE if left <= days)
    return gettext("The designation of the agent lapses on %(when)s, within %(days)s days. Renew it "
                   "with the Copyright Office.", when=when, days=within)
