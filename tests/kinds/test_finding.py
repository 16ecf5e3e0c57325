"""Kinds are found by their folders; what is no kind stops the start with a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from eventhub import kinds
from eventhub.i18n import use_locale
from eventhub.kinds import Kind, KindError
from tests.kinds.conftest import kinds_also_in
from tests.kinds.stories import batch, programme

HOUSE = {"camp", "contest", "retreat"}


def test_the_house_has_three_kinds_in_the_order_of_their_keys():
    home = Path(kinds.__file__).parent
    assert [key for key, kind in kinds.every().items() if kind.folder.parent == home] == sorted(HOUSE)
    assert list(kinds.every()) == sorted(kinds.every())


def test_a_kind_in_another_folder_is_found_with_its_own_words(checkup: Kind):
    assert {*HOUSE, "checkup"} <= set(kinds.every())
    assert kinds.named("checkup") is checkup
    with use_locale("zh"):
        assert str(checkup.words.kind) == "健康体检"


def test_it_is_forgotten_when_its_folder_is(tmp_path: Path):
    from tests.kinds.conftest import CHECKUP_FOLDER

    elsewhere = tmp_path / "elsewhere"
    copytree(CHECKUP_FOLDER / "checkup", elsewhere / "other")
    made = elsewhere / "other" / "__init__.py"
    made.write_text(
        made.read_text(encoding="utf-8").replace('key="checkup"', 'key="other"'), encoding="utf-8"
    )
    before = set(kinds.every())
    with kinds_also_in(CHECKUP_FOLDER), kinds_also_in(elsewhere):
        assert "other" in kinds.every()
    assert set(kinds.every()) == before


def test_a_programme_whose_kind_is_gone_is_told_so():
    with pytest.raises(KindError, match="There is no kind 'regatta'"):
        kinds.named("regatta")


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path):
    with pytest.raises(KindError, match="which is no folder"):
        kinds.look_also_in([tmp_path / "missing"])


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "The folder 'regatta' among the kinds offers no KIND."),
        ("KIND = 'regatta'", "The folder 'regatta' among the kinds offers no KIND."),
        (
            "from eventhub import kinds\nKIND = kinds.every.__wrapped__ and kinds.importlib.import_module('eventhub.kinds.camp').KIND",
            "The kind in the folder 'regatta' calls itself 'camp'; both must be the same.",
        ),
    ],
)
def test_a_folder_that_is_no_kind_stops_the_start(tmp_path: Path, source: str, sentence: str):
    (tmp_path / "regatta").mkdir()
    (tmp_path / "regatta" / "__init__.py").write_text(source, encoding="utf-8")
    with kinds_also_in(tmp_path), pytest.raises(KindError) as refused:
        kinds.every()
    assert str(refused.value) == sentence


def test_a_folder_named_twice_is_looked_into_once():
    from tests.kinds.conftest import CHECKUP_FOLDER

    with kinds_also_in(CHECKUP_FOLDER):
        kinds.look_also_in([CHECKUP_FOLDER])
        assert list(kinds.__path__).count(str(CHECKUP_FOLDER)) == 1


def test_a_kind_without_aims_leaves_them_to_the_format():
    plain = replace(kinds.named("camp"), objective=lambda _: [])
    camp = programme("camp", [batch("B1")])
    assert "objective" not in plain.frame(camp, [])
