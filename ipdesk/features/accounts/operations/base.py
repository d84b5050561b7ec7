"""What the verbs share: who may act, and what comes of acting."""

from dataclasses import dataclass, field

from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Forbidden, NotVisible
from ipdesk.features.accounts import queries
from ipdesk.features.accounts.models import MANAGER, Organisation, User
from ipdesk.features.accounts.stores import StoreCard, store_book


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person who has no account yet. ``password_hash`` is argon2id, or ``None`` for none."""

    name: str
    password_hash: str | None = field(repr=False)
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of an invitation or a link. ``refused`` is a code where an alarm was raised:
    the alarm must be kept, so this is no exception."""

    user: User | None
    refused: str = ""
    is_new: bool = False


def require(actor: Actor, *roles: str) -> None:
    """``Forbidden`` for an actor with none of ``roles``."""
    if not actor.has(*roles):
        raise Forbidden


def managed_organisation(actor: Actor) -> Organisation:
    """The actor's organisation; ``Forbidden`` for who is no manager of it."""
    organisation = queries.own_organisation(actor)
    if queries.own_account(actor).organisation_role != MANAGER:
        raise Forbidden
    return organisation


def find_store(store_id: int | None) -> StoreCard:
    """The store of this id; ``NotVisible`` for one that is not in the catalogue."""
    card = store_book().by_id(store_id) if store_id is not None else None
    if card is None:
        raise NotVisible
    return card
