"""People come in by a link or a code, once, and go for good."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from eventhub.domain.facts import HOUSE, Actor
from eventhub.domain.terms import OrganisationKind, Role
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Account
from eventhub.models.invites import Letter
from eventhub.services import accounts, organisations, signin
from eventhub.services.organisations import OrganisationDraft
from eventhub.web import accounts as web_accounts
from tests.conftest import opened, settings_for
from tests.visitors import link_for, sign_in, someone, without_once

AT = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)


@pytest.fixture
def malan(app: Flask) -> Actor:
    app.extensions["clock"] = lambda: AT
    return someone(app, "马兰", Role.GUARDIAN, email="malan@example.org")


def signed_in(client: FlaskClient) -> bool:
    return client.get("/sign-out").status_code == 200


def newest_letter(app: Flask) -> Letter:
    with app.app_context():
        return db.session.scalars(select(Letter).order_by(Letter.id.desc())).first()  # type: ignore[return-value]


def session_cookie(client: FlaskClient) -> str:
    cookie = client.get_cookie("eventhub")
    assert cookie is not None
    return cookie.value


def token_of(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


# -- Asking ------------------------------------------------------------------------------------------


def test_the_whole_way_from_asking_to_coming_in(app: Flask, client: FlaskClient, malan: Actor):
    answer = client.post("/sign-in", data={"identifier": "malan@example.org", "next": "/my/calendar"})
    assert (answer.status_code, answer.location) == (303, "/sign-in/code?next=/my/calendar")
    assert "malan@example.org" in client.get(answer.location).text
    link = newest_letter(app).context["url"].removeprefix("http://127.0.0.1:8000")
    shown = client.get(link)
    assert shown.status_code == 200
    assert 'value="/my/calendar"' in shown.text
    answer = client.post(link.partition("?")[0], data={"next": "/my/calendar"})
    assert (answer.status_code, answer.location) == (303, "/my/calendar")
    assert signed_in(client)


def test_known_and_unknown_are_answered_alike(app: Flask, malan: Actor):
    answers = []
    for identifier in ("malan@example.org", "nobody@example.org"):
        client = app.test_client()
        first = client.post("/sign-in", data={"identifier": identifier})
        second = client.get(first.location)
        wrong = client.post("/sign-in/code", data={"code": "000000"})
        answers.append(
            (
                first.status_code,
                first.location,
                first.text,
                second.status_code,
                without_once(second.text).replace(identifier, "…"),
                wrong.status_code,
                without_once(wrong.text).replace(identifier, "…"),
            )
        )
    assert answers[0] == answers[1]


@pytest.mark.parametrize("identifier", ["malan@example.org", "nobody@example.org"])
def test_known_and_unknown_take_equally_long(
    client: FlaskClient, malan: Actor, monkeypatch: pytest.MonkeyPatch, identifier: str
):
    """Each is answered a little after the same moment, which lies beyond what the work takes."""
    monkeypatch.setattr(web_accounts, "EVEN_SECONDS", 0.5)
    for path, form in (
        ("/sign-in", {"identifier": identifier}),
        ("/sign-in/code", {"code": "000000"}),
        ("/sign-up", {"name": "马兰", "email": identifier, "role": "member"}),
    ):
        began = time.monotonic()
        client.post(path, data=form)
        assert 0.5 <= time.monotonic() - began < 1.5


def test_a_known_and_an_unknown_new_account_are_answered_alike(app: Flask, malan: Actor):
    answers = []
    for address in ("malan@example.org", "new@example.org"):
        answer = app.test_client().post("/sign-up", data={"name": "马兰", "email": address, "role": "member"})
        answers.append((answer.status_code, answer.location, answer.text))
    assert answers[0] == answers[1]


def test_asking_without_saying_for_whom_is_refused_at_the_field(client: FlaskClient, malan: Actor):
    answer = client.post("/sign-in", data={"identifier": " "})
    assert answer.status_code == 422
    assert 'href="#identifier"' in answer.text


def test_asking_too_often_is_refused_with_a_sentence(client: FlaskClient, malan: Actor):
    for _turn in range(signin.ASKED_FOR_ONE_ACCOUNT):
        client.post("/sign-in", data={"identifier": "malan@example.org"})
    answer = client.post("/sign-in", data={"identifier": "malan@example.org"})
    assert answer.status_code == 429
    assert "malan@example.org" in answer.text


def test_the_throttle_survives_a_restart(app: Flask, client: FlaskClient, malan: Actor):
    for _turn in range(signin.ASKED_FOR_ONE_ACCOUNT):
        client.post("/sign-in", data={"identifier": "malan@example.org"})
    with opened(app.extensions["settings"]) as started_again:
        started_again.extensions["clock"] = lambda: AT
        answer = started_again.test_client().post("/sign-in", data={"identifier": "malan@example.org"})
    assert answer.status_code == 429


def test_a_code_lets_in(app: Flask, client: FlaskClient, malan: Actor):
    client.post("/sign-in", data={"identifier": "malan@example.org"})
    answer = client.post(
        "/sign-in/code", data={"code": newest_letter(app).context["code"], "next": "/my/calendar"}
    )
    assert (answer.status_code, answer.location) == (303, "/my/calendar")
    assert signed_in(client)


def test_a_wrong_code_is_refused_at_the_field(client: FlaskClient, malan: Actor):
    client.post("/sign-in", data={"identifier": "malan@example.org"})
    answer = client.post("/sign-in/code", data={"code": "000000"})
    assert answer.status_code == 422
    assert 'href="#code"' in answer.text
    assert not signed_in(client)


def test_a_code_page_without_a_message_leads_back_to_asking(client: FlaskClient, malan: Actor):
    assert client.get("/sign-in/code").location == "/sign-in"
    assert client.post("/sign-in/code", data={"code": "123456"}).location == "/sign-in"


# -- Links -------------------------------------------------------------------------------------------


def test_opening_a_link_uses_nothing_up(app: Flask, client: FlaskClient, malan: Actor):
    link = link_for(app, malan)
    for _scanner in range(3):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
    assert not signed_in(client)
    assert client.post(link).status_code == 303
    assert signed_in(client)


def test_a_link_works_once(app: Flask, client: FlaskClient, malan: Actor):
    link = link_for(app, malan)
    assert client.post(link).status_code == 303
    other = app.test_client()
    for answer in (other.post(link), other.get(link), other.get("/sign-in/never-was")):
        assert answer.status_code == 410
        assert 'href="/sign-in"' in answer.text
    assert not signed_in(other)


def test_of_two_who_post_a_link_at_the_same_moment_one_comes_in(app: Flask, malan: Actor):
    link = link_for(app, malan)
    start, codes = Barrier(6, timeout=20), []

    def post() -> None:
        client = app.test_client()
        start.wait()
        codes.append(client.post(link).status_code)

    threads = [Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(codes) == [303, 410, 410, 410, 410, 410]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
)
def test_nobody_is_sent_elsewhere_by_a_link_of_ours(
    app: Flask, client: FlaskClient, malan: Actor, target: str
):
    link = link_for(app, malan)
    assert "evil" not in client.get(link, query_string={"next": target}).text.partition("<main")[2]
    assert client.post(link, data={"next": target}).location == "/"


def test_a_spent_link_takes_whoever_is_in_already_on(app: Flask, client: FlaskClient, malan: Actor):
    link = link_for(app, malan)
    client.post(link)
    answer = client.get(f"{link}?next=/my/calendar")
    assert (answer.status_code, answer.location) == (303, "/my/calendar")


# -- The stay ----------------------------------------------------------------------------------------


def test_coming_in_begins_a_stay_with_nothing_of_the_visit_before(
    app: Flask, client: FlaskClient, malan: Actor
):
    app.config["WTF_CSRF_ENABLED"] = True
    link = link_for(app, malan)
    before = token_of(client.get(link))
    old_cookie = session_cookie(client)
    assert client.post(link, data={"csrf_token": before}).status_code == 303
    assert session_cookie(client) != old_cookie
    assert client.post("/sign-out", data={"csrf_token": before}).status_code == 400
    assert signed_in(client)

    stolen = app.test_client()
    stolen.set_cookie("eventhub", old_cookie)
    assert not signed_in(stolen)


def test_after_signing_out_the_old_cookie_is_dead(app: Flask, client: FlaskClient, malan: Actor):
    sign_in(client, malan)
    stolen = app.test_client()
    stolen.set_cookie("eventhub", session_cookie(client))
    assert signed_in(stolen)
    answer = client.post("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not signed_in(stolen)
    assert not signed_in(client)


def test_a_closed_account_is_out_at_once(app: Flask, client: FlaskClient, malan: Actor):
    sign_in(client, malan)
    with app.app_context():
        code = db.session.scalars(select(Account.code)).one()
        accounts.close(code, by=HOUSE, at=AT)
    assert not signed_in(client)


def test_opening_the_sign_out_page_signs_nobody_out(client: FlaskClient, malan: Actor):
    sign_in(client, malan)
    client.get("/sign-out")
    assert signed_in(client)


def test_the_cookie_stays_away_from_scripts_and_other_sites(app: Flask, client: FlaskClient, malan: Actor):
    cookie = client.post(link_for(app, malan)).headers.getlist("Set-Cookie")
    stay = next(each for each in cookie if each.startswith("eventhub="))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(stay.split("; "))


def test_over_https_the_cookie_is_bound_to_this_host(instance: Path, database_url: str):
    settings = settings_for(instance, database_url, EVENTHUB_BASE_URL="https://events.example.org")
    with opened(settings) as app:
        who = someone(app, "马兰", Role.GUARDIAN)
        answer = app.test_client().post(link_for(app, who), base_url="https://events.example.org")
    stay = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("__Host-eventhub="))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(stay.split("; "))
    assert "Domain" not in stay


def test_a_browser_that_does_not_say_where_it_comes_from_comes_in_too(instance: Path, database_url: str):
    settings = settings_for(instance, database_url, EVENTHUB_BASE_URL="https://events.example.org")
    with opened(settings) as app:
        app.config["WTF_CSRF_ENABLED"] = True
        client = app.test_client()
        where = {"base_url": "https://events.example.org"}
        link = link_for(app, someone(app, "马兰", Role.GUARDIAN))
        token = token_of(client.get(link, **where))
        assert client.post(link, data={"csrf_token": "wrong"}, **where).status_code == 400
        assert client.post(link, data={"csrf_token": token}, **where).status_code == 303


def test_who_is_signed_in_needs_no_sign_in_page(client: FlaskClient, malan: Actor):
    sign_in(client, malan)
    assert client.get("/sign-in?next=/my/calendar").location == "/my/calendar"
    assert client.get("/sign-in?next=//evil.example").location == "/"


def test_the_stay_speaks_the_language_of_the_account(app: Flask, client: FlaskClient, malan: Actor):
    with app.app_context():
        accounts.speak(malan.account_id, "en")
    sign_in(client, malan)
    assert '<html lang="en-GB">' in client.get("/sign-out").text


def test_a_language_chosen_on_this_device_stays_chosen(client: FlaskClient, malan: Actor):
    client.post("/language?locale=en")
    sign_in(client, malan)
    assert '<html lang="en-GB">' in client.get("/sign-out").text


# -- New accounts ------------------------------------------------------------------------------------


@pytest.fixture
def units(app: Flask) -> None:
    with app.app_context():
        organisations.plant(
            [
                OrganisationDraft("NX", OrganisationKind.REGION, Bilingual("宁夏总工会", "Ningxia")),
                OrganisationDraft("YC1", OrganisationKind.PRIMARY, Bilingual("一小工会", "School 1"), "NX"),
            ],
            by=HOUSE,
            at=AT,
        )


@pytest.mark.parametrize("unit", ["一小工会", "School 1", "YC1", ""])
def test_somebody_makes_an_account(app: Flask, client: FlaskClient, units: None, unit: str):
    form = client.get("/sign-up")
    assert '<option value="一小工会"></option>' in form.text
    answer = client.post(
        "/sign-up",
        data={"name": "白洁", "email": "bai@example.org", "role": "guardian", "organisation": unit},
    )
    assert answer.location == "/sign-in/code"
    assert newest_letter(app).recipient_address == "bai@example.org"


def test_what_was_typed_stays_when_a_new_account_is_refused(app: Flask, client: FlaskClient, units: None):
    answer = client.post(
        "/sign-up",
        data={"name": "白洁<b>", "email": "bai@", "phone": "12", "role": "guardian", "organisation": "二小"},
    )
    assert answer.status_code == 422
    for kept in ("白洁&lt;b&gt;", "bai@", "二小"):
        assert kept in answer.text
    for field in ("name", "email", "phone", "organisation"):
        assert f'href="#{field}"' in answer.text
    with app.app_context():
        assert db.session.scalar(select(func.count(Account.id))) == 0


def test_everything_missing_is_said_at_once(client: FlaskClient, units: None):
    answer = client.post("/sign-up", data={"role": "member"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    complaints = re.findall(r'<li>\s*<a href="#(\w+)">([^<]+)</a>\s*</li>', answer.text)
    assert complaints == [
        ("name", "Name: Please fill this in."),
        ("email", "E-mail address: Give an e-mail address or a mobile number."),
    ]


@pytest.mark.parametrize("role", ["organiser", "officer", "", "nonsense"])
def test_nobody_makes_themselves_an_organiser(app: Flask, client: FlaskClient, role: str):
    answer = client.post("/sign-up", data={"name": "某人", "email": "a@example.org", "role": role})
    assert answer.status_code == 422
    with app.app_context():
        assert db.session.scalar(select(func.count(Account.id))) == 0


def test_no_other_column_is_written_by_a_new_account(app: Flask, client: FlaskClient):
    client.post(
        "/sign-up",
        data={
            "name": "白洁", "email": "bai@example.org", "role": "member", "code": "A0000-0000", "id": "77",
            "active": "0", "password": "x", "fs_uniquifier": "mine", "feed_token": "mine", "login_count": "9",
        },
    )  # fmt: skip
    with app.app_context():
        account = db.session.scalars(select(Account)).one()
        kept = (account.code, account.id, account.active, account.password, account.login_count)
        assert kept == (account.code, 1, True, None, 0)
        assert {account.fs_uniquifier, account.feed_token, account.code}.isdisjoint({"mine", "A0000-0000"})


def test_the_form_guard_stands_before_every_sign_in_form(app: Flask, client: FlaskClient, malan: Actor):
    app.config["WTF_CSRF_ENABLED"] = True
    for path in ("/sign-in", "/sign-in/code", link_for(app, malan), "/sign-up", "/sign-out", "/language"):
        assert client.post(path).status_code == 400, path


def test_a_link_ends_on_the_web_too(app: Flask, client: FlaskClient, malan: Actor):
    link = link_for(app, malan)
    app.extensions["clock"] = lambda: AT + timedelta(minutes=15)
    assert client.post(link).status_code == 410
