"""Binding accounts to stores, and the alarms of that."""

from sqlalchemy import delete

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import NotVisible, Refusal
from ipdesk.core.kernel.ids import hash_token
from ipdesk.features.accounts import queries
from ipdesk.features.accounts.letters import Letterhead
from ipdesk.features.accounts.models import Invitation, SecurityAlarm, StoreBinding, UsedStoreLink, User, mailbox
from ipdesk.features.accounts.operations.base import Accepted, NewPerson, find_store, require
from ipdesk.features.accounts.operations.invitations import invite_to
from ipdesk.features.accounts.operations.people import add_account
from ipdesk.features.accounts.store_links import LIFETIME, StoreLink
from ipdesk.features.accounts.stores import StoreCard, store_book


def is_second_claim(actor: Actor, store: StoreCard, email: str, *, via: str) -> bool:
    """Whether somebody else has the store; if so, staff are alarmed."""
    main = queries.main_binding(store.id)
    if main is None or main.user.email == mailbox(email):
        return False
    db.session.add(SecurityAlarm(
        kind="second_claim", store_id=store.id, user_id=actor.user_id, raised_at=actor.at,
        facts={"via": via, "claimed_by": mailbox(email), "store_name": store.name,
               "main_account": main.user_id, "from": actor.address}))
    return True


def bind(
    actor: Actor, store: StoreCard, user: User, *, via: str, proof: str = "",
    bound_by: int | None = None,
) -> StoreBinding:
    """Make ``user`` the main account of a store that has no other one."""
    binding = queries.binding_of(user.id, store.id) or StoreBinding(
        user_id=user.id, store_id=store.id)
    if binding.main and binding.revoked_at is None:
        return binding
    binding.main, binding.via, binding.proof = True, via, proof
    binding.bound_at, binding.bound_by = actor.at, bound_by or user.id
    binding.revoked_at, binding.revoked_by, binding.revoked_because = None, None, ""
    db.session.add(binding)
    user.role_names = sorted({*user.role_names, "seller"})
    db.session.flush()
    return binding


def bind_with_proof(
    *, actor: Actor, store_id: int, email: str, proof: str, letterhead: Letterhead,
) -> Accepted | Invitation:
    """Staff bind the account of ``email`` to the store, with ``proof`` of what they saw.

    Without an account the address gets an invitation that carries the proof. A store that is
    claimed is refused and alarms, as for everybody: its binding must be revoked first. An account
    whose address nobody confirmed is refused: anyone may have registered it.
    """
    require(actor, "legal", "admin")
    store = find_store(store_id)
    if is_second_claim(actor, store, email, via="staff"):
        return Accepted(None, "store_already_claimed")
    user = queries.user_by_email(email)
    if user is None:
        return invite_to(actor, store, email, proof, letterhead)[0]
    if user.is_staff:
        raise Refusal("account_is_staff")
    if user.confirmed_at is None:
        raise Refusal("address_not_confirmed", email=user.email)
    bind(actor, store, user, via="staff", proof=proof, bound_by=actor.user_id)
    return Accepted(user)


def revoke_binding(*, actor: Actor, binding_id: int, because: str) -> StoreBinding:
    """Take a store from an account. Its next request no longer reaches the store."""
    require(actor, "legal", "admin")
    binding = db.session.get(StoreBinding, binding_id)
    if binding is None or binding.revoked_at is not None:
        raise NotVisible
    binding.revoked_at, binding.revoked_by = actor.at, actor.user_id
    binding.revoked_because = because
    db.session.flush()
    if not queries.stores_of(binding.user_id):
        binding.user.role_names = sorted(set(binding.user.role_names) - {"seller"})
    return binding


def enter_by_store_link(*, actor: Actor, token: str, link: StoreLink) -> Accepted:
    """Use the marketplace's sign-in link: bind at the first time, sign in whoever is bound.

    The marketplace vouches for the store, not for an account that was here before: an address
    that has an account which is not yet bound to this store must sign in by its own means
    (``sign_in_first``). Other refusals: ``store_link_used``, ``store_link_unknown_store``,
    ``account_is_staff``, ``account_disabled``.
    """
    store = store_book().by_external_id(link.marketplace, link.store)
    if store is None:
        raise Refusal("store_link_unknown_store")
    user = queries.user_by_email(link.mail)
    if user is not None and user.is_staff:
        raise Refusal("account_is_staff")
    if user is not None and not user.active:
        raise Refusal("account_disabled")
    if actor.user_id is not None and (user is None or user.id != actor.user_id):
        raise Refusal("signed_in_as_another")
    _refuse_spent(token)
    if is_second_claim(actor, store, link.mail, via="marketplace"):
        _spend(actor, token)
        return Accepted(None, "store_already_claimed")
    if user is not None and user.id != actor.user_id and not _is_bound(user, store):
        raise Refusal("sign_in_first")
    _spend(actor, token)
    is_new = user is None
    if user is None:
        person = NewPerson(link.name, None, store.locale)
        user = add_account(at=actor.at, email=link.mail, person=person, confirmed=True)
    bind(actor, store, user, via="marketplace")
    return Accepted(user, is_new=is_new)


def _is_bound(user: User, store: StoreCard) -> bool:
    binding = queries.binding_of(user.id, store.id)
    return binding is not None and binding.revoked_at is None


def _refuse_spent(token: str) -> None:
    if db.session.get(UsedStoreLink, hash_token(token)) is not None:
        raise Refusal("store_link_used")


def _spend(actor: Actor, token: str) -> None:
    """Mark the link as used; marks that no valid link can match any more are dropped."""
    db.session.execute(delete(UsedStoreLink).where(UsedStoreLink.used_at < actor.at - 2 * LIFETIME))
    db.session.add(UsedStoreLink(token_hash=hash_token(token), used_at=actor.at))
    db.session.flush()


def acknowledge_alarm(*, actor: Actor, alarm_id: int) -> SecurityAlarm:
    """Note who looked at an alarm and when; the alarm stays."""
    require(actor, "reviewer", "legal", "admin")
    alarm = db.session.get(SecurityAlarm, alarm_id)
    if alarm is None:
        raise NotVisible
    if alarm.seen_at is None:
        alarm.seen_at, alarm.seen_by = actor.at, actor.user_id
    return alarm
