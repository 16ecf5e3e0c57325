"""The desk at full size: a season of departures, and more slips and sheets than one would print at once."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from eventhub.domain.terms import LetterState
from eventhub.extensions import db
from eventhub.models.invites import Letter
from eventhub.queries import publications, registrations
from eventhub.web.desk import letters, rosters
from tests.allotting import allot, publish, sign_up
from tests.scenario import Scenario, batch, camp_facts
from tests.signing_up import at_home, soup
from tests.visitors import sign_in

CAMP = "/desk/programmes/camp-2026"
LARGE = "/desk/programmes/season"
DEPARTURES = 2600


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    return told


@pytest.fixture
def desk(client: FlaskClient, story: Scenario) -> FlaskClient:
    return sign_in(client, story.organiser)


@pytest.fixture
def season(app: Flask, story: Scenario) -> None:
    """A programme of 2,600 options, with one sign-up for the first."""
    first = date(2026, 7, 6)
    options = tuple(batch(f"D{number}", first + timedelta(days=number % 60)) for number in range(DEPARTURES))
    with at_home(app):
        story.programme(camp_facts("season", options=options))
        story.camp = "season"
        story.registers(story.child("马小雨"), ranking=("D0", "D7"))
        story.camp = "camp-2026"


def words(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(soup(answer).select_one("main").text.split())


def test_a_season_of_departures_is_looked_for_and_not_scrolled_through(
    season: None, desk: FlaskClient
) -> None:
    page = desk.get(f"{LARGE}/registrations")
    assert len(page.data) < 50_000
    control = soup(page).select_one('[name="option"]')
    assert control.name == "input"
    for found in ("D7", "银川营 d7", "2026-07-13", "7月13日 银川市"):
        shown = desk.get(f"{LARGE}/registrations", query_string={"option": found})
        assert "马小雨" in shown.text, found
        assert soup(shown).select_one('[name="option"]')["value"] == found
    for missed in ("D8", "太阳", "2026-08-30"):
        shown = desk.get(f"{LARGE}/registrations", query_string={"option": missed})
        assert "马小雨" not in shown.text, missed


def test_a_few_options_stand_in_a_menu(app: Flask, desk: FlaskClient, story: Scenario) -> None:
    with at_home(app):
        story.registers(story.child("马小雨"), ranking=("B2",))
    page = desk.get(f"{CAMP}/registrations?option=B2")
    assert soup(page).select_one('select[name="option"] option[selected]')["value"] == "B2"
    assert "马小雨" in page.text
    assert "马小雨" not in desk.get(f"{CAMP}/registrations?option=B1").text


def test_options_of_several_items_stand_under_their_item(
    app: Flask, desk: FlaskClient, story: Scenario
) -> None:
    from tests.kinds.stories import heat

    with at_home(app):
        story.programme(
            camp_facts("contest-2026", kind="contest", options=(heat("H1"), heat("K1", item="K")))
        )
    page = soup(desk.get("/desk/programmes/contest-2026/registrations"))
    assert len(page.select('select[name="option"] optgroup')) == 2


def test_the_roster_is_printed_so_many_sheets_at_a_time(
    app: Flask, client: FlaskClient, story: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rosters, "SHEETS", 1)
    with at_home(app):
        sign_up(story, 14, ranking=("B1", "B2"))
        publish(story, allot(story))
        counted = publications.placed_by_option("camp-2026")
        names = {row.name: row.option.code for row in publications.roster("camp-2026")}
    assert set(counted) == {"B1", "B2"}
    assert sum(counted.values()) == len(names)
    desk = sign_in(client, story.organiser)
    first, second = (desk.get(f"{CAMP}/roster/paper{query}").text for query in ("", "?from=1"))
    assert "第1至1张，共2张" in first
    for name, option in names.items():
        assert (f">{name}<" in first, f">{name}<" in second) == (option == "B1", option == "B2")
    found = words(desk, f"{CAMP}/roster?q=B2")
    assert "银川营 B2" in found
    assert "银川营 B1" not in found
    assert "打印所列" in found
    assert "没有符合" in words(desk, f"{CAMP}/roster?q=太阳") or "清除" in words(
        desk, f"{CAMP}/roster?q=太阳"
    )
    assert desk.get(f"{CAMP}/roster/paper?option=B9").status_code == 404


def test_slips_are_printed_so_many_at_a_time(
    app: Flask, client: FlaskClient, story: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "SLIPS", 2)
    with at_home(app):
        sign_up(story, 5)
        publish(story, allot(story))
        db.session.execute(update(Letter).where(Letter.name == "allotted").values(state=LetterState.PRINT))
        db.session.commit()
    desk = sign_in(client, story.organiser)
    pages = [soup(desk.get(f"{CAMP}/slips{query}")) for query in ("", "?from=2", "?from=4")]
    assert [len(page.select(".eh-card")) for page in pages] == [2, 2, 1]
    assert "第1至2份，共5份" in pages[0].text
    numbers = [number.text for page in pages for number in page.select(".eh-card .eh-number")]
    assert len(set(numbers)) == 5


def test_fixing_a_place_begins_with_what_the_party_chose(app: Flask, desk: FlaskClient, season: None) -> None:
    shown = soup(desk.get(f"{LARGE}/registrations"))
    registration = shown.select_one("tbody a")["href"].rpartition("/")[2]
    with at_home(app):
        party, _code = registrations.of_desk(registration, on=date(2026, 5, 4))
    chosen_first = desk.get(f"{LARGE}/pins/new?party={party.code}")
    page = soup(chosen_first)
    assert [option["value"] for option in page.select('select[name="option"] optgroup option')] == [
        "D0",
        "D7",
    ]
    assert f"其余{DEPARTURES - 2}项可用查找添加" in page.text
    found = soup(desk.get(f"{LARGE}/pins/new?party={party.code}&find=2026年8月"))
    groups = found.select('select[name="option"] optgroup')
    assert [option["value"] for option in groups[0].select("option")] == ["D0", "D7"]
    assert [group["label"] for group in groups[1:]] == ["2026-08"]
    other = groups[1].select("option")[0]["value"]
    refused = desk.post(f"{LARGE}/pins", data={"party": party.code, "option": other, "reason": ""})
    assert refused.status_code == 422
    assert soup(refused).select_one('select[name="option"] option[selected]')["value"] == other
    made_up = desk.post(f"{LARGE}/pins", data={"party": party.code, "option": "zzz", "reason": "x"})
    assert made_up.status_code == 422
    assert "请从所列各项中选择。" in soup(made_up).select_one(".eh-summary").text


def test_the_way_to_the_next_sheets_is_hidden_on_paper_alone() -> None:
    """The sheets' look is that of their page on the screen too: what it hides there nobody finds."""
    css = (Path(rosters.__file__).parents[2] / "static/css/print.css").read_text("utf-8")
    on_screen = re.sub(r"@media print \{.*?\n\}", "", css, flags=re.DOTALL)
    for hidden in (".eh-no-print", ".eh-pager", ".btn"):
        assert hidden in css
        assert hidden not in on_screen
