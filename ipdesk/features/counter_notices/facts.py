"""What was said in counter-notifications, answers and court notices, as plain values for disclosure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ipdesk.features.complaints import elements, facts
from ipdesk.features.complaints import queries as complaints
from ipdesk.features.complaints.models import Claim, Complaint
from ipdesk.features.counter_notices import queries
from ipdesk.features.counter_notices.models import CounterNotice
from ipdesk.features.evidence.models import Exhibit


def said(
    *, claims: Sequence[Claim], grounds: Sequence[str], explanation: str, contact: Mapping[str, Any],
    signed_name: str, statements: Iterable[Mapping[str, Any]],
    exhibits: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """The content of a counter-notification, signed or still to be signed."""
    listings = complaints.listings_of(claims)
    shown = [facts.listing_facts(listings[claim.listing_id]) for claim in claims]
    return {
        "claim_ids": [claim.id for claim in claims],
        "listings": [{name: one[name] for name in ("title", "code", "url")} for one in shown],
        "grounds": list(grounds), "explanation": explanation, "contact": dict(contact),
        "signed_name": signed_name, "statements": list(statements), "exhibits": list(exhibits),
    }


def statements_of(regime: str, codes: Iterable[str]) -> list[dict[str, Any]]:
    """Statements of the regime with these codes, word for word, not signed yet."""
    wanted = set(codes)
    return [{"code": line["code"], "text": line["text"]}
            for line in elements.statements(regime, "counter_notice") if line["code"] in wanted]


def exhibit_facts(exhibit: Exhibit, *, shared: bool | None = None) -> dict[str, Any]:
    """An exhibit as both sides' pages show it; ``shared`` replaces the choice of one not filed yet."""
    blob = exhibit.blob
    return {
        "reference": exhibit.reference, "name": exhibit.name, "size": blob.size,
        "media_type": blob.media_type, "pages": blob.facts.get("pages", 0),
        "can_be_shown": blob.can_be_shown, "sha256": blob.sha256,
        "shared": exhibit.visibility == "share" if shared is None else shared,
    }


def describe_counter_notices(row: Complaint) -> list[dict[str, Any]]:
    """The counter-notifications of a complaint, oldest first."""
    return [_counter_notice(row, line) for line in queries.counter_notices_of(row.id)]


def _counter_notice(row: Complaint, line: CounterNotice) -> dict[str, Any]:
    return {
        **said(claims=complaints.claims_of(row.id, line.claim_ids), grounds=line.grounds,
               explanation=line.explanation, contact=line.contact, signed_name=line.signed_name,
               statements=facts.statement_facts(row.id, document_of(line)),
               exhibits=map(exhibit_facts, queries.exhibits(line.exhibit_ids))),
        "id": line.id, "reference": line.reference, "copy": line.copy, "channel": line.channel,
        "received_at": line.received_at, "entered_at": line.entered_at,
    }


def document_of(line: CounterNotice) -> str:
    """The name under which the statements of a counter-notification are kept."""
    return f"counter_notice:{line.id}"


def describe_answers(row: Complaint) -> list[dict[str, Any]]:
    """What the rights holder answered, oldest first."""
    return [{"id": line.id, "claim_ids": list(line.claim_ids), "text": line.text,
             "signed_name": line.signed_name, "answered_at": line.answered_at,
             "exhibits": [exhibit_facts(one) for one in queries.exhibits(line.exhibit_ids)]}
            for line in queries.answers_of(row.id)]


def describe_received_documents(row: Complaint) -> list[dict[str, Any]]:
    """What staff recorded as a step of a party, oldest first."""
    return [{"step": line.step, "claim_ids": list(line.claim_ids), "signed_name": line.signed_name, "channel": line.channel,
             "received_at": line.received_at, "entered_at": line.entered_at,
             "exhibits": [exhibit_facts(one) for one in queries.exhibits(line.exhibit_ids)]}
            for line in queries.received_documents_of(row.id)]


def describe_court_notices(row: Complaint) -> list[dict[str, Any]]:
    """Court actions as the rights holder told of them, and what staff found."""
    return [{
        "id": line.id, "claim_ids": list(line.claim_ids), "forum": line.forum,
        "docket": line.docket, "filed_on": line.filed_on,
        "filed_by_notifier": line.filed_by_notifier, "names_subscriber": line.names_subscriber,
        "seeks_restraint": line.seeks_restraint, "received_at": line.received_at,
        "channel": line.channel, "entered_at": line.entered_at, "result": line.result,
        "confirmed": line.result == "confirmed", "reason": line.reason, "decided_at": line.decided_at,
        "statements": facts.statement_facts(row.id, f"court_notice:{line.id}"),
        "exhibits": [exhibit_facts(one) for one in queries.exhibits(line.exhibit_ids)],
    } for line in queries.court_notices_of(row.id)]
