"""What people do with accounts. Nothing here commits; the caller's unit of work does."""

from ipdesk.features.accounts.operations.acceptance import accept_invitation
from ipdesk.features.accounts.operations.base import Accepted, NewPerson
from ipdesk.features.accounts.operations.invitations import (
    ask_for_store_account,
    check_invitation,
    invite_member,
    invite_staff,
    invite_to_store,
    withdraw_invitation,
)
from ipdesk.features.accounts.operations.organisations import change_member_role, remove_member
from ipdesk.features.accounts.operations.people import (
    add_account,
    begin_session,
    change_staff_roles,
    disable_account,
    enable_account,
    end_session,
    register,
    update_profile,
)
from ipdesk.features.accounts.operations.stores import acknowledge_alarm, bind_with_proof, enter_by_store_link, revoke_binding

__all__ = [
    "Accepted", "NewPerson", "accept_invitation", "acknowledge_alarm", "add_account", "ask_for_store_account", "begin_session",
    "bind_with_proof", "change_member_role", "change_staff_roles", "check_invitation", "disable_account", "enable_account",
    "end_session", "enter_by_store_link", "invite_member", "invite_staff", "invite_to_store", "register",
    "remove_member", "revoke_binding", "update_profile", "withdraw_invitation",
]
