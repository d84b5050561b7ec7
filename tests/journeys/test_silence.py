"""What silence does, from the notice to the end, by the clock alone."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from ipdesk.core.casework import clocks
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.outbox.models import Outbox
from ipdesk.features.catalogue.models import Listing
from ipdesk.worker import letter_delivered


def at(day: int, hour: int = 12, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_a_silent_seller_loses_the_listing_and_then_the_right_to_contest(desk):
    complaints = desk.file()
    assert [desk.states(c) for c in complaints] == [["received.screening"] * 2, ["received.screening"]]
    desk.accept(complaints)
    first = complaints[0]
    assert set(desk.states(first)) == {"pending_response.sending"}

    desk.work()  # the letter is accepted on Mon 2 March: three business days end on Thu 5 March
    assert set(desk.states(first)) == {"pending_response.open"}
    deadline = next(d for d in clocks.open_deadlines(first.id) if d.name == "response")
    assert deadline.due_at == datetime(2026, 3, 6, 4, 59, 59, tzinfo=UTC)  # 23:59:59 in New York

    desk.clock.set(deadline.due_at)
    desk.work()
    assert set(desk.states(first)) == {"pending_response.open"}, "the last second still counts"

    desk.clock.set(at(6, 5))
    desk.work()
    assert set(desk.states(first)) == {"delisted.open"}
    assert {row.status for row in db.session.execute(select(Listing)).scalars()} == {"restricted"}

    desk.clock.set(at(20, month=4))
    desk.work()
    assert set(desk.states(first)) == {"closed.uncontested"}
    assert {row.status for row in db.session.execute(select(Listing)).scalars()} == {"restricted"}


def test_every_party_was_told_and_no_letter_to_one_store_names_the_other(desk):
    complaints = desk.file()
    desk.accept(complaints)
    desk.work()
    letters = db.session.execute(select(Outbox)).scalars().all()
    to_a = [row for row in letters if row.case_id == complaints[0].id and row.recipient_role == "seller"]
    to_b = [row for row in letters if row.case_id == complaints[1].id and row.recipient_role == "seller"]
    assert to_a and to_b
    a_only = {desk.stores[0].name, *(x.external_id for x in desk.listings[:2])}
    b_only = {desk.stores[1].name, desk.listings[2].external_id}
    for row in to_a:
        assert not [word for word in b_only if word in row.body_text + row.subject]
    for row in to_b:
        assert not [word for word in a_only if word in row.body_text + row.subject]
    assert {row.message for row in letters if row.recipient_role == "rights_holder"} == {
        "notice_receipt", "notice_accepted"}


def test_the_seller_s_time_starts_when_the_letter_was_accepted_and_not_when_the_worker_noticed(desk):
    """A worker that was down for a day takes none of the seller's time, and gives none."""
    complaint = desk.file()[0]
    desk.accept([complaint])
    accepted = desk.clock.now()
    desk.clock.advance(timedelta(days=1))
    with unit_of_work():
        letter = db.session.execute(select(Outbox).where(
            Outbox.case_id == complaint.id, Outbox.message == "complaint_opened").limit(1)).scalar_one()
        letter.accepted_at = accepted
        letter_delivered(desk.clock)(letter)
    (line,) = (one for one in clocks.open_deadlines(complaint.id) if one.name == "response")
    assert line.started_at == accepted
    db.session.rollback()
