"""The union's tree of the demonstration: whole at every scale, with codes that are well formed and nobody's."""

from __future__ import annotations

from collections import Counter

import pytest
from stdnum.cn import uscc

from eventhub.demo import units
from eventhub.domain.terms import OrganisationKind


@pytest.mark.parametrize(("scale", "primary"), [(0.02, 130), (0.1, 130), (0.5, 650), (1.0, 1300)])
def test_only_the_primary_unions_grow_with_the_scale(scale: float, primary: int):
    counted = Counter(unit.facts.kind for unit in units.tree(scale))
    assert counted == {
        OrganisationKind.REGION: 1,
        OrganisationKind.CITY: 5,
        OrganisationKind.COUNTY: 22,
        OrganisationKind.BASE: 1,
        OrganisationKind.INDUSTRIAL: 12,
        OrganisationKind.ORGAN: 1,
        OrganisationKind.VILLAGE: 108,
        OrganisationKind.PRIMARY: primary,
    }


def test_every_path_runs_from_the_region_through_standing_parents():
    standing: dict[str, tuple[str, ...]] = {}
    for unit in units.tree(1.0):
        parent = standing[unit.parent] if unit.parent else ()
        assert unit.facts.path == (*parent, unit.facts.code)
        standing[unit.facts.code] = unit.facts.path
    assert all(path[0] == units.REGION for path in standing.values())


def test_codes_and_names_are_given_once():
    tree = units.tree(1.0)
    assert len({unit.facts.code for unit in tree}) == len(tree)
    assert len({unit.facts.name.zh for unit in tree}) == len(tree)
    assert len({unit.facts.name.en for unit in tree}) == len(tree)
    assert len({unit.union_code for unit in tree}) == len(tree)


def test_union_codes_check_and_lie_in_an_area_that_was_never_given():
    for unit in units.tree(0.1):
        assert uscc.is_valid(unit.union_code)
        assert unit.union_code.startswith("81649901")
        assert not unit.employer_code or uscc.is_valid(unit.employer_code)


def test_a_union_code_with_another_check_sign_does_not_check():
    code = units.unit_code("81649901MJX000001")
    assert code == "81649901MJX0000014"
    assert not uscc.is_valid(code[:-1] + "5")
