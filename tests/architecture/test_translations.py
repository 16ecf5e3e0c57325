"""Every word for people has its Chinese, and both say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None}


def words_of_the_source() -> Catalog:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog()
    for _, _, text, _, _ in extract_from_dir(ROOT, methods, options, KEYWORDS):
        found.add(text)
    return found


def catalogues() -> Iterator[Path]:
    """The house's Chinese, and whatever a kind brings of its own."""
    yield from sorted((ROOT / "eventhub").glob("**/translations/zh/LC_MESSAGES/messages.po"))


def read(file: Path) -> Catalog:
    return read_po(BytesIO(file.read_bytes()), locale="zh_Hans_CN", abort_invalid=True)


def forms(text: object) -> list[str]:
    return [str(form) for form in (text if isinstance(text, tuple | list) else (text,)) if form]


@pytest.fixture(scope="module")
def translated() -> dict[str, Message]:
    messages = (message for file in catalogues() for message in read(file) if message.id)
    return {forms(message.id)[0]: message for message in messages if forms(message.string)}


def test_every_word_for_people_has_its_chinese(translated: dict[str, Message]):
    source = [forms(message.id)[0] for message in words_of_the_source() if message.id]
    assert source
    assert [msgid for msgid in source if msgid not in translated] == []


def test_no_translation_is_a_mere_guess(translated: dict[str, Message]):
    assert [msgid for msgid, message in translated.items() if message.fuzzy] == []


def test_both_languages_name_the_same_values(translated: dict[str, Message]):
    """A placeholder that only one of them has would be an error, or a value left unsaid, in the other."""
    assert translated
    differ = [
        msgid
        for msgid, message in translated.items()
        for form in forms(message.string)
        if set(PLACEHOLDER.findall(form)) != set(PLACEHOLDER.findall(" ".join(forms(message.id))))
    ]
    assert differ == []


def test_chinese_is_set_with_chinese_punctuation(translated: dict[str, Message]):
    half_width = re.compile(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]")
    slips = [
        form for message in translated.values() for form in forms(message.string) if half_width.search(form)
    ]
    assert slips == []
