"""What an infeasible run says: its own numbers, the names people know, how many there were, and how near one comes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from eventhub import kinds
from eventhub.domain.facts import QuotaFacts
from eventhub.i18n import Bilingual, use_locale
from eventhub.queries.conflicts import Conflict, conflict
from solvers.problem import read
from solvers.solve import solve
from tests.kinds.stories import framed, heat, party, person, programme
from tests.scenario import CITY, UNIT, Scenario, camp_facts

QUOTAS = (QuotaFacts(CITY, Bilingual("银川市总工会", "Yinchuan"), floor=30),)
PROBLEM: dict[str, Any] = {
    "options": [{"id": "B1", "capacity": 4, "minimum": 9}, {"id": "B2", "capacity": None}],
    "resources": [{"id": "fund:fund", "capacity": 5_000_00}, {"id": "teachers:1", "capacity": 2}],
    "groups": [
        {
            "id": "g1",
            "size": 2,
            "tags": {f"org:{CITY}": 2, "sex:f": 1},
            "choices": [{"option": "B1", "rank": 1}],
        },
        {"id": "g2", "size": 3, "tags": {f"org:{CITY}": 1}, "choices": [{"option": "B2", "rank": 1}]},
        {"id": "g3", "tags": {f"org:{CITY}": 1}, "choices": []},
    ],
    "limits": [
        {"id": f"quota:{CITY}", "options": "*", "tag": f"org:{CITY}", "minimum": 12},
        {"id": "balance:B1", "options": ["B1"], "tag": "sex:*", "share": [24, 42]},
        {"id": "most", "options": ["B2"], "maximum": 1},
    ],
    "max_changes": 7,
}


def told(*rules: tuple[str, str], missed: dict[tuple[str, str], int] | None = None, **more: Any) -> Conflict:
    say: dict[str, Any] = {"rules": [{"kind": kind, "id": id_} for kind, id_ in rules], **more}
    if missed is not None:
        say["nearest"] = {
            "placements": {"g1": "B1", "g2": {"B2": 1}},
            "missed": [{"kind": kind, "id": id_, "by": by} for (kind, id_), by in missed.items()],
        }
    return conflict(say, PROBLEM, camp_facts(quotas=QUOTAS))


def said(found: Any, locale: str = "en") -> list[str]:
    with use_locale(locale):
        return [str(each) for each in found]


def test_the_numbers_are_those_of_the_run_and_not_of_todays_settings() -> None:
    found = told(("limit", f"quota:{CITY}"), ("resource", "fund:fund"), ("capacity", "B1"), ("minimum", "B1"))
    assert said([found.heading, *found.rules]) == [
        "These rules cannot all be met:",
        "The fund “Camp fund” holds CNY 5,000.",
        "“Yinchuan camp B1” has 4 places.",
        "“Yinchuan camp B1” needs 9 people to run; 2 could go there.",
        "Yinchuan: at least 12 people are placed; 3 entered.",
    ]
    assert found.irreducible


def test_one_rule_alone_does_not_clash_with_itself() -> None:
    found = told(("limit", f"quota:{CITY}"))
    assert said([found.heading]) == ["This rule cannot be met:"]
    assert not found.irreducible
    assert said(found.rules, "zh") == ["银川市总工会：至少安排12人；报名可计入的有3人。"]


def test_what_is_not_known_to_be_irreducible_is_not_said_to_be() -> None:
    assert not told(("capacity", "B1"), ("minimum", "B1"), irreducible=False).irreducible
    assert said([told().heading]) == ["The rules cannot all be met."]


def test_every_rule_of_people_has_a_sentence() -> None:
    for kind in ("pinned", "required", "banned", "clash", "apart"):
        (sentence,) = said(told((kind, "g1")).rules)
        assert "g1" not in sentence
    assert said(told(("changes", "max_changes")).rules) == [
        "Against the last result at most 7 people may be moved."
    ]


def test_a_share_is_said_in_people() -> None:
    assert said(told(("limit", "balance:B1")).rules) == [
        "Girls, or boys, in “Yinchuan camp B1”: at most 4 in every 7."
    ]


def test_the_nearest_placement_is_told_with_what_it_misses() -> None:
    found = told(
        ("limit", f"quota:{CITY}"),
        missed={
            ("limit", f"quota:{CITY}"): 9,
            ("resource", "fund:fund"): 120_00,
            ("resource", "teachers:1"): 1,
            ("minimum", "B1"): 7,
            ("capacity", "B1"): 2,
            ("limit", "balance:B1"): 50,
            ("limit", "most"): 1,
            ("must_run", "B2"): 1,
            ("clash", "p1"): 1,
        },
    )
    assert said([found.nearest]) == [
        "If these rules were missed by as little as can be, and all others kept, 3 of 6 people would have a place:"
    ]
    assert said(found.missed) == [
        "Yinchuan: short by 9 people.",
        "The fund “Camp fund” would need CNY 120 more.",
        "teachers:1: 1 more would be needed.",
        "“Yinchuan camp B1”: short by 7 people.",
        "“Yinchuan camp B1”: 2 people too many.",
        "Girls, or boys, in “Yinchuan camp B1”: 2 people too many.",
        "most: 1 people too many.",
        "“Yinchuan camp B2” would not run.",
        "Somebody would be in two places at once.",
    ]


def test_a_run_without_its_problem_still_says_what_it_knows() -> None:
    found = conflict({"rules": [{"kind": "clash", "id": "x"}]}, {}, camp_facts())
    assert said(found.rules) == ["Nobody can be in two places at once."]


@pytest.mark.database
def test_a_village_is_called_by_its_name_and_told_how_many_entered(app: Flask) -> None:
    """The solver's own words of a series with one place and two villages."""
    contest = programme("contest", [heat("H1", capacity=1)])
    entries = [
        party(person(code, born=None, organisations=("NX", village)), item="C01", flexible=True)
        for code, village in (("a", UNIT), ("b", CITY))
    ]
    problem = framed(contest, entries)
    outcome = solve(read(problem), seconds=20)
    assert outcome.conflict is not None
    with app.app_context():
        Scenario.begins()
        found = conflict(outcome.conflict, problem, contest)
        assert "“第H1场”名额 1 个。" in said(found.rules, "zh")
        for name in ("银川市总工会", "第一机床厂工会"):
            assert f"{name}选手（各赛项合计）：至少安排1人；报名可计入的有1人。" in said(found.rules, "zh")
        assert found.irreducible
        assert said(found.missed)
        earlier = kinds.of(contest).limit_name(contest, f"floor:C01:{UNIT}", lambda _code: Bilingual("某村"))
        assert said([earlier], "zh") == ["某村参加“C01赛”的选手"]
