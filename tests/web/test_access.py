"""Every page says whom it is for, and nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.routing import Rule

from eventhub.domain.facts import HOUSE, Actor
from eventhub.domain.terms import OrganisationKind, Role
from eventhub.i18n import Bilingual
from eventhub.services import organisations
from eventhub.services.organisations import OrganisationDraft
from eventhub.web import access
from eventhub.web.access import (
    GUARDIAN,
    MEMBER,
    OFFICER,
    ORGANISER,
    PUBLIC,
    SIGNED_IN,
    Permit,
    UnguardedView,
    local_path,
    permission,
    permits_of,
    refuse_unguarded,
    require_scope,
)
from tests.visitors import sign_in, someone, without_once

AT = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)
PERMITS = (PUBLIC, SIGNED_IN, ORGANISER, OFFICER, MEMBER, GUARDIAN)


@pytest.fixture
def house(app: Flask) -> Flask:
    """Two cities, and one page for each sort of reader."""
    app.extensions["clock"] = lambda: AT
    with app.app_context():
        organisations.plant(
            [
                OrganisationDraft("NX", OrganisationKind.REGION, Bilingual("宁夏总工会")),
                OrganisationDraft("YC", OrganisationKind.CITY, Bilingual("银川市总工会"), "NX"),
                OrganisationDraft("YC1", OrganisationKind.PRIMARY, Bilingual("一小工会"), "YC"),
                OrganisationDraft("WZ", OrganisationKind.CITY, Bilingual("吴忠市总工会"), "NX"),
            ],
            by=HOUSE,
            at=AT,
        )
    rooms = Blueprint("rooms", __name__)
    for permit in PERMITS:
        rooms.add_url_rule(f"/for/{permit}", str(permit), page_for(permit), methods=["GET", "POST"])

    @rooms.get("/of/<organisation>")
    @permission(ORGANISER, OFFICER)
    def of(organisation: str) -> str:
        require_scope(organisation)
        return "theirs"

    app.register_blueprint(rooms)
    return app


def page_for(permit: Permit) -> Callable[[], str]:
    @permission(permit)
    def view() -> str:
        return f"for {permit}"

    return view


@pytest.fixture
def chen(house: Flask) -> Actor:
    return someone(house, "陈主任", Role.ORGANISER, "YC")


@pytest.fixture
def malan(house: Flask) -> Actor:
    return someone(house, "马兰", Role.GUARDIAN)


# -- The table ---------------------------------------------------------------------------------------

MAY = {
    None: {PUBLIC},
    Role.ORGANISER: {PUBLIC, SIGNED_IN, ORGANISER},
    Role.OFFICER: {PUBLIC, SIGNED_IN, OFFICER},
    Role.MEMBER: {PUBLIC, SIGNED_IN, MEMBER},
    Role.GUARDIAN: {PUBLIC, SIGNED_IN, GUARDIAN},
}


@pytest.mark.parametrize("role", MAY)
def test_each_page_opens_to_those_it_is_for_and_to_nobody_else(house: Flask, role: Role | None):
    client = house.test_client()
    if role is not None:
        sign_in(client, someone(house, "某某某", role, "YC1"))
    seen = {permit: client.get(f"/for/{permit}").status_code for permit in PERMITS}
    refused = 303 if role is None else 403
    assert seen == {permit: 200 if permit in MAY[role] else refused for permit in PERMITS}
    sent = {permit: client.post(f"/for/{permit}").status_code for permit in PERMITS}
    assert sent == seen


def test_every_route_of_the_house_says_whom_it_is_for(app: Flask):
    assert [rule.endpoint for rule in app.url_map.iter_rules() if not permits_of(app, rule.endpoint)] == []


def test_a_view_that_does_not_say_so_stops_the_start(app: Flask):
    app.add_url_rule("/open-to-whom", "open_to_whom", lambda: "secret")
    with pytest.raises(UnguardedView, match="open_to_whom"):
        refuse_unguarded(app)


def test_a_view_that_does_not_say_so_opens_to_nobody(house: Flask, chen: Actor):
    house.add_url_rule("/open-to-whom", "open_to_whom", lambda: "secret")
    client = sign_in(house.test_client(), chen)
    assert client.get("/open-to-whom").status_code == 404


def test_a_permission_for_nobody_is_a_slip():
    with pytest.raises(UnguardedView):
        permission()


def test_the_accounts_library_brings_no_page_and_no_command(app: Flask):
    assert {rule.rule for rule in app.url_map.iter_rules()}.isdisjoint(
        {"/login", "/logout", "/register", "/reset", "/change", "/verify", "/us-signin"}
    )
    assert {"users", "roles"}.isdisjoint(app.cli.commands)


def test_a_token_of_the_accounts_library_opens_nothing(house: Flask, malan: Actor):
    from eventhub.extensions import db
    from eventhub.models.accounts import Account

    with house.test_request_context():
        account = db.session.get(Account, malan.account_id)
        assert account is not None
        token = account.get_auth_token()
    answer = house.test_client().get("/for/signed_in", headers={"Authentication-Token": token})
    assert answer.status_code == 303


# -- At the door -------------------------------------------------------------------------------------


def test_who_is_not_signed_in_is_sent_there_and_then_on(house: Flask, malan: Actor):
    client = house.test_client()
    answer = client.get("/for/signed_in?page=2")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/for/signed_in?page%3D2")
    assert client.get(answer.location).status_code == 200


def test_who_sends_a_form_unsigned_in_is_not_sent_back_to_it(house: Flask):
    assert house.test_client().post("/for/signed_in").location == "/sign-in"


def test_a_part_of_a_page_takes_the_whole_page_to_the_sign_in(house: Flask):
    answer = house.test_client().get("/for/signed_in", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in")


@pytest.mark.parametrize(
    ("role", "organisation", "stays"),
    [(Role.ORGANISER, "YC", timedelta(hours=12)), (Role.GUARDIAN, "", timedelta(days=14))],
)
def test_a_stay_ends_however_busy_it_is(house: Flask, role: Role, organisation: str, stays: timedelta):
    client = sign_in(house.test_client(), someone(house, "某某某", role, organisation))
    house.extensions["clock"] = lambda: AT + stays
    assert client.get("/for/signed_in").status_code == 200
    house.extensions["clock"] = lambda: AT + stays + timedelta(seconds=1)
    assert client.get("/for/signed_in").status_code == 303


# -- The form guard ----------------------------------------------------------------------------------


def test_no_form_of_the_house_is_taken_without_its_token(app: Flask):
    app.config["WTF_CSRF_ENABLED"] = True
    changing = [
        rule for rule in app.url_map.iter_rules() if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    ]
    assert len(changing) >= 6
    adapter = app.url_map.bind("localhost")
    for rule in changing:
        values = {name: example_of(rule, name) for name in rule.arguments}
        path = adapter.build(rule.endpoint, values, method="POST")
        assert app.test_client().post(path).status_code == 400, rule


def example_of(rule: Rule, name: str) -> str:
    """Something that may stand in this place of an address."""
    return next(iter(sorted(getattr(rule._converters[name], "items", ["1"]))))


# -- Scope -------------------------------------------------------------------------------------------


def test_what_lies_outside_ones_organisations_does_not_exist(house: Flask, chen: Actor):
    client = sign_in(house.test_client(), chen)
    seen = {code: client.get(f"/of/{code}").status_code for code in ("YC", "YC1", "WZ", "NX", "XX")}
    assert seen == {"YC": 200, "YC1": 200, "WZ": 404, "NX": 404, "XX": 404}


def test_somebody_elses_and_nobodys_read_the_same(house: Flask, chen: Actor):
    client = sign_in(house.test_client(), chen)
    theirs, nobodys = client.get("/of/WZ"), client.get("/of/XX")
    assert without_once(theirs.text).replace("WZ", "") == without_once(nobodys.text).replace("XX", "")


# -- Onward ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/my/calendar", "/desk?page=2&sort=name", "/a//b", "/编号?q=%E9%A9%AC"]
)
def test_a_path_of_ours_is_one(path: str):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "my/calendar",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\n//evil.example",
        " //evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "/a\\b",
        "/a\r\nSet-Cookie: x=1",
    ],
)
def test_another_address_is_none(target: str | None):
    assert local_path(target) is None


HOSTILE = st.text(
    alphabet=st.sampled_from(
        [
            "/",
            "\\",
            ":",
            "@",
            ".",
            "?",
            "#",
            "\t",
            "\n",
            "\r",
            " ",
            "\x00",
            "e",
            "v",
            "h",
            "p",
            "%",
            "2",
            "F",
            "：",
        ]
    ),
    max_size=12,
)


@given(HOSTILE | st.text(max_size=30))
@example("/\t/evil")
@example("/\\/evil")
def test_whatever_is_typed_the_next_page_is_ours(target: str):
    path = local_path(target)
    if path is None:
        return
    # As a browser reads it: tabs and line breaks dropped, blanks around it dropped, backslashes as slashes.
    seen = "".join(letter for letter in path if letter not in "\t\r\n").strip("\x00 ").replace("\\", "/")
    arrived = urlsplit(urljoin("https://events.example.org/sign-in", seen))
    assert (arrived.scheme, arrived.netloc) == ("https", "events.example.org")


def test_a_check_for_the_first_slash_alone_would_be_noticed():
    seen = "/\\evil.example".replace("\\", "/")
    assert urlsplit(urljoin("https://events.example.org/", seen)).netloc == "evil.example"


def test_who_asks_is_frozen(house: Flask, malan: Actor, client: FlaskClient):
    with house.test_request_context():
        assert access.current_actor() is None
    assert isinstance(malan.roles, frozenset)
