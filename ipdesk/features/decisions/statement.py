"""The statement of reasons: one text from structured fields, the same for every reader.

What staff write stands as they wrote it; what the desk says around it stands in each language that a
side of the case reads, so that one stored text serves both.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.kernel.text import N_, translate
from ipdesk.features.accounts import queries as accounts
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import Claim, Complaint, Notice

LISTINGS, FACTS, GROUNDS = N_("Listings"), N_("Facts"), N_("Grounds")
BASIS, DATE = N_("Basis"), N_("Date")
BY_A_PERSON = N_("Decided by a person, without automated means.")


def statement_of_reasons(
    complaint: Complaint, claims: Sequence[Claim], trigger: str, reasons: Mapping[str, Any],
    at: datetime,
) -> str:
    """The text that both sides receive: what was decided, on what facts and on what basis."""
    law, languages = workflow_of(complaint.case), languages_of(complaint)
    listings = queries.listings_of(claims)
    named = "\n".join(f"– {listings[c.listing_id].title} ({listings[c.listing_id].external_id})"
                      for c in claims)

    def say(text: str) -> str:
        return " / ".join(dict.fromkeys(translate(text, locale) for locale in languages))

    sections = [(LISTINGS, named), *(
        (label, words) for label, field in ((FACTS, "facts"), (GROUNDS, "ground"))
        if (words := str(reasons.get(field) or "").strip()))]
    basis = str(reasons.get("basis") or "").strip() or law.law
    return "\n\n".join([
        f"{say(law.triggers[trigger].done)}.",
        *(f"{say(label)}:\n{words}" for label, words in sections),
        f"{say(BASIS)}: {say(basis)}",
        say(BY_A_PERSON),
        f"{say(DATE)}: " + " / ".join(
            moment_text(at, rules.settings["zone"], locale) for locale in languages),
    ])


def languages_of(complaint: Complaint) -> list[str]:
    """English first, then the languages of the notifier and of the store where they differ."""
    binding = accounts.main_binding(complaint.store_id)
    seller = binding.user.locale if binding else db.session.get_one(Store, complaint.store_id).locale
    notifier = db.session.get_one(Notice, complaint.notice_id).locale
    return list(dict.fromkeys(["en", notifier, seller]))
