"""A request is answered in the reader's language: chosen, else the browser's, else Chinese."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from eventhub.domain.terms import Role
from eventhub.i18n import current_locale, set_locale
from eventhub.queries import accounts as queries
from tests.visitors import sign_in, someone

ZH, EN = 'lang="zh-CN"', 'lang="en-GB"'


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (None, ZH),
        ("", ZH),
        ("zh-CN,zh;q=0.9,en;q=0.8", ZH),
        ("zh-TW", ZH),
        ("en-US,en;q=0.9", EN),
        ("en", EN),
        ("fr,en;q=0.5", EN),
        ("fr", ZH),
        ("fr;q=0.9,zh;q=0.8,en;q=0.7", ZH),
        ("x" * 500, ZH),
        ("*;q=,,;", ZH),
    ],
)
def test_the_browsers_first_language_that_we_speak_is_taken(
    client: FlaskClient, header: str | None, shown: str
):
    headers = {} if header is None else {"Accept-Language": header}
    assert f"<html {shown}>" in client.get("/sign-in", headers=headers).text


def test_a_choice_wins_over_the_browser_and_returns_to_the_page(client: FlaskClient):
    answer = client.post("/language?locale=en", data={"next": "/sign-in?next=/my/calendar"})
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/my/calendar")
    page = client.get(answer.location, headers={"Accept-Language": "zh"})
    assert f"<html {EN}>" in page.text
    client.post("/language?locale=zh")
    assert f"<html {ZH}>" in client.get("/sign-in", headers={"Accept-Language": "en"}).text


def test_the_button_offers_the_other_language(client: FlaskClient):
    assert 'action="/language?locale=en"' in client.get("/sign-in", headers={"Accept-Language": "zh"}).text
    assert 'action="/language?locale=zh"' in client.get("/sign-in", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/language", "/nothing", ""]
)
def test_the_choice_returns_only_to_a_page_of_ours_that_can_be_read(client: FlaskClient, target: str):
    assert client.post("/language?locale=en", data={"next": target}).location == "/"


def test_a_language_we_do_not_speak_becomes_chinese(client: FlaskClient):
    client.post("/language?locale=xx")
    cookie = client.get_cookie("language")
    assert cookie is not None
    assert cookie.value == "zh"
    client.set_cookie("language", "<script>")
    assert f"<html {ZH}>" in client.get("/sign-in").text


def test_a_choice_of_somebody_signed_in_is_kept_for_their_letters(app: Flask, client: FlaskClient):
    member = someone(app, "王建国", Role.MEMBER)
    sign_in(client, member)
    client.post("/language?locale=en")
    with app.app_context():
        assert queries.account(member.account_id).locale == "en"


def test_opening_the_address_of_the_choice_changes_nothing(client: FlaskClient):
    assert client.get("/language?locale=en").status_code == 405
    assert client.get_cookie("language") is None


def test_one_readers_language_does_not_stay_for_the_next(app: Flask, client: FlaskClient):
    set_locale("zh")
    client.get("/sign-in", headers={"Accept-Language": "en"})
    assert current_locale() == "zh"
