"""Setting up a programme: what is typed is kept or shown again, and nobody overwrites a change unseen."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from eventhub.domain.facts import ProgrammeFacts, QuotaFacts
from eventhub.domain.problems import NotFound
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.queries import programmes
from tests.scenario import COUNTY, REGION, UNIT, Scenario, batch, camp_facts
from tests.signing_up import at_home, soup
from tests.visitors import sign_in

CAMP = "/desk/programmes/camp-2026"


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        app.extensions["clock"] = lambda: told.at
        db.session.remove()
    return told


@pytest.fixture
def desk(client: FlaskClient, story: Scenario) -> FlaskClient:
    return sign_in(client, story.organiser)


def facts(app: Flask, code: str = "camp-2026") -> ProgrammeFacts:
    with app.app_context():
        found = programmes.facts(code)
        db.session.remove()
        return found


def typed(page: TestResponse) -> dict[str, Any]:
    """Every field of the page's main form as a browser would send it."""
    form = BeautifulSoup(page.text, "html.parser").select("main form.eh-form")[0]
    found: dict[str, Any] = {}
    for field in form.select("[name]"):
        if field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            found[str(field["name"])] = str(chosen["value"]) if chosen else ""
        elif field.name == "textarea":
            found[str(field["name"])] = field.text.removeprefix("\r\n")
        elif field.get("type") == "checkbox" and str(field["name"]) in found and field.has_attr("checked"):
            found[str(field["name"])] = [*found[str(field["name"])], str(field["value"])]
        elif field.get("type") != "checkbox" or field.has_attr("checked"):
            found[str(field["name"])] = str(field.get("value", ""))
    return found


NEW = {
    "kind": "camp",
    "organisation": REGION,
    "code": "camp-2027",
    "title_zh": "冬令营",
    "title_en": "Winter camp",
    "opens_at": "2027-01-04T09:00",
    "closes_at": "2027-01-14T18:00",
    "contact_name": "陈主任",
    "contact_phone": "0951-0000000",
}


def test_a_new_programme_is_a_draft_until_announced(app: Flask, desk: FlaskClient):
    answer = desk.post("/desk/programmes", data=NEW)
    assert (answer.status_code, answer.location) == (303, "/desk/programmes/camp-2027/options")
    found = facts(app, "camp-2027")
    assert found.announced_at is None
    assert found.title == Bilingual("冬令营", "Winter camp")
    assert found.opens_at == datetime(2027, 1, 4, 1, 0, tzinfo=UTC)
    assert desk.post("/desk/programmes/camp-2027/announcement").status_code == 422
    option = {
        "version": typed(desk.get("/desk/programmes/camp-2027/options/new"))["version"],
        "code": "B1",
        "title_zh": "银川营",
        "occasions-0-first_day": "2027-02-01",
        "occasions-0-last_day": "2027-02-05",
        "occasions-0-place_zh": "银川市",
        "capacity": "40",
        "minimum": "20",
        "cost": "12,800.50",
        "details-adults": "4",
        "details-halal": "y",
    }
    assert desk.post("/desk/programmes/camp-2027/options", data=option).status_code == 303
    kept = facts(app, "camp-2027").option("B1")
    assert (kept.capacity, kept.minimum, kept.cost_fen, kept.details) == (40, 20, 1_280_050, {"adults": 4})
    assert (kept.first_day, kept.last_day) == (date(2027, 2, 1), date(2027, 2, 5))
    assert desk.post("/desk/programmes/camp-2027/announcement").status_code == 303
    assert facts(app, "camp-2027").announced_at is not None


@pytest.mark.parametrize(("field", "status"), [("kind", 422), ("organisation", 422)])
def test_a_new_programme_of_a_kind_or_host_that_is_on_no_list_is_refused(
    app: Flask, desk: FlaskClient, field: str, status: int
):
    answer = desk.post("/desk/programmes", data=NEW | {field: "zzz"})
    assert answer.status_code == status
    assert f'href="#{field}"' in answer.text
    assert "Winter camp" in answer.text
    with app.app_context(), pytest.raises(NotFound):
        programmes.facts("camp-2027")


def test_a_new_programme_without_a_title_says_so_and_keeps_the_rest(desk: FlaskClient):
    answer = desk.post("/desk/programmes", data=NEW | {"title_zh": " "})
    assert answer.status_code == 422
    assert "Winter camp" in answer.text
    assert 'href="#title_zh"' in answer.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"closes_at": "2026-04-01T09:00"}, "closes_at"),
        ({"opens_at": "soon"}, "opens_at"),
        ({"contact_phone": ""}, "contact_phone"),
        ({"title_zh": "长" * 101}, "title_zh"),
    ],
)
def test_wrong_dates_and_missing_words_are_said_at_their_fields(
    app: Flask, desk: FlaskClient, change: dict[str, str], field: str
):
    before = facts(app)
    form = typed(desk.get(f"{CAMP}/edit"))
    answer = desk.post(f"{CAMP}/edit", data=form | {"title_en": "Typed anew"} | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert "Typed anew" in answer.text
    assert facts(app) == before


def test_an_unseen_change_is_not_overwritten(app: Flask, desk: FlaskClient):
    mine = typed(desk.get(f"{CAMP}/edit"))
    theirs = typed(desk.get(f"{CAMP}/edit"))
    assert desk.post(f"{CAMP}/edit", data=theirs | {"title_zh": "她改的"}).status_code == 303
    answer = desk.post(f"{CAMP}/edit", data=mine | {"title_zh": "我改的"})
    assert answer.status_code == 409
    assert "我改的" in answer.text
    assert facts(app).title.zh == "她改的"


def test_a_changed_order_is_kept_and_one_that_repeats_is_refused(app: Flask, desk: FlaskClient):
    form = typed(desk.get(f"{CAMP}/settings"))
    turned = form | {"aims-1": "cost", "aims-2": "choices", "aims-3": "balance", "min_age": "9"}
    assert desk.post(f"{CAMP}/settings", data=turned).status_code == 303
    kept = facts(app).settings
    assert kept["aims"] == ["cost", "choices", "balance"]
    assert kept["min_age"] == 9
    form = typed(desk.get(f"{CAMP}/settings"))
    assert form["aims-1"] == "cost"
    answer = desk.post(f"{CAMP}/settings", data=form | {"aims-2": "cost", "max_age": "17"})
    assert answer.status_code == 422
    assert 'href="#aims-2"' in answer.text
    assert typed(answer)["max_age"] == "17"
    assert facts(app).settings == kept


def test_a_setting_out_of_its_range_is_refused(app: Flask, desk: FlaskClient):
    form = typed(desk.get(f"{CAMP}/settings"))
    answer = desk.post(f"{CAMP}/settings", data=form | {"max_age": "99"})
    assert answer.status_code == 422
    assert facts(app).settings.get("max_age", 15) == 15


def test_an_option_keeps_what_its_form_does_not_ask(app: Flask, desk: FlaskClient):
    before = facts(app).option("B1")
    form = typed(desk.get(f"{CAMP}/options/B1"))
    assert desk.post(f"{CAMP}/options/B1", data=form | {"capacity": "12"}).status_code == 303
    after = facts(app).option("B1")
    assert after.capacity == 12
    assert after.occasions == before.occasions
    assert after.details == before.details
    assert after.place_code == before.place_code
    assert after.head_cost_fen == before.head_cost_fen


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"occasions-0-last_day": "2026-07-01"}, "occasions-0-last_day"),
        ({"occasions-0-place_zh": " "}, "occasions-0-place_zh"),
        ({"occasions-0-latitude": "north"}, "occasions-0-latitude"),
        ({"occasions-0-latitude": ""}, "occasions-0-longitude"),
        ({"details-adults": "some"}, "details-adults"),
        ({"details-adults": "-1"}, "details-adults"),
        ({"details-adults": "0", "minimum": "1"}, "details-adults"),
        ({"capacity": "many"}, "capacity"),
        ({"cost": "1.234"}, "cost"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_at_its_field(
    app: Flask, desk: FlaskClient, change: dict[str, str], field: str
):
    before = facts(app)
    form = typed(desk.get(f"{CAMP}/options/B1"))
    answer = desk.post(f"{CAMP}/options/B1", data=form | {"title_en": "Typed anew"} | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert "Typed anew" in answer.text
    assert facts(app) == before


def test_a_minimum_above_the_places_is_refused(app: Flask, desk: FlaskClient):
    form = typed(desk.get(f"{CAMP}/options/B1"))
    answer = desk.post(f"{CAMP}/options/B1", data=form | {"capacity": "10", "minimum": "11"})
    assert answer.status_code == 422
    assert facts(app).option("B1").minimum == 1


def test_an_option_nobody_chose_can_go_and_a_chosen_one_stays(app: Flask, desk: FlaskClient, story: Scenario):
    with app.app_context():
        story.registers(story.child(), ranking=("B1",))
        db.session.remove()
    version = typed(desk.get(f"{CAMP}/options/B2"))["version"]
    assert desk.post(f"{CAMP}/options/B1", data={"version": version, "remove": "yes"}).status_code == 422
    assert desk.post(f"{CAMP}/options/B2", data={"version": version, "remove": "yes"}).status_code == 303
    assert [option.code for option in facts(app).options] == ["B1"]


def test_quotas_are_asked_for_only_where_the_kind_heeds_them(
    app: Flask, desk: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        story.programme(camp_facts("camp-2026-q"))
        story.programme(replace(camp_facts("retreat-2026-q", options=()), kind="retreat", settings={}))
    assert soup(desk.get("/desk/programmes/camp-2026-q/money")).select_one("#quotas") is None
    assert soup(desk.get("/desk/programmes/retreat-2026-q/money")).select_one("#quotas") is not None


def test_funds_and_quotas_are_kept_and_a_quota_of_a_small_unit_survives(
    app: Flask, desk: FlaskClient, story: Scenario
):
    with app.app_context():
        quota = QuotaFacts(UNIT, Bilingual("第一机床厂工会", "First Works"), floor=1, ceiling=4)
        story.programme(camp_facts("camp-2026-q", quotas=(quota,)))
        db.session.remove()
    path = "/desk/programmes/camp-2026-q/money"
    form = typed(desk.get(path))
    assert form["quotas-0-organisation"] == UNIT
    more = form | {
        "sources-1-code": "city",
        "sources-1-name_zh": "市级经费",
        "sources-1-amount": "1,280.50",
        "quotas-1-organisation": COUNTY,
        "quotas-1-ceiling": "7",
    }
    assert desk.post(path, data=more).status_code == 303
    kept = facts(app, "camp-2026-q")
    assert [(each.code, each.amount_fen) for each in kept.sources] == [
        ("fund", 100_000_00),
        ("city", 128_050),
    ]
    assert [(each.organisation, each.floor, each.ceiling) for each in kept.quotas] == [
        (UNIT, 1, 4),
        (COUNTY, 0, 7),
    ]


def test_a_fund_names_the_one_that_bears_its_excess_and_whom_it_is_for(app: Flask, desk: FlaskClient):
    two = typed(desk.get(f"{CAMP}/money")) | {
        "sources-1-code": "county",
        "sources-1-name_zh": "县级经费",
        "sources-1-amount": "500",
        "sources-1-spill": "fund",
        "sources-1-holder": COUNTY,
    }
    assert desk.post(f"{CAMP}/money", data=two).status_code == 303
    county = next(each for each in facts(app).sources if each.code == "county")
    assert (county.spill, county.holder, county.amount_fen) == ("fund", COUNTY, 500_00)
    before = facts(app)
    again = typed(desk.get(f"{CAMP}/money"))
    names = [f"sources-{number}-code" for number in range(3)]
    place = next(name.split("-")[1] for name in names if again[name] == "county")
    assert (again[f"sources-{place}-spill"], again[f"sources-{place}-holder"]) == ("fund", COUNTY)
    for slip in ({f"sources-{place}-spill": "nowhere"}, {f"sources-{place}-holder": "NX99"}):
        answer = desk.post(f"{CAMP}/money", data=again | slip)
        assert answer.status_code == 422
        assert f'href="#{next(iter(slip))}"' in answer.text
        assert facts(app) == before


@pytest.mark.parametrize("change", [{"sources-1-code": "city"}, {"sources-0-amount": "lots"}])
def test_a_fund_without_name_or_amount_is_refused_and_shown_again(
    app: Flask, desk: FlaskClient, change: dict[str, str]
):
    before = facts(app)
    form = typed(desk.get(f"{CAMP}/money"))
    answer = desk.post(f"{CAMP}/money", data=form | change)
    assert answer.status_code == 422
    assert re.search(rf'value="{next(iter(change.values()))}"', answer.text)
    assert facts(app) == before


def test_hundreds_of_options_come_in_parts_and_are_found_by_word(
    app: Flask, desk: FlaskClient, story: Scenario
):
    with app.app_context():
        many = tuple(batch(f"B{number:03}", date(2026, 7, 13)) for number in range(300))
        story.programme(camp_facts("camp-2026-m", options=many))
        db.session.remove()
    page = desk.get("/desk/programmes/camp-2026-m/options")
    assert page.text.count("?like=") == 50
    assert len(page.data) < 60_000
    assert desk.get("/desk/programmes/camp-2026-m/options?q=B299").text.count("?like=") == 1
    assert "from=50" in page.text
