"""A desk with two stores, a right and the people of both sides, and its worker."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import operations, queries
from ipdesk.features.complaints.operations import Content, Entry
from ipdesk.features.rights import operations as rights
from tests import make
from tests.vouched import require_vouched
from tests.working import worker_of

CONTACT = {"name": "Ada Example", "company": "Aurora Ltd", "address": "1 Example Street, Springfield",
           "phone": "+1 555 0100", "email": "ip@aurora.example"}


@dataclass(frozen=True)
class Filed:
    """A complaint by its ids; rows do not outlive the worker's rounds."""

    id: int
    notice_id: int
    reference: str


@dataclass
class Desk:
    """Shortcuts through real operations: no state is ever set by hand."""

    app: Any
    clock: Any
    people: dict[str, Any] = field(default_factory=dict)
    stores: list[Any] = field(default_factory=list)
    listings: list[Any] = field(default_factory=list)

    def actor(self, name: str, at: datetime | None = None) -> Actor:
        user = self.people[name]
        stores = {"seller_a": [self.stores[0].id], "seller_b": [self.stores[1].id]}.get(name, [])
        return Actor(at=at or self.clock.now(), roles=frozenset({*user.role_names, "member"}),
                     user_id=user.id, organisation_id=user.organisation_id, name=user.name,
                     store_ids=frozenset(stores))

    def work(self) -> int:
        """Let the worker do everything that is due now."""
        return worker_of(self.app.extensions["ipdesk.settings"], self.clock).until_idle()

    def file(self, kind: str = "trademark", listings: Any = None, **given: Any) -> list[Any]:
        """A notice of the rights holder about ``listings``; returns its complaints, by store."""
        with unit_of_work():
            actor = self.actor("rights_holder")
            right = rights.register_right(
                actor=actor, kind=kind, title="AURORA", number="" if kind == "copyright" else "123",
                office="" if kind == "copyright" else "USPTO", owner="Aurora Ltd", territory="US",
                contact={"name": "Legal department", "email": "public@aurora.example", "phone": "+1 555 0177",
                         "address": "7 Harbour Row, Springfield"})
            market = db.session.get(Marketplace, self.listings[0].marketplace_id)
            notice = operations.start_notice(actor=actor, marketplace=market)
            regime = "us_dmca" if kind == "copyright" and market.market == "US" else "marketplace"
            codes = [line["code"] for line in
                     rules.workflows.document("statements", regime, "notice")["statements"]]
            content = Content(
                right=right, reason_code="counterfeit" if kind == "trademark" else "copied_picture",
                explanation="These listings copy what we made.",
                entries=[Entry(listing.external_id) for listing in listings or self.listings],
                contact=CONTACT, **{"signed_name": "Ada Example", "statements": codes, **given})
            filed = operations.file_notice(actor=actor, notice=notice, content=content)
            return [Filed(c.id, c.notice_id, c.reference)
                    for notice in filed for c in queries.complaints_of(notice.id)]

    def accept(self, complaints: list[Any]) -> None:
        with unit_of_work():
            for notice_id in {c.notice_id for c in complaints}:
                notice = rules.kinds["notice"].load(notice_id)
                operations.screen_notice(actor=self.actor("legal"), notice=notice, trigger="accept")

    def states(self, complaint: Any) -> list[str]:
        db.session.rollback()
        return [claim.state for claim in queries.claims_of(complaint.id)]


@pytest.fixture
def desk(app: Any, clock: Any, request: Any) -> Any:
    """``Desk`` inside an application context."""
    market = make.marketplace(market="US")
    stores = [make.store(marketplace_id=market.id, name=name) for name in ("Store A", "Store B")]
    listings = [make.listing(store=stores[n]) for n in (0, 0, 1)]
    people = {
        "rights_holder": make.user(role="rights_holder"), "legal": make.user(role="legal"),
        "legal_two": make.user(role="legal"),
        "seller_a": make.seller(store=stores[0]), "seller_b": make.seller(store=stores[1]),
    }
    with app.app_context():
        yield Desk(app, clock, people, stores, listings)
        require_vouched(app, request)
