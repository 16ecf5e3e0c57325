"""Every problem has one status and one page, in both languages, with a way on and without a story for strangers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Blueprint, Flask, render_template_string
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import BadRequest, Gone, MethodNotAllowed, RequestEntityTooLarge
from wtforms import FieldList, Form, FormField, StringField

from eventhub.domain.problems import Conflict, EventHubError, NotAllowed, NotFound, Problem, Refused
from eventhub.i18n import N_, use_locale
from eventhub.web import errors
from eventhub.web.access import PUBLIC, permission
from eventhub.web.errors import show_on, status_of

FULL = Problem("full", N_("Name: please fill this in."))


def raising(app: Flask, error: Exception) -> FlaskClient:
    """A visitor to a house in which one page goes wrong."""

    @permission(PUBLIC)
    def view() -> str:
        raise error

    pages = Blueprint("wrong", __name__)
    pages.add_url_rule("/wrong", "page", view, methods=["GET", "POST"])
    app.register_blueprint(pages)
    return app.test_client()


class Novel(EventHubError):
    """A sort of problem nobody gave a status."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused(FULL), 422),
        (NotFound(), 404),
        (NotAllowed(), 403),
        (Conflict(FULL), 409),
        (Novel(FULL), 400),
        (Refused(Problem("too_many", FULL.message)), 429),
        (BadRequest(), 400),
        (MethodNotAllowed(["POST"]), 405),
        (Gone(), 410),
        (RequestEntityTooLarge(), 413),
        (RuntimeError("x"), 500),
    ],
)
@pytest.mark.parametrize(("language", "shown"), [("zh", 'lang="zh-CN"'), ("en", 'lang="en-GB"')])
def test_each_problem_has_its_status_and_its_page(
    app: Flask, error: Exception, status: int, language: str, shown: str
):
    answer = raising(app, error).get("/wrong", headers={"Accept-Language": language})
    assert answer.status_code == status
    assert shown in answer.text
    assert "<h1>" in answer.text
    assert 'href="/"' in answer.text
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("error", [Refused(FULL), Conflict(FULL)])
def test_what_is_wrong_is_said_in_the_readers_language(app: Flask, error: Exception):
    client = raising(app, error)
    assert "请填写" in client.get("/wrong", headers={"Accept-Language": "zh"}).text
    assert "Name: please fill this in." in client.get("/wrong", headers={"Accept-Language": "en"}).text


def test_an_unknown_address_is_answered_with_a_page(client: FlaskClient):
    for path in ("/nothing", "/my/nothing/at/all", "/%00", "/desk/../x", "/static/none.css"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "<h1>" in answer.text


def test_a_wrong_method_says_which_are_right(client: FlaskClient):
    answer = client.get("/language")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_more_bytes_than_allowed_are_refused(app: Flask, client: FlaskClient):
    app.config["MAX_CONTENT_LENGTH"] = 1_500_000
    answer = client.post("/sign-in", data={"identifier": "x" * 1_600_000})
    assert answer.status_code == 413
    assert "<h1>" in answer.text
    assert "文件最大1.5 MB" in answer.text, "what would have been taken"


def test_a_form_from_a_page_gone_stale_keeps_the_way_back(app: Flask, client: FlaskClient):
    app.config["WTF_CSRF_ENABLED"] = True
    answer = client.post(
        "/sign-in",
        data={"identifier": "a@example.org", "csrf_token": "old"},
        headers={"Referer": "http://localhost/sign-in?next=/my/calendar", "Accept-Language": "en"},
    )
    assert answer.status_code == 400
    assert 'href="/sign-in"' in answer.text or 'href="/sign-in?next=/my/calendar"' in answer.text
    assert "load the page again" in answer.text


@pytest.mark.parametrize(
    "before", ["https://evil.example/sign-in", "javascript:alert(1)", "http://localhost//evil.example"]
)
def test_the_way_back_never_leads_elsewhere(app: Flask, before: str):
    answer = raising(app, Conflict(FULL)).get("/wrong", headers={"Referer": before})
    assert "evil" not in answer.text
    assert "javascript:" not in answer.text


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/sign-in", "/sign-in"),
        ("/my/rosters/camp-2026/entries", "/my/rosters/camp-2026"),
        ("/my/people/P1/", "/my/people/P1"),
        ("//evil.example", None),
        ("/\\evil.example", None),
        ("/", None),
    ],
)
def test_the_way_back_is_a_page_that_can_be_looked_at(app: Flask, path: str, back: str | None):
    with app.test_request_context("/"):
        assert errors._page_of(path) == back


def test_a_form_that_came_too_late_links_to_its_page_as_it_stands_now(app: Flask):
    class AForm(Form):
        title = StringField("Title")

    with app.test_request_context("/desk/programmes/camp-2026/edit", method="POST"):
        form = AForm()
        errors.show_on(form, Conflict(FULL))
        shown = render_template_string(
            '{% from "components/form.html" import form as sending %}{{ sending("/x", of=form, method="get") }}',
            form=form,
        )
    link = BeautifulSoup(shown, "html.parser").select_one(".eh-summary a.eh-reopen")
    assert link is not None
    assert link["href"] == "/desk/programmes/camp-2026/edit"


# -- What nobody foresaw -----------------------------------------------------------------------------


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_what_nobody_foresaw_has_a_number_that_the_log_knows(app: Flask, capsys: pytest.CaptureFixture[str]):
    answer = raising(app, ZeroDivisionError("the secret story")).get("/wrong")
    assert answer.status_code == 500
    assert "secret story" not in answer.text
    assert "Traceback" not in answer.text
    (story,) = [line for line in logged(capsys) if line["event"] == "unforeseen"]
    assert "ZeroDivisionError: the secret story" in story["exception"]
    assert len(story["reference"]) == 8
    assert story["reference"] in answer.text


def test_an_error_page_needs_no_database(app: Flask, monkeypatch: pytest.MonkeyPatch):
    from eventhub.queries import accounts

    client = raising(app, OperationalError("SELECT", {}, Exception("gone")))
    monkeypatch.setattr(accounts, "actor_of", lambda _: pytest.fail("asked the database"))
    answer = client.get("/wrong")
    assert answer.status_code == 500
    assert "<h1>" in answer.text


def test_a_broken_error_page_is_answered_in_plain_words(app: Flask, monkeypatch: pytest.MonkeyPatch):
    from eventhub.web import errors

    def broken(*_: Any, **__: Any) -> str:
        raise RuntimeError("no template")

    client = raising(app, RuntimeError("x"))
    monkeypatch.setattr(errors, "render_template", broken)
    answer = client.get("/wrong")
    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert "系统出现故障" in answer.text


# -- Problems on forms -------------------------------------------------------------------------------


class Traveller(Form):
    name = StringField()
    birth_date = StringField()


class Party(Form):
    travellers = FieldList(FormField(Traveller), min_entries=2)
    unit = StringField()


def problem(field: str) -> Problem:
    return Problem("wrong", N_("Name: please fill this in."), field)


def test_problems_stand_at_their_fields_and_the_rest_over_the_form(app: Flask):
    form = Party()
    show_on(form, Refused(problem("unit"), problem("travellers-1-name"), problem(""), problem("unheard-of")))
    assert [str(said) for said in form.unit.errors] == [str(FULL)]
    assert form.travellers[0].form.name.errors == ()
    assert len(form.travellers[1].form.name.errors) == 1
    assert len(form.form_errors) == 2


@pytest.mark.parametrize(("locale", "said"), [("zh", "请填写此项。"), ("en", "Please fill this in.")])
def test_a_field_is_not_named_twice(app: Flask, locale: str, said: str):
    class Labelled(Form):
        name = StringField(str(N_("Name")))

    with use_locale(locale):
        form = Labelled()
        form.name.label.text = str(N_("Name"))
        show_on(form, (problem("name"),))
    assert form.name.errors == [said]


def test_every_problem_of_one_field_is_kept(app: Flask):
    form = Party()
    show_on(form, (problem("unit"), problem("unit")))
    assert len(form.unit.errors) == 2


@pytest.mark.parametrize(
    ("make", "status"), [(Refused, 422), (Conflict, 409), (NotFound, 404), (NotAllowed, 403)]
)
def test_forms_are_answered_with_the_status_of_the_problem(make: Callable[..., EventHubError], status: int):
    assert status_of(make(FULL)) == status
