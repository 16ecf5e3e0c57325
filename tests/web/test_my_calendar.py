"""My calendar: my places and nobody else's, a file for each, an address of my own that can be renewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from eventhub.extensions import db
from eventhub.queries import accounts as account_queries
from eventhub.queries import registrations as queries
from eventhub.web.my.calendar import CalendarPage, Seat
from tests.retreating import placed
from tests.scenario import Scenario
from tests.signing_up import at_home, send, soup
from tests.visitors import sign_in


@pytest.fixture
def told(app: Flask) -> tuple[Scenario, str]:
    with app.app_context():
        story = Scenario.begins()
        party = placed(story)
        code = queries.party(party, story.member, on=story.at.date()).members[0].code
        db.session.remove()
    app.extensions["clock"] = lambda: story.at
    return story, code


def feed_address(client: FlaskClient) -> str:
    return str(soup(client.get("/my/calendar")).select_one(".eh-reference").text)


def test_a_place_stands_with_its_file(app: Flask, client: FlaskClient, told: tuple[Scenario, str]) -> None:
    story, code = told
    member = sign_in(client, story.member)
    shown = member.get("/my/calendar")
    assert f"/my/calendar/{code}.ics" in shown.text
    assert soup(shown).select_one("main .eh-name").text == "王建国"
    answer = member.get(f"/my/calendar/{code}.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert f'filename="{code}.ics"' in answer.headers["Content-Disposition"]
    assert b"BEGIN:VEVENT" in answer.data
    assert b"METHOD" not in answer.data


def test_what_several_of_a_sign_up_go_to_is_said_once() -> None:
    first, second = (
        Seat(
            "骑行·第1场",
            name,
            date(2027, 9, 3),
            date(2027, 9, 3),
            "原隆村",
            invited=True,
            url="/T1",
            ics_url=name,
        )
        for name in ("白泽", "马原")
    )
    moved = replace(second, starts=date(2027, 9, 4))
    alone = replace(second, url="/T2")
    page = CalendarPage((first, second, moved, alone), "")
    assert page.together == ((first, second), (moved,), (alone,))


def test_the_page_says_to_take_invitation_or_feed(client: FlaskClient, told: tuple[Scenario, str]) -> None:
    assert "二者选一" in sign_in(client, told[0].member).get("/my/calendar").text


def test_other_peoples_places_do_not_exist(client: FlaskClient, told: tuple[Scenario, str]) -> None:
    story, code = told
    stranger = sign_in(client, story.stranger)
    assert stranger.get(f"/my/calendar/{code}.ics").status_code == 404
    assert code not in stranger.get("/my/calendar").text


def test_the_address_is_renewed_by_a_button(
    app: Flask, client: FlaskClient, told: tuple[Scenario, str]
) -> None:
    story, _code = told
    member = sign_in(client, story.member)
    old = feed_address(member)
    assert send(member, member.get("/my/calendar")).status_code == 303
    new = feed_address(member)
    assert new != old
    with at_home(app):
        assert account_queries.account(story.member.account_id).feed_token in new
    assert client.get(old.removeprefix("http://127.0.0.1:8000")).status_code == 404
