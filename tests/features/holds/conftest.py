from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from ipdesk.core.db.core import db
from ipdesk.core.http import access
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.accounts import models as _accounts  # noqa: F401 - tables that others point to
from ipdesk.features.catalogue.models import Listing, Marketplace, Store
from ipdesk.features.holds import operations
from ipdesk.features.holds.models import Hold, Instruction

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(AT)


@pytest.fixture
def tables(tmp_path: Path, clock: FixedClock) -> Iterator[Flask]:
    """An application that is a database and a clock, nothing else."""
    app = Flask("tables")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'desk.db'}"
    app.extensions["ipdesk.clock"] = clock
    db.init_app(app)
    access.install(app, lambda: Actor(at=clock.now()))
    with app.app_context():
        wanted = [Marketplace, Store, Listing, Hold, Instruction]
        db.metadata.create_all(db.engine, [model.__table__ for model in wanted])
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def marketplace(tables: Flask) -> Marketplace:
    found = Marketplace(code="main", name="Market", url="https://market.example/")
    db.session.add(found)
    db.session.commit()
    return found


@pytest.fixture
def listing(marketplace: Marketplace) -> Listing:
    store = Store(marketplace=marketplace, external_id="S1", name="Blue Ocean Trading")
    found = Listing(marketplace=marketplace, store=store, external_id="L1", title="Midnight lamp", changed_at=AT,
                    url="https://market.example/item/L1")
    db.session.add(found)
    db.session.commit()
    return found


@pytest.fixture
def confirmed() -> Iterator[list[int]]:
    """Ids of the instructions that were reported as confirmed, in order."""
    heard: list[int] = []
    before = list(operations._on_confirmed)
    operations.on_confirmed(lambda instruction, at: heard.append(instruction.id))
    yield heard
    operations._on_confirmed[:] = before
