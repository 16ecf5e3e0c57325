"""Walk through the pages of a sign-up as a browser without script does, and count what was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from eventhub.extensions import db, snapshot
from eventhub.models.accounts import Claim, Participant, Relation
from eventhub.models.invites import Letter
from eventhub.models.registrations import Consent, Party, Preference, Registration, RegistrationStep
from tests.scenario import Scenario

KEPT = (Participant, Relation, Claim, Party, Registration, Preference, Consent, RegistrationStep, Letter)

CONTACTS = {
    "contact1_name": "马兰",
    "contact1_phone": "12900000001",
    "contact2_name": "丁国强",
    "contact2_phone": "12900000002",
}


def rows(app: Flask) -> dict[str, int]:
    """How many rows each table holds that a sign-up could write to."""
    with app.app_context(), snapshot() as session:
        return {
            table.__name__: session.scalar(select(func.count()).select_from(table)) or 0 for table in KEPT
        }


@contextmanager
def nothing_written(app: Flask) -> Iterator[None]:
    """What is done inside writes no row and takes none away."""
    before = rows(app)
    yield
    assert rows(app) == before


@contextmanager
def at_home(app: Flask) -> Iterator[None]:
    """Do something through the services, with no reading left open afterwards."""
    with app.app_context():
        yield
        db.session.remove()


def soup(answer: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


def errors(answer: TestResponse) -> str:
    """What the summary at the top says."""
    found = soup(answer).select_one(".eh-summary")
    return " ".join(found.text.split()) if found else ""


def fields(answer: TestResponse) -> dict[str, Any]:
    """What a browser would send if nothing on the page were touched and the main button pressed."""
    form = soup(answer).select_one("main form.eh-form")
    assert isinstance(form, Tag), answer.text
    sent: dict[str, Any] = {}
    for control in form.select("input, select, textarea"):
        name, kind = control.get("name"), control.get("type", "text")
        if not name or control.has_attr("disabled") or kind in {"submit", "file"}:
            continue
        if kind in {"checkbox", "radio"} and not control.has_attr("checked"):
            continue
        if control.name == "select":
            chosen = control.select_one("option[selected]") or control.select_one("option")
            value = chosen.get("value", "") if chosen else ""
        else:
            value = control.get("value", "y" if kind == "checkbox" else "")
        sent.setdefault(str(name), []).append(value)
    return sent


def action(answer: TestResponse) -> str:
    form = soup(answer).select_one("main form.eh-form")
    assert isinstance(form, Tag)
    return str(form["action"])


def send(client: FlaskClient, answer: TestResponse, **typed: Any) -> TestResponse:
    """Fill in and send the form of a page; names with a dash come as ``participants_0_family``."""
    named = {_name(name): value for name, value in typed.items()}
    return client.post(action(answer), data={**fields(answer), **named})


def follow(client: FlaskClient, answer: TestResponse) -> TestResponse:
    """The page after a sent form."""
    assert answer.status_code == 303, errors(answer) or answer.text
    return client.get(answer.headers["Location"])


def _name(name: str) -> str:
    found = re.fullmatch(r"participants_(\d+)_(.+)", name)
    if found:
        return f"participants-{found[1]}-{found[2]}"
    return name.replace("consent_", "consent-", 1)


def to_review(
    client: FlaskClient, story: Scenario, *children: str, ranking: tuple[str, ...] = ("B1",)
) -> TestResponse:
    """Through the steps of the camp up to the last page."""
    first = client.get(f"/my/registrations/new/{story.camp}")
    questions = follow(client, send(client, first, participants=[story.children[name] for name in children]))
    families = {f"participants_{number}_family": "hardship" for number in range(len(children))}
    choices = follow(client, send(client, questions, **CONTACTS, **families))
    return follow(client, send(client, choices, options=list(ranking)))


def agree(answer: TestResponse) -> dict[str, str]:
    """Every tick of the last page."""
    return {str(box["name"]): str(box["value"]) for box in soup(answer).select('input[name^="consent-"]')}


def finish(client: FlaskClient, review: TestResponse) -> TestResponse:
    """Agree to everything and send."""
    return client.post(action(review), data={**fields(review), **agree(review)})
