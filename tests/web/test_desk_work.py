"""The desk's work: a run from asking to publishing, a place fixed by hand, sign-ups handed back, claims checked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from eventhub.domain.facts import QuotaFacts
from eventhub.domain.terms import LetterState, RegistrationState, RunState
from eventhub.extensions import db, transaction
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Claim
from eventhub.models.invites import Letter
from eventhub.models.journal import JournalEntry
from eventhub.models.publications import Publication
from eventhub.models.registrations import Party, Registration
from eventhub.queries import allocations as runs
from eventhub.queries import journal, outbox, programmes, publications, results
from eventhub.services import allocations, registrations
from eventhub.services import programmes as changing
from eventhub.services.journal import note
from eventhub.services.runs import execute as execute_run
from tests.scenario import OPEN, UNIT, Scenario, batch, camp_facts
from tests.visitors import sign_in
from tests.web.test_desk_programmes import typed

CAMP = "/desk/programmes/camp-2026"
CLOSED = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def story(app: Flask) -> Scenario:
    """A closed camp in which two brothers and one girl are signed up."""
    with app.app_context():
        told = Scenario.begins()
        app.extensions["clock"] = lambda: told.at
        told.registers(told.child("马大"), told.child("马二", born=date(2013, 5, 1)))
        told.registers(told.child("丁一", born=date(2012, 5, 1)))
        told.at = CLOSED
        db.session.remove()
    return told


@pytest.fixture
def desk(client: FlaskClient, story: Scenario) -> FlaskClient:
    return sign_in(client, story.organiser)


def execute(app: Flask, story: Scenario, number: int = 1) -> RunState | None:
    with app.app_context():
        row = runs.run_id(story.camp, number)
        state = execute_run(row, worker="test", clock=lambda: story.at)
        db.session.remove()
        return state


def ran(app: Flask, desk: FlaskClient, story: Scenario) -> int:
    """Ask for a run at the desk, let the worker do it, and say its number."""
    answer = desk.post(f"{CAMP}/allocations", data={"seconds": "5", "seed": "7"})
    assert answer.status_code == 303, answer.text
    number = int(answer.location.rsplit("/", 1)[1])
    assert execute(app, story, number) is RunState.OPTIMAL
    return number


def rows(app: Flask, what: Any, *conditions: Any) -> list[Any]:
    with app.app_context():
        found = list(db.session.scalars(select(what).where(*conditions).order_by(what.id)))
        db.session.expunge_all()
        db.session.remove()
        return found


# -- Runs --------------------------------------------------------------------------------------------


def test_a_run_waits_shows_its_progress_and_then_its_result(app: Flask, desk: FlaskClient, story: Scenario):
    answer = desk.post(f"{CAMP}/allocations", data={"seconds": "5", "seed": "7"})
    assert (answer.status_code, answer.location) == (303, f"{CAMP}/allocations/1")
    waiting = desk.get(answer.location).text
    assert f'hx-get="{CAMP}/allocations/1/progress"' in waiting
    panel = desk.get(f"{CAMP}/allocations/1/progress")
    assert panel.status_code == 200
    assert panel.text.lstrip().startswith("<section")
    assert "<html" not in panel.text
    assert waiting.count('id="run-state"') == 1
    asked_anew = desk.get(f"{CAMP}/allocations/1/progress", headers={"HX-Request": "true"})
    brought = BeautifulSoup(asked_anew.text, "html.parser").select_one("#run-state")
    assert brought["hx-swap-oob"] == "true", "the head of the page keeps up"
    assert brought.text.strip() == "等待处理"
    execute(app, story)
    ended = desk.get(f"{CAMP}/allocations/1/progress")
    assert (ended.status_code, ended.headers["HX-Refresh"]) == (204, "true")
    result = desk.get(f"{CAMP}/allocations/1").text
    assert "hx-get" not in result
    assert "已证明：按现有规则没有更好的结果。" in result
    assert f"{CAMP}/publications/new?run=1" in result


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"seconds": "0"}, "seconds"),
        ({"seconds": "a while"}, "seconds"),
        ({"seconds": ""}, "seconds"),
        ({"seconds": "999999"}, "seconds"),
        ({"seconds": "5", "seed": "-1"}, "seed"),
        ({"seconds": "5", "seed": "9" * 30}, "seed"),
    ],
)
def test_a_run_asked_for_with_a_slip_is_said_at_its_field(
    app: Flask, desk: FlaskClient, typed: dict[str, str], field: str
):
    answer = desk.post(f"{CAMP}/allocations", data=typed)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    with app.app_context():
        assert runs.runs("camp-2026") == ()


def test_places_are_not_given_out_while_sign_up_is_open(app: Flask, desk: FlaskClient, story: Scenario):
    story.at = datetime(2026, 5, 20, 1, 0, tzinfo=UTC)
    answer = desk.post(f"{CAMP}/allocations", data={"seconds": "5"})
    assert answer.status_code == 409
    assert "eh-summary" in answer.text


def test_a_second_run_while_one_is_under_way_is_refused(desk: FlaskClient):
    assert desk.post(f"{CAMP}/allocations", data={"seconds": "5"}).status_code == 303
    assert desk.post(f"{CAMP}/allocations", data={"seconds": "5"}).status_code == 409


def test_a_waiting_run_can_be_stopped(app: Flask, desk: FlaskClient):
    desk.post(f"{CAMP}/allocations", data={"seconds": "5"})
    assert desk.post(f"{CAMP}/allocations/1/stop").status_code == 303
    assert desk.post(f"{CAMP}/allocations/1/stop").status_code == 409
    with app.app_context():
        assert runs.run("camp-2026", 1).ended


def test_rules_that_cannot_all_be_met_are_named(app: Flask, client: FlaskClient):
    with app.app_context():
        told = Scenario.begins()
        app.extensions["clock"] = lambda: told.at
        # A retreat's quotas are limits; a camp with a floor nobody can meet is told by its own joint rules.
        from eventhub import kinds

        demo = kinds.every()["retreat"].demo
        assert demo is not None
        plan = demo.programme(0.01, date(2025, 11, 23))
        quota = QuotaFacts(UNIT, Bilingual("第一机床厂工会", "First Works"), floor=5)
        told.programme(
            replace(
                plan,
                code="retreat-x",
                organisation="NX",
                sources=plan.sources[:1],
                quotas=(quota,),
                opens_at=datetime(2026, 4, 1, tzinfo=UTC),
                closes_at=datetime(2026, 4, 10, tzinfo=UTC),
            )
        )
        number = allocations.request("retreat-x", seconds=5, seed=1, by=told.organiser, at=told.at)
        state = execute_run(runs.run_id("retreat-x", number), worker="test", clock=lambda: told.at)
        assert state is RunState.INFEASIBLE
        db.session.remove()
    sign_in(client, told.organiser)
    text = client.get("/desk/programmes/retreat-x/allocations/1").text
    assert "第一机床厂工会" in text
    assert "publications/new" not in text
    for part in ("money", "options", "settings"):
        assert f'href="/desk/programmes/retreat-x/{part}"' in text, part
    assert client.get("/desk/programmes/retreat-x/publications/new?run=1").status_code == 409


# -- By hand -----------------------------------------------------------------------------------------


def test_a_party_fixed_by_hand_goes_there_until_set_free(app: Flask, desk: FlaskClient, story: Scenario):
    brothers = rows(app, Party)[0].code
    assert desk.get(f"{CAMP}/pins/new?party={brothers}").status_code == 200
    fixed = {"party": brothers, "option": "B2", "reason": "父母要求"}
    assert desk.post(f"{CAMP}/pins", data=fixed).status_code == 303
    assert "父母要求" in desk.get(f"{CAMP}/allocations").text
    number = ran(app, desk, story)
    with app.app_context():
        placed = results.people_of(story.camp, number, option="B2").rows
        assert {row.name for row in placed} >= {"马大", "马二"}
        assert all(row.pinned for row in placed if row.party == brothers)
        db.session.remove()
    assert desk.post(f"{CAMP}/pins/{brothers}/release").status_code == 303
    assert desk.post(f"{CAMP}/pins/{brothers}/release").status_code == 404
    assert "父母要求" not in desk.get(f"{CAMP}/allocations").text


@pytest.mark.parametrize(("option", "reason"), [("B2", ""), ("", "因为"), ("B9", "因为")])
def test_a_pin_without_place_or_reason_keeps_what_was_typed(
    app: Flask, desk: FlaskClient, option: str, reason: str
):
    party = rows(app, Party)[0].code
    answer = desk.post(f"{CAMP}/pins", data={"party": party, "option": option, "reason": reason})
    assert answer.status_code == 422
    assert reason in answer.text
    if option == "B2":
        assert re.search(r'<option selected value="B2"', answer.text)
    with app.app_context():
        assert runs.pins("camp-2026") == ()


# -- Publishing --------------------------------------------------------------------------------------


def test_publishing_says_first_what_it_will_do_and_twice_is_once(
    app: Flask, desk: FlaskClient, story: Scenario
):
    number = ran(app, desk, story)
    page = desk.get(f"{CAMP}/publications/new?run={number}")
    assert page.status_code == 200
    assert re.search(r"<b>3</b>\s*<span>人收到邀请", page.text)
    form = {"run": str(number), "number": "1", "reason": ""}
    first = desk.post(f"{CAMP}/publications", data=form)
    again = desk.post(f"{CAMP}/publications", data=form)
    assert first.status_code == again.status_code == 303
    assert first.location == again.location == f"{CAMP}/publications/1"
    assert len(rows(app, Publication)) == 1
    assert len(rows(app, Letter, Letter.name == "allotted")) == 3
    shown = desk.get(first.location).text
    assert shown.count("新增") + shown.count("新获") + shown.count("eh-tone-good") > 0


def test_from_the_second_version_on_a_reason_is_asked_for(app: Flask, desk: FlaskClient, story: Scenario):
    number = ran(app, desk, story)
    desk.post(f"{CAMP}/publications", data={"run": str(number), "number": "1"})
    brothers = rows(app, Party)[0].code
    desk.post(f"{CAMP}/pins", data={"party": brothers, "option": "B2", "reason": "父母要求"})
    second = ran(app, desk, story)
    refused = desk.post(f"{CAMP}/publications", data={"run": str(second), "number": "2", "reason": " "})
    assert refused.status_code == 422
    assert 'href="#reason"' in refused.text
    assert len(rows(app, Publication)) == 1
    done = desk.post(f"{CAMP}/publications", data={"run": str(second), "number": "2", "reason": "兄弟改批次"})
    assert done.location == f"{CAMP}/publications/2"
    with app.app_context():
        moved = publications.difference("camp-2026", 2)
        names = {row.name for row in moved}
        assert names >= {"马大", "马二"}
        db.session.remove()
    text = desk.get(done.location).text
    assert "兄弟改批次" in text
    assert {name for name in ("马大", "马二", "丁一") if name in text} == names


def test_a_version_that_changes_a_site_alone_says_of_how_many_places(
    app: Flask, desk: FlaskClient, story: Scenario
):
    number = ran(app, desk, story)
    desk.post(f"{CAMP}/publications", data={"run": str(number), "number": "1"})
    with app.app_context():
        for option in programmes.facts(story.camp).options:
            moved = tuple(replace(each, place=Bilingual("吴忠市")) for each in option.occasions)
            db.session.rollback()
            changing.change_option(
                story.camp, replace(option, occasions=moved), by=story.organiser, at=story.at, reason="换地方"
            )
        db.session.remove()
    desk.post(f"{CAMP}/publications", data={"run": str(number), "number": "2", "reason": "换地方"})
    assert "没有人改到别处；3人的时间、地点或联系地址有变" in desk.get(f"{CAMP}/publications/2").text


def test_a_version_says_who_holds_a_place_today_where_that_is_another_number(
    app: Flask, desk: FlaskClient, story: Scenario
):
    number = ran(app, desk, story)
    desk.post(f"{CAMP}/publications", data={"run": str(number), "number": "1"})
    assert "目前有名额" not in desk.get(f"{CAMP}/publications/1").text
    with app.app_context():
        party = db.session.scalars(select(Party).order_by(Party.id.desc())).first()
        assert party is not None
        registrations.withdraw(party.code, reason="", by=story.guardian, at=story.later(hours=1))
        db.session.remove()
    assert "目前有名额2人：有日历邀请2人，没有联系地址0人" in desk.get(f"{CAMP}/publications/1").text


def test_a_page_that_is_out_of_date_publishes_nothing(app: Flask, desk: FlaskClient, story: Scenario):
    number = ran(app, desk, story)
    desk.post(f"{CAMP}/publications", data={"run": str(number), "number": "1"})
    second = ran(app, desk, story)
    answer = desk.post(f"{CAMP}/publications", data={"run": str(second), "number": "1"})
    assert answer.status_code == 409
    assert len(rows(app, Publication)) == 1


@pytest.mark.parametrize("run", ["", "x", "99", "0"])
def test_a_run_that_is_not_there_publishes_nothing(app: Flask, desk: FlaskClient, run: str):
    answer = desk.post(f"{CAMP}/publications", data={"run": run, "number": "1"})
    assert answer.status_code in {404, 422}
    assert rows(app, Publication) == []


def test_what_follows_for_people_with_a_place_is_shown_before_their_option_changes_and_hinders_nothing(
    app: Flask, desk: FlaskClient, story: Scenario
):
    run = ran(app, desk, story)
    page = f"{CAMP}/options/B1"
    later = {"occasions-0-last_day": "2026-07-18"}
    with app.app_context():
        placed = results.people_of(story.camp, 1, option="B1").total
        db.session.remove()
    assert placed

    def sent(**changes: str) -> TestResponse:
        return desk.post(page, data=typed(desk.get(page)) | changes)

    def ends() -> date:
        with app.app_context():
            found = programmes.facts(story.camp).option("B1").last_day
            db.session.remove()
        return found

    assert sent(title_zh="改名").status_code == 303, "nothing is published, nobody is placed"
    desk.post(f"{CAMP}/publications", data={"run": str(run), "number": "1"})
    assert sent(title_zh="又改名").status_code == 303, "nobody is touched"

    shown = sent(**later)
    assert shown.status_code == 200
    told = BeautifulSoup(shown.text, "html.parser").select_one("main [role=alert]")
    assert f"此处已有{placed}人入选" in told.text
    assert "日期或时间有变" in told.text
    assert told.select_one("button[form=option]")
    assert ends() == date(2026, 7, 17)

    again = typed(shown)
    assert again["occasions-0-last_day"] == "2026-07-18", "what was typed stays"
    more = desk.post(page, data=again | {"occasions-0-place_zh": "固原市"})
    assert "地点或集合地点有变" in more.text, "what was not shown yet is shown"
    assert desk.post(page, data=typed(more)).status_code == 303
    assert ends() == date(2026, 7, 18)


# -- Letters and rosters -----------------------------------------------------------------------------


def test_a_letter_that_failed_is_sent_again(app: Flask, desk: FlaskClient, story: Scenario):
    desk.post(f"{CAMP}/publications", data={"run": str(ran(app, desk, story)), "number": "1"})
    with app.app_context():
        letter = db.session.scalars(select(Letter).where(Letter.name == "allotted")).first()
        number = letter.id
        with db.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE letter SET state='dead', error='550 no such box' WHERE id=?", (number,)
            )
        db.session.remove()
    assert "550 no such box" in desk.get(f"{CAMP}/letters?state=dead").text
    assert desk.post(f"{CAMP}/letters/{number}/again").status_code == 303
    assert rows(app, Letter, Letter.id == number)[0].state is LetterState.QUEUED
    assert desk.post(f"{CAMP}/letters/{number}/again").status_code == 409
    assert desk.post(f"{CAMP}/letters/999999/again").status_code == 404


def test_a_sign_up_leads_to_its_own_letters_and_back_to_them(app: Flask, desk: FlaskClient, story: Scenario):
    desk.post(f"{CAMP}/publications", data={"run": str(ran(app, desk, story)), "number": "1"})
    with app.app_context():
        told, other = (each.code for each in db.session.scalars(select(Registration)).all()[:2])
        letter = db.session.scalar(
            select(Letter.id)
            .join(Registration, Registration.id == Letter.registration_id)
            .where(Registration.code == told, Letter.name == "allotted")
        )
        db.session.remove()
    assert f"{CAMP}/letters?registration={told}" in desk.get(f"{CAMP}/registrations/{told}").text
    shown = desk.get(f"{CAMP}/letters?registration={told}").text
    assert f"registrations/{told}" in shown
    assert f"registrations/{other}" not in shown
    sent = desk.post(f"{CAMP}/letters/{letter}/again?registration={told}")
    assert sent.status_code in {303, 409}
    if sent.status_code == 303:
        assert sent.location == f"{CAMP}/letters?registration={told}"


def test_a_letter_is_looked_for_page_by_page(
    app: Flask, desk: FlaskClient, story: Scenario, monkeypatch: pytest.MonkeyPatch
):
    desk.post(f"{CAMP}/publications", data={"run": str(ran(app, desk, story)), "number": "1"})
    monkeypatch.setattr("eventhub.web.desk.letters.outbox.letters", partial(outbox.letters, size=2))
    first = BeautifulSoup(desk.get(f"{CAMP}/letters?q=malan%40").text, "html.parser")
    assert first.find("input", id="q")["value"] == "malan@"
    following = [link["href"] for link in first.select("main a") if "before=" in link["href"]]
    assert following
    assert all("q=malan%40" in each for each in following)
    tabs = [link["href"] for link in first.select(".nav-tabs a[href*='state=']")]
    assert len(tabs) == len(LetterState)
    assert all("q=malan@" in each for each in tabs)
    second = BeautifulSoup(desk.get(following[0]).text, "html.parser")
    assert second.find("input", id="q")["value"] == "malan@"
    none = desk.get(f"{CAMP}/letters?q=nobody%25&state=queued").text
    assert "没有找到信件" in none


def test_a_letter_of_another_programme_is_not_sent_again_from_here(
    app: Flask, desk: FlaskClient, story: Scenario
):
    desk.post(f"{CAMP}/publications", data={"run": str(ran(app, desk, story)), "number": "1"})
    with app.app_context():
        story.programme(camp_facts("camp-2026-b"))
        db.session.remove()
    number = rows(app, Letter)[0].id
    assert desk.post(f"/desk/programmes/camp-2026-b/letters/{number}/again").status_code == 404


def test_the_roster_says_whom_it_is_for_and_the_workbook_holds_the_same(
    app: Flask, desk: FlaskClient, story: Scenario
):
    from python_calamine import CalamineWorkbook

    desk.post(f"{CAMP}/publications", data={"run": str(ran(app, desk, story)), "number": "1"})
    paper = desk.get(f"{CAMP}/roster/paper").text
    assert "仅供领队和工会经办人使用" in paper
    answer = desk.get(f"{CAMP}/roster.xlsx")
    assert answer.headers["Cache-Control"] == "private, no-store"
    import io

    found = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    headings = found[2]
    assert "工位或座位" not in headings, "nobody has one"
    assert "工位或座位" not in paper
    names = {row[headings.index("姓名")] for row in found[3:]}
    assert {row[headings.index("第一紧急联系人手机号码")] for row in found[3:]} == {"12900000001"}
    assert "+86" not in paper + str(found), "as it is dialled"
    assert names == {"马大", "马二", "丁一"}
    assert all(name in paper for name in names)
    assert "仅供领队和工会经办人使用" in str(found[1][0])
    running = BeautifulSoup(paper, "html.parser").select_one("thead .eh-running").text
    assert "阳光少年夏令营 · 银川营 B1 · 第1版" in running, "a loose sheet says what it belongs to"
    one = desk.get(f"{CAMP}/roster/paper?option=B2").text
    assert sum(name in one for name in names) < 3


def test_whoever_takes_a_list_of_people_along_stands_in_the_journal(
    app: Flask, desk: FlaskClient, story: Scenario
):
    desk.get(f"{CAMP}/roster.xlsx")
    desk.post(f"{CAMP}/publications", data={"run": str(ran(app, desk, story)), "number": "1"})
    desk.get(f"{CAMP}/roster/paper")
    desk.get(f"{CAMP}/roster.xlsx?option=B1")
    taken = [row for row in rows(app, JournalEntry) if row.event.startswith("roster ")]
    assert [(row.event, row.account_id, row.code) for row in taken] == [
        ("roster printed", story.organiser.account_id, story.camp),
        ("roster downloaded", story.organiser.account_id, story.camp),
    ], "an empty list is none"
    assert [row.details for row in taken] == [{"people": 3, "option": "B1"}] * 2
    assert "下载花名册" in desk.get(f"{CAMP}/journal").text


# -- Sign-ups ----------------------------------------------------------------------------------------


def test_a_sign_up_is_handed_back_with_a_reason_and_not_without(
    app: Flask, desk: FlaskClient, story: Scenario
):
    story.at = OPEN
    code = rows(app, Registration)[0].code
    path = f"{CAMP}/registrations/{code}/return"
    assert desk.get(path).status_code == 200
    assert desk.post(path, data={"reason": "  "}).status_code == 422
    assert desk.post(path, data={"reason": "长" * 501}).status_code == 422
    assert desk.post(path, data={"reason": "请补一名紧急联系人"}).status_code == 303
    assert [each.state for each in rows(app, Registration)][:2] == [RegistrationState.RETURNED] * 2
    shown = desk.get(f"{CAMP}/registrations/{code}").text
    assert "请补一名紧急联系人" in shown
    assert "陈主任" in shown
    assert desk.get(path).status_code == 404


def test_after_the_close_nothing_is_offered_to_be_handed_back(app: Flask, desk: FlaskClient, story: Scenario):
    code = rows(app, Registration)[0].code
    here = f"{CAMP}/registrations/{code}"
    story.at = OPEN
    assert f"{here}/return" in desk.get(here).text
    story.at = CLOSED
    assert f"{here}/return" not in desk.get(here).text
    late = desk.post(f"{here}/return", data={"reason": "请补一名紧急联系人"})
    assert late.status_code == 422
    assert "请补一名紧急联系人" in late.text, "what was typed stays"
    assert "报名已截止" in late.text
    assert rows(app, Registration)[0].state is RegistrationState.SUBMITTED


def test_a_cancelled_registration_says_why_in_its_steps(app: Flask, desk: FlaskClient, story: Scenario):
    code = rows(app, Registration)[2].code
    path = f"{CAMP}/registrations/{code}/cancellation"
    assert desk.post(path, data={}).status_code == 422
    assert desk.post(path, data={"reason": "重复报名"}).status_code == 303
    assert rows(app, Registration)[2].state is RegistrationState.CANCELLED
    assert "重复报名" in desk.get(f"{CAMP}/registrations/{code}").text
    with app.app_context():
        assert "registration cancelled" in {row.event for row in journal.of_programme("camp-2026").rows}
    assert "重复报名" in desk.get(f"{CAMP}/journal").text


def test_a_corrected_sex_stands_in_words_in_the_journal(app: Flask, desk: FlaskClient, story: Scenario):
    code = rows(app, Registration)[0].code
    with app.app_context(), transaction() as session:
        note(
            session,
            at=CLOSED,
            by=story.organiser,
            event="person corrected",
            subject="registration",
            code=code,
            details={"name": "male* → 马*", "sex": "- → male"},
        )
    text = " ".join(BeautifulSoup(desk.get(f"{CAMP}/journal").text, "html.parser").get_text().split())
    assert "性别 - → 男" in text
    assert "male* → 马*" in text, "only a term is put in words"


def test_an_officer_returns_but_does_not_cancel(app: Flask, story: Scenario):
    officer = sign_in(app.test_client(), story.officer)
    story.at = OPEN
    code = rows(app, Registration)[0].code
    assert officer.post(f"{CAMP}/registrations/{code}/cancellation", data={"reason": "x"}).status_code == 403
    assert officer.post(f"{CAMP}/registrations/{code}/return", data={"reason": "请补材料"}).status_code == 303


def test_sign_ups_are_found_by_name_state_and_page_by_page(app: Flask, desk: FlaskClient, story: Scenario):
    by_name = desk.get(f"{CAMP}/registrations?q=丁一").text
    assert "丁一" in by_name
    assert "马大" not in by_name
    assert "丁一" not in desk.get(f"{CAMP}/registrations?state=withdrawn").text
    first = rows(app, Registration)[0].id
    later = desk.get(f"{CAMP}/registrations?after={first}").text
    assert "马大" not in later
    assert "马二" in later


# -- Claims ------------------------------------------------------------------------------------------


def test_a_claim_is_confirmed_until_a_day_and_leaves_the_list(app: Flask, story: Scenario):
    officer = sign_in(app.test_client(), story.officer)
    page = officer.get(f"{CAMP}/claims").text
    assert "丁一" in page
    person = story.children["丁一"]
    wrong = {"participant": person, "kind": "hardship", "verdict": "yes", "valid_until": "soon"}
    refused = officer.post(f"{CAMP}/claims", data=wrong)
    assert refused.status_code == 422
    assert 'value="soon"' in refused.text
    assert officer.post(f"{CAMP}/claims", data=wrong | {"verdict": "", "valid_until": ""}).status_code == 422
    good = wrong | {"valid_until": "2026-12-31"}
    assert officer.post(f"{CAMP}/claims", data=good).status_code == 303
    claim = next(each for each in rows(app, Claim) if each.checked_on is not None)
    assert (claim.kind, claim.checked, claim.valid_until) == ("hardship", True, date(2026, 12, 31))
    assert "丁一" not in re.sub(
        r'class="eh-alert.*?</div>', "", officer.get(f"{CAMP}/claims").text, flags=re.DOTALL
    )
    assert officer.post(f"{CAMP}/claims", data=good).status_code == 404


def test_a_refused_claim_is_answered_too(app: Flask, desk: FlaskClient, story: Scenario):
    sent = {"participant": story.children["马大"], "kind": "hardship", "verdict": "no", "valid_until": ""}
    assert desk.post(f"{CAMP}/claims", data=sent).status_code == 303
    claim = next(each for each in rows(app, Claim) if each.checked_on is not None)
    assert claim.checked is False


def test_a_claim_nobody_makes_cannot_be_confirmed(desk: FlaskClient, story: Scenario):
    sent = {"participant": story.children["马大"], "kind": "migrant", "verdict": "yes"}
    assert desk.post(f"{CAMP}/claims", data=sent).status_code == 404


# -- Home --------------------------------------------------------------------------------------------


def test_the_first_page_says_what_to_do_next(app: Flask, desk: FlaskClient, story: Scenario):
    assert "先审核资格，再分配名额" in desk.get("/desk").text
    number = ran(app, desk, story)
    assert "查看第1次运算，然后公布" in desk.get("/desk").text
    desk.post(f"{CAMP}/publications", data={"run": str(number), "number": "1"})
    assert "打印花名册" in desk.get("/desk").text


def test_an_empty_desk_says_how_to_begin(app: Flask, story: Scenario):
    from eventhub.domain.terms import Role

    with app.app_context():
        new = story.account("新来的", "new@example.org", Role.ORGANISER, "NX01")
        db.session.remove()
    assert "暂无项目" in sign_in(app.test_client(), new).get("/desk").text


def test_long_names_and_many_options_stay_on_the_page(app: Flask, client: FlaskClient):
    with app.app_context():
        told = Scenario.begins()
        app.extensions["clock"] = lambda: told.at
        title = "很长的名字" * 20
        options = tuple(
            replace(batch(f"B{number}", date(2026, 7, 13)), title=Bilingual(title)) for number in range(60)
        )
        told.programme(camp_facts("camp-long", title=Bilingual(title), options=options))
        db.session.remove()
    sign_in(client, told.organiser)
    for path in ("", "/allocations", "/options", "/registrations"):
        answer = client.get(f"/desk/programmes/camp-long{path}")
        assert answer.status_code == 200
        assert title in answer.text
