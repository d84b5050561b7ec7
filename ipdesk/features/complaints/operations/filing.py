"""From an empty draft to a filed notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ipdesk.core.audit.sealing import head_line
from ipdesk.core.casework.advance import advance, begin, new_case
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, NotVisible, Refusal
from ipdesk.core.kernel.text import N_
from ipdesk.core.outbox.enqueue import Recipient, enqueue_letter
from ipdesk.core.workflow.regimes import choose_regime
from ipdesk.features.accounts.letters import in_words
from ipdesk.features.catalogue.models import Marketplace
from ipdesk.features.complaints import drafts, elements, facts, links, queries
from ipdesk.features.complaints.answers import Answered, Entry, answer_rows
from ipdesk.features.complaints.models import Notice, TestPurchase
from ipdesk.features.complaints.operations.opening import add_rows
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence import queries as evidence_queries
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights import operations as rights
from ipdesk.features.rights.models import Right
from ipdesk.features.rights.queries import today

TOO_MANY_FOR_GUEST = N_("Without an account a notice holds at most ten listings. Register to file about more.")
RIGHT_ENDED = N_("This right has ended, has not begun yet or was taken off the desk. "
                 "Renew it first, or choose another one.")


@dataclass(frozen=True)
class Content:
    """Everything a notice says. ``exhibits`` maps a draft exhibit to the entered rows it belongs to
    (empty: all stores). ``received_at`` differs from the act's time for a document that came by post.
    ``answers`` are the desk's answers to ``entries`` where this very transaction has them already.
    """

    right: Right
    reason_code: str
    explanation: str
    entries: Sequence[Entry]
    contact: Mapping[str, str]
    signed_name: str
    acting_as: str = "owner"
    statements: Sequence[str] = ()
    purchases: Sequence[Mapping[str, Any]] = ()
    exhibits: Mapping[Exhibit, Sequence[str]] = field(default_factory=dict)
    received_at: datetime | None = None
    channel: str = "desk"
    answers: Sequence[Answered] | None = None


def start_notice(
    *, actor: Actor, marketplace: Marketplace, right: Right | None = None,
    draft: Mapping[str, Any] | None = None,
) -> Notice:
    """An empty draft, seen by its author's organisation only."""
    case = new_case(actor=actor, kind="notice", workflow="notice", marketplace_id=marketplace.id)
    notice = Notice(
        case=case, organisation_id=actor.organisation_id, filed_by=actor.user_id,
        right_id=right.id if right else None, locale=actor.locale, created_at=actor.at,
        draft=dict(draft or {}), contact={}, missing=[], versions=[], version_id=1,
    )
    begin(actor=actor, row=notice)
    return notice


def save_draft(
    *, actor: Actor, notice: Notice, draft: Mapping[str, Any], right: Right | None = None,
) -> Notice:
    """Keep what was typed so far; only a part that ``draft`` names is replaced.

    Refuses a notice that was filed (``notice_filed``).
    """
    if notice.state != "draft":
        raise Refusal("notice_filed")
    notice.draft = {**(notice.draft or {}), **draft}
    if right is not None:
        notice.right_id = right.id
    db.session.flush()
    return notice


def file_notice(
    *, actor: Actor, notice: Notice, content: Content, seen: int | None = None,
) -> list[Notice]:
    """File the notice; more listings than one notice holds are split into further notices.

    Returns the notices filed, the given one first. Raises ``Invalid`` naming the field when no
    listing can be accepted or the right has ended; ``Refusal`` when an element is missing.
    What came from elsewhere is recorded as it is. The exhibits of ``content`` are attached to
    ``notice`` already.
    """
    marketplace = db.session.get(Marketplace, notice.case.marketplace_id)
    answers = content.answers
    if answers is None:
        answers = answer_rows(content.entries, content.right, marketplace, actor=actor)
    accepted = [row for row in answers if row.answer == "accepted"]
    recorded = content.channel != "desk"
    if not recorded and not drafts.can_file_from(content.right, marketplace, today(actor.at)):
        raise Invalid({"right": [RIGHT_ENDED]})
    if not accepted and not recorded:
        raise Invalid({"listings": [N_("None of these listings can be complained of here. "
                                       "See the answer beside each.")]})
    most = limit("listings_per_notice")
    parts = [accepted[start:start + most] for start in range(0, len(accepted), most)] or [[]]
    others = [row for row in answers if row.answer != "accepted"]
    filed = []
    for place, part in enumerate(parts):
        target = notice if place == 0 else start_notice(
            actor=actor, marketplace=marketplace, right=content.right)
        _fill(actor, target, content, part + (others if place == 0 else []), marketplace)
        advance(
            actor=actor, row=target, trigger="record_notice" if recorded else "file_notice",
            facts={"rows": part, "content": content}, seen=seen if place == 0 else None,
            dated={"notice_received": content.received_at or actor.at})
        filed.append(target)
    _file_exhibits(actor, filed, content)
    return filed


def file_draft(
    *, actor: Actor, notice: Notice, signed_name: str, statements: Sequence[str], shown: str,
    seen: int | None = None,
) -> list[Notice]:
    """File what the draft says. ``shown`` is the digest of what the signer read (``draft_changed``).

    Raises as `file_notice`; ``element_missing`` where the draft lacks what the law asks for.
    """
    if notice.state != "draft":
        raise Refusal("notice_filed")
    draft = drafts.Draft.load(notice, actor)
    if draft.right is None:
        raise Refusal("element_missing")
    found = draft_files(actor, draft)
    said = draft.said({reference: exhibit.name for reference, exhibit in found.items()})
    if said.digest() != shown:
        raise Refusal("draft_changed")
    if said.missing():
        raise Refusal("element_missing")
    handed = {}
    for place, (reference, (visibility, rows)) in enumerate(drafts.exhibit_rows(said).items()):
        evidence.attach(actor=actor, exhibit=found[reference], case_id=notice.id, role="notice",
                        rules=intake().rules, visibility=visibility, position=place)
        handed[found[reference]] = rows
    return file_notice(actor=actor, notice=notice, seen=seen, content=Content(
        right=draft.right, reason_code=said.reason_code, explanation=said.explanation,
        entries=[row.entry for row in said.rows], answers=said.rows, contact=said.contact, signed_name=signed_name,
        acting_as=said.acting_as, statements=statements, purchases=drafts.purchases(said),
        exhibits=handed))


def draft_files(actor: Actor, draft: drafts.Draft) -> dict[str, Exhibit]:
    """Reference → exhibit of a draft; what its side has removed meanwhile is left out."""
    found = {}
    for one in draft.values["exhibits"]:
        try:
            found[one["reference"]] = evidence_queries.own_drafts(actor, [one["reference"]])[0]
        except NotVisible:
            continue
    return found


def file_as_guest(
    *, actor: Actor, marketplace: Marketplace, right: Mapping[str, Any], entries: Sequence[Entry],
    exhibits: Sequence[Exhibit] = (), **said: Any,
) -> Notice:
    """File the notice of somebody without account, whose right is described in it, and ask to
    confirm the e-mail address.

    An address that is never confirmed stops no clock; staff see that it is not. Raises as `file_notice`, and
    ``Invalid`` for more listings than a guest's notice holds.
    """
    most = limit("listings_per_guest_notice")
    if len(entries) > most:
        raise Invalid({"listings": [TOO_MANY_FOR_GUEST]})
    described = rights.register_right(actor=actor, **right)
    notice = start_notice(actor=actor, marketplace=marketplace, right=described)
    author = replace(actor, links=actor.links | {("guest", notice.id)})
    for place, exhibit in enumerate(exhibits):
        evidence.attach(actor=author, exhibit=exhibit, case_id=notice.id, role="notice",
                        rules=intake().rules, visibility="share", position=place)
    file_notice(actor=author, notice=notice, content=Content(
        right=described, entries=entries, exhibits=dict.fromkeys(exhibits, ()), **said))
    send_link(actor=author, notice=notice)
    return notice


def send_link(*, actor: Actor, notice: Notice) -> None:
    """Send a guest a new link to its notice; opening it also confirms the address."""
    address = notice.contact.get("email", "")
    token = links.make_link(at=actor.at, case_id=notice.id, audience="guest", address=address)
    enqueue_letter(
        message="confirm_address", at=actor.at, case_id=notice.id, reference=notice.reference,
        recipient=Recipient(role="rights_holder", name=notice.contact.get("name", ""), address=address,
                            locale=notice.locale, subject_id=f"notice:{notice.id}"),
        context={"desk_name": rules.settings["desk_name"], "audit_head": head_line(), "deadline": None,
                 "now": moment_text(actor.at, rules.settings["zone"], notice.locale),
                 "within_text": in_words(links.LINK_LIFETIME, notice.locale), "case_url": f"{rules.settings['base_url']}/links/{token}"})


LIMITS = frozenset({"listings_per_notice", "listings_per_guest_notice", "listings_per_draft"})


def limit(name: str) -> int:
    """A number of ``tables/limits.yaml``."""
    return int(rules.workflows.table("limits")[name]["value"])


def _fill(
    actor: Actor, notice: Notice, content: Content, rows: Sequence[Answered],
    marketplace: Marketplace,
) -> None:
    notice.right_id, notice.right_facts = content.right.id, facts.frozen_right(content.right)
    choice = choose_regime(
        rules.workflows, right_type=content.right.kind, markets=[marketplace.market])
    notice.regime, notice.regime_reason = choice.regime, choice.reason
    notice.reason_code, notice.explanation = content.reason_code, content.explanation
    notice.contact, notice.signed_name = dict(content.contact), content.signed_name
    notice.acting_as, notice.channel = content.acting_as, content.channel
    notice.received_at, notice.entered_at = content.received_at or actor.at, actor.at
    notice.draft = None
    add_rows(notice, rows)
    own = {row.listing.id for row in rows if row.answer == "accepted" and row.listing}
    db.session.add_all(
        TestPurchase(notice_id=notice.id, **purchase) for purchase in content.purchases
        if purchase.get("listing_id") is None or purchase["listing_id"] in own)
    elements.sign_statements(
        actor=actor, case_id=notice.id, document=elements.DOCUMENT, regime=notice.regime,
        codes=list(content.statements), name=content.signed_name, locale=actor.locale)


def _file_exhibits(actor: Actor, notices: Sequence[Notice], content: Content) -> None:
    """Give each exhibit to the notices of its rows, with their claims; stores see it when told.

    An exhibit whose rows were all refused belongs to no store: it stays with the desk. Where
    a notice was split, each part has its own copy of what belongs to it.
    """
    if not content.exhibits:
        return
    claims = [_claims_by_entry(notice) for notice in notices]
    for exhibit, rows in content.exhibits.items():
        targets = [(notice, [found[row] for row in rows if row in found])
                   for notice, found in zip(notices, claims, strict=True)]
        if rows:
            targets = [(notice, ids) for notice, ids in targets if ids]
        if not targets:
            _give(actor, exhibit, notices[0], [], "platform_only")
        for place, (notice, ids) in enumerate(targets):
            own = exhibit if place == 0 else evidence.copy_draft(actor=actor, exhibit=exhibit)
            _give(actor, own, notice, ids, exhibit.visibility)
        # Copies are made of drafts: an exhibit is filed when every part has its own.
    filed = [row for notice in notices for row in queries.draft_exhibits(notice.id)]
    evidence.file_exhibits(actor=actor, exhibits=filed)


def _claims_by_entry(notice: Notice) -> dict[str, int]:
    """Entered row → its claim, for the accepted rows of a notice."""
    listings = {row.listing_id: row.entered for row in queries.rows_of_notice(notice.id)
                if row.answer == "accepted"}
    return {listings[claim.listing_id]: claim.id for complaint in queries.complaints_of(notice.id)
            for claim in queries.claims_of(complaint.id)}


def _give(
    actor: Actor, exhibit: Exhibit, notice: Notice, claim_ids: Sequence[int], visibility: str,
) -> None:
    evidence.attach(
        actor=actor, exhibit=exhibit, case_id=notice.id, role=exhibit.role, rules=intake().rules,
        visibility=visibility, claim_ids=claim_ids, title=exhibit.title,
        description=exhibit.description, position=exhibit.position)
