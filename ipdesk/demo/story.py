"""The demo's complaints: each a short story of acts at moments before today, played in order of time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask_security import hash_password
from sqlalchemy import func, select

from ipdesk.config import Settings, mark_as_demo
from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.deadlines.models import Deadline
from ipdesk.core.jobs.loop import Worker
from ipdesk.core.kernel.actors import Actor, clock_actor
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.demo import goods
from ipdesk.demo.clock import DemoClock
from ipdesk.demo.people import PASSWORD, PEOPLE
from ipdesk.features.accounts import operations as accounts
from ipdesk.features.accounts.models import MANAGER, Invitation, Organisation, StoreBinding, User
from ipdesk.features.catalogue.models import Listing, Marketplace, Store
from ipdesk.features.complaints import elements, operations, queries
from ipdesk.features.complaints.models import Complaint
from ipdesk.features.complaints.operations import Content, Entry
from ipdesk.features.counter_notices import operations as answers
from ipdesk.features.counter_notices import queries as answer_queries
from ipdesk.features.decisions import operations as decisions
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.rights import operations as rights
from ipdesk.worker import jobs

_DAYS = 70
MARKET = ("harbour", "Harbour Marketplace", "https://harbour.example", "US")


def is_empty() -> bool:
    """Whether nobody and nothing is there yet, not even an invitation; needs an application context."""
    tables = (User, Invitation, Marketplace, Store, Listing, Case)
    found = any(db.session.execute(select(table.id).limit(1)).first() for table in tables)
    db.session.rollback()
    return not found


def ensure_demo(settings: Settings) -> bool:
    """Load the demo marketplace into an empty database; needs an application context.

    Returns whether it was loaded. Takes some ten seconds. The installation is marked as the demo before anything
    is in it, so that what a kill leaves is never taken for a real one.
    """
    if not is_empty():
        return False
    mark_as_demo(settings)
    Stage(settings, DemoClock(settings.instance).now().replace(microsecond=0)).play()
    return True


@dataclass
class Scene:
    """One act of one story: ``days`` before today (and an hour), carried out by ``act``."""

    days: float
    act: Callable[[], None]


@dataclass
class Stage:
    """Plays all stories in the order of time, the worker working in between."""

    settings: Settings
    today: datetime
    scenes: list[Scene] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FixedClock(self.today - timedelta(days=_DAYS))
        self.people: dict[str, Any] = {}
        self.stores: dict[str, int] = {}
        self.cast: dict[str, list[int]] = {}

    def play(self) -> None:
        """Build the market, then act by act up to today."""
        with unit_of_work():
            self._market()
            self._people()
        with unit_of_work():
            self._rights()
        for story in STORIES:
            story(self)
        worker = Worker(jobs(replace(self.settings, demo=True), self.clock), self.clock)  # of a bench, too: its letters arrive
        for scene in sorted(self.scenes, key=lambda scene: -scene.days):
            self._pass_time(worker, self.today - timedelta(days=scene.days))
            with unit_of_work():
                scene.act()
            worker.until_idle()
        self._pass_time(worker, self.today)

    def _pass_time(self, worker: Worker, until: datetime) -> None:
        """Let time pass from one due moment to the next, so that each is acted on at its own time."""
        while self.clock.now() < until:
            self.clock.set(min(until, self._next_due() or until))
            worker.until_idle()

    def _next_due(self) -> datetime | None:
        moments = [db.session.execute(select(func.min(column)).where(
            Deadline.status == "open", column > self.clock.now())).scalar()
            for column in (Deadline.fires_at, Deadline.remind_at)]
        db.session.rollback()
        return min((moment for moment in moments if moment), default=None)

    # --- who and what ----------------------------------------------------------------------------

    def _market(self) -> None:
        code, name, url, market = MARKET
        self.market = Marketplace(code=code, name=name, url=url, market=market)
        db.session.add(self.market)
        db.session.flush()
        for external_id, store_name, contact, locale in goods.STORES:
            store = Store(marketplace_id=self.market.id, external_id=external_id, name=store_name,
                          contact_email=contact, locale=locale)
            db.session.add(store)
            db.session.flush()
            self.stores[external_id] = store.id
        self.market_id = self.market.id
        for place, (number, store_code, title, price) in enumerate(goods.listing_rows()):
            db.session.add(Listing(
                marketplace_id=self.market_id, store_id=self.stores[store_code],
                external_id=number, url=f"{url}/item/{number}", title=title, price=price,
                currency="USD", images=[self._blob(goods.picture(place), f"{number}.jpg")],
                description=f"{title}. Ships within two days.", changed_at=self.clock.now()))
        db.session.flush()

    def _blob(self, content: bytes, name: str) -> str:
        file = intake().take([content], name=name)
        evidence.keep_blob(actor=clock_actor(self.clock.now()), file=file)
        return file.sha256

    def _people(self) -> None:
        secret = hash_password(PASSWORD)
        for person in PEOPLE:
            user = accounts.add_account(
                at=self.clock.now(), email=person.email, roles=person.roles, confirmed=True,
                person=accounts.NewPerson(person.name, secret, person.locale))
            if person.organisation:
                user.organisation = Organisation(
                    name=person.organisation, kind=person.roles[0], created_at=self.clock.now())
                user.organisation_role = MANAGER
            db.session.flush()
            if person.store:
                db.session.add(StoreBinding(
                    user_id=user.id, store_id=self.stores[person.store], main=True,
                    via="invitation", proof="", bound_at=self.clock.now()))
            self.people[person.key] = {
                "id": user.id, "organisation": user.organisation_id, "person": person}
        db.session.flush()

    def actor(self, key: str) -> Actor:
        """The demo person ``key`` acting at the stage's present moment."""
        found = self.people[key]
        person = found["person"]
        stores = frozenset({self.stores[person.store]}) if person.store else frozenset()
        return Actor(at=self.clock.now(), roles=frozenset({*person.roles, "member"}),
                     user_id=found["id"], organisation_id=found["organisation"], name=person.name,
                     email=person.email, locale=person.locale, store_ids=stores)

    def exhibit(self, key: str, content: bytes, name: str) -> Any:
        """A file that the demo person ``key`` has uploaded just now."""
        return evidence.take_in(actor=self.actor(key), file=intake().take([content], name=name))

    def _rights(self) -> None:
        contact = {"name": "IP desk of Aurora Audio", "email": "ip@aurora.example", "phone": "+1 555 0142"}
        until = (self.today + timedelta(days=1900)).date()
        certificate = goods.paper("Certificate of registration", [
            "Trademark: AURORA AUDIO", "Registration No. 90 412 774", "Owner: Aurora Audio Ltd",
            "Classes: 9, 35", f"Valid until {until.isoformat()}"])
        mark = rights.register_right(
            actor=self.actor("holder"), kind="trademark", title="AURORA AUDIO", number="90412774",
            office="USPTO", owner="Aurora Audio Ltd", territory="US CA", classes="9, 35",
            valid_until=until, contact=contact,
            certificates=[self.exhibit("holder", certificate, "certificate-90412774.pdf")])
        rights.judge_right(actor=self.actor("legal"), right=mark, trigger="verify_right")
        prints = rights.register_right(
            actor=self.actor("agent"), kind="copyright", title="Lighthouse at Dusk and Paper Foxes",
            owner="Studio Brackwater", territory="US", description="Two series of watercolours, 2021.",
            contact={"name": "Brandguard Agency", "email": "notices@brandguard.example"})
        photos = rights.register_right(
            actor=self.actor("holder"), kind="copyright", title="Product photographs, series H2",
            owner="Aurora Audio Ltd", territory="US", contact=contact,
            description="Photographs of the H2 series, first published 2024.")
        rights.register_right(
            actor=self.actor("agent"), kind="design", title="Folding speaker", number="D 918 337",
            office="USPTO", owner="Kelp & Sons", territory="US", contact=contact)
        self.rights = {"mark": mark.id, "prints": prints.id, "photos": photos.id}

    # --- verbs of the stories -----------------------------------------------------------------------

    def at(self, days: float, act: Callable[[], None]) -> None:
        """Let ``act`` happen ``days`` before today."""
        self.scenes.append(Scene(days, act))

    def files(self, name: str, days: float, who: str, right: str, listings: list[tuple[str, int]],
              reason: str, text: str, proof: bool = False) -> None:
        """A notice about listings given as (store id, place in the store)."""
        def act() -> None:
            actor = self.actor(who)
            row = rules.kinds["right"].load(self.rights[right])
            market = db.session.get(Marketplace, self.market_id)
            regime = "us_dmca" if row.kind == "copyright" else "marketplace"
            person = self.people[who]["person"]
            notice = operations.start_notice(actor=actor, marketplace=market, right=row)
            entries = [Entry(self.listing(store, place)) for store, place in listings]
            exhibits = {}
            if proof:
                shot = self.exhibit(who, goods.photo(len(name), "Comparison with the original"),
                                    "comparison.jpg")
                exhibits[evidence.attach(
                    actor=actor, exhibit=shot, case_id=notice.id, role="notice",
                    rules=intake().rules, visibility="share", title="Comparison with the original")] = []
            filed = operations.file_notice(actor=actor, notice=notice, content=Content(
                right=row, reason_code=reason, explanation=text, entries=entries,
                contact={"name": person.name, "company": person.organisation,
                         "address": "14 Quay Street, Portmouth", "phone": "+1 555 0142",
                         "email": person.email},
                signed_name=person.name, acting_as="agent" if who == "agent" else "owner",
                statements=[line["code"] for line in elements.statements(regime)],
                exhibits=exhibits))
            self.cast[name] = [c.id for n in filed for c in queries.complaints_of(n.id)]
            self.cast[f"{name}/notice"] = [n.id for n in filed]

        self.at(days, act)

    def listing(self, store: str, place: int) -> str:
        return list(db.session.execute(
            select(Listing.external_id).where(Listing.store_id == self.stores[store])
            .order_by(Listing.id)).scalars())[place]

    def screens(self, name: str, days: float, trigger: str = "accept", **facts: Any) -> None:
        def act() -> None:
            for number in self.cast[f"{name}/notice"]:
                operations.screen_notice(
                    actor=self.actor("reviewer"), notice=rules.kinds["notice"].load(number),
                    trigger=trigger, **facts)

        self.at(days, act)

    def complaint(self, name: str, place: int = 0) -> tuple[Complaint, list[int]]:
        row = rules.kinds["complaint"].load(self.cast[name][place])
        return row, [claim.id for claim in queries.claims_of(row.id)]

    def deletes(self, name: str, days: float, who: str, only: int | None = None) -> None:
        def act() -> None:
            row, claims = self.complaint(name)
            chosen = claims if only is None else claims[only:only + 1]
            answers.delete_listings(actor=self.actor(who), complaint=row, claim_ids=chosen)

        self.at(days, act)

    def counters(self, name: str, days: float, who: str, ground: str, text: str,
                 only: int | None = None) -> None:
        def act() -> None:
            row, claims = self.complaint(name)
            chosen = claims if only is None else claims[only:only + 1]
            person = self.people[who]["person"]
            actor = self.actor(who)
            invoice = goods.paper("Invoice", ["Supplier: Lantern Wholesale GmbH", "200 units",
                                              "Paid in full", text])
            shared = {self.exhibit(who, invoice, "invoice.pdf"): "share"}
            answers.file_counter_notice(
                actor=actor, complaint=row, claim_ids=chosen, grounds=[ground], explanation=text,
                contact={"name": person.name, "address": "Shed 9, Canal Row, Eastport",
                         "phone": "+1 555 0190", "email": person.email},
                signed_name=person.name, exhibits=shared if row.regime == "marketplace" else {},
                statements=[line["code"] for line in
                            elements.statements(row.regime, "counter_notice")])

        self.at(days, act)

    def answers(self, name: str, days: float, who: str, text: str) -> None:
        def act() -> None:
            row, claims = self.complaint(name)
            person = self.people[who]["person"]
            answers.answer_counter_notice(actor=self.actor(who), complaint=row, claim_ids=claims,
                                          text=text, signed_name=person.name)

        self.at(days, act)

    def decides(self, name: str, days: float, trigger: str, facts: str, ground: str,
                approved: bool = True, only: int | None = None) -> None:
        def act() -> None:
            row, claims = self.complaint(name)
            law = rules.workflows.workflow(row.case.workflow)
            chosen = claims if only is None else claims[only:only + 1]
            movable = [claim.id for claim in queries.claims_of(row.id, chosen)
                       if law.edges(claim.state, trigger)]
            basis = law.edges(queries.claims_of(row.id, movable)[0].state, trigger)[0].basis[0]
            made = decisions.decide(
                actor=self.actor("legal"), complaint=row, claim_ids=movable, trigger=trigger,
                reasons={"facts": facts, "ground": ground, "basis": basis})
            if made.status == "proposed" and approved:
                decisions.approve(actor=self.actor("legal_two"), decision=made)

        self.at(days, act)

    def takes_back(self, name: str, days: float, who: str) -> None:
        def act() -> None:
            row, claims = self.complaint(name)
            operations.take_back(actor=self.actor(who), complaint=row, claim_ids=claims)

        self.at(days, act)

    def court_decides(self, name: str, days: float, for_rights_holder: bool) -> None:
        def act() -> None:
            row, claims = self.complaint(name)
            judgment = goods.paper("Judgment", [
                "United States District Court", "Docket 26-cv-01184",
                f"Judgment for the {'plaintiff' if for_rights_holder else 'defendant'}."])
            answers.record_court_outcome(
                actor=self.actor("legal"), complaint=row, claim_ids=claims, for_rights_holder=for_rights_holder,
                reasons="The court has decided; no appeal was filed in time.",
                documents=[self.exhibit("legal", judgment, "judgment.pdf")])

        self.at(days, act)

    def sues(self, name: str, days: float, who: str, confirmed: bool | None = None) -> None:
        def tell() -> None:
            row, claims = self.complaint(name)
            filing = goods.paper("Complaint for infringement", [
                "United States District Court", "Docket 26-cv-01184",
                "The plaintiff asks the court to restrain the defendant."])
            answers.tell_court_action(
                actor=self.actor(who), complaint=row, claim_ids=claims,
                forum="United States District Court", docket="26-cv-01184",
                filed_on=(self.clock.now() - timedelta(days=2)).date(),
                documents=[self.exhibit(who, filing, "complaint.pdf")], filed_by_notifier=True,
                names_subscriber=True, seeks_restraint=True,
                signed_name=self.people[who]["person"].name,
                statements=[line["code"] for line in
                            elements.statements(row.regime, "court_action")])

        def confirm() -> None:
            row, _ = self.complaint(name)
            paper = answer_queries.court_notices_of(row.id)[-1]
            if confirmed:
                answers.confirm_court_action(actor=self.actor("legal"), complaint=row, notice=paper)
            else:
                answers.reject_court_action(
                    actor=self.actor("legal"), complaint=row, notice=paper,
                    reasons="The paper names another seller and other listings.")

        self.at(days, tell)
        if confirmed is not None:
            self.at(days - 1, confirm)


# --- the stories -------------------------------------------------------------------------------------

A, B, C, D, E, F, G = (f"S-100{n}" for n in range(1, 8))
FAKE = "These headphones bear our mark but were not made by us: the hinge and the print differ."
TEXT_USE = "The title uses our mark for goods that do not come from us."
COPIED = "The picture of this listing is our photograph, with our shadow and our retouching."
PRINT = "The print reproduces the watercolour without a licence."


def just_filed(stage: Stage) -> None:
    stage.files("new-1", 0.1, "holder", "mark", [(A, 0), (B, 0)], "counterfeit", FAKE, proof=True)
    stage.files("new-2", 0.4, "agent", "prints", [(C, 2)], "copied_character", PRINT)
    stage.files("new-3", 1.2, "holder", "mark", [(D, 0)], "counterfeit", FAKE)
    stage.files("deficient", 3, "holder", "mark", [(E, 0)], "counterfeit", "See picture.")
    stage.screens("deficient", 2, "send_back", missing=["explanation"],
                  remark="Please say what differs from the genuine goods.")
    stage.files("refused", 12, "agent", "prints", [(C, 6)], "copied_picture", "Looks similar.")
    stage.screens("refused", 11, "refuse",
                  reasons="The work named in the notice shows another harbour; nothing of it is copied.")


def waiting_for_sellers(stage: Stage) -> None:
    for name, days, store, places in (
        ("open-a", 1.5, A, (1, 4)), ("open-b", 0.9, B, (8, 9)), ("open-a2", 2.2, A, (8, 9)),
    ):
        stage.files(name, days, "holder", "mark", [(store, place) for place in places],
                    "mark_in_title", TEXT_USE, proof=True)
        stage.screens(name, days - 0.3)
    stage.files("open-d", 2, "holder", "mark", [(D, 1)], "counterfeit", FAKE)
    stage.screens("open-d", 1.8)


def contested(stage: Stage) -> None:
    stage.files("contest-1", 6, "holder", "mark", [(A, 3)], "mark_in_title", TEXT_USE, proof=True)
    stage.screens("contest-1", 5.5)
    stage.counters("contest-1", 1.2, "seller_a", "no_infringement",
                   "The pads are ours. The mark only says which headphones they fit.")
    stage.files("contest-2", 9, "holder", "mark", [(B, 3)], "counterfeit", FAKE)
    stage.screens("contest-2", 8.6)
    stage.counters("contest-2", 7.9, "seller_b", "genuine_goods", "货物来自授权经销商，附发票。")
    stage.answers("contest-2", 6.8, "holder", "The invoice names another model.")
    stage.files("contest-3", 14, "holder", "mark", [(A, 5)], "counterfeit", FAKE)
    stage.screens("contest-3", 13.6)
    stage.counters("contest-3", 12.9, "seller_a", "licence", "We hold a licence until next year.")


def taken_down(stage: Stage) -> None:
    stage.files("silent-1", 12, "holder", "mark", [(D, 2)], "counterfeit", FAKE)
    stage.screens("silent-1", 11.5)
    stage.files("silent-2", 15, "holder", "mark", [(A, 6)], "mark_in_title", TEXT_USE)
    stage.screens("silent-2", 14.5)
    stage.files("silent-3", 58, "holder", "mark", [(E, 2)], "counterfeit", FAKE)
    stage.screens("silent-3", 57.5)
    stage.files("manifest", 3, "holder", "mark", [(B, 6)], "counterfeit", FAKE, proof=True)
    stage.screens("manifest", 2.8)
    stage.decides("manifest", 2.4, "act_now",
                  "The shop offers two hundred pieces at a tenth of the price; the test purchase is a copy.",
                  "Manifest counterfeit.")


def copyright_cases(stage: Stage) -> None:
    stage.files("down-1", 2, "agent", "prints", [(C, 0), (C, 1)], "pirated_copy", PRINT, proof=True)
    stage.screens("down-1", 1.6)
    stage.files("down-2", 4, "holder", "photos", [(B, 1)], "copied_picture", COPIED)
    stage.screens("down-2", 3.5)
    stage.files("put-back", 9, "agent", "prints", [(C, 3)], "copied_picture", PRINT)
    stage.screens("put-back", 8.5)
    stage.counters("put-back", 6, "seller_c", "own_right", "I painted this lighthouse myself in 2019.")
    stage.files("court-told", 16, "agent", "prints", [(C, 4)], "copied_picture", PRINT)
    stage.screens("court-told", 15.5)
    stage.counters("court-told", 12, "seller_c", "own_right", "The map is a public chart.")
    stage.sues("court-told", 1, "agent")
    stage.files("in-court", 30, "agent", "prints", [(C, 5)], "copied_character", PRINT)
    stage.screens("in-court", 29.5)
    stage.counters("in-court", 26, "seller_c", "fair_use", "The drawing is a parody.")
    stage.sues("in-court", 20, "agent", confirmed=True)
    stage.files("restored", 45, "agent", "prints", [(C, 7)], "copied_picture", PRINT)
    stage.screens("restored", 44.5)
    stage.counters("restored", 42, "seller_c", "wrong_listing", "The puzzle shows another lighthouse.")
    stage.files("uncontested", 60, "agent", "prints", [(F, 0)], "copied_character", PRINT)
    stage.screens("uncontested", 59.5)


def ended(stage: Stage) -> None:
    stage.files("deleted", 10, "holder", "mark", [(B, 2)], "counterfeit", FAKE)
    stage.screens("deleted", 9.6)
    stage.deletes("deleted", 9, "seller_b")
    stage.files("upheld", 25, "holder", "mark", [(A, 2)], "counterfeit", FAKE, proof=True)
    stage.screens("upheld", 24.5)
    stage.counters("upheld", 23.8, "seller_a", "authorised_by_brand", "Our supplier says they are genuine.")
    stage.answers("upheld", 22, "holder", "We never sold to this supplier.")
    stage.decides("upheld", 20, "uphold", "The serial numbers do not exist in the owner's records.",
                  "Use of an identical mark for identical goods without consent.")
    stage.files("dismissed", 28, "holder", "mark", [(E, 1)], "mark_in_title", TEXT_USE)
    stage.screens("dismissed", 27.5)
    stage.counters("dismissed", 27, "seller_d", "no_infringement",
                   "The title names the headphones that the case fits.")
    stage.decides("dismissed", 18, "dismiss", "The title describes compatibility and nothing else.",
                  "Fair reference to the mark.")
    stage.files("withdrawn", 8, "holder", "mark", [(A, 7)], "mark_in_title", TEXT_USE)
    stage.screens("withdrawn", 7.5)
    stage.takes_back("withdrawn", 7, "holder")
    stage.files("retracted", 20, "agent", "prints", [(F, 1)], "copied_picture", PRINT)
    stage.screens("retracted", 19.5)
    stage.takes_back("retracted", 15, "agent")
    stage.files("mixed", 62, "holder", "mark", [(B, 4), (B, 5), (B, 7)], "mark_in_title", TEXT_USE)
    stage.screens("mixed", 61.5)
    stage.deletes("mixed", 61.3, "seller_b", only=0)
    stage.counters("mixed", 61, "seller_b", "no_infringement", "标题只是说明适用型号。", only=1)
    stage.decides("mixed", 50, "dismiss", "The title says which model the bag fits.",
                  "Fair reference to the mark.", only=1)
    stage.files("unreached", 9, "holder", "mark", [(G, 0)], "counterfeit", FAKE)
    stage.screens("unreached", 8.5)


def rarer_ends(stage: Stage) -> None:
    """What a desk sees once in a while: courts, complaints opened again, ends of the one set of rules that are usual in the other."""
    stage.files("refused-mark", 17, "holder", "mark", [(B, 3)], "counterfeit", "Looks wrong.")
    stage.screens("refused-mark", 16, "refuse", reasons="The listing offers a charging case, and the notice is about headphones.")
    stage.files("reopened-mark", 16, "holder", "mark", [(D, 3)], "counterfeit", "Not ours.")
    stage.screens("reopened-mark", 15.5, "refuse", reasons="The notice does not say what differs from the genuine goods.")
    stage.decides("reopened-mark", 0.5, "reopen", "The owner has shown that the model was never made in this colour.", "A slip of ours.")
    stage.files("retracted-mark", 21, "holder", "mark", [(D, 0)], "counterfeit", FAKE)
    stage.screens("retracted-mark", 20.5)
    stage.takes_back("retracted-mark", 10, "holder")
    stage.files("court-mark", 34, "holder", "mark", [(B, 5)], "mark_in_title", TEXT_USE)
    stage.screens("court-mark", 33.5)
    stage.counters("court-mark", 32.5, "seller_b", "no_infringement", "标题只是说明适用型号。")
    stage.sues("court-mark", 31.5, "holder", confirmed=True)
    stage.files("deleted-print", 8, "agent", "prints", [(C, 6)], "copied_picture", PRINT)
    stage.screens("deleted-print", 7.5)
    stage.deletes("deleted-print", 7, "seller_c")
    stage.files("withdrawn-photo", 11, "holder", "photos", [(B, 8)], "copied_picture", COPIED)
    stage.takes_back("withdrawn-photo", 10.5, "holder")
    stage.files("won-photo", 66, "holder", "photos", [(E, 3)], "copied_picture", COPIED)
    stage.screens("won-photo", 65.5)
    stage.counters("won-photo", 64, "seller_d", "fair_use", "We only show what we sell.")
    stage.sues("won-photo", 60, "holder", confirmed=True)
    stage.court_decides("won-photo", 4, for_rights_holder=True)
    stage.files("unread-paper", 38, "holder", "photos", [(C, 2)], "copied_picture", COPIED)
    stage.screens("unread-paper", 37.5)
    stage.counters("unread-paper", 36, "seller_c", "own_right", "The photograph is our own.")
    stage.sues("unread-paper", 29, "holder")
    stage.files("reopened-photo", 24, "holder", "photos", [(B, 9)], "copied_picture", COPIED)
    stage.screens("reopened-photo", 23.5)
    stage.decides("reopened-photo", 19, "dismiss", "The photograph shows another model.", "A notice about the wrong work.")
    stage.decides("reopened-photo", 0.6, "reopen", "The owner has shown the negative of this very picture.", "A slip of ours.")


STORIES = (just_filed, waiting_for_sellers, contested, taken_down, copyright_cases, ended, rarer_ends)
