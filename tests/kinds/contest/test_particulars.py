"""What makes no sense of a heat."""

from __future__ import annotations

from typing import Any

import pytest

from eventhub.kinds import of
from tests.kinds.stories import heat, programme


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"details": {"min_age": 16, "max_age": 16}}, []),
        ({"details": {"min_age": 17, "max_age": 16}}, ["details-max_age"]),
        ({"details": {"min_age": 17}}, []),
        ({"details": {"team_sizes": [2, 4]}, "capacity": 4}, []),
        ({"details": {"team_sizes": [2, 4]}, "capacity": 3}, ["capacity"]),
        ({"details": {}, "capacity": None}, []),
    ],
)
def test_ages_are_the_right_way_round_and_the_largest_team_has_room(told: dict[str, Any], found: list[str]):
    contest = programme("contest", [heat("H1", **told)])
    problems = list(of(contest).option_problems(contest, contest.option("H1")))
    assert [problem.field for problem in problems] == found
