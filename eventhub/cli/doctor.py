"""Say what is misconfigured, unsafe or left undone; the exit status is 1 where something has to be mended."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import click
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from eventhub import kinds
from eventhub.config import Settings
from eventhub.queries import health

GOOD, CARE, BAD = "ok  ", "care", "BAD "


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``ok``, worth care, or bad, which has to be mended."""

    weight: str
    sentence: str


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Look at configuration, database, mail, kinds, letters and leases."""
    findings = list(examine(current_app.extensions["settings"], at=datetime.now(UTC)))
    for finding in findings:
        click.echo(f"{finding.weight}  {finding.sentence}")
    if any(finding.weight == BAD for finding in findings):
        sys.exit(1)


def examine(settings: Settings, *, at: datetime) -> Iterator[Finding]:
    """Everything found, in the order of looking."""
    yield from _configuration(settings)
    yield Finding(GOOD, f"Kinds: {', '.join(kinds.every()) or 'none'}.")
    try:
        yield from _database()
        yield from _undone(at)
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        yield Finding(BAD, f"The database does not answer as it should: {reason}")


def _configuration(settings: Settings) -> Iterator[Finding]:
    yield Finding(
        GOOD, f"Everything is written to {settings.instance}; people reach it at {settings.base_url}."
    )
    if not settings.production:
        yield Finding(
            CARE,
            "Not in production: secrets are made and kept by itself. Set EVENTHUB_PRODUCTION=1 to serve people.",
        )
    elif not settings.trusted_hosts:
        yield Finding(CARE, "Set EVENTHUB_TRUSTED_HOSTS to the host names this is reached by.")
    if settings.mail_off:
        yield Finding(CARE, "Mail is off: letters wait, and nobody can be sent a sign-in link.")
    elif settings.smtp_host:
        yield Finding(GOOD, f"Mail goes out through {settings.smtp_host}:{settings.smtp_port}.")
    else:
        yield Finding(CARE, f"No EVENTHUB_SMTP_HOST: mails are written as files to {settings.mail_folder}.")


def _database() -> Iterator[Finding]:
    yield Finding(GOOD, f"Database: {health.database()}.")
    for weakness in health.weaknesses():
        yield Finding(CARE, weakness)
    newest = ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head()
    here = health.schema_revision()
    if here == newest:
        yield Finding(GOOD, f"The schema is the newest ({here}).")
    else:
        yield Finding(
            BAD, f"The schema is at {here or 'nothing'}, the newest is {newest}: run eventhub db upgrade."
        )


def _undone(at: datetime) -> Iterator[Finding]:
    undone = health.undone(at)
    yield Finding(GOOD, f"Letters waiting to be sent: {undone.letters_waiting}.")
    if undone.letters_dead:
        yield Finding(CARE, f"Letters that could not be sent: {undone.letters_dead}. See the desk's letters.")
    if undone.expired_leases:
        yield Finding(
            CARE,
            f"Leases a worker left behind: {undone.expired_leases}. A running worker takes them up again.",
        )


commands = (doctor,)
