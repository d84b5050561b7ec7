"""The sentences of this feature's refusals."""

from flask_babel import lazy_gettext as _l

REFUSALS = {
    "own_account": _l("You cannot do this to your own account. Ask another administrator."),
    "last_admin": _l("This is the last active administrator. Make somebody else one first."),
    "last_manager": _l("Somebody must stay manager of the organisation, and there is no other one. Make somebody else a manager first."),
    "already_member": _l("This person already belongs to your organisation."),
    "account_exists": _l("There already is an account with this e-mail address."),
    "account_is_no_staff": _l("Accounts of parties do not become staff accounts. Invite another address."),
    "account_is_staff": _l("A staff account cannot act for a party. Use another e-mail address."),
    "address_not_confirmed": _l(
        "There is an account for %(email)s, but nobody has confirmed this address yet. Ask the person to open the link "
        "in the letter that was sent there, then bind the store."),
    "account_disabled": _l("This account is closed. Ask the desk."),
    "belongs_to_another_organisation": _l(
        "Your account already belongs to another organisation. Leave it first, or use another e-mail address."),
    "invitation_used": _l("This invitation was already used. Ask for a new one if it was not you."),
    "invitation_expired": _l("This invitation is over. Ask for a new one."),
    "invitation_sent_recently": _l(
        "An invitation went to the e-mail address of this store a few minutes ago. Look in that mailbox, also among unwanted mail."),
    "invitation_for_another_address": _l(
        "This invitation is for another e-mail address than that of your account. Sign out, then open the link again."),
    "sign_in_first": _l("There already is an account with this e-mail address. Sign in to it first, then open the link again."),
    "signed_in_as_another": _l("You are signed in with another account. Sign out, then open the link again."),
    "store_already_claimed": _l(
        "This store already has a main account. Your claim was refused and the desk was told. If you believe "
        "that the store is yours, write to the desk."),
    "store_has_no_contact": _l("The catalogue names no e-mail address for this store."),
    "store_link_invalid": _l("This sign-in link is not valid. Open the desk from your marketplace's seller pages again."),
    "store_link_expired": _l("This sign-in link is over. Open the desk from your marketplace's seller pages again."),
    "store_link_used": _l("This sign-in link was already used. Open the desk from your marketplace's seller pages again."),
    "store_link_unknown_store": _l("The desk does not know this store yet. Ask the desk."),
}


def register(registry: object) -> None:
    """Accounts have no guards, effects or letters of cases."""
