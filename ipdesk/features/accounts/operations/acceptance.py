"""Using an invitation."""

from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.accounts import queries
from ipdesk.features.accounts.models import Invitation, User
from ipdesk.features.accounts.operations.base import Accepted, NewPerson, find_store
from ipdesk.features.accounts.operations.invitations import check_invitation
from ipdesk.features.accounts.operations.organisations import join
from ipdesk.features.accounts.operations.people import add_account
from ipdesk.features.accounts.operations.stores import bind, is_second_claim


def accept_invitation(
    *, actor: Actor, token: str, person: NewPerson | None = None,
) -> Accepted:
    """Use an invitation, as the signed-in actor or, with ``person``, by making the account.

    Refusals: ``invitation_used``, ``invitation_expired``, ``invitation_for_another_address``,
    ``sign_in_first`` (an account with this address exists), ``account_is_staff``,
    ``account_exists``, ``belongs_to_another_organisation``. A store that is already claimed is
    answered by ``Accepted.refused`` and an alarm.
    """
    invitation = queries.find_invitation(token, to_use=True)
    check_invitation(invitation, at=actor.at)
    if invitation.kind == "store" and is_second_claim(
            actor, find_store(invitation.store_id), invitation.email, via="invitation"):
        invitation.used_at = actor.at
        return Accepted(None, "store_already_claimed")
    user, is_new = _invited_person(actor, invitation, person)
    if invitation.kind == "staff":
        if not is_new:
            raise Refusal("account_exists")
        user.role_names = [invitation.role]
    elif user.is_staff:
        raise Refusal("account_is_staff")
    elif invitation.kind == "organisation":
        join(user, invitation)
    else:
        bind(actor, find_store(invitation.store_id), user, proof=invitation.proof,
              via="staff" if invitation.proof else "invitation", bound_by=invitation.invited_by)
    invitation.used_at, invitation.used_by = actor.at, user.id
    return Accepted(user, is_new=is_new)


def _invited_person(
    actor: Actor, invitation: Invitation, person: NewPerson | None,
) -> tuple[User, bool]:
    if actor.user_id is not None:
        user = queries.own_account(actor)
        if user.email != invitation.email:
            raise Refusal("invitation_for_another_address")
        return user, False
    if person is None or queries.user_by_email(invitation.email) is not None:
        raise Refusal("sign_in_first")
    # Who holds the link reads the mail of this address, so it is confirmed.
    return add_account(at=actor.at, email=invitation.email, person=person, confirmed=True), True
