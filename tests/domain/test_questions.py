"""How an answer becomes a value, or a sentence beside its field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.domain.questions import Answer, Asked, Question, answers, confirmed_answers
from eventhub.i18n import N_, use_locale

LABEL = N_("Meals")
CHOICES = (("halal", N_("Halal")), ("ordinary", N_("Ordinary")))


def _ask(answer: Answer, typed: object, **told: object):
    question = Question("q", LABEL, answer, choices=CHOICES, **told)
    values, problems = answers([question], {"q": typed})
    return values.get("q"), [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("answer", "typed", "value"),
    [
        (Answer.TEXT, "  红色 ", "红色"),
        (Answer.LONG_TEXT, "很好", "很好"),
        (Answer.YES_NO, "是", True),
        (Answer.YES_NO, "on", True),
        (Answer.YES_NO, True, True),
        (Answer.YES_NO, "否", False),
        (Answer.YES_NO, False, False),
        (Answer.CHOICE, "halal", "halal"),
        (Answer.CHOICES, ["halal", "ordinary"], ["halal", "ordinary"]),
        (Answer.CHOICES, "halal、ordinary", ["halal", "ordinary"]),
        (Answer.NUMBER, " 12 ", 12),
        (Answer.NUMBER, "0", 0),
        (Answer.NUMBER, "100", 100),
        (Answer.DATE, "2012-02-29", "2012-02-29"),
        (Answer.DATE, date(2012, 7, 15), "2012-07-15"),
        (Answer.PHONE, "138 0000 0000", "+8613800000000"),
    ],
)
def test_what_was_typed_becomes_a_value(answer, typed, value):
    assert _ask(answer, typed) == (value, [])


@pytest.mark.parametrize(
    ("answer", "typed", "code"),
    [
        (Answer.TEXT, "a\x07b", "control_characters"),
        (Answer.TEXT, "长" * 101, "too_long"),
        (Answer.YES_NO, "maybe", "not_yes_no"),
        (Answer.CHOICE, "pork", "no_such_choice"),
        (Answer.CHOICES, ["halal", "pork"], "no_such_choice"),
        (Answer.NUMBER, "twelve", "not_a_number"),
        (Answer.NUMBER, "1.5", "not_a_number"),
        (Answer.NUMBER, "101", "out_of_range"),
        (Answer.NUMBER, "-1", "out_of_range"),
        (Answer.DATE, "2011-02-29", "not_a_date"),
        (Answer.PHONE, "0951-1234567", "not_a_phone"),
    ],
)
def test_what_cannot_be_one_is_told_at_its_field(answer, typed, code):
    assert _ask(answer, typed) == (None, [code])


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_choice_may_be_written_as_people_read_it(locale):
    with use_locale(locale):
        assert _ask(Answer.CHOICE, str(CHOICES[0][1])) == ("halal", [])


@pytest.mark.parametrize("blank", [None, "", []])
def test_a_blank_is_missing_only_where_an_answer_is_required(blank):
    assert _ask(Answer.TEXT, blank) == (None, [])
    assert _ask(Answer.TEXT, blank, required=True) == (None, ["missing"])


def test_no_is_an_answer_to_a_required_question():
    assert _ask(Answer.YES_NO, False, required=True) == (False, [])


def test_what_nobody_asked_is_dropped_and_fields_carry_their_prefix():
    question = Question("q", LABEL, Answer.NUMBER)
    values, problems = answers([question], {"q": "x", "diagnosis": "flu"}, prefix="participants-1-")
    assert values == {}
    assert [problem.field for problem in problems] == ["participants-1-q"]
    with use_locale("zh"):
        assert str(problems[0]) == "用餐：请填写整数，例如12。"


@given(st.sampled_from(Answer), st.one_of(st.text(), st.integers(), st.booleans(), st.lists(st.text())))
def test_whatever_is_typed_there_is_a_value_or_a_sentence_never_both(answer, typed):
    value, problems = _ask(answer, typed)
    blank = typed in ("", [])
    assert [value is None, bool(problems)] == ([True, False] if blank else [bool(problems)] * 2)


def test_blanks_alone_are_no_answer() -> None:
    question = Question("q", N_("Name"), required=True)
    values, problems = answers([question], {"q": "  \u3000"})
    assert values == {}
    assert [problem.code for problem in problems] == ["missing"]


FAMILY = Question(
    "family",
    N_("Family"),
    Answer.CHOICE,
    Asked.PERSON,
    choices=(("hardship", N_("Hardship")), ("migrant", N_("Migrant"))),
)
CLAIMS = ("hardship", "migrant", "heavy_post")


def test_what_a_primary_union_has_confirmed_is_an_answer():
    known = confirmed_answers([FAMILY], claims=CLAIMS, confirmed={"migrant", "heavy_post"})
    assert known == {"family": "migrant"}
    assert confirmed_answers([FAMILY], claims=CLAIMS, confirmed={"migrant", "hardship"}) == {
        "family": "hardship"
    }
    assert confirmed_answers([FAMILY], claims=CLAIMS, confirmed=()) == {}


def test_a_question_about_anything_else_is_never_answered_by_a_claim():
    meals = replace(FAMILY, key="meals", choices=(("hardship", N_("Hardship")), ("halal", N_("Halal"))))
    of_all = replace(FAMILY, asked=Asked.PARTY)
    words = replace(FAMILY, answer=Answer.TEXT, choices=())
    assert confirmed_answers([meals, of_all, words], claims=CLAIMS, confirmed=set(CLAIMS)) == {}
