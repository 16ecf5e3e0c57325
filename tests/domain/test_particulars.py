"""What is filled in of an option, and what becomes of its details."""

from __future__ import annotations

from typing import Any

import pytest

from eventhub.domain.particulars import Particular, changed
from eventhub.i18n import N_

LABEL = N_("Price")
PRICE = Particular("price_fen", LABEL, "money")
HALAL = Particular("halal", LABEL, "yes_no", default=True)
TRAVEL = Particular("travel", LABEL, bilingual=True)
COACH = Particular(
    "coach", LABEL, "group", parts=(Particular("seats", LABEL, "number"), Particular("most", LABEL, "number"))
)
ALL = (PRICE, HALAL, TRAVEL, COACH)


def test_what_no_particular_describes_is_kept():
    before = {"price_fen": 1, "colour": "red", "coach": {"seats": 42, "driver": "马"}}
    after = changed(before, ALL, {"price_fen": 2, "coach": {"seats": 30}})
    assert after == {"price_fen": 2, "colour": "red", "coach": {"seats": 30, "driver": "马"}}
    assert before["price_fen"] == 1


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_nothing_takes_a_key_away(nothing: Any):
    assert changed({"price_fen": 1, "other": 2}, [PRICE], {"price_fen": nothing}) == {"other": 2}
    assert changed({"price_fen": 1}, [PRICE], {}) == {}


@pytest.mark.parametrize("value", [0, False])
def test_nought_and_no_are_answers(value: Any):
    assert changed({}, [PRICE], {"price_fen": value}) == {"price_fen": value}


def test_a_default_is_not_written_where_nothing_stood():
    assert changed({}, [HALAL], {"halal": True}) == {}
    assert changed({}, [HALAL], {"halal": False}) == {"halal": False}
    assert changed({"halal": False}, [HALAL], {"halal": True}) == {"halal": True}


def test_a_text_in_two_languages_lies_under_two_keys():
    assert TRAVEL.keys == ("travel_zh", "travel_en")
    assert changed({"travel_en": "by train"}, [TRAVEL], {"travel_zh": "火车"}) == {"travel_zh": "火车"}


def test_a_group_that_was_emptied_goes_but_for_what_it_does_not_describe():
    assert changed({"coach": {"seats": 42}}, [COACH], {"coach": {"seats": None}}) == {}
    assert changed({"coach": {"seats": 42, "driver": "马"}}, [COACH], {}) == {"coach": {"driver": "马"}}
    assert changed({"coach": "a large one"}, [COACH], {"coach": {"seats": 1}}) == {"coach": {"seats": 1}}


@pytest.mark.parametrize(
    "told",
    [
        {"key": "Price"},
        {"key": "price-fen"},
        {"answer": "colour"},
        {"answer": "group"},
        {"answer": "choice"},
        {"answer": "number", "choices": (("a", LABEL),)},
        {"answer": "number", "parts": (PRICE,)},
        {"answer": "table", "parts": (PRICE,)},
        {"answer": "money", "bilingual": True},
    ],
)
def test_nonsense_is_refused_when_it_is_written_down(told: dict[str, Any]):
    with pytest.raises(ValueError, match=r"\.$"):
        Particular(**({"key": "price", "label": LABEL} | told))
