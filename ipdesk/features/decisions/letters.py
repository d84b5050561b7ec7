"""Letters of the desk to its own people: somebody waits for them."""

from collections.abc import Callable, Iterable
from typing import Any

from ipdesk.core.casework import clocks
from ipdesk.core.casework.advance import Act
from ipdesk.core.casework.rules import rules
from ipdesk.core.deadlines.wording import moment_text
from ipdesk.core.kernel.text import translate
from ipdesk.core.outbox.enqueue import Recipient
from ipdesk.features.accounts import queries as accounts

DEADLINE_MISSED, LETTER_FAILED = "deadline_missed", "letter_failed"
# The page on which staff work on a kind of case.
_PAGES = {"notice": "/notices/{}/screen", "right": "/rights/{}/judge"}


def holders_of(role: str) -> Callable[[Act], Iterable[Recipient]]:
    """The recipients of letters to a role of the staff: everybody who holds it now."""
    def find(_act: Act) -> Iterable[Recipient]:
        for user in accounts.staff():
            if user.active and role in user.role_names:
                yield Recipient(role="staff", name=user.name, address=user.email, locale=user.locale,
                                inbox=("user", user.id), subject_id=f"user:{user.id}")

    return find


def lateness(act: Act, recipient: Recipient) -> dict[str, Any]:
    """What was due in a case, and since when."""
    missed = act.deadlines[0]
    return {
        **_common(act, recipient),
        "clock_text": translate(clocks.deadline_rule(missed.name)["label"], recipient.locale),
        "since_text": moment_text(missed.due_at, rules.settings["zone"], recipient.locale),
    }


def failure(act: Act, recipient: Recipient) -> dict[str, Any]:
    """Which letter of a case was given up."""
    return {**_common(act, recipient), "letter_text": act.facts["subject"]}


def _common(act: Act, recipient: Recipient) -> dict[str, Any]:
    page = _PAGES.get(act.case.kind, "/complaints/{}").format(act.case.reference)
    return {
        "desk_name": rules.settings["desk_name"], "audit_head": act.log_head, "deadline": None,
        "now": moment_text(act.at, rules.settings["zone"], recipient.locale),
        "case_url": f"{rules.settings['base_url']}{page}",
    }
