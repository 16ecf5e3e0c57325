"""eventhub invites export: every seat's messages and its present calendar, as files for other calendars to judge."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from eventhub.domain.problems import NotFound
from eventhub.domain.terms import Method
from eventhub.queries import invites as invite_queries
from eventhub.queries.invites import SeatHistory
from eventhub.services import outbox

group = AppGroup("invites", help="Calendar invitations.")


@group.command("export")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--programme", default="", help="Only this programme's seats, by its code.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many seats.")
def export(directory: Path, programme: str, limit: int | None) -> None:
    """Write a folder a seat: its messages in the order of sending, and its current feed.ics."""
    try:
        seats = messages = 0
        for history in invite_queries.histories(programme=programme, limit=limit):
            messages += _write(directory / history.registration, history)
            seats += 1
    except NotFound:
        raise click.ClickException(f"There is no programme {programme!r}.") from None
    click.echo(f"{seats} seats, {messages} messages, in {directory}")


def _write(folder: Path, history: SeatHistory) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("[0-9][0-9]-*.eml"):
        old.unlink()
    for number, (letter, method, first) in enumerate(_in_order(history), start=1):
        (folder / f"{number:02d}-{_called(method, first=first)}.eml").write_bytes(outbox.octets_of(letter))
    (folder / "feed.ics").write_bytes(history.feed)
    return len(history.letters)


def _in_order(history: SeatHistory) -> list[tuple[int, Method, bool]]:
    """(letter, method, whether it is the first word of its UID) in the order of sending."""
    return [
        (letter, method, first)
        for letter, (method, first) in zip(history.letters, history.messages, strict=True)
    ]


def _called(method: Method, *, first: bool) -> str:
    if method is Method.CANCEL:
        return "cancel"
    return "invite" if first else "update"


commands = (group,)
