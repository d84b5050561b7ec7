"""What the pages of both sides share."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, g, request
from flask_babel import get_locale, get_timezone
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.choices import choices
from ipdesk.core.casework.rules import rules
from ipdesk.core.deadlines.calendar import Computation
from ipdesk.core.deadlines.wording import distance_text, moment_text
from ipdesk.core.http.problems import refused
from ipdesk.core.kernel.errors import Forbidden, NotVisible, Refusal
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.complaints.queries import closes_the_door
from ipdesk.features.evidence import forms as evidence
from ipdesk.features.evidence.models import Exhibit

pages = Blueprint("counter_notices", __name__, url_prefix="/complaints/<reference>")

# What people type into the forms of these pages.
_WRITTEN = {
    "text": _l("Your answer"), "explanation": _l("Your explanation"), "forum": _l("Court"),
    "docket": _l("File number of the court"), "filed_on": _l("Filed on"), "name": _l("Your full name"),
    "address": _l("Postal address"), "phone": _l("Telephone number"), "signed_name": _l("Your full name, as signature"),
}


@pages.errorhandler(Refusal)
def _no_longer_open(refusal: Refusal) -> Response:
    """The step is gone, or was never there: why, and what was typed for it."""
    return refused(refusal, onwards=case_page((request.view_args or {})["reference"]), labels=_WRITTEN)


def case_page(reference: str) -> str:
    """The address of the complaint itself, which the desk shows to each side in its own way."""
    return f"/complaints/{reference}"


def find(reference: str, capacity: str) -> tuple[Complaint, dict[str, Any]]:
    """The complaint and what the reader may see of it; only for a reader of this capacity in it."""
    row = complaints.complaint(g.actor, reference)
    if capacity not in rules.kinds["complaint"].capacity(g.actor, row):
        raise Forbidden(capacity)
    return row, disclosure.view(row, g.actor)


def open_claims(row: Complaint, view: dict[str, Any], *triggers: str) -> list[dict[str, Any]]:
    """The claims that the reader can move by one of ``triggers`` now; a refusal when there is none."""
    found = choices(g.actor, row)
    ids = {number for trigger in triggers if trigger in found and found[trigger].allowed
           for number in found[trigger].movers}
    claims = [claim for claim in view["claims"] if claim["id"] in ids and not (
        triggers == ("delete_listing",) and claim["listing"]["status"] == "removed_by_seller")]
    if not claims:
        raise Refusal("transition_not_allowed")
    return claims


def clock_of(row: Complaint, view: dict[str, Any], claims: Iterable[dict[str, Any]]) -> dict[str, str] | None:
    """The reader's own clock over these claims, the most urgent, in words: ``when``, ``iso``, ``distance``.

    ``None`` where none runs; a clock after whose end the reader can still do the same is none.
    """
    law, side = workflow_of(row.case), disclosure.audience(g.actor, row)
    ids = {claim["id"] for claim in claims}
    states = [law.states[claim["state"]] for claim in view["claims"] if claim["id"] in ids]
    names = {state.deadline for state in states if state.waits_for == side and state.deadline and (
        state.stage != "delisted" or closes_the_door(law, state.deadline))}
    line = next((line for line in view["deadlines"]
                 if line["name"] in names and not ids.isdisjoint(line["movers"])), None)
    return _in_words(line) if line else None


def _in_words(line: dict[str, Any]) -> dict[str, str]:
    counted, locale = Computation.from_dict(line["computation"]), str(get_locale())
    return {
        "when": moment_text(line["until_at"], str(get_timezone()), locale),
        "iso": line["until_at"].isoformat(),
        "distance": distance_text(
            line["until_at"], g.actor.at, calendar=counted.rule.get("calendar", "none"),
            zone=counted.zone, locale=locale),
    }


def uploaded(references: Iterable[str]) -> list[Exhibit]:
    """The sender's own unfiled exhibits among ``references``; what was removed meanwhile is left out."""
    found: list[Exhibit] = []
    for reference in references:
        try:
            found += evidence.drafts([reference])
        except NotVisible:
            continue
    return found


def statement_fields(values: dict[str, Any]) -> list[str]:
    """The codes of the statements that were ticked in a form."""
    return [name.removeprefix("statement_") for name, ticked in values.items()
            if name.startswith("statement_") and ticked]
