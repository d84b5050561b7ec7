"""What a bundle says: plain data, already disclosed, from which one PDF is made.

Nothing here knows a database, a request or a PDF. Whoever gathers a case fills these
shapes; :func:`ipdesk.gateways.bundles.render.render` turns them into pages. All texts may come
from strangers and are made printable at the edge (``printable.py``), never trusted.

Instants are aware datetimes; they print in ``BundleContents.zone`` together with UTC.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

_EXHIBIT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,19}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Field:
    """One labelled line of a table of facts. ``value`` may hold line breaks."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Party:
    """A side of the case as this reader may see it."""

    role: str
    name: str
    facts: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class RightSheet:
    """The right relied on."""

    title: str
    facts: tuple[Field, ...] = ()
    # Ids of exhibits that show it (the certificate, a register extract).
    exhibits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capture:
    """A listing frozen as it stood: at filing, before a hold, before a deletion."""

    occasion: str
    taken_at: datetime
    sha256: str
    facts: tuple[Field, ...] = ()
    text: str = ""
    # Exhibit ids of the captured pictures.
    exhibits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimSheet:
    """One listing complained of, its captures and what became of the claim."""

    listing_id: str
    title: str
    url: str
    state: str
    outcome: str
    facts: tuple[Field, ...] = ()
    captures: tuple[Capture, ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """One element that a statute asks for, and where in the bundle it is shown.

    ``proofs`` are targets: ``exhibit:<id>`` or the anchor of a section (see ``SECTIONS`` in
    ``sections.py``: ``notice``, ``right``, ``counter:<n>``, ``claim:<n>`` …); each prints as a page number.
    """

    code: str
    label: str
    article: str
    satisfied: bool | None
    proofs: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ElementChecklist:
    """The elements of one document under one law; ``statutory`` says whether that is a statute or the rules of the house."""

    title: str
    law: str
    elements: tuple[Element, ...]
    statutory: bool = True


@dataclass(frozen=True, slots=True)
class DeadlineStep:
    """One counted (or skipped) day of a deadline."""

    on: date
    count: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeadlineSheet:
    """How one deadline was computed, day by day."""

    name: str
    basis: str
    starts_at: datetime
    due_at: datetime
    outcome: str
    facts: tuple[Field, ...] = ()
    steps: tuple[DeadlineStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the chronology."""

    at: datetime
    actor: str
    what: str
    basis: str = ""
    # A target as in ``Element.proofs``, or empty.
    target: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it was sent, with the proof of its delivery."""

    sent_at: datetime
    sender: str
    recipient: str
    subject: str
    text: str
    delivery: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that was signed, word for word."""

    text: str
    signed_by: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Filing:
    """A document of a party: the notice, a counter-notification, an answer, the notice of a court action."""

    title: str
    filed_at: datetime
    filed_by: str
    facts: tuple[Field, ...] = ()
    text: str = ""
    statements: tuple[Statement, ...] = ()
    exhibits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionSheet:
    """A decision and its statement of reasons."""

    title: str
    decided_at: datetime
    decided_by: str
    outcome: str
    facts: tuple[Field, ...] = ()
    reasons: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of a case's chain in the audit log: what it says is committed to by ``sha256``.

    ``place`` is its leaf in the log that is signed, empty while it waits for the next signature; ``path`` proves that
    it is there. ``text`` is what ``sha256`` is the hash of, empty where the reader is not told of the act.
    """

    case: str
    number: int
    at: datetime
    act: str
    sha256: str
    place: str = ""
    path: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An evidence file as it was received.

    ``source`` is a path, or a function that returns the bytes (whole or in pieces). ``sha256`` is the hash recorded
    on receipt: bytes that do not give it are not shown, and the slip sheet says so. ``kept_back``: handed in for the
    marketplace only, so that whoever hands the bundle on knows what the other side has not seen.
    """

    id: str
    title: str
    original_name: str
    media_type: str
    size: int
    sha256: str
    source: Path | Callable[[], bytes | Iterable[bytes]]
    submitted_by: str = ""
    received_at: datetime | None = None
    assigned_to: tuple[str, ...] = ()
    kept_back: bool = False

    def __post_init__(self) -> None:
        if not _EXHIBIT_ID.fullmatch(self.id):
            raise ValueError(f"exhibit id {self.id!r} is not printable as a stamp")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"exhibit {self.id}: sha256 is not 64 lower-case hex digits")


@dataclass(frozen=True, slots=True)
class BundleContents:
    """Everything one bundle shows. ``language`` is ``en`` or ``zh_CN`` (any locale with a catalogue).

    Empty parts are left out of the bundle, the exhibits and the hash manifest never.
    ``audit_head`` is the last signed head of the audit log, printed as it is, and ``signed_head`` the same as it was signed;
    ``log`` the case's own entries.
    ``made_at`` is the instant up to which the record goes: the same record gives the same bytes, whenever it is printed.
    """

    reference: str
    title: str
    made_at: datetime
    made_by_role: str
    language: str = "en"
    zone: str = "UTC"
    desk: str = "ipdesk"
    summary: tuple[Field, ...] = ()
    parties: tuple[Party, ...] = ()
    right: RightSheet | None = None
    claims: tuple[ClaimSheet, ...] = ()
    element_checklists: tuple[ElementChecklist, ...] = ()
    deadlines: tuple[DeadlineSheet, ...] = ()
    chronology: tuple[Event, ...] = ()
    correspondence: tuple[Letter, ...] = ()
    notice: Filing | None = None
    counter_notifications: tuple[Filing, ...] = ()
    answers: tuple[Filing, ...] = ()
    court_notices: tuple[Filing, ...] = ()
    decisions: tuple[DecisionSheet, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    audit_head: tuple[Field, ...] = field(default=())
    signed_head: str = ""
    log: tuple[LogEntry, ...] = ()

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError("made_at must be an aware datetime")
        seen: set[str] = set()
        for exhibit in self.exhibits:
            if exhibit.id in seen:
                raise ValueError(f"two exhibits are called {exhibit.id}")
            seen.add(exhibit.id)
