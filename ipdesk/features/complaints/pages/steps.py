"""What the steps of a draft share: their order, and what each page shows of the draft. Every step is saved on its own."""

from typing import Any

from flask import url_for

from ipdesk.features.complaints import drafts, operations
from ipdesk.features.complaints.drafts import Draft

STEPS = ("right_step", "listings", "reasons", "exhibits", "purchases", "contact", "preview")
OPTIONAL = ("exhibits", "purchases")  # done when the author has looked at them


def step(name: str, reference: str) -> str:
    """The address of the step ``name`` of a draft."""
    return url_for(f"complaints.{name}", reference=reference)


def after(name: str, reference: str) -> str:
    """The step behind ``name``; a person goes through them in order and may leave at any time."""
    return step(STEPS[STEPS.index(name) + 1], reference)


def frame(now: Draft) -> dict[str, Any]:
    """What every page of the draft shows of it."""
    most = operations.limit("listings_per_notice")
    accepted = len(now.accepted)
    return {
        "reference": now.notice.reference, "version": now.notice.version_id,
        "right": drafts.plain_right(now.right) if now.right else None,
        "regime": drafts.regime_for(now.right.kind, now.marketplace) if now.right else None,
        "marketplace_name": now.marketplace.name, "accepted": accepted, "entered": len(now.rows),
        "most": most, "parts": -(-accepted // most), "stores": _store_count(now),
    }


def _store_count(now: Draft) -> int:
    return len({row.listing.store_id for row in now.accepted})


def done_with(now: Draft, name: str) -> list[str]:
    """The steps that the author has looked at, ``name`` now among them."""
    return list(dict.fromkeys([*now.values["done"], name]))
