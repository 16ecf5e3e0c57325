"""Pages that anybody can read and work: axe finds nothing to object to, in both languages, on phone and desk."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page

from eventhub.domain.facts import Actor
from eventhub.extensions import db
from tests.scenario import Scenario
from tests.visitors import link_for

pytestmark = pytest.mark.browser

PHONE, DESK = (360, 740), (1280, 900)
MINE = (
    "/",
    "/programmes/camp-2026",
    "/my/registrations",
    "/my/registrations/{party}",
    "/my/registrations/{party}/withdraw",
    "/my/registrations/new/camp-2026",
    "/my/people",
    "/my/people/new",
    "/my/calendar",
    "/my/account",
)
THEIRS = (
    "/desk",
    "/desk/programmes/camp-2026",
    "/desk/programmes/camp-2026/registrations",
    "/desk/programmes/camp-2026/allocations",
    "/desk/programmes/camp-2026/settings",
    "/desk/programmes/camp-2026/options",
    "/desk/programmes/camp-2026/options/B1",
    "/desk/programmes/camp-2026/options/new",
    "/desk/programmes/camp-2026/money",
    "/desk/programmes/camp-2026/claims",
    "/desk/programmes/camp-2026/journal",
)


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        told.party = told.registers().party
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    return told


def visitor(
    browser: Browser, app: Flask, server: str, who: Actor, locale: str, size: tuple[int, int]
) -> Page:
    """Somebody signed in, with a language and a screen."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale)
    page = context.new_page()
    page.goto(server + link_for(app, who))
    page.locator("main form button").click()
    page.wait_for_load_state()
    return page


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize(
    ("whose", "addresses", "size"), [("guardian", MINE, PHONE), ("organiser", THEIRS, DESK)]
)
def test_axe_objects_to_nothing(
    browser: Browser,
    app: Flask,
    live_server: str,
    story: Scenario,
    locale: str,
    whose: str,
    addresses: tuple[str, ...],
    size: tuple[int, int],
) -> None:
    page = visitor(browser, app, live_server, getattr(story, whose), locale, size)
    found = {}
    for address in addresses:
        answer = page.goto(live_server + address.format(party=story.party))
        assert answer is not None
        assert answer.ok, address
        violations = Axe().run(page).response["violations"]
        told = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in violations]
        if told:
            found[address] = told
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    page.context.close()
    assert found == {}


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_every_way_of_an_officer_is_on_the_screen_of_a_phone(
    browser: Browser, app: Flask, live_server: str, story: Scenario, locale: str
) -> None:
    page = visitor(browser, app, live_server, story.officer, locale, (390, 844))
    page.goto(f"{live_server}/desk")
    boxes = [way.bounding_box() for way in page.locator(".eh-nav a").all()]
    page.context.close()
    assert len(boxes) > 1
    assert all(box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)


@pytest.mark.parametrize("name", ["马" * 50, "Bartholomew-" * 4])
def test_a_name_without_end_leaves_room_for_the_other_columns(
    browser: Browser, app: Flask, live_server: str, story: Scenario, name: str
) -> None:
    with app.app_context():
        story.registers(story.child(name))
        db.session.remove()
    page = visitor(browser, app, live_server, story.organiser, "zh-CN", DESK)
    page.goto(f"{live_server}/desk/programmes/camp-2026/registrations")
    frame = page.locator(".eh-table-frame")
    wide = frame.evaluate("frame => frame.scrollWidth > frame.clientWidth")
    narrowest = page.locator("tbody tr").last.evaluate(
        "row => Math.min(...[...row.children].map(cell => cell.clientWidth))"
    )
    page.context.close()
    assert not wide
    assert narrowest > 60
