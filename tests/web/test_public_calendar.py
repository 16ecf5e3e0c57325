"""A feed is for calendar programs: no cookie, no redirect, no page; the same octets until something changes."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from eventhub.extensions import db, transaction
from eventhub.models.accounts import Account
from eventhub.queries import accounts as account_queries
from eventhub.services import accounts, registrations
from tests.retreating import placed
from tests.scenario import Scenario
from tests.signing_up import at_home


@pytest.fixture
def told(app: Flask) -> tuple[Scenario, str]:
    with app.app_context():
        story = Scenario.begins()
        party = placed(story)
        db.session.remove()
    app.extensions["clock"] = lambda: story.at
    return story, party


def address(app: Flask, story: Scenario) -> str:
    with app.app_context():
        token = account_queries.account(story.member.account_id).feed_token
        db.session.remove()
        return f"/calendar/{token}.ics"


def test_a_feed_answers_calendar_programs(
    app: Flask, client: FlaskClient, told: tuple[Scenario, str]
) -> None:
    path = address(app, told[0])
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"].startswith("private")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert b"BEGIN:VEVENT" in answer.data
    assert b"METHOD" not in answer.data
    assert path.split("/")[2].removesuffix(".ics").encode() not in answer.data
    head = client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == answer.headers["ETag"]


def test_an_unchanged_feed_is_not_sent_again(
    app: Flask, client: FlaskClient, told: tuple[Scenario, str]
) -> None:
    path = address(app, told[0])
    first = client.get(path)
    assert client.get(path).data == first.data
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_seat_given_up_is_gone_from_the_feed(
    app: Flask, client: FlaskClient, told: tuple[Scenario, str]
) -> None:
    story, party = told
    path = address(app, story)
    before = client.get(path)
    with at_home(app):
        registrations.withdraw(party, by=story.member, at=story.later(hours=1))
    after = client.get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert b"BEGIN:VEVENT" not in after.data


def test_a_wrong_or_old_address_is_not_found_and_no_page(
    app: Flask, client: FlaskClient, told: tuple[Scenario, str]
) -> None:
    story, _party = told
    old = address(app, story)
    with at_home(app):
        accounts.renew_feed(story.member.account_id, at=story.at)
    for path in (old, "/calendar/nothing.ics"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert b"<" not in answer.data
        assert "Set-Cookie" not in answer.headers
    assert client.get(address(app, story)).status_code == 200


def test_the_address_of_a_closed_account_leads_nowhere(
    app: Flask, client: FlaskClient, told: tuple[Scenario, str]
) -> None:
    story, _party = told
    path = address(app, story)
    with at_home(app), transaction() as session:
        session.execute(update(Account).where(Account.id == story.member.account_id).values(active=False))
    assert client.get(path).status_code == 404
