"""Plant the union's tree from a list: the first thing a new house needs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import with_appcontext

from eventhub.domain.facts import HOUSE
from eventhub.domain.problems import EventHubError
from eventhub.domain.terms import OrganisationKind
from eventhub.i18n import Bilingual, use_locale
from eventhub.services import organisations
from eventhub.services.organisations import OrganisationDraft

COLUMNS = ("code", "kind", "parent", "name_zh", "name_en", "place_code", "union_code")


@click.group("organisations")
def organisation_commands() -> None:
    """The union's tree of organisations."""


@organisation_commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def import_(file: Path) -> None:
    """Add the organisations of a CSV FILE (UTF-8), parents before their children, all or none.

    Columns: code, kind, parent, name_zh, and if there are any name_en, place_code, union_code. Kinds: region,
    city, county, industrial, organ, base, primary, joint, village.
    """
    with use_locale("en"):
        try:
            planted = organisations.plant(list(_read(file)), by=HOUSE, at=datetime.now(UTC))
        except EventHubError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{planted} organisations added.")


def _read(file: Path) -> Iterator[OrganisationDraft]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        missing = {"code", "kind", "parent", "name_zh"} - set(reader.fieldnames or ())
        if missing:
            raise click.ClickException(f"{file.name} lacks the columns {', '.join(sorted(missing))}.")
        for number, row in enumerate(reader, start=2):
            cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
            if cells["kind"] not in set(OrganisationKind):
                raise click.ClickException(f"Line {number}: {cells['kind']!r} is no kind of organisation.")
            yield OrganisationDraft(
                code=cells["code"],
                kind=OrganisationKind(cells["kind"]),
                name=Bilingual(cells["name_zh"], cells["name_en"]),
                parent=cells["parent"],
                place_code=cells["place_code"],
                union_code=cells["union_code"] or None,
            )


commands = (organisation_commands,)
