"""What a notice opens: its rows, one complaint for each store, the captures of their listings."""

from collections.abc import Sequence

from ipdesk.core.casework.advance import Act, begin, new_case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.rows import write_rows
from ipdesk.core.kernel.actors import Actor
from ipdesk.features.catalogue import operations as catalogue
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.answers import LONGEST_ENTRY, Answered
from ipdesk.features.complaints.models import Claim, Complaint, Notice, NoticeListing


def add_rows(notice: Notice, rows: Sequence[Answered], start: int = 0) -> None:
    """Write down what was entered and what the desk answered, from place ``start`` on."""
    write_rows(NoticeListing, [{
        "notice_id": notice.id, "position": place, "entered": row.entry.entered[:LONGEST_ENTRY],
        "listing_id": row.listing.id if row.listing else None, "answer": row.answer,
        "other_reference": row.other_reference} for place, row in enumerate(rows, start)])


def open_complaints(act: Act) -> None:
    """Effect: one complaint for each store, one claim for each accepted listing."""
    act.opened += complaints_for(act.actor, act.row, act.facts["rows"])


def complaints_for(
    actor: Actor, notice: Notice, accepted: Sequence[Answered],
) -> list[tuple[Complaint, Sequence[Claim]]]:
    """One complaint for each store of the ``accepted`` rows, with its claims."""
    by_store: dict[int, list[Answered]] = {}
    for row in accepted:
        by_store.setdefault(row.listing.store_id, []).append(row)
    return [_open_complaint(actor, notice, store_id, rows) for store_id, rows in by_store.items()]


def _open_complaint(
    actor: Actor, notice: Notice, store_id: int, rows: Sequence[Answered],
) -> tuple[Complaint, Sequence[Claim]]:
    case = new_case(actor=actor, kind="complaint", workflow=notice.regime,
                     marketplace_id=notice.case.marketplace_id)
    complaint = Complaint(
        case=case, notice_id=notice.id, right_id=notice.right_id, store_id=store_id,
        organisation_id=notice.organisation_id, regime=notice.regime,
        reason_code=rows[0].entry.reason_code or notice.reason_code, state="", stage_name="",
        claims_count=len(rows), filed_at=notice.received_at, version_id=1)
    claims = [
        Claim(complaint=complaint, listing_id=row.listing.id, position=place, times={},
              reason_code=row.entry.reason_code or notice.reason_code,
              explanation=row.entry.explanation)
        for place, row in enumerate(rows)]
    begin(actor=actor, row=complaint, movers=claims)
    return complaint, claims


def capture(act: Act) -> None:
    """Effect: freeze the listings as they stand: at filing, before a hold, before a deletion."""
    if act.case.kind == "notice":
        for complaint, claims in act.opened:
            capture_all(act.actor, complaint, claims, "filing")
    else:
        occasion = "deletion" if act.trigger == "delete_listing" else "hold"
        capture_all(act.actor, act.row, act.movers, occasion)


def capture_all(actor: Actor, complaint: Complaint, claims: Sequence[Claim], occasion: str) -> None:
    """Freeze the listings of ``claims`` as they stand; ``occasion`` says what for."""
    for listing in queries.listings_of(claims).values():
        catalogue.capture_listing(actor=actor, listing=listing, case_id=complaint.id,
                                  occasion=occasion, connector=rules.settings["connector"],
                                  pictures=rules.settings["pictures"])
