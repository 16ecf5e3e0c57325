"""Programmes as everybody sees them: their state first, one thing to do, everything needed to decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from eventhub import kinds
from eventhub.extensions import db
from eventhub.i18n import N_, Bilingual
from eventhub.kinds import Fact
from eventhub.services import programmes
from eventhub.web.public.programmes import Group, Option
from tests.kinds.stories import heat
from tests.scenario import REGION, Scenario, camp_facts
from tests.signing_up import at_home, soup
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


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2026, 5, 4, 1, tzinfo=UTC), "报名中 夏令营 · 还有 28 天"),
        (datetime(2026, 6, 1, 1, tzinfo=UTC), "报名已截止 夏令营 · 结果预计于2026年6月10日 周三公布"),
        (datetime(2026, 8, 1, tzinfo=UTC), "已结束"),
    ],
)
def test_the_list_says_how_each_stands(client: FlaskClient, story: Scenario, at: datetime, told: str) -> None:
    story.at = at
    assert told in words(client, "/")


def test_a_programme_says_what_it_is_and_whom_to_ask(client: FlaskClient, story: Scenario) -> None:
    page = words(client, f"/programmes/{story.camp}")
    for told in (
        "阳光少年夏令营",
        "报名中",
        "陈主任",
        "0951-0000000",
        "银川营 B1",
        "免费",
        "儿童个人信息保护负责人",
    ):
        assert told in page
    buttons = soup(client.get(f"/programmes/{story.camp}")).select("main .btn-primary")
    assert [" ".join(button.text.split()) for button in buttons] == ["报名"]


def test_rules_stand_under_the_numbers_they_are_cited_by(client: FlaskClient, story: Scenario) -> None:
    programme = camp_facts()
    items = soup(client.get(f"/programmes/{story.camp}")).select("main ol.eh-read > li")
    assert [item.text for item in items] == [str(text) for text in kinds.of(programme).rule_texts(programme)]


def test_demand_is_shown_beside_the_seats(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        story.registers(ranking=("B2", "B1"))
    page = words(client, f"/programmes/{story.camp}")
    assert "第一志愿 0 人，共 1 人填报" in page
    assert "第一志愿 1 人，共 1 人填报" in page


def test_who_signed_up_already_is_led_there(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        party = story.registers().party
    sign_in(client, story.guardian)
    button = soup(client.get(f"/programmes/{story.camp}")).select_one("main .eh-heading .btn-primary")
    assert button["href"] == f"/my/registrations/{party}"


@pytest.mark.parametrize("address", ["/programmes", "/programmes/"])
def test_a_shortened_address_leads_to_the_list(client: FlaskClient, story: Scenario, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (301, "/")
    assert client.get(f"{address}?kind=camp").headers["Location"] == "/?kind=camp"


def test_a_draft_is_nobodys_business_but_its_organisers(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        programmes.create(camp_facts("secret"), by=story.organiser, at=story.at)
    assert client.get("/programmes/secret").status_code == 404
    assert sign_in(client, story.guardian).get("/programmes/secret").status_code == 404
    assert sign_in(app.test_client(), story.organiser).get("/programmes/secret").status_code == 200
    assert "secret" not in client.get("/").text


def test_hundreds_of_heats_are_shown_an_item_at_a_time(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    first = heat("H0")
    heats = tuple(
        replace(
            first,
            code=f"H{number}",
            title=Bilingual(f"第{number}场"),
            item=f"item{number % 10}",
            item_title=Bilingual(f"赛项{number % 10}"),
        )
        for number in range(300)
    )
    with at_home(app):
        story.programme(camp_facts("contest-2026", kind="contest", options=heats, organisation=REGION))
    whole = client.get("/programmes/contest-2026")
    assert len(whole.data) < 50_000
    assert "第20场" not in whole.text
    assert "赛项3" in whole.text
    one = client.get("/programmes/contest-2026?item=item3")
    assert "第23场" in one.text
    assert "第24场" not in one.text


def test_a_programme_without_options_says_so(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        story.programme(camp_facts("empty", options=()))
    assert "暂无可选项" in words(client, "/programmes/empty")


def test_what_organisers_type_is_shown_as_text(app: Flask, client: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        story.programme(camp_facts("odd", title=Bilingual("<script>alert(1)</script>“营”")))
    for path in ("/", "/programmes/odd"):
        assert "<script>alert" not in client.get(path).text


def test_english_readers_read_english(client: FlaskClient, story: Scenario) -> None:
    client.set_cookie("language", "en")
    page = words(client, f"/programmes/{story.camp}")
    assert "Sunshine summer camp" in page
    assert "28 days left" in page
    assert "Mon 13 - Fri 17 July 2026 (4 nights)" in page


def test_the_last_day_names_the_hour(client: FlaskClient, story: Scenario) -> None:
    story.at = datetime(2026, 5, 31, 17, tzinfo=UTC)
    assert "今天 08:00 截止" in words(client, "/")
    assert date(2026, 6, 1) == (story.at + timedelta(hours=8)).date()


def test_a_fact_of_one_option_is_not_told_of_the_whole_table():
    def option(code, facts):
        return Option(code, code, "", "", None, 0, 0, tuple(Fact(N_(label), value) for label, value in facts))

    group = Group(
        "",
        "",
        (
            option("R1", [("Price", 780), ("Meals", "halal")]),
            option("R2", [("Price", 640), ("Meals", "halal")]),
        ),
        as_cards=False,
        sign_up_url="",
    )
    assert [str(fact.value) for fact in group.shared] == ["halal"]


def test_many_departures_stand_by_month_with_the_first_one_open(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    first = camp_facts().options[0]
    days = [timedelta(days=35 * (1 - number % 2)) for number in range(14)]
    options = tuple(
        replace(
            first,
            code=f"R{number:02}",
            title=Bilingual(f"线路{number:02}"),
            occasions=tuple(
                replace(each, starts=each.starts + later, ends=each.ends + later) for each in first.occasions
            ),
        )
        for number, later in enumerate(days)
    )
    with at_home(app):
        story.programme(camp_facts("many", options=options))
    folds = soup(client.get("/programmes/many")).select("details.eh-month")
    assert [fold.summary.b.text for fold in folds] == ["2026年7月", "2026年8月"]
    assert [fold.has_attr("open") for fold in folds] == [True, False]
    assert ["线路01" in fold.text for fold in folds] == [True, False]
    assert [len(fold.select("tbody tr")) for fold in folds] == [7, 7]
    assert soup(client.get(f"/programmes/{story.camp}")).select("details.eh-month") == []


def test_where_more_are_listed_than_are_shown_the_nearest_days_are(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    first = camp_facts().options[0]
    options = tuple(
        replace(
            first,
            code=f"R{number:02}",
            title=Bilingual(f"线路{number:02}"),
            occasions=tuple(
                replace(
                    each,
                    starts=each.starts + timedelta(days=70 - number),
                    ends=each.ends + timedelta(days=70 - number),
                )
                for each in first.occasions
            ),
        )
        for number in range(70)
    )
    with at_home(app):
        story.programme(camp_facts("many", options=options))
    titles = [
        cell.b.text for cell in soup(client.get("/programmes/many")).select("details.eh-month tbody th")
    ]
    assert titles == [f"线路{number:02}" for number in range(69, 9, -1)]
