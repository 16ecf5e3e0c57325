"""The synthetic people of the demonstration: told apart, repeatable, and nobody real."""

from __future__ import annotations

from datetime import date
from random import Random

from eventhub.demo.people import People, identity_number
from eventhub.domain.facts import PersonDraft
from eventhub.domain.identity import IdentityNumber, clean_name, read_identity_number
from eventhub.domain.problems import Problem
from eventhub.domain.terms import Sex


def some(count: int, *, seed: int = 1, unit: str = "u0001") -> list[PersonDraft]:
    people = People((), Random(seed), first=0)
    return [people.person(organisation=unit, born=(1970, 2000)) for _number in range(count)]


def test_the_same_seed_makes_the_same_people():
    assert some(50) == some(50)
    assert some(50) != some(50, seed=2)


def test_in_a_unit_nobody_bears_the_name_of_another():
    people = some(800)
    assert len({person.name for person in people}) == 800
    assert len({person.phone for person in people}) == 800


def test_names_are_such_as_forms_take():
    assert all(clean_name(person.name) == person.name for person in some(300))


def test_an_identity_number_fits_its_holder_and_counts_in_demonstrations_only():
    for order, person in enumerate(some(60)):
        number = identity_number(person, order)
        read = read_identity_number(number, on=date(2026, 11, 23), demo_numbers=True)
        assert isinstance(read, IdentityNumber)
        assert (read.birth_date, read.sex) == (person.birth_date, person.sex)
        refused = read_identity_number(number, on=date(2026, 11, 23))
        assert isinstance(refused, Problem)
        assert refused.code == "identity_demo"


def test_two_born_on_one_day_have_two_numbers():
    person = PersonDraft("马宁", date(1985, 6, 12), Sex.FEMALE)
    numbers = {identity_number(person, order) for order in range(2000)}
    assert len(numbers) == 2000
