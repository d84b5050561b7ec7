from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from ipdesk.core.db.core import db
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.features.accounts import models as _accounts  # noqa: F401 - tables that others point to
from ipdesk.features.catalogue.models import Listing, Marketplace, Store

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Flask]:
    """An application that is a database and a clock, nothing else."""
    app = Flask("tables")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'desk.db'}"
    app.extensions["ipdesk.clock"] = FixedClock(AT)
    db.init_app(app)
    Babel(app)
    with app.app_context():
        wanted = [Marketplace, Store, Listing]
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
def store(marketplace: Marketplace) -> Store:
    found = Store(marketplace=marketplace, external_id="S1", name="Blue Ocean Trading")
    db.session.add(found)
    db.session.commit()
    return found
