"""What workflow files may order about listings, by name."""

from typing import Any

from ipdesk.core.db.core import db
from ipdesk.features.catalogue.models import Listing
from ipdesk.features.holds import operations
from ipdesk.features.holds.strictest import DELISTING, EVERYWHERE, WHOLE
from ipdesk.features.rights.models import Right


def _listing(claim: Any) -> Listing:
    return db.session.get_one(Listing, claim.listing_id)


def _in_order(act: Any) -> list[Any]:
    """The claims by listing: two acts over the same listings take their locks in the same order."""
    return sorted(act.movers, key=lambda claim: claim.listing_id)


def _default_scope(act: Any, listing: Listing) -> dict[str, Any]:
    """The territory of the right where the listing is offered, the whole listing.

    Where the two do not meet staff were warned before they accepted the notice, and what they decided is carried out.
    """
    if listing.marketplace.market != EVERYWHERE:
        return {"territory": [listing.marketplace.market], "part": WHOLE}
    right_id = getattr(act.row, "right_id", None)
    right = db.session.get(Right, right_id) if right_id is not None else None
    return {"territory": (right.territory.split() if right else []) or [EVERYWHERE], "part": WHOLE}


def restrict_listing(act: Any) -> None:
    """Place a hold for each claim. ``facts``: ``hold_kind`` (delisting), ``scope`` (see `_default_scope`)."""
    for claim in _in_order(act):
        listing = _listing(claim)
        operations.place_hold(
            actor=act.actor, listing=listing, claim=claim, kind=act.facts.get("hold_kind", DELISTING),
            ground=act.facts.get("ground", ""), scope=act.facts.get("scope") or _default_scope(act, listing))


def lift_restriction(act: Any) -> None:
    """Lift each claim's own holds; inverse of `restrict_listing`."""
    for claim in _in_order(act):
        operations.lift_own_holds(actor=act.actor, listing=_listing(claim), claim=claim)


def make_hold_final(act: Any) -> None:
    """Each claim's holds outlive it. ``facts``: ``ground``, by default the transition that ended the claim."""
    for claim in _in_order(act):
        operations.make_final(actor=act.actor, listing=_listing(claim), claim=claim,
                              ground=act.facts.get("ground") or act.transition.trigger)


def make_hold_interim(act: Any) -> None:
    """Each claim's holds end with it again; inverse of `make_hold_final`."""
    for claim in _in_order(act):
        operations.make_interim(actor=act.actor, listing=_listing(claim), claim=claim)


def delete_listing_at_marketplace(act: Any) -> None:
    """Have each claim's listing removed because the seller said so."""
    for claim in _in_order(act):
        operations.delete_by_seller(actor=act.actor, listing=_listing(claim), claim=claim)


def register(registry: Any) -> None:
    """Join the names of the workflow files to the functions above."""
    for effect in (restrict_listing, lift_restriction, make_hold_final, make_hold_interim, delete_listing_at_marketplace):
        registry.effect(effect.__name__, effect)
