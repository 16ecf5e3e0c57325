"""Kept twice: a stranger's answer tells nothing, and the desk compares what the two sides typed in."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from eventhub.extensions import db
from eventhub.models.accounts import Participant
from eventhub.queries import people
from tests.scenario import Scenario
from tests.signing_up import at_home, send, soup
from tests.visitors import sign_in, without_once

PAGE = "/desk/programmes/camp-2026/doubles"


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        told.registers(told.child("马小雨"))
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    return told


def type_in(client: FlaskClient, name: str = "马小雨") -> str:
    typed = {
        "relation": "child",
        "name": name,
        "birth_date": "2014-03-02",
        "sex": "female",
        "organisation": "第一机床厂工会",
        "next": "/my/registrations/new/camp-2026",
    }
    answer = send(client, client.get("/my/people/new"), **typed)
    assert answer.status_code == 303, answer.text
    return answer.location.partition("#")[0]


def pages_after(app: Flask, story: Scenario, name: str) -> list[str]:
    """All that a stranger reads after typing in this name, without the name and what differs each time."""
    with app.app_context():
        who = story.account(
            "白洁", f"bai{len(name)}{ord(name[1])}@example.org", next(iter(story.stranger.roles))
        )
        db.session.remove()
    client = sign_in(app.test_client(), who)
    told = [type_in(client, name)]
    with at_home(app):
        code = people.of_account(who, on=story.at.date())[0].person.code
    for path in ("/my/people", f"/my/people/{code}", "/my/registrations/new/camp-2026", "/my/registrations"):
        answer = client.get(path)
        assert answer.status_code == 200
        read = re.sub(r'name="idempotency_key"\s+value="[^"]*"', "", without_once(answer.text))
        told.append(read.replace(name, "·").replace(code, "·"))
    return told


def test_nobody_learns_from_an_answer_whether_a_child_is_known(app: Flask, story: Scenario) -> None:
    known, unknown = pages_after(app, story, "马小雨"), pages_after(app, story, "马大雪")
    assert known == unknown


def test_the_form_says_what_happens_next(client: FlaskClient, story: Scenario) -> None:
    page = sign_in(client, story.stranger).get("/my/people/new")
    assert "由所在单位核对" in soup(page).get_text()


def test_the_officer_joins_them_and_the_second_guardian_sees_the_child(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    type_in(sign_in(client, story.stranger))
    desk = sign_in(app.test_client(), story.officer)
    shown = soup(desk.get(PAGE))
    assert "马小雨" in shown.get_text()
    assert "白洁" in shown.get_text()
    assert desk.get("/desk").text.count(PAGE) == 1
    first, second = (shown.find("input", {"name": name})["value"] for name in ("first", "second"))
    answer = desk.post(PAGE, data={"first": first, "second": second, "verdict": "one"})
    assert answer.status_code == 303
    with at_home(app):
        assert db.session.scalars(select(Participant.code)).all() == [story.children["马小雨"]]
    assert "马小雨" not in soup(desk.get(PAGE)).find("main").get_text()
    again = desk.post(PAGE, data={"first": first, "second": second, "verdict": "one"})
    assert again.status_code == 409


@pytest.mark.parametrize("verdict", ["", "three", "P00000000"])
def test_another_answer_decides_nothing(
    app: Flask, client: FlaskClient, story: Scenario, verdict: str
) -> None:
    type_in(sign_in(client, story.stranger))
    desk = sign_in(app.test_client(), story.officer)
    shown = soup(desk.get(PAGE))
    codes = {name: shown.find("input", {"name": name})["value"] for name in ("first", "second")}
    assert desk.post(PAGE, data={**codes, "verdict": verdict}).status_code == 404
    assert "马小雨" in desk.get(PAGE).text


def test_two_people_stay_two_and_a_refused_record_is_gone(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    stranger = sign_in(client, story.stranger)
    type_in(stranger)
    assert "马小雨" in stranger.get("/my/people").text
    desk = sign_in(app.test_client(), story.organiser)
    shown = soup(desk.get(PAGE))
    codes = {name: shown.find("input", {"name": name})["value"] for name in ("first", "second")}
    assert desk.post(PAGE, data={**codes, "verdict": codes["second"]}).status_code == 303
    assert "马小雨" not in stranger.get("/my/people").text


def test_the_claims_page_leads_to_the_comparison_first(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    type_in(sign_in(client, story.stranger))
    shown = sign_in(app.test_client(), story.officer).get("/desk/programmes/camp-2026/claims")
    assert PAGE in soup(shown).find("table").decode()


def test_no_member_looks_at_the_comparison(client: FlaskClient, story: Scenario) -> None:
    assert sign_in(client, story.guardian).get(PAGE).status_code in {403, 404}
