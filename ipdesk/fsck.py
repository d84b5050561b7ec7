"""Proving an installation against itself. Every fault is one line that names what is wrong."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import func, select

from ipdesk.config import Settings
from ipdesk.core.audit.documents import document_faults
from ipdesk.core.audit.entries import entries_of
from ipdesk.core.audit.models import AuditEntry, append_only_statements
from ipdesk.core.audit.verify import Watch
from ipdesk.core.audit.verify import faults as audit_faults
from ipdesk.core.casework import clocks, tallies
from ipdesk.core.casework.advance import workflow_of
from ipdesk.core.casework.models import Case, Tally, TallyEntry
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.summary import summary_of
from ipdesk.core.db.core import db
from ipdesk.core.db.guards import weak_triggers
from ipdesk.core.deadlines.calendar import Computation
from ipdesk.core.deadlines.models import FAILING, Deadline
from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.outbox.models import LETTERS_STAND
from ipdesk.features.catalogue.models import PICTURES_STAND, Capture
from ipdesk.features.complaints.models import Claim, Complaint, Notice
from ipdesk.features.evidence.models import Blob
from ipdesk.features.evidence.store import current as evidence_store
from ipdesk.features.holds.models import CONFIRMATIONS_STAND
from ipdesk.features.rights.models import Right
from ipdesk.worker import log_origin, log_public_key

_CASES = 200  # read together


def _unwatched(_name: str, rows: Iterable[Any], _total: int) -> Iterable[Any]:
    return rows


def faults(settings: Settings, watch: Watch = _unwatched) -> Iterator[str]:
    """Triggers, audit log, what it vouches for, summaries with deadlines, clocks that fail, counts, captures and evidence, in that order.

    ``watch(name, rows, total)`` gives the rows back one by one, so that a person sees how far it is.
    """
    yield from trigger_faults()
    yield from audit_faults(origin=log_origin(settings), public_keys=[log_public_key(settings)], watch=watch)
    yield from content_faults(watch)
    yield from summary_faults(watch)
    yield from clock_faults()
    yield from tally_faults()
    yield from capture_faults(watch)
    yield from evidence_faults(watch)


def trigger_faults() -> Iterator[str]:
    """What the database is to refuse it must still refuse."""
    dialect = db.session.get_bind().dialect.name
    stand = (LETTERS_STAND[dialect], PICTURES_STAND[dialect], CONFIRMATIONS_STAND[dialect])
    for name in weak_triggers([*append_only_statements(dialect), *chain.from_iterable(stand)]):
        yield f"database: the trigger {name} does not stand"


def content_faults(watch: Watch = _unwatched) -> Iterator[str]:
    """What was said and decided must be what the log vouches for, no row more and no row less."""
    cases = db.session.execute(select(Case.id, Case.reference).order_by(Case.id)).all()
    for start in watch("cases", range(0, len(cases), _CASES), -(-len(cases) // _CASES)):
        references = dict(cases[start:start + _CASES])  # type: ignore[arg-type]
        for case_id, line in document_faults(list(references)):
            yield f"{references[case_id]}: {line}"
        db.session.expunge_all()
    gone = select(AuditEntry.case_id).outerjoin(Case, Case.id == AuditEntry.case_id).where(Case.id.is_(None)).distinct()
    for case_id in db.session.execute(gone.order_by(AuditEntry.case_id)).scalars():
        yield f"cases {case_id}: the log vouches for it, and it is not there"


def summary_faults(watch: Watch) -> Iterator[str]:
    """The stored summary of each complaint must be what its claims and clocks add up to."""
    numbers = db.session.execute(select(Complaint.id).order_by(Complaint.id)).scalars().all()
    for number in watch("complaints", numbers, len(numbers)):
        row = db.session.get(Complaint, number)
        law = workflow_of(row.case)
        claims = list(db.session.execute(
            select(Claim).where(Claim.complaint_id == number).order_by(Claim.position)).scalars())
        yield from _one(row, law, claims)
        db.session.expunge_all()


def _one(row, law, claims) -> Iterator[str]:
    place = f"complaint {row.reference}"
    unknown = [claim.state for claim in claims if claim.state not in law.states]
    if unknown or not claims:
        yield f"{place}: {unknown[0] if unknown else 'no claim'} is no state of {law.name}"
        return
    logged = _logged_states(row.id)
    for claim in claims:
        if logged.get(claim.id) != claim.state:
            yield f"{place}: claim {claim.id} is {claim.state}, the log says {logged.get(claim.id)}"
    if row.state != (right := summary_of([claim.state for claim in claims], law)):
        yield f"{place}: stored as {row.state}, its claims say {right}"
    if row.claims_count != len(claims):
        yield f"{place}: stored with {row.claims_count} claims, there are {len(claims)}"
    stored = _marks(row)
    rules.kinds["complaint"].summarised(row, claims, law, clocks.open_deadlines(row.id))
    if stored != _marks(row):
        yield f"{place}: the marks that lists filter by do not fit its claims"
    if row.next_due_at != clocks.next_due(row.id):
        yield f"{place}: next due {row.next_due_at}, its clocks say {clocks.next_due(row.id)}"


def _marks(row):
    return (row.stage_name, row.to_respond, row.for_staff, row.for_complainant,
            row.seller_state, row.seller_stage, row.respond_by)


def _logged_states(case_id: int) -> dict[int, str]:
    """Where the audit log left each part of a case."""
    return {mover: end for entry in entries_of(case_id)
            for mover, _, end in json.loads(entry.body)["payload"].get("moved", [])}


def clock_faults() -> Iterator[str]:
    """What a clock was to do must have been done, and it acts when its count says; one that failed is tried again for ever."""
    for row in db.session.execute(
        select(Case.reference, Deadline.name, Deadline.fires_at, Deadline.computation)
        .join(Case, Case.id == Deadline.case_id).where(Deadline.status == "open", Deadline.attempts == 0).order_by(Deadline.id)
        .execution_options(yield_per=500)
    ):
        if row.fires_at != (counted := Computation.from_dict(row.computation).fires_at):
            yield f"clock {row.name} of {row.reference}: would act at {row.fires_at}, its count says {counted}"
    for reference, name, attempts, due_at in db.session.execute(
        select(Case.reference, Deadline.name, Deadline.attempts, Deadline.due_at)
        .join(Case, Case.id == Deadline.case_id).where(FAILING).order_by(Deadline.id)
    ):
        yield f"clock {name} of {reference}: due {due_at}, failed {attempts} times"


def tally_faults() -> Iterator[str]:
    """Folded counts plus open steps must equal the rows."""
    wanted: dict[tuple[str, str], int] = {}
    for model in (Notice, Right, Complaint):
        for row in db.session.execute(select(model).order_by(model.id)).scalars():
            for pair in tallies.counted(row):
                wanted[pair] = wanted.get(pair, 0) + 1
    found: dict[tuple[str, str], int] = {
        (row.scope, row.key): row.value for row in db.session.execute(select(Tally)).scalars()}
    for scope, key, delta in db.session.execute(
        select(TallyEntry.scope, TallyEntry.key, func.sum(TallyEntry.delta))
        .group_by(TallyEntry.scope, TallyEntry.key)
    ):
        found[scope, key] = found.get((scope, key), 0) + int(delta)
    for pair in sorted(wanted.keys() | {key for key, value in found.items() if value}):
        if wanted.get(pair, 0) != found.get(pair, 0):
            yield (f"count {pair[0]} {pair[1]}: stored {found.get(pair, 0)}, "
                   f"there are {wanted.get(pair, 0)}")


def capture_faults(watch: Watch) -> Iterator[str]:
    """A capture must hash to what was written when it was taken."""
    total = db.session.execute(select(func.count()).select_from(Capture)).scalar_one()
    rows = db.session.execute(select(Capture).order_by(Capture.id).execution_options(yield_per=500)).scalars()
    for row in watch("captures", rows, total):
        if sha256_hex(canonical_json({"content": row.content, "images": row.images})) != row.sha256:
            reference = db.session.execute(
                select(Case.reference).where(Case.id == row.case_id)).scalar()
            yield f"capture {row.id} of {reference}: its content was changed"


def evidence_faults(watch: Watch) -> Iterator[str]:
    """Every file must be there and hash to its name."""
    store = evidence_store()
    digests = db.session.execute(select(Blob.sha256).order_by(Blob.sha256)).scalars().all()
    for digest in watch("evidence", digests, len(digests)):
        if not store.exists(digest):
            yield f"evidence {digest}: the file is missing"
        elif not store.verify(digest):
            yield f"evidence {digest}: the file was changed"
