"""A marketplace with two stores, a rights holder's browser, and the steps of a notice over HTTP."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.features.complaints import operations
from ipdesk.features.complaints.models import Notice
from tests import make
from tests.journeys.conftest import desk  # noqa: F401

STATEMENTS = {"marketplace": ("good_faith", "accurate_and_authorised", "copy_to_seller"),
              "us_dmca": ("good_faith", "accurate_and_authorised")}
CONTACT = {"acting_as": "owner", "name": "Ada Example", "company": "Aurora Ltd", "email": "ip@aurora.example",
           "address": "1 Example Street", "phone": "+1 555 0100"}
RIGHT = {"kind": "trademark", "title": "AURORA", "number": "12345", "office": "USPTO", "owner": "Aurora Ltd",
         "territory": "US", "contact_name": "Ada", "contact_email": "public@aurora.example"}


def text_of(answer: Any) -> str:
    """What a person reads on the page, in one line."""
    return " ".join(BeautifulSoup(answer.text, "html.parser").get_text(" ").split())


def errors_of(answer: Any) -> str:
    """The summary of errors above the page; empty without one."""
    box = BeautifulSoup(answer.text, "html.parser").select_one(".govuk-error-summary")
    return " ".join(box.get_text(" ").split()) if box else ""


def value_of(answer: Any, name: str) -> str:
    """What a field of the page holds."""
    found = BeautifulSoup(answer.text, "html.parser").select_one(f"[name='{name}']")
    return found.get_text().removeprefix("\n") if found.name == "textarea" else found.get("value", "")


def hidden(answer: Any, last_form: bool = True) -> dict[str, str]:
    """The hidden values of the page's last form, but the CSRF token."""
    form = BeautifulSoup(answer.text, "html.parser").select("main form")[-1 if last_form else 0]
    return {one["name"]: one["value"] for one in form.select("input[type=hidden]") if one["name"] != "csrf_token"}


def upload(filer: Any, content: bytes = b"evidence", name: str = "exhibit.txt") -> str:
    """Hand in a file as a browser does; returns its reference."""
    begun = filer.client.post("/evidence/uploads", json={"name": name, "size": len(content)}).json
    headers = {"Upload-Token": begun["token"], "Upload-Offset": "0"}
    filer.client.put(begun["href"], data=content, headers=headers)
    return filer.client.post(f"{begun['href']}/finish", headers=headers).json["reference"]


@dataclass
class Filer:
    """One rights holder at a browser, going through the steps."""

    app: Any
    client: Any
    reference: str = ""
    regime: str = "marketplace"

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def step(self, step: str, /, **said: Any) -> Any:
        return self.client.post(f"/notices/{self.reference}/draft/{step}", data=said)

    def discard(self) -> Any:
        return self.step("discard", **self.client.seen(f"/notices/{self.reference}/draft/discard"))

    def complete(self, **said: Any) -> Any:
        """Make a notice good that was sent back, from its page."""
        page = f"/notices/{self.reference}/complete"
        return self.client.post(page, data={**self.client.seen(page), **said})

    def register(self, **given: Any) -> str:
        answer = self.client.post("/rights/new", data={**RIGHT, **given})
        assert answer.status_code == 303, errors_of(answer)
        return answer.location.rsplit("/", 1)[1]

    def begin(self, **said: str) -> "Filer":
        """A draft on a registered trademark, or on a work described here."""
        if not said:
            said = {"right": self.register()}
        elif said.get("right") == "new":
            self.regime = "us_dmca"
        answer = self.client.post("/notices/new", data=said)
        assert answer.status_code == 303, errors_of(answer)
        self.reference = answer.location.split("/")[2]
        return self

    def fill(self, *listings: str, **contact: str) -> "Filer":
        """Everything up to the signature."""
        assert self.step("listings", pasted="\n".join(listings)).status_code == 303
        code = "counterfeit" if self.regime == "marketplace" else "copied_picture"
        assert self.step("reasons", reason_code=code, explanation="A copy of what we made.").status_code == 303
        assert self.step("contact", **{**CONTACT, **contact}).status_code == 303
        return self

    def signature(self) -> dict[str, str]:
        page = self.get(f"/notices/{self.reference}/draft/preview")
        return {**hidden(page), "signed_name": "Ada Example",
                **{f"statement_{code}": "true" for code in STATEMENTS[self.regime]}}

    def sign(self, **changed: str) -> Any:
        return self.step("preview", **{**self.signature(), **changed})


@dataclass
class Place:
    """The two stores with their listings, and everybody's browsers."""

    app: Any
    as_actor: Any
    market: Any
    stores: list[Any]
    listings: list[Any]
    filers: dict[str, Filer] = field(default_factory=dict)

    def filer(self, role: str = "rights_holder", **given: Any) -> Filer:
        return Filer(self.app, self.as_actor(role, **given))

    def notices(self) -> list[Any]:
        with self.app.app_context():
            return [(row.reference, row.state) for row in db.session.execute(
                select(Notice).order_by(Notice.id)).scalars()]

    def screen(self, reference: str, trigger: str, **given: Any) -> None:
        """Staff screen a notice."""
        now = self.app.extensions["ipdesk.clock"].now()
        user = make.user(role="legal")
        with self.app.app_context(), unit_of_work():
            case_id = db.session.execute(select(Case.id).where(Case.reference == reference)).scalar_one()
            operations.screen_notice(
                actor=Actor(at=now, roles=frozenset({"legal"}), user_id=user.id), trigger=trigger,
                notice=rules.kinds["notice"].load(case_id), **given)

    def rows(self, query: Any) -> list[Any]:
        with self.app.app_context():
            return [tuple(row) for row in db.session.execute(query)]

    def letters(self) -> list[Any]:
        """Every letter to a seller: (store, subject and text)."""
        from ipdesk.core.outbox.models import Outbox

        with self.app.app_context():
            return [(row.to_address, f"{row.subject}\n{row.body_text}\n{row.body_html}") for row in db.session.execute(
                select(Outbox).where(Outbox.recipient_role == "seller")).scalars()]


@pytest.fixture
def scene(app: Any, as_actor: Any) -> Place:
    market = make.marketplace(market="US", url="https://market.example")
    stores = [make.store(marketplace_id=market.id, name=name, contact_email=f"{name[-5:].lower()}@shops.example")
              for name in ("Store Alpha", "Store Bravo")]
    listings = [make.listing(store=stores[n], external_id=f"LX00{k}", url=f"https://market.example/item/LX00{k}",
                             title=f"{('Amber', 'Amber', 'Basalt')[k]} goods {k}") for k, n in enumerate((0, 0, 1))]
    return Place(app, as_actor, market, stores, listings)

