"""The database that is measured: the demo marketplace, played through the real operations, many times over."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count, cycle

from flask_security import hash_password
from sqlalchemy import Connection, func, inspect, select, text
from tqdm import tqdm

from ipdesk.bench.copies import Copier, Prototype, read_prototype
from ipdesk.config import Settings
from ipdesk.core.casework import tallies
from ipdesk.core.casework.models import Case
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.kernel.clock import SystemClock
from ipdesk.demo.people import PASSWORD
from ipdesk.demo.story import Stage
from ipdesk.features.accounts import operations as accounts
from ipdesk.features.accounts.models import StoreBinding
from ipdesk.features.catalogue.models import Store
from ipdesk.features.complaints.models import Complaint

# Of all complaints: closed ones, those that one agent brought, those against one large store.
CLOSED, OF_AGENT, OF_LARGE_STORE = 0.7, 0.5, 0.03
SMALL_SELLER = "three@shops.example"
AGENT, HOLDER = "agent@brandguard.example", "rights@aurora.example"
STAFF, LARGE_SELLER = "legal@desk.example", "seller-a@shops.example"
COMPLAINTS_PER_STORE, COMPLAINTS_PER_RIGHT = 40, 60
# A complaint of one listing against a claimed store, whose seller has not answered yet.
SILENT = "silent"


class NotEmpty(Exception):
    """The database holds tables already; it was not touched."""


@dataclass(frozen=True)
class Filled:
    """What was filled in. ``richest`` is the reference of the complaint with the longest record."""

    complaints: int
    richest: str
    market_id: int
    right_id: int


def refuse_unless_empty() -> None:
    """``NotEmpty`` where the database has any table."""
    with db.engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise NotEmpty("this database has tables already; the bench fills an empty one and removes everything afterwards")


@contextmanager
def throw_away_database() -> Iterator[None]:
    """The tables of the desk in an empty database, and none afterwards."""
    refuse_unless_empty()
    db.create_all()
    try:
        yield
    finally:
        db.session.remove()
        if db.engine.dialect.name != "sqlite":  # a SQLite file goes with its folder
            db.drop_all()
        db.engine.dispose()


def play_demo(settings: Settings) -> Stage:
    """The demo marketplace with its complaints in every state, and the silent one of the bench."""
    stage = Stage(settings, SystemClock().now().replace(microsecond=0))
    stage.files(SILENT, 1.4, "holder", "mark", [("S-1005", 3)], "counterfeit", "The shop sells a copy.")
    stage.screens(SILENT, 1.1)
    stage.play()
    with unit_of_work():
        tallies.fold()
    return stage


def fill(stage: Stage, complaints: int) -> Filled:
    """Copies of the demo's cases up to ``complaints`` complaints in all."""
    small = _small_seller(stage)
    with _bulk() as connection:
        market = _Market(connection, stage, complaints, small)
        copier = Copier(connection)
        rights = market.rights(copier)
        market.complaints(copier, rights)
        copier.close()
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    return _filled(stage)


def fill_silent(stage: Stage, complaints: int) -> datetime:
    """``complaints`` complaints whose sellers' time ends in the same second, which it gives (UTC)."""
    with _bulk() as connection:
        notice = stage.cast[f"{SILENT}/notice"] + stage.cast[SILENT]
        prototype = read_prototype(connection, notice, "notice")
        copier = Copier(connection)
        for _ in range(complaints - 1):
            copier.copy(prototype)
        copier.close()
    at = db.session.execute(select(Deadline.fires_at).where(
        Deadline.case_id == stage.cast[SILENT][0], Deadline.status == "open")).scalar_one()
    db.session.rollback()
    return at


@contextmanager
def _bulk() -> Iterator[Connection]:
    """One transaction that SQLite need not sync: the database is thrown away if the machine goes down."""
    db.session.remove()
    with db.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA synchronous=OFF")
            connection.exec_driver_sql("BEGIN")
        yield connection
        connection.commit()
        if sqlite:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()  # no connection without sync goes back to work


class _Market:
    """Who complains of whom in the copies: the same for the same size."""

    def __init__(self, connection: Connection, stage: Stage, complaints: int, small: int) -> None:
        self.stage, self.connection, self.wanted, self.small = stage, connection, complaints, small
        self.dice = random.Random(1)  # noqa: S311 - a repeatable choice, no secret
        self.there = connection.execute(select(func.count()).select_from(Complaint)).scalar_one()
        self.stores = self._stores(max(20, complaints // COMPLAINTS_PER_STORE))
        self.large = stage.stores["S-1001"]

    def _stores(self, number: int) -> list[int]:
        """Stores that nobody has claimed, with names out of the usual words."""
        start = self.connection.execute(select(func.max(Store.id))).scalar_one()
        owners = ("Northern", "Blue", "Harbour", "Golden", "Quiet", "Maple", "River", "晓光", "华港", "Straße")
        wares = ("Electronics", "Outlet", "Gadgets", "Prints", "数码", "手工", "Trading", "Home", "Sport")
        names = (f"{owner} {ware} {turn}" for turn in count(1) for owner in owners for ware in wares)
        ids = list(range(start + 1, start + 1 + number))
        self.connection.execute(Store.__table__.insert(), [
            {"id": place, "marketplace_id": self.stage.market_id, "external_id": f"S-9{place:06}",
             "name": name, "contact_email": f"store-{place}@shops.example", "locale": "en", "country": "",
             "search_text": name.lower()} for place, name in zip(ids, names, strict=False)])
        return ids

    def rights(self, copier: Copier) -> Mapping[int, Sequence[int]]:
        """Old right → the rights of the same owner that copies may rest on, itself among them."""
        found: dict[int, list[int]] = {}
        each = max(1, self.wanted // COMPLAINTS_PER_RIGHT // len(self.stage.rights))
        for number in self.stage.rights.values():
            prototype = read_prototype(self.connection, [number], "right")
            found[number] = [number, *(copier.copy(prototype)[0] for _ in range(each))]
        copier.flush()
        return found

    def complaints(self, copier: Copier, rights: Mapping[int, Sequence[int]]) -> None:
        """Copies until there are as many complaints as wanted."""
        pools = self._pools()
        turns = {number: cycle(pool) for number, pool in rights.items()}
        small = 3
        bar = tqdm(total=self.wanted, initial=self.there, unit="complaint", disable=None)
        while self.there < self.wanted:
            agent, closed = self.dice.random() < OF_AGENT, self.dice.random() < CLOSED
            prototype = self.dice.choice(pools[agent, closed])
            if self.there + len(prototype.complaints) > self.wanted:
                prototype = min(pools[agent, closed], key=lambda one: len(one.complaints))
            stores = self._stores_for(prototype)
            if small and len(prototype.complaints) == 1:
                stores, small = {prototype.complaints[0]["store_id"]: self.small}, small - 1
            right = prototype.complaints[0]["right_id"]
            copier.copy(prototype, stores=stores, rights={right: next(turns[right])} if right in turns else {})
            self.there += len(prototype.complaints)
            bar.update(len(prototype.complaints))
        bar.close()

    def _stores_for(self, prototype: Prototype) -> dict[int, int]:
        """For each store of ``prototype`` another one: sometimes the large one, else one by lot."""
        olds = [row["store_id"] for row in prototype.complaints]
        news = self.dice.sample(self.stores, len(olds))
        if self.dice.random() < OF_LARGE_STORE:
            news[0] = self.large
        return dict(zip(olds, news, strict=True))

    def _pools(self) -> dict[tuple[bool, bool], list[Prototype]]:
        """Prototypes by (brought by the agent, every complaint closed)."""
        agent = self.stage.people["agent"]["organisation"]
        pools: dict[tuple[bool, bool], list[Prototype]] = {
            (by_agent, closed): [] for by_agent in (False, True) for closed in (False, True)}
        for name in sorted(name for name in self.stage.cast if name.endswith("/notice")):
            ids = [*self.stage.cast[name], *self.stage.cast[name.removesuffix("/notice")]]
            found = read_prototype(self.connection, ids, "notice")
            closed = all(state.startswith("closed.") for state in found.states)
            pools[found.organisation_id == agent, closed].append(found)
        return pools


def _small_seller(stage: Stage) -> int:
    """A store with an account of its own, for the seller who has three complaints; gives the store's number."""
    at = stage.today
    with unit_of_work():
        store = Store(marketplace_id=stage.market_id, external_id="S-2003", name="Three Letters",
                      contact_email=SMALL_SELLER, locale="en")
        user = accounts.add_account(
            at=at, email=SMALL_SELLER, roles=("seller",), confirmed=True,
            person=accounts.NewPerson("Lena Vroom", hash_password(PASSWORD), "en"))
        db.session.add(store)
        db.session.flush()
        db.session.add(StoreBinding(user_id=user.id, store_id=store.id, main=True, via="invitation",
                                    proof="", bound_at=at))
        return store.id


def _filled(stage: Stage) -> Filled:
    with db.engine.connect() as connection:
        total = connection.execute(select(func.count()).select_from(Complaint)).scalar_one()
    richest = stage.cast["upheld"][0]
    reference = db.session.execute(select(Case.reference).where(Case.id == richest)).scalar_one()
    db.session.rollback()
    return Filled(total, reference, stage.market_id, stage.rights["mark"])
