"""`ipdesk staff`: the first administrator comes from here and from nowhere else."""

import json

import click

from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.installation import clock
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.errors import Refusal
from ipdesk.features.accounts import operations, queries, sign_in
from ipdesk.features.accounts.models import STAFF_ACCOUNT_ROLES, mailbox


def _operator() -> Actor:
    """Whoever may run commands on this machine is the operator."""
    return Actor(at=clock().now(), roles=frozenset({"admin"}), name="command line")


@click.group()
def staff() -> None:
    """Staff accounts: invite, list, disable."""


@staff.command()
@click.argument("email")
@click.option("--role", type=click.Choice(STAFF_ACCOUNT_ROLES), required=True, help="What the account may do.")
@click.option("--locale", type=click.Choice(["en", "zh_CN"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def invite(email: str, role: str, locale: str, as_json: bool) -> None:
    """Invite EMAIL to the staff and print the single-use link (it is mailed as well)."""
    if email.count("@") != 1:
        raise click.BadParameter("this is no e-mail address", param_hint="EMAIL")
    head = sign_in.letterhead()
    try:
        with unit_of_work():
            invitation, token = operations.invite_staff(
                actor=_operator(), email=email, role=role, letterhead=head, locale=locale)
            expires = invitation.expires_at
    except Refusal as refusal:
        raise click.ClickException(f"{email}: {refusal.code}") from None
    link = head.invitation_link(token)
    if as_json:
        click.echo(json.dumps({"email": mailbox(email), "role": role, "link": link, "expires_at": expires.isoformat()}))
    else:
        click.echo(f"Open this link once, before {expires:%Y-%m-%d %H:%M} UTC, and choose a password:\n{link}")


@staff.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per account.")
def list_staff(as_json: bool) -> None:
    """List the staff accounts."""
    for user in queries.staff():
        if as_json:
            click.echo(json.dumps({"email": user.email, "name": user.name, "roles": user.role_names,
                                   "active": user.active, "second_factor": bool(user.tf_primary_method)}))
        else:
            click.echo(f"{user.email}  {user.name}  {', '.join(user.role_names)}"
                       f"{'' if user.active else '  (disabled)'}")


@staff.command()
@click.argument("email")
def disable(email: str) -> None:
    """Shut the account of EMAIL out, from its next request on."""
    with unit_of_work():
        user = queries.user_by_email(email)
        if user is None:
            raise click.ClickException(f"no account with the address {email}")
        try:
            operations.disable_account(actor=_operator(), user_id=user.id)
        except Refusal as refusal:
            raise click.ClickException(f"{email}: {refusal.code}") from None


commands = [staff]
