"""Recording a notice that did not come in over this desk."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid
from ipdesk.core.kernel.text import N_
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import operations as complaints
from ipdesk.features.complaints.models import Notice
from ipdesk.features.complaints.operations import Content, Entry
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights import operations as rights

FUTURE = N_("This lies in the future.")


def require_arrived(received_at: datetime | None, now: datetime) -> None:
    """Raise ``Invalid`` for an arrival in the future."""
    if received_at is not None and received_at > now:
        raise Invalid({"received_at": [FUTURE]})


def keep(*, actor: Actor, case_id: int, originals: Iterable[Exhibit], claim_ids: Iterable[int] = ()) -> None:
    """File documents that came in elsewhere, for staff only."""
    papers, own = list(originals), list(claim_ids)
    for place, paper in enumerate(papers):
        evidence.attach(actor=actor, exhibit=paper, case_id=case_id, role="received_document", rules=intake().rules,
                        visibility="staff_only", claim_ids=own, position=place)
    evidence.file_exhibits(actor=actor, exhibits=papers)


def record_notice(
    *, actor: Actor, marketplace: Marketplace, original: Exhibit, said: Mapping[str, Any],
) -> Notice:
    """The notice as it came, complete or not, with its original for staff only.

    Who wrote it is its notifier; a public contact of the right, which sellers see, nobody has named.
    ``said`` holds the fields of ``RecordedNoticeSchema``. ``received_at`` starts what the arrival
    starts; the entry is the act's own time. Raises ``Invalid`` for an arrival in the future.
    """
    require_arrived(said["received_at"], actor.at)
    contact = {name: said[name] for name in ("name", "company", "address", "phone", "email")}
    right = rights.register_right(
        actor=actor, kind=said["kind"], title=said["title"], number=said["number"],
        office=said["office"], owner=said["owner"], territory=said["territory"],
        as_it_came=True)
    notice = complaints.start_notice(actor=actor, marketplace=marketplace, right=right)
    notice.locale = said["locale"] or "en"
    evidence.attach(actor=actor, exhibit=original, case_id=notice.id, role="received_document",
                    rules=intake().rules, visibility="staff_only")
    content = Content(
        right=right, reason_code=said["reason_code"], explanation=said["explanation"],
        entries=[Entry(line.strip()) for line in said["listings"].splitlines() if line.strip()],
        contact=contact, signed_name=said["signed_name"], acting_as=said["acting_as"],
        statements=said["statements"], exhibits={original: ()}, received_at=said["received_at"],
        channel=said["channel"])
    return complaints.file_notice(actor=actor, notice=notice, content=content)[0]
