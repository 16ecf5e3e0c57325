"""Names, identity numbers, telephones and addresses: what passes, what is refused, what is shown."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eventhub.domain.identity import (
    IdentityNumber,
    clean_name,
    clean_text,
    identity_check_digit,
    mask_identity_number,
    mask_name,
    mask_phone,
    normal_email,
    normal_phone,
    read_identity_number,
)
from eventhub.domain.problems import Problem
from eventhub.domain.terms import Sex

TODAY = date(2026, 11, 23)


def _number(area: str, born: str, order: str = "001") -> str:
    body = f"{area}{born}{order}"
    return body + identity_check_digit(body)


def _code(typed: str, **told: bool) -> str | None:
    read = read_identity_number(typed, on=TODAY, **told)
    return read.code if isinstance(read, Problem) else None


# -- Identity numbers --------------------------------------------------------------------------------


def test_a_number_says_when_its_holder_was_born_and_of_which_sex():
    read = read_identity_number("11010519491231002X", on=TODAY)
    assert read == IdentityNumber("11010519491231002X", date(1949, 12, 31), Sex.FEMALE)


@pytest.mark.parametrize(
    "typed", ["11010519491231002x", " 110105 19491231 002x ", "１１０１０５１９４９１２３１００２Ｘ"]
)
def test_small_letters_spaces_and_full_width_digits_are_made_uniform(typed):
    read = read_identity_number(typed, on=TODAY)
    assert isinstance(read, IdentityNumber)
    assert read.number == "11010519491231002X"


@pytest.mark.parametrize(
    "area", ["642221", "640303", "640402", "640302", "640104", "640199", "810000", "830000"]
)
def test_the_area_is_not_judged_for_codes_may_be_older_or_newer_than_their_holder(area):
    for born in ("19750101", "19950101"):
        assert _code(_number(area, born)) is None


def test_a_wrong_check_digit_is_refused():
    assert _code("110105194912310021") == "identity_check_digit"


@given(st.dates(date(1930, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_anywhere_is_always_noticed(born, order, place, add):
    number = _number("640104", f"{born:%Y%m%d}", f"{order:03}")
    changed = str((int(number[place]) + add) % 10)
    assert _code(number[:place] + changed + number[place + 1 :]) is not None


@given(st.dates(date(1930, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 16))
def test_two_neighbours_swapped_are_always_noticed(born, order, place):
    number = _number("640104", f"{born:%Y%m%d}", f"{order:03}")
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert _code(swapped) is not None


@pytest.mark.parametrize(
    "typed", ["", "640104", "64010419900101001", "6401041990010100123", "64010419900101OO1X", "abc"]
)
def test_another_length_or_other_signs_are_refused(typed):
    assert _code(typed) == "identity_form"


@pytest.mark.parametrize("born", ["20260230", "19901301", "20261124", "20300101", "19051231"])
def test_a_birth_date_that_cannot_be_is_refused(born):
    assert _code(_number("640104", born)) == "identity_birth_date"


def test_today_is_a_possible_birth_date():
    assert _code(_number("640104", "20261123")) is None


def test_numbers_that_belong_to_nobody_pass_in_demonstrations_only():
    assert _code("649901198506121117") == "identity_demo"
    assert _code("649901198506121117", demo_numbers=True) is None
    assert _code("64990119900101103X", demo_numbers=True) is None
    assert _code(_number("649900", "19900101")) is None


# -- Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("马兰", "马兰"),
        ("  马兰 ", "马兰"),
        ("买买提•艾合买提", "买买提·艾合买提"),
        ("买买提．艾合买提".replace("．", "・"), "买买提·艾合买提"),
        ("Aliya  O'Brien-Khan", "Aliya O'Brien-Khan"),
        ("㛃䶮", "㛃䶮"),
        ("𠀀一", "𠀀一"),
        ("e\u0301va", "éva"),
        ('Anna "Anni" Ma', 'Anna "Anni" Ma'),
    ],
)
def test_names_are_kept_as_people_write_them(typed, kept):
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("马\r\nBcc: x@y", "control_characters"),
        ("马\u202e兰", "control_characters"),
        ("马\x00", "control_characters"),
        ("马\u2028兰", "control_characters"),
        ("马兰😀", "name_letters"),
        ("马兰1", "name_letters"),
        ("马兰<b>", "name_letters"),
        ("马" * 51, "too_long"),
    ],
)
def test_what_is_no_name_is_refused(typed, code):
    refused = clean_name(typed)
    assert isinstance(refused, Problem)
    assert refused.code == code


def test_fifty_characters_are_a_name():
    assert clean_name("马" * 50) == "马" * 50


@given(st.text())
def test_a_name_that_passed_can_break_no_line(typed):
    kept = clean_name(typed)
    if isinstance(kept, str):
        assert kept
        assert clean_name(kept) == kept
        assert not any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in kept)


@given(st.text())
def test_clean_text_is_composed_trimmed_and_clean_again(typed):
    try:
        kept = clean_text(typed)
    except ValueError:
        return
    assert clean_text(kept) == kept
    assert kept == kept.strip()
    assert unicodedata.is_normalized("NFC", kept)


# -- Telephones and addresses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "13800000000",
        "138 0000 0000",
        "138-0000-0000",
        "+86 13800000000",
        "008613800000000",
        "１３８００００００００",
        "8613800000000",
    ],
)
def test_a_mobile_number_is_kept_in_one_form(typed):
    assert normal_phone(typed) == "+8613800000000"


@pytest.mark.parametrize(
    "typed",
    ["", "0951-1234567", "1380000000", "138000000000", "12800000000", "4001234567", "abc", "+1 2025550123"],
)
def test_what_is_no_mobile_number_is_none(typed):
    assert normal_phone(typed) == ""


def test_numbers_for_demonstrations_pass():
    assert normal_phone("12900000001") == "+8612900000001"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ma@mail.example", "ma@mail.example"),
        (" ma@MAIL.example ", "ma@mail.example"),
        ("马@邮件.example", ""),
        ("ma@", ""),
        ("a@b.example\nBcc: c@d.example", ""),
    ],
)
def test_an_address_is_plain_or_none(typed, kept):
    assert normal_email(typed) == kept


# -- Masks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳小兰", "欧**兰"),
        ("买买提·艾合买提", "买******提"),
        ("马", "马"),
        ("", ""),
    ],
)
def test_a_masked_name_is_enough_to_know_ones_own(name, shown):
    assert mask_name(name) == shown


def test_telephones_and_numbers_keep_their_ends():
    assert mask_phone("+8613812348000") == "138****8000"
    assert mask_phone("1380") == "**80"
    assert mask_phone("+8609516012345") == "095****2345"
    assert mask_phone("") == ""
    assert mask_identity_number("64990119900101103X") == "649***********103X"


@given(st.text(st.characters(categories=["Lo"]), min_size=2, max_size=10))
def test_a_mask_never_shows_the_whole_name(name):
    assert mask_name(name) != name
