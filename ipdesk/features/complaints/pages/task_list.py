"""The task list of a draft: its steps, and what is done of them."""

from typing import Any

from flask import g, redirect, render_template, url_for
from flask_babel import gettext

from ipdesk.core.http.access import COMPLAINANTS, access
from ipdesk.features.complaints import drafts, elements, queries
from ipdesk.features.complaints.drafts import Draft
from ipdesk.features.complaints.pages.base import pages
from ipdesk.features.complaints.pages.steps import OPTIONAL, frame, step


@pages.get("/<reference>/draft")
@access(*COMPLAINANTS)
def draft(reference: str) -> Any:
    """The steps of a draft with what is done."""
    found = queries.notice(g.actor, reference)
    if found.state != "draft":
        return redirect(url_for("complaints.notice", reference=reference))
    now = Draft.load(found, g.actor)
    return render_template("rights_holder/notice/draft.html", **frame(now), tasks=_tasks(now))


def _tasks(now: Draft) -> list[dict[str, Any]]:
    """The task list. The last one opens when nothing that the law asks for is missing."""
    values, reference = now.values, now.notice.reference
    right = now.right is not None
    said = right and bool(values["reason_code"] and values["explanation"])
    tasks = [
        _task(gettext("The right"), "right_step", reference, right, now.right.title if now.right else ""),
        _task(gettext("The listings"), "listings", reference, bool(now.accepted), _listings_hint(now), right),
        _task(gettext("Reason and explanation"), "reasons", reference, said, "", right),
        _task(gettext("Exhibits"), "exhibits", reference, "exhibits" in values["done"],
              gettext("Optional: pictures, documents, comparisons"), right),
        _task(gettext("Test purchases"), "purchases", reference, "purchases" in values["done"],
              gettext("Optional: only the marketplace’s staff see them unless you share them"), right),
        _task(gettext("Your contact details"), "contact", reference, _contact_is_there(now), "", right),
    ]
    ready = right and all(task["done"] or task["optional"] for task in tasks)
    tasks.append({
        **_task(gettext("Read what each store will see, sign and file"), "preview", reference, False,
                "" if ready else gettext("Opens when the steps above are done"), ready),
        "status": gettext("To do") if ready else gettext("Not yet")})
    return tasks


def _task(
    title: str, endpoint: str, reference: str, done: bool, hint: str, ready: bool = True,
) -> dict[str, Any]:
    optional = endpoint in OPTIONAL
    status = gettext("Done") if done else gettext("Optional") if optional else gettext("To do")
    return {"title": title, "hint": hint, "done": bool(done), "optional": optional,
            "waiting": not ready, "status": status if ready else gettext("Not yet"),
            "href": step(endpoint, reference) if ready else None}


def _listings_hint(now: Draft) -> str:
    if not now.rows:
        return ""
    accepted, refused = len(now.accepted), len(now.rows) - len(now.accepted)
    text = gettext("%(n)s accepted", n=accepted)
    return f"{text}, {gettext('%(n)s not accepted', n=refused)}" if refused else text


def _contact_is_there(now: Draft) -> bool:
    if now.right is None or not now.values["contact"]:
        return False
    regime = drafts.regime_for(now.right.kind, now.marketplace).regime
    wanted = [proof for element in elements.required(regime) for proof in element["proven_by"]
              if proof.startswith("contact.")]
    return all(elements.is_proven(proof, now.values, set()) for proof in wanted)
