"""Placing and lifting holds, and telling the marketplace what they add up to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select, update

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.features.catalogue import operations as catalogue
from ipdesk.features.catalogue.connector import Accepted, Change, Confirmation, Retry
from ipdesk.features.catalogue.models import Listing
from ipdesk.features.holds import queries
from ipdesk.features.holds.models import Hold, Instruction
from ipdesk.features.holds.strictest import EVERYWHERE, WHOLE, Wanted, in_market, strictest

LEASE = timedelta(minutes=2)
FIRST_RETRY, LAST_RETRY = timedelta(seconds=30), timedelta(hours=1)
# A marketplace that promised to confirm is asked again if it has not by then.
ASK_AGAIN_AFTER = timedelta(hours=1)
DELETE = {"delete": True}


class ClaimLike(Protocol):
    """What of a claim counts here; claims live above this feature."""

    id: int
    listing_id: int
    complaint_id: int


# --- holds -------------------------------------------------------------------------------

def place_hold(
    *, actor: Actor, listing: Listing, claim: ClaimLike | None = None, order: str = "", sanction: str = "",
    kind: str, ground: str = "", scope: Mapping[str, Any] | None = None, interim: bool = True,
    case_id: int | None = None,
) -> Hold:
    """Restrict ``listing`` for one owner: a claim, or the reference of an order or a sanction.

    ``kind`` is ``pause`` or ``delisting``; ``scope`` ``{"territory": […], "part": …}``, by default the
    whole listing everywhere. The same hold of the same owner is placed once. ``ValueError`` for
    a scope without territory, for a final hold without ground and for anything but one owner.
    """
    if sum(map(bool, (claim is not None, order, sanction))) != 1:
        raise ValueError("a hold has exactly one owner")
    if not interim and not ground:
        raise ValueError("a final hold names what carries it")
    wide = _checked_scope(scope)
    _lock(listing)
    owner_kind = "claim" if claim is not None else "order" if order else "sanction"
    owner = {"owner_kind": owner_kind, "claim_id": claim.id if claim is not None else None,
             "owner_reference": order or sanction}
    active = list(queries.active_holds(listing.id))
    for hold in active:
        if hold.kind == kind and hold.scope == wide and all(
                getattr(hold, name) == value for name, value in owner.items()):
            return hold
    hold = Hold(listing_id=listing.id, case_id=claim.complaint_id if claim is not None else case_id, kind=kind,
                ground=ground, scope=wide, interim=interim, placed_at=actor.at, **owner)
    db.session.add(hold)
    _tell(actor, listing, [*active, hold], case_id=hold.case_id, claim_id=hold.claim_id)
    return hold


def lift_own_holds(
    *, actor: Actor, listing: Listing, claim: ClaimLike | None = None, order: str = "", sanction: str = "",
) -> Instruction | None:
    """Lift every active hold of one owner on ``listing``, interim or final; nobody else's.

    Returns the new instruction, or ``None`` when the marketplace has nothing to change because nothing
    was held or another hold keeps the listing as it is.
    """
    if sum(map(bool, (claim is not None, order, sanction))) != 1:
        raise ValueError("a hold has exactly one owner")
    _lock(listing)
    active = list(queries.active_holds(listing.id))
    own = [hold for hold in active if (
        hold.claim_id == claim.id if claim is not None
        else (hold.owner_kind, hold.owner_reference) == ("order" if order else "sanction", order or sanction))]
    for hold in own:
        hold.lifted_at = actor.at
    if not own:
        return None
    left = [hold for hold in active if hold.lifted_at is None]
    return _tell(actor, listing, left, case_id=own[-1].case_id, claim_id=own[-1].claim_id)


def make_final(*, actor: Actor, listing: Listing, claim: ClaimLike, ground: str) -> list[Hold]:
    """The claim's active holds on ``listing`` outlive it from now on; ``ground`` names what carries them."""
    if not ground:
        raise ValueError("a final hold names what carries it")
    _lock(listing)
    own = [hold for hold in queries.active_holds(listing.id) if hold.claim_id == claim.id]
    for hold in own:
        hold.interim, hold.ground = False, ground
    db.session.flush()
    return own


def make_interim(*, actor: Actor, listing: Listing, claim: ClaimLike) -> list[Hold]:
    """The claim is open again: its active holds on ``listing`` end with it. Their ground stays on record."""
    _lock(listing)
    own = [hold for hold in queries.active_holds(listing.id) if hold.claim_id == claim.id]
    for hold in own:
        hold.interim = True
    db.session.flush()
    return own


def delete_by_seller(*, actor: Actor, listing: Listing, claim: ClaimLike | None = None) -> Instruction | None:
    """Have the marketplace remove ``listing`` because its seller said so: a fact, not a hold.

    ``None`` when it has been told already. Holds stay what they are, and no later one puts it back.
    """
    _lock(listing)
    last = queries.last_instruction(listing.id)
    if last is not None and last.wanted == DELETE:
        return None
    return _write(actor, listing, DELETE, last, case_id=claim.complaint_id if claim is not None else None,
                  claim_id=claim.id if claim is not None else None)


def _checked_scope(scope: Mapping[str, Any] | None) -> dict[str, Any]:
    scope = scope or {}
    territory = sorted(set(scope.get("territory", [EVERYWHERE])))
    if not territory:
        raise ValueError("a hold without a territory holds nothing")
    return {"territory": [EVERYWHERE] if EVERYWHERE in territory else territory, "part": scope.get("part", WHOLE)}


def _lock(listing: Listing) -> None:
    """One writer per listing at a time (PostgreSQL; SQLite has only one anyway)."""
    if db.engine.dialect.name != "sqlite":
        db.session.execute(select(Listing.id).where(Listing.id == listing.id).with_for_update())


# --- instructions ------------------------------------------------------------------------

def _tell(
    actor: Actor, listing: Listing, active: Sequence[Hold], *, case_id: int | None, claim_id: int | None,
) -> Instruction | None:
    """Write an instruction when what the ``active`` holds add up to is not what the marketplace was told last."""
    wanted = strictest(active).as_json()
    with db.session.no_autoflush:  # earlier instructions went in before the holds were read
        last = queries.last_instruction(listing.id)
    told = last.wanted if last is not None else Wanted().as_json()
    if told in (wanted, DELETE):
        return None
    return _write(actor, listing, wanted, last, case_id=case_id, claim_id=claim_id)


def _write(
    actor: Actor, listing: Listing, wanted: Mapping[str, Any], last: Instruction | None, *, case_id: int | None,
    claim_id: int | None,
) -> Instruction:
    """The next instruction of ``listing``, after ``last``; it takes the place of all that are not confirmed."""
    instruction = Instruction(listing_id=listing.id, case_id=case_id, claim_id=claim_id, wanted=dict(wanted),
                              created_at=actor.at, next_attempt_at=actor.at)
    db.session.add(instruction)
    if last is not None:
        db.session.flush()  # what it supersedes names it
        db.session.execute(update(Instruction).where(
            Instruction.listing_id == listing.id, Instruction.confirmed_at.is_(None), Instruction.id < instruction.id,
        ).values(superseded_by=instruction.id))
    return instruction


def lease_due(*, now: datetime, limit: int) -> list[tuple[Change, int]]:
    """Take up to ``limit`` due instructions for this worker, each with its lease token."""
    leased = db.session.scalars(queries.due(now, limit).with_for_update(skip_locked=True)).all()
    for instruction in leased:
        instruction.lease_token += 1
        instruction.lease_until = now + LEASE
        instruction.attempts += 1
    return [(change_of(instruction), instruction.lease_token) for instruction in leased]


def give_back(leased: Iterable[tuple[Change, int]]) -> None:
    """What was leased and not told is due again at once, as if it had not been leased."""
    for change, token in sorted(leased, key=lambda one: one[0].instruction_id):
        instruction = db.session.get(Instruction, change.instruction_id, with_for_update=True, populate_existing=True)
        if instruction is not None and instruction.lease_token == token:
            instruction.lease_until = None
            instruction.attempts -= 1


def change_of(instruction: Instruction) -> Change:
    """The instruction as the connector tells it."""
    listing = instruction.listing
    return Change(
        instruction_id=instruction.id, sequence=instruction.id, marketplace=listing.marketplace.code,
        listing_ids=(listing.external_id,), store_id=listing.store.external_id, url=listing.url,
        wanted=instruction.wanted, issued_at=instruction.created_at)


def record_outcome(
    *, now: datetime, instruction_id: int, lease_token: int, outcome: Confirmation | Accepted | Retry,
) -> str:
    """Write what came of telling an instruction: confirmed, accepted, retry, or superseded or lost.

    ``lost`` means that another worker has it by now; ``superseded`` that a newer instruction
    was written in the meantime, which will be told instead.
    """
    instruction = db.session.get(Instruction, instruction_id, with_for_update=True, populate_existing=True)
    if instruction is None or instruction.lease_token != lease_token or instruction.confirmed_at is not None:
        return "lost"
    instruction.lease_until = None
    if instruction.superseded_by is not None:
        return "superseded"
    match outcome:
        case Confirmation(proof):
            confirm(instruction=instruction, at=now, proof=proof)
            return "confirmed"
        case Accepted(proof):
            instruction.accepted_at, instruction.proof, instruction.last_error = now, proof, ""
            instruction.next_attempt_at = now + ASK_AGAIN_AFTER
            return "accepted"
        case Retry(reason):
            instruction.last_error = reason
            instruction.next_attempt_at = now + retry_delay(instruction.attempts)
    return "retry"


def confirm(*, instruction: Instruction, at: datetime, proof: Mapping[str, Any]) -> bool:
    """The marketplace shows what it was told; ``False`` when that was known or is out of date."""
    if instruction.confirmed_at is not None or instruction.superseded_by is not None:
        return False
    listing = instruction.listing
    catalogue.record_shown(listing=listing, at=at, wanted=in_market(instruction.wanted, listing.marketplace.market))
    instruction.confirmed_at, instruction.proof, instruction.last_error = at, dict(proof), ""
    instruction.lease_until = None
    older = db.session.scalars(select(Instruction).where(
        Instruction.superseded_by == instruction.id, Instruction.confirmed_at.is_(None)).order_by(Instruction.id)).all()
    for replaced in older:
        replaced.confirmed_at, replaced.proof = at, {"superseded_by": instruction.id}
    db.session.flush()
    return True


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after the ``attempts``-th failure: doubling from half a minute to an hour."""
    return min(FIRST_RETRY * 2 ** min(max(attempts - 1, 0), 10), LAST_RETRY)


def raise_alarms(*, now: datetime, after: timedelta = queries.ALARM_AFTER) -> Sequence[Instruction]:
    """Mark the instructions that have waited too long and were not alarmed about yet; returns them."""
    new = [found for found in queries.stuck(now, after) if found.alarmed_at is None]
    for instruction in new:
        instruction.alarmed_at = now
    return new
