"""The statement of reasons: one text from structured fields, the same for every reader."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import Claim, Complaint


def statement_of_reasons(
    complaint: Complaint, claims: Sequence[Claim], trigger: str, reasons: Mapping[str, Any],
    at: datetime,
) -> str:
    """The text that both sides receive: what was decided, on what facts and on what basis."""
    law = workflow_of(complaint.case)
    listings = queries.listings_of(claims)
    named = "\n".join(f"– {listings[c.listing_id].title} ({listings[c.listing_id].external_id})"
                      for c in claims)
    basis = str(reasons.get("basis") or "").strip() or law.law
    parts = [
        f"{law.triggers[trigger].done}.",
        f"Listings:\n{named}",
        f"Facts:\n{str(reasons.get('facts') or '').strip()}",
        f"Grounds:\n{str(reasons.get('ground') or '').strip()}",
        f"Basis: {basis}",
        "Decided by a person, without automated means.",
        f"Date: {moment_text(at, rules.settings['zone'], 'en')}",
    ]
    return "\n\n".join(part for part in parts if not part.endswith(":\n"))
