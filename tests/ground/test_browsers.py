"""The journeys' browser reads Chinese on a phone, reaches the live server, and nothing beyond this machine."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, Page

from tests.leaving_out import leave_out

pytestmark = pytest.mark.browser


def test_it_is_a_phone_that_reads_chinese(page: Page):
    assert page.evaluate("[navigator.language, window.innerWidth]") == ["zh-CN", 360]


def test_it_reaches_the_live_server(page: Page, live_server: str):
    answer = page.goto(f"{live_server}/sign-in")
    assert answer is not None
    assert answer.ok
    assert page.locator("html").get_attribute("lang") is not None


def test_it_reaches_nothing_beyond_this_machine(page: Page):
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://events.example.org/")


def test_chinese_is_drawn_in_a_font_that_has_it(page: Page):
    """Without one every character is the same empty box."""
    page.set_content("<p><span>一</span> <span>鑫</span></p>")
    one, three_golds = (shot.screenshot() for shot in page.locator("span").all())
    if one == three_golds:
        leave_out("a font with Chinese characters", required_by="EVENTHUB_REQUIRE_BROWSER")
