"""Who belongs to an organisation, and as what."""

from sqlalchemy import select

from ipdesk.core.db.core import db
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Invalid, NotVisible, Refusal
from ipdesk.core.kernel.text import translate
from ipdesk.features.accounts import queries
from ipdesk.features.accounts.models import MANAGER, MEMBER, Invitation, Organisation, User
from ipdesk.features.accounts.operations.base import managed_organisation
from ipdesk.features.accounts.operations.invitations import end_invitations
from ipdesk.features.accounts.operations.people import end_sessions


def join(user: User, invitation: Invitation) -> None:
    """Make ``user`` what the invitation says. Refusal: ``belongs_to_another_organisation``."""
    if user.organisation_id not in (None, invitation.organisation_id):
        raise Refusal("belongs_to_another_organisation")
    organisation = db.session.get(Organisation, invitation.organisation_id)
    if organisation is None:
        raise NotVisible
    user.organisation, user.organisation_role = organisation, invitation.role
    user.role_names = sorted({*user.role_names, organisation.kind})


def remove_member(*, actor: Actor, user_id: int) -> User:
    """Take a person out of the actor's organisation; their sessions end at once.

    Managers remove anybody, everybody may leave. Refusal: ``last_manager``.
    """
    organisation = queries.own_organisation(actor)
    user = _member(organisation, user_id)
    if user.id != actor.user_id:
        managed_organisation(actor)
    _keep_a_manager(organisation, user)
    user.organisation, user.organisation_role = None, ""
    user.role_names = sorted(set(user.role_names) - {"rights_holder", "agent"})
    end_sessions(user=user)
    end_invitations(user, at=actor.at)
    return user


def change_member_role(*, actor: Actor, user_id: int, role: str) -> User:
    """Make a member a manager, or the other way round. Refusal: ``last_manager``."""
    organisation = managed_organisation(actor)
    user = _member(organisation, user_id)
    if role not in (MANAGER, MEMBER):
        raise Invalid({"role": [translate("Choose one.", actor.locale)]})
    if role != MANAGER:
        _keep_a_manager(organisation, user)
    user.organisation_role = role
    end_invitations(user, at=actor.at)
    return user


def _member(organisation: Organisation, user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None or user.organisation_id != organisation.id:
        raise NotVisible
    return user


def _keep_a_manager(organisation: Organisation, leaving: User) -> None:
    others = select(User.id).where(
        User.organisation_id == organisation.id, User.organisation_role == MANAGER,
        User.active, User.id != leaving.id).limit(1)
    if leaving.organisation_role == MANAGER and db.session.execute(others).first() is None:
        raise Refusal("last_manager")
