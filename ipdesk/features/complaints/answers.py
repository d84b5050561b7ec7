"""The rows of a notice and the desk's one answer to each."""

from collections.abc import Sequence
from dataclasses import dataclass

from ipdesk.core.kernel.actors import Actor
from ipdesk.features.catalogue import queries as catalogue
from ipdesk.features.catalogue.models import Listing, Marketplace
from ipdesk.features.complaints import queries
from ipdesk.features.rights.models import Right

LONGEST_ENTRY = 2000  # characters of an address or id as entered


@dataclass(frozen=True)
class Entry:
    """One row of a notice as entered; empty reason and explanation mean those of the notice."""

    entered: str
    reason_code: str = ""
    explanation: str = ""


@dataclass(frozen=True)
class Answered:
    """A row with the desk's answer: accepted, already_handled, not_found, other_marketplace, duplicate."""

    entry: Entry
    answer: str
    listing: Listing | None = None
    other_reference: str = ""


def answer_rows(
    entries: Sequence[Entry], right: Right | None, marketplace: Marketplace, *, actor: Actor,
) -> list[Answered]:
    """What the desk says to each entered row, before anything is filed.

    The complaint that handles a listing already is named to those who may see it only.
    """
    found = catalogue.resolve([entry.entered for entry in entries], marketplace)
    listed = [row.listing.id for row in found if row.answer == "found" and row.listing]
    handled = queries.already_handled(actor, listed, right) if right is not None else {}
    answers = []
    for entry, row in zip(entries, found, strict=True):
        if row.answer != "found":
            answers.append(Answered(entry, row.answer, row.listing))
        elif row.listing.id in handled:
            answers.append(Answered(entry, "already_handled", row.listing, handled[row.listing.id]))
        else:
            answers.append(Answered(entry, "accepted", row.listing))
    return answers
