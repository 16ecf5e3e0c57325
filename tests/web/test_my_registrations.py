"""My sign-ups: each state in plain words, the result with its reason, the way out; never anybody else's."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from eventhub.domain.facts import PersonDraft
from eventhub.domain.terms import RegistrationState
from eventhub.extensions import db
from eventhub.queries import people
from eventhub.queries import registrations as queries
from eventhub.services import participants, registrations
from tests.allotting import allot, publish, sign_up
from tests.retreating import placed
from tests.scenario import Scenario
from tests.signing_up import action, at_home, fields, nothing_written, send, soup
from tests.visitors import sign_in


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    return told


def words(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(soup(answer).select_one("main").text.split())


def test_a_sign_up_says_what_happens_next_and_when(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        party = story.registers().party
    guardian = sign_in(client, story.guardian)
    page = words(guardian, f"/my/registrations/{party}")
    assert "已报名" in page
    assert "2026年6月1日 周一 08:00前可以修改或撤回" in page
    assert "结果预计于2026年6月10日 周三公布" in page
    assert party in words(guardian, "/my/registrations")


def test_a_returned_sign_up_says_why(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        receipt = story.registers()
        registrations.return_for_change(
            receipt.registrations[0], reason="请补充第二联系人", by=story.officer, at=story.at
        )
    page = words(sign_in(client, story.guardian), f"/my/registrations/{receipt.party}")
    assert "请补充第二联系人" in page
    assert "请按要求修改" in page


def test_the_result_comes_with_its_reason_in_numbers(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        parties = [receipt.party for receipt in sign_up(story, 12, ranking=("B1",))]
        publish(story, allot(story))
        rows = {code: queries.party(code, story.guardian, on=story.at.date()) for code in parties}
    guardian = sign_in(client, story.guardian)
    placed_party = next(code for code, row in rows.items() if row.state is RegistrationState.ALLOTTED)
    without = next(code for code, row in rows.items() if row.state is not RegistrationState.ALLOTTED)
    page = words(guardian, f"/my/registrations/{placed_party}")
    assert "银川营 B1" in page
    assert "随身携带" in page
    assert "下载日程文件" in page
    page = words(guardian, f"/my/registrations/{without}")
    assert "结果说明" in page
    assert "10" in page.split("结果说明")[1]
    assert "陈主任（0951-0000000）" in page


def test_withdrawing_says_first_what_it_means(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        party = placed(story)
    member = sign_in(client, story.member)
    page = member.get(f"/my/registrations/{party}/withdraw")
    assert "日程同时撤回" in page.text
    answer = send(member, page, reason="家中有事\x07\r\nBcc: x@y")
    assert answer.status_code == 303
    with at_home(app):
        row = queries.party(party, story.member, on=story.at.date())
        assert row.state is RegistrationState.WITHDRAWN
        assert row.members[0].steps[-1].reason == "家中有事 Bcc: x@y"
    assert member.get(f"/my/registrations/{party}/withdraw").status_code == 409


def test_a_draft_is_deleted_and_never_said_to_be_withdrawn(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        code = registrations.save_draft(story.application(), by=story.guardian, at=story.at)
    guardian = sign_in(client, story.guardian)
    shown = words(guardian, f"/my/registrations/{code}")
    assert "删除草稿" in shown
    assert "撤回" not in shown
    assert guardian.get(f"/my/registrations/{code}/withdraw").status_code == 409
    with nothing_written(app):
        asked = guardian.get(f"/my/registrations/{code}/deletion")
        guardian.head(f"/my/registrations/{code}/deletion")
    assert "确认删除该草稿" in asked.text
    answer = send(guardian, asked)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/my/registrations")
    listed = guardian.get("/my/registrations").text
    assert "草稿已删除" in listed
    assert code not in listed
    assert guardian.get(f"/my/registrations/{code}").status_code == 404


def test_a_sign_up_that_was_sent_meanwhile_is_not_deleted(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        party = story.registers().party
    guardian = sign_in(client, story.guardian)
    with nothing_written(app):
        answer = guardian.post(f"/my/registrations/{party}/deletion")
    assert answer.headers["Location"] == f"/my/registrations/{party}"


def test_one_of_two_may_be_withdrawn(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        receipt = story.registers(story.child("马小雨"), story.child("马小雪"))
    guardian = sign_in(client, story.guardian)
    page = guardian.get(f"/my/registrations/{receipt.party}/withdraw")
    assert send(guardian, page, who=receipt.registrations[0]).status_code == 303
    with at_home(app):
        row = queries.party(receipt.party, story.guardian, on=story.at.date())
        assert [member.state for member in row.members] == [
            RegistrationState.WITHDRAWN,
            RegistrationState.SUBMITTED,
        ]


def test_the_receipt_can_be_printed_and_leads_back(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        party = story.registers().party
    answer = sign_in(client, story.guardian).get(f"/my/registrations/{party}/print")
    assert soup(answer).select_one(".eh-receipt-code svg path")
    assert f"/my/registrations/{party}" in answer.text


@pytest.mark.parametrize("tail", ["", "/print", "/withdraw", "/change"])
def test_other_peoples_sign_ups_do_not_exist(
    app: Flask, client: FlaskClient, story: Scenario, tail: str
) -> None:
    with at_home(app):
        party = story.registers().party
    for reader in (story.stranger, story.organiser, story.officer):
        visitor = sign_in(app.test_client(), reader)
        assert visitor.get(f"/my/registrations/{party}{tail}").status_code == 404
    owner = sign_in(client, story.guardian)
    page = owner.get(f"/my/registrations/{party}/withdraw")
    stranger = sign_in(app.test_client(), story.stranger)
    with nothing_written(app):
        assert stranger.post(action(page), data=fields(page)).status_code == 404


def test_an_empty_list_says_how_to_fill_it(client: FlaskClient, story: Scenario) -> None:
    assert "尚未报名" in words(sign_in(client, story.stranger), "/my/registrations")


def test_a_list_costs_no_more_queries_for_three_than_for_one(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    guardian = sign_in(client, story.guardian)
    counted = []
    for number in range(3):
        with at_home(app):
            story.registers(story.child(f"马{'雨雪云'[number]}"))
        counted.append(queries_of(app, guardian))
    assert counted[0] == counted[2]


def queries_of(app: Flask, visitor: FlaskClient) -> int:
    from sqlalchemy import event

    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        visitor.get("/my/registrations")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(found)


def test_what_the_account_is_can_be_seen(app: Flask, client: FlaskClient, story: Scenario) -> None:
    page = words(sign_in(client, story.guardian), "/my/account")
    assert "马兰" in page
    assert "malan@example.org" in page


def test_a_name_is_shown_as_text(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        draft = PersonDraft(name="Seán O'Brien", relation="child", organisation="U001")
        code = participants.add(draft, by=story.guardian, at=story.at)
        assert people.one_of(story.guardian, code, on=story.at.date())
    assert "Seán O'Brien" in soup(sign_in(client, story.guardian).get("/my/people")).text
