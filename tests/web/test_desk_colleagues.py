"""Colleagues at the desk: invited, given roles and losing them, each within the reach of whoever does it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from eventhub.domain.problems import Conflict, NotAllowed, NotFound
from eventhub.domain.terms import Role
from eventhub.extensions import db
from eventhub.models.invites import Letter
from eventhub.models.journal import JournalEntry
from eventhub.queries import accounts as queries
from eventhub.services import accounts
from tests.scenario import CITY, REGION, UNIT, VILLAGE, Scenario
from tests.signing_up import at_home, errors, nothing_written, send, soup
from tests.visitors import sign_in

LISTING = "/desk/colleagues"


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    return told


@pytest.fixture
def organiser(client: FlaskClient, story: Scenario) -> FlaskClient:
    return sign_in(client, story.organiser)


def code_of(app: Flask, actor: object) -> str:
    with app.app_context():
        found = queries.account(actor.account_id).code  # type: ignore[attr-defined]
        db.session.remove()
        return found


def roles_of(app: Flask, code: str) -> set[tuple[str, str]]:
    with app.app_context():
        actor = queries.actor_by_code(code)
        found = {(str(each.role), each.organisation) for each in queries.account(actor.account_id).standings}
        db.session.remove()
        return found


def revocation(code: str, role: str, organisation: str) -> str:
    return f"{LISTING}/{code}/roles/{role}/{organisation}/revocation"


def test_the_list_names_everybody_within_reach_and_their_roles(
    app: Flask, organiser: FlaskClient, story: Scenario
) -> None:
    text = " ".join(soup(organiser.get(LISTING)).select_one("main").text.split())
    assert "陈主任" in text
    assert "李干事" in text
    assert "第一机床厂工会" in text
    assert "马兰" not in text, "a guardian is nobody's colleague"
    found = soup(organiser.get(f"{LISTING}?q=机床")).select_one("main").text
    assert "李干事" in found
    assert "chen@example.org" not in found
    assert "没有" in soup(organiser.get(f"{LISTING}?q=无此人")).select_one("main").text


def test_somebody_is_invited_by_mail_and_stands_on_the_list(
    app: Flask, organiser: FlaskClient, story: Scenario
) -> None:
    page = organiser.get(f"{LISTING}/new")
    answer = send(
        organiser, page, name="海明", email="haiming@example.org", role="officer", organisation="塔桥村工会"
    )
    assert answer.status_code == 303, errors(answer)
    listed = organiser.get(LISTING).text
    assert "海明" in listed
    assert "邀请" in listed
    with at_home(app):
        letter = db.session.scalars(select(Letter)).one()
        assert (letter.name, letter.recipient_address) == ("invited_colleague", "haiming@example.org")
        assert db.session.scalars(select(JournalEntry.event)).all()[-1] == "colleague_invited"


@pytest.mark.parametrize(
    "typed",
    [
        {"name": ""},
        {"email": "no address"},
        {"organisation": "没有这个单位"},
        {"organisation": ""},
        {"role": "member"},
        {"role": ""},
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nobody_invited(
    app: Flask, organiser: FlaskClient, story: Scenario, typed: dict[str, str]
) -> None:
    page = organiser.get(f"{LISTING}/new")
    whole = {"name": "海明", "email": "h@example.org", "role": "officer", "organisation": UNIT}
    with nothing_written(app):
        answer = send(organiser, page, **{**whole, **typed})
    assert answer.status_code == 422
    assert errors(answer)
    with at_home(app):
        assert db.session.scalars(select(Letter)).all() == []


def test_a_role_is_given_and_taken_back_with_a_reason(
    app: Flask, organiser: FlaskClient, story: Scenario
) -> None:
    officer = code_of(app, story.officer)
    given = send(organiser, organiser.get(f"{LISTING}/{officer}/roles"), role="officer", organisation=VILLAGE)
    assert given.status_code == 303, errors(given)
    assert roles_of(app, officer) == {("officer", UNIT), ("officer", VILLAGE)}
    asked = organiser.get(revocation(officer, "officer", VILLAGE))
    with nothing_written(app):
        without = send(organiser, asked)
    assert without.status_code == 422
    assert "原因" in errors(without)
    taken = send(organiser, asked, reason="岗位调整")
    assert taken.status_code == 303
    assert roles_of(app, officer) == {("officer", UNIT)}
    assert "岗位调整" in organiser.get(LISTING).text
    assert organiser.get(revocation(officer, "officer", VILLAGE)).status_code == 404


def test_who_loses_a_role_is_signed_out_at_once(app: Flask, organiser: FlaskClient, story: Scenario) -> None:
    other = sign_in(app.test_client(), story.officer)
    assert other.get("/desk").status_code == 200
    asked = organiser.get(revocation(code_of(app, story.officer), "officer", UNIT))
    assert send(organiser, asked, reason="退休").status_code == 303
    assert other.get("/desk").status_code == 303


def test_nobody_takes_the_last_organiser_away(app: Flask, organiser: FlaskClient, story: Scenario) -> None:
    mine = code_of(app, story.organiser)
    with at_home(app):  # one who answers for a part only does not count
        accounts.create(
            "市主任", "shi@example.org", "", Role.ORGANISER, CITY, by=story.organiser, at=story.at
        )
    asked = organiser.get(revocation(mine, "organiser", REGION))
    assert "自己" in asked.text or "本人" in asked.text
    answer = send(organiser, asked, reason="调离")
    assert answer.status_code == 409
    assert soup(answer).select_one("main a.btn-primary")["href"].startswith(LISTING)
    assert roles_of(app, mine) == {("organiser", REGION)}
    with at_home(app), pytest.raises(Conflict):
        accounts.close(mine, by=story.organiser, at=story.at)
    with at_home(app):
        accounts.create(
            "副主任", "fu@example.org", "", Role.ORGANISER, REGION, by=story.organiser, at=story.at
        )
    assert send(organiser, asked, reason="调离").status_code == 303
    assert organiser.get(LISTING).status_code == 303, "signed out"


def test_a_closed_account_is_no_other_organiser(app: Flask, story: Scenario) -> None:
    with at_home(app):
        second = accounts.create(
            "副主任", "fu@example.org", "", Role.ORGANISER, REGION, by=story.organiser, at=story.at
        )
        accounts.close(second, by=story.organiser, at=story.at)
        first = queries.account(story.organiser.account_id).code
        with pytest.raises(Conflict):
            accounts.revoke(first, Role.ORGANISER, REGION, by=story.organiser, at=story.at)


def test_an_organiser_of_a_part_reaches_that_part_alone(app: Flask, story: Scenario) -> None:
    with at_home(app):
        city = story.account("市主任", "shi@example.org", Role.ORGANISER, CITY)
    client = sign_in(app.test_client(), city)
    region = code_of(app, story.organiser)
    text = client.get(LISTING).text
    assert "李干事" in text
    assert "陈主任" not in text
    assert client.get(f"{LISTING}/{region}/roles").status_code == 404
    assert client.get(revocation(region, "organiser", REGION)).status_code == 404
    page = client.get(f"{LISTING}/new")
    assert "宁夏总工会" not in page.text
    wanted = {"name": "海明", "email": "h@example.org", "role": "organiser", "organisation": REGION}
    with nothing_written(app):
        assert send(client, page, **wanted).status_code == 422
    with at_home(app), pytest.raises(NotFound):
        accounts.invite_colleague("海明", "h@example.org", Role.ORGANISER, REGION, by=city, at=story.at)


def test_an_officer_invites_nobody(app: Flask, story: Scenario) -> None:
    client = sign_in(app.test_client(), story.officer)
    assert client.get(LISTING).status_code == 403
    assert "/desk/colleagues" not in client.get("/desk").text
    with at_home(app), pytest.raises(NotAllowed):
        accounts.invite_colleague("海明", "h@example.org", Role.OFFICER, UNIT, by=story.officer, at=story.at)


def test_hundreds_of_colleagues_come_a_page_at_a_time(
    app: Flask, organiser: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        accounts.create_many(
            [
                accounts.AccountDraft("杨干事", f"o{number}@example.org", "", Role.OFFICER, UNIT)
                for number in range(120)
            ],
            by=story.organiser,
            at=story.at,
        )
    first = soup(organiser.get(LISTING))
    assert len(first.select("table")[0].select("tbody tr")) == 50
    assert any("from=50" in link["href"] for link in first.select("a[href]"))
