"""An organiser gives out the places of a retreat, looks at the result and publishes it, at a desk-sized screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from eventhub.cli.worker import start_in_process
from eventhub.domain.facts import Applicant, Application, PersonDraft
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import Sex
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.queries import publications
from eventhub.services import rosters
from tests.allotting import ticking
from tests.kinds.stories import departure, fund, programme
from tests.scenario import REGION, UNIT, Scenario
from tests.visitors import link_for

pytestmark = pytest.mark.browser

WORKERS = ("马国强", "丁秀英", "白志远", "王建军", "李春梅", "张海燕", "杨志刚", "金晓东")


@pytest.fixture
def story(app: Flask) -> Iterator[Scenario]:
    """A retreat of two departures, one too far for most, eight workers of one unit signed up, sign-up closed."""
    with app.app_context():
        told = Scenario.begins()
        leaves = [
            replace(
                departure(code, datetime(2026, 6, day, 18, tzinfo=ZONE)),
                title=Bilingual(title),
                minimum=3,
                capacity=6,
            )
            for code, day, title in (("R1", 19, "隆德·老巷子"), ("R2", 26, "沙坡头·黄河宿集"))
        ]
        facts = replace(
            programme("retreat", tuple(leaves), sources=(fund(400_000),)),
            code="retreat-2026",
            title=Bilingual("塞上乡村疗休养", "Two nights in the country"),
            opens_at=datetime(2026, 5, 1, tzinfo=UTC),
            closes_at=datetime(2026, 6, 1, tzinfo=UTC),
            result_at=datetime(2026, 6, 10, tzinfo=UTC),
            announced_at=None,
            organisation=REGION,
        )
        told.camp = told.programme(facts)
        rosters.register_all(
            told.camp,
            [
                Application(
                    programme=told.camp,
                    applicants=(Applicant(draft=_worker(number, name)),),
                    ranking=("R1", "R2"),
                    consents=("conditions",),
                )
                for number, name in enumerate(WORKERS)
            ],
            unit=UNIT,
            key="list",
            by=told.officer,
            at=told.at,
        )
        told.at = datetime(2026, 6, 2, 1, tzinfo=UTC)
        db.session.remove()
    clock = ticking(told)
    app.extensions["clock"] = clock
    worker = start_in_process(app, clock=clock)
    yield told
    worker.stop()


def _worker(number: int, name: str) -> PersonDraft:
    return PersonDraft(
        name=name,
        birth_date=date(1980, 1, 1 + number),
        sex=Sex.MALE,
        organisation=UNIT,
        phone=f"1290000{number:04}",
        email=f"w{number}@example.org" if number else "",
    )


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A desk-sized page of an organiser who reads Chinese."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def test_an_organiser_runs_and_publishes_the_retreat(
    app: Flask, desk: Page, live_server: str, story: Scenario
) -> None:
    faults: list[str] = []
    desk.on("pageerror", lambda error: faults.append(str(error)))
    desk.goto(live_server + link_for(app, story.organiser))
    desk.locator("main form button").click()
    desk.goto(f"{live_server}/desk")
    desk.get_by_role("link", name="塞上乡村疗休养").click()
    expect(desk.locator("h1")).to_have_text("塞上乡村疗休养")

    desk.get_by_role("link", name="分配", exact=True).click()
    desk.get_by_label("运算时间").fill("0")
    desk.get_by_role("button", name="开始运算").click()
    expect(desk.get_by_role("alert").first).to_contain_text("运算时间")
    expect(desk.get_by_label("运算时间")).to_have_attribute("aria-invalid", "true")
    desk.get_by_label("运算时间").fill("20")
    desk.get_by_role("button", name="开始运算").click()

    # The panel asks by itself; when the run has ended the whole page is there, without a hand on it.
    expect(desk.locator(".eh-badge", has_text="已证明最优").first).to_be_visible(timeout=40_000)
    placed = desk.locator(".eh-stat", has_text="已安排").first
    expect(placed).to_contain_text("8")
    expect(desk.locator("#options")).to_have_text("各选项结果")
    placed.get_by_role("link").click()
    expect(desk.get_by_role("row")).to_have_count(1 + len(WORKERS))
    desk.get_by_role("link", name="返回第1次运算").click()

    desk.get_by_role("link", name="公布……").click()
    effects = desk.locator(".eh-effects")
    expect(effects).to_contain_text(["8", "人收到邀请"][1])
    expect(effects.locator("b").first).to_have_text("8")
    desk.get_by_role("button", name="公布第1版").click()
    expect(desk.get_by_role("status").first).to_contain_text("已公布第1版")
    expect(desk.locator("h2").first).to_have_text("第1版")

    desk.get_by_role("link", name="花名册").first.click()
    expect(desk.locator("main")).to_contain_text("共8人")
    desk.get_by_role("link", name="打印全部").click()
    for name in WORKERS:
        expect(desk.locator("main")).to_contain_text(name)
    assert faults == []
    with app.app_context():
        (version,) = publications.listing(story.camp)
        assert version.counts["placed"] == len(WORKERS)
        assert {row.name for row in publications.roster(story.camp)} == set(WORKERS)
