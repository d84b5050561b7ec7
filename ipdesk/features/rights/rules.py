"""The names that the law's file ``right`` uses, as functions."""

from typing import Any

from flask_babel import lazy_gettext as _l

from ipdesk.core.audit.sealing import head_line
from ipdesk.core.casework import clocks
from ipdesk.core.casework.advance import Act
from ipdesk.core.casework.locks import loader
from ipdesk.core.casework.rules import KindOfCase, Rules, rules
from ipdesk.core.deadlines.wording import day_text, moment_text
from ipdesk.core.kernel.actors import CLOCK_ROLE, Actor
from ipdesk.core.kernel.text import translate
from ipdesk.core.outbox.enqueue import Recipient
from ipdesk.features.rights.models import KINDS, Right
from ipdesk.features.rights.words import KINDS_IN_LETTERS

REFUSALS = {"right_not_in_force": _l("The right has ended, has not begun yet or was taken off the desk.")}


def capacity(actor: Actor, row: Right) -> frozenset[str]:
    """The workflow roles of ``actor`` for this right."""
    held = set(actor.roles) & {"reviewer", "legal", "admin", CLOCK_ROLE}
    if held & {"reviewer", "legal"}:
        held.add("staff_for_rights_holder")
    own = actor.organisation_id is not None and actor.organisation_id == row.organisation_id
    # A guest names a right in its own notice and nowhere else: nobody else can act on that right.
    if (own and actor.has("rights_holder", "agent")) or (
        row.organisation_id is None and row.registered_by is None and actor.user_id is None
    ):
        held.add("rights_holder")
    return frozenset(held)


def context(act: Act, recipient: Recipient) -> dict[str, Any]:
    """The facts of letters about a right."""
    right: Right = act.row
    zone = rules.settings["zone"]
    return {
        "desk_name": rules.settings["desk_name"], "audit_head": head_line(),
        "now": moment_text(act.at, zone, recipient.locale), "deadline": None,
        "case_url": recipient.case_url or f"{rules.settings['base_url']}/rights/{right.reference}",
        "in_writing": recipient.inbox is None,
        "reasons": str(act.facts.get("reasons") or ""),
        "expires_text": day_text(right.valid_until, recipient.locale) if right.valid_until else "",
        "right": {"title": right.title, "type": translate(KINDS_IN_LETTERS[right.kind], recipient.locale),
                  "number": right.number, "owner": right.owner},
    }


def describe(row: Right) -> dict[str, Any]:
    """Every fact of a right as plain values."""
    names = ("id", "reference", "kind", "title", "number", "office", "owner", "territory", "classes",
             "description", "valid_from", "valid_until", "contact", "state", "waits_for",
             "verified_at", "rejected_because")
    return {**{name: getattr(row, name) for name in names}, "version": row.version_id,
            "deadlines": [{"name": line.name, "due_at": line.due_at}
                          for line in clocks.open_deadlines(row.id)]}


def _scopes(row: Right) -> list[str]:
    return ["desk", f"organisation:{row.organisation_id}"] if row.organisation_id else ["desk"]


def register(rules: Rules) -> None:
    """Join the names of the workflow file to this feature."""
    rules.kind("right", KindOfCase(
        load=loader(Right), movers=lambda row, ids: [row], capacity=capacity, scopes=_scopes,
        describe=describe))
    rules.right_types = frozenset(KINDS)
    for message in ("right_verified", "right_rejected", "right_expired"):
        rules.letter(message, context)
