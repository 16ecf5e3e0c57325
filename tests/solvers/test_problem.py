"""Reading: what is refused, in which words, and that the order of the input does not matter."""

import json
import random

import pytest

from solvers import samples
from solvers.outcome import Outcome
from solvers.problem import ProblemError, read
from solvers.source import FORMAT, canonical_text


def problem(**keys):
    start = {
        "format": FORMAT,
        "options": [{"id": "a", "capacity": 2}, {"id": "b", "capacity": 2}],
        "groups": [{"id": "g", "choices": [{"option": "a", "rank": 1}, {"option": "b", "rank": 2}]}],
    }
    return start | keys


def group(**keys):
    return {"id": "g", "choices": [{"option": "a", "rank": 1}]} | keys


REFUSED = [
    (
        {"groups": [group(choices=[{"option": "R99", "rank": 1}])]},
        'groups[0].choices[0].option: no option "R99"',
    ),
    ({"groups": [group(colour="red")]}, "groups[0]: object contains unknown field `colour`"),
    ({"groups": [group(), group()]}, 'groups[1].id: "g" stands at groups[0] already'),
    (
        {"groups": [group(choices=[{"option": "a", "rank": 1}, {"option": "a", "rank": 2}])]},
        "is listed twice",
    ),
    ({"groups": [group(lot=1), group(id="h", lot=1)]}, "groups[1].lot: 1 is the lot of groups[0] already"),
    ({"groups": [group(size=0)]}, "groups[0].size: expected `int` >= 1"),
    ({"groups": [group(size=1.5)]}, "groups[0].size"),
    ({"groups": [group(size=2**53 + 1)]}, "groups[0].size"),
    ({"groups": [group(size=3, piece=4)]}, "groups[0].piece"),
    ({"groups": [group(size=3, piece=1, weight=4)]}, "groups[0].weight"),
    (
        {"groups": [group(size=2, piece=1, choices=[{"option": "a", "rank": 1, "heads": 2}])]},
        "choices[0].heads",
    ),
    ({"groups": [group(people=["p", "p"])]}, "groups[0].people"),
    ({"groups": [group(weight=2**53, choices=[{"option": "a", "rank": 2**20}])]}, "could pass 2^63"),
    ({"pinned": {"g": "zz"}}, 'pinned.g: no option "zz"'),
    ({"pinned": {"h": "a"}}, 'pinned.h: no group "h"'),
    ({"groups": [group()], "pinned": {"g": "b"}}, 'pinned.g: "b" is no choice of the group'),
    ({"pinned": {"g": {"a": 1}}}, "stays whole"),
    ({"banned": {"g": ["zz"]}}, 'banned.g[0]: no option "zz"'),
    ({"resources": [{"id": "r", "capacity": 1, "spill": "q"}]}, 'resources[0].spill: no resource "q"'),
    ({"resources": [{"id": "r", "capacity": 1, "spill": "r"}]}, "spills in a circle"),
    ({"options": [{"id": "a", "uses": {"x": 1}}, {"id": "b"}]}, 'options[0].uses.x: no resource "x"'),
    ({"limits": [{"id": "l", "options": "*"}]}, "limits[0]: needs a minimum, a maximum or a share"),
    ({"limits": [{"id": "l", "options": ["zz"], "maximum": 1}]}, 'limits[0].options[0]: no option "zz"'),
    ({"limits": [{"id": "l", "options": "*", "share": [1, 2]}]}, "limits[0].share"),
    ({"apart": [["g", "h"]]}, 'apart[0][1]: no group "h"'),
    ({"clashes": [["a", "zz"]]}, 'clashes[0][1]: no option "zz"'),
    ({"objective": [{"stage": "cheapest"}]}, "objective[0].stage"),
    ({"objective": [{"stage": "lot"}, {"stage": "cost"}]}, "comes last"),
    ({"objective": [{"stage": "cost", "by": "tier"}]}, 'objective[0].by: a stage "cost" has no "by"'),
    ({"objective": [{"stage": "soft", "limits": ["l"]}]}, 'objective[0].limits[0]: no limit "l"'),
    ({"format": "another/1"}, "format"),
    ({"more": True}, "unknown field `more`"),
]


@pytest.mark.parametrize(("keys", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_nonsense_is_refused_with_a_sentence_that_names_the_place(keys, sentence):
    with pytest.raises(ProblemError) as refused:
        read(problem(**keys))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'"x"', b"\xff"])
def test_what_is_no_problem_is_refused(text):
    with pytest.raises(ProblemError):
        read(text)


def test_mapping_bytes_and_file_read_the_same(tmp_path):
    source = samples.camp(children=30)
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(source, indent=3))
    assert {read(source).sha256, read(json.dumps(source).encode()).sha256, read(path).sha256} == {
        read(source).sha256
    }


def test_the_order_of_lists_without_an_order_does_not_matter():
    source, draw = samples.contest(scale=0.01), random.Random(3)
    shuffled = json.loads(json.dumps(source))
    for key in ("options", "groups", "limits", "clashes"):
        draw.shuffle(shuffled[key])
    for each in shuffled["groups"]:
        draw.shuffle(each["choices"])
    one, other = read(source), read(shuffled)
    assert one.sha256 == other.sha256
    assert one.groups.ids == other.groups.ids
    assert one.choices.option.tolist() == other.choices.option.tolist()


def test_the_hash_adds_no_defaults_and_sees_every_value():
    assert read(problem()).sha256 != read(problem(name="")).sha256
    assert read(problem()).sha256 != read(problem(banned={"g": ["a"]})).sha256


def test_canonical_text_orders_keys_by_utf16_units():
    assert canonical_text({"\U0001f600": 1, "\ufb33": 2}) == '{"\U0001f600":1,"\ufb33":2}'.encode()
    assert (
        canonical_text({"b": [1, None, True], "a": '\u0001\n"é'})
        == '{"a":"\\u0001\\n\\"é","b":[1,null,true]}'.encode()
    )


def test_a_result_reads_back_as_it_was_written():
    from solvers.solve import solve

    outcome = solve(read(samples.camp(children=30, batches=2, seats=10)))
    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == Outcome.from_dict(
        outcome.to_dict()
    )
    with pytest.raises(ValueError, match="format"):
        Outcome.from_dict({"format": "another"})
    with pytest.raises(ValueError, match="cannot be read"):
        Outcome.from_dict({"format": outcome.to_dict()["format"]})


def test_objective_unfolds_by_tier_then_rank():
    source = samples.camp(children=30, batches=3, seats=10)
    names = [(s.stage, s.tier, s.rank) for s in read(source).stages]
    assert names[:5] == [
        ("placed", 1, None),
        ("placed", 2, None),
        ("placed", 3, None),
        ("rank", 1, 3),
        ("rank", 1, 2),
    ]
    assert names[-4:] == [
        ("soft", None, None),
        ("cost", None, None),
        ("changes", None, None),
        ("lot", None, None),
    ]
    source["objective"] = [{"stage": "rank", "as": "maximal"}, {"stage": "rank", "as": "worst", "tier": 2}]
    assert [(s.maximise, s.rank, s.measure) for s in read(source).stages] == [
        (True, 1, "at"),
        (True, 2, "at"),
        (True, 3, "at"),
        (False, None, "worst"),
    ]
