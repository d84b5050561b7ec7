"""What the verbs of both sides and of staff have in common."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, NotVisible
from ipdesk.core.kernel.text import N_
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Claim, Complaint
from ipdesk.features.counter_notices import queries
from ipdesk.features.evidence import intake
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.evidence.queries import side_of_guest
from ipdesk.features.holds.queries import holds_of_claims

CHOOSE = N_("Choose at least one listing.")
FUTURE = N_("This day lies in the future.")
TOO_LONG_AGO = N_("This day lies too long ago. Check the year.")
BEFORE_COMPLAINT = N_("This lies before the complaint was filed.")
BEFORE_TAKEDOWN = N_("This lies before the listings were taken down, so that it cannot answer that.")
BEFORE_TELLING = N_("This lies before the seller was told of these listings.")
BEFORE_COPY = N_("This lies before the rights holder was sent the counter-notification.")
NO_DOCUMENT = N_("Add the document.")
FILL_IN = N_("Fill this in.")
TICK = N_("Tick this to go on.")
ACT_FIRST = "act_first"
AHEAD_OF_UTC = timedelta(hours=14)  # where the day begins first, so that nobody's today is refused


def require_arrival(complaint: Complaint, received_at: datetime | None, now: datetime) -> None:
    if received_at is None:
        return
    if received_at > now:
        raise Invalid({"received_at": [FUTURE]})
    if received_at < complaint.filed_at:
        raise Invalid({"received_at": [BEFORE_COMPLAINT]})


def require_counter_arrival(complaint: Complaint, claims: Sequence[Claim], received_at: datetime | None, now: datetime) -> None:
    """A counter-notification arrives after what it answers: the seller was told and, where the law acts first, the listing is down.

    The business days of 17 U.S.C. § 512(g)(2)(C) would else be counted from before the takedown.
    """
    require_arrival(complaint, received_at, now)
    if received_at is None:
        return
    told = [claim.seller_told_at for claim in claims if claim.seller_told_at]
    _require_after(received_at, told, BEFORE_TELLING)
    if workflow_of(complaint.case).mode == ACT_FIRST:
        down = [hold.placed_at for hold in holds_of_claims([claim.id for claim in claims]) if hold.lifted_at is None]
        _require_after(received_at, down, BEFORE_TAKEDOWN)


def require_answer_arrival(complaint: Complaint, claims: Sequence[Claim], received_at: datetime | None, now: datetime) -> None:
    """An answer to a counter-notification arrives after its copy was sent, which is when it was entered."""
    require_arrival(complaint, received_at, now)
    if received_at is not None:
        _require_after(received_at, queries.copies_sent(complaint.id, [claim.id for claim in claims]), BEFORE_COPY)


def _require_after(received_at: datetime, instants: Iterable[datetime], text: str) -> None:
    """Not before any of ``instants``, to the minute, which is what forms take."""
    if any(received_at < at.replace(second=0, microsecond=0) for at in instants):
        raise Invalid({"received_at": [text]})


OLDEST_ACTION = 30  # years: an action about a listing that is on sale now; what is older is a slip of the pen


def require_filed(filed_on: date | None, now: datetime) -> None:
    """``Invalid`` for a day on which no action about a listing of today can have been filed."""
    if filed_on is not None and filed_on > (now + AHEAD_OF_UTC).date():
        raise Invalid({"filed_on": [FUTURE]})
    if filed_on is not None and filed_on.year < now.year - OLDEST_ACTION:
        raise Invalid({"filed_on": [TOO_LONG_AGO]})


def chosen(complaint: Complaint, claim_ids: Iterable[int]) -> list[Claim]:
    """The claims with these ids, all of this complaint; a foreign id is nothing that the sender may know."""
    wanted = set(claim_ids)
    if not wanted:
        raise Invalid({"claim_ids": [CHOOSE]})
    found = complaints.claims_of(complaint.id, wanted)
    if len(found) != len(wanted):
        raise NotVisible
    return found


def require(values: Mapping[str, str]) -> None:
    if missing := {name: [FILL_IN] for name, value in values.items() if not value.strip()}:
        raise Invalid(missing)


def hand_in(
    actor: Actor, complaint: Complaint, exhibits: Mapping[Exhibit, str], *, role: str,
    claims: Sequence[Claim], store_id: int | None = None,
) -> list[int]:
    """Attach the drafts to the complaint and file them; their ids in the given order."""
    upload_rules = intake.current().rules if exhibits else None
    for position, (exhibit, visibility) in enumerate(exhibits.items()):
        evidence.attach(
            actor=actor, exhibit=exhibit, case_id=complaint.id, role=role, rules=upload_rules,
            visibility=visibility, claim_ids=[claim.id for claim in claims], position=position,
            store_id=store_id)
    evidence.file_exhibits(actor=actor, exhibits=exhibits)
    return [exhibit.id for exhibit in exhibits]


def show_to_rights_holder(
    actor: Actor, complaint: Complaint, exhibits: Mapping[Exhibit, str],
) -> None:
    """Disclose the shared ones among filed ``exhibits`` to the complainant's organisation, or to who follows its notice."""
    side: dict[str, Any] = {"organisation_id": complaint.organisation_id}
    if complaint.organisation_id is None:
        side = {"key_hash": side_of_guest(complaint.notice_id)}
    for exhibit, visibility in exhibits.items():
        if visibility == "share":
            evidence.disclose(actor=actor, exhibit=exhibit, case_id=complaint.id, **side)


def show_to_store(actor: Actor, complaint: Complaint, exhibits: Mapping[Exhibit, str]) -> None:
    for exhibit, visibility in exhibits.items():
        if visibility == "share":
            evidence.disclose(actor=actor, exhibit=exhibit, case_id=complaint.id,
                              store_id=complaint.store_id)
