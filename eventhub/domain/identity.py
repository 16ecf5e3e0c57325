"""Names, numbers and addresses of people: what is well formed, how it is made uniform, how it is masked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from email_validator import EmailNotValidError, validate_email

from eventhub.domain.problems import Problem
from eventhub.domain.terms import Sex
from eventhub.i18n import N_

NAME_LIMIT = 50
OLDEST = 120
"""Years: nobody alive was born earlier."""
_PHONE_LENGTH = 11
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_MIDDLE_DOTS = str.maketrans(dict.fromkeys("•・.‧∙⋅", "·"))
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DEMO_AREAS = re.compile(r"6499(0[1-9]|[1-9]\d)")
MOBILE = re.compile(r"1[3-9]\d{9}")
_DEMO_MOBILE = re.compile(r"129\d{8}")


def clean_text(text: str) -> str:
    """Text in composed form without leading or trailing space.

    ValueError on control characters, line and paragraph separators, and direction overrides: they can only
    break a mail header or a calendar, or hide what is written.
    """
    text = unicodedata.normalize("NFC", text).strip()
    for character in text:
        if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} or character in _BIDI:
            message = "control character"
            raise ValueError(message)
    return text


def clean_name(name: str) -> str | Problem:
    """A person's name as it is kept, or what is wrong with it.

    Rare characters and the middle dot of Uyghur and Kazakh names are kept (its look-alikes made one); digits,
    emoji and control characters are refused.
    """
    try:
        name = clean_text(name)
    except ValueError:
        return Problem(
            "control_characters", N_("The name contains characters that cannot be printed. Type it again.")
        )
    name = re.sub(r"\s+", " ", name)
    if re.search(r"[一-鿿㐀-䶿].*[•・.‧∙⋅]|[•・.‧∙⋅].*[一-鿿㐀-䶿]", name):
        name = name.translate(_MIDDLE_DOTS)
    if not name:
        return Problem("missing", N_("Name: please fill this in."))
    if len(name) > NAME_LIMIT:
        return Problem("too_long", N_("Name: at most %(limit)s characters.", limit=NAME_LIMIT))
    if not all(character in " ·'’.-\"“”" or unicodedata.category(character)[0] in "LM" for character in name):
        return Problem(
            "name_letters", N_("Name: letters only, as on the identity card, without numbers or signs.")
        )
    return name


@dataclass(frozen=True)
class IdentityNumber:
    """A resident identity number that passed its check (GB 11643): what it says of its holder."""

    number: str
    birth_date: date
    sex: Sex


def read_identity_number(typed: str, *, on: date, demo_numbers: bool = False) -> IdentityNumber | Problem:
    """Check a resident identity number, or say what is wrong.

    Length, digits, a real birth date not after ``on`` nor 120 years before it, and the check digit of ISO 7064
    MOD 11-2. The area code is not judged: people born before a code existed may carry it. Residence permits of
    Hong Kong, Macao and Taiwan residents (81, 82, 83) follow the same rule. Numbers of the unassigned areas
    649901 to 649999 belong to nobody and pass only with ``demo_numbers``.
    """
    number = unicodedata.normalize("NFKC", typed).replace(" ", "").upper()
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return Problem(
            "identity_form", N_("Identity number: 18 characters, 17 digits and then a digit or X.")
        )
    check = _CHECK_DIGITS[
        sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11
    ]
    if check != number[17]:
        return Problem(
            "identity_check_digit",
            N_(
                "Identity number: the last character does not fit the others. Compare it with the card, digit by digit."
            ),
        )
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return Problem(
            "identity_birth_date", N_("Identity number: characters 7 to 14 are not a date of birth.")
        )
    if born > on or on.year - born.year > OLDEST:
        return Problem(
            "identity_birth_date", N_("Identity number: characters 7 to 14 are not a possible date of birth.")
        )
    if _DEMO_AREAS.match(number) and not demo_numbers:
        return Problem(
            "identity_demo", N_("Identity number: this is a number for demonstrations and belongs to nobody.")
        )
    return IdentityNumber(number, born, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def identity_check_digit(seventeen: str) -> str:
    """The last character for the first seventeen (for making demo numbers)."""
    return _CHECK_DIGITS[
        sum(int(digit) * weight for digit, weight in zip(seventeen, _WEIGHTS, strict=True)) % 11
    ]


def normal_phone(typed: str) -> str:
    """A mobile number as E.164 (+86 and eleven digits), or "" if it is none. 129... is for demonstrations."""
    digits = re.sub(r"[\s\-()（）]", "", unicodedata.normalize("NFKC", typed))
    digits = re.sub(r"^(\+?86|0086)(?=1\d{10}$)", "", digits)
    return f"+86{digits}" if MOBILE.fullmatch(digits) or _DEMO_MOBILE.fullmatch(digits) else ""


def dialled(phone: str) -> str:
    """A number as people here write and dial it: without the country's 86; another country's stays whole."""
    return phone.removeprefix("+86")


def mask_name(name: str) -> str:
    """A name with its middle starred: 张*三, 张*; enough to know one's own, not enough to be found."""
    if len(name) <= 1:
        return name or ""
    first, *middle, last = tuple(name)
    return first + "*" * len(middle) + last if middle else f"{first}*"


def told_apart(shown: Sequence[str], names: Sequence[str]) -> list[str]:
    """How people are called among each other: as ``shown``, and by their starred name where that would be two of them.

    Nobody is named in full who was not before. Whose starred names are equal too stay equal.
    """
    return [
        mask_name(name) if shown.count(called) > 1 else called
        for called, name in zip(shown, names, strict=True)
    ]


def mask_phone(phone: str) -> str:
    """A number with its middle starred: 138****8000; a short one shows its last two digits."""
    digits = dialled(phone)
    if len(digits) < _PHONE_LENGTH:
        return "*" * max(0, len(digits) - 2) + digits[-2:]
    return f"{digits[:3]}****{digits[-4:]}"


def mask_identity_number(number: str) -> str:
    """640***********1234."""
    return f"{number[:3]}{'*' * 11}{number[-4:]}"


def normal_email(typed: str) -> str:
    """A mail address as it is kept, or "" if it is none.

    Form only: whether it can be delivered to is not asked of the network, so that an outage closes no sign-up.
    Addresses outside ASCII are refused, since many mail servers cannot reach them.
    """
    try:
        checked = validate_email(typed.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return ""
    return checked.normalized
