"""A member who has a place gives it up on the phone, and the calendar hears of it."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from eventhub.domain.terms import RegistrationState
from eventhub.extensions import db
from eventhub.queries import invites as invite_queries
from eventhub.queries import registrations as queries
from tests.allotting import deliver
from tests.retreating import placed
from tests.scenario import Scenario
from tests.visitors import link_for

pytestmark = pytest.mark.browser


@pytest.fixture
def told(app: Flask) -> tuple[Scenario, str]:
    with app.app_context():
        story = Scenario.begins()
        party = placed(story)
        db.session.remove()
    app.extensions["clock"] = lambda: story.at
    return story, party


def calendar_part(octets: bytes) -> tuple[str, str]:
    """The method of a message's calendar part, and its text."""
    message: Message = message_from_bytes(octets)
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return str(part.get_param("method")), content.decode("utf-8").replace("\r\n ", "")
    raise AssertionError("no calendar part")


def test_a_member_withdraws_and_the_cancel_goes_out(
    app: Flask, page: Page, live_server: str, told: tuple[Scenario, str]
) -> None:
    story, party = told
    page.set_default_timeout(10_000)
    page.goto(live_server + link_for(app, story.member))
    page.locator("main form button").click()
    page.goto(f"{live_server}/my/registrations")
    page.get_by_role("link", name="塞上乡村疗休养").first.click()
    expect(page.locator("main")).to_contain_text("线路R1")
    page.get_by_role("link", name="撤回报名").click()
    expect(page.locator(".eh-effects")).to_contain_text("日程同时撤回")
    page.get_by_label("原因").fill("家中有事")
    page.get_by_role("button", name="撤回报名").click()
    expect(page.locator(".eh-badge").first).to_have_text("已撤回")
    expect(page.locator("main")).to_contain_text("家中有事")
    page.goto(f"{live_server}/my/calendar")
    expect(page.locator("main")).to_contain_text("暂无名额")

    with app.app_context():
        assert queries.party(party, story.member, on=story.at.date()).state is RegistrationState.WITHDRAWN
        assert invite_queries.seats_of(story.member) == ()
        out = deliver(story)
        db.session.remove()
    sent = [message for _name, message in out.sent if "wang@example.org" in str(message["To"])]
    method, calendar = calendar_part(bytes(sent[-1]))
    assert method == "CANCEL"
    assert "STATUS:CANCELLED" in calendar
    assert "SEQUENCE:1" in calendar
