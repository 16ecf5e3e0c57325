"""Days, money and rule numbers inside a sentence."""

from __future__ import annotations

from datetime import date

import pytest

from eventhub.domain.rulebook import Rulebook
from eventhub.domain.wording import Clause, Day, Listing, Money
from eventhub.i18n import N_, use_locale
from tests.kinds.stories import batch, programme


def _both(said: object) -> tuple[str, str]:
    with use_locale("zh"):
        chinese = str(said)
    with use_locale("en"):
        return chinese, str(said)


def test_days_are_said_as_they_are_written_by_hand():
    assert _both(Day(date(2026, 7, 3))) == ("2026年7月3日", "3 July 2026")


@pytest.mark.parametrize(
    ("fen", "chinese", "english"),
    [
        (50_000, "500元", "CNY 500"),
        (128_000, "1,280元", "CNY 1,280"),
        (1_205, "12.05元", "CNY 12.05"),
        (0, "0元", "CNY 0"),
    ],
)
def test_money_is_said_in_yuan_and_the_fen_only_where_there_are_any(fen, chinese, english):
    assert _both(Money(fen)) == (chinese, english)


@pytest.mark.parametrize(
    ("number", "chinese"),
    [
        (1, "一"),
        (9, "九"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (34, "三十四"),
        (99, "九十九"),
        (100, "100"),
    ],
)
def test_rules_are_numbered_in_chinese_characters(number, chinese):
    assert _both(Clause(number)) == (chinese, str(number))


def test_a_listing_is_joined_as_each_language_joins():
    assert _both(Listing((N_("Halal"), N_("Ordinary")))) == ("清真、普通", "Halal, Ordinary")
    # Where a thing has a comma of its own, it must stay clear where the next one begins.
    assert str(Listing(("soap, towel", "hat"))) in {"soap, towel；hat", "soap, towel; hat"}


def test_a_refusal_cites_the_number_its_rule_has_on_the_page():
    rules = Rulebook((("first", lambda _: N_("Halal")), ("second", lambda _: N_("Ordinary"))))
    camp = programme("camp", [batch("B1")])
    problem = rules.refusal("second", "code", N_("Meals"), field="options")
    assert [_both(text)[1] for text in rules.texts(camp)] == [
        "Halal",
        "Ordinary",
    ]
    assert (problem.code, problem.field) == ("code", "options")
    assert _both(problem) == ("按照本项目第二条，用餐", "By rule 2 of this programme, Meals")


def test_a_rule_that_is_not_in_the_book_cannot_be_cited():
    with pytest.raises(ValueError, match="not in list"):
        Rulebook(()).clause("nowhere")
