"""The counts of a home page, out of the maintained tallies; over a table only what is few: proposals, and what waits for one side."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from ipdesk.core.casework import tallies
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.desk import words
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.decisions import queries as decisions

MOST_COUNTED = 99


def stages(totals: Mapping[str, int]) -> list[dict[str, Any]]:
    """How many complaints stand in each of the five states."""
    found = dict.fromkeys(words.STAGES, 0)
    for key, value in totals.items():
        kind, _, rest = key.partition(":")
        if kind == "complaint" and rest.startswith("state:"):
            found[rest.removeprefix("state:").partition(".")[0]] += value
    return [{"stage": stage, "name": str(words.STAGES[stage]), "value": value}
            for stage, value in found.items()]


def total(totals: Mapping[str, int], kind: str, *states: str) -> int:
    return sum(totals.get(f"{kind}:state:{state}", 0) for state in states)


def rights_holder(actor: Actor) -> dict[str, Any]:
    """Live counts of the organisation and what waits for it."""
    totals = tallies.totals(f"organisation:{actor.organisation_id}")
    waiting = select(Complaint.id).where(
        queries.complaint_visible_to(actor), Complaint.for_complainant.is_(True)).limit(
        MOST_COUNTED).subquery()
    return {
        "stages": stages(totals), "deficient": total(totals, "notice", "deficient"),
        "drafts": total(totals, "notice", "draft"), "screened": total(totals, "notice", "filed"),
        "rights": sum(value for key, value in totals.items() if key.startswith("right:state:")),
        "to_answer": db.session.execute(select(func.count()).select_from(waiting)).scalar_one(),
    }


def staff(actor: Actor) -> dict[str, Any]:
    """How much lies where on the desk."""
    totals = tallies.totals("desk")
    return {
        "stages": stages(totals), "to_screen": total(totals, "notice", "filed"),
        "to_decide": total(totals, "complaint", "counter_notified.decision"),
        "court_papers": total(totals, "complaint", "counter_notified.court_notice"),
        "restoring_papers": total(totals, "complaint", "counter_notified.restoring_paper"),
        "timely_papers": total(totals, "complaint", "counter_notified.timely_paper"),
        "unreached": total(totals, "complaint", "pending_response.undeliverable"),
        "reopened": total(totals, "complaint", "received.reopened"),
        "rights_to_verify": total(totals, "right", "submitted"),
        "proposals": decisions.count_proposals(actor),
    }
