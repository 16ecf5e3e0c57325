"""What programmes and people know of themselves."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.domain.facts import Actor, Applicant, Person, PersonDraft
from eventhub.domain.terms import PartyRole, Role
from eventhub.i18n import Bilingual
from tests.kinds.stories import batch, heat, party, person, programme


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2016, 7, 13), date(2026, 7, 12), 9),
        (date(2016, 7, 13), date(2026, 7, 13), 10),
        (date(2016, 2, 29), date(2026, 2, 28), 9),
        (date(2016, 2, 29), date(2026, 3, 1), 10),
        (date(2016, 2, 29), date(2028, 2, 29), 12),
        (date(2026, 7, 13), date(2026, 7, 13), 0),
    ],
)
def test_a_birthday_counts_from_its_own_day_on(born, day, age):
    assert Person("p", "马兰", born).age_on(day) == age


def test_the_age_of_somebody_without_a_birth_date_is_unknown():
    assert Person("p", "马兰").age_on(date(2026, 1, 1)) is None


@given(st.dates(date(1950, 1, 1), date(2010, 1, 1)), st.dates(date(2010, 1, 1), date(2040, 1, 1)))
def test_ages_rise_by_one_a_year(born, day):
    who = Person("p", "马兰", born)
    try:
        next_year = day.replace(year=day.year + 1)
    except ValueError:
        next_year = date(day.year + 1, 3, 1)
    assert who.age_on(next_year) - who.age_on(day) in {0, 1}
    assert who.age_on(day) >= 0


def test_ones_own_unit_is_the_last_of_the_path():
    assert person("a", organisations=("640000", "640100", "u1")).unit == "u1"
    assert person("a", organisations=()).unit == ""


def test_options_are_found_by_code_and_by_item():
    contest = programme("contest", [heat("A1", "C01"), heat("B1", "C02"), heat("A2", "C01")])
    assert contest.option("A2").item == "C01"
    assert [option.code for option in contest.options_of("C01")] == ["A1", "A2"]
    assert contest.items == (("C01", Bilingual("C01赛", "Item C01")), ("C02", Bilingual("C02赛", "Item C02")))
    with pytest.raises(KeyError):
        contest.option("X")


def test_a_programme_runs_from_its_first_option_to_its_last():
    camp = programme("camp", [batch("B2", date(2026, 8, 3)), batch("B1", date(2026, 7, 13))])
    assert (camp.first_day, camp.last_day) == (date(2026, 7, 13), date(2026, 8, 8))
    assert programme("camp", []).first_day is None


def test_a_party_tells_participants_from_companions():
    family = party(person("a"), ranking=["D1"], companions=[person("b")])
    assert [member.person.code for member in family.participants] == ["a"]
    assert [each.code for each in family.people] == ["a", "b"]
    assert family.size == 2
    assert family.members[1].role is PartyRole.COMPANION


def test_an_applicant_is_called_by_name_known_or_typed():
    assert Applicant(person=person("a", name="马兰")).name == "马兰"
    assert Applicant(draft=PersonDraft("马小")).name == "马小"
    assert Applicant().name == ""


def test_an_actor_has_the_roles_given_and_no_other():
    officer = Actor(1, "杨老师", frozenset({Role.OFFICER}))
    assert officer.is_a(Role.OFFICER)
    assert not officer.is_a(Role.ORGANISER)
