"""Templates find what they count on, and nothing undefined passes unseen."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from bs4 import BeautifulSoup
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from jinja2 import UndefinedError

from eventhub import kinds
from eventhub.domain.terms import Phase, Role
from eventhub.i18n import N_, use_locale
from eventhub.web import pages
from eventhub.web.blueprints import navigation
from tests.visitors import sign_in, someone


def shown(app: Flask, template: str, **values: object) -> str:
    with app.test_request_context("/sign-in"):
        return render_template_string(template, **values)


def test_an_undefined_name_is_an_error(app: Flask):
    with pytest.raises(UndefinedError):
        shown(app, "{{ nobody_said_this }}")


def test_words_are_said_in_the_readers_language_and_escaped(app: Flask):
    with use_locale("en"):
        text = shown(
            app, "{{ _('%(part)s of %(whole)s', part=a, whole=b) }}", a="<b>", b=N_("Open for sign-up")
        )
    assert text == "&lt;b&gt; of Open for sign-up"
    assert shown(app, "{{ word(phase) }}", phase=Phase.OPEN) == "报名中"


def test_a_kinds_own_template_comes_before_the_houses(app: Flask):
    environment = app.jinja_env
    for kind in kinds.every().values():
        own = sorted(file.name for file in kind.templates.glob("*.html"))
        for name in own:
            found = environment.select_template([f"{kind.key}/{name}", "base.html"])
            assert found.name == f"{kind.key}/{name}"
    assert environment.select_template(["camp/nothing.html", "base.html"]).name == "base.html"


def test_no_template_is_reached_outside_the_folders(app: Flask):
    from jinja2 import TemplateNotFound

    for name in ("../pyproject.toml", "camp/../__init__.py", "/etc/passwd"):
        with pytest.raises(TemplateNotFound):
            app.jinja_env.get_template(name)


def test_a_visitor_is_offered_to_sign_in_and_everybody_else_to_go(app: Flask, client: FlaskClient):
    assert 'href="/sign-in" aria-current="page"' in client.get("/sign-in").text
    sign_in(client, someone(app, "马兰", Role.GUARDIAN))
    page = client.get("/sign-out").text
    assert "马兰" in page
    assert 'href="/sign-in"' not in page
    # One's own name leads to the account and the way out stands beside it, on the top row of every page.
    who = BeautifulSoup(page, "html.parser").select_one(".eh-who")
    assert who is not None
    assert [each["href"] for each in who.select("a")] == ["/my/account", "/sign-out"]
    assert who.select_one(".eh-account").get_text(" ", strip=True) == "我的账号 马兰"


def test_nobody_is_offered_a_page_that_is_not_there_or_not_theirs(app: Flask):
    with app.test_request_context("/sign-in"):
        for place in navigation():
            matched = app.url_map.bind("").match(place.url, method="GET")
            assert matched
            assert not place.url.startswith(("/my", "/desk"))


@dataclass
class Loose:
    name: str


@dataclass(frozen=True)
class Tight:
    name: str


def test_a_page_value_is_frozen(app: Flask):
    with app.test_request_context("/"):
        for loose in (Loose("x"), {"name": "x"}, "x"):
            with pytest.raises(TypeError, match="frozen"):
                pages.page("accounts/sign_out.html", loose)
        app.jinja_env.globals["probe"] = 1
        assert pages.page("accounts/sign_out.html", Tight("x"), status=422).status_code == 422


def test_a_page_goes_out_without_the_indentation_of_its_template_and_with_all_that_was_typed(app: Flask):
    typed = "  一、\n\n   二 <b>\n\n"
    with app.test_request_context("/"):
        app.jinja_env.globals["typed"] = typed
        template = app.jinja_env.from_string(
            "<ul>\n\n    <li>a</li>\n    \n      <li>b</li>\n</ul>\n   <p>c\n   d</p><textarea>\n{{ typed }}</textarea>"
        )
        shown = pages.page(template).get_data(as_text=True)
    assert shown.startswith("<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>c\n   d</p>")
    box = BeautifulSoup(shown, "html.parser").textarea
    assert box is not None
    assert box.text.removeprefix("\n") == typed
