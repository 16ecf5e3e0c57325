"""The desk's pages answer whom they are for, in both languages, and nobody else."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from eventhub.domain.facts import HOUSE, Actor, PersonDraft
from eventhub.domain.terms import OrganisationKind, Role, RunState, Sex
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.invites import Letter
from eventhub.models.registrations import Registration
from eventhub.queries import allocations as runs
from eventhub.services import allocations, organisations, participants, publications
from eventhub.services.organisations import OrganisationDraft
from eventhub.services.runs import execute
from tests.scenario import CITY, UNIT, Scenario, camp_facts
from tests.visitors import sign_in

CAMP = "/desk/programmes/camp-2026"
CLOSED = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def story(app: Flask) -> Scenario:
    """A camp with three children signed up, sign-up still open; the application's clock is the story's."""
    with app.app_context():
        told = Scenario.begins()
        app.extensions["clock"] = lambda: told.at
        told.registers(told.child("马小雨"), told.child("马小雷", born=date(2013, 5, 1)))
        told.registers(told.child("丁一", born=date(2012, 5, 1)))
        db.session.remove()
    return told


@pytest.fixture
def published(app: Flask, story: Scenario) -> Scenario:
    """The same camp, closed, run and published."""
    with app.app_context():
        story.at = CLOSED
        number = allocations.request(story.camp, seconds=5, seed=7, by=story.organiser, at=story.at)
        state = execute(runs.run_id(story.camp, number), worker="test", clock=lambda: story.at)
        assert state is RunState.OPTIMAL
        publications.publish(story.camp, number, by=story.organiser, at=story.at)
        db.session.remove()
    return story


@pytest.fixture
def desk(client: FlaskClient, story: Scenario) -> FlaskClient:
    """The organiser's browser."""
    return sign_in(client, story.organiser)


def registration(app: Flask) -> str:
    with app.app_context():
        return str(db.session.scalars(select(Registration.code).order_by(Registration.id)).first())


def in_english(client: FlaskClient) -> FlaskClient:
    client.post("/language", data={"locale": "en", "next": "/"}, query_string={"locale": "en"})
    return client


PAGES = (
    "",
    "/edit",
    "/settings",
    "/options",
    "/options/new",
    "/options/new?like=B1",
    "/options/B1",
    "/money",
    "/registrations",
    "/registrations?state=allotted&option=B1&unit=NX01&q=马",
    "/claims",
    "/allocations",
    "/allocations/1",
    "/allocations/1/people",
    "/allocations/1/people?placed=yes&option=B1",
    "/publications",
    "/publications/1",
    "/publications/new?run=1",
    "/letters",
    "/letters?state=print",
    "/slips",
    "/roster",
    "/roster/paper",
    "/journal",
)
FOR_OFFICERS_TOO = ("/registrations", "/claims", "/roster", "/roster/paper", "/roster.xlsx")
FOR_ORGANISERS_ALONE = tuple(path for path in PAGES if path.split("?")[0] not in FOR_OFFICERS_TOO)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_for_the_organiser(
    published: Scenario, desk: FlaskClient, app: Flask, language: str
):
    if language == "en":
        in_english(desk)
    shown = f"/registrations/{registration(app)}"
    for path in ("/desk", "/desk/programmes/new", *(CAMP + each for each in (*PAGES, shown))):
        answer = desk.get(path)
        wanted = 409 if "publications/new" in path else 200
        assert answer.status_code == wanted, path
        assert f'lang="{"zh-CN" if language == "zh" else "en-GB"}"' in answer.text, path
        assert "%(" not in answer.text, path


def test_odd_addresses_break_nothing(published: Scenario, desk: FlaskClient):
    odd = "?code=x&_external=1&_anchor=y&number=3&after=-5&from=99999&before=x&state=none&endpoint=z"
    for path in (
        "/registrations",
        "/allocations",
        "/allocations/1",
        "/allocations/1/people",
        "/letters",
        "/options",
    ):
        assert desk.get(CAMP + path + odd).status_code == 200, path


def test_visitors_are_sent_to_the_sign_in(published: Scenario, app: Flask):
    visitor = app.test_client()
    for path in PAGES:
        assert visitor.get(CAMP + path).status_code == 303, path


@pytest.mark.parametrize("who", ["guardian", "member"])
def test_members_and_guardians_have_no_desk(published: Scenario, app: Flask, who: str):
    visitor = sign_in(app.test_client(), getattr(published, who))
    for path in ("/desk", *(CAMP + each for each in (*PAGES, *FOR_OFFICERS_TOO))):
        assert visitor.get(path).status_code == 403, path


def test_officers_see_their_own_people_and_nothing_else(published: Scenario, app: Flask):
    officer = sign_in(app.test_client(), published.officer)
    for path in FOR_OFFICERS_TOO:
        assert officer.get(CAMP + path).status_code == 200, path
    for path in FOR_ORGANISERS_ALONE:
        assert officer.get(CAMP + path).status_code == 403, path
    assert "马小雨" in officer.get(f"{CAMP}/registrations").text
    assert officer.get(f"{CAMP}/registrations/{registration(app)}").status_code == 200


def test_an_officer_is_shown_what_is_open_and_how_to_sign_several_people_up(app: Flask):
    with app.app_context():
        told = Scenario.begins()
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    officer = sign_in(app.test_client(), told.officer)
    assert 'href="/my/rosters/camp-2026"' in officer.get("/desk").text
    told.at = datetime(2026, 6, 20, tzinfo=UTC)
    assert "/my/rosters/" not in officer.get("/desk").text


def another_officer(story: Scenario) -> Actor:
    organisations.plant(
        [OrganisationDraft("U002", OrganisationKind.PRIMARY, Bilingual("另一单位工会", "Other"), "NX0104")],
        by=HOUSE,
        at=story.at,
    )
    return story.account("赵干事", "zhao@example.org", Role.OFFICER, "U002")


def test_an_officer_of_another_unit_sees_none_of_them(published: Scenario, app: Flask):
    with app.app_context():
        zhao = another_officer(published)
        db.session.remove()
    officer = sign_in(app.test_client(), zhao)
    assert "马小雨" not in officer.get(f"{CAMP}/registrations").text
    assert "马小雨" not in officer.get(f"{CAMP}/claims").text
    assert "马小雨" not in officer.get(f"{CAMP}/roster/paper").text
    code = registration(app)
    assert officer.get(f"{CAMP}/registrations/{code}").status_code == 404
    assert officer.get(f"{CAMP}/registrations/{code}/return").status_code == 404
    assert officer.post(f"{CAMP}/registrations/{code}/return", data={"reason": "x"}).status_code == 404


def test_a_unit_whose_code_ends_like_another_is_not_taken_for_it(story: Scenario, app: Flask):
    with app.app_context():
        organisations.plant(
            [OrganisationDraft("X" + UNIT, OrganisationKind.PRIMARY, Bilingual("另一单位工会"), "NX0104")],
            by=HOUSE,
            at=story.at,
        )
        stranger = PersonDraft(
            name="撒别家",
            birth_date=date(2013, 1, 1),
            sex=Sex.MALE,
            organisation="X" + UNIT,
            relation="child",
        )
        code = participants.add(stranger, by=story.guardian, at=story.at)
        story.registers(story.applicant(code))
        db.session.remove()
    officer = sign_in(app.test_client(), story.officer)
    for path in ("/registrations", "/claims", "/roster", "/roster/paper"):
        assert "撒别家" not in officer.get(CAMP + path).text, path


def test_an_organiser_of_another_organisation_finds_nothing(published: Scenario, app: Flask):
    with app.app_context():
        city = published.account("周主任", "zhou@example.org", Role.ORGANISER, CITY)
        letter = db.session.scalars(select(Letter.id)).first()
        db.session.remove()
    other = sign_in(app.test_client(), city)
    code = registration(app)
    shown = f"/registrations/{code}"
    for path in (*PAGES, *FOR_OFFICERS_TOO, shown, "/allocations/1/progress", f"{shown}/cancellation"):
        assert other.get(CAMP + path).status_code == 404, path
    posts = (
        "/edit", "/settings", "/options", "/options/B1", "/money", "/announcement", "/allocations", "/allocations/1/stop",
        "/pins", "/pins/T1/release", "/publications", f"/letters/{letter}/again", f"{shown}/return",
        f"{shown}/cancellation", "/claims",
    )  # fmt: skip
    for path in posts:
        assert other.post(CAMP + path, data={"reason": "x"}).status_code == 404, path
    assert "阳光少年夏令营" not in other.get("/desk").text


def test_a_registration_of_another_programme_is_not_found_here(
    published: Scenario, desk: FlaskClient, app: Flask
):
    with app.app_context():
        published.programme(camp_facts("camp-2026-b"))
        db.session.remove()
    code = registration(app)
    assert desk.get(f"/desk/programmes/camp-2026-b/registrations/{code}").status_code == 404
    assert desk.get(f"/desk/programmes/camp-2026-b/registrations/{code}/cancellation").status_code == 404


def test_unknown_things_are_not_found(published: Scenario, desk: FlaskClient):
    for path in (
        "/desk/programmes/none", f"{CAMP}/allocations/99", f"{CAMP}/publications/99", f"{CAMP}/options/none",
        f"{CAMP}/registrations/R0000-0000", f"{CAMP}/pins/new?party=T0000-0000", f"{CAMP}/allocations/1/people?option=x",
    ):  # fmt: skip
        assert desk.get(path).status_code == 404, path


# -- How much is asked of the database ---------------------------------------------------------------


def queries_of(app: Flask, client: FlaskClient, path: str) -> int:
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    with app.app_context():
        engine = db.engine
    client.get(path)
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return count


@pytest.mark.parametrize("path", ["/registrations", "/claims", "/letters", "/journal", "/options"])
def test_a_list_costs_as_many_queries_for_three_rows_as_for_one(app: Flask, client: FlaskClient, path: str):
    with app.app_context():
        told = Scenario.begins()
        app.extensions["clock"] = lambda: told.at
        told.registers(told.child("马小雨"))
        db.session.remove()
    sign_in(client, told.organiser)
    one = queries_of(app, client, CAMP + path)
    with app.app_context():
        told.registers(told.child("丁一"))
        told.registers(told.child("丁二"))
        db.session.remove()
    assert queries_of(app, client, CAMP + path) == one


def test_the_people_of_a_run_cost_as_many_queries_for_three_rows_as_for_one(
    published: Scenario, desk: FlaskClient, app: Flask
):
    all_three = queries_of(app, desk, f"{CAMP}/allocations/1/people")
    assert desk.get(f"{CAMP}/allocations/1/people").text.count("eh-name") >= 3
    nobody = queries_of(app, desk, f"{CAMP}/allocations/1/people?placed=no")
    assert all_three == nobody


# -- Masks -------------------------------------------------------------------------------------------


def test_telephones_are_masked_on_the_desk_and_whole_on_the_roster_alone(app: Flask, client: FlaskClient):
    with app.app_context():
        told = Scenario.begins()
        app.extensions["clock"] = lambda: told.at
        code = participants.add(
            PersonDraft(
                name="白小川",
                birth_date=date(2014, 1, 1),
                organisation=UNIT,
                phone="13812348000",
                relation="child",
                sex=Sex.MALE,
            ),
            by=told.guardian,
            at=told.at,
        )
        told.registers(told.applicant(code))
        told.at = CLOSED
        number = allocations.request(told.camp, seconds=5, seed=7, by=told.organiser, at=told.at)
        execute(runs.run_id(told.camp, number), worker="test", clock=lambda: told.at)
        publications.publish(told.camp, number, by=told.organiser, at=told.at)
        db.session.remove()
    sign_in(client, told.organiser)
    shown = f"/registrations/{registration(app)}"
    for path in ("/registrations", shown, "/allocations/1/people", "/letters", "/claims", "/publications/1"):
        assert "13812348000" not in client.get(CAMP + path).text, path
    assert "138****8000" in client.get(CAMP + shown).text
    assert "13812348000" in client.get(f"{CAMP}/roster/paper").text
