"""Long work: asked for in a transaction, done once, resumed at its last finished step, ended when nobody wants it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.jobs import kinds, requests, work
from ipdesk.core.jobs.models import JobRequest
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.clock import SystemClock


@pytest.fixture
def done(app):
    """What the steps of the tests have done, in order; the engine is put away afterwards."""
    with app.app_context():
        yield []
        work.close()


def ask(app, kind="sum", **args) -> int:
    with unit_of_work():
        return requests.request(kind, args or {"left": 2, "right": 3}, actor(app)).id


def actor(app) -> Actor:
    return Actor(at=app.extensions["ipdesk.clock"].now(), user_id=7)


def pump_until_idle(app) -> None:
    for _ in range(200):
        if not work.pump(app.extensions["ipdesk.clock"].now()):
            return
    raise AssertionError("the work never came to rest")


def job(number: int) -> JobRequest:
    db.session.rollback()
    return db.session.get_one(JobRequest, number)


def test_steps_run_in_order_and_hand_on_what_they_found(app, done):
    def add(task):
        done.append("add")
        return {"sum": task.args["left"] + task.args["right"]}

    def double(task):
        done.append("double")
        task.progress(1, 2, "doubling")
        return {"twice": 2 * task.results["add"]["sum"]}

    kinds.register("sum", (("add", add), ("double", double)))
    number = ask(app)
    assert job(number).status == "waiting"
    pump_until_idle(app)
    row = job(number)
    assert (row.status, row.result, row.error) == ("done", {"twice": 10}, "")
    assert row.finished_at == app.extensions["ipdesk.clock"].now() and row.lease_until is None
    assert done == ["add", "double"]


def test_a_request_of_a_transaction_that_failed_was_never_made(app, done):
    kinds.register("sum", (("add", lambda task: done.append("add")),))
    with pytest.raises(RuntimeError), unit_of_work():
        requests.request("sum", {"left": 1}, actor(app))
        raise RuntimeError
    assert work.pump(actor(app).at) == 0 and done == []


def test_arguments_are_ids_only(app, done):
    with pytest.raises(ValueError, match="ids"), unit_of_work():
        requests.request("sum", {"name": "Ada Example"}, actor(app))


def test_what_fails_says_why_in_plain_words(app, done):
    def refuse(task):
        raise kinds.JobFailed("There is no room left.")

    def stumble(task):
        raise ZeroDivisionError("of no use to anybody")

    kinds.register("refuse", (("only", refuse),), given_up=lambda task: done.append("tidied"))
    kinds.register("stumble", (("only", stumble),))
    first, second, third = ask(app, "refuse"), ask(app, "stumble"), ask(app, "unknown")
    pump_until_idle(app)
    assert [job(n).status for n in (first, second, third)] == ["failed"] * 3
    assert job(first).error == "There is no room left." and done == ["tidied"]
    assert job(second).error == job(third).error == kinds.SOMETHING_WENT_WRONG


def test_what_waits_is_cancelled_at_once_and_never_begun(app, done):
    kinds.register("sum", (("add", lambda task: done.append("add")),))
    number = ask(app)
    with unit_of_work():
        requests.cancel(job_in_work(number), actor(app))
    pump_until_idle(app)
    assert job(number).status == "cancelled" and done == []


def job_in_work(number: int) -> JobRequest:
    return db.session.get_one(JobRequest, number)


def test_what_runs_ends_at_its_next_sign_of_life_when_cancelled(app, done):
    def slow(task):
        with unit_of_work():
            requests.cancel(db.session.get_one(JobRequest, task.id), actor(app))
        try:
            task.progress(1, 9, "the first")
        except Exception:  # a step that catches its own faults does not catch this
            done.append("caught")
        done.append("went on")

    kinds.register("slow", (("only", slow),), given_up=lambda task: done.append("tidied"))
    number = ask(app, "slow")
    pump_until_idle(app)
    assert job(number).status == "cancelled" and done == ["tidied"]


def test_a_finished_job_stays_as_it_is(app, done):
    kinds.register("sum", (("add", lambda task: 1),))
    number = ask(app)
    pump_until_idle(app)
    with unit_of_work():
        requests.cancel(job_in_work(number), actor(app))
    assert job(number).status == "done" and not job(number).cancel_asked


def test_who_lost_the_lease_writes_nothing_more(app, done):
    def overtaken(task):
        if task.token == 1:
            with unit_of_work():  # another process has taken it and lives
                db.session.execute(update(JobRequest).where(JobRequest.id == task.id).values(
                    lease_token=2, lease_until=SystemClock().now() + timedelta(minutes=5)))
        with unit_of_work():
            task.require_lease()
            done.append("written")
        return 1

    kinds.register("race", (("only", overtaken),))
    number = ask(app, "race")
    pump_until_idle(app)
    assert done == [] and job(number).status == "running" and job(number).lease_token == 2


def test_work_of_a_dead_process_goes_on_after_its_last_finished_step(app, done):
    """The first holder stops after its first step; the lease runs out; the second does the second step only."""
    def first(task):
        done.append("first")
        return 1

    def second(task):
        done.append("second")
        if len(done) == 2:
            raise kinds.Stopping
        return task.results["first"] + 1

    kinds.register("two", (("first", first), ("second", second)))
    number = ask(app, "two")
    pump_until_idle(app)
    assert done == ["first", "second", "second"]
    assert (job(number).status, job(number).result, job(number).lease_token) == ("done", 2, 2)


def test_losing_the_engines_memory_loses_no_work(app, done, place):
    kinds.register("two", (("first", lambda task: done.append("first")), ("second", lambda task: done.append("second"))))
    number = ask(app, "two")
    with unit_of_work():  # begun by somebody who is gone, and the engine knows nothing of it
        db.session.execute(update(JobRequest).where(JobRequest.id == number).values(
            status="running", lease_token=1, lease_until=SystemClock().now() - timedelta(seconds=1)))
    pump_until_idle(app)
    assert job(number).status == "done" and done == ["first", "second"]


def test_an_idle_worker_never_opens_the_engine(app, done):
    assert work.pump(actor(app).at) == 0
    assert work._hands is None
