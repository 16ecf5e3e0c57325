"""What makes no sense of a departure, what is left to pay, and the names of the groups a retreat serves in turn."""

from __future__ import annotations

from typing import Any

import pytest

from eventhub.kinds import of
from eventhub.kinds.retreat.allotment import own_share_of, tier_of
from eventhub.kinds.retreat.questions import PRIORITIES
from tests.kinds.stories import departure, person, programme


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"price_fen": 500, "subsidy_fen": 500}, []),
        ({"price_fen": 500, "subsidy_fen": 501}, ["details-subsidy_fen"]),
        ({"beds": 12}, []),
        ({"beds": 11}, ["details-beds"]),
        ({"coach": {"seats": 6, "most": 2}}, []),
        ({"coach": {"seats": 11, "most": 1}}, ["details-coach-most"]),
        ({"coach": {"seats": 11}}, []),
    ],
)
def test_the_fund_pays_no_more_than_the_price_and_beds_and_coaches_do_for_the_minimum(
    told: dict[str, Any], found: list[str]
):
    retreat = programme("retreat", [departure("D1", details=told, minimum=12)])
    problems = list(of(retreat).option_problems(retreat, retreat.option("D1")))
    assert [problem.field for problem in problems] == found


def test_the_own_share_is_what_the_fund_leaves_whatever_is_written_of_it():
    lies = departure("D1", details={"price_fen": 780_00, "subsidy_fen": 500_00, "own_share_fen": 1})
    asks = departure("D2", details={"price_fen": None})
    retreat = programme("retreat", [lies, asks])
    assert own_share_of(retreat, lies) == 280_00
    bare = departure("D3")
    bare = type(bare)(**{**vars(bare), "details": {}})
    assert own_share_of(retreat, bare) is None


@pytest.mark.parametrize("turned", [False, True])
def test_a_tier_is_named_after_the_people_in_it(turned: bool):
    order = tuple(key for key, _label in PRIORITIES)
    order = order[::-1] if turned else order
    retreat = programme("retreat", [departure("D1")], settings={"priority_order": order})
    names = of(retreat).tiers(retreat)
    for claim in order:
        member = person("员", claims=frozenset({claim}))
        assert names[tier_of(retreat, member) - 1] == (claim, dict(PRIORITIES)[claim])
    assert names[tier_of(retreat, person("其")) - 1][0] == "others"
