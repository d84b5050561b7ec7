"""A desk on which two stores have been complained of, under either regime; everything by real operations."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from PIL import Image

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor, clock_actor
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import operations as complaints
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.complaints.operations import Content, Entry
from ipdesk.features.counter_notices import operations
from ipdesk.features.evidence import intake
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights import operations as rights
from tests import make
from tests.vouched import require_vouched

NOTIFIER = {"name": "Ada Example", "company": "Aurora Ltd", "address": "1 Example Street, Springfield",
            "phone": "+1 555 0100", "email": "ip@aurora.example"}
SELLER = {"name": "Wei Example", "address": "88 Harbour Road, Shenzhen", "phone": "+86 755 5550 123",
          "email": "wei@seller.example"}


def picture(colour: str = "navy") -> bytes:
    """A small photograph."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    return out.getvalue()


def statement_codes(regime: str, document: str) -> list[str]:
    return [line["code"] for line in rules.workflows.document("statements", regime, document)["statements"]]


@dataclass
class Desk:
    """Shortcuts through real operations: no state is ever set by hand."""

    app: Any
    clock: Any
    market: Any
    people: dict[str, Any]
    stores: list[Any]

    def actor(self, name: str, at: datetime | None = None) -> Actor:
        user = self.people[name]
        stores = {"seller": [self.stores[0].id], "rival": [self.stores[1].id]}.get(name, [])
        return Actor(at=at or self.clock.now(), roles=frozenset({*user.role_names, "member"}),
                     user_id=user.id, organisation_id=user.organisation_id, name=user.name,
                     store_ids=frozenset(stores))

    def complaint(self, regime: str = "marketplace", listings: int = 1, store: int = 0) -> Complaint:
        """A complaint about new listings of a store that its seller may answer now."""
        kind = "copyright" if regime == "us_dmca" else "trademark"
        rows = [make.listing(store=self.stores[store]) for _ in range(listings)]
        with unit_of_work():
            actor = self.actor("rights_holder")
            right = rights.register_right(
                actor=actor, kind=kind, title="AURORA", owner="Aurora Ltd", territory="US",
                number="" if kind == "copyright" else "5550123",
                office="" if kind == "copyright" else "USPTO",
                contact={"email": "public@aurora.example"})
            notice = complaints.start_notice(
                actor=actor, marketplace=db.session.get(Marketplace, self.market.id))
            complaints.file_notice(actor=actor, notice=notice, content=Content(
                right=right, explanation="These listings copy what we made.",
                reason_code="copied_picture" if kind == "copyright" else "counterfeit",
                entries=[Entry(row.external_id) for row in rows], contact=NOTIFIER,
                signed_name="Ada Example", statements=statement_codes(regime, "notice")))
            complaints.screen_notice(actor=self.actor("legal"), notice=notice, trigger="accept")
            row = queries.complaints_of(notice.id)[0]
            assert row.regime == regime
            number = row.id
        if regime == "marketplace":
            self.clock_does(number, "record_delivery")
        return self.load(number)

    def clock_does(self, number: int, trigger: str, claims: list[int] | None = None) -> None:
        from ipdesk.core.casework.advance import advance

        with unit_of_work():
            row = self.load(number)
            advance(actor=clock_actor(self.clock.now()), row=row, trigger=trigger,
                    movers=queries.claims_of(number, claims))

    def load(self, number: int) -> Complaint:
        return rules.kinds["complaint"].load(number)

    def claims(self, complaint: Complaint) -> list[int]:
        return [claim.id for claim in queries.claims_of(complaint.id)]

    def states(self, complaint: Complaint) -> list[str]:
        db.session.rollback()
        return [claim.state for claim in queries.claims_of(complaint.id)]

    def exhibit(self, name: str, by: str = "seller") -> Exhibit:
        """A photograph that this person has uploaded and not used yet."""
        file = intake.current().take([picture()], name=name)
        return evidence.take_in(actor=self.actor(by), file=file)

    def contest(self, complaint: Complaint, claims: list[int] | None = None, **given: Any) -> Any:
        """A complete counter-notification of the seller."""
        said = {
            "actor": self.actor("seller"), "claim_ids": claims or self.claims(complaint),
            "grounds": ["genuine_goods"], "explanation": "Bought from the owner's own distributor.",
            "contact": SELLER, "signed_name": "Wei Example",
            "statements": statement_codes(complaint.regime, "counter_notice"),
        } | given
        with unit_of_work():
            return operations.file_counter_notice(complaint=self.load(complaint.id), **said)


@pytest.fixture
def desk(app: Any, clock: Any, request: Any) -> Iterator[Desk]:
    """``Desk`` inside an application context."""
    market = make.marketplace(market="US")
    stores = [make.store(marketplace_id=market.id, name=name) for name in ("Blue Ocean", "Rival Shop")]
    people = {"rights_holder": make.user(role="rights_holder"), "legal": make.user(role="legal"),
              "seller": make.seller(store=stores[0]), "rival": make.seller(store=stores[1])}
    with app.app_context():
        yield Desk(app, clock, market, people, stores)
        require_vouched(app, request)
