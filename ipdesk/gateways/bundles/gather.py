"""From a case to the contents of its bundle: disclosed facts and filed exhibits, nothing else.

Everything comes out of ``disclosure.view`` or is cut to the same reader here; private notes and proposals are not
read at all. The same record gives the same contents: no reading of the time, every list in a fixed order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ipdesk.core.audit.sealing import latest_head
from ipdesk.core.casework import disclosure
from ipdesk.core.casework.advance import PREFIXES, workflow_of
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible
from ipdesk.core.kernel.text import N_
from ipdesk.features.catalogue.pictures import PROBLEMS
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import Complaint, Notice
from ipdesk.features.decisions.queries import decisions_of
from ipdesk.features.evidence import queries as evidence
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.holds.models import Hold
from ipdesk.features.holds.queries import holds_of_claims
from ipdesk.gateways.bundles import papers, records
from ipdesk.gateways.bundles.contents import BundleContents, Capture, ClaimSheet, ElementChecklist, Field, Filing, Party, RightSheet
from ipdesk.gateways.bundles.exhibit_list import DESK, RIGHTS_HOLDER, SELLER, ExhibitList
from ipdesk.gateways.bundles.words import HOLD_KINDS, OCCASIONS, RIGHT_KINDS, Words

# What of a captured listing is printed as facts; its text is printed whole below them.
_CAPTURED = (
    ("title", N_("Title")), ("price", N_("Price")), ("seller", N_("Seller")), ("store_id", N_("Store")), ("listing_id", N_("Listing")),
    ("url", N_("Address")), ("brand", N_("Brand")), ("category", N_("Category")), ("status", N_("Status")),
)


def case_of(actor: Actor, reference: str) -> Complaint | Notice:
    """The complaint or the filed notice with this reference, or `NotVisible`."""
    reference = reference.strip().upper()
    if reference.startswith(PREFIXES["notice"] + "-"):
        return queries.notice(actor, reference)
    return queries.complaint(actor, reference)


def contents_of_case(actor: Actor, row: Complaint | Notice, *, language: str = "en") -> BundleContents:
    """The bundle of whichever case this is."""
    gather = contents_of_notice if isinstance(row, Notice) else contents_of
    return gather(actor, row, language=language)


def contents_of(actor: Actor, complaint: Complaint, *, language: str = "en") -> BundleContents:
    """The bundle of one complaint as ``actor`` may see it. Raises `NotVisible`."""
    notice = db.session.get_one(Notice, complaint.notice_id)
    return _Gathering(actor, notice, [complaint], complaint.reference, language).contents()


def contents_of_notice(actor: Actor, notice: Notice, *, language: str = "en") -> BundleContents:
    """The bundle of a notice with all its complaints: of several sellers, so for staff only (`NotVisible`)."""
    if not actor.reads_as_staff:
        raise NotVisible
    return _Gathering(actor, notice, queries.complaints_of(notice.id), notice.reference, language).contents()


class _Gathering:
    """One bundle on its way. Parts that others refer to are numbered first."""

    def __init__(self, actor: Actor, notice: Notice, complaints: Sequence[Complaint], reference: str, language: str) -> None:
        self.actor, self.notice, self.complaints, self.reference = actor, notice, complaints, reference
        self.words = Words(language, rules.settings["zone"])
        self.audience = disclosure.audience(actor, complaints[0] if complaints else notice)
        self.views = [disclosure.view(row, actor) for row in complaints]
        self.whole = reference == notice.reference
        self.said = self._said()
        self.claims = [(view, claim) for view in self.views for claim in view["claims"]]
        self.codes = {claim["id"]: claim["listing"]["code"] for _, claim in self.claims}
        self.numbers = {claim["id"]: n for n, (_, claim) in enumerate(self.claims, 1)}
        self.exhibits = ExhibitList({
            RIGHTS_HOLDER: self._notifier(), SELLER: self.views[0]["store"]["name"] if len(self.views) == 1 else "",
            DESK: rules.settings["desk_name"]})
        self.targets: dict[tuple[str, int], str] = {}

    def _said(self) -> dict[str, Any]:
        """The notice as its readers see it: whole for itself, else as far as it concerns the one complaint."""
        if self.whole:
            return disclosure.view(self.notice, self.actor)
        view = self.views[0]
        notifier = view["notifier"]
        return {
            **view, **view.get("notice", {}), "reference": view.get("notice", {}).get("reference", ""), "contact": notifier,
            "received_at": view.get("notice", {}).get("received_at", view["filed_at"]), "acting_as": notifier["acting_as"],
            "signed_name": notifier["signed_name"]}

    def _notifier(self) -> str:
        contact = self.said["contact"]
        return contact.get("company") or contact.get("name", "")

    def contents(self) -> BundleContents:
        # The order of these lines is the order in which exhibits are numbered.
        right = self._right()
        notice = self._notice()
        counters, answers, courts = self._counters(), self._answers(), self._courts()
        self._rest_of_exhibits()
        decisions = self._decisions()
        deadlines = self._deadlines()
        cases = self._cases()
        # Read once: the worker may seal the log meanwhile, and the proofs must be those of the head that is shown.
        head = latest_head()
        return BundleContents(
            reference=self.reference, title=self._title(), made_at=records.record_ends(cases, head.at if head else None),
            made_by_role=self._role(),
            language=self.words.language, zone=self.words.zone, desk=rules.settings["desk_name"], summary=self._summary(),
            parties=self._parties(), right=right, claims=self._claim_sheets(),
            element_checklists=self._checklists(counters, courts), deadlines=deadlines,
            chronology=records.chronology(self.words, cases, records.Numbers(self.codes, self.targets), self.audience),
            correspondence=self._letters(), notice=notice, counter_notifications=tuple(paper for _, paper in counters),
            answers=answers, court_notices=tuple(paper for _, paper in courts), decisions=decisions, exhibits=self.exhibits.all,
            audit_head=records.head_facts(self.words, head), signed_head=head.signed if head else "",
            log=records.log_entries(self.words, cases, self.audience, head))

    # --- cover and parties

    def _title(self) -> str:
        stores = list(dict.fromkeys(view["store"]["name"] for view in self.views))
        against = stores[0] if len(stores) == 1 else self.words.say(N_("%(n)s stores"), n=len(stores))
        right = self.said["right"]
        return self.words.say(N_("%(owner)s against %(store)s"), owner=right["owner"] if right else self._notifier(), store=against)

    def _role(self) -> str:
        known = {"staff": N_("Staff of the marketplace"), "seller": N_("Seller"), "rights_holder": N_("Rights holder")}
        return self.words.say(known[self.audience])

    def _summary(self) -> tuple[Field, ...]:
        law = workflow_of(self.complaints[0].case) if self.complaints else None
        states = {self.words.state(workflow_of(row.case), view["state"])
                  for row, view in zip(self.complaints, self.views, strict=True)}
        closed = [row.closed_at for row in self.complaints]
        return self.words.facts(
            (N_("Procedure"), self.words.law(law.label) if law else ""), (N_("Law"), self.words.law(law.law) if law else ""),
            (N_("Right"), self._right_name()), (N_("Listings"), len(self.claims)), (N_("State"), "; ".join(sorted(states))),
            (N_("Received"), self.words.moment(self.said["received_at"])),
            (N_("Closed"), self.words.moment(max(closed)) if closed and all(closed) else ""),
            (N_("Notice"), self.said["reference"] if not self.whole else ""))

    def _right_name(self) -> str:
        right = self.said["right"]
        if not right:
            return ""
        kind = " ".join(filter(None, (self.words.named(RIGHT_KINDS, right["kind"]), right["number"])))
        return f"{right['title']} ({kind})"

    def _parties(self) -> tuple[Party, ...]:
        right, contact = self.said["right"], self.said["contact"]
        own = papers.contact_facts(self.words, contact)
        made = []
        if right and right["owner"] != self._notifier():
            made.append(Party(self.words.say(N_("Rights holder")), right["owner"], papers.contact_facts(self.words, right["contact"])))
            made.append(Party(self.words.say(N_("Notifier")), self._notifier(), own))
        else:
            made.append(Party(self.words.say(N_("Rights holder")), self._notifier(), own))
        for view in self.views:
            who = {tuple(sorted(paper["contact"].items())): paper["contact"] for paper in view.get("counter_notices", ())}
            people = tuple(fact for contact in who.values() for fact in papers.contact_facts(self.words, contact))
            store = self.words.facts((N_("Store"), f"{view['store']['name']} ({view['store']['code']})"),
                                     (N_("Complaint"), view["reference"] if self.whole else ""))
            made.append(Party(self.words.say(N_("Seller")), view["store"]["name"], store + people))
        return tuple(made)

    def _right(self) -> RightSheet | None:
        right, words = self.said["right"], self.words
        if not right:
            return None
        rows = self._filed(evidence.of_case(self.actor, self.notice.right_id))
        return RightSheet(
            self._right_name(),
            words.facts(
                (N_("Owner"), right["owner"]), (N_("Kind"), words.named(RIGHT_KINDS, right["kind"])), (N_("Number"), right["number"]),
                (N_("Office"), right["office"]), (N_("Territory"), right["territory"]), (N_("Classes"), right["classes"]),
                (N_("Valid from"), words.day(right["valid_from"])), (N_("Valid until"), words.day(right["valid_until"])),
                (N_("Description"), right["description"]), (N_("Public contact"), right["contact"].get("email")),
                (N_("Verified by the marketplace"), words.moment(right["verified_at"]) or words.say(N_("not verified")))),
            self.exhibits.add(rows, self.codes))

    # --- papers

    def _filed(self, rows: Iterable[Exhibit]) -> list[Exhibit]:
        """Filed exhibits of these claims, or of all; never what was handed in for another store."""
        return [row for row in rows if row.filed_at is not None
                and (row.is_for_all_stores or not row.claim_ids.isdisjoint(self.codes))]

    def _notice(self) -> Filing:
        rows = [row for row in evidence.of_case(self.actor, self.notice.id) if row.role == "notice"]
        listings = list(self.codes.values())
        return papers.notice(self.words, self.said, listings, self.exhibits.add(self._filed(rows), self.codes))

    def _numbered(self, key: str, anchor: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any], tuple[str, ...]]]:
        """(view, paper, exhibit ids) of every paper of one kind, whose anchors are noted on the way."""
        found = []
        for row, view in zip(self.complaints, self.views, strict=True):
            for paper in view.get(key, ()):
                found.append((view, paper, self._relied_on(row, view, paper)))
                self.targets[anchor, paper["id"]] = f"{anchor}:{len(found)}"
        return found

    def _relied_on(self, row: Complaint, view: Mapping[str, Any], paper: Mapping[str, Any]) -> tuple[str, ...]:
        wanted = [exhibit["reference"] for exhibit in paper.get("exhibits", ())]
        if not wanted:
            return ()
        known = {exhibit.reference: exhibit for exhibit in self._filed(evidence.of_case(self.actor, row.id))}
        return self.exhibits.add([known[name] for name in wanted if name in known], self.codes, self._submitter(view, paper))

    def _submitter(self, view: Mapping[str, Any], paper: Mapping[str, Any]) -> str:
        return view["store"]["name"] if "grounds" in paper or "copy" in paper else ""

    def _counters(self) -> list[tuple[Mapping[str, Any], Filing]]:
        return [({**paper, "regime": view["regime"]}, papers.counter_notice(self.words, paper, ids))
                for view, paper, ids in self._numbered("counter_notices", "counter")]

    def _answers(self) -> tuple[Filing, ...]:
        return tuple(papers.answer(self.words, paper, self.codes, ids) for _, paper, ids in self._numbered("answers", "answer"))

    def _courts(self) -> list[tuple[Mapping[str, Any], Filing]]:
        return [({**paper, "regime": view["regime"]}, papers.court_notice(self.words, paper, self.codes, ids))
                for view, paper, ids in self._numbered("court_notices", "court")]

    def _rest_of_exhibits(self) -> None:
        """What was filed in the case and is named by no paper: documents received elsewhere, and whatever else there is."""
        for row in (self.notice, *self.complaints):
            self.exhibits.add(self._filed(evidence.of_case(self.actor, row.id)), self.codes)

    def _decisions(self) -> tuple[Any, ...]:
        made = []
        for row, view in zip(self.complaints, self.views, strict=True):
            ids = {decision.reference: decision.id for decision in decisions_of(row.id)}
            for paper in view.get("decisions", ()):
                made.append(papers.decision(self.words, paper, workflow_of(row.case), self.codes))
                self.targets["decision", ids[paper["reference"]]] = f"decision:{len(made)}"
        return tuple(made)

    def _checklists(
        self, counters: Sequence[tuple[Mapping[str, Any], Filing]], courts: Sequence[tuple[Mapping[str, Any], Filing]],
    ) -> tuple[ElementChecklist, ...]:
        regime = self.said["regime"]
        made = [papers.notice_checklist(self.words, regime, self.said, list(self.numbers.values()))] if regime else []
        for n, (said, _) in enumerate(counters, 1):
            made.append(papers.counter_checklist(self.words, said["regime"], said, self._places(said), f"counter:{n}"))
        for n, (said, paper) in enumerate(courts, 1):
            made.append(papers.court_checklist(self.words, said["regime"], said, paper.exhibits, f"court:{n}"))
        return tuple(made)

    def _places(self, said: Mapping[str, Any]) -> list[int]:
        return [self.numbers[number] for number in said["claim_ids"] if number in self.numbers]

    # --- listings

    def _claim_sheets(self) -> tuple[ClaimSheet, ...]:
        holds: dict[int, list[Hold]] = {}
        if self.audience == "staff":
            for hold in holds_of_claims(list(self.codes)):
                holds.setdefault(hold.claim_id or 0, []).append(hold)
        laws = {row.reference: workflow_of(row.case) for row in self.complaints}
        return tuple(self._claim(view, claim, laws[view["reference"]], holds.get(claim["id"], [])) for view, claim in self.claims)

    def _claim(self, view: Mapping[str, Any], claim: Mapping[str, Any], law: Any, holds: Iterable[Hold]) -> ClaimSheet:
        words, listing, state = self.words, claim["listing"], law.states[claim["state"]]
        return ClaimSheet(
            listing["code"], listing["title"], listing["url"], words.state(law, claim["state"]),
            words.law(state.meaning_for("all")) if claim["state"].startswith("closed.") else "",
            words.facts(
                (N_("Store"), f"{view['store']['name']} ({view['store']['code']})" if self.whole else ""),
                (N_("Reason"), words.of_table("reason_codes", claim["reason_code"])), (N_("Explanation"), claim["explanation"]),
                (N_("What this means"), "" if claim["state"].startswith("closed.") else words.law(state.meaning_for("all"))))
            + tuple(self._hold(hold) for hold in holds),
            tuple(self._capture(capture, listing) for capture in claim["captures"]))

    def _hold(self, hold: Hold) -> Field:
        words = self.words
        until = words.say(N_("until %(when)s"), when=words.moment(hold.lifted_at)) if hold.lifted_at else words.say(N_("still in force"))
        since = words.say(N_("from %(when)s"), when=words.moment(hold.placed_at))
        return Field(words.named(HOLD_KINDS, hold.kind), f"{since}, {until}")

    def _capture(self, capture: Mapping[str, Any], listing: Mapping[str, Any]) -> Capture:
        content, words = capture["content"], self.words
        price = f"{content.get('price', '')} {content.get('currency', '')}".strip()
        shown = {**content, "price": price}
        pictures = words.say(N_("Captured picture of listing %(code)s"), code=listing["code"])
        exhibits = self.exhibits.add_pictures(capture["images"], pictures, capture["captured_at"])
        for picture in capture["pictures"]:
            if picture["sha256"]:
                exhibits += self.exhibits.add_pictures([picture["sha256"]], pictures, picture["fetched_at"])
        return Capture(
            words.named(OCCASIONS, capture["occasion"]), capture["captured_at"], capture["sha256"],
            words.facts(*((label, shown.get(name)) for name, label in _CAPTURED),
                        (N_("Pictures at"), "\n".join(self._fetched(picture) for picture in capture["pictures"]))),
            content.get("description", ""), tuple(dict.fromkeys(exhibits)))

    def _fetched(self, picture: Mapping[str, Any]) -> str:
        """A picture's address, when the desk fetched what lay there, or why it did not."""
        words, at = self.words, picture["address"]
        if picture["state"] == "fetched":
            return words.say(N_("%(address)s: fetched %(when)s, SHA-256 %(sha256)s. It is what the address showed then, after the "
                                "listing itself was captured."), address=at, when=words.moment(picture["fetched_at"]),
                             sha256=picture["sha256"])
        if picture["state"] == "waiting":
            return words.say(N_("%(address)s: not fetched yet"), address=at)
        return words.say(N_("%(address)s: not fetched: %(why)s"), address=at, why=words.law(PROBLEMS[picture["problem"]]))

    # --- what the desk recorded

    def _cases(self) -> list[Any]:
        """The cases whose record is printed. A seller's bundle does not tell what was done about the whole notice."""
        return [*([self.notice] if self.audience != "seller" else []), *self.complaints]

    def _deadlines(self) -> tuple[Any, ...]:
        laws = {row.id: workflow_of(row.case) for row in self._cases()}
        made = []
        for n, (row, end) in enumerate(records.deadline_rows(self._cases(), self.audience), 1):
            made.append(records.deadline_sheet(self.words, row, laws[row.case_id], self.codes, end))
            self.targets["deadline", row.id] = f"deadline:{n}"
        return tuple(made)

    def _letters(self) -> tuple[Any, ...]:
        """Letters about the notice name the listings of all its stores: only where this bundle has them all."""
        all_here = len(self.complaints) == len(queries.complaints_of(self.notice.id))
        rows = [*([self.notice] if all_here and self.audience != "seller" else []), *self.complaints]
        stores = {view["id"]: view["store"]["name"] for view in self.views}
        names = {(row.id, "rights_holder"): self._notifier() for row in rows}
        names |= {(number, "seller"): name for number, name in stores.items()}
        sender = rules.settings["desk_name"]
        return records.correspondence(self.words, [row.id for row in rows], self.audience, sender, names)
