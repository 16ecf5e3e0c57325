"""What one publication changes against the one before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eventhub.domain.changes import between
from eventhub.domain.terms import Change

RESULTS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["B1", "B2", None]))


def test_each_registration_is_new_moved_kept_or_out():
    found = between(
        {"kept": "B1", "moved": "B1", "out": "B1", "gone": "B1", "never": None},
        {"kept": "B1", "moved": "B2", "out": None, "new": "B2", "never": None, "nor": None},
    )
    assert found.by_registration == {
        "gone": Change.WITHDRAWN,
        "kept": Change.KEPT,
        "moved": Change.MOVED,
        "new": Change.NEW,
        "out": Change.WITHDRAWN,
    }
    assert found.count(Change.WITHDRAWN) == 2
    assert found.of(Change.MOVED) == ("moved",)


@given(RESULTS, RESULTS)
def test_whoever_has_a_place_in_either_result_is_told_exactly_one_thing(old, new):
    placed = {code for result in (old, new) for code, option in result.items() if option is not None}
    assert between(old, new).by_registration.keys() == placed


@given(RESULTS)
def test_the_same_result_again_changes_nothing(result):
    assert set(between(result, result).by_registration.values()) <= {Change.KEPT}


@given(RESULTS, RESULTS)
def test_going_back_turns_new_into_withdrawn(old, new):
    there, back = between(old, new), between(new, old)
    assert there.of(Change.NEW) == back.of(Change.WITHDRAWN)
    assert there.of(Change.MOVED) == back.of(Change.MOVED)


@given(RESULTS, RESULTS)
def test_placed_now_is_what_is_new_moved_or_kept(old, new):
    found = between(old, new)
    now = {*found.of(Change.NEW), *found.of(Change.MOVED), *found.of(Change.KEPT)}
    assert now == {code for code, option in new.items() if option is not None}
