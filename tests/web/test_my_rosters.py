"""An officer's list: every problem by its line, all of it or nothing, and only for one's own units."""

from __future__ import annotations

from io import BytesIO

import pytest
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from werkzeug.test import TestResponse

from eventhub.domain.terms import Role
from eventhub.extensions import db
from eventhub.models.accounts import Participant
from eventhub.models.registrations import Registration
from tests.kinds.stories import heat
from tests.scenario import REGION, UNIT, VILLAGE, Scenario, camp_facts
from tests.signing_up import action, at_home, errors, fields, nothing_written, rows, send, soup
from tests.visitors import sign_in


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        told.camp = told.programme(
            camp_facts("contest-2026", kind="contest", options=(heat("H1"), heat("H2")), organisation=REGION)
        )
        told.officer = told.account("杨干事", "yang@example.org", Role.OFFICER, VILLAGE)
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    return told


@pytest.fixture
def officer(client: FlaskClient, story: Scenario) -> FlaskClient:
    return sign_in(client, story.officer)


def blank(officer: FlaskClient, story: Scenario) -> list[str]:
    answer = officer.get(f"/my/rosters/{story.camp}/list.xlsx")
    assert answer.status_code == 200
    table = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    return [str(cell) for cell in table[0]]


def xlsx(*lines: list[str]) -> bytes:
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, line in enumerate(lines):
        for place, cell in enumerate(line):
            sheet.write_string(number, place, cell)
    book.close()
    return out.getvalue()


def hand_in(
    officer: FlaskClient, story: Scenario, content: bytes, name: str = "list.xlsx", unit: str = VILLAGE
) -> TestResponse:
    return officer.post(
        f"/my/rosters/{story.camp}",
        data={"unit": unit, "file": (BytesIO(content), name)},
        content_type="multipart/form-data",
    )


def lines(headings: list[str], *people: tuple[str, str, str]) -> list[list[str]]:
    """Lines of the empty list, filled in by heading: name, birth date, item."""
    at = {heading: place for place, heading in enumerate(headings)}
    item = next(heading for heading in headings if "赛项" in heading)
    found = []
    for name, born, title in people:
        line = [""] * len(headings)
        line[at["姓名"]], line[at["出生日期"]], line[at[item]] = name, born, title
        found.append(line)
    return found


def item_title(story: Scenario) -> str:
    return heat("H1").item_title.zh


def kept(app: Flask) -> list[str]:
    with app.app_context():
        found = list(
            db.session.scalars(select(Participant.name).join(Registration).order_by(Registration.id))
        )
        db.session.remove()
        return found


def test_a_list_is_read_shown_and_kept_whole(app: Flask, officer: FlaskClient, story: Scenario) -> None:
    headings = blank(officer, story)
    people = (("海明", "1985-06-12", item_title(story)), ("哈兰", "1990-01-02", item_title(story)))
    with nothing_written(app):
        read = hand_in(officer, story, xlsx(headings, *lines(headings, *people)))
    assert read.status_code == 200, read.text
    assert "海明" in read.text
    with nothing_written(app):
        answer = send(officer, read)
    assert answer.status_code == 422
    assert "同意" in errors(answer)
    done = send(officer, answer, agreed="y")
    assert done.status_code == 303
    assert kept(app) == ["海明", "哈兰"]
    before = rows(app)
    again = send(officer, answer, agreed="y")
    assert again.status_code == 303
    assert rows(app) == before


def test_every_wrong_line_is_named_and_nobody_is_kept(
    app: Flask, officer: FlaskClient, story: Scenario
) -> None:
    headings = blank(officer, story)
    title = item_title(story)
    people = (
        ("海明", "1985-06-12", title),
        ("哈兰", "昨天", title),
        ("马2", "1990-01-02", title),
        ("丁", "1990-01-02", "跳远"),
    )
    with nothing_written(app):
        answer = hand_in(officer, story, xlsx(headings, *lines(headings, *people)))
    assert answer.status_code == 422
    told = [item.text for item in soup(answer).select(".eh-tone-bad li")]
    assert any("昨天" in line and "3" in line for line in told)
    assert any("跳远" in line and "5" in line for line in told)


def test_every_bad_cell_is_told_at_once_by_line_and_column(
    app: Flask, officer: FlaskClient, story: Scenario
) -> None:
    headings = blank(officer, story)
    table = lines(
        headings,
        ("海\x07明", "昨天", "跳远"),
        ("哈兰", "1990-01-02", item_title(story)),
        ("丁一", "1990-13-02", item_title(story)),
    )
    at = {heading: place for place, heading in enumerate(headings)}
    table[0][at["性别"]], table[0][at["电话"]] = "甲", "12"
    table[1][at["电子邮箱"]] = "ha lan"
    with nothing_written(app):
        answer = hand_in(officer, story, xlsx(headings, *table))
    assert answer.status_code == 422
    told = [" ".join(item.text.split()) for item in soup(answer).select(".eh-tone-bad li")]
    for line, column in [
        *((2, column) for column in ("姓名", "出生日期", "性别", "电话", "赛项")),
        (3, "电子邮箱"),
        (4, "出生日期"),
    ]:
        assert sum(each.startswith(f"第{line}行，") and column in each for each in told) == 1, (
            line,
            column,
            told,
        )
    assert len(told) == 7


def test_a_thousand_bad_cells_are_counted_and_not_all_shown(
    app: Flask, officer: FlaskClient, story: Scenario
) -> None:
    headings = blank(officer, story)
    people = [(f"海{number}", "昨天", item_title(story)) for number in range(1000)]
    with nothing_written(app):
        answer = hand_in(officer, story, xlsx(headings, *lines(headings, *people)))
    told = [" ".join(item.text.split()) for item in soup(answer).select(".eh-tone-bad li")]
    assert len(told) == 51
    assert "950" in told[-1]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "list.xlsx"),
        (b"PK\x03\x04 nothing", "list.xlsx"),
        (b"\xff\xfe\x00", "list.csv"),
        (b"a,b\n1,2\n", "list.csv"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_file_that_is_no_list_is_refused_with_a_sentence(
    app: Flask, officer: FlaskClient, story: Scenario, content: bytes, name: str, language: str
) -> None:
    officer.set_cookie("language", language)
    with nothing_written(app):
        answer = hand_in(officer, story, content, name)
    assert answer.status_code == 422
    assert soup(answer).select(".eh-tone-bad li")


def test_more_bytes_than_allowed_are_refused(app: Flask, officer: FlaskClient, story: Scenario) -> None:
    with nothing_written(app):
        answer = officer.post(
            f"/my/rosters/{story.camp}",
            data=b"x" * 6_000_000,
            content_type="multipart/form-data; boundary=x",
        )
    assert answer.status_code == 413


def test_other_units_and_other_people_are_kept_out(app: Flask, officer: FlaskClient, story: Scenario) -> None:
    headings = blank(officer, story)
    content = xlsx(headings, *lines(headings, ("海明", "1985-06-12", item_title(story))))
    with nothing_written(app):
        assert hand_in(officer, story, content, unit=UNIT).status_code == 404
        member = sign_in(app.test_client(), story.member)
        assert member.get(f"/my/rosters/{story.camp}").status_code == 403


def test_a_sealed_list_cannot_be_changed_or_used_by_another(
    app: Flask, officer: FlaskClient, story: Scenario
) -> None:
    headings = blank(officer, story)
    read = hand_in(
        officer, story, xlsx(headings, *lines(headings, ("海明", "1985-06-12", item_title(story))))
    )
    sent = {**fields(read), "agreed": "y"}
    with at_home(app):
        other = story.account("李同", "tong@example.org", Role.OFFICER, VILLAGE)
    with nothing_written(app):
        assert officer.post(action(read), data={**sent, "sheet": sent["sheet"][0][:-3]}).status_code == 409
        assert sign_in(app.test_client(), other).post(action(read), data=sent).status_code == 409


def test_a_village_officer_types_a_team_in(app: Flask, officer: FlaskClient, story: Scenario) -> None:
    page = officer.get(f"/my/rosters/{story.camp}/people?item={heat('H1').item}")
    assert page.status_code == 200, page.text
    answer = send(
        officer,
        page,
        participants_0_name="海明",
        participants_0_birth_date="1985-06-12",
        participants_1_name="哈兰",
        participants_1_birth_date="1990-01-02",
        agreed="y",
    )
    assert answer.status_code == 303, errors(answer)
    assert kept(app) == ["海明", "哈兰"]


def test_what_is_typed_wrong_stays_and_nobody_is_kept(
    app: Flask, officer: FlaskClient, story: Scenario
) -> None:
    page = officer.get(f"/my/rosters/{story.camp}/people?item={heat('H1').item}")
    with nothing_written(app):
        answer = send(
            officer, page, participants_0_name="海\x00明", participants_0_birth_date="1985-06-12", agreed="y"
        )
        assert answer.status_code == 422
        assert errors(answer)
        empty = send(officer, page, agreed="y")
    assert empty.status_code == 422
    assert fields(answer)["participants-0-birth_date"] == ["1985-06-12"]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("participants-0-sex", "性别：请从所列各项中选择。"),
        ("together", "报名方式：请从所列各项中选择。"),
        ("first", "第一志愿：请从所列各项中选择。"),
    ],
)
def test_an_answer_that_is_on_no_list_is_refused(
    app: Flask, officer: FlaskClient, story: Scenario, field: str, told: str
) -> None:
    page = officer.get(f"/my/rosters/{story.camp}/people?item={heat('H1').item}")
    row = {"participants-0-name": "海明", "participants-0-birth_date": "1985-06-12", "agreed": "y"}
    with nothing_written(app):
        answer = officer.post(action(page), data={**fields(page), **row, field: "zzz"})
    assert answer.status_code == 422
    assert told in errors(answer)
    assert fields(answer)["participants-0-name"] == ["海明"]


def test_a_closed_programme_takes_no_lists(app: Flask, officer: FlaskClient, story: Scenario) -> None:
    headings = blank(officer, story)
    story.later(days=40)
    sign_in(officer, story.officer)
    with nothing_written(app):
        answer = hand_in(
            officer, story, xlsx(headings, *lines(headings, ("海明", "1985-06-12", item_title(story))))
        )
    assert answer.status_code == 422
    assert "报名已截止" in answer.text
