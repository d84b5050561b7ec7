"""The verbs of rights."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from ipdesk.core.casework.advance import advance, begin, new_case
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid
from ipdesk.core.kernel.text import N_
from ipdesk.features.accounts.holding import require_free
from ipdesk.features.evidence import operations as evidence
from ipdesk.features.evidence.intake import current as intake
from ipdesk.features.evidence.models import Exhibit
from ipdesk.features.rights.models import Right
from ipdesk.features.rights.queries import today

# What ``wrong_entries`` looks at.
CHECKED = ("kind", "number", "office", "classes", "valid_from", "valid_until")


def register_right(
    *, actor: Actor, kind: str, title: str, owner: str, territory: str, number: str = "",
    office: str = "", classes: str = "", description: str = "", valid_from: date | None = None,
    valid_until: date | None = None, contact: Mapping[str, Any] | None = None,
    certificates: Iterable[Exhibit] = (), submit: bool = True, as_it_came: bool = False,
) -> Right:
    """Enter a right and hand it in for verification. Verification gives priority, nothing more.

    ``as_it_came``: a letter named it, with whatever the letter says of it.
    """
    if not as_it_came:
        _check(actor, kind=kind, number=number, office=office, classes=classes, valid_from=valid_from,
               valid_until=valid_until)
    case = new_case(actor=actor, kind="right", workflow="right")
    right = Right(
        case=case, organisation_id=actor.organisation_id, kind=kind, title=title,
        number=number, office=office, owner=owner, territory=territory.upper(), classes=classes,
        description=description, valid_from=valid_from, valid_until=valid_until,
        contact=dict(contact or {}), registered_at=actor.at, registered_by=actor.user_id,
        rejected_because="", version_id=1)
    begin(actor=actor, row=right)
    _keep_papers(actor, right, certificates)
    if submit:
        advance(actor=actor, row=right, trigger="submit_right")
    return right


def _keep_papers(actor: Actor, right: Right, certificates: Iterable[Exhibit]) -> None:
    papers = list(certificates)
    for place, exhibit in enumerate(papers):
        evidence.attach(actor=actor, exhibit=exhibit, case_id=right.id, role="right",
                        rules=intake().rules, visibility="platform_only", position=place)
    evidence.file_exhibits(actor=actor, exhibits=papers)


def wrong_entries(
    *, on: date, kind: str, number: str = "", office: str = "", classes: str = "",
    valid_from: date | None = None, valid_until: date | None = None,
) -> dict[str, list[str]]:
    """What the entries of a right lack or contradict on that day, by field."""
    errors: dict[str, list[str]] = {}
    if kind != "copyright" and not number:
        errors["number"] = [N_("Enter the registration number. Only a copyright needs none.")]
    if kind != "copyright" and not office:
        errors["office"] = [N_("Enter the office that registered it.")]
    if kind == "trademark" and any(not 1 <= int(one) <= 45 for one in re.findall(r"[0-9]+", classes)):
        errors["classes"] = [N_("The Nice classification has the classes 1 to 45.")]
    if valid_from and valid_until and valid_until < valid_from:
        errors["valid_until"] = [N_("The right cannot end before it begins.")]
    elif valid_until and valid_until < on:
        errors["valid_until"] = [N_("This right has ended. Renew it first, or enter the new end date.")]
    return errors


def _check(actor: Actor, **entries: Any) -> None:
    if errors := wrong_entries(on=today(actor.at), **entries):
        raise Invalid(errors)


def correct_right(
    *, actor: Actor, right: Right, seen: int | None = None, certificates: Iterable[Exhibit] = (),
    **values: Any,
) -> Right:
    """Correct the entries of a right, or renew it, and hand it in to be verified anew, with more papers if there are."""
    checked = {name: values.get(name, getattr(right, name))
               for name in CHECKED}
    _check(actor, **checked)
    for name, value in values.items():
        setattr(right, name, value)
    right.verified_at = right.verified_by = None
    _keep_papers(actor, right, certificates)
    trigger = "renew_right" if right.state == "expired" else "correct_right"
    advance(actor=actor, row=right, trigger=trigger, seen=seen)
    return right


def judge_right(
    *, actor: Actor, right: Right, trigger: str, reasons: str = "", seen: int | None = None,
) -> Right:
    """Staff verify the right against the register (``verify_right``) or reject it with reasons.

    Refuses what somebody else holds (``taken_by_another``).
    """
    require_free(actor, right)
    advance(actor=actor, row=right, trigger=trigger, facts={"reasons": reasons}, seen=seen)
    if trigger == "verify_right":
        right.verified_at, right.verified_by = actor.at, actor.user_id
        right.rejected_because = ""
    else:
        right.rejected_because = reasons
        right.verified_at = right.verified_by = None
    return right


def withdraw_right(*, actor: Actor, right: Right, seen: int | None = None) -> Right:
    """Take the right off the desk; old complaints keep what they rest on."""
    advance(actor=actor, row=right, trigger="withdraw_right", seen=seen)
    return right
