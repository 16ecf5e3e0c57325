"""The draw: repeatable by anybody, steered by nobody, and the recipe in the documents is the one in the code."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers import draw
from solvers.__main__ import main

RECIPE = Path(__file__).parents[2] / "docs" / "drawing-lots.md"
RECEIPTS = ["A-001", "A-002", "A-003", "甲-004", "b 5"]
SEED = "2027-03-01 07 11 19 23 30 31 + 05"
LOTS = {"A-001": 1, "A-002": 2, "b 5": 3, "甲-004": 4, "A-003": 5}

receipts = st.lists(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1), min_size=1, unique=True
)


def test_the_vectors_of_the_recipe_hold():
    assert draw.lots(RECEIPTS, SEED) == LOTS
    assert draw.fingerprint(RECEIPTS) == "634c39aa0633cedc260d33f5a9108bd8d765a6665e5d4bb096aef35adb2846d0"
    assert draw.salted("RX7K2M", "2027 spring") == "1b0b751bea4f50130d3cfb1ea54130c2"
    told = RECIPE.read_text(encoding="utf-8")
    assert draw.fingerprint(RECEIPTS) in told
    assert ", ".join(f"{lot} `{receipt}`" for receipt, lot in LOTS.items()) in told
    assert draw.salted("RX7K2M", "2027 spring") in told


def test_a_stranger_repeats_the_draw_with_the_shell_of_the_recipe(tmp_path):
    script = re.search(r"```sh\n(.*?)```", RECIPE.read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "receipts.txt").write_text("".join(f"{one}\n" for one in RECEIPTS), encoding="utf-8")
    told = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = (line.split("\t") for line in told.stdout.splitlines())
    assert {receipt: int(lot) for lot, receipt in lines} == LOTS


@given(receipts, st.data())
def test_neither_the_order_of_the_list_nor_who_leaves_it_changes_the_order_of_the_others(listed, data):
    whole = list(draw.lots(listed, "seed"))
    assert list(draw.lots(data.draw(st.permutations(listed)), " seed ")) == whole
    assert draw.fingerprint(sorted(listed)) == draw.fingerprint(listed)
    gone = data.draw(st.sampled_from(listed))
    stayed = [one for one in listed if one != gone]
    if stayed:
        assert list(draw.lots(stayed, "seed")) == [one for one in whole if one != gone]


def test_another_seed_gives_another_order():
    many = [f"r{number}" for number in range(50)]
    assert list(draw.lots(many, "one")) != list(draw.lots(many, "two"))


@pytest.mark.parametrize(
    ("listed", "seed", "told"),
    [
        ([], "s", "no receipt"),
        (["a"], "  ", "seed is empty"),
        (["a", "b", "a"], "s", 'receipt 3: "a" is receipt 1 already'),
        (["a", " b"], "s", "receipt 2"),
        (["a\nb"], "s", "receipt 1"),
        ([""], "s", "receipt 1"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused_in_a_sentence(listed, seed, told):
    with pytest.raises(draw.DrawError, match=re.escape(told)):
        draw.lots(listed, seed)


def test_the_command_prints_lots_and_the_digest_of_the_list(tmp_path, capsys):
    path = tmp_path / "receipts.txt"
    path.write_text("\ufeffA-003\r\n\r\n甲-004\r\nA-001\r\nb 5\r\nA-002", encoding="utf-8")
    assert main(["draw", str(path), "--seed", SEED]) == 0
    told = capsys.readouterr()
    assert told.out == "".join(f"{lot}\t{receipt}\n" for receipt, lot in LOTS.items())
    assert draw.fingerprint(RECEIPTS) in told.err
    assert main(["draw", str(path), "--seed", " "]) == 2
    assert main(["draw", str(tmp_path / "none.txt"), "--seed", "s"]) == 2
    path.write_bytes(b"\xff\xfe\x00")
    assert main(["draw", str(path), "--seed", "s"]) == 2
    assert "receipts.txt" in capsys.readouterr().err
