"""The outbox as a whole: written with the act, sent once, proven, retried, given up."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DatabaseError

from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.errors import Refusal
from ipdesk.core.outbox import deliver
from ipdesk.core.outbox.deliver import BATCH_TIME, LEASE, PAUSES, SETTLE_PAUSE, Callbacks, deliver_due
from ipdesk.core.outbox.enqueue import Consequence, Recipient, enqueue_letter
from ipdesk.core.outbox.models import InboxMessage, Outbox
from ipdesk.core.outbox.render import LetterError
from ipdesk.core.outbox.senders import InboxSender, Outcome, RecordingSender

SELLER = Recipient(
    role="seller", name="Harbour Goods", address="seller@store.example", locale="zh-Hans-CN",
    subject_id="store:12",
)
LATER = Outcome("try_again", {"code": 451})
NEVER = Outcome("refused", {"code": 550})
PROOF = Consequence("record_delivery", "record_delivery_failure", {"claims": [1, 2]})


@pytest.fixture
def case_ids(desk_db, clock):
    """Two cases that letters can belong to."""
    with unit_of_work():
        for number in (1, 2):
            db.session.add(Case(
                id=number, kind="complaint", reference=f"C-0000-000{number}", workflow="x",
                workflow_version=1, workflow_digest="0" * 64, opened_at=clock.now(),
            ))
    return (1, 2)


@pytest.fixture
def write(case_ids, clock, facts):
    """write(**changes): one letter enqueued and committed; its rows' keys."""
    def enqueue(message="complaint_opened", **changes):
        with unit_of_work():
            rows = enqueue_letter(**({
                "message": message, "recipient": SELLER, "context": facts(message),
                "at": clock.now(), "case_id": 1, "reference": "C-0000-0001",
            } | changes))
            return [(row.month, row.id) for row in rows]
    return enqueue


@pytest.fixture
def mail():
    return RecordingSender()


@pytest.fixture
def told():
    """Callbacks that note which triggers fired."""
    class Told(list):
        callbacks = None
    noted = Told()
    noted.callbacks = Callbacks(
        on_delivered=lambda row: noted.append((row.on_delivered, row.trigger_facts)),
        on_failed=lambda row: noted.append((row.on_failed, row.trigger_facts)),
    )
    return noted


def row_of(key):
    db.session.rollback()
    return db.session.get_one(Outbox, key)


# --- writing -------------------------------------------------------------------------------

def test_a_letter_is_written_in_the_readers_language_with_the_act(write, clock):
    [key] = write(consequence=PROOF)
    row = row_of(key)
    assert key == (202611, 1)
    assert (row.locale, row.channel, row.to_address) == ("zh_CN", "mail", "seller@store.example")
    assert row.subject == "您店铺的商品被投诉，请及时回应"
    assert "Harbour Goods，您好：" in row.body_text and "C-0000-0001" in row.body_html
    assert (row.on_delivered, row.on_failed) == ("record_delivery", "record_delivery_failure")
    assert row.trigger_facts == {"claims": [1, 2]}
    assert row.enqueued_at == row.next_attempt_at == clock.now()
    assert (row.status, row.attempts, len(row.context_sha256)) == ("waiting", 0, 64)


def test_nothing_is_sent_of_an_act_that_did_not_commit(case_ids, clock, facts, mail):
    with pytest.raises(Refusal), unit_of_work():
        enqueue_letter(
            message="complaint_opened", recipient=SELLER, context=facts("complaint_opened"),
            at=clock.now(), case_id=1, reference="C-0000-0001",
        )
        raise Refusal("signature_missing")
    assert deliver_due(clock, {"mail": mail}) == 0
    assert mail.sent == []


def test_a_letter_that_cannot_be_written_stops_the_act(case_ids, clock, facts):
    with pytest.raises(LetterError), unit_of_work():
        enqueue_letter(
            message="complaint_opened", recipient=SELLER, context={"desk_name": "x"},
            at=clock.now(), case_id=1, reference="C-0000-0001",
        )
    assert db.session.execute(select(Outbox)).first() is None


def test_numbers_rise_within_the_month_of_writing(write, clock):
    assert [write(), write()] == [[(202611, 1)], [(202611, 2)]]
    clock.advance(timedelta(days=20))
    [(month, _number)] = write()
    assert month == 202612


def test_a_party_with_an_inbox_gets_the_letter_there_at_once(write, clock, mail):
    keys = write(consequence=PROOF, recipient=Recipient(
        role="seller", name="Harbour Goods", address="seller@store.example", inbox=("store", 12),
    ))
    rows = [row_of(key) for key in keys]
    assert [row.channel for row in rows] == ["mail", "inbox"]
    assert [row.on_delivered for row in rows] == ["record_delivery", None]
    [placed] = db.session.execute(select(InboxMessage)).scalars()
    assert (placed.owner_kind, placed.owner_id, placed.outbox_id) == ("store", 12, rows[1].id)
    assert placed.placed_at == clock.now() and placed.read_at is None


def test_without_an_address_the_inbox_carries_the_consequence(write, clock, told):
    [key] = write(consequence=PROOF, recipient=Recipient(role="seller", inbox=("store", 12)))
    assert deliver_due(clock, {"inbox": InboxSender()}, callbacks=told.callbacks) == 2
    assert told == [("record_delivery", {"claims": [1, 2]})]
    assert row_of(key).proof["way"] == "inbox"


def test_a_party_that_cannot_be_reached_at_all_is_reported_as_failed(write, clock, mail, told):
    [key] = write(recipient=Recipient(role="seller"), consequence=PROOF)
    deliver_due(clock, {"mail": mail}, callbacks=told.callbacks)
    assert row_of(key).status == "failed"
    assert told == [("record_delivery_failure", {"claims": [1, 2]})]


@pytest.mark.parametrize("change", [
    {"body_text": "other"}, {"to_address": "x@y.example"}, {"context_sha256": "0" * 64},
    {"on_delivered": "uphold"}, {"case_id": None},
])
def test_the_database_refuses_to_change_a_written_letter(write, change):
    write()
    with pytest.raises(DatabaseError, match="a written letter stands"), unit_of_work():
        db.session.execute(update(Outbox).values(**change))


def test_the_database_refuses_an_unknown_channel(write):
    write()
    known = db.session.execute(select(Outbox.__table__)).mappings().one()
    with pytest.raises(DatabaseError, match="ck_outbox_channel"), unit_of_work():
        db.session.execute(insert(Outbox).values({**known, "id": 99, "channel": "pigeon"}))


# --- sending -------------------------------------------------------------------------------

def test_a_delivered_letter_is_proven_and_fires_its_trigger_once(write, clock, mail, told):
    [key] = write(consequence=PROOF)
    clock.advance(timedelta(seconds=7))
    assert deliver_due(clock, {"mail": mail}, callbacks=told.callbacks) == 2
    row = row_of(key)
    assert row.accepted_at == row.settled_at == clock.now()
    assert row.proof["message_id"] == mail.sent[0].message_id
    assert (row.proof["attempt"], row.status) == (1, "delivered")
    assert told == [("record_delivery", {"claims": [1, 2]})]
    assert deliver_due(clock, {"mail": mail}, callbacks=told.callbacks) == 0
    assert len(mail.sent) == len(told) == 1


def test_a_letter_without_consequence_is_settled_with_its_delivery(write, clock, mail, told):
    [key] = write()
    assert deliver_due(clock, {"mail": mail}, callbacks=told.callbacks) == 1
    assert row_of(key).settled_at is not None and told == []


def test_a_channel_without_a_sender_waits(write, clock, mail):
    write()
    assert deliver_due(clock, {"inbox": InboxSender()}) == 0
    assert deliver_due(clock, {"mail": mail}) == 1


def test_retries_follow_the_table_with_one_message_id_and_then_give_up(
    write, clock, mail, told,
):
    [key] = write(consequence=PROOF)
    for attempt, pause in enumerate(PAUSES, start=1):
        mail.answers = [LATER]
        assert deliver_due(clock, {"mail": mail}, callbacks=told.callbacks) == 1
        row = row_of(key)
        assert (row.attempts, row.next_attempt_at) == (attempt, clock.now() + pause)
        clock.advance(pause - timedelta(seconds=1))
        assert deliver_due(clock, {"mail": mail}) == 0
        clock.advance(timedelta(seconds=1))
    assert told == []
    mail.answers = [LATER]
    deliver_due(clock, {"mail": mail}, callbacks=told.callbacks)
    assert row_of(key).status == "failed"
    assert told == [("record_delivery_failure", {"claims": [1, 2]})]
    assert len(mail.sent) == len(PAUSES) + 1
    assert len({(m.message_id, m.content) for m in mail.sent}) == 1


def test_retries_outlast_a_long_weekend():
    assert sum(PAUSES, timedelta()) > timedelta(days=4)
    assert list(PAUSES) == sorted(PAUSES)


def test_a_relay_that_is_down_a_day_loses_nothing(write, clock, mail):
    keys = [write(case_id=None)[0] for _ in range(5)]
    up_again = clock.now() + timedelta(days=1)
    for _ in range(200):
        mail.answers = [] if clock.now() >= up_again else [LATER] * 5
        deliver_due(clock, {"mail": mail})
        clock.advance(timedelta(minutes=15))
    assert {row_of(key).status for key in keys} == {"delivered"}


def test_a_refused_recipient_is_final_at_once(write, clock, mail, told):
    [key] = write(consequence=PROOF)
    mail.answers = [NEVER]
    deliver_due(clock, {"mail": mail}, callbacks=told.callbacks)
    row = row_of(key)
    assert (row.failed_at, row.accepted_at, row.proof["code"]) == (clock.now(), None, 550)
    assert told == [("record_delivery_failure", {"claims": [1, 2]})]


def test_letters_of_one_case_to_one_address_keep_their_order(write, clock, mail):
    first, [second], [other] = write(), write("reminder_response"), write(case_id=2)
    mail.answers = [LATER]
    assert deliver_due(clock, {"mail": mail}) == 2  # the first of each case
    assert row_of(other).status == "delivered"
    assert deliver_due(clock, {"mail": mail}) == 0
    clock.advance(PAUSES[0])
    assert deliver_due(clock, {"mail": mail}) == 1
    assert (row_of(first[0]).status, row_of(second).status) == ("delivered", "waiting")
    assert deliver_due(clock, {"mail": mail}) == 1
    assert row_of(second).status == "delivered"


def test_a_letter_that_was_given_up_does_not_hold_up_the_next(write, clock, mail):
    write()
    [second] = write("reminder_response")
    mail.answers = [NEVER]
    deliver_due(clock, {"mail": mail})
    deliver_due(clock, {"mail": mail})
    assert row_of(second).status == "delivered"


def test_a_batch_is_no_larger_than_asked(write, clock, mail):
    for _ in range(5):
        write(case_id=None)
    assert [deliver_due(clock, {"mail": mail}, limit=2) for _ in range(4)] == [2, 2, 1, 0]


# --- crashes, rivals, faults ---------------------------------------------------------------

class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs afterwards."""


def test_a_crash_between_yes_and_commit_sends_once_more_under_the_same_id(
    write, clock, mail, monkeypatch,
):
    [key] = write()

    def die(*_):
        raise Killed
    with monkeypatch.context() as crash:
        crash.setattr(deliver, "_record", die)
        crash.setattr(deliver, "_give_back", lambda _: None)
        with pytest.raises(Killed):
            deliver_due(clock, {"mail": mail})
    assert deliver_due(clock, {"mail": mail}) == 0  # the lease is still held
    clock.advance(LEASE)
    assert deliver_due(clock, {"mail": mail}) == 1
    assert deliver_due(clock, {"mail": mail}) == 0
    assert row_of(key).status == "delivered"
    assert len(mail.sent) == 2 and mail.sent[0] == mail.sent[1]


def test_a_crash_before_sending_loses_nothing(write, clock, mail, monkeypatch):
    [key] = write()

    class Dying(RecordingSender):
        def send(self, parcel, at):
            raise Killed
    with monkeypatch.context() as crash:
        crash.setattr(deliver, "_give_back", lambda _: None)
        with pytest.raises(Killed):
            deliver_due(clock, {"mail": Dying()})
    clock.advance(LEASE)
    deliver_due(clock, {"mail": mail})
    assert row_of(key).status == "delivered" and len(mail.sent) == 1


def test_nothing_is_sent_inside_a_transaction(write, clock):
    class Watching(RecordingSender):
        def send(self, parcel, at):
            with unit_of_work():  # would raise if one were open
                db.session.execute(text("select 1"))
            return super().send(parcel, at)
    write()
    sender = Watching()
    assert deliver_due(clock, {"mail": sender}) == 1 and len(sender.sent) == 1


def test_the_fencing_token_stops_a_worker_that_woke_too_late(write, clock, caplog):
    """A worker sleeps past its lease while a second one takes over and is refused for good."""
    [key] = write()
    rival = RecordingSender(answers=[NEVER])

    class Sleeper(RecordingSender):
        def send(self, parcel, at):
            clock.advance(LEASE)
            deliver_due(clock, {"mail": rival})
            return super().send(parcel, at)
    with caplog.at_level(logging.WARNING):
        deliver_due(clock, {"mail": Sleeper()})
    row = row_of(key)
    assert (row.status, row.proof["code"], row.lease_token) == ("failed", 550, 2)
    assert "was taken over meanwhile" in caplog.text


def test_a_slow_batch_gives_back_what_it_cannot_send_in_its_time(write, clock):
    keys = [write(case_id=None)[0] for _ in range(3)]

    class Slow(RecordingSender):
        def send(self, parcel, at):
            clock.advance(BATCH_TIME)
            return super().send(parcel, at)
    assert deliver_due(clock, {"mail": Slow()}) == 1
    waiting = [row_of(key) for key in keys[1:]]
    assert [(row.status, row.lease_until, row.attempts) for row in waiting] == [
        ("waiting", None, 0)] * 2
    assert deliver_due(clock, {"mail": RecordingSender()}) == 2


def test_a_fault_of_a_sender_holds_up_no_other_letter(write, clock, caplog):
    bad, [good] = write(case_id=None), write(case_id=None)

    class Faulty(RecordingSender):
        def send(self, parcel, at):
            if (parcel.month, parcel.id) == bad[0]:
                raise ZeroDivisionError("fault with seller@store.example")
            return super().send(parcel, at)
    assert deliver_due(clock, {"mail": Faulty()}) == 2
    assert row_of(good).status == "delivered"
    row = row_of(bad[0])
    assert (row.status, row.proof["error"]) == ("waiting", "ZeroDivisionError")
    assert "outbox 202611-1 not sent: ZeroDivisionError at" in caplog.text
    assert "seller@store.example" not in caplog.text


def test_a_failed_consequence_is_tried_again_and_sends_nothing_twice(write, clock, mail, told):
    [key] = write(consequence=PROOF)

    def fail(_row):
        raise RuntimeError("casework is not there")
    deliver_due(clock, {"mail": mail}, callbacks=Callbacks(fail, fail))
    row = row_of(key)
    assert row.status == "delivered" and row.settled_at is None
    assert deliver_due(clock, {"mail": mail}, callbacks=told.callbacks) == 0
    clock.advance(SETTLE_PAUSE)
    assert deliver_due(clock, {"mail": mail}, callbacks=told.callbacks) == 1
    assert told == [("record_delivery", {"claims": [1, 2]})]
    assert len(mail.sent) == 1


def test_a_consequence_is_whole_or_not_at_all(write, clock, mail):
    write(consequence=PROOF)

    def half(_row):
        db.session.execute(update(Case).values(kind="half"))
        raise RuntimeError
    deliver_due(clock, {"mail": mail}, callbacks=Callbacks(half, half))
    db.session.rollback()
    assert set(db.session.execute(select(Case.kind)).scalars()) == {"complaint"}


def test_a_consequence_that_is_no_longer_possible_settles_the_letter(write, clock, mail):
    [key] = write(consequence=PROOF)

    def refuse(_row):
        raise Refusal("claims_already_closed")
    callbacks = Callbacks(refuse, refuse)
    deliver_due(clock, {"mail": mail}, callbacks=callbacks)
    row = row_of(key)
    assert row.settled_at is not None and row.proof["way"] == "recording"
    assert deliver_due(clock, {"mail": mail}, callbacks=callbacks) == 0


def test_a_crash_before_the_consequence_is_made_up_for(write, clock, mail, told):
    write(consequence=PROOF)
    deliver_due(clock, {"mail": mail})  # as if the worker had died right after the proof
    assert deliver_due(clock, {"mail": mail}, callbacks=told.callbacks) == 1
    assert told == [("record_delivery", {"claims": [1, 2]})]
