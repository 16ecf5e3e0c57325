"""An option's form at the desk: in the words of its kind, with its particulars, and with all its dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from eventhub.domain.facts import OccasionFacts, OptionFacts
from eventhub.domain.phases import ZONE
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.queries import programmes
from tests.kinds.stories import batch, departure, heat, programme
from tests.scenario import CITY, REGION, Scenario
from tests.visitors import sign_in
from tests.web.test_desk_programmes import typed

COACH = {"seats": 42, "cost_fen": 252_000, "most": 1, "week_most": 4}
OPTIONS: dict[str, OptionFacts] = {
    "camp": batch(
        "O1",
        details={
            "adults": 5,
            "halal": False,
            "programme_zh": ["剪纸", "采摘"],
            "programme_en": ["paper-cutting"],
            "transport_zh": "大巴",
            "note_of_last_year": {"kept": [1, 2]},
        },
    ),
    "contest": heat("O1", details={"field": "planting", "team_sizes": [1, 4], "min_age": 16, "max_age": 60}),
    "retreat": departure("O1", details={"coach": COACH, "stops_zh": ["酒庄", "岩画"]}),
}


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        for kind, option in OPTIONS.items():
            told.programme(programme(kind, [option], code=f"{kind}-x", organisation=REGION))
        app.extensions["clock"] = lambda: told.at
        db.session.remove()
    return told


@pytest.fixture
def desk(client: FlaskClient, story: Scenario) -> FlaskClient:
    return sign_in(client, story.organiser)


def path(kind: str) -> str:
    return f"/desk/programmes/{kind}-x/options/O1"


def kept(app: Flask, kind: str, code: str = "O1") -> OptionFacts:
    with app.app_context():
        found = programmes.facts(f"{kind}-x").option(code)
        db.session.remove()
        return found


def words(text: str) -> str:
    return BeautifulSoup(text, "html.parser").select_one("main").get_text(" ", strip=True)  # type: ignore[union-attr]


def action(text: str) -> str:
    return str(BeautifulSoup(text, "html.parser").select("main form.eh-form")[0]["action"])


# -- What is asked -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_form_that_is_kept_untouched_changes_nothing(app: Flask, desk: FlaskClient, kind: str):
    before = kept(app, kind)
    assert desk.post(path(kind), data=typed(desk.get(path(kind)))).status_code == 303
    assert kept(app, kind) == before


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_copy_has_all_particulars_and_a_code_of_its_own(app: Flask, desk: FlaskClient, kind: str):
    form = typed(desk.get(f"/desk/programmes/{kind}-x/options/new?like=O1"))
    assert form["code"] == ""
    assert "like=O1" in action(desk.get(f"/desk/programmes/{kind}-x/options/new?like=O1").text)
    answer = desk.post(f"/desk/programmes/{kind}-x/options?like=O1", data=form | {"code": "O2"})
    assert answer.status_code == 303, words(answer.text)
    assert kept(app, kind, "O2") == replace(kept(app, kind), code="O2")


@pytest.mark.parametrize(
    ("kind", "said", "unsaid"),
    [
        (
            "camp",
            ["开营日期", "闭营日期", "每名营员费用", "本批次带队老师"],
            ["出发日期", "比赛日期", "成团"],
        ),
        ("contest", ["比赛日期", "本场奖金及费用", "每队人数"], ["开营", "营员", "出发日期"]),
        (
            "retreat",
            ["出发日期", "返回日期", "每名疗休养人员价格", "每辆大巴费用"],
            ["开营", "营员", "开办费用"],
        ),
    ],
)
def test_a_form_speaks_the_words_of_its_kind(
    desk: FlaskClient, kind: str, said: list[str], unsaid: list[str]
):
    for page in (desk.get(path(kind)), desk.get(f"/desk/programmes/{kind}-x/options/new")):
        told = words(page.text)
        assert [word for word in said if word not in told] == []
        assert [word for word in unsaid if word in told] == []
        assert "JSON" not in told


def test_amounts_are_typed_in_yuan_and_kept_in_fen(app: Flask, desk: FlaskClient):
    form = typed(desk.get(path("retreat")))
    assert (form["details-price_fen"], form["details-coach-cost_fen"]) == ("780", "2520")
    sent = form | {"details-price_fen": "1,280.50", "details-subsidy_fen": ""}
    assert desk.post(path("retreat"), data=sent).status_code == 303
    details = kept(app, "retreat").details
    assert details["price_fen"] == 128_050
    assert "subsidy_fen" not in details
    assert details["coach"] == COACH


def test_particulars_of_every_sort_are_kept(app: Flask, desk: FlaskClient):
    camp = typed(desk.get(path("camp"))) | {
        "details-adults": "",
        "details-halal": "y",
        "details-programme_zh": " 剪纸 \r\n\r\n登山\r\n",
        "details-transport_en": "by coach",
    }
    assert desk.post(path("camp"), data=camp).status_code == 303
    assert kept(app, "camp").details == {
        "halal": True,
        "programme_zh": ["剪纸", "登山"],
        "programme_en": ["paper-cutting"],
        "transport_zh": "大巴",
        "transport_en": "by coach",
        "note_of_last_year": {"kept": [1, 2]},
    }
    contest: dict[str, Any] = typed(desk.get(path("contest"))) | {
        "details-field": "building",
        "details-team_sizes": ["4", "2"],
    }
    assert desk.post(path("contest"), data=contest).status_code == 303
    details = kept(app, "contest").details
    assert (details["field"], details["team_sizes"]) == ("building", [2, 4])


def test_a_table_takes_lines_changes_them_and_drops_what_was_emptied(app: Flask, desk: FlaskClient):
    form = typed(desk.get(path("retreat")))
    assert form["details-hub_minutes-0-city"] == "640100", "a city the house no longer knows stays"
    changed = form | {
        "details-hub_minutes-0-minutes": "45",
        "details-hub_minutes-1-city": "",
        "details-hub_minutes-1-minutes": "",
        "details-hub_minutes-2-city": CITY,
        "details-hub_minutes-2-minutes": "20",
    }
    assert desk.post(path("retreat"), data=changed).status_code == 303
    assert kept(app, "retreat").details["hub_minutes"] == {"640100": 45, CITY: 20}


def test_a_group_that_is_emptied_goes_altogether(app: Flask, desk: FlaskClient):
    form = typed(desk.get(path("retreat")))
    emptied = {name: "" for name in form if name.startswith("details-coach-")}
    assert desk.post(path("retreat"), data=form | emptied).status_code == 303
    assert "coach" not in kept(app, "retreat").details


@pytest.mark.parametrize(
    ("kind", "change", "field", "said"),
    [
        ("camp", {"details-adults": "five"}, "details-adults", "整数"),
        ("camp", {"details-adults": "1001"}, "details-adults", "1,000"),
        ("camp", {"details-transport_zh": "长" * 201}, "details-transport_zh", "200"),
        ("camp", {"details-programme_zh": "短\n" + "长" * 201}, "details-programme_zh", "每行"),
        ("camp", {"minimum": "10", "details-adults": "0"}, "details-adults", "带队老师"),
        ("camp", {"minimum": "11"}, "minimum", "11"),
        ("contest", {"details-min_age": "61"}, "details-max_age", "最大年龄"),
        ("contest", {"details-field": "fishing"}, "details-field", "请从所列"),
        ("contest", {"details-team_sizes": "9"}, "details-team_sizes-0", "请从所列"),
        ("contest", {"item": ""}, "item", "填写"),
        ("contest", {"occasions-0-starts": "", "occasions-0-ends": ""}, "occasions-0-starts", "填写"),
        ("contest", {"occasions-0-starts": "25:00"}, "occasions-0-starts", "09:00"),
        ("retreat", {"details-price_fen": "much"}, "details-price_fen", "元"),
        ("retreat", {"details-price_fen": "100000.01"}, "details-price_fen", "100,000元"),
        ("retreat", {"details-subsidy_fen": "781"}, "details-subsidy_fen", "不能高于"),
        ("retreat", {"details-coach-seats": ""}, "details-coach-seats", "填写"),
        ("retreat", {"details-hub_minutes-0-minutes": ""}, "details-hub_minutes-0-minutes", "填写"),
        ("retreat", {"details-hub_minutes-0-city": "nowhere"}, "details-hub_minutes-0-city", "请从所列"),
        ("retreat", {"details-hub_minutes-1-city": "640100"}, "details-hub_minutes-1-city", "一次"),
        ("retreat", {"occasions-0-latitude": "91"}, "occasions-0-latitude", "90"),
        ("retreat", {"occasions-0-latitude": "38.5"}, "occasions-0-longitude", "经度"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field_and_nothing_is_changed(
    app: Flask, desk: FlaskClient, kind: str, change: dict[str, str], field: str, said: str
):
    before = kept(app, kind)
    answer = desk.post(path(kind), data=typed(desk.get(path(kind))) | {"title_en": "Typed anew"} | change)
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    complaint = page.select_one(f'.eh-summary a[href="#{field}"]')
    assert complaint is not None
    assert said in complaint.text
    assert page.select_one(f'[id="{field}"]') is not None
    again = typed(answer)
    assert again["title_en"] == "Typed anew"
    # What cannot be chosen is not among the choices either; everything that was typed is shown again.
    shown = {name: again.get(name) for name in change if change[name] not in {"fishing", "9", "nowhere"}}
    assert {name: str(value).replace("\r", "") for name, value in shown.items()} == {
        name: change[name] for name in shown
    }
    assert kept(app, kind) == before


def test_a_complaint_is_in_english_where_english_is_read(desk: FlaskClient):
    desk.post("/language", data={"locale": "en", "next": "/"})
    form = typed(desk.get(path("retreat")))
    answer = desk.post(path("retreat"), data=form | {"details-beds": "2", "minimum": "12"})
    assert answer.status_code == 422
    assert "There are 2 beds, and the departure runs from 12 people" in words(answer.text)


# -- Dates -------------------------------------------------------------------------------------------

SECOND = {
    "occasions-1-first_day": "2026-07-20",
    "occasions-1-last_day": "2026-07-25",
    "occasions-1-place_zh": "固原市",
}


def test_a_further_date_is_added_changed_and_taken_away(app: Flask, desk: FlaskClient):
    first = kept(app, "camp").occasions[0]
    assert desk.post(path("camp"), data=typed(desk.get(path("camp"))) | SECOND).status_code == 303
    second = OccasionFacts(date(2026, 7, 20), date(2026, 7, 25), Bilingual("固原市"))
    assert kept(app, "camp").occasions == (first, second)

    form = typed(desk.get(path("camp")))
    assert form["occasions-1-place_zh"] == "固原市"
    assert desk.post(path("camp"), data=form | {"occasions-1-place_en": "Guyuan"}).status_code == 303
    assert kept(app, "camp").occasions == (first, replace(second, place=Bilingual("固原市", "Guyuan")))

    form = typed(desk.get(path("camp")))
    assert desk.post(path("camp"), data=form | {"occasions-0-remove": "y"}).status_code == 303
    assert kept(app, "camp").occasions == (replace(second, place=Bilingual("固原市", "Guyuan")),)


def test_dates_stand_in_their_order_whatever_the_order_they_were_typed_in(app: Flask, desk: FlaskClient):
    earlier = SECOND | {"occasions-1-first_day": "2026-07-06", "occasions-1-last_day": "2026-07-08"}
    assert desk.post(path("camp"), data=typed(desk.get(path("camp"))) | earlier).status_code == 303
    found = kept(app, "camp")
    assert [each.first_day for each in found.occasions] == [date(2026, 7, 6), date(2026, 7, 13)]
    assert (found.first_day, found.last_day) == (date(2026, 7, 6), date(2026, 7, 18))


def test_a_heat_of_two_days_has_hours_on_both(app: Flask, desk: FlaskClient):
    started = {
        "occasions-1-first_day": "2026-09-09",
        "occasions-1-last_day": "2026-09-09",
        "occasions-1-place_zh": "蒋和村",
    }
    form = typed(desk.get(path("contest"))) | started
    assert desk.post(path("contest"), data=form).status_code == 422
    hours = {"occasions-1-starts": "09:00", "occasions-1-ends": "09:30"}
    assert desk.post(path("contest"), data=form | hours).status_code == 303
    begins = datetime(2026, 9, 9, 9, tzinfo=ZONE)
    second = kept(app, "contest").occasions[1]
    assert (second.starts, second.ends) == (begins, begins + timedelta(minutes=30))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"occasions-0-remove": "y"}, "occasions-0-remove"),
        ({"occasions-1-place_zh": "固原市"}, "occasions-1-first_day"),
        (SECOND | {"occasions-1-last_day": "2026-07-19"}, "occasions-1-last_day"),
        (
            {f"occasions-0-{name}": "" for name in ("first_day", "last_day", "place_zh", "place_en")}
            | {"occasions-0-meeting_zh": "", "occasions-0-meeting_en": ""},
            "occasions-0-first_day",
        ),
    ],
)
def test_a_date_that_makes_no_sense_is_refused_and_one_always_stays(
    app: Flask, desk: FlaskClient, change: dict[str, str], field: str
):
    before = kept(app, "camp")
    answer = desk.post(path("camp"), data=typed(desk.get(path("camp"))) | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert kept(app, "camp") == before


def test_a_new_option_without_a_date_is_asked_for_one(app: Flask, desk: FlaskClient):
    form = typed(desk.get("/desk/programmes/camp-x/options/new"))
    answer = desk.post("/desk/programmes/camp-x/options", data=form | {"code": "O9", "title_zh": "新营"})
    assert answer.status_code == 422
    assert 'href="#occasions-0-first_day"' in answer.text
    with app.app_context():
        assert "O9" not in programmes.facts("camp-x").option_by_code


def test_what_is_wrong_with_another_option_is_said_but_not_at_these_fields(app: Flask, desk: FlaskClient):
    """An option kept before a rule was made is not asked about until somebody changes it."""
    form = typed(desk.get(path("camp")))
    assert desk.post("/desk/programmes/camp-x/options", data=form | {"code": "O2"}).status_code == 303
    settings = typed(desk.get("/desk/programmes/camp-x/settings")) | {"teacher_per_children": "1"}
    assert desk.post("/desk/programmes/camp-x/settings", data=settings).status_code == 303
    form = typed(desk.get(path("camp"))) | {"minimum": "5"}
    assert desk.post(path("camp"), data=form).status_code == 303
    form = typed(desk.get(path("camp"))) | {"minimum": "6"}
    answer = desk.post(path("camp"), data=form)
    assert answer.status_code == 422
    assert 'href="#details-adults"' in answer.text


# -- Settings ----------------------------------------------------------------------------------------


def test_a_setting_of_money_is_typed_in_yuan_and_kept_in_fen(app: Flask, desk: FlaskClient):
    form = typed(desk.get("/desk/programmes/retreat-x/settings"))
    assert form["subsidy_fen"] == "500"
    sent = form | {"subsidy_fen": "480.50"}
    assert desk.post("/desk/programmes/retreat-x/settings", data=sent).status_code == 303
    with app.app_context():
        assert programmes.facts("retreat-x").settings["subsidy_fen"] == 48_050


@pytest.mark.parametrize("slip", ["", "-1", "100000.01", "many"])
def test_a_setting_of_money_that_makes_no_sense_is_refused(app: Flask, desk: FlaskClient, slip: str):
    form = typed(desk.get("/desk/programmes/retreat-x/settings"))
    answer = desk.post("/desk/programmes/retreat-x/settings", data=form | {"subsidy_fen": slip})
    assert answer.status_code == 422
    assert 'href="#subsidy_fen"' in answer.text
    assert typed(answer)["subsidy_fen"] == slip
    with app.app_context():
        assert "subsidy_fen" not in programmes.facts("retreat-x").settings


# -- Priority groups ---------------------------------------------------------------------------------


def test_the_workbench_names_priority_groups_in_the_order_of_the_settings(desk: FlaskClient):
    def named() -> list[str]:
        page = BeautifulSoup(desk.get("/desk/programmes/camp-x/allocations").text, "html.parser")
        return [each.get_text(strip=True) for each in page.select("section[aria-labelledby=aims] ol ol li")]

    assert named()[:3] == ["困难职工家庭（未曾参加）", "困难职工家庭（曾参加）", "农民工家庭（未曾参加）"]
    assert named()[-1] == "未经基层工会核实的家庭（曾参加）"
    form = typed(desk.get("/desk/programmes/camp-x/settings"))
    turned = form | {"family_order-1": "migrant", "family_order-2": "hardship"}
    turned.pop("never_been_first")
    assert desk.post("/desk/programmes/camp-x/settings", data=turned).status_code == 303
    assert named()[:2] == ["农民工家庭", "困难职工家庭"]


def test_where_all_are_alike_no_priority_group_is_named(desk: FlaskClient):
    page = BeautifulSoup(desk.get("/desk/programmes/contest-x/allocations").text, "html.parser")
    assert page.select("section[aria-labelledby=aims] ol ol") == []
