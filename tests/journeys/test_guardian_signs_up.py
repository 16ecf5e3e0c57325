"""A guardian signs a sister and a brother up for the camp, on a phone, in Chinese: straight, and with slips on the way."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from eventhub.domain.terms import RegistrationState, Sex
from eventhub.extensions import db
from eventhub.queries import registrations as queries
from tests.scenario import Scenario
from tests.signing_up import CONTACTS, nothing_written
from tests.visitors import link_for

pytestmark = pytest.mark.browser


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        told.child("马小雨")
        told.child("马小云", born=date(2016, 7, 21), sex=Sex.MALE)
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    return told


@pytest.fixture
def phone(app: Flask, page: Page, live_server: str, story: Scenario) -> Page:
    """The guardian's phone, signed in, on the page of the programmes."""
    page.set_default_timeout(10_000)
    page.goto(live_server + link_for(app, story.guardian))
    page.locator("main form button").click()
    page.wait_for_url(f"{live_server}/")
    return page


def proceed(phone: Page) -> None:
    phone.locator("main form > .eh-buttons .btn-primary").click()
    phone.wait_for_load_state()


def fits(phone: Page) -> bool:
    """Nothing has to be pushed sideways."""
    return bool(phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def add_brother(phone: Page) -> None:
    phone.get_by_role("link", name="没有找到？添加参加人").click()
    phone.get_by_label("姓名").fill("马小雪")
    phone.get_by_label("出生日期").fill("2015-08-01")
    phone.get_by_label("男").check()
    phone.get_by_label("单位").fill("第一机床厂工会")
    phone.get_by_role("button", name="保存").click()
    phone.wait_for_load_state()


def answer(phone: Page) -> None:
    for number in (0, 1):
        phone.locator(f'input[name="participants-{number}-family"][value="hardship"]').check()
    for name, value in CONTACTS.items():
        phone.fill(f'[name="{name}"]', value)


def test_two_siblings_are_signed_up_straight(app: Flask, phone: Page, story: Scenario) -> None:
    phone.get_by_role("link", name="查看并报名").first.click()
    expect(phone.locator("h1")).to_have_text("阳光少年夏令营")
    phone.get_by_role("link", name="报名", exact=True).click()
    expect(phone.locator(".eh-steps-now")).to_contain_text("第 1 步，共 4 步")
    add_brother(phone)
    phone.get_by_label("马小雨").check()
    phone.get_by_label("马小雪").check()
    assert fits(phone)
    proceed(phone)
    answer(phone)
    assert fits(phone)
    proceed(phone)
    phone.get_by_role("button", name="加入志愿").nth(1).click()
    phone.get_by_role("button", name="加入志愿").first.click()
    phone.get_by_role("button", name="上移 银川营 B1").click()
    assert fits(phone)
    proceed(phone)
    expect(phone.locator("main")).to_contain_text("马小雨、马小雪")
    for box in phone.locator('input[name^="consent-"]').all():
        expect(box).not_to_be_checked()
        box.check()
    assert fits(phone)
    proceed(phone)
    expect(phone.locator(".eh-tone-good").first).to_contain_text("报名已提交")
    number = phone.locator(".eh-receipt-number").inner_text()
    with app.app_context():
        row = queries.party(number, story.guardian, on=story.at.date())
        assert [member.person.name for member in row.members] == ["马小雨", "马小雪"]
        assert {member.state for member in row.members} == {RegistrationState.SUBMITTED}
        assert [option.code for option in row.ranking] == ["B1", "B2"]
        db.session.remove()


def test_slips_on_the_way_are_said_and_nothing_typed_is_lost(
    app: Flask, phone: Page, story: Scenario
) -> None:
    phone.goto(phone.url + f"my/registrations/new/{story.camp}")
    # One day too young, and told so before anything is sent.
    expect(phone.get_by_label("马小云")).to_be_disabled()
    expect(phone.locator("main")).to_contain_text("按照本项目第一条")
    with nothing_written(app):
        proceed(phone)
    summary = phone.locator(".eh-summary")
    expect(summary).to_contain_text("请选择参加人员")
    expect(summary).to_be_focused()
    add_brother(phone)
    phone.get_by_label("马小雨").check()
    phone.get_by_label("马小雪").check()
    proceed(phone)
    answer(phone)
    phone.fill('[name="contact2_phone"]', CONTACTS["contact1_phone"])
    with nothing_written(app):
        proceed(phone)
    expect(summary).to_contain_text("第二紧急联系人手机号码")
    assert fits(phone)
    summary.get_by_role("link").click()
    expect(phone.locator('[name="contact2_phone"]')).to_be_focused()
    assert phone.input_value('[name="contact1_name"]') == CONTACTS["contact1_name"]
    phone.fill('[name="contact2_phone"]', CONTACTS["contact2_phone"])
    proceed(phone)
    with nothing_written(app):
        proceed(phone)
    expect(summary).to_be_visible()
    phone.get_by_role("button", name="加入志愿").first.click()
    proceed(phone)
    phone.locator('input[name="consent-guardian"]').check()
    with nothing_written(app):
        proceed(phone)
    expect(summary).to_be_visible()
    expect(phone.locator('input[name="consent-guardian"]')).to_be_checked()
    phone.locator('input[name="consent-children_rules"]').check()
    proceed(phone)
    expect(phone.locator(".eh-receipt-number")).to_be_visible()
