from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask

from ipdesk.core.db.core import db
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.catalogue.models import Listing, Marketplace, Store
from ipdesk.features.holds import operations

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nobody_listens() -> Iterator[None]:
    """These listings have claims that do not exist: keep the cases' own reaction out."""
    before = list(operations._on_confirmed)
    operations._on_confirmed.clear()
    yield
    operations._on_confirmed[:] = before


@pytest.fixture
def tables(app: Flask, clock: FixedClock) -> Iterator[Flask]:
    """The application with an open context: these tests work below the pages."""
    clock.set(AT)
    with app.app_context():
        yield app


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
def confirmed() -> list[int]:
    """Ids of the instructions that were reported as confirmed, in order."""
    heard: list[int] = []
    operations.on_confirmed(lambda instruction, at: heard.append(instruction.id))
    return heard
