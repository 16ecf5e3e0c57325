"""Sign-up in steps: what is typed stays, what is wrong is said in the reader's language, nothing is half written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from eventhub.domain.facts import PersonDraft
from eventhub.extensions import db, transaction
from eventhub.models.registrations import Consent, Party, Registration
from eventhub.queries import registrations as queries
from eventhub.services import participants
from eventhub.services import registrations as services
from tests.kinds.stories import heat
from tests.scenario import Scenario, batch, camp_facts
from tests.signing_up import (
    CONTACTS,
    action,
    agree,
    at_home,
    errors,
    fields,
    finish,
    follow,
    nothing_written,
    rows,
    send,
    soup,
    to_review,
)
from tests.visitors import sign_in

LANGUAGES = ("zh", "en")


@pytest.fixture
def story(app: Flask) -> Scenario:
    with app.app_context():
        told = Scenario.begins()
        told.child("马小雨")
        told.child("马小雪", born=date(2015, 8, 1))
        db.session.remove()
    app.extensions["clock"] = lambda: told.at
    return told


@pytest.fixture
def guardian(client: FlaskClient, story: Scenario) -> FlaskClient:
    return sign_in(client, story.guardian)


def speaks(client: FlaskClient, language: str) -> None:
    client.set_cookie("language", language)


def kept_states(app: Flask) -> list[str]:
    with app.app_context():
        found = [
            str(state) for state in db.session.scalars(select(Registration.state).order_by(Registration.id))
        ]
        db.session.remove()
        return found


# -- The way through ---------------------------------------------------------------------------------


def test_a_guardian_signs_two_children_up_without_script(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    review = to_review(guardian, story, "马小雨", "马小雪", ranking=("B2", "B1"))
    assert soup(review).select_one(".eh-steps-now").text.split("·")[0].strip() == "第 4 步，共 4 步"
    assert soup(review).select('input[name^="consent-"][checked]') == []
    receipt = follow(guardian, finish(guardian, review))
    number = soup(receipt).select_one(".eh-receipt-number").text
    assert kept_states(app) == ["submitted", "submitted"]
    with at_home(app):
        row = queries.party(number, story.guardian, on=story.at.date())
        assert [option.code for option in row.ranking] == ["B2", "B1"]
        assert {each.key for each in row.consents} == {"guardian", "children_rules"}
        assert row.answers["contact1_phone"] == "+8612900000001"


def test_the_order_is_changed_by_buttons_alone(guardian: FlaskClient, story: Scenario) -> None:
    review = to_review(guardian, story, "马小雨", ranking=("B1", "B2"))
    choices = guardian.get(action(review).replace("review", "choices"))
    for move, left in [
        ("up:B2", ["B2", "B1"]),
        ("down:B2", ["B1", "B2"]),
        ("remove:B1", ["B2"]),
        ("add:B1", ["B2", "B1"]),
    ]:
        choices = follow(guardian, send(guardian, choices, move=move))
        assert fields(choices)["options"] == left


def test_where_everything_is_chosen_nothing_is_left_unsaid(guardian: FlaskClient, story: Scenario) -> None:
    review = to_review(guardian, story, "马小雨", ranking=("B1", "B2"))
    choices = guardian.get(action(review).replace("review", "choices"))
    assert not soup(choices).select(".eh-ranking-available li")
    assert (
        soup(choices).select_one(".eh-ranking-available + .eh-ranking-all").text == "所有选项均已列入志愿。"
    )


def test_whoever_can_go_stands_first_and_whoever_is_signed_up_is_shown_where(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        story.registers(story.applicant(story.children["马小雨"]))
        story.child("马小云", born=date(2025, 1, 1))
    page = soup(guardian.get(f"/my/registrations/new/{story.camp}"))
    names = [label.text.split()[0] for label in page.select('label[for^="participants-"] .eh-name')]
    assert names == ["马小雪", "马小雨", "马小云"]
    boxes = page.select('input[name="participants"]')
    assert [box.has_attr("disabled") for box in boxes] == [False, True, True]
    ways = [way["href"].split("?")[0] for way in page.select(".eh-hint-choice a")]
    assert ways == ["/my/registrations", f"/my/people/{story.children['马小云']}"]


def test_a_draft_can_be_left_and_continued(app: Flask, guardian: FlaskClient, story: Scenario) -> None:
    review = to_review(guardian, story, "马小雨")
    code = action(review).split("/")[3]
    assert kept_states(app) == ["draft"]
    begin = guardian.get(f"/my/registrations/new/{story.camp}")
    assert f"/my/registrations/{code}/people" in begin.text
    questions = guardian.get(f"/my/registrations/{code}/questions")
    assert fields(questions)["contact1_name"] == ["马兰"]


def test_the_first_page_sent_twice_makes_one_draft(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    once = send(guardian, first, participants=[story.children["马小雨"]])
    twice = send(guardian, first, participants=[story.children["马小雨"]])
    assert once.headers["Location"] == twice.headers["Location"]
    assert kept_states(app) == ["draft"]


def test_what_was_typed_stays_beside_what_is_wrong(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    questions = follow(guardian, send(guardian, first, participants=[story.children["马小雨"]]))
    with nothing_written(app):
        answer = send(
            guardian, questions, **{**CONTACTS, "contact2_phone": "12345"}, participants_0_family="migrant"
        )
    assert answer.status_code == 422
    assert "第二紧急联系人手机号码" in errors(answer)
    again = fields(answer)
    assert again["contact2_phone"] == ["12345"]
    assert again["participants-0-family"] == ["migrant"]
    assert soup(answer).select_one("#contact2_phone")["aria-invalid"] == "true"


def test_a_change_stands_only_once_it_is_sent(app: Flask, guardian: FlaskClient, story: Scenario) -> None:
    receipt = follow(guardian, finish(guardian, to_review(guardian, story, "马小雨")))
    code = soup(receipt).select_one(".eh-receipt-number").text
    people = guardian.get(f"/my/registrations/{code}/change")
    both = [story.children["马小雨"], story.children["马小雪"]]
    questions = send(guardian, people, participants=both)
    choices = send(guardian, questions, participants_1_family="new_form")
    review = send(guardian, choices, options=["B2"])
    assert kept_states(app) == ["submitted"]
    changed = follow(guardian, finish(guardian, review))
    assert "修改已保存" in changed.text
    assert kept_states(app) == ["submitted", "submitted"]
    with at_home(app):
        row = queries.party(code, story.guardian, on=story.at.date())
        assert [option.code for option in row.ranking] == ["B2"]
        assert [member.answers["family"] for member in row.members] == ["hardship", "new_form"]


# -- Refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "为9周岁"), ("en", "will be 9 when")],
)
def test_a_child_one_day_too_young_is_greyed_with_the_rule(
    app: Flask, guardian: FlaskClient, story: Scenario, language: str, told: str
) -> None:
    with at_home(app):
        story.child("马小云", born=date(2016, 7, 21))
    speaks(guardian, language)
    page = guardian.get(f"/my/registrations/new/{story.camp}")
    box = soup(page).select_one(f'input[value="{story.children["马小云"]}"]')
    assert box.has_attr("disabled")
    assert told in page.text
    with nothing_written(app):
        answer = send(guardian, page, participants=[story.children["马小雨"], story.children["马小云"]])
    assert answer.status_code == 422
    assert told in errors(answer)


@pytest.mark.parametrize(("language", "told"), [("zh", "报名已截止"), ("en", "Sign-up is closed")])
def test_a_closed_programme_takes_nobody(
    app: Flask, guardian: FlaskClient, story: Scenario, language: str, told: str
) -> None:
    review = to_review(guardian, story, "马小雨")
    story.at = datetime(2026, 6, 2, tzinfo=UTC)
    sign_in(guardian, story.guardian)
    speaks(guardian, language)
    with nothing_written(app):
        for path in (action(review), f"/my/registrations/new/{story.camp}"):
            answer = guardian.post(path, data={**fields(review), **agree(review)})
            assert answer.status_code == 422
            assert told in answer.text
            assert "0951-0000000" in answer.text


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "马小雨已报过名"), ("en", "is signed up for this already")]
)
def test_the_same_person_is_not_signed_up_twice(
    app: Flask, guardian: FlaskClient, story: Scenario, language: str, told: str
) -> None:
    follow(guardian, finish(guardian, to_review(guardian, story, "马小雨")))
    speaks(guardian, language)
    page = guardian.get(f"/my/registrations/new/{story.camp}")
    assert told in page.text
    with nothing_written(app):
        answer = send(guardian, page, participants=[story.children["马小雨"]])
    assert answer.status_code == 422
    assert told in errors(answer)


def confirm_family(app: Flask, story: Scenario, child: str, until: date | None = None) -> None:
    with at_home(app):
        participants.check_claim(
            story.children[child], "hardship", checked=True, valid_until=until, by=story.officer, at=story.at
        )


def test_what_the_union_has_confirmed_is_shown_and_not_asked(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    confirm_family(app, story, "马小雨")
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    both = [story.children["马小雨"], story.children["马小雪"]]
    questions = follow(guardian, send(guardian, first, participants=both))
    assert "工会已核实：困难职工家庭" in questions.text
    page = soup(questions)
    assert page.select('[name="participants-0-family"]') == []
    assert page.select('[name="participants-1-family"]') != []

    typed = {**CONTACTS, "participants_1_family": "migrant"}
    with nothing_written(app):
        answer = send(guardian, questions, **CONTACTS)
    assert answer.status_code == 422, "whom nobody has vouched for is still asked"
    review = follow(
        guardian, send(guardian, follow(guardian, send(guardian, questions, **typed)), options=["B1"])
    )
    follow(guardian, finish(guardian, review))
    with at_home(app):
        rows = db.session.scalars(select(Registration).order_by(Registration.id)).all()
        assert [row.answers["family"] for row in rows] == ["hardship", "migrant"]


def test_a_family_cannot_overwrite_what_the_union_has_confirmed(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    confirm_family(app, story, "马小雨")
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    questions = follow(guardian, send(guardian, first, participants=[story.children["马小雨"]]))
    follow(guardian, send(guardian, questions, **CONTACTS, participants_0_family="new_form"))
    with at_home(app):
        assert db.session.scalars(select(Registration)).one().answers["family"] == "hardship"


def test_a_claim_that_has_run_out_is_asked_again(app: Flask, guardian: FlaskClient, story: Scenario) -> None:
    confirm_family(app, story, "马小雨", until=story.at.date())
    story.later(days=2)
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    questions = follow(guardian, send(guardian, first, participants=[story.children["马小雨"]]))
    assert soup(questions).select('[name="participants-0-family"]') != []


def test_the_summary_says_of_which_child_something_is_missing(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    both = [story.children["马小雨"], story.children["马小雪"]]
    questions = follow(guardian, send(guardian, first, participants=both))
    told = [
        " ".join(line.text.split())
        for line in soup(send(guardian, questions, **CONTACTS)).select(".eh-summary li")
    ]
    assert sum(line.startswith("马小雨") for line in told) == 1
    assert sum(line.startswith("马小雪") for line in told) == 1


def test_nobody_is_told_to_choose_more_options_than_there_are(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    review = to_review(guardian, story, "马小雨")
    choices = guardian.get(action(review).replace("review", "choices"))
    assert "最多可填2个" in choices.text.replace(" ", "")
    assert soup(choices).select_one("[data-ranking]")["data-most"] == "2"


@pytest.mark.parametrize(("language", "told"), [("zh", "不再"), ("en", "not offered")])
def test_an_option_that_does_not_exist_cannot_be_ranked(
    app: Flask, guardian: FlaskClient, story: Scenario, language: str, told: str
) -> None:
    review = to_review(guardian, story, "马小雨")
    choices = guardian.get(action(review).replace("review", "choices"))
    speaks(guardian, language)
    with nothing_written(app):
        answer = send(guardian, choices, options=["B1", "B9"])
    assert answer.status_code == 422
    assert errors(answer)
    if language == "en":
        assert told in errors(answer)


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "按照本项目第五条"), ("en", "By rule 5 of this programme")]
)
def test_an_option_one_may_not_take_is_greyed_and_refused(
    app: Flask, guardian: FlaskClient, story: Scenario, language: str, told: str
) -> None:
    dry = replace(batch("B1", date(2026, 7, 13)), details={"adults": 5, "halal": False})
    with at_home(app):
        story.programme(camp_facts("no-halal", options=(dry, batch("B2", date(2026, 7, 20)))))
    story.camp = "no-halal"
    review = to_review(guardian, story, "马小雨", ranking=("B2",))
    questions = guardian.get(action(review).replace("review", "questions"))
    speaks(guardian, language)
    choices = follow(guardian, send(guardian, questions, participants_0_meals="halal"))
    greyed = soup(choices).select_one(".eh-option-off")
    assert "B1" in greyed.text
    assert told in greyed.text
    with nothing_written(app):
        answer = send(guardian, choices, options=["B1"])
    assert answer.status_code == 422
    assert told in errors(answer)


@pytest.mark.parametrize(("language", "told"), [("zh", "2人"), ("en", "2 people want to go together")])
def test_a_party_larger_than_any_option_is_told_so(
    app: Flask, guardian: FlaskClient, story: Scenario, language: str, told: str
) -> None:
    with at_home(app):
        story.programme(camp_facts("tiny", options=(batch("B1", date(2026, 7, 13), capacity=1),)))
    story.camp = "tiny"
    first = guardian.get("/my/registrations/new/tiny")
    both = [story.children[name] for name in ("马小雨", "马小雪")]
    questions = follow(guardian, send(guardian, first, participants=both))
    families = {"participants_0_family": "hardship", "participants_1_family": "hardship"}
    choices = follow(guardian, send(guardian, questions, **CONTACTS, **families))
    assert soup(choices).select_one(".eh-option-off")
    speaks(guardian, language)
    with nothing_written(app):
        answer = send(guardian, choices, options=["B1"])
    assert answer.status_code == 422
    assert told in errors(answer).replace(" ", "" if language == "zh" else " ")


def _one_tick(review: TestResponse) -> dict[str, str]:
    return {name: value for name, value in agree(review).items() if name == "consent-guardian"}


def test_a_text_that_changed_while_the_page_was_open_is_asked_again(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    review = to_review(guardian, story, "马小雨")
    ticks = {**agree(review), "consent-guardian": "2020-1"}
    with nothing_written(app):
        answer = guardian.post(action(review), data={**fields(review), **ticks})
    assert answer.status_code == 422
    assert "勾选" in errors(answer)
    checked = [box["name"] for box in soup(answer).select('input[name^="consent-"][checked]')]
    assert checked == [name for name in agree(review) if name != "consent-guardian"]


def test_a_change_asks_again_and_the_older_consent_stays_in_the_record(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    finish(guardian, to_review(guardian, story, "马小雨"))
    with at_home(app), transaction() as session:
        for consent in session.scalars(select(Consent)):
            consent.version = "2020-1"
        code = session.scalars(select(Party.code)).one()
    with at_home(app):
        row = queries.party(code, story.guardian, on=story.at.date())
        assert queries.application_of(row).consents == ()
    review = change_to_review(guardian, code)
    assert soup(review).select('input[name^="consent-"][checked]') == []
    with nothing_written(app):
        assert guardian.post(action(review), data=fields(review)).status_code == 422
    assert finish(guardian, review).status_code == 303
    with at_home(app):
        versions = db.session.scalars(select(Consent.version).where(Consent.key == "guardian")).all()
        assert versions[0] == "2020-1"
        assert len(set(versions)) == 2
    desk = sign_in(app.test_client(), story.organiser)
    registration = registration_of(app)
    page = soup(desk.get(f"/desk/programmes/{story.camp}/registrations/{registration}"))
    told = page.select_one('[aria-labelledby="consents"]').text
    assert "第2020-1版" in told
    assert f"第{versions[1]}版" in told


def test_a_change_that_changes_nothing_tells_nobody_and_takes_no_step(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    finish(guardian, to_review(guardian, story, "马小雨"))
    with at_home(app):
        code = db.session.scalars(select(Party.code)).one()
    before = rows(app)
    answer = follow(guardian, finish(guardian, change_to_review(guardian, code)))
    assert "报名内容没有变化" in answer.text
    after = rows(app)
    assert (after["Letter"], after["RegistrationStep"]) == (before["Letter"], before["RegistrationStep"])
    assert after["Consent"] == before["Consent"]
    changed = finish(guardian, change_to_review(guardian, code, contact1_name="丁兰"))
    assert changed.status_code == 303
    assert rows(app)["Letter"] == before["Letter"] + 1


def test_a_returned_sign_up_that_is_sent_again_as_it_was_is_sent(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    finish(guardian, to_review(guardian, story, "马小雨"))
    registration = registration_of(app)
    with at_home(app):
        code = db.session.scalars(select(Party.code)).one()
        services.return_for_change(registration, reason="请核对", by=story.organiser, at=story.at)
    finish(guardian, change_to_review(guardian, code))
    assert kept_states(app) == ["submitted"]


def registration_of(app: Flask) -> str:
    with at_home(app):
        return db.session.scalars(select(Registration.code)).one()


def change_to_review(client: FlaskClient, code: str, **typed: object) -> TestResponse:
    """Through the steps of a change up to the last page, changing only what is typed."""
    questions = send(client, client.get(f"/my/registrations/{code}/change"))
    return send(client, send(client, questions, **typed))


def test_without_its_tick_no_text_is_agreed_to(app: Flask, guardian: FlaskClient, story: Scenario) -> None:
    review = to_review(guardian, story, "马小雨")
    with nothing_written(app):
        answer = guardian.post(action(review), data={**fields(review), **_one_tick(review)})
    assert answer.status_code == 422
    assert "勾选" in errors(answer)
    checked = [box["name"] for box in soup(answer).select('input[name^="consent-"][checked]')]
    assert checked == ["consent-guardian"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_more_bytes_than_allowed_are_refused(
    app: Flask, guardian: FlaskClient, story: Scenario, language: str
) -> None:
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    speaks(guardian, language)
    with nothing_written(app):
        answer = guardian.post(action(first), data={"participants": "x" * 6_000_000})
    assert answer.status_code == 413
    assert f'lang="{"zh-CN" if language == "zh" else "en-GB"}"' in answer.text


@pytest.mark.parametrize("text", ["马\x00兰", "马兰\r\nBcc: x@y.example", "\u202e马兰", "\u2028"])
def test_control_characters_in_an_answer_are_refused(
    app: Flask, guardian: FlaskClient, story: Scenario, text: str
) -> None:
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    questions = follow(guardian, send(guardian, first, participants=[story.children["马小雨"]]))
    with nothing_written(app):
        answer = send(
            guardian, questions, **{**CONTACTS, "contact1_name": text}, participants_0_family="hardship"
        )
    assert answer.status_code == 422
    assert "第一紧急联系人" in errors(answer)


# -- Twice, and stale --------------------------------------------------------------------------------


def test_the_same_form_sent_twice_counts_once(app: Flask, guardian: FlaskClient, story: Scenario) -> None:
    review = to_review(guardian, story, "马小雨")
    first = finish(guardian, review)
    before = rows(app)
    again = finish(guardian, review)
    assert again.status_code == 303
    assert again.headers["Location"].split("?")[0] == first.headers["Location"].split("?")[0]
    assert rows(app) == before


@pytest.mark.parametrize(("language", "told"), [("zh", "其他窗口"), ("en", "in another window")])
def test_a_review_page_that_is_out_of_date_sends_nothing(
    app: Flask, guardian: FlaskClient, story: Scenario, language: str, told: str
) -> None:
    review = to_review(guardian, story, "马小雨")
    choices = guardian.get(action(review).replace("review", "choices"))
    send(guardian, choices, options=["B2"])
    speaks(guardian, language)
    with nothing_written(app):
        answer = finish(guardian, review)
    assert answer.status_code == 409
    assert told in answer.text


def test_a_draft_open_in_two_windows_is_not_overwritten_unseen_and_nothing_typed_is_lost(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    review = to_review(guardian, story, "马小雨")
    here = guardian.get(action(review).replace("review", "questions"))
    there = guardian.get(action(review).replace("review", "questions"))
    assert send(guardian, there, contact1_name="李四").status_code == 303
    with nothing_written(app):
        stale = send(guardian, here, contact2_name="王五")
    assert stale.status_code == 409
    assert "打开本页后，草稿已有改动" in errors(stale)
    assert fields(stale)["contact2_name"] == ["王五"]
    now = guardian.get(action(review).replace("review", "questions"))
    assert fields(now)["contact1_name"] == ["李四"]
    # Seen and continued, it counts; and a page that says what is kept already is no contradiction.
    assert send(guardian, stale).status_code == 303
    assert send(guardian, stale).status_code == 303


def test_a_slip_does_not_make_the_page_out_of_date(guardian: FlaskClient, story: Scenario) -> None:
    review = to_review(guardian, story, "马小雨")
    page = guardian.get(action(review).replace("review", "questions"))
    slip = send(guardian, page, contact1_phone="1")
    assert slip.status_code == 422
    assert send(guardian, slip, contact1_phone="12900000003").status_code == 303


def test_a_change_from_an_old_page_overwrites_nothing(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    receipt = follow(guardian, finish(guardian, to_review(guardian, story, "马小雨")))
    code = soup(receipt).select_one(".eh-receipt-number").text
    page = guardian.get(f"/my/registrations/{code}/change")
    for _ in range(2):
        page = send(guardian, page)
    old = send(guardian, page, options=["B2"])
    with at_home(app):
        row = queries.party(code, story.guardian, on=story.at.date())
        application = replace(queries.application_of(row), ranking=("B2", "B1"))
        services.change(code, application, key="other", by=story.guardian, at=story.at)
    with nothing_written(app):
        answer = finish(guardian, old)
    assert answer.status_code == 409
    with at_home(app):
        row = queries.party(code, story.guardian, on=story.at.date())
        assert [option.code for option in row.ranking] == ["B2", "B1"]


# -- Other people's ----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["people", "questions", "choices", "review"])
def test_other_peoples_drafts_do_not_exist(
    app: Flask, client: FlaskClient, story: Scenario, step: str
) -> None:
    sign_in(client, story.guardian)
    code = action(to_review(client, story, "马小雨")).split("/")[3]
    stranger = sign_in(app.test_client(), story.stranger)
    with nothing_written(app):
        for path in (f"/my/registrations/{code}/{step}", f"/my/registrations/{code}/change"):
            assert stranger.get(path).status_code == 404
            assert stranger.post(path, data={"participants": "x"}).status_code == 404


def test_other_peoples_children_cannot_be_named(app: Flask, client: FlaskClient, story: Scenario) -> None:
    stranger = sign_in(client, story.stranger)
    with nothing_written(app):
        answer = stranger.post(
            f"/my/registrations/new/{story.camp}", data={"participants": story.children["马小雨"]}
        )
    assert answer.status_code == 422
    assert "马小雨" not in answer.text


def test_nobody_goes_without_somebody_named_beside_them_unsaid(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    ours = story.children["马小雨"]
    first = guardian.get(f"/my/registrations/new/{story.camp}")
    with nothing_written(app):
        answer = send(guardian, first, participants=[ours, "P999"])
    assert answer.status_code == 422
    assert "所选人员中有人不在“参加人”名单中（或已被移除），请重新选择参加人。" in errors(answer)
    assert fields(answer)["participants"] == [ours]
    sent = finish(guardian, to_review(guardian, story, "马小雨"))
    code = sent.headers["Location"].split("?")[0].split("/")[-1]
    change = guardian.get(f"/my/registrations/{code}/change")
    with nothing_written(app):
        assert send(guardian, change, participants=[ours, "P999"]).status_code == 422


def test_an_item_in_the_address_means_nothing_where_there_are_none(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    first = guardian.get(f"/my/registrations/new/{story.camp}?item=zzz")
    answer = guardian.post(
        f"/my/registrations/new/{story.camp}?item=zzz",
        data={**fields(first), "participants": story.children["马小雨"], "item": "zzz"},
    )
    follow(guardian, answer)
    with app.app_context():
        assert db.session.scalars(select(Party.item)).all() == [""]
        db.session.remove()


@pytest.mark.parametrize(
    "path", ["/my/registrations/new/nothing", "/my/registrations/T999/review", "/programmes/x", "/my/nothing"]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_unknown_addresses_are_not_found(guardian: FlaskClient, path: str, language: str) -> None:
    speaks(guardian, language)
    answer = guardian.get(path)
    assert answer.status_code == 404
    assert f'lang="{"zh-CN" if language == "zh" else "en-GB"}"' in answer.text


def test_whoever_is_not_signed_in_is_asked_to(client: FlaskClient, story: Scenario) -> None:
    answer = client.get(f"/my/registrations/new/{story.camp}")
    assert answer.status_code == 303
    assert "/sign-in" in answer.headers["Location"]


def test_hundreds_of_options_are_found_by_looking_for_them(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    many = tuple(batch(f"N{number}", date(2026, 7, 13)) for number in range(100, 300))
    with at_home(app):
        story.programme(camp_facts("many", options=many))
    story.camp = "many"
    review = to_review(guardian, story, "马小雨", ranking=("N299",))
    choices = guardian.get(action(review).replace("review", "choices"))
    assert len(choices.data) < 50_000
    assert "N250" not in choices.text
    found = follow(guardian, send(guardian, choices, move="find:", find="N250"))
    assert [card.text for card in soup(found).select(".eh-ranking-available h3")] == ["银川营 N250"]
    ranked = follow(guardian, send(guardian, found, move="add:N250"))
    assert fields(ranked)["options"] == ["N299", "N250"]
    nothing = follow(guardian, send(guardian, ranked, move="find:", find="火星"))
    assert "没有符合的选项" in soup(nothing).main.text
    assert not soup(nothing).select(".eh-ranking-all")


def test_further_options_are_narrowed_to_a_month_by_one_press(
    app: Flask, guardian: FlaskClient, story: Scenario
) -> None:
    many = tuple(batch(f"N{number}", date(2026, 7 + number % 2, 13)) for number in range(100, 120))
    with at_home(app):
        story.programme(camp_facts("many", options=many))
    story.camp = "many"
    review = to_review(guardian, story, "马小雨", ranking=("N101",))
    choices = guardian.get(action(review).replace("review", "choices"))
    pressed = {button["value"] for button in soup(choices).select(".eh-months button")}
    assert pressed == {"month:", "month:2026年7月", "month:2026年8月"}
    july = follow(guardian, send(guardian, choices, move="month:2026年7月"))
    found = [card.text for card in soup(july).select(".eh-ranking-available h3")]
    assert found == [f"银川营 N{number}" for number in range(100, 120, 2)]
    assert soup(july).select_one('.eh-months [aria-pressed="true"]')["value"] == "month:2026年7月"
    assert fields(july)["options"] == ["N101"]
    everything = follow(guardian, send(guardian, july, move="month:"))
    assert len(soup(everything).select(".eh-ranking-available h3")) == 12


def test_a_member_enters_a_contest_with_no_heat_ranked(
    app: Flask, client: FlaskClient, story: Scenario
) -> None:
    with at_home(app):
        story.programme(
            camp_facts("contest-2026", kind="contest", options=(heat("H1"), heat("H2")), organisation="NX")
        )
        draft = PersonDraft(name="王建国", birth_date=date(1980, 1, 1), organisation="U001")
        story.children["王建国"] = participants.add(draft, by=story.member, at=story.at)
    member = sign_in(client, story.member)
    asked = member.get("/my/registrations/new/contest-2026")
    assert soup(asked).select('input[name="item"]')
    people = member.get(f"/my/registrations/new/contest-2026?item={heat('H1').item}")
    questions = follow(member, send(member, people, participants=[story.children["王建国"]]))
    choices = follow(member, send(member, questions))
    review = follow(member, send(member, choices))
    assert "其他选项也可以" in review.text
    receipt = follow(member, finish(member, review))
    assert soup(receipt).select_one(".eh-receipt-number")
