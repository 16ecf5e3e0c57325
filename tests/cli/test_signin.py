"""From a terminal: the first account of a new house, and a link for whoever cannot get mail."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from eventhub.domain.facts import HOUSE
from eventhub.domain.terms import OrganisationKind, Role
from eventhub.i18n import Bilingual
from eventhub.queries import accounts as queries
from eventhub.services import organisations
from eventhub.services.organisations import OrganisationDraft
from eventhub.web.pages import now
from tests.visitors import someone


@pytest.fixture
def region(app: Flask) -> None:
    with app.app_context():
        organisations.plant(
            [OrganisationDraft("NX", OrganisationKind.REGION, Bilingual("宁夏总工会"))], by=HOUSE, at=now()
        )


def test_a_link_for_a_role_lets_in_once(app: Flask, runner: FlaskCliRunner, region: None):
    someone(app, "陈主任", Role.ORGANISER, "NX")
    said = runner.invoke(args=["signin-link", "--role", "organiser"])
    assert said.exit_code == 0
    link = said.output.strip()
    assert link.startswith("http://127.0.0.1:8000/sign-in/")
    answers = [app.test_client().post(urlsplit(link).path).status_code for _ in range(2)]
    assert answers == [303, 410]


def test_each_call_gives_a_fresh_link(app: Flask, runner: FlaskCliRunner):
    someone(app, "马兰", Role.GUARDIAN)
    links = {runner.invoke(args=["signin-link", "--role", "guardian"]).output for _ in range(3)}
    assert len(links) == 3


def test_the_first_organiser_of_a_new_house(app: Flask, runner: FlaskCliRunner, region: None):
    made = runner.invoke(
        args=[
            "account",
            "add",
            "--name",
            "陈主任",
            "--phone",
            "13812345678",
            "--role",
            "organiser",
            "--organisation",
            "NX",
        ]
    )
    assert made.exit_code == 0, made.output
    link = runner.invoke(args=["signin-link", "--account", made.output.strip()]).output.strip()
    client = app.test_client()
    assert client.post(urlsplit(link).path).status_code == 303
    assert client.get("/sign-out").status_code == 200
    with app.app_context():
        assert queries.actor_by_code(made.output.strip()).scope == ("NX",)


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["signin-link"], 2, "--role or --account"),
        (["signin-link", "--role", "organiser"], 1, "There is no such account."),
        (["signin-link", "--account", "A0000-0000"], 1, "There is no such account."),
        (["signin-link", "--role", "king"], 2, "organiser"),
        (["account", "add", "--name", "陈", "--role", "member"], 1, "Give an e-mail address"),
        (
            ["account", "add", "--name", "陈", "--email", "c@", "--role", "member"],
            1,
            "E-mail address: not complete",
        ),
        (
            ["account", "add", "--name", "陈", "--phone", "13812345678", "--role", "officer"],
            1,
            "Organisation:",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    runner: FlaskCliRunner, words: list[str], status: int, sentence: str
):
    said = runner.invoke(args=words)
    assert said.exit_code == status
    assert sentence in said.output
    assert "Traceback" not in said.output
