"""My people: added once, corrected, never anybody else's; the identity number only once a place is offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from eventhub.domain.facts import PersonDraft
from eventhub.domain.identity import identity_check_digit
from eventhub.domain.terms import Sex
from eventhub.extensions import db
from eventhub.models.accounts import Claim, Participant
from eventhub.queries import people as queries
from eventhub.queries import registrations as registration_queries
from eventhub.services import participants
from tests.retreating import placed, retreat, signed_up
from tests.scenario import UNIT, Scenario
from tests.signing_up import at_home, errors, fields, nothing_written, send, soup, to_review
from tests.visitors import sign_in


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        told.child("马小雨")
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    app.extensions["settings"] = replace(app.extensions["settings"], demo_numbers=True)
    return told


@pytest.fixture
def guardian(client: FlaskClient, story: Scenario) -> FlaskClient:
    return sign_in(client, story.guardian)


def names(app: Flask) -> list[str]:
    with app.app_context():
        found = list(db.session.scalars(select(Participant.name).order_by(Participant.id)))
        db.session.remove()
        return found


def add(client: FlaskClient, **typed: object) -> TestResponse:
    whole = {
        "relation": "child",
        "name": "马小雪",
        "birth_date": "2015-08-01",
        "sex": "female",
        "organisation": "第一机床厂工会",
        **typed,
    }
    return send(client, client.get("/my/people/new"), **whole)


def legends(page: TestResponse) -> list[str]:
    return [legend.text.strip() for legend in soup(page).select("fieldset legend") if "：" in legend.text]


def test_at_its_field_a_complaint_does_not_repeat_the_label(guardian: FlaskClient) -> None:
    page = soup(send(guardian, guardian.get("/my/people/new"), name="", relation="child"))
    said = [each.get_text(" ", strip=True) for each in page.select(".eh-error")]
    assert "错误： 请填写此项。" in said
    assert "姓名：请填写此项。" in page.select_one(".eh-summary").text


def test_claims_stand_by_what_they_are_for(app: Flask, client: FlaskClient, story: Scenario) -> None:
    guardian = sign_in(client, story.guardian)
    assert legends(guardian.get("/my/people/new")) == ["用于：夏令营", "用于：乡村疗休养"]
    for query in ("?relation=child", "?kind=camp"):
        page = guardian.get(f"/my/people/new{query}")
        assert legends(page) == ["用于：夏令营"]
        assert "即将退休" not in page.text
    assert legends(guardian.get("/my/people/new?kind=contest")) == []
    child = guardian.get(f"/my/people/{story.children['马小雨']}")
    assert "用于：乡村疗休养" not in legends(child)


def test_a_claim_that_was_ticked_is_kept_and_one_that_was_not_offered_is_not(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    guardian = sign_in(client, story.guardian)
    page = guardian.get("/my/people/new?kind=camp&relation=child")
    answer = send(
        guardian,
        page,
        name="丁一",
        birth_date="2014-05-01",
        relation="child",
        claims=["migrant", "heavy_post"],
    )
    assert answer.status_code == 303, errors(answer)
    with at_home(app):
        assert db.session.scalars(select(Claim.kind).order_by(Claim.id)).all() == ["hardship", "migrant"]


def test_a_child_is_added_with_what_the_union_is_to_confirm(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    answer = add(guardian, claims=["migrant"])
    assert answer.status_code == 303
    with at_home(app):
        row = queries.of_account(story.guardian, on=story.at.date())[-1]
        assert (row.person.name, row.person.unit, row.relation) == ("马小雪", UNIT, "child")
        assert row.claims == (("migrant", False, None),)
    assert "待基层工会确认" in guardian.get("/my/people").text


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "姓名包含无法打印的字符"), ("en", "The name contains characters that cannot be printed")],
)
@pytest.mark.parametrize("name", ["马\r\nBcc: x@y", "马\x00雨", "\u202e马兰", "马\u2028雨"])
def test_a_name_that_could_break_a_header_is_refused(
    app: Flask, guardian: FlaskClient, name: str, language: str, told: str
) -> None:
    guardian.set_cookie("language", language)
    with nothing_written(app):
        answer = add(guardian, name=name)
    assert answer.status_code == 422
    if language == "en":
        assert told in errors(answer)
    assert errors(answer)
    assert fields(answer)["birth_date"] == ["2015-08-01"]


@pytest.mark.parametrize("name", ["马小雪😀", "马小雪2", "", "x" * 51])
def test_a_name_that_is_none_is_refused_and_stays_as_typed(
    app: Flask, guardian: FlaskClient, name: str
) -> None:
    with nothing_written(app):
        answer = add(guardian, name=name)
    assert answer.status_code == 422
    assert fields(answer)["name"] == [name]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("买买提•艾合买提", "买买提·艾合买提"),
        ("Seán O'Brien", "Seán O'Brien"),
        ("马“小”雪", "马“小”雪"),
        ("  㛃䶮 ", "㛃䶮"),
    ],
)
def test_names_as_people_have_them_pass(app: Flask, guardian: FlaskClient, typed: str, kept: str) -> None:
    assert add(guardian, name=typed).status_code == 303
    assert names(app)[-1] == kept
    assert kept in soup(guardian.get("/my/people")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_date": "2015-13-01"},
        {"birth_date": "昨天"},
        {"birth_date": "2031-01-01"},
        {"organisation": "没有这个工会"},
        {"phone": "12345"},
        {"email": "nobody"},
        {"email": "a@b.example\r\nBcc: x@y.example"},
    ],
)
def test_what_cannot_be_right_is_said_at_its_field(
    app: Flask, guardian: FlaskClient, wrong: dict[str, str]
) -> None:
    with nothing_written(app):
        answer = add(guardian, **wrong)
    assert answer.status_code == 422
    name = next(iter(wrong))
    assert soup(answer).select_one(f"#{name}-error")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"relation": "boss"}, "与报名人的关系：请从所列各项中选择。"),
        ({"relation": ""}, "与报名人的关系：请从所列各项中选择。"),
        ({"sex": "zzz"}, "性别：请从所列各项中选择。"),
    ],
)
def test_an_answer_that_is_on_no_list_is_refused_and_the_rest_stays(
    app: Flask, guardian: FlaskClient, typed: dict[str, str], told: str
) -> None:
    with nothing_written(app):
        answer = add(guardian, **typed)
    assert answer.status_code == 422
    assert told in errors(answer)
    assert fields(answer)["name"] == ["马小雪"]


def test_a_correction_with_an_answer_that_is_on_no_list_changes_nothing(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    page = guardian.get(f"/my/people/{story.children['马小雨']}")
    answer = send(guardian, page, name="马大雨", sex="zzz")
    assert answer.status_code == 422
    assert "性别：请从所列各项中选择。" in errors(answer)
    assert fields(answer)["name"] == ["马大雨"]
    assert names(app) == ["马小雨"]


def test_a_correction_keeps_what_was_not_touched(app: Flask, guardian: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        code = story.children["马小雨"]
        row = queries.one_of(story.guardian, code, on=story.at.date())
        assert row is not None
    assert add(guardian, phone="12900000009", email="snow@example.org").status_code == 303
    with at_home(app):
        code = queries.of_account(story.guardian, on=story.at.date())[-1].person.code
    answer = send(guardian, guardian.get(f"/my/people/{code}"), name="马晓雪")
    assert answer.status_code == 303
    with at_home(app):
        row = queries.one_of(story.guardian, code, on=story.at.date())
        assert row is not None
        assert (row.person.name, row.person.unit) == ("马晓雪", UNIT)
        assert queries.reached_at(story.guardian, code) == ("+8612900000009", "snow@example.org")


def test_whoever_types_a_name_is_told_beforehand_who_corrects_it_later_and_the_union_is_not(
    client: FlaskClient, story: Scenario
) -> None:
    told = "报名截止后，或单位确认申报情况后，只能由工会更正"
    guardian = sign_in(client, story.guardian)
    assert told in guardian.get("/my/people/new").text
    assert told in to_review(guardian, story, "马小雨").text, "and once more before it is sent"
    officer = sign_in(client, story.officer)
    assert told not in officer.get("/my/people/new").text


def test_after_the_close_who_goes_is_the_unions_to_correct_and_how_to_reach_them_is_not(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    code = story.children["马小雨"]
    with at_home(app):
        story.registers(story.applicant(code))
        story.later(days=30)
    guardian = sign_in(client, story.guardian)
    answer = send(guardian, guardian.get(f"/my/people/{code}"), name="完不同", phone="12900000009")
    assert answer.status_code == 422
    assert "报名已截止" in errors(answer)
    assert "第一机床厂工会经办人" in errors(answer)
    assert fields(answer)["name"] == ["完不同"]
    assert fields(answer)["phone"] == ["12900000009"]
    assert names(app) == ["马小雨"]
    assert send(guardian, guardian.get(f"/my/people/{code}"), phone="12900000009").status_code == 303
    with at_home(app):
        assert queries.reached_at(story.guardian, code) == ("+8612900000009", "")


def test_from_the_desk_the_union_corrects_a_slip_and_comes_back(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    code = story.children["马小雨"]
    with at_home(app):
        registration = story.registers(story.applicant(code)).registrations[0]
        participants.change(
            code,
            PersonDraft(
                name="马小雨",
                birth_date=date(2014, 3, 2),
                sex=Sex.FEMALE,
                organisation=UNIT,
                phone="12900000009",
                email="rain@example.org",
            ),
            by=story.guardian,
            at=story.at,
        )
        story.later(days=30)
    officer = sign_in(client, story.officer)
    here = f"/desk/programmes/{story.camp}/registrations/{registration}"
    (link,) = [each["href"] for each in soup(officer.get(here)).select("a") if "/my/people/" in each["href"]]
    answer = send(officer, officer.get(link), name="马晓雨")
    assert (answer.status_code, answer.location) == (303, here)
    assert names(app) == ["马晓雨"]
    with at_home(app):
        assert queries.reached_at(story.officer, code) == ("+8612900000009", "rain@example.org"), "kept"
        assert queries.reached_at(story.member, code) == ("", "")


def test_other_peoples_people_do_not_exist(app: Flask, client: FlaskClient, story: Scenario) -> None:
    stranger = sign_in(client, story.stranger)
    code = story.children["马小雨"]
    with nothing_written(app):
        for path in (f"/my/people/{code}", f"/my/people/{code}/identity"):
            assert stranger.get(path).status_code == 404
            assert stranger.post(path, data={"name": "马小雨", "identity_number": "1"}).status_code == 404
    with at_home(app):
        assert queries.reached_at(story.stranger, code) == ("", "")


# -- The identity number -----------------------------------------------------------------------------


def number_of(born: str, order: str = "011") -> str:
    seventeen = f"649901{born}{order}"
    return seventeen + identity_check_digit(seventeen)


def test_the_identity_number_is_not_asked_for_before_a_place_is_offered(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        retreat(story)
        party = signed_up(story)
        code = queries.of_account(story.member, on=story.at.date())[0].person.code
    member = sign_in(client, story.member)
    assert member.get(f"/my/people/{code}/identity").status_code == 404
    assert "居民身份号码" not in member.get(f"/my/registrations/{party}").text


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "居民身份号码"), ("en", "last character does not fit the others")]
)
def test_a_wrong_check_digit_is_said_and_nothing_kept(
    app: Flask, client: FlaskClient, story: Scenario, language: str, told: str
) -> None:
    with at_home(app):
        party = placed(story)
        code = queries.of_account(story.member, on=story.at.date())[0].person.code
    member = sign_in(client, story.member)
    member.set_cookie("language", language)
    page = member.get(f"/my/registrations/{party}")
    link = f"/my/people/{code}/identity"
    assert link in page.text
    right = number_of("19800101")
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    with nothing_written(app):
        answer = send(member, member.get(link), identity_number=wrong)
    assert answer.status_code == 422
    assert told in errors(answer)
    assert fields(answer)["identity_number"] == [wrong]
    with at_home(app):
        row = registration_queries.party(party, story.member, on=story.at.date())
        assert not row.members[0].has_identity_number
    kept = send(member, member.get(link), identity_number=right)
    assert kept.status_code == 303
    with at_home(app):
        row = registration_queries.party(party, story.member, on=story.at.date())
        assert row.members[0].has_identity_number
    again = member.get(f"/my/registrations/{party}")
    assert link not in again.text
    assert right not in again.text


def test_an_identity_number_of_somebody_else_is_refused(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        placed(story)
        code = queries.of_account(story.member, on=story.at.date())[0].person.code
        taken = number_of("19800101", "013")
        other = participants.add(
            PersonDraft(name="李秀英", organisation=UNIT), by=story.stranger, at=story.at
        )
        participants.give_identity(other, taken, by=story.stranger, at=story.at)
    member = sign_in(client, story.member)
    with nothing_written(app):
        answer = send(member, member.get(f"/my/people/{code}/identity"), identity_number=taken)
    assert answer.status_code == 422
