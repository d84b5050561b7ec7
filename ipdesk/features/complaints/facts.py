"""Everything a notice or complaint says, as plain values. Disclosure cuts it to what a reader may see."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from ipdesk.core.casework import clocks
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.models import Deadline
from ipdesk.features.catalogue.models import Capture, Listing, Marketplace, Store
from ipdesk.features.catalogue.queries import Picture, pictures_of
from ipdesk.features.complaints import elements, queries
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.rights.models import Right


def describe_complaint(row: Complaint) -> dict[str, Any]:
    """The facts of a complaint and of its claims; keys as in ``tables/disclosure.yaml``."""
    notice = db.session.get(Notice, row.notice_id)
    claims = row.claims
    law = workflow_of(row.case)
    store = db.session.get(Store, row.store_id)
    return {
        "id": row.id, "reference": row.reference, "kind": "complaint", "regime": row.regime,
        "regime_label": law.label, "law": law.law, "regime_reason": notice.regime_reason,
        "state": row.state, "waits_for": row.waits_for, "version": row.version_id,
        "filed_at": row.filed_at, "closed_at": row.closed_at, "seller_told_at": row.seller_told_at,
        "seller_closed_at": row.seller_closed_at, "reason_code": row.reason_code, "to_respond": row.to_respond,
        **_both_facts(notice),
        "store": {"name": store.name, "code": store.external_id},
        "explanation": notice.explanation,
        "notifier": {"name": notice.contact.get("name", ""),
                     "company": notice.contact.get("company", ""),
                     "email": notice.contact.get("email", ""),
                     "phone": notice.contact.get("phone", ""),
                     "address": notice.contact.get("address", ""),
                     "acting_as": notice.acting_as, "signed_name": notice.signed_name},
        "notice": {"reference": notice.reference, "received_at": notice.received_at,
                   "entered_at": notice.entered_at, "channel": notice.channel},
        "statements": statement_facts(notice.id, elements.document_of(notice)),
        "superseded": superseded_facts(notice),
        "claims": claim_facts(row, claims),
        "deadlines": [deadline_facts(line) for line in clocks.open_deadlines(row.id)],
        "purchases": purchase_facts(notice, claims),
    }


def describe_notice(row: Notice) -> dict[str, Any]:
    """The facts of a notice with every row entered."""
    marketplace = db.session.get(Marketplace, row.case.marketplace_id)
    return {
        "id": row.id, "reference": row.reference, "kind": "notice", "regime": row.regime,
        "regime_reason": row.regime_reason, "state": row.state, "waits_for": row.waits_for,
        "version": row.version_id, "channel": row.channel, "reason_code": row.reason_code,
        "received_at": row.received_at, "entered_at": row.entered_at, "created_at": row.created_at,
        "explanation": row.explanation, "acting_as": row.acting_as,
        "signed_name": row.signed_name, "contact": dict(row.contact), "missing": list(row.missing), "remark": row.remark,
        "marketplace": marketplace.name if marketplace else "",
        **_both_facts(row),
        "is_guest": row.organisation_id is None and row.channel == "desk",
        "guest_confirmed_at": row.guest_confirmed_at, "rows": row_facts(row),
        "statements": statement_facts(row.id, elements.document_of(row)),
        "superseded": superseded_facts(row),
        "deadlines": [deadline_facts(line) for line in clocks.open_deadlines(row.id)],
        "purchases": purchase_facts(row, None),
    }


def row_facts(notice: Notice) -> list[dict[str, Any]]:
    """Every row entered with its answer, and the listing that it led to."""
    rows = queries.rows_of_notice(notice.id)
    listings = queries.listings_by_id(line.listing_id for line in rows if line.listing_id)
    return [{"entered": line.entered, "answer": line.answer, "other_reference": line.other_reference,
             **_row_listing(listings.get(line.listing_id))} for line in rows]


def _row_listing(listing: Listing | None) -> dict[str, str]:
    if listing is None:
        return {"title": "", "code": "", "store": ""}
    return {"title": listing.title, "code": listing.external_id, "store": listing.store.name}


def right_facts(right: Right) -> dict[str, Any]:
    """A right with its public contact."""
    return {
        "reference": right.reference, "kind": right.kind, "title": right.title,
        "number": right.number, "office": right.office, "owner": right.owner,
        "territory": right.territory, "classes": right.classes, "description": right.description,
        "valid_from": right.valid_from, "valid_until": right.valid_until,
        "verified_at": right.verified_at, "contact": dict(right.contact),
    }


_DAYS = ("valid_from", "valid_until")


def frozen_right(right: Right) -> dict[str, Any]:
    """The entries of a right as a notice keeps them: days as text, and without the desk's own check."""
    return {name: value.isoformat() if name in _DAYS and value else value
            for name, value in right_facts(right).items() if name != "verified_at"}


def right_of_notice(notice: Notice) -> dict[str, Any] | None:
    """The right as the notice named it; a draft has the one of the register.

    ``verified_at`` is the desk's check of these very entries: none for others that were entered since.
    """
    return _as_named(notice, _right(notice))


def _right(notice: Notice) -> Right | None:
    return db.session.get(Right, notice.right_id) if notice.right_id else None


def _as_named(notice: Notice, right: Right | None) -> dict[str, Any] | None:
    if right is None or notice.right_facts is None:
        return right_facts(right) if right else None
    kept = notice.right_facts
    days = {name: date.fromisoformat(kept[name]) if kept[name] else None for name in _DAYS}
    return {**kept, **days, "verified_at": right.verified_at if kept == frozen_right(right) else None}


def _both_facts(notice: Notice) -> dict[str, Any]:
    """The right as the notice named it, and as the register has it by now."""
    right = _right(notice)
    return {"right": _as_named(notice, right), "register": _register_facts(notice, right)}


def _register_facts(notice: Notice, right: Right | None) -> dict[str, Any] | None:
    """What the register says of the right by now; ``changed`` where that is not what the notice named."""
    if right is None:
        return None
    return {"state": right.state, "verified_at": right.verified_at, "title": right.title, "owner": right.owner,
            "number": right.number,
            "changed": notice.right_facts is not None and notice.right_facts != frozen_right(right)}


def superseded_facts(notice: Notice) -> list[dict[str, Any]]:
    """What the notice said before it was made good, oldest first, with the statements signed then."""
    return [{**{name: version[name] for name in ("contact", "explanation", "reason_code", "signed_name")},
             "replaced_at": datetime.fromisoformat(version["replaced_at"]),
             "statements": statement_facts(notice.id, version["document"])} for version in notice.versions]


def statement_facts(case_id: int, document: str) -> list[dict[str, Any]]:
    """Signed statements word for word."""
    return [{"code": row.code, "text": row.text, "signed_name": row.signed_name,
             "signed_at": row.signed_at} for row in elements.signed(case_id, document)]


def claim_facts(row: Complaint, claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """The claims with their listings as they are now and as they were captured."""
    listings = queries.listings_of(claims)
    captures: dict[int, list[dict[str, Any]]] = {}
    taken = queries.captures_of(row.id)
    pictures = pictures_of(taken)
    for capture in taken:
        captures.setdefault(capture.listing_id, []).append(capture_facts(capture, pictures.get(capture.id, [])))
    return [{
        "id": claim.id, "position": claim.position, "state": claim.state,
        "told": claim.seller_told_at is not None,
        "reason_code": claim.reason_code, "explanation": claim.explanation,
        "listing": listing_facts(listings[claim.listing_id]),
        "captures": captures.get(claim.listing_id, []),
    } for claim in claims]


def listing_facts(listing: Listing) -> dict[str, Any]:
    """A listing as the marketplace shows it now."""
    return {"id": listing.id, "code": listing.external_id, "url": listing.url,
            "title": listing.title, "price": f"{listing.price} {listing.currency}".strip(),
            "status": listing.status, "images": list(listing.images or [])}


def capture_facts(capture: Capture, pictures: Sequence[Picture]) -> dict[str, Any]:
    """A frozen listing: occasion filing, hold or deletion. ``pictures`` are those known by their address."""
    return {"id": capture.id, "occasion": capture.occasion, "captured_at": capture.captured_at,
            "pictures": [asdict(picture) for picture in pictures],
            "content": capture.content, "images": list(capture.images), "sha256": capture.sha256}


def deadline_facts(line: Deadline) -> dict[str, Any]:
    """A running clock with the counted days of its computation."""
    rule = rules.workflows.deadline(line.name)
    return {"name": line.name, "label": rule["label"], "started_at": line.started_at,
            "opens_at": line.opens_at, "due_at": line.due_at, "fires_at": line.fires_at, "until_at": line.until_at,
            "movers": list(line.movers), "computation": line.computation,
            "for_staff": bool(rule.get("escalates_to")), "basis": rule["basis"]}


def purchase_facts(notice: Notice, claims: Sequence[Claim] | None) -> list[dict[str, Any]]:
    """Test purchases; with ``claims`` those about their listings. ``shared`` is the notifier's choice."""
    own = {claim.listing_id for claim in claims} if claims is not None else None
    return [{"ordered_on": row.ordered_on, "order_number": row.order_number,
             "findings": row.findings, "listing_id": row.listing_id,
             "shared": row.visibility == "share"}
            for row in queries.purchases_of(notice.id)
            if own is None or row.listing_id is None or row.listing_id in own]
