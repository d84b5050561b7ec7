from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask

from ipdesk.core.db.core import db
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.catalogue.models import Marketplace, Store


@pytest.fixture
def tables(app: Flask) -> Iterator[Flask]:
    """The application with an open context: these tests work below the pages."""
    with app.app_context():
        yield app


@pytest.fixture
def at(tables: Flask, clock: FixedClock) -> datetime:
    return clock.now()


@pytest.fixture
def marketplace(tables: Flask) -> Marketplace:
    found = Marketplace(code="main", name="Market", url="https://market.example/")
    db.session.add(found)
    db.session.commit()
    return found


@pytest.fixture
def store(marketplace: Marketplace) -> Store:
    found = Store(marketplace=marketplace, external_id="S1", name="Blue Ocean Trading")
    db.session.add(found)
    db.session.commit()
    return found
