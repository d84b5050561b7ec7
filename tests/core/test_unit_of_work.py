"""One commit: all or nothing, one writer after the other, nobody starved."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ipdesk.core.casework.models import Tally
from ipdesk.core.db.core import db, writing
from ipdesk.core.db.unit_of_work import FairLock, unit_of_work
from tests.visitors import START


def count() -> int:
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(Tally)).scalar_one()


def add(key: str) -> None:
    db.session.add(Tally(scope="desk", key=key, value=1))


@pytest.fixture
def within(app):
    with app.app_context():
        yield app


def test_what_was_written_is_there_afterwards(within):
    with unit_of_work():
        add("one")
    assert count() == 1


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_any_error_leaves_nothing_and_is_raised_as_it_was(within, error):
    with pytest.raises(error), unit_of_work():
        add("one")
        db.session.flush()
        raise error("in the middle")
    assert count() == 0
    assert not writing.get()


def test_after_an_error_the_next_one_may_write(within):
    with pytest.raises(RuntimeError), unit_of_work():
        raise RuntimeError
    with unit_of_work():
        add("two")
    assert count() == 1


def test_an_error_of_the_commit_itself_leaves_nothing_and_hands_the_lock_on(within):
    with unit_of_work():
        add("one")
    with pytest.raises(Exception, match=r"(?i)unique|duplicate|conflict"), unit_of_work():
        add("two")
        db.session.execute(Tally.__table__.insert().values(scope="desk", key="one", value=1))
    assert count() == 1
    with unit_of_work():
        add("three")
    assert count() == 2


def test_nesting_is_refused_and_the_outer_one_goes_on(within):
    with unit_of_work():
        add("outer")
        with pytest.raises(RuntimeError, match="already open"), unit_of_work():
            add("inner")
        assert writing.get()
    assert count() == 1


def test_what_was_read_before_is_forgotten(within, app):
    """A row that was read outside is loaded anew inside, so that nobody judges by what was true a while ago."""
    with unit_of_work():
        add("one")
    row = db.session.get(Tally, ("desk", "one"))
    assert row.value == 1

    def change():
        with app.app_context(), unit_of_work():
            db.session.get(Tally, ("desk", "one")).value = 7

    thread = threading.Thread(target=change)
    thread.start()
    thread.join()
    with unit_of_work():
        assert db.session.get(Tally, ("desk", "one")).value == 7


def test_the_lock_is_handed_on_in_the_order_of_asking():
    lock, order, pause = FairLock(), [], threading.Event()

    def wait(number: int) -> None:
        lock.acquire()
        order.append(number)
        lock.release()

    lock.acquire()
    threads = [threading.Thread(target=wait, args=(n,)) for n in range(8)]
    for standing, thread in enumerate(threads, 1):
        thread.start()
        while len(lock._waiting) < standing:
            pause.wait(0.001)
    lock.release()
    for thread in threads:
        thread.join(10)
    assert order == list(range(8))


def test_eight_threads_lose_no_step(within, app):
    """Read, think, write: with a lock less, some of the 200 steps would be lost."""
    with unit_of_work():
        add("sum")
    failed = []

    def climb():
        with app.app_context():
            for _ in range(25):
                try:
                    with unit_of_work():
                        row = db.session.get(Tally, ("desk", "sum"), with_for_update=True)
                        row.value += 1
                except Exception as error:
                    failed.append(error)

    threads = [threading.Thread(target=climb) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    db.session.rollback()
    assert db.session.get(Tally, ("desk", "sum")).value == 201


def test_a_reader_is_not_kept_waiting_and_sees_the_whole_or_nothing(within, app):
    seen, started, go_on = [], threading.Event(), threading.Event()

    def write():
        with app.app_context(), unit_of_work():
            add("one")
            db.session.flush()
            started.set()
            go_on.wait(10)
            add("two")

    writer = threading.Thread(target=write)
    writer.start()
    assert started.wait(10)
    seen.append(count())
    go_on.set()
    writer.join(10)
    seen.append(count())
    assert seen == [0, 2]


def test_instants_without_a_zone_are_refused(within):
    from ipdesk.core.http.idempotency import FormSubmission

    with pytest.raises(Exception, match="zone"), unit_of_work():
        db.session.add(FormSubmission(key="k", sent_by="", location="", sent_at=START.replace(tzinfo=None)))
    with unit_of_work():
        db.session.add(FormSubmission(key="k", sent_by="", location="", sent_at=START + timedelta(microseconds=1)))
    db.session.expire_all()
    assert db.session.get(FormSubmission, "k").sent_at == START + timedelta(microseconds=1)


def test_sqlite_writes_through_to_the_disk(within):
    """WAL with synchronous=NORMAL may lose the last commits with the power; every acknowledged filing must stay."""
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            assert connection.exec_driver_sql("show synchronous_commit").scalar() == "on"
            return
        assert connection.exec_driver_sql("pragma synchronous").scalar() == 2
        assert connection.exec_driver_sql("pragma foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
