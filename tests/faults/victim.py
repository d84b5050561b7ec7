"""An installation that is killed, filled up and raced: runs in a process of its own, prints what came of it as JSON.

    .venv/bin/python -m tests.faults.victim FOLDER SCENARIO ROUNDS SEED

The process builds the application once and forks for each life that it takes, so that a kill costs
milliseconds and hits real code at a random instant. A forked child never returns from its scenario.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from ipdesk import create_app
from ipdesk.config import load_settings
from ipdesk.core.casework.sweep import sweep
from ipdesk.core.db.core import db
from ipdesk.core.jobs.loop import Worker
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.core.outbox.deliver import LEASE, deliver_due
from ipdesk.core.outbox.models import Outbox
from ipdesk.core.outbox.senders import InboxSender, Outcome
from ipdesk.features.catalogue import imports
from ipdesk.features.catalogue.models import Listing, Marketplace, StagedListing
from ipdesk.features.evidence.setup import keep_picture
from ipdesk.fsck import faults
from tests import make
from tests.digest import changed, digest
from tests.journeys.conftest import Desk
from tests.visitors import START
from tests.working import worker_of

BATCH = 5  # small transactions, so that many boundaries lie where a kill can hit


class Installation:
    """A desk with ``stores`` stores of one listing each, in a folder of its own."""

    def __init__(self, folder: Path, stores: int) -> None:
        self.clock = FixedClock(START)
        self.settings = load_settings(folder, testing=True, base_url="https://desk.example", zone="America/New_York")
        self.app = create_app(self.settings, self.clock)
        self.app.app_context().push()
        db.create_all()
        make.use(self.app)
        market = make.marketplace(market="US")
        self.stores = [kept(make.store(marketplace_id=market.id)) for _ in range(stores)]
        listings = self.more_listings()
        people = {"rights_holder": kept(make.user(role="rights_holder")), "legal": kept(make.user(role="legal"))}
        self.desk = Desk(self.app, self.clock, people, self.stores, listings)

    def more_listings(self) -> list[Any]:
        """One new listing in each store: nobody complains of the same one twice."""
        return [kept(make.listing(store=store)) for store in self.stores]

    def overdue(self) -> list[Any]:
        """One complaint per store, each with a time to answer that has run out at this very instant."""
        filed = self.desk.file()
        self.desk.accept(filed)
        self.desk.work()
        self.clock.advance(timedelta(days=5))
        self.leave()
        return filed

    def leave(self) -> None:
        """Give every connection back: a fork must not share one."""
        db.session.remove()
        db.engine.dispose()

    def sound(self) -> list[str]:
        db.session.remove()
        return list(faults(self.settings))


def kept(row: Any) -> Any:
    db.session.refresh(row)
    db.session.expunge(row)
    return row


def life(act: Callable[[], Any], seconds: float | None = None) -> int:
    """Run ``act`` in a forked child, killed after ``seconds``; its exit status (negative: the signal)."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def worked(place: Installation) -> None:
    """The whole worker, sweeping in small batches, until nothing is due."""
    work = [job for job in worker_of(place.settings, place.clock).jobs if job.name != "deadlines"]
    worker = Worker(work, place.clock)
    while sweep(place.clock.now(), BATCH) + worker.round():
        pass


def killed_at_random(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """SIGKILL to the worker at random instants while everything is due; then one life that may finish."""
    place, rng = Installation(folder, stores=300 if rounds > 50 else 80), random.Random(seed)
    filed = place.overdue()
    began = time.monotonic()
    life(lambda: worked(place), 0.4)  # how far one gets, to aim the kills between beginning and end
    ends: Counter[int] = Counter()
    for _ in range(rounds):
        ends[life(lambda: worked(place), rng.uniform(0.005, 0.25))] += 1
        place.clock.advance(timedelta(minutes=11))  # leases of the dead run out
    last = life(lambda: worked(place))
    return {**account(place, filed), "ends": dict(ends), "last": last, "seconds": time.monotonic() - began}


def account(place: Installation, filed: list[Any]) -> dict[str, Any]:
    """What is in the books of the cases: acts, letters and states, each counted."""
    acts = Counter(db.session.execute(text("select case_id from audit_entries where act = 'response_overdue'")).scalars())
    letters = Counter(db.session.execute(select(Outbox.case_id).where(
        Outbox.message == "listing_delisted", Outbox.channel == "mail")).scalars())
    states = Counter(db.session.execute(text("select state from claims")).scalars())
    waiting = db.session.execute(select(Outbox.id).where(Outbox.accepted_at.is_(None), Outbox.failed_at.is_(None))).all()
    return {"cases": len(filed), "acts": sorted(Counter(acts.values()).items()), "letters": sorted(Counter(letters.values()).items()),
            "states": dict(states), "unsent": len(waiting), "faults": place.sound()}


def two_workers(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """Two workers over the same cases at once, as two processes."""
    place = Installation(folder, stores=60)
    filed = place.overdue()
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            try:
                worked(place)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return {**account(place, filed), "ends": ends}


def dead_at_every_write(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """A filing that dies at its first, second, … write, then before and after its commit; then one that lives."""
    place = Installation(folder, stores=2)
    place.leave()
    before, left, survived = digest(), [], -1
    place.leave()
    for number in range(1000):
        code = life(lambda number=number: (_die_at(number), place.desk.file()))
        if difference := (changed(before, digest()) if code == 9 else []):
            left.append([number, difference])
        place.leave()
        if code != 9:
            survived = number
            break
    wrote = changed(before, digest())
    return {"left": left, "writes": survived, "last": code, "wrote": [line.split()[0] for line in wrote], "faults": place.sound()}


def _die_at(number: int) -> None:
    seen = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            seen.append(1)
            if len(seen) > number:
                os._exit(9)

    event.listen(db.engine, "before_cursor_execute", note)


def dead_around_the_commit(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """A filing that dies in the last instant before the commit, and one that dies in the first after it."""
    place = Installation(folder, stores=2)
    place.leave()
    before = digest()
    place.leave()
    first = life(lambda: (_die_around("before_commit"), place.desk.file()))
    nothing = changed(before, digest())
    place.leave()
    second = life(lambda: (_die_around("after_commit"), place.desk.file()))
    whole = changed(before, digest())
    states = Counter(db.session.execute(text("select state from claims")).scalars())
    return {"codes": [first, second], "before": nothing, "after": [line.split()[0] for line in whole], "states": dict(states),
            "faults": place.sound()}


def _die_around(moment: str) -> None:
    event.listen(db.session, moment, lambda *_: os._exit(9))


def dead_between_sending_and_noting(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """The relay has said yes and the worker dies before it can note that; the next one finds the letter waiting."""
    place = Installation(folder, stores=2)
    place.desk.accept(place.desk.file())
    place.leave()
    sent = folder / "sent.txt"
    lives = []
    for number in range(rounds):
        sender = _Relay(sent, dies=number < rounds - 1)
        lives.append(life(lambda sender=sender: deliver_due(
            place.clock, {"mail": sender, "inbox": InboxSender()}, 50)))
        place.clock.advance(LEASE + timedelta(minutes=1))
    deliver_due(place.clock, {"mail": _Relay(sent, dies=False), "inbox": InboxSender()}, 50)
    keys = Counter(sent.read_text().split())
    known = set(db.session.execute(select(Outbox).where(Outbox.channel == "mail")).scalars())
    return {"lives": lives, "sent": dict(keys), "letters": sorted(row.mail_key for row in known),
            "unsent": sum(row.accepted_at is None for row in known), "faults": place.sound()}


class _Relay:
    """A relay that takes every letter; after the first one the worker is dead."""

    def __init__(self, sent: Path, *, dies: bool) -> None:
        self.sent, self.dies = sent, dies

    def send(self, parcel: Any, at: Any) -> Outcome:
        with self.sent.open("a") as file:
            file.write(parcel.mail_key + "\n")
        if self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome("accepted", {"reply": "250 taken"})

    def close(self) -> None:
        """Nothing is held open."""


def full_disk(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """The database may grow by one page more each time, until a filing fits: whatever does not fit leaves nothing."""
    place = Installation(folder, stores=20)
    wanted = place.more_listings()
    place.desk.file()
    place.leave()
    with db.engine.connect() as connection:
        room = connection.exec_driver_sql("pragma page_count").scalar()
    event.listen(db.engine, "connect", lambda connection, _: connection.execute(f"PRAGMA max_page_count={room}"))
    refused, left, read = 0, [], 0
    while refused < 1000:
        place.leave()
        before = digest()
        room += 1
        place.leave()
        try:
            place.desk.file(listings=wanted)
            break
        except OperationalError as error:
            if "full" not in str(error.orig):
                raise
            refused += 1
            db.session.rollback()
            read += db.session.execute(text("select count(*) from complaints")).scalar() == 20
            place.leave()
            if difference := changed(before, digest()):
                left.append([refused, difference])
    return {"refused": refused, "readable": read, "left": left, "faults": place.sound()}


def filled_disk(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """Somebody else's file takes the last bytes of the file system, between two filings and for several."""
    place = Installation(folder, stores=20)
    wanted = [place.more_listings() for _ in range(5)]
    place.desk.file()
    place.leave()
    ballast = folder / "ballast"
    left, refused = [], 0
    for spare in (0, 4096, 16_384, 65_536):
        before = digest()
        place.leave()
        _fill(ballast, spare)
        try:
            place.desk.file(listings=wanted.pop())
            full = False
        except OperationalError:
            full = True
        place.leave()
        ballast.unlink()
        refused += full
        if full and (difference := changed(before, digest())):
            left.append([spare, difference])
        place.leave()
    place.desk.file(listings=wanted.pop())
    return {"refused": refused, "left": left, "filed": True, "faults": place.sound()}


def _fill(ballast: Path, spare: int) -> None:
    """Fill the file system up but for ``spare`` bytes."""
    room = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        try:
            file.write(bytes(max(room.f_bavail * room.f_frsize - spare, 0)))
            file.flush()
        except OSError:
            return


def import_killed_at_random(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """SIGKILL to imports of one small file (one slice) and of large ones; after each what is in, and what the worker makes of it."""
    place, rng = Installation(folder, stores=1), random.Random(seed)
    market = db.session.scalars(select(Marketplace)).one()
    market_id = market.id
    imports.SLICE_ROWS, imports.PAUSE_SECONDS = 3000, 0.01
    file, rejects = folder / "listings.csv", folder / "rejects.csv"
    ends: Counter[int] = Counter()
    small_at_once, all_in_the_end = [], []
    place.leave()
    for number in range(rounds):
        size = 2000 if number % 2 else 8000
        file.write_text("listing_id,store_id,store_name,title,url\n" + "".join(
            f"K{n},S{n % 7},Store {n % 7},Torch {number},https://market.example/K{n}\n" for n in range(size)))
        ends[life(lambda: _taken(file, rejects, market_id, place.clock), rng.uniform(0.02, 0.9))] += 1
        if number % 2:
            small_at_once.append(_with_title(f"Torch {number}") in (0, size))
        place.clock.advance(timedelta(minutes=61))
        place.leave()
        imports.finish_cut_off(place.clock.now, silent=imports.DEAD_AFTER)
        all_in_the_end.append(_with_title(f"Torch {number}") in (0, size))
        place.leave()
    left = db.session.scalar(select(func.count()).select_from(StagedListing))
    return {"ends": dict(ends), "small_at_once": small_at_once, "all_in_the_end": all_in_the_end, "left": left,
            "faults": place.sound()}


def _taken(file: Path, rejects: Path, market_id: int, clock: Any) -> None:
    imports.import_listings(
        file, marketplace=db.session.get_one(Marketplace, market_id), rejects=rejects, now=clock.now, keep_picture=keep_picture)


def _with_title(title: str) -> int:
    found = db.session.scalar(select(func.count()).select_from(Listing).where(Listing.title == title))
    db.session.rollback()
    return found or 0


SCENARIOS: dict[str, Callable[[Path, int, int], dict[str, Any]]] = {
    scenario.__name__: scenario for scenario in (
        killed_at_random, two_workers, dead_at_every_write, dead_around_the_commit, dead_between_sending_and_noting, full_disk,
        filled_disk, import_killed_at_random)}


if __name__ == "__main__":
    folder, name, rounds, seed = sys.argv[1:]
    sys.stdout.write(json.dumps(SCENARIOS[name](Path(folder), int(rounds), int(seed))))
