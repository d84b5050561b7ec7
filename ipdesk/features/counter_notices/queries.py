"""Reads of counter-notifications, answers and court notices. The complaint they hang on was loaded by
``complaints.queries.complaint(actor, …)``, which decides who may see it; disclosure decides the rest.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from ipdesk.core.casework.clocks import versions
from ipdesk.core.casework.models import Case, CaseFact
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.workflow import Workflow
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.complaints.queries import closes_the_door
from ipdesk.features.counter_notices.models import (
    Answer,
    CounterNotice,
    CounterNoticeDraft,
    CourtNotice,
    ReceivedDocument,
)
from ipdesk.features.evidence.models import Exhibit


def draft(complaint_id: int, user_id: int | None) -> CounterNoticeDraft | None:
    """What this person has typed for this complaint so far."""
    return db.session.execute(select(CounterNoticeDraft).where(
        CounterNoticeDraft.complaint_id == complaint_id, CounterNoticeDraft.user_id == user_id,
    )).scalar_one_or_none()


def counter_notices_of(complaint_id: int) -> list[CounterNotice]:
    """In the order in which they came."""
    return list(db.session.execute(select(CounterNotice).where(
        CounterNotice.complaint_id == complaint_id).order_by(CounterNotice.id)).scalars())


def copies_sent(complaint_id: int, claim_ids: Iterable[int]) -> list[datetime]:
    """When the copy of the newest counter-notification about each of these claims went to the rights holder."""
    newest: dict[int, datetime] = {}
    for row in counter_notices_of(complaint_id):
        newest |= dict.fromkeys(row.claim_ids, row.entered_at)
    return [newest[number] for number in claim_ids if number in newest]


def answers_of(complaint_id: int) -> list[Answer]:
    return list(db.session.execute(select(Answer).where(
        Answer.complaint_id == complaint_id).order_by(Answer.id)).scalars())


def court_notices_of(complaint_id: int) -> list[CourtNotice]:
    return list(db.session.execute(select(CourtNotice).where(
        CourtNotice.complaint_id == complaint_id).order_by(CourtNotice.id)).scalars())


def waiting_papers(complaint_id: int, but: int | None = None) -> Counter[int]:
    """Claim → how many court papers (``but`` not counted) name it which nobody has examined."""
    return Counter(number for row in court_notices_of(complaint_id) if not row.result and row.id != but for number in row.claim_ids)


def received_documents_of(complaint_id: int) -> list[ReceivedDocument]:
    return list(db.session.execute(select(ReceivedDocument).where(
        ReceivedDocument.complaint_id == complaint_id).order_by(ReceivedDocument.id)).scalars())


def court_notice(complaint: Complaint, number: int) -> CourtNotice:
    """The court notice ``number`` of this complaint, or ``NotVisible``."""
    row = db.session.get(CourtNotice, number)
    if row is None or row.complaint_id != complaint.id:
        raise NotVisible
    return row


def put_backs_of(complaint_id: int) -> dict[int, datetime]:
    """Claim → the instant of its put-back, where that was its last; a confirmed court action ends one."""
    found: dict[int, datetime] = {}
    for name, at, movers in db.session.execute(
        select(CaseFact.name, CaseFact.at, CaseFact.movers)
        .where(CaseFact.case_id == complaint_id, CaseFact.name.in_(("put_back_ordered", "court_action_confirmed")))
        .order_by(CaseFact.id)
    ):
        for number in movers:
            found.pop(number, None)
            if name == "put_back_ordered":
                found[number] = at
    return found


def was_in_time(complaint_id: int, claims: Iterable[int], at: datetime, *, clock: str) -> bool:
    """Whether ``at`` lies within the last time of each of these claims that ended in silence.

    ``clock``: ``response`` of the seller, whose end took the listings down, or ``answer`` of the rights holder.
    """
    ended: dict[int, datetime] = {}
    for movers, due_at in db.session.execute(select(Deadline.movers, Deadline.due_at).where(
        Deadline.case_id == complaint_id, Deadline.name.in_(versions(clock)), Deadline.status == "fired",
    ).order_by(Deadline.id)):
        ended.update(dict.fromkeys(movers, due_at))
    return all(number in ended and at <= ended[number] for number in claims)


def unanswered(complaint_id: int, ended: str, but: int | None = None) -> set[int]:
    """The claims that no answer of the rights holder (``but`` this one) has reached since its last time to answer began.

    ``ended``: how that time ended, ``stopped`` by another step or ``fired`` in silence.
    """
    last: dict[int, Deadline] = {}
    for line in db.session.execute(select(Deadline).where(
        Deadline.case_id == complaint_id, Deadline.name.in_(versions("answer"))).order_by(Deadline.id)).scalars():
        last |= dict.fromkeys(line.movers, line)
    began = {number: line.started_at for number, line in last.items() if line.status == ended}
    for answer in answers_of(complaint_id):
        if answer.id != but:
            began = {number: since for number, since in began.items()
                     if number not in answer.claim_ids or answer.answered_at < since}
    return set(began)


def exhibits(ids: Iterable[int]) -> list[Exhibit]:
    """The exhibits of a document, in the order in which they were handed in."""
    wanted = list(ids)
    found = {row.id: row for row in db.session.execute(
        select(Exhibit).where(Exhibit.id.in_(wanted))).scalars()}
    return [found[number] for number in wanted if number in found]


def still_contestable(complaints: Sequence[int]) -> dict[int, datetime | None]:
    """Of these complaints, those that a counter-notification can still reach.

    The value is the instant until which, ``None`` where the law sets no limit.
    """
    found: dict[int, datetime | None] = {}
    for complaint, name, version, state in db.session.execute(
        select(Claim.complaint_id, Case.workflow, Case.workflow_version, Claim.state)
        .join(Case, Case.id == Claim.complaint_id)
        .where(Claim.complaint_id.in_(list(complaints))).distinct()
    ):
        law = rules.workflows.workflow(name, version)
        if not law.edges(state, "receive_counter_notice"):
            continue
        until = _end_of(complaint, law, law.states[state].deadline)
        known = found.get(complaint, until)
        found[complaint] = None if known is None or until is None else max(known, until)
    return found


def _end_of(complaint_id: int, law: Workflow, deadline: str | None) -> datetime | None:
    """When the clock ``deadline`` closes the door to a counter-notification; ``None`` if it does not."""
    if deadline is None or not closes_the_door(law, deadline):
        return None
    return db.session.execute(select(Deadline.due_at).where(
        Deadline.case_id == complaint_id, Deadline.name == deadline, Deadline.status == "open",
    ).order_by(Deadline.due_at.desc()).limit(1)).scalar()


def complainants(complaints: Sequence[int]) -> dict[int, str]:
    """Complaint id → the name under which its notifier complains."""
    return {number: contact.get("company") or contact.get("name", "")
            for number, contact in db.session.execute(
                select(Complaint.id, Notice.contact).join(Notice, Notice.id == Complaint.notice_id)
                .where(Complaint.id.in_(list(complaints))))}
