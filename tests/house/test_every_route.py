"""Every address of the house, opened by everybody: who gets in, who does not, what comes back, what is left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.routing import Rule

from tests.conftest import opened, settings_for
from tests.databases import SQLiteTemplate
from tests.house.paper import Page, Visitor, changed, tables
from tests.house.world import CHILD, DRAFT, NOW_OPEN, PAST, PHONE, SECOND, World
from tests.scenario import REGION, UNIT

WRITTEN = Path(__file__).parents[1] / "architecture" / "routes.txt"
"""The list of routes as it was agreed on: whom each is for is read there, not asked of the house."""
WHO = (
    "anonymous",
    "guardian",
    "member",
    "stranger",
    "officer",
    "officer elsewhere",
    "organiser",
    "organiser elsewhere",
)
ROLES = {
    "anonymous": set(),
    "guardian": {"signed_in", "guardian"},
    "member": {"signed_in", "member"},
    "stranger": {"signed_in", "guardian"},
    "officer": {"signed_in", "officer"},
    "officer elsewhere": {"signed_in", "officer"},
    "organiser": {"signed_in", "organiser"},
    "organiser elsewhere": {"signed_in", "organiser"},
}
NO_PAGE = {"static", "public.calendar.feed", "my.calendar.download", "desk.rosters.sheet", "my.rosters.blank"}
"""Addresses that answer with a file."""
NEVER_CHANGED = {"alembic_version"}
WRITTEN_DOWN = {"desk.rosters.paper", "desk.rosters.sheet"}
"""Lists of people to take along: the journal says who took them, as the consents promise."""


@dataclass(frozen=True)
class Route:
    """One way into the house: an address, by one method, and whom it is for."""

    method: str
    endpoint: str
    path: str
    permits: frozenset[str]
    arguments: frozenset[str]

    @property
    def is_of_somebody(self) -> bool:
        """Whether it shows or changes what belongs to one account."""
        return self.endpoint.startswith("my.") and bool(self.arguments & {"code", "registration"})

    @property
    def is_of_a_programme(self) -> bool:
        """Whether it is a page of one programme's desk."""
        return self.endpoint.startswith("desk.") and "code" in self.arguments

    @property
    def is_of_a_colleague(self) -> bool:
        """Whether it is about somebody who works at the desk."""
        return self.endpoint.startswith("desk.") and "account" in self.arguments

    @property
    def is_of_a_registration(self) -> bool:
        return self.is_of_a_programme and "registration" in self.arguments


@pytest.fixture(scope="module")
def world(sqlite_template: SQLiteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One federation for all tests here: none of them changes it."""
    folder = tmp_path_factory.mktemp("world")
    settings = settings_for(folder / "instance", sqlite_template.copy_to(folder / "world.sqlite"))
    with opened(settings) as app:
        yield World.in_full_swing(app)


@pytest.fixture(scope="module")
def routes(world: World) -> list[Route]:
    """Every route with an address that leads to something, once a method."""
    return [
        Route(
            method,
            rule.endpoint,
            address_of(world, rule),
            PERMITS[rule.rule, method],
            frozenset(rule.arguments),
        )
        for rule in world.app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.fixture(scope="module")
def visitors(world: World) -> dict[str, Visitor]:
    """Everybody, signed in."""
    return {who: Visitor.comes(world.app, actor) for who, actor in world.visitors.items()}


def _permits() -> dict[tuple[str, str], frozenset[str]]:
    found = {}
    for line in WRITTEN.read_text("utf-8").splitlines():
        path, methods, _endpoint, permits = line.split("  ")
        found |= {(path, method): frozenset(permits.split()) for method in methods.split(",")}
    return found


PERMITS = _permits()


def address_of(world: World, rule: Rule) -> str:
    """An address of this route that leads to something; a route nobody has thought of here fails."""
    values = {name: _value(world, rule, name) for name in rule.arguments}
    return str(
        world.app.url_map.bind("localhost").build(rule.endpoint, values, method=min(rule.methods or []))
    )


def _value(world: World, rule: Rule, name: str) -> object:
    face = rule.endpoint.split(".")[0]
    if name == "code" and face == "my":
        return world.person if "people" in rule.endpoint else _party(world, rule)
    if name == "registration":
        # What is asked about a sign-up that may still be returned stands at the open camp.
        return world.sent_registration if face == "desk" else world.registration
    if name == "code":
        return NOW_OPEN if _about_the_open_one(rule) else PAST
    if name == "token":
        return world.feed if "calendar" in rule.endpoint else world.link
    return {
        "number": 1,
        "option": "B1",
        "party": world.placed,
        "account": world.colleague,
        "role": "officer",
        "organisation": UNIT,
        "letter": world.letter,
        "programme": NOW_OPEN,
        "step": "people",
        "filename": "css/base.css",
    }[name]


def _party(world: World, rule: Rule) -> str:
    if "step" in rule.arguments or rule.endpoint == "my.registrations.delete":
        return world.draft
    return world.sent if rule.endpoint == "my.sign_up.change" else world.placed


def _about_the_open_one(rule: Rule) -> bool:
    return "registration" in rule.arguments


def query_of(world: World, route: Route) -> str:
    """What stands behind the question mark where a page cannot do without."""
    asked = {
        "desk.publications.confirm": "?run=1",
        "desk.allocations.pin_form": f"?party={world.placed}",
        "desk.programmes.new_option": "?like=B1",
    }
    return route.path + asked.get(route.endpoint, "")


def expected(who: str, route: Route) -> set[int]:
    """What an answer may be, said from the outside: by the list of routes and by whose things these are."""
    special = {
        "desk.publications.confirm": {409},
        "desk.allocations.progress": {204},
        "public.programmes.shortened": {301},
    }
    shown = {200, 303} | special.get(route.endpoint, set())  # nothing new to publish; a run that has ended
    if "public" in route.permits:
        return shown
    if who == "anonymous":
        return {401} if route.endpoint in NO_PAGE else {303}
    if not ROLES[who] & route.permits:
        return {403}
    if (
        (route.is_of_somebody and who not in may_see_somebody(route))
        or ((route.is_of_a_programme or route.is_of_a_colleague) and who == "organiser elsewhere")
        or (route.is_of_a_registration and who == "officer elsewhere")
    ):
        return {404}
    return shown


def may_see_somebody(route: Route) -> set[str]:
    """The guardian; and the union, to correct who it is, at that one page."""
    return {"guardian", "officer", "organiser"} if route.endpoint == "my.people.show" else {"guardian"}


def read(routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.method == "GET"]


def write(routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.method != "GET"]


# -- Who gets in -------------------------------------------------------------------------------------


def test_there_is_an_address_for_every_route(world: World, routes: list[Route]):
    assert {(route.endpoint, route.method) for route in routes} == {
        (rule.endpoint, method)
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert len(read(routes)) > 40
    assert len(write(routes)) > 25


@pytest.mark.parametrize("who", WHO)
def test_a_page_opens_to_those_it_is_for_and_to_nobody_else(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str
):
    found = {}
    for route in read(routes):
        with visitors[who].client.get(query_of(world, route)) as answer:
            if answer.status_code not in expected(who, route):
                found[route.path] = answer.status_code
            if route.endpoint in NO_PAGE and answer.status_code == 401:
                assert answer.headers["WWW-Authenticate"].startswith("Cookie "), route
            elif who == "anonymous" and "public" not in route.permits:
                assert answer.location.startswith("/sign-in?next="), route
    assert found == {}


@pytest.mark.parametrize("who", WHO)
def test_a_form_is_taken_from_those_it_is_for_and_from_nobody_else(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str
):
    """Only those who are refused are tried here: what is taken from others is tried where it belongs."""
    before = tables(world.app)
    found = {}
    for route in write(routes):
        refused = expected(who, route)
        if 200 in refused:
            continue
        answer = visitors[who].client.post(query_of(world, route))
        if answer.status_code not in refused:
            found[route.path] = answer.status_code
        if who == "anonymous":
            assert answer.location == "/sign-in", route
    assert found == {}
    assert changed(before, tables(world.app)) == set()


@pytest.mark.parametrize(
    "who", ["member", "stranger", "officer elsewhere", "organiser elsewhere", "anonymous"]
)
def test_nobody_reads_of_other_peoples_children(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str
):
    for route in read(routes):
        if route.endpoint == "public.calendar.feed":
            continue  # its address is the key; it masks names besides
        with visitors[who].client.get(query_of(world, route)) as answer:
            for told in (CHILD, SECOND, PHONE, world.registration, world.sent_registration):
                if told in (world.registration, world.sent_registration) and told in route.path:
                    continue
                assert told.encode() not in answer.data, (route, told)


def test_the_organiser_does_read_of_them(world: World, visitors: dict[str, Visitor]):
    shown = visitors["organiser"].opens(
        f"/desk/programmes/{NOW_OPEN}/registrations/{world.sent_registration}"
    )
    assert CHILD in shown.words


def test_a_draft_is_shown_to_its_organisers_alone(world: World, visitors: dict[str, Visitor]):
    seen = {who: visitors[who].client.get(f"/programmes/{DRAFT}").status_code for who in WHO}
    assert seen == {who: 200 if who == "organiser" else 404 for who in WHO}
    behind = {
        who: visitors[who].client.get(f"/desk/programmes/{DRAFT}/registrations").status_code for who in WHO
    }
    assert {who for who, status in behind.items() if status == 200} == {"organiser"}


def test_what_never_was_and_what_is_not_mine_read_the_same(world: World, visitors: dict[str, Visitor]):
    stranger = visitors["stranger"]
    for mine, never in (
        (f"/my/registrations/{world.placed}", "/my/registrations/TAAAA-AAAA"),
        (f"/my/people/{world.person}", "/my/people/PAAAA-AAAA"),
        (f"/my/calendar/{world.registration}.ics", "/my/calendar/RAAAA-AAAA.ics"),
    ):
        theirs, nobodys = stranger.opens(mine), stranger.opens(never)
        assert (theirs.status, nobodys.status) == (404, 404)
        assert theirs.words == nobodys.words


NAMED = {
    "somebody else's child, to go": (
        "stranger",
        lambda _world: f"/my/registrations/new/{NOW_OPEN}",
        lambda world: {"participants": world.person},
        422,
    ),
    "somebody else's child, in a draft": (
        "guardian",
        lambda world: f"/my/registrations/{world.draft}/people",
        lambda world: {"participants": world.elsewhere},
        422,
    ),
    "somebody else's registration, to give up": (
        "guardian",
        lambda world: f"/my/registrations/{world.sent}/withdraw",
        lambda world: {"who": world.registration},
        409,
    ),
    "a claim of another unit": (
        "officer elsewhere",
        lambda _world: f"/desk/programmes/{NOW_OPEN}/claims",
        lambda world: {"participant": world.person, "kind": "hardship", "verdict": "yes"},
        404,
    ),
    "a party of another programme, to be fixed": (
        "organiser",
        lambda _world: f"/desk/programmes/{PAST}/pins",
        lambda world: {"party": world.sent, "option": "B1", "reason": "约定"},
        404,
    ),
    "a party of another programme, to be let go": (
        "organiser",
        lambda world: f"/desk/programmes/{NOW_OPEN}/pins/{world.placed}/release",
        lambda _world: {},
        404,
    ),
    "a letter of another programme": (
        "organiser",
        lambda world: f"/desk/programmes/{NOW_OPEN}/letters/{world.letter}/again",
        lambda _world: {},
        404,
    ),
    "a registration of another programme, to be sent back": (
        "organiser",
        lambda world: f"/desk/programmes/{PAST}/registrations/{world.sent_registration}/return",
        lambda _world: {"reason": "改"},
        404,
    ),
    "a registration of another programme, to be ended": (
        "organiser",
        lambda world: f"/desk/programmes/{PAST}/registrations/{world.sent_registration}/cancellation",
        lambda _world: {"reason": "改"},
        404,
    ),
    "a unit of somebody else": (
        "officer elsewhere",
        lambda _world: f"/my/rosters/{NOW_OPEN}/people",
        lambda _world: {"unit": UNIT, "participants-0-name": "丁一", "agreed": "y"},
        404,
    ),
    "a host of somebody else": (
        "organiser elsewhere",
        lambda _world: "/desk/programmes",
        lambda _world: {
            "kind": "camp",
            "organisation": REGION,
            "code": "stolen",
            "title_zh": "别人的",
            "contact_name": "某",
            "contact_phone": "0951-0000000",
        },
        404,
    ),
}


@pytest.mark.parametrize("what", NAMED)
def test_what_a_form_names_must_be_mine_as_well_as_what_the_address_names(
    world: World, visitors: dict[str, Visitor], what: str
):
    who, path, sent, refused = NAMED[what]
    before = tables(world.app)
    answer = visitors[who].client.post(path(world), data=sent(world))
    assert answer.status_code == refused
    assert changed(before, tables(world.app)) == set()
    assert CHILD not in answer.text or who in {"guardian", "organiser"}


# -- What a form needs -------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["anonymous", "guardian", "officer", "organiser"])
def test_no_form_is_taken_without_its_token(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(world.app.config, "WTF_CSRF_ENABLED", True)
    before = tables(world.app)
    for route in write(routes):
        for sent in ({}, {"csrf_token": "of another page"}):
            answer = visitors[who].client.open(query_of(world, route), method=route.method, data=sent)
            assert answer.status_code == 400, route
    assert changed(before, tables(world.app)) == set()


def test_a_token_of_somebody_else_is_none(
    world: World, visitors: dict[str, Visitor], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(world.app.config, "WTF_CSRF_ENABLED", True)
    theirs = dict(visitors["stranger"].opens("/my/calendar").form(action="/my/calendar/address").values)
    refused = visitors["guardian"].client.post("/my/calendar/address", data=theirs)
    assert refused.status_code == 400
    assert visitors["stranger"].client.post("/language", data={**theirs, "next": "/"}).status_code == 303


# -- What reading leaves behind ----------------------------------------------------------------------


@pytest.mark.parametrize("who", ["guardian", "member", "officer", "organiser", "anonymous"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_writes_nothing(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str, method: str
):
    before = tables(world.app)
    for route in read(routes):
        if route.endpoint not in WRITTEN_DOWN:
            with visitors[who].client.open(query_of(world, route), method=method):
                pass
    after = tables(world.app)
    assert changed(before, after) == set()
    assert set(before) - NEVER_CHANGED


@pytest.mark.parametrize("who", ["officer", "organiser"])
def test_who_takes_a_list_of_people_along_is_written_down_and_nothing_else(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str
):
    taken = [route for route in read(routes) if route.endpoint in WRITTEN_DOWN]
    assert {route.endpoint for route in taken} == WRITTEN_DOWN
    for method, expected in (("HEAD", set()), ("GET", {"journal_entry"})):
        before = tables(world.app)
        for route in taken:
            with visitors[who].client.open(query_of(world, route), method=method):
                pass
        assert changed(before, tables(world.app)) == expected


def test_a_row_written_while_reading_would_be_noticed(world: World):
    before = tables(world.app)
    after = {**before, "journal_entry": [*before["journal_entry"], (0,)]}
    assert changed(before, after) == {"journal_entry"}


HUGE = "9" * 30
ODD = ("x", "-1", HUGE, "%00", "%FF", "%F0%9F%98%80", "a" * 3000, "../../etc/passwd")
ASKED = (
    "after",
    "before",
    "page",
    "q",
    "state",
    "option",
    "unit",
    "run",
    "party",
    "like",
    "item",
    "next",
    "who",
    "placed",
)


@pytest.mark.parametrize("who", ["guardian", "officer", "organiser", "anonymous"])
def test_odd_questions_break_nothing(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str
):
    for route in read(routes):
        if 200 not in expected(who, route) or route.endpoint == "static":
            continue
        for odd in ODD:
            query = "&".join(f"{name}={odd}" for name in ASKED)
            with visitors[who].client.get(f"{route.path}?{query}") as answer:
                assert answer.status_code < 500, (route.endpoint, odd)


@pytest.mark.parametrize("odd", ["x", HUGE, "%00", "%FF", "😀", "a" * 500, "..", "'"])
def test_odd_addresses_break_nothing(world: World, visitors: dict[str, Visitor], odd: str):
    for rule in world.app.url_map.iter_rules():
        if "GET" not in (rule.methods or set()) or not rule.arguments:
            continue
        path = re.sub(r"<[^>]*>", odd, rule.rule)
        with visitors["organiser"].client.get(path) as answer:
            assert answer.status_code < 500, (rule.rule, odd)
        for name in rule.arguments:
            # One odd part in an address that is otherwise right.
            right = address_of(world, rule)
            shape = re.escape(rule.rule)
            parts = re.findall(r"<(?:[^:>]*:)?(\w+)>", rule.rule)
            shape = re.sub(r"<[^>]*>", "(.+)", re.sub(r"\\(.)", r"\1", shape))
            found = re.fullmatch(shape, right)
            if found is None:
                continue
            begin, end = found.span(parts.index(name) + 1)
            with visitors["organiser"].client.get(right[:begin] + odd + right[end:]) as answer:
                assert answer.status_code < 500, (rule.rule, name, odd)


# -- What comes back ---------------------------------------------------------------------------------

CONTENT = re.compile(
    r"default-src 'self'; script-src 'self' 'nonce-([\w-]{22})'; style-src 'self' 'nonce-\1'; img-src 'self' data:;"
    r" object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


@pytest.mark.parametrize("who", ["anonymous", "guardian", "officer", "organiser"])
def test_every_answer_tells_the_browser_what_to_refuse(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(world.app.config, "WTF_CSRF_ENABLED", True)
    nonces = []
    for route in routes:
        with visitors[who].client.open(query_of(world, route), method=route.method) as answer:
            headers = answer.headers
            policy = CONTENT.fullmatch(headers["Content-Security-Policy"])
            assert policy, (route, headers["Content-Security-Policy"])
            nonces.append(policy[1])
            assert headers["X-Content-Type-Options"] == "nosniff", route
            assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, route
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin", route
            assert "geolocation=()" in headers["Permissions-Policy"], route
            if route.endpoint == "public.calendar.feed" and answer.status_code == 200:
                assert headers["Cache-Control"] == "private, no-cache"
            elif route.endpoint != "static":
                assert headers["Cache-Control"] in {"no-store", "private, no-store"}, route
                assert {"Cookie", "Accept-Language"} <= {
                    word.strip() for word in headers["Vary"].split(",")
                }, route
            if answer.mimetype == "text/html" and route.endpoint != "static":
                _scripts_are_ours(answer.get_data(as_text=True), policy[1], route)
    assert len(set(nonces)) == len(nonces)


def _scripts_are_ours(page: str, nonce: str, route: Route) -> None:
    tags = re.findall(r"<(?:script|style)\b[^>]*>", page)
    assert all(f'nonce="{nonce}"' in tag for tag in tags), route
    assert re.findall(r"<[^>]*\s(?:style|on\w+)=", page) == [], route
    assert "javascript:" not in page, route


@pytest.mark.parametrize(("locale", "language"), [("zh", "zh-CN"), ("en", "en-GB")])
@pytest.mark.parametrize("who", ["anonymous", "guardian", "officer", "organiser"])
def test_every_page_is_there_in_both_languages(
    world: World, routes: list[Route], visitors: dict[str, Visitor], who: str, locale: str, language: str
):
    reader = visitors[who].reading(locale)
    seen = 0
    for route in read(routes):
        if route.endpoint in NO_PAGE or 200 not in expected(who, route):
            continue
        page = reader.opens(query_of(world, route))
        assert page.status in expected(who, route) - {303}, route
        if page.status == 204:
            continue
        assert page.language == language, route
        _says_it_in(locale, page, route)
        seen += 1
    assert seen >= 5
    reader.reading("zh")


def _says_it_in(locale: str, page: Page, route: Route) -> None:
    """The frame is in the reader's language, and nothing is left to be filled in."""
    assert ("工会活动报名" in page.words, "Union events" in page.words) == (locale == "zh", locale == "en"), (
        route
    )
    assert (
        re.findall(r"%\(\w+\)[sd]|\{\{|\}\}|\bNone\b|\bundefined\b|Text\(|Bilingual\(", page.words) == []
    ), route


def test_a_visitor_without_a_choice_reads_chinese_unless_their_browser_asks_for_english(world: World):
    client = world.app.test_client()
    read_by = {
        asked: re.search(r'<html lang="([^"]+)"', client.get("/", headers={"Accept-Language": asked}).text)
        for asked in ("", "zh-CN,zh;q=0.9", "ug,ar;q=0.5", "en-US,en;q=0.9", "fr;q=0.9,en;q=0.5")
    }
    assert [found[1] if found else None for found in read_by.values()] == [
        "zh-CN",
        "zh-CN",
        "zh-CN",
        "en-GB",
        "en-GB",
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/desk/programmes/never-was", 404),
        ("/my/registrations/%00", 404),
        ("/desk/programmes", 405),
    ],
)
@pytest.mark.parametrize(("locale", "language"), [("zh", "zh-CN"), ("en", "en-GB")])
def test_an_unknown_address_is_told_so_in_both_languages(
    visitors: dict[str, Visitor], path: str, status: int, locale: str, language: str
):
    page = visitors["organiser"].reading(locale).opens(path)
    assert (page.status, page.language) == (status, language)
    visitors["organiser"].reading("zh")
