from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask

from ipdesk.core.db.core import db
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.catalogue.models import Listing, Marketplace, Store

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


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
