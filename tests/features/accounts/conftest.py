"""What the tests of accounts share: letters as they were written, and the links in them."""

import re

import pytest
from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.core.outbox.models import Outbox


@pytest.fixture
def letters(app):
    """letters(message): what was written so far, oldest first, as (to, text)."""
    def read(message=None):
        query = select(Outbox.message, Outbox.to_address, Outbox.body_text).order_by(Outbox.month, Outbox.id)
        with app.app_context():
            rows = db.session.execute(query).all()
        return [(to, text) for name, to, text in rows if message in (None, name)]
    return read


@pytest.fixture
def link_of(letters):
    """link_of(message): the path of the link in the last letter of this name."""
    def read(message):
        _to, text = letters(message)[-1]
        return re.search(r"https://desk\.example(/\S+)", text)[1]
    return read


@pytest.fixture
def rows(app):
    """rows(Model, **conditions): detached copies of what is stored."""
    def read(model, **wanted):
        with app.app_context():
            found = db.session.execute(select(model).filter_by(**wanted).order_by(model.id)).scalars().all()
            for row in found:
                db.session.expunge(row)
            return found
    return read
