"""What the pages of notices share."""

from typing import Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from ipdesk.core.http.problems import refused
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.complaints import drafts, operations, queries
from ipdesk.features.complaints.answers import Answered
from ipdesk.features.complaints.drafts import Draft
from ipdesk.features.complaints.models import Notice
from ipdesk.features.evidence.forms import trouble_text
from ipdesk.features.evidence.schemas import exhibit_as_plain

pages = Blueprint("complaints", __name__, url_prefix="/notices")

# What people type into the steps of a notice.
_WRITTEN = {
    "pasted": _l("Addresses or ids of listings"), "explanation": _l("Explanation"),
    "own_explanation": _l("Explanation for the ticked listings"), "findings": _l("What you found"),
    "order_number": _l("Order number"), "name": _l("Your full name"), "company": _l("Company"),
    "email": _l("E-mail address"), "address": _l("Postal address"), "phone": _l("Telephone"),
}


@pages.errorhandler(Refusal)
def _no_longer_open(refusal: Refusal) -> Response:
    """The step is gone, most often because the notice was filed: why, and what was typed for it."""
    reference = (request.view_args or {}).get("reference")
    return refused(refusal, onwards=url_for("complaints.notice", reference=reference) if reference else "", labels=_WRITTEN)


def find_draft(reference: str) -> Notice:
    """The draft of one's own organisation; refused once it was filed (``notice_filed``)."""
    notice = queries.notice(g.actor, reference)
    if notice.state != "draft":
        raise Refusal("notice_filed")
    return notice


def load_draft(reference: str) -> Draft:
    return Draft.load(find_draft(reference), g.actor)


def files_of(draft: Draft) -> dict[str, dict[str, Any]]:
    """Reference → exhibit of the draft as its page shows it."""
    return {reference: exhibit_as_plain(exhibit, describe=trouble_text)
            for reference, exhibit in operations.draft_files(g.actor, draft).items()}


def said_of(draft: Draft) -> drafts.Said:
    return draft.said({reference: one["name"] for reference, one in files_of(draft).items()})


def draft_page(notice: Notice) -> str:
    return url_for("complaints.draft", reference=notice.reference)


@pages.app_template_global()
def row_answer_name(answer: str) -> str:
    """The desk's answer to an entered row, in words."""
    return {
        "accepted": gettext("Accepted into the notice"), "already_handled": gettext("Already handled"),
        "not_found": gettext("Not publicly found at this time"),
        "other_marketplace": gettext("Other marketplace"), "duplicate": gettext("Duplicate"),
    }[answer]


@pages.app_template_global()
def row_answer_hint(answer: str) -> str:
    """What the answer means for the author of the notice."""
    return {
        "accepted": "", "already_handled": gettext("A complaint on the same right runs or has taken it down."),
        "not_found": gettext("No listing with this id or address can be seen now. It may have been removed, or mistyped."),
        "other_marketplace": gettext("It belongs to another marketplace; file it there."),
        "duplicate": gettext("An earlier row names the same listing."),
    }[answer]


def plain_row(place: int, row: Answered) -> dict[str, Any]:
    """An answered row for a template."""
    listing = row.listing
    return {
        "place": place, "entered": row.entry.entered, "answer": row.answer, "other": row.other_reference,
        "reason_code": row.entry.reason_code, "explanation": row.entry.explanation,
        "title": listing.title if listing else "", "code": listing.external_id if listing else "",
        "url": listing.url if listing else "", "store": listing.store.name if listing else "",
        "price": f"{listing.price} {listing.currency}".strip() if listing else "",
    }


def plain_rows(rows: list[Answered]) -> list[dict[str, Any]]:
    """Answered rows for a table: those that need a look first."""
    shown = [plain_row(place, row) for place, row in enumerate(rows)]
    return sorted(shown, key=lambda row: (row["answer"] == "accepted", row["place"]))
