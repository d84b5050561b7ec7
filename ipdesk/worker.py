"""What the worker of an installation does, and what deliveries and confirmations set off."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from ipdesk.config import Settings, kept, smtp_parts
from ipdesk.core.audit.sealing import latest_head, seal
from ipdesk.core.audit.signing import new_private_key, public_key
from ipdesk.core.casework import tallies
from ipdesk.core.casework.advance import advance
from ipdesk.core.casework.models import Case
from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.sweep import remind, sweep, write_to
from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.db.vouching import rely_on
from ipdesk.core.http.idempotency import forget_forms
from ipdesk.core.jobs.loop import Job
from ipdesk.core.jobs.work import pump
from ipdesk.core.kernel.actors import clock_actor
from ipdesk.core.kernel.clock import Clock
from ipdesk.core.outbox.deliver import Callbacks, deliver_due
from ipdesk.core.outbox.headers import MailIdentity
from ipdesk.core.outbox.models import Outbox
from ipdesk.core.outbox.senders import FolderSender, InboxSender, Sender, SmtpRelay, SmtpSender
from ipdesk.features.catalogue.imports import DEAD_AFTER, finish_cut_off
from ipdesk.features.complaints.jobs import remind_of_designation
from ipdesk.features.complaints.queries import restoring_claims
from ipdesk.features.evidence.jobs import fetch_pictures, look_again, sweep_uploads
from ipdesk.features.holds.jobs import carry_out_due
from ipdesk.features.holds.queries import confirmations_of, unconfirmed_listings
from ipdesk.features.rights.jobs import expire_rights
from ipdesk.gateways.bundles import jobs as bundles

log = logging.getLogger(__name__)

_BATCH = 50


def jobs(settings: Settings, clock: Clock) -> list[Job]:
    """The worker's jobs in the order of a round: time first, then letters, then the marketplace.

    Letters and instructions wait for somebody outside, so the time is looked at again after each.
    """
    senders = senders_of(settings)
    bundles.register()
    time = Job("deadlines", sweep)
    callbacks = Callbacks(on_delivered=letter_delivered(clock), on_failed=letter_failed(clock))
    return [
        time,
        Job("reminders", remind),
        Job("letters", lambda now: deliver_due(clock, senders, _BATCH, callbacks)),
        time,
        Job("instructions", lambda now: sum(
            carry_out_due(clock, rules.settings["connector"], _BATCH).values())),
        time,
        Job("pictures", lambda now: fetch_pictures(clock, rules.settings["pictures"])),
        time,
        Job("restorations", confirm_restorations),
        Job("seal", lambda now: _seal(settings, now), every=timedelta(seconds=5)),
        Job("tallies", lambda now: _fold(), every=timedelta(seconds=5)),
        Job("long work", pump),
        Job("imports", lambda now: finish_cut_off(clock.now, silent=DEAD_AFTER, slices=1), every=timedelta(seconds=5)),
        Job("rights", expire_rights, every=timedelta(minutes=10)),
        Job("designation", lambda now: remind_of_designation(
            now, settings.designation_expires_on), every=timedelta(hours=1)),
        Job("forms", forget_forms, every=timedelta(hours=1)),
        Job("previews", look_again, every=timedelta(minutes=1)),
        Job("uploads", lambda now: _sweep_uploads(now), every=timedelta(hours=3)),
    ]


def senders_of(settings: Settings) -> Mapping[str, Sender]:
    """The ways out that the settings name: an SMTP relay, or a local outbox folder, which proves nothing outside the demo."""
    domain = settings.mail_from.rpartition("@")[2]
    identity = MailIdentity(settings.mail_from, settings.desk_name, domain)
    mail: Sender = FolderSender(settings.instance / "outbox", identity, stands_for_readers=settings.demo)
    if settings.smtp_url:
        mail = SmtpSender(relay_of(settings.smtp_url), identity)
    return {"mail": mail, "inbox": InboxSender()}


def relay_of(url: str) -> SmtpRelay:
    """The relay that ``smtp_url`` names; ``ValueError`` as ``smtp_parts`` says."""
    parts = smtp_parts(url)
    security = {"smtp": "starttls", "smtps": "tls", "smtp+none": "none"}[parts.scheme]
    return SmtpRelay(
        host=parts.hostname or "", port=parts.port or (465 if security == "tls" else 587),
        security=security, user=unquote(parts.username or ""),
        password=unquote(parts.password or ""))


# --- what deliveries set off -----------------------------------------------------------------------


def letter_delivered(clock: Clock) -> Any:
    """The clock of the law starts when the letter was accepted, not when we noticed."""
    def fire(row: Outbox) -> None:
        _fire(row, row.on_delivered, clock.now(), {"delivery_proven": row.accepted_at})

    return fire


# Staff are told at once when these fail: the statute orders that the copy is given (17 U.S.C. § 512(g)(2)(B)).
_ALARMING = frozenset({"counter_notice_copy"})


def letter_failed(clock: Clock) -> Any:
    def fire(row: Outbox) -> None:
        _fire(row, row.on_failed, clock.now(), {})
        if row.message in _ALARMING and row.case_id is not None:
            case = db.session.get_one(Case, row.case_id)
            write_to("legal", "letter_failed", rules.kinds[case.kind].load(case.id), clock.now(),
                     facts={"subject": row.subject})

    return fire


def _fire(row: Outbox, trigger: str | None, now: datetime, dated: Mapping[str, datetime]) -> None:
    if not trigger or row.case_id is None:
        return
    case = db.session.get(Case, row.case_id)
    kind = rules.kinds[case.kind]
    subject = kind.load(case.id)
    law = rules.workflows.workflow(case.workflow, case.workflow_version)
    movers = [mover for mover in kind.movers(subject, row.trigger_facts.get("movers"))
              if law.edges(mover.state, trigger)]
    if movers:  # who has answered already needs no proof of delivery any more
        advance(actor=clock_actor(now), row=subject, movers=movers, trigger=trigger, dated=dated)


def confirm_restorations(now: datetime) -> int:
    """Close the claims whose listings the marketplace shows again, or need not show for another reason."""
    with unit_of_work():
        waiting = restoring_claims(_BATCH)
        listings = {claim.listing_id for claims in waiting.values() for claim in claims}
        unconfirmed = unconfirmed_listings(listings)
        ready = {case_id: [claim for claim in claims if claim.listing_id not in unconfirmed]
                 for case_id, claims in waiting.items()}
        return sum(_confirm(case_id, claims, now) for case_id, claims in ready.items() if claims)


def _confirm(case_id: int, claims: Sequence[Any], now: datetime) -> int:
    """One complaint in a savepoint of its own: a fault with it keeps no other one back."""
    try:
        with db.session.begin_nested():
            rely_on(*confirmations_of(case_id, {claim.id for claim in claims}))
            advance(actor=clock_actor(now), row=rules.kinds["complaint"].load(case_id), movers=claims,
                    trigger="confirm_restoration")
    except Exception:
        log.exception("the restoration in case %s could not be confirmed", case_id)
        return 0
    return len(claims)


# --- the log ---------------------------------------------------------------------------------------


def log_key(settings: Settings) -> bytes:
    """The private key of the audit log, made at the first use."""
    return bytes.fromhex(kept(settings.instance, "audit-log", lambda: new_private_key().hex()))


def log_origin(settings: Settings) -> str:
    """The name of the log in its signed heads: fixed at the first use, whatever address the desk has later.

    A log that has heads already keeps the name that they carry.
    """
    def first() -> str:
        head = latest_head()
        return head.signed.split("\n", 1)[0] if head else f"{urlsplit(settings.base_url).netloc}/audit"

    return kept(settings.instance, "audit-origin", first)


def log_public_key(settings: Settings) -> bytes:
    return public_key(log_key(settings))


def _seal(settings: Settings, now: datetime) -> int:
    with unit_of_work():
        return seal(origin=log_origin(settings), private_key=log_key(settings), at=now)


def _fold() -> int:
    with unit_of_work():
        return tallies.fold()


def _sweep_uploads(now: datetime) -> int:
    return sweep_uploads(clock_actor(now))
