"""Dates, hours, money and numbers read as people here write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from markupsafe import Markup

from eventhub.domain.terms import WORDS, Phase
from eventhub.i18n import use_locale
from eventhub.web import formats

BOTH = pytest.mark.parametrize


def said(locale: str, value: object) -> str:
    with use_locale(locale):
        return str(value() if callable(value) else value)


@BOTH(
    ("starts", "ends", "zh", "en"),
    [
        (
            date(2026, 7, 6),
            date(2026, 7, 11),
            "2026年7月6日 周一 - 7月11日 周六（5晚）",
            "Mon 6 - Sat 11 July 2026 (5 nights)",
        ),
        (date(2026, 7, 6), None, "2026年7月6日 周一", "Mon 6 July 2026"),
        (
            date(2026, 12, 31),
            date(2027, 1, 1),
            "2026年12月31日 周四 - 2027年1月1日 周五（1晚）",
            "Thu 31 December 2026 - Fri 1 January 2027 (1 night)",
        ),
        (
            datetime(2026, 7, 6, 0, 30, tzinfo=UTC),
            datetime(2026, 7, 6, 3, 0, tzinfo=UTC),
            "2026年7月6日 周一 08:30-11:00",
            "Mon 6 July 2026, 08:30-11:00",
        ),
    ],
)
def test_days_from_first_to_last(starts: date, ends: date | None, zh: str, en: str):
    assert said("zh", lambda: formats.date_range(starts, ends)) == zh
    assert said("en", lambda: formats.date_range(starts, ends)) == en


def test_a_moment_is_told_by_the_clocks_of_china():
    late = datetime(2026, 7, 5, 16, 5, tzinfo=UTC)
    assert said("zh", lambda: formats.moment(late)) == "2026年7月6日 周一 00:05"
    assert said("en", lambda: formats.moment(late)) == "Mon 6 July 2026, 00:05"
    assert said("zh", lambda: formats.day(late)) == "2026年7月6日 周一"


@BOTH(
    ("fen", "zh", "en"),
    [
        (50_000, "500元", "CNY 500"),
        (128_000, "1,280元", "CNY 1,280"),
        (50_005, "500.05元", "CNY 500.05"),
        (0, "0元", "CNY 0"),
        (-50_000, "-500元", "-CNY 500"),
    ],
)
def test_money_is_told_in_yuan(fen: int, zh: str, en: str):
    # With a thin gap before 元 or without: that is the catalogue's to say.
    assert said("zh", lambda: formats.money(fen)).replace(" ", "") == zh
    assert said("en", lambda: formats.money(fen)) == en


def test_things_in_a_row_are_parted_as_the_reader_writes():
    with use_locale("zh"):
        assert formats.listed((1, 2)) == "1、2"
    with use_locale("en"):
        assert formats.listed((1, 2)) == "1, 2"


@BOTH(
    ("label", "heading"),
    [("departure", "Departure"), ("beds", "Beds"), ("床位", "床位"), ("XLSX", "XLSX"), ("", "")],
)
def test_a_word_of_a_kind_opens_a_heading_with_a_capital(label: str, heading: str):
    assert formats.headed(label) == heading


def test_no_page_parts_a_list_by_signs_of_its_own():
    root = Path(__file__).parents[2]
    files = [*root.glob("templates/**/*.html"), *root.glob("templates/**/*.txt")]
    files += [
        each for name in ("web", "services", "queries") for each in root.glob(f"eventhub/{name}/**/*.py")
    ]
    own = re.compile(r"""join\((?:", "|', '|"、"|'、'|_\(", "\))|"、"\.join""")
    assert files
    assert not [str(each) for each in files if own.search(each.read_text(encoding="utf-8"))]


def test_numbers_have_their_thousands_set_apart():
    for locale in ("zh", "en"):
        assert said(locale, lambda: formats.number(104_960)) == "104,960"


def test_every_term_has_its_word_in_both_languages():
    assert said("zh", formats.word(Phase.OPEN)) == "报名中"
    assert said("en", formats.word(Phase.OPEN)) == "Open for sign-up"
    terms = [kind(member) for kind, member in WORDS]
    assert len(terms) > 40
    assert [term for term in terms if said("zh", formats.word(term)) == said("en", formats.word(term))] == []


def test_masks_keep_what_tells_people_apart_and_no_more():
    assert formats.GLOBALS["mask_name"]("张建三") == "张*三"
    assert formats.GLOBALS["mask_phone"]("+8613812348000") == "138****8000"
    assert formats.GLOBALS["mask_identity_number"]("640102201403021234") == "640***********1234"


@BOTH(
    ("text", "whole"),
    [
        ("2027年“阳光少年”夏令营", ["2027年", "“阳光少年”"]),
        ("将于2027年2月13日 周六 18:00前公布", ["2027年2月13日 周六 18:00"]),
        ("2026年7月6日 周一 - 7月11日 周六（5晚）", ["2026年7月6日 周一", "7月11日 周六"]),
        ("Mon 6 - Sat 11 July 2026 (5 nights)", ["Mon 6", "Sat 11 July 2026"]),
        ("“一个很长很长很长很长很长的名字，长过一行”", []),
        ("", []),
    ],
)
def test_dates_and_quoted_names_stay_on_one_line(text: str, whole: list[str]):
    page = BeautifulSoup(formats.kept(text), "html.parser")
    assert [part.text for part in page.select("span.eh-nowrap")] == whole
    assert page.text == text


def test_what_was_typed_stays_text_when_it_is_kept_together():
    assert formats.kept("<b>2027年</b> & “<i>”") == (
        '&lt;b&gt;<span class="eh-nowrap">2027年</span>&lt;/b&gt; &amp; '
        '<span class="eh-nowrap">“&lt;i&gt;”</span>'
    )
    made = Markup("<b>2027年</b>")
    assert formats.kept(made) == made
