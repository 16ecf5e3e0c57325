"""The quick reader reads and hashes as a slow and plain one would, and refuses whatever a look at each thing refuses."""

import hashlib
import json
import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solvers import columns, samples
from solvers.arrays import UNLIMITED
from solvers.problem import ProblemError, read
from solvers.refusals import refuse
from solvers.source import FORMAT, Opened, canonical_text, opened, whole

FEW = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NAMES = ("a", "b", "ab", "é", "\ufb33", "\U0001f600", '"', "县\n")


def plain_text(source: dict[str, Any]) -> bytes:
    """The canonical text by the book: sort what has no order, order keys by UTF-16 units, write what was written."""
    problem = json.loads(json.dumps(source))
    for key in ("resources", "options", "limits", "groups"):
        problem.get(key, []).sort(key=lambda one: one["id"])
    for group in problem["groups"]:
        group["choices"].sort(key=lambda choice: choice["option"])
        group.get("people", []).sort()
    for limit in problem.get("limits", []):
        if isinstance(limit.get("options"), list):
            limit["options"].sort()
    for options in problem.get("banned", {}).values():
        options.sort()
    if "apart" in problem:
        problem["apart"] = sorted(sorted(pair) for pair in problem["apart"])
    if "clashes" in problem:
        clashes = [sorted(clash) if isinstance(clash, list) else clash for clash in problem["clashes"]]
        problem["clashes"] = sorted(clashes, key=canonical_text)
    return msgspec.json.encode(by_utf16(problem))


def by_utf16(value):
    if isinstance(value, dict):
        return {key: by_utf16(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    return [by_utf16(one) for one in value] if isinstance(value, list) else value


@st.composite
def written(draw, *, sound=True):
    """A problem with keys written or left out at random, defaults and nulls among them; sound or perhaps not."""
    maybe = st.booleans()

    def some(**keys):
        return {key: draw(values) for key, values in keys.items() if draw(maybe)}

    options = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    uses = st.dictionaries(st.sampled_from(("fund", "é") if sound else ("fund", "é", "x")), st.integers(0, 3))
    groups = []
    ids = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=sound))
    for number, id_ in enumerate(ids):
        listed = draw(
            st.lists(st.sampled_from(options if sound else [*options, "?"]), unique=sound, max_size=4)
        )
        choices = [
            {"option": o, "rank": draw(st.integers(1, 3))}
            | some(cost=st.integers(0, 2), heads=st.sampled_from((None, 0, 3)), uses=uses)
            for o in listed
        ]
        size, split = draw(st.integers(1, 3)), draw(maybe)
        group = {"id": id_, "choices": choices} | some(
            lot=st.sampled_from((None, number if sound else 1)),
            tier=st.integers(1, 2),
            required=st.just(value=False) if sound else maybe,
            tags=st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2), max_size=3),
            people=st.lists(st.sampled_from("pqr"), max_size=3, unique=sound),
            weight=st.sampled_from((None, 0, 2 * size if sound else 5)),
        )
        if size != 1 or draw(maybe):
            group["size"] = size
        if split:
            group["piece"] = draw(st.sampled_from((1, None) if sound else (1, 3, None)))
            if sound:
                for choice in choices:
                    choice.pop("heads", None)
        groups.append(group)
    problem = {
        "format": FORMAT,
        "options": [
            {"id": id_} | some(capacity=st.sampled_from((None, 2)), cost=st.just(0)) for id_ in options
        ],
        "groups": groups,
        "resources": [{"id": "fund", "capacity": 3}, {"id": "é", "capacity": 3}],
    }
    banned = {ids[0]: options[:1]} if sound else {draw(st.sampled_from(NAMES)): ["a"]}
    problem |= some(name=st.sampled_from(("", "z\U0001f600")), banned=st.just(banned))
    return json.loads(json.dumps(problem))


@FEW
@given(written(), st.randoms(use_true_random=False))
def test_the_hash_is_that_of_the_plain_text(source, draw):
    expected = hashlib.sha256(plain_text(source)).hexdigest()
    assert read(source).sha256 == expected
    draw.shuffle(source["groups"])
    for group in source["groups"]:
        draw.shuffle(group["choices"])
        draw.shuffle(group.get("people", []))
    assert read(json.dumps(source, ensure_ascii=draw.random() < 0.5).encode()).sha256 == expected


@FEW
@given(written(), st.integers(1, 3))
def test_every_column_is_what_was_written(source, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "AT_ONCE", at_once)
        problem = read(json.dumps(source).encode())
    groups, choices = problem.groups, problem.choices
    wanted = sorted(source["groups"], key=lambda group: group["id"])
    assert groups.ids == tuple(group["id"] for group in wanted)
    for number, group in enumerate(wanted):
        size, split = group.get("size", 1), bool(group.get("piece"))
        weight = size if group.get("weight") is None else group["weight"]
        lot = UNLIMITED if group.get("lot") is None else group["lot"]
        assert (groups.size[number], groups.weight[number], groups.lot[number]) == (size, weight, lot)
        assert (groups.tier[number], groups.piece[number]) == (group.get("tier", 1), group.get("piece") or 0)
        tags = {problem.tags[tag]: heads for tag, heads in groups.tags.row(number)}
        assert tags == {tag: heads for tag, heads in group.get("tags", {}).items() if heads}
        people = [problem.people[person] for person, _ in groups.people.row(number)]
        assert people == sorted(group.get("people", []))
        listed = sorted(group["choices"], key=lambda choice: (choice["rank"], choice["option"]))
        mine = range(int(groups.first[number]), int(groups.first[number + 1]))
        for choice, at in zip(listed, mine, strict=True):
            heads = size if choice.get("heads") is None else choice["heads"]
            row = (
                problem.options.ids[choices.option[at]],
                *(int(column[at]) for column in (choices.group, choices.rank, choices.cost, choices.heads)),
                *(int(column[at]) for column in (choices.weight, choices.units)),
            )
            units = size if split else 1
            head = (choice["option"], number, choice["rank"], choice.get("cost", 0))
            assert row == (*head, 1 if split else heads, weight // units, units)
            uses = {problem.resources.ids[resource]: amount for resource, amount in choices.uses.row(at)}
            assert uses == choice.get("uses", {})
            assert choices.banned[at] == (choice["option"] in source.get("banned", {}).get(group["id"], ()))


@settings(FEW, max_examples=300)
@given(written(sound=False))
def test_what_a_look_at_each_thing_refuses_is_refused_in_the_same_words(source):
    text = json.dumps(source).encode()
    try:
        refuse(whole(text)[1])
        expected = None
    except ProblemError as error:
        expected = str(error)
    for given_ in (source, text):
        if expected is None:
            read(given_)
            continue
        with pytest.raises(ProblemError) as refused:
            read(given_)
        assert str(refused.value) == expected


def test_groups_beyond_what_is_held_at_once_read_the_same(monkeypatch):
    source = samples.retreat(scale=0.003)
    random.Random(1).shuffle(source["groups"])
    one = read(source)
    monkeypatch.setattr(columns, "AT_ONCE", 7)
    other = read(source)
    assert one.sha256 == other.sha256
    for name in ("group", "option", "rank", "heads", "weight"):
        assert np.array_equal(getattr(one.choices, name), getattr(other.choices, name))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"heads": 2**53}, "groups: the sum of heads could pass 2^63"),
        ({"cost": 2**53}, "options: the sum of all costs could pass 2^63"),
        ({"uses": {"r": 2**53}}, "resources: the sum of all uses could pass 2^63"),
    ],
)
def test_sums_that_pass_what_numbers_hold_are_refused_and_smaller_ones_are_not(keys, sentence):
    def source(groups: int) -> dict[str, Any]:
        choice = {"option": "o", "rank": 1} | keys
        return {
            "format": FORMAT,
            "resources": [{"id": "r", "capacity": 1}],
            "options": [{"id": "o"}],
            "groups": [{"id": f"g{n}", "choices": [choice]} for n in range(groups)],
        }

    with pytest.raises(ProblemError, match=sentence.replace("^", r"\^")):
        read(source(512))
    assert len(read(source(511)).groups.ids) == 511  # more than rounding trusts, counted exactly


def test_tagged_heads_beyond_what_numbers_hold_are_refused():
    groups = [{"id": f"g{n}", "tags": {"t": 2**53}, "choices": []} for n in range(512)]
    with pytest.raises(ProblemError, match="tagged heads"):
        read({"format": FORMAT, "options": [], "groups": groups})


def test_a_key_written_twice_is_read_as_json_readers_do():
    text = json.dumps(samples.plain(groups=2)).replace('"lot":', '"size": "x", "size": 1, "lot":').encode()
    assert read(text).groups.size.tolist() == [1, 1]


def test_the_groups_are_still_text_when_a_problem_is_opened():
    parts = opened(json.dumps(samples.plain(groups=3)).encode())
    assert isinstance(parts, Opened)
    assert parts.source.groups == []
    assert all(isinstance(group, msgspec.Raw) for group in parts.groups)
