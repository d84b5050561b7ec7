"""What pages call the sides, the ways and the steps of a case, in the reader's language."""

from collections.abc import Iterable
from typing import Any

from flask_babel import get_locale, get_timezone, gettext
from flask_babel import lazy_gettext as _l

from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.summary import MIXED
from ipdesk.core.kernel.text import translate
from ipdesk.features.catalogue.pictures import PROBLEMS
from ipdesk.features.rights.words import KIND_NAMES

WAITS = {
    "seller": _l("The seller"), "rights_holder": _l("The rights holder"),
    "staff": _l("The marketplace’s staff"), "delivery": _l("Nobody yet: the message is on its way"),
    "marketplace": _l("The marketplace, which has to confirm"), "court": _l("A court"),
    "outside": _l("Somebody outside"), "nobody": _l("Nobody"), "": _l("Nobody"),
}
SIDES = {
    "clock": _l("the desk’s clock"), "staff": _l("the marketplace’s staff"),
    "seller": _l("the seller"), "rights_holder": _l("the rights holder"),
}
CHANNELS = {
    "desk": _l("On this desk"), "mail": _l("E-mail"), "post": _l("Post"),
    "agent": _l("Designated agent"),
}
# Who a letter is written to, and the ways on which it goes.
READERS = {
    "seller": _l("The seller"), "rights_holder": _l("The rights holder"), "staff": _l("The marketplace’s staff"),
    "marketplace": _l("The marketplace’s own system"),
}
LETTER_WAYS = {"mail": _l("E-mail"), "inbox": _l("inbox on the desk"), "webhook": _l("a call over the network")}
STAGES = {
    "received": _l("Received"), "pending_response": _l("Pending response"),
    "counter_notified": _l("Counter-notified"), "delisted": _l("Delisted"), "closed": _l("Closed"),
}
ACTS = {
    "open": _l("The complaint was filed"),
    "deadline_missed": _l("A time limit of the desk passed"),
    "bundle_downloaded": _l("A bundle of the case was downloaded"),
    "decision_proposed": _l("A decision was proposed"),
    "proposal_declined": _l("A proposal was declined"),
    "case_taken": _l("The case was taken"),
    "case_given_back": _l("The case went back into the queue"),
    "case_assigned": _l("The case was assigned"),
    "note_written": _l("A private note was written"),
    "link_opened": _l("A one-time link was opened"),
    "deficient_recorded": _l("An incomplete counter-notification was recorded; the seller was told what is missing"),
    "clock_ended": _l("A clock ended with nothing left to do"),
}


def locale() -> str:
    """The reader's language, as in file names of translations."""
    return str(get_locale())


def zone() -> str:
    """The reader's zone, an IANA name."""
    return str(get_timezone())


def listed(texts: Iterable[str]) -> str:
    """``texts`` as one line, with the reader's own comma."""
    comma: str = gettext(", ")
    return comma.join(texts)


def law_text(text: str) -> str:
    """A text of the law's files in the reader's language."""
    return translate(text, locale())


def state_label(regime: str, state: str, audience: str = "all") -> str:
    """The state in words, as the law's file has it for this reader."""
    if state == MIXED:
        return gettext("Closed with different outcomes")
    found = rules.workflows.workflow(regime).states.get(state)
    return law_text(found.label_for(audience)) if found else state


def any_state_label(state: str) -> str:
    """The same where the regime is not known: the words of the first regime that has it; empty for no such state."""
    found = next((law.states[state] for law in rules.workflows.workflows("complaint") if state in law.states), None)
    return law_text(found.label) if found else ""


def beside_badge(label: str, state: str) -> str:
    """``label`` as it stands beside the badge of its stage: ``Upheld`` beside ``Closed``, not ``Closed: upheld``."""
    word = str(STAGES.get(state.partition(".")[0], ""))
    rest = label.removeprefix(word).lstrip()
    if not word or rest == label or rest[:1] not in (":", "："):
        return label
    rest = rest[1:].strip()
    return rest[:1].upper() + rest[1:]


def waits_text(waits_for: str, audience: str) -> str:
    """Who acts next, as ``audience`` says it."""
    if waits_for == audience and audience != "staff":
        return gettext("You")
    return str(WAITS.get(waits_for, waits_for))


def reason_label(code: str) -> str:
    """What a notice says about a listing, in words."""
    row = rules.workflows.table("reason_codes").get(code)
    return law_text(row["label"]) if row else code


def regimes() -> list[tuple[str, str]]:
    """Name and label of every regime, for filters."""
    return [(law.name, law_text(law.label)) for law in rules.workflows.workflows("complaint")]


def regime_label(name: str) -> str:
    return next((label for code, label in regimes() if code == name), name)


def names() -> dict[str, Any]:
    """The functions of this file that templates use."""
    return {
        "stage_names": STAGES, "right_kind_names": KIND_NAMES, "channel_names": CHANNELS,
        "act_names": ACTS, "side_names": SIDES, "reader_names": READERS, "letter_ways": LETTER_WAYS,
        "state_label": state_label, "reason_label": reason_label, "picture_problem": picture_problem, "regime_label": regime_label,
    }


def picture_problem(code: str) -> str:
    """Why a picture of a captured listing was not fetched, as the second half of a sentence."""
    return law_text(PROBLEMS.get(code, code))
