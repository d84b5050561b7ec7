"""The papers of a case: notice, counter-notifications, answers, court notices, decisions, and what the law asks of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ipdesk.core.casework.rules import rules
from ipdesk.core.kernel.text import N_
from ipdesk.core.workflow import Workflow
from ipdesk.features.complaints import elements
from ipdesk.features.counter_notices.copies import is_statutory
from ipdesk.gateways.bundles.contents import DecisionSheet, Element, ElementChecklist, Field, Filing, Statement
from ipdesk.gateways.bundles.words import ACTING_AS, CHANNELS, Words

# Where the proof of a field stands in the bundle; what is not named stands in the paper itself.
_NOTICE_PROOFS = {"right": "right", "contact": "parties"}
_COURT_PROOFS = ("forum", "docket", "filed_on")
# More single page numbers than this for one element are replaced by the section's.
_MOST_PROOFS = 4
OTHER_NAME = N_("Signed by another name than the notifier’s")
_YES_NO = {True: N_("yes"), False: N_("no")}


def statements(lines: Iterable[Mapping[str, Any]]) -> tuple[Statement, ...]:
    """Signed statements, word for word."""
    return tuple(Statement(line["text"], line["signed_name"], line["signed_at"]) for line in lines)


def contact_facts(words: Words, contact: Mapping[str, Any]) -> tuple[Field, ...]:
    """Name and addresses of a person, as far as the reader may see them."""
    return words.facts(
        (N_("Name"), contact.get("name")), (N_("Address"), contact.get("address")), (N_("Telephone"), contact.get("phone")),
        (N_("E-mail"), contact.get("email")))


def received_facts(words: Words, paper: Mapping[str, Any]) -> tuple[Field, ...]:
    """How a paper came in; when it was entered only where that was later than its arrival."""
    later = paper.get("entered_at") if paper.get("entered_at") != paper.get("received_at") else None
    channel = paper.get("channel")
    return words.facts(
        (N_("Received by"), words.named(CHANNELS, channel) if channel else ""), (N_("Entered on the desk"), words.moment(later)))


def notice(words: Words, said: Mapping[str, Any], listings: Sequence[str], exhibits: tuple[str, ...]) -> Filing:
    """The notice. ``said`` has the keys of a notice's facts, cut by disclosure."""
    contact = said["contact"]
    company = contact.get("company") or contact.get("name", "")
    title = words.say(N_("Notice %(reference)s"), reference=said["reference"]) if said.get("reference") else words.say(N_("Notice"))
    return Filing(
        title, said["received_at"], _by(words, said["signed_name"], company),
        words.facts(
            (N_("Listings"), ", ".join(listings)), (N_("Reason"), words.of_table("reason_codes", said["reason_code"])),
            (N_("Filed as"), words.named(ACTING_AS, said["acting_as"])),
            (N_("Signature"), words.say(OTHER_NAME) if _signed_by_another(said) else ""),
            (N_("Rules that apply"), words.law(said.get("regime_reason", ""))),
        ) + received_facts(words, said) + _purchases(words, said.get("purchases", ()))
        + _superseded(words, said.get("superseded", ())),
        said["explanation"], statements(said["statements"]), exhibits)


def _signed_by_another(said: Mapping[str, Any]) -> bool:
    """Whether the notice is signed by another name than its notifier's."""
    names = said["signed_name"], said["contact"].get("name", "")
    return all(names) and names[0].casefold() != names[1].casefold()


def _by(words: Words, name: str, company: str) -> str:
    if not name or name == company:
        return company or name
    return words.say(N_("%(company)s, signed by %(name)s"), company=company, name=name) if company else name


def _superseded(words: Words, versions: Iterable[Mapping[str, Any]]) -> tuple[Field, ...]:
    """What the notice said and signed before it was made good."""
    return tuple(Field(
        words.say(N_("Replaced on %(when)s"), when=words.moment(version["replaced_at"])),
        "\n".join(filter(None, (
            *(one.value for one in contact_facts(words, version["contact"])), version["explanation"],
            words.say(N_("Signed by %(name)s"), name=version["signed_name"]) if version["signed_name"] else "",
            *(line["text"] for line in version["statements"]))))) for version in versions)


def _purchases(words: Words, purchases: Iterable[Mapping[str, Any]]) -> tuple[Field, ...]:
    made = []
    for n, purchase in enumerate(purchases, 1):
        parts = ("" if purchase.get("shared") else words.say(N_("For the marketplace only, not shared with the seller")),
                 words.day(purchase.get("ordered_on")), purchase.get("order_number"), purchase.get("findings"))
        made.append(Field(words.say(N_("Test purchase %(n)s"), n=n), "\n".join(filter(None, parts))))
    return tuple(made)


def counter_notice(words: Words, said: Mapping[str, Any], exhibits: tuple[str, ...]) -> Filing:
    """A counter-notification, as far as the reader may see it."""
    grounds = "\n".join(words.of_table("grounds", code) for code in said.get("grounds", ()))
    listings = "\n".join(f"{one['code']} · {one['title']}" for one in said["listings"])
    return Filing(
        words.say(N_("Counter-notification %(reference)s"), reference=said["reference"]), said["received_at"], said["signed_name"],
        words.facts((N_("Listings"), listings), (N_("Grounds"), grounds)) + received_facts(words, said)
        + contact_facts(words, said["contact"]),
        said.get("explanation", ""), statements(said["statements"]), exhibits)


def answer(words: Words, said: Mapping[str, Any], listings: Mapping[int, str], exhibits: tuple[str, ...]) -> Filing:
    """What the rights holder answered to a counter-notification."""
    return Filing(
        words.say(N_("Answer of the rights holder")), said["answered_at"], said["signed_name"],
        words.facts((N_("Listings"), _codes(said, listings))), said["text"], (), exhibits)


def court_notice(words: Words, said: Mapping[str, Any], listings: Mapping[int, str], exhibits: tuple[str, ...]) -> Filing:
    """The notice that a court action was filed, with what the examination found."""
    found = {"": N_("Not examined yet"), "confirmed": N_("Confirmed"), "rejected": N_("Rejected")}[said["result"]]
    return Filing(
        words.say(N_("Court action %(docket)s"), docket=said["docket"]), said.get("received_at") or said["decided_at"],
        words.say(N_("Rights holder")),
        words.facts(
            (N_("Court"), said["forum"]), (N_("Docket number"), said["docket"]), (N_("Filed with the court"), words.day(said["filed_on"])),
            (N_("Listings"), _codes(said, listings)),
            (N_("Filed by the notifier"), _yes(words, said.get("filed_by_notifier"))),
            (N_("Against the subscriber"), _yes(words, said.get("names_subscriber"))),
            (N_("Seeks an order that restrains the subscriber"), _yes(words, said.get("seeks_restraint"))),
            (N_("Examined"), words.moment(said["decided_at"])), (N_("Result"), words.say(found)), (N_("Reasons"), said.get("reason"))),
        "", statements(said.get("statements", ())), exhibits)


def _yes(words: Words, value: bool | None) -> str:
    return "" if value is None else words.say(_YES_NO[value])


def _codes(said: Mapping[str, Any], listings: Mapping[int, str]) -> str:
    return ", ".join(listings[number] for number in said["claim_ids"] if number in listings)


def decision(words: Words, said: Mapping[str, Any], law: Workflow, listings: Mapping[int, str]) -> DecisionSheet:
    """A decision in force with the statement of reasons that both sides received."""
    reasons = said.get("reasons", {})
    return DecisionSheet(
        words.say(N_("Decision %(reference)s"), reference=said["reference"]), said["decided_at"],
        said.get("decided_by_name") or words.say(N_("The marketplace")),
        f"{_codes(said, listings)}: {words.law(law.triggers[said['trigger']].done)}",
        words.facts(
            (N_("Basis"), reasons.get("basis") or law.law), (N_("Approved by a second person"), words.moment(said.get("approved_at")))),
        said["statement"])


# --- what the law asks of a paper --------------------------------------------------------------------


def notice_checklist(words: Words, regime: str, said: Mapping[str, Any], claims: Sequence[int]) -> ElementChecklist:
    """The elements of the notice. ``claims`` are the numbers of its listings in the bundle."""
    proofs = {"right": said.get("right"), "listings": claims, "contact": said["contact"], "explanation": said["explanation"],
              "reason_code": said["reason_code"], "signed_name": said["signed_name"]}
    where = {**_NOTICE_PROOFS, "listings": _claim_targets(claims)}
    made = _checklist(words, N_("Elements of the notice"), regime, elements.DOCUMENT, proofs, said["statements"], where, "notice")
    if not _signed_by_another(said):
        return made
    signed = {element["code"] for element in elements.required(regime) if "signed_name" in element["proven_by"]}
    return replace(made, elements=tuple(
        replace(one, remark=words.say(OTHER_NAME)) if one.code in signed and one.satisfied else one for one in made.elements))


def counter_checklist(
    words: Words, regime: str, said: Mapping[str, Any], claims: Sequence[int], target: str,
) -> ElementChecklist:
    """The elements of one counter-notification, which stands at ``target``."""
    proofs = {**said, "listings": said["listings"]}
    where = {"listings": _claim_targets(claims)}
    title = words.say(N_("Elements of counter-notification %(reference)s"), reference=said["reference"])
    return _checklist(words, title, regime, "counter_notice", proofs, said["statements"], where, target)


def court_checklist(
    words: Words, regime: str, said: Mapping[str, Any], exhibits: tuple[str, ...], target: str,
) -> ElementChecklist:
    """The elements of the notice of a court action; what was not confirmed is not shown as proven."""
    papers = tuple(f"exhibit:{number}" for number in exhibits)
    where = dict.fromkeys(_COURT_PROOFS, (target, *papers))
    title = words.say(N_("Elements of the notice of court action %(docket)s"), docket=said["docket"])
    made = _checklist(words, title, regime, "court_action", said, said.get("statements", ()), where, target)
    if said["result"] == "confirmed":
        return made
    remark = words.say(N_("Examined and rejected") if said["result"] else N_("As the rights holder says; not examined yet"))
    judged = False if said["result"] else None
    return replace(made, elements=tuple(
        Element(e.code, e.label, e.article, judged if e.satisfied else False, e.proofs, remark) for e in made.elements))


def _claim_targets(claims: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"claim:{n}" for n in claims) if len(claims) <= _MOST_PROOFS else ("listings",)


def _checklist(
    words: Words, title: str, regime: str, document: str, facts: Mapping[str, Any], signed: Iterable[Mapping[str, Any]],
    where: Mapping[str, Any], own: str,
) -> ElementChecklist:
    codes = {line["code"] for line in signed}
    missing = {element["code"] for element in elements.missing_from(regime, document, facts, codes)}
    basis = rules.workflows.document("elements", regime, document)["basis"]
    return ElementChecklist(words.say(title), words.law(basis), tuple(
        Element(
            element["code"], words.law(element["label"]), words.law(element["article"]), element["code"] not in missing,
            _targets(element["proven_by"], where, own),
            words.law(element["missing"]) if element["code"] in missing else "")
        for element in elements.required(regime, document)), statutory=is_statutory(regime))


def _targets(fields: Iterable[str], where: Mapping[str, Any], own: str) -> tuple[str, ...]:
    """The places of an element's proofs, each once: of ``contact.name`` that of ``contact``."""
    found: list[str] = []
    for name in fields:
        place = where.get(name.partition(".")[0], own)
        found += [place] if isinstance(place, str) else place
    return tuple(dict.fromkeys(found))
