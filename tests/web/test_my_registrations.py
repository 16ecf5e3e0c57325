"""My sign-ups: each state in plain words, the result with its reason, the way out; never anybody else's."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from eventhub.domain.facts import HOUSE, Applicant, Application, PersonDraft
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import RegistrationState, Role, Sex
from eventhub.extensions import db
from eventhub.models.invites import Letter
from eventhub.queries import people
from eventhub.queries import registrations as queries
from eventhub.queries.accounts import actor_by_code
from eventhub.services import accounts, participants, registrations
from tests.allotting import allot, publish, sign_up
from tests.retreating import placed, retreat
from tests.scenario import UNIT, VILLAGE, Scenario
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
    assert member.get(f"/my/registrations/{party}/withdraw").location == f"/my/registrations/{party}"


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


@pytest.mark.parametrize("who", ["one", "everybody"])
def test_withdrawing_pressed_twice_is_no_mistake(
    app: Flask, client: FlaskClient, story: Scenario, who: str
) -> None:
    with at_home(app):
        receipt = story.registers(story.child("马小雨"), story.child("马小雪"))
    guardian = sign_in(client, story.guardian)
    page = guardian.get(f"/my/registrations/{receipt.party}/withdraw")
    chosen = receipt.registrations[0] if who == "one" else ""
    first = send(guardian, page, who=chosen)
    with nothing_written(app):
        second = send(guardian, page, who=chosen)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert "已撤回" in words(guardian, second.location)


def test_what_the_organiser_ended_is_not_said_to_be_withdrawn(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        receipt = story.registers()
    guardian = sign_in(client, story.guardian)
    page = guardian.get(f"/my/registrations/{receipt.party}/withdraw")
    with at_home(app):
        registrations.cancel(receipt.registrations[0], reason="名额有误", by=story.organiser, at=story.at)
    assert send(guardian, page).status_code == 409


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


# -- Whoever a letter is addressed to ----------------------------------------------------------------


@pytest.fixture
def signed_up_by_the_unit(app: Flask, story: Scenario) -> str:
    """Two workers whom their officer signed up and who have a place; letters go to the first one's own address."""
    with app.app_context():
        retreat(story)
        people_ = [
            PersonDraft(
                name=name, birth_date=date(1980, 1, day), sex=Sex.MALE, organisation=UNIT, email=address
            )
            for day, name, address in ((1, "王建国", "Wang@example.org"), (2, "丁国强", "ding@example.org"))
        ]
        application = Application(
            programme=story.camp,
            applicants=tuple(Applicant(draft=each) for each in people_),
            ranking=("R1",),
            consents=("conditions",),
        )
        party = registrations.register(application, key="unit", by=story.officer, at=story.at).party
        publish(story, allot(story))
        db.session.remove()
    return party


def letter_to(app: Flask, address: str) -> Letter:
    with app.app_context():
        (found,) = db.session.scalars(
            select(Letter).where(Letter.name == "allotted", Letter.recipient_address == address)
        )
        db.session.expunge_all()
        db.session.remove()
        return found


def test_the_link_of_a_letter_leads_its_reader_to_their_place_and_out_of_it(
    app: Flask, client: FlaskClient, story: Scenario, signed_up_by_the_unit: str
) -> None:
    letter = letter_to(app, "wang@example.org")
    path = urlsplit(letter.context["url"]).path
    member = sign_in(client, story.member)
    page = words(member, path)
    assert "王建国" in page
    assert "丁国强" not in page, "only what concerns the reader"
    assert "由李干事报名" in page
    assert signed_up_by_the_unit in words(member, "/my/registrations")
    shown = soup(member.get(path))
    ics = str(shown.find("a", href=re.compile(r"\.ics$"))["href"])
    assert member.get(ics).status_code == 200
    assert ics in member.get("/my/calendar").text
    for closed in ("change", "print"):
        assert member.get(f"{path}/{closed}").status_code == 404
    assert send(member, member.get(f"{path}/withdraw"), reason="").status_code == 303
    with at_home(app):
        row = queries.party(signed_up_by_the_unit, story.officer, on=story.at.date())
        assert {each.person.name: each.state for each in row.members} == {
            "王建国": RegistrationState.WITHDRAWN,
            "丁国强": RegistrationState.ALLOTTED,
        }


def test_nobody_gives_up_anothers_place_by_the_link_of_a_letter(
    app: Flask, client: FlaskClient, story: Scenario, signed_up_by_the_unit: str
) -> None:
    with at_home(app):
        row = queries.party(signed_up_by_the_unit, story.officer, on=story.at.date())
    other = next(each.code for each in row.members if each.person.name == "丁国强")
    member = sign_in(client, story.member)
    path = f"/my/registrations/{signed_up_by_the_unit}"
    assert member.post(f"{path}/withdraw", data={"who": other}).status_code == 409
    with at_home(app), pytest.raises(NotFound):
        registrations.withdraw(signed_up_by_the_unit, registration=other, by=story.member, at=story.at)
    assert member.get(f"/my/calendar/{other}.ics").status_code == 404
    stranger = sign_in(app.test_client(), story.stranger)
    for page in (path, f"{path}/withdraw", f"{path}/print"):
        assert stranger.get(page).status_code == 404
    with at_home(app), pytest.raises(NotFound):
        registrations.withdraw(signed_up_by_the_unit, by=story.stranger, at=story.at)


def test_the_officer_of_the_unit_follows_the_link_of_a_letter_to_him(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    """Somebody signed up from an account without an address is written to through the unit."""
    with at_home(app):
        code = accounts.create("白大", "", "13912345678", Role.MEMBER, "", by=HOUSE, at=story.at)
        by = actor_by_code(code)
        story.registers(story.child(by=by), by=by)
        publish(story, allot(story))
    letter = letter_to(app, "li@example.org")
    officer = sign_in(client, story.officer)
    path = urlsplit(letter.context["url"]).path
    assert "马小雨" in words(officer, path)
    with at_home(app):
        elsewhere = story.account("丁干事", "d@example.org", Role.OFFICER, VILLAGE)
    assert sign_in(app.test_client(), elsewhere).get(path).status_code == 404


def test_a_draft_is_nobodys_but_its_owners(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        retreat(story)
        draft = PersonDraft(
            name="王建国",
            birth_date=date(1980, 1, 1),
            sex=Sex.MALE,
            organisation=UNIT,
            email="wang@example.org",
        )
        code = participants.add(draft, by=story.guardian, at=story.at)
        row = people.one_of(story.guardian, code, on=story.at.date())
        assert row is not None
        application = Application(programme=story.camp, applicants=(Applicant(person=row.person),))
        party = registrations.save_draft(application, by=story.guardian, at=story.at)
    member = sign_in(client, story.member)
    assert member.get(f"/my/registrations/{party}").status_code == 404
    assert party not in member.get("/my/registrations").text


def test_what_holds_for_brother_and_sister_alike_is_said_once(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        party = story.registers(story.child("马小雨"), story.child("马小雪")).party
        publish(story, allot(story))
    shown = soup(sign_in(client, story.guardian).get(f"/my/registrations/{party}")).select_one("main")
    cards = {card.h2.text: card for card in shown.select(".eh-card") if card.h2}
    assert "身份证或户口簿" in cards["全体参加人须知"].text
    assert shown.text.count("身份证或户口簿") == 1
    assert shown.text.count("微信内无法打开文件") == 1
    together = cards["银川营 B1"]
    assert together.text.count("2026年7月13日") == 1
    assert [each.text for each in together.select(".eh-people .eh-name")] == ["马小雨", "马小雪"]
    files = [way.text.split() for way in together.select('.eh-people a[href$=".ics"]')]
    assert files == [["下载日程文件", "马小雨"], ["下载日程文件", "马小雪"]]
    numbers = [way.text.split() for way in together.select('.eh-people a[href*="identity"]')]
    assert numbers == [["填写身份证号码", "马小雨"], ["填写身份证号码", "马小雪"]]
    assert together.text.count("还需补充一项") == 1


def test_what_was_answered_stands_person_by_person_under_each_name_once(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        party = story.registers(story.child("马小雨"), story.child("马小雪")).party
    guardian = sign_in(client, story.guardian)
    for path in (f"/my/registrations/{party}", f"/my/registrations/{party}/print"):
        shown = soup(guardian.get(path)).select_one("main")
        names = [each.text for each in shown.select(".eh-facts-of")]
        assert names == ["马小雨", "马小雪"], path
        assert [dt.text for dt in shown.select("dt")].count("用餐") == 2
        assert not [dt for dt in shown.select("dt") if "马小" in dt.text]


def test_people_who_wait_for_the_same_are_one_card(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        party = story.registers(story.child("马小雨"), story.child("马小雪")).party
    shown = soup(sign_in(client, story.guardian).get(f"/my/registrations/{party}")).select_one("main")
    heads = [card.h2.text for card in shown.select(".eh-card") if card.h2]
    assert heads.count("参加人") == 1
    assert not {"马小雨", "马小雪"} & set(heads)


def test_whom_to_call_stands_where_something_is_given_up(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        party = story.registers().party
        draft = registrations.save_draft(story.application(), by=story.guardian, at=story.at)
    guardian = sign_in(client, story.guardian)
    assert "马小雨" in words(guardian, f"/my/registrations/{party}/withdraw")
    for page in (f"{party}/withdraw", f"{draft}/deletion"):
        assert "0951-0000000" in soup(guardian.get(f"/my/registrations/{page}")).select_one("footer").text


def test_withdrawing_after_the_close_does_not_promise_another_sign_up(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        party = story.registers().party
    guardian = sign_in(client, story.guardian)
    assert "报名期间可以重新报名" in words(guardian, f"/my/registrations/{party}/withdraw")
    story.later(days=40)
    guardian = sign_in(app.test_client(), story.guardian)
    page = words(guardian, f"/my/registrations/{party}/withdraw")
    assert "报名期间可以重新报名" not in page
    assert "不能重新报名" in page
