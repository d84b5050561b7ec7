"""The draft of a notice, and what its stores will see of it.

``Notice.draft`` is ``{rows, reason_code, explanation, acting_as, contact, exhibits, purchases, done}``: ``rows``
are entries in order; an exhibit is ``{reference, visibility, all, rows}`` (``rows`` are entered ids or addresses,
ignored when ``all``); a purchase is ``{entered, ordered_on, order_number, findings, visibility}``; ``done`` names
optional steps that the author went through.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from ipdesk.core.casework import disclosure
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.canonical import canonical_json, sha256_hex
from ipdesk.core.workflow.regimes import RegimeChoice, choose_regime
from ipdesk.features.catalogue.models import Listing, Marketplace, Store
from ipdesk.features.complaints import elements, facts, queries
from ipdesk.features.complaints.answers import Answered, Entry, answer_rows
from ipdesk.features.complaints.models import Notice
from ipdesk.features.rights.models import Right
from ipdesk.features.rights.queries import has_ended, in_force

EMPTY: Mapping[str, Any] = {
    "rows": [], "reason_code": "", "explanation": "", "acting_as": "", "contact": {}, "exhibits": [],
    "purchases": [], "done": [],
}


def regime_for(kind: str, marketplace: Marketplace) -> RegimeChoice:
    """The regime that a notice about a right of ``kind`` on this marketplace follows, with its reason."""
    return choose_regime(rules.workflows, right_type=kind, markets=[marketplace.market])


def regime_of(actor: Actor, reference: str) -> str:
    """The regime of a notice, or that its draft will follow; empty while a draft has no right. ``NotVisible``."""
    regime, kind, market = queries.filed_under(actor, reference)
    return regime or (choose_regime(rules.workflows, right_type=kind, markets=[market]).regime if kind else "")


def can_file_from(right: Right, marketplace: Marketplace, on: date) -> bool:
    """Whether a notice can rest on this right on that day.

    Where the law's file does not ask for a right in force (17 U.S.C. § 512(c)(3)(A) knows no verification), only one that
    is over is refused.
    """
    law = rules.workflows.workflow(regime_for(right.kind, marketplace).regime)
    asked = any("right_is_in_force" in edge.guards for edge in law.edges(law.initial, "accept_notice"))
    return in_force(right, on) if asked else not has_ended(right, on)


def reason_codes(kind: str) -> dict[str, Mapping[str, Any]]:
    """The reason codes that fit a kind of right."""
    return {code: row for code, row in rules.workflows.table("reason_codes").items()
            if not row["right_types"] or kind in row["right_types"]}


@dataclass(frozen=True)
class Said:
    """What a notice says before it is filed; ``right`` are the facts of the right as in ``facts.right_facts``.

    ``exhibits`` are ``{reference, name, visibility, all, rows}``.
    """

    right: Mapping[str, Any]
    regime: RegimeChoice
    rows: Sequence[Answered]
    reason_code: str = ""
    explanation: str = ""
    acting_as: str = "owner"
    contact: Mapping[str, Any] = field(default_factory=dict)
    exhibits: Sequence[Mapping[str, Any]] = ()
    purchases: Sequence[Mapping[str, Any]] = ()

    @cached_property
    def accepted(self) -> list[Answered]:
        return [row for row in self.rows if row.answer == "accepted"]

    def by_store(self) -> dict[Store, list[Answered]]:
        """The accepted rows of each store, stores in the order in which they first occur."""
        found: dict[Store, list[Answered]] = {}
        for row in self.accepted:
            found.setdefault(row.listing.store, []).append(row)
        return found

    def missing(self) -> list[Mapping[str, Any]]:
        """The elements that are not there yet, leaving out signature and statements."""
        told = {"signed_name": True, "right": self.right, "listings": self.accepted,
                "contact": self.contact, "explanation": self.explanation, "reason_code": self.reason_code}
        codes = {line["code"] for line in elements.statements(self.regime.regime)}
        return elements.missing_from(self.regime.regime, elements.DOCUMENT, told, codes)

    def digest(self) -> str:
        """Binds a signature to what was shown: every fact that stores or the desk will get."""
        return sha256_hex(canonical_json([
            dict(self.right), self.regime.regime, self.reason_code, self.explanation, self.acting_as,
            dict(self.contact), [dict(one) for one in self.exhibits], [dict(one) for one in self.purchases],
            [[row.entry.entered, row.answer, row.entry.reason_code, row.entry.explanation]
             for row in self.rows]]))


@dataclass(frozen=True)
class Draft:
    """A draft with everything that its pages show."""

    notice: Notice
    marketplace: Marketplace
    right: Right | None
    values: Mapping[str, Any]
    author: Actor

    @classmethod
    def load(cls, notice: Notice, actor: Actor) -> "Draft":
        """The draft as ``actor`` reads it."""
        values = {**EMPTY, **(notice.draft or {})}
        right = db.session.get(Right, notice.right_id) if notice.right_id else None
        marketplace = db.session.get(Marketplace, notice.case.marketplace_id)
        return cls(notice, marketplace, right, values, actor)

    @cached_property
    def rows(self) -> Sequence[Answered]:
        """The rows with the desk's answer to each, found when they are first asked for."""
        return answer_rows(entries(self.values["rows"]), self.right, self.marketplace, actor=self.author)

    @property
    def accepted(self) -> list[Answered]:
        return [row for row in self.rows if row.answer == "accepted"]

    def said(self, names: Mapping[str, str]) -> Said:
        """What the notice says; ``names`` are the names of exhibits by reference (others were removed)."""
        known = {row.entry.entered for row in self.accepted}
        exhibits = [{**one, "name": names[one["reference"]], "rows": [row for row in one["rows"] if row in known]}
                    for one in self.values["exhibits"] if one["reference"] in names]
        return Said(
            right=plain_right(self.right), regime=regime_for(self.right.kind, self.marketplace), rows=self.rows,
            reason_code=self.values["reason_code"], explanation=self.values["explanation"],
            acting_as=self.values["acting_as"] or "owner", contact=self.values["contact"], exhibits=exhibits,
            purchases=self.values["purchases"])


def plain_right(right: Right) -> dict[str, Any]:
    """The facts of a right with days as text, so that they can be digested and shown."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in facts.right_facts(right).items()}


def entries(rows: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """The rows of a draft as entries of a notice."""
    return [Entry(row["entered"], row.get("reason_code", ""), row.get("explanation", "")) for row in rows]


def row_of(entry: Entry) -> dict[str, str]:
    """An entry as a row of a draft."""
    return {"entered": entry.entered, "reason_code": entry.reason_code, "explanation": entry.explanation}


def exhibit_rows(said: Said) -> dict[str, tuple[str, list[str]]]:
    """Reference → visibility and rows for ``Content``. What was assigned to nothing goes to no store."""
    return {one["reference"]: ("platform_only" if not one["all"] and not one["rows"] else one["visibility"],
                               [] if one["all"] else list(one["rows"])) for one in said.exhibits}


def purchases(said: Said) -> list[dict[str, Any]]:
    """Test purchases for ``Content``. One about a listing that is not complained of stays with staff."""
    listings = {row.entry.entered: row.listing for row in said.accepted}
    return [_purchase(one, listings) for one in said.purchases]


def _purchase(one: Mapping[str, Any], listings: Mapping[str, Listing]) -> dict[str, Any]:
    listing = listings.get(one["entered"])
    lost = bool(one["entered"]) and listing is None
    return {
        "listing_id": listing.id if listing else None, "order_number": one["order_number"],
        "ordered_on": date.fromisoformat(one["ordered_on"]) if one["ordered_on"] else None,
        "findings": one["findings"], "visibility": "staff_only" if lost else one["visibility"]}


# --- what a store sees -------------------------------------------------------------------------------


def store_views(said: Said) -> list[dict[str, Any]]:
    """For each store exactly what its seller will see, cut by the matrix of disclosure.

    ``view`` is a complaint as `casework.disclosure.view` gives it to a seller; ``exhibits`` are the
    names it will see. Signature and day are added by the signing.
    """
    law = rules.workflows.workflow(said.regime.regime)
    return [{
        "view": disclosure.disclose("complaint", _complaint(said, store, rows, law), "seller"),
        "exhibits": [one["name"] for one in said.exhibits if _reaches(one, rows)],
    } for store, rows in said.by_store().items()]


def _reaches(exhibit: Mapping[str, Any], rows: Sequence[Answered]) -> bool:
    return exhibit["visibility"] == "share" and (
        exhibit["all"] or not {row.entry.entered for row in rows}.isdisjoint(exhibit["rows"]))


def _complaint(said: Said, store: Store, rows: Sequence[Answered], law: Any) -> dict[str, Any]:
    own = {row.listing.id for row in rows}
    bought = [one for one in purchases(said) if one["listing_id"] is None or one["listing_id"] in own]
    return {
        "regime": law.name, "regime_label": law.label, "law": law.law, "regime_reason": said.regime.reason,
        "state": law.initial, "right": dict(said.right),
        "store": {"name": store.name, "code": store.external_id},
        "reason_code": rows[0].entry.reason_code or said.reason_code,
        "explanation": said.explanation, "notifier": {**said.contact, "acting_as": said.acting_as},
        "statements": [{"code": line["code"], "text": line["text"]} for line in elements.statements(law.name)],
        "claims": [{"told": True, "listing": facts.listing_facts(row.listing),
                    "reason_code": row.entry.reason_code or said.reason_code,
                    "explanation": row.entry.explanation} for row in rows],
        "purchases": [{**one, "shared": one["visibility"] == "share"} for one in bought],
    }

