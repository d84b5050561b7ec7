"""What people of the desk do with a case without moving it, in the case's own log."""

from ipdesk.core.audit.entries import append_entry
from ipdesk.core.kernel.actors import Actor

# Acts that only the desk's own people read: no party's page and no bundle tells of them.
DESK_ACTS = frozenset({
    "decision_proposed", "proposal_declined", "case_taken", "case_given_back", "case_assigned",
    "note_written", "link_opened", "deficient_recorded",
    "clock_ended",
})

# Acts of the system that are the desk's own affair: staff and their bundles read them, parties do not.
STAFF_ONLY_ACTS = frozenset({"deadline_missed", "bundle_downloaded"})


def note(*, actor: Actor, case_id: int, act: str, **ids: int | None) -> None:
    """Add ``act`` to the log in the open unit of work, with ids only: texts stay where they are kept.

    The caller holds the case (``load`` of its kind).
    """
    if act not in DESK_ACTS:
        raise ValueError(act)
    append_entry(
        case_id=case_id, act=act, at=actor.at, actor_roles=sorted(actor.roles),
        actor_id=actor.user_id, payload=ids,
        personal={"actor_name": actor.name, "address": actor.address}
        if actor.user_id or actor.address else {})
