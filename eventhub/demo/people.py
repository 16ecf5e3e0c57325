"""Synthetic people: local surnames, neutral given names, numbers and addresses that belong to nobody."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from random import Random

from eventhub.domain.facts import OrganisationFacts, PersonDraft
from eventhub.domain.identity import identity_check_digit
from eventhub.domain.terms import Sex

MAIL_DOMAIN = "mail.example"
"""A name nobody can register (RFC 2606): what is written to it stays in the instance folder."""
WITH_ADDRESS = 0.85
"""So many of ten thousand people, as a share, have an e-mail address."""

_SURNAMES = (
    *[
        ("马", 18),
        ("王", 9),
        ("李", 8),
        ("张", 8),
        ("杨", 7),
        ("丁", 4),
        ("白", 4),
        ("金", 3),
        ("海", 2),
        ("哈", 2),
    ],
    *[
        ("纳", 2),
        ("撒", 1),
        ("妥", 1),
        ("冶", 1),
        ("刘", 6),
        ("陈", 4),
        ("赵", 4),
        ("周", 3),
        ("吴", 3),
        ("田", 3),
    ],
    *[
        ("罗", 3),
        ("何", 2),
        ("高", 2),
        ("郭", 2),
        ("苏", 2),
        ("买", 2),
        ("虎", 1),
        ("拓", 1),
        ("单", 1),
        ("朱", 2),
    ],
)
_GIVEN = tuple(
    "晨宁安文立明远青禾川平和清林岩溪舟乐思言知新嘉若云向致恒元景亦书可同予泽晓星望之一方原芷朗松微澄"
)
_SHARES = tuple(accumulate(weight for _surname, weight in _SURNAMES))


class People:
    """Makes somebody new at each asking; the same seed makes the same people in the same order.

    Within a unit no two people bear one name, unless the story wants it so.
    """

    def __init__(self, organisations: Sequence[OrganisationFacts], random: Random, *, first: int) -> None:
        """``first`` keeps the telephones and addresses of one programme's people apart from another's."""
        self.organisations = organisations
        self._random = random
        self._told = first
        self._names: defaultdict[str, set[str]] = defaultdict(set)

    def person(
        self, *, organisation: str, born: tuple[int, int], sex: Sex | None = None, surname: str = ""
    ) -> PersonDraft:
        """Somebody in a unit, born in one of these years, with a telephone and mostly an address."""
        self._told += 1
        sex = sex or self._random.choice((Sex.FEMALE, Sex.MALE))
        birth_date = self._birthday(born)
        has_address = self._random.random() < WITH_ADDRESS
        return PersonDraft(
            name=self._name(organisation, surname),
            birth_date=birth_date,
            sex=sex,
            organisation=organisation,
            phone=f"129{self._told:08d}",
            email=f"p{self._told:07d}@{MAIL_DOMAIN}" if has_address else "",
        )

    def _birthday(self, born: tuple[int, int]) -> date:
        year, month = self._random.randint(*born), self._random.randint(1, 12)
        last = 28 if month == 2 else monthrange(year, month)[1]  # noqa: PLR2004 - February, without its rare day
        return date(year, month, self._random.randint(1, last))

    def _name(self, organisation: str, surname: str) -> str:
        while True:
            drawn = surname or self._random.choices(_SURNAMES, cum_weights=_SHARES)[0][0]
            given = self._random.sample(_GIVEN, 1 if self._random.random() < 0.3 else 2)  # noqa: PLR2004 - three in ten
            name = drawn + "".join(given)
            if name not in self._names[organisation]:
                self._names[organisation].add(name)
                return name


def identity_number(person: PersonDraft, order: int) -> str:
    """A number of an area that was never given to a place, with a right check digit; ``order`` tells people apart."""
    if person.birth_date is None:
        raise ValueError("An identity number says when its holder was born.")
    area = 649901 + order // 500 % 99
    serial = order % 500 * 2 + (person.sex is Sex.MALE)
    seventeen = f"{area}{person.birth_date:%Y%m%d}{serial:03d}"
    return seventeen + identity_check_digit(seventeen)
