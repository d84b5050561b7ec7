"""What letters about whole cases say is what happened in them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.holds.models import Hold
from ipdesk.features.rights.models import Right
from tests.journeys.test_received_in_time import letters


def said(complaint, message, to):
    """The letter as one line of text."""
    db.session.rollback()
    return " ".join(letters(complaint, message)[to].split())


# --- where a restriction applies ---------------------------------------------------------------------


@pytest.mark.parametrize(("territory", "market", "held", "words"), [
    ("US", "US", ["US"], "The whole listing, where it is offered in: United States"),
    ("EU", "DE", ["DE"], "The whole listing, where it is offered in: Germany"),
    ("US", "DE", ["DE"], "The whole listing, where it is offered in: Germany"),
    ("EU US", "*", ["EU", "US"], "The whole listing, where it is offered in: European Union and United States"),
    ("*", "*", ["*"], "The whole listing, wherever it is offered on this marketplace"),
])
def test_the_letter_names_the_countries_of_the_hold(desk, territory, market, held, words):
    complaint = desk.file(listings=desk.listings[:1])[0]
    with unit_of_work():
        db.session.get(Marketplace, desk.listings[0].marketplace_id).market = market
        db.session.get(Right, db.session.get(Complaint, complaint.id).right_id).territory = territory
    silence_takes_down(desk, complaint)
    assert [hold.scope["territory"] for hold in db.session.execute(select(Hold)).scalars()] == [held]
    assert f"Where it applies: {words} Since:" in said(complaint, "listing_delisted", "seller")


def silence_takes_down(desk, complaint):
    desk.accept([complaint])
    desk.work()
    desk.clock.advance(timedelta(days=7))
    desk.work()
    assert set(desk.states(complaint)) == {"delisted.open"}
