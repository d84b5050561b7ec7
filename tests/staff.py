"""A desk with handlers at work, for tests of the staff's side. Cases come from real operations only."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.features.complaints import queries
from ipdesk.features.counter_notices import operations as counter_notices
from ipdesk.features.decisions import operations, work
from ipdesk.features.rights import operations as rights
from ipdesk.features.rights.models import Right
from tests import make
from tests.conftest import sign_in
from tests.journeys.conftest import Desk, Filed

REASONS = {"facts": "The invoices name another model.", "ground": "Nothing shows a first sale by the owner.",
           "basis": "house rule", "automated": False}


class Floor:
    """Two stores, their sellers, a rights holder, and the desk's people. Rows never leave a context."""

    def __init__(self, app: Any, clock: Any) -> None:
        self.app, self.clock = app, clock
        market = make.marketplace(market="US")
        stores = [make.store(marketplace_id=market.id, name=name) for name in ("Store A", "Store B")]
        listings = [make.listing(store=stores[n]) for n in (0, 0, 1)]
        people = {role: make.user(role=role, name=f"The {role}")
                  for role in ("rights_holder", "legal", "reviewer", "admin", "auditor")}
        people |= {"legal_two": make.user(role="legal", name="The second legal"),
                   "rival_holder": make.user(role="rights_holder"),
                   "seller_a": make.seller(store=stores[0]), "seller_b": make.seller(store=stores[1])}
        self.desk = Desk(app, clock, people, stores, listings)

    def browser(self, name: str) -> Any:
        """A browser in which this person is signed in."""
        return sign_in(self.app.test_client(), self.desk.people[name])

    def new_listings(self, *stores: int) -> list[Any]:
        return [make.listing(store=self.desk.stores[n]) for n in stores]

    def file(self, kind: str = "trademark", stores: tuple[int, ...] = (0,), **given: Any) -> list[Filed]:
        """A notice about one new listing of each store; its complaints."""
        listings = self.new_listings(*stores)
        with self.app.app_context():
            return self.desk.file(kind, listings=listings, **given)

    def verify_rights(self) -> None:
        """Verify every right that waits, so that only notices and complaints are left in the queue."""
        with self.app.app_context(), unit_of_work():
            for right in self.rights_that_wait():
                rights.judge_right(actor=self.desk.actor("legal"), right=right, trigger="verify_right")

    def rights_that_wait(self) -> list[Any]:
        return list(db.session.execute(select(Right).where(
            Right.waits_for == "staff").order_by(Right.id)).scalars())

    def told(self, kind: str = "trademark", stores: tuple[int, ...] = (0,)) -> list[Filed]:
        """The same, accepted, the sellers' letters delivered."""
        filed = self.file(kind, stores)
        with self.app.app_context():
            self.desk.accept(filed)
            self.desk.work()
        return filed

    def countered(self, kind: str = "trademark") -> Filed:
        """A complaint of one listing that the seller has contested."""
        filed = self.told(kind)[0]
        with self.app.app_context(), unit_of_work():
            row = rules.kinds["complaint"].load(filed.id)
            codes = [line["code"] for line in
                     rules.workflows.document("statements", row.regime, "counter_notice")["statements"]]
            claims = [claim.id for claim in queries.claims_of(filed.id)]
            counter_notices.file_counter_notice(
                actor=self.desk.actor("seller_a"), complaint=row, claim_ids=claims,
                grounds=["genuine_goods"], explanation="Bought from the owner's own distributor.",
                contact={"name": "Wei Example", "address": "88 Harbour Road", "phone": "+86 755 5550123",
                         "email": "wei@seller.example"},
                signed_name="Wei Example", statements=codes)
        return filed

    def contested(self, kind: str = "trademark") -> Filed:
        """A complaint of one listing that waits for staff: countered, and answered where there is an answer."""
        filed = self.countered(kind)
        if kind == "trademark":
            self.act(counter_notices.answer_counter_notice, "rights_holder", "complaint", filed.id,
                     claim_ids=self.claims(filed), text="The invoices show other goods.", signed_name="Ada Example")
        return filed

    def act(self, verb: Callable[..., Any], who: str, kind: str, case_id: int, **facts: Any) -> Any:
        """One verb on a case in a unit of work of its own; returns its plain result or nothing."""
        with self.app.app_context(), unit_of_work():
            word = "notice" if kind == "notice" else "complaint"
            row = rules.kinds[kind].load(case_id)
            if verb.__module__ == work.__name__:
                return _plain(verb(actor=self.desk.actor(who), row=row, **facts))
            return _plain(verb(actor=self.desk.actor(who), **{word: row}, **facts))

    def propose(self, filed: Filed, who: str = "legal", trigger: str = "act_now") -> str:
        """The reference of a decision (or proposal) on every claim of a complaint."""
        claims = self.claims(filed)
        return self.act(operations.decide, who, "complaint", filed.id, claim_ids=claims,
                        trigger=trigger, reasons=REASONS)

    def claims(self, filed: Filed) -> list[int]:
        with self.app.app_context():
            return [claim.id for claim in queries.claims_of(filed.id)]

    def states(self, filed: Filed) -> list[str]:
        with self.app.app_context():
            return self.desk.states(filed)

    def version(self, kind: str, case_id: int) -> int:
        with self.app.app_context():
            return db.session.get(_MODELS[kind], case_id).version_id

    def read(self, query: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """The result of a query, inside a context that is closed again."""
        with self.app.app_context():
            return query(*given, **named)


_MODELS = {"complaint": queries.Complaint, "notice": queries.Notice}


def _plain(found: Any) -> Any:
    return getattr(found, "reference", found)


@pytest.fixture
def floor(app: Any, clock: Any) -> Floor:
    """The desk with handlers at work."""
    return Floor(app, clock)
