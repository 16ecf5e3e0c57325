"""Make accounts and sign-in links from a terminal: the first organiser of a new house, and whoever cannot get mail."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from eventhub.domain.facts import HOUSE
from eventhub.domain.problems import EventHubError
from eventhub.domain.terms import Role
from eventhub.i18n import LOCALES, use_locale
from eventhub.services import accounts, signin

_ROLES = click.Choice([str(role) for role in Role])


@click.command("signin-link")
@click.option("--role", type=_ROLES, help="For the first account of this role.")
@click.option("--account", metavar="CODE", help="For the account of this code.")
@with_appcontext
def signin_link(role: str | None, account: str | None) -> None:
    """Print a fresh link that signs somebody in, once, within 15 minutes."""
    if not role and not account:
        raise click.UsageError("Say whom the link is for: --role or --account.")
    with use_locale("en"):
        try:
            link = signin.signin_link(
                role=Role(role) if role else None, account=account, at=datetime.now(UTC)
            )
        except EventHubError as error:
            raise click.ClickException(str(error)) from None
    click.echo(link)


@click.group("account")
def account_commands() -> None:
    """Make accounts."""


@account_commands.command("add")
@click.option("--name", required=True)
@click.option("--email", default="", help="Where sign-in links are sent.")
@click.option("--phone", default="", help="Mobile number, eleven digits.")
@click.option("--role", type=_ROLES, required=True)
@click.option("--organisation", default="", metavar="CODE", help="Organisers and officers need one.")
@click.option("--locale", type=click.Choice(LOCALES), default=LOCALES[0], show_default=True)
@with_appcontext
def add(name: str, email: str, phone: str, role: str, organisation: str, locale: str) -> None:
    """Make an account and print its code; `eventhub signin-link --account CODE` lets it in."""
    with use_locale("en"):
        try:
            code = accounts.create(
                name,
                email,
                phone,
                Role(role),
                organisation,
                by=HOUSE,
                at=datetime.now(UTC),
                locale=locale,
            )
        except EventHubError as error:
            raise click.ClickException(str(error)) from None
    click.echo(code)


commands = (signin_link, account_commands)
