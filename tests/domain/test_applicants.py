"""Those of an application as the rules see people; who counts as young on the day of collection."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from eventhub.domain.applicants import OWN_CONSENT_AGE, anyone_under, collected_on, person_of
from eventhub.domain.facts import Applicant, Application, Person, PersonDraft
from eventhub.domain.meals import halal_missing, meals_consent
from eventhub.domain.terms import Sex
from tests.kinds.stories import application, batch, person, programme

CAMP = programme("camp", [batch("B1")])


def test_a_known_person_is_itself():
    known = person("a")
    assert person_of(Applicant(person=known, draft=PersonDraft("other"))) is known


def test_somebody_just_typed_in_is_what_was_typed():
    draft = PersonDraft("马小", date(2014, 1, 1), Sex.MALE, organisation="u1", claims=("hardship",))
    assert person_of(Applicant(draft=draft)) == Person(
        "", "马小", date(2014, 1, 1), Sex.MALE, ("u1",), claims=frozenset({"hardship"})
    )
    assert person_of(Applicant()) == Person("", "")


def test_the_day_of_collection_is_the_one_told_or_the_first_possible():
    assert collected_on(CAMP, application(CAMP, person("a"), on=date(2026, 5, 9))) == date(2026, 5, 9)
    assert collected_on(CAMP, application(CAMP, person("a"))) == date(2026, 5, 4)


def test_the_first_possible_day_is_the_one_where_people_read_it():
    late = programme("camp", [], opens_at=datetime(2026, 5, 4, 17, tzinfo=UTC))
    assert collected_on(late, application(late)) == date(2026, 5, 5)
    assert collected_on(programme("camp", [], opens_at=None), application(late)) is None


@pytest.mark.parametrize(
    ("born", "young"), [(date(2012, 5, 9), False), (date(2012, 5, 10), True), (None, True)]
)
def test_the_birthday_itself_ends_being_under_fourteen_and_the_unknown_count_as_young(born, young):
    told = application(CAMP, person("a", born=born), on=date(2026, 5, 9))
    assert anyone_under(OWN_CONSENT_AGE, CAMP, told) is young


def test_where_no_day_is_known_everybody_counts_as_young():
    undated = programme("camp", [], opens_at=None)
    assert anyone_under(14, undated, application(undated, person("a", born=date(1960, 1, 1))))


def test_a_host_that_says_nothing_can_cook_halal():
    assert not halal_missing(batch("B1", details={}), {"meals": "halal"})
    assert halal_missing(batch("B1", details={"halal": False}), {"meals": "halal"})
    assert not halal_missing(batch("B1", details={"halal": False}), {})


@pytest.mark.parametrize(("wish", "asked"), [(None, 0), ("ordinary", 0), ("halal", 1), ("vegetarian", 1)])
def test_only_a_wish_needs_a_tick(wish, asked):
    told = Application("camp", (Applicant(person=person("a"), answers={"meals": wish} if wish else {}),))
    assert len(list(meals_consent(told))) == asked
