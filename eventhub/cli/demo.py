"""eventhub demo: the year's programmes, from sign-up to calendar, and then to be looked at in a browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click
from click.core import ParameterSource
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy import MetaData, inspect

from eventhub.cli.serve import demand_free, serve_until_stopped
from eventhub.config import Settings, demonstration_mark
from eventhub.demo import story, table
from eventhub.demo.setting import ToldBadly
from eventhub.demo.telling import Telling
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import EventHubError
from eventhub.domain.terms import Role, word
from eventhub.extensions import db
from eventhub.i18n import DEFAULT_LOCALE, LOCALES, _, use_locale
from eventhub.services import signin

SECONDS = 300
"""What a run may take; at the usual scale each is proved best long before."""
LEAST_SCALE = 0.02
_PAIR = 2


def _demand_told_scale(_context: click.Context, _parameter: click.Parameter, scale: float) -> float:
    """Refuse a size at which the story was never told: nobody knows whether every tight place comes out there."""
    if not LEAST_SCALE <= scale <= 1:
        raise click.BadParameter(
            _(
                "%(given)s is not between %(least)s and 1. 1 is the whole season; %(least)s is the smallest size at "
                "which this demonstration has been tried.",
                given=f"{scale:g}",
                least=LEAST_SCALE,
            )
        )
    return scale


@click.command("demo")
@click.option(
    "--scale",
    type=float,
    callback=_demand_told_scale,
    default=0.1,
    show_default=True,
    help="1.0 is full size: 9,850 contest entries and 78,000 retreat beds. The camp is always whole.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=2024, show_default=True)
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day the story is told on.  [default: today]"
)
@click.option("--no-serve", is_flag=True, help="End after the table.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the table here too."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--lang", type=click.Choice(LOCALES), default=DEFAULT_LOCALE, show_default=True)
@click.option(
    "--fresh",
    is_flag=True,
    help="Throw an earlier demonstration away and tell a new one. Without it, an earlier one is shown again.",
)
@with_appcontext
def command(
    scale: float,
    seed: int,
    today: datetime | None,
    no_serve: bool,  # noqa: FBT001
    json_file: Path | None,
    host: str,
    port: int,
    lang: str,
    fresh: bool,  # noqa: FBT001
) -> None:
    """Sign up, place, publish and invite a year of synthetic people, then serve the pages."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - Flask's own name for it
    settings: Settings = app.extensions["settings"]
    day = today.date() if today else datetime.now(ZONE).date()
    with use_locale(lang):
        if not no_serve:
            demand_free(host, port)
        faces = None if fresh else _standing(settings)
        if faces:
            _demand_no_other_story(settings)
            click.echo(
                _(
                    "The demonstration in %(instance)s is shown again as it was left. Make it anew with: eventhub demo --fresh",
                    instance=settings.instance,
                )
            )
            if not no_serve:
                upgrade()
                _serve(app, faces, host=host, port=port)
            return
        _make_room(settings)
        upgrade()
        _write_mark(settings)
        app.extensions["settings"] = _told_at(settings, host, port)
        told = _tell(app, scale=scale, seed=seed, today=day)
        _write_mark(settings, told.accounts)
        rows = table.rows(told.programmes)
        click.echo()
        click.echo(table.said(rows))
        if json_file is not None:
            data = table.as_data(rows) | {"seed": seed, "scale": scale, "stories": told.followed}
            json_file.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if not no_serve:
            _serve(app, told.accounts, host=host, port=port)


def _serve(app: Flask, faces: Mapping[Role, str], *, host: str, port: int) -> None:
    """Links for each role, then the pages until Ctrl-C."""
    app.extensions["settings"] = _told_at(app.extensions["settings"], host, port)
    _invite_in(faces)
    db.session.remove()
    serve_until_stopped(app, host=host, port=port)


def _told_at(settings: Settings, host: str, port: int) -> Settings:
    """The settings while the demonstration is told and served.

    Its identity numbers belong to nobody and count only here, and its links lead to where it is served.
    """
    elsewhere = settings.base_url != Settings(settings.instance).base_url
    base_url = settings.base_url if elsewhere or not port else f"http://{host}:{port}"
    return replace(settings, demo_numbers=True, base_url=base_url)


def _tell(app: Flask, *, scale: float, seed: int, today: date) -> story.Told:
    try:
        return story.tell(
            app, scale=scale, seed=seed, today=today, seconds=SECONDS, telling=Telling.on_terminal(click.echo)
        )
    except (EventHubError, ToldBadly) as error:
        raise click.ClickException(str(error)) from error


def _invite_in(faces: Mapping[Role, str]) -> None:
    """A link for each role; each lets somebody in once."""
    click.echo()
    click.echo(_("Each link signs in once, within 15 minutes; eventhub signin-link --role makes a new one:"))
    for role in Role:
        if role in faces:
            link = signin.signin_link(account=faces[role], at=datetime.now(UTC))
            click.echo(f"  {word(role)}: {link}")
    click.echo()


def _standing(settings: Settings) -> dict[Role, str]:
    """Who can sign in to a demonstration that was told to its end here; nobody where there is none."""
    if settings.production or not _mark(settings).exists() or _is_empty():
        return {}
    words = (line.split() for line in _mark(settings).read_text(encoding="utf-8").splitlines())
    return {Role(pair[0]): pair[1] for pair in words if len(pair) == _PAIR and pair[0] in set(Role)}


def _demand_no_other_story(settings: Settings) -> None:
    """Who asks for another size, season or table does not want the old one shown."""
    context = click.get_current_context()
    asked = (context.get_parameter_source(name) for name in ("scale", "seed", "today", "json_file"))
    if any(source is not ParameterSource.DEFAULT for source in asked):
        raise click.ClickException(
            _(
                "There is a demonstration in %(instance)s already. Add --fresh to make another in its place.",
                instance=settings.instance,
            )
        )


def _is_empty() -> bool:
    if not inspect(db.engine).has_table("organisation"):
        return True
    with db.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT 1 FROM organisation LIMIT 1").first() is None


def _make_room(settings: Settings) -> None:
    """An empty house to tell the story in. Nobody's data are ever thrown away but an earlier demonstration's."""
    if settings.production:
        raise click.ClickException(_("This is a production house; the demonstration is not told in it."))
    if _is_empty():
        return
    if not _mark(settings).exists():
        raise click.ClickException(
            _(
                "There are data in %(instance)s that are no demonstration. Set EVENTHUB_INSTANCE to another folder.",
                instance=settings.instance,
            )
        )
    _empty(settings)


def _empty(settings: Settings) -> None:
    """Take the demonstration's tables and files away; the migrations then build the house anew."""
    db.session.remove()
    standing = MetaData()
    standing.reflect(db.engine)
    standing.drop_all(db.engine)
    for folder in (settings.mail_folder, settings.runs_folder):
        shutil.rmtree(folder, ignore_errors=True)


def _write_mark(settings: Settings, faces: Mapping[Role, str] | None = None) -> None:
    """Say whose data these are; once the story is told, also which account of each role a visitor may take."""
    lines = ["This instance holds a demonstration; eventhub demo --fresh replaces it."]
    lines += [f"{role} {code}" for role, code in (faces or {}).items()]
    _mark(settings).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _mark(settings: Settings) -> Path:
    return demonstration_mark(settings.instance)


commands = (command,)
