"""What makes no sense of a batch, and the names of the groups a camp serves in turn."""

from __future__ import annotations

from datetime import date

import pytest

from eventhub.domain.facts import PastPlace
from eventhub.i18n import use_locale
from eventhub.kinds import of
from eventhub.kinds.camp.allotment import tier_of
from tests.kinds.stories import batch, person, programme

FIRST = date(2026, 7, 13)


@pytest.mark.parametrize(
    ("teachers", "minimum", "found"),
    [(2, 20, []), (2, 21, ["details-adults"]), (0, 1, ["details-adults"]), (None, 500, [])],
)
def test_a_batch_has_teachers_for_its_minimum(teachers: int | None, minimum: int, found: list[str]):
    details = {} if teachers is None else {"adults": teachers}
    camp = programme("camp", [batch("B1", FIRST, capacity=600, minimum=minimum, details=details)])
    problems = list(of(camp).option_problems(camp, camp.option("B1")))
    assert [problem.field for problem in problems] == found


@pytest.mark.parametrize("never_been_first", [True, False])
@pytest.mark.parametrize("order", [("hardship", "migrant", "new_form"), ("new_form", "hardship", "migrant")])
def test_a_tier_is_named_after_the_people_in_it(order: tuple[str, ...], never_been_first: bool):
    camp = programme(
        "camp",
        [batch("B1", FIRST)],
        settings={"family_order": order, "never_been_first": never_been_first},
    )
    names = of(camp).tiers(camp)
    been = (PastPlace("camp", 2024),)
    for claim, family in (("hardship", "hardship"), ("new_form", "new_form"), ("", "others")):
        new = person("新", claims=frozenset({claim} - {""}))
        old = person("旧", claims=frozenset({claim} - {""}), been=been)
        assert names[tier_of(camp, new) - 1][0] == family
        assert names[tier_of(camp, old) - 1][0] == (f"{family}:been" if never_been_first else family)
    with use_locale("en"):
        assert str(names[0][1]).startswith("Family of a worker in")
