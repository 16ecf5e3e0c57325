"""What every kind promises, asked of every folder found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from functools import cache
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from eventhub import kinds
from eventhub.demo.people import People
from eventhub.demo.units import tree
from eventhub.domain.calendar_entry import CalendarEntry
from eventhub.domain.facts import (
    Application,
    PartyFacts,
    Person,
    ProgrammeFacts,
    RegistrationFacts,
    SeatFacts,
)
from eventhub.domain.identity import mask_name
from eventhub.domain.particulars import Particular
from eventhub.domain.questions import Answer, Question, answers
from eventhub.domain.terms import PartyRole, RegistrationState, Sex
from eventhub.i18n import Text, use_locale
from eventhub.kinds import Kind, SettingField, Words
from solvers.audit import audit
from solvers.problem import read
from solvers.solve import solve

TODAY = date(2026, 11, 23)
SCALE = 0.005
CJK = re.compile(r"[一-鿿]")


@dataclass(frozen=True)
class Story:
    """A kind's own demonstration as the allocation would see it."""

    programme: ProgrammeFacts
    applications: tuple[Application, ...]
    parties: tuple[PartyFacts, ...]
    names: frozenset[str]
    problem: dict[str, Any]


@cache
def story(key: str) -> Story:
    """The demonstration at small scale, its people registered as they signed up."""
    kind = kinds.named(key)
    assert kind.demo is not None, f"the kind {key!r} has no demonstration"
    programme = kind.demo.programme(SCALE, TODAY)
    units = {unit.facts.code: unit.facts for unit in tree(SCALE)}
    known: dict[tuple[Any, ...], Person] = {}
    parties, applications = [], []
    for sign_up in kind.demo.sign_ups(
        programme, People(tuple(units.values()), Random(1), first=1), SCALE, Random(2)
    ):
        members = []
        for applicant in sign_up.application.applicants:
            draft = applicant.draft
            assert draft is not None
            unit = units[draft.organisation]
            mark = (draft.name, draft.birth_date, draft.organisation)
            known.setdefault(
                mark,
                Person(
                    code=f"person{len(known):04}",
                    name=draft.name,
                    birth_date=draft.birth_date,
                    sex=draft.sex,
                    organisations=unit.path,
                    place_code=unit.place_code,
                    claims=frozenset(draft.claims),
                    history=sign_up.history.get(draft.name, ()),
                ),
            )
            members.append(
                RegistrationFacts(
                    f"R{len(parties):04}.{len(members)}",
                    known[mark],
                    applicant.role,
                    RegistrationState.SUBMITTED,
                    applicant.answers,
                )
            )
        asked = sign_up.application
        applicants = zip(asked.applicants, members, strict=True)
        applications.append(
            replace(
                asked, applicants=tuple(replace(each, person=member.person) for each, member in applicants)
            )
        )
        parties.append(
            PartyFacts(
                f"party{len(parties):04}",
                tuple(members),
                asked.ranking,
                asked.item,
                asked.flexible,
                asked.answers,
            )
        )
    lots = Random(3).sample(range(1, len(parties) + 1), len(parties))
    drawn = tuple(replace(party, lot=lot) for party, lot in zip(parties, lots, strict=True))
    names = frozenset(person.name for person in known.values())
    return Story(programme, tuple(applications), drawn, names, kind.frame(programme, drawn))


def said_in_both(text: Any) -> tuple[str, str]:
    with use_locale("zh"):
        chinese = str(text)
    with use_locale("en"):
        return chinese, str(text)


def assert_in_both_languages(text: Any) -> None:
    chinese, english = said_in_both(text)
    assert english.strip()
    assert CJK.search(chinese), f"no Chinese for {english!r}"
    assert not CJK.search(english), f"Chinese in the English {english!r}"


# -- Words -------------------------------------------------------------------------------------------


def test_its_key_is_the_name_of_its_folder(kind: Kind):
    assert kind.key == kind.folder.name
    assert kinds.every()[kind.key] is kind


def test_its_words_are_said_in_both_languages(kind: Kind):
    for word in fields(Words):
        said = getattr(kind.words, word.name)
        if said is not None or word.default is MISSING:
            assert_in_both_languages(said)


def test_its_questions_say_in_both_languages_what_they_ask_and_why(kind: Kind):
    for question in kind.questions:
        assert_in_both_languages(question.label)
        assert question.purpose is not None, f"{question.key} does not say why it is asked"
        assert_in_both_languages(question.purpose)
        for _value, label in question.choices:
            assert_in_both_languages(label)
        if question.hint is not None:
            assert_in_both_languages(question.hint)


def test_no_two_questions_have_one_key(kind: Kind):
    keys = [question.key for question in kind.questions]
    assert len(set(keys)) == len(keys)


def _typed(question: Question) -> str | list[str]:
    typed: dict[Answer, str | list[str]] = {
        Answer.YES_NO: "yes",
        Answer.NUMBER: "3",
        Answer.DATE: "2012-07-15",
        Answer.PHONE: "13800000000",
        Answer.CHOICE: question.choices[0][0] if question.choices else "",
        Answer.CHOICES: [value for value, _label in question.choices],
    }
    return typed.get(question.answer, "马兰")


def test_its_questions_can_be_answered(kind: Kind):
    typed = {question.key: _typed(question) for question in kind.questions}
    values, problems = answers(kind.questions, typed)
    assert problems == []
    assert values.keys() == typed.keys()


def test_its_settings_have_labels_and_defaults_they_themselves_allow(kind: Kind):
    for field in kind.settings:
        assert_in_both_languages(field.label)
        if field.hint is not None:
            assert_in_both_languages(field.hint)
        assert _allows(field, field.default), f"{field.key} does not allow its own default"
    keys = [field.key for field in kind.settings]
    assert len(set(keys)) == len(keys)


def _allows(field: SettingField, value: Any) -> bool:
    keys = [key for key, _label in field.choices]
    if field.answer in {"number", "money"}:
        return isinstance(value, int) and field.minimum <= value <= field.maximum
    if field.answer == "yes_no":
        return isinstance(value, bool)
    if field.answer == "choice":
        return value in keys
    return field.answer == "order" and sorted(value) == sorted(keys)


def test_a_setting_not_made_is_the_default_and_an_unknown_one_an_error(kind: Kind):
    programme = replace(story(kind.key).programme, settings={})
    for field in kind.settings:
        assert kind.setting(programme, field.key) == field.default
    with pytest.raises(KeyError):
        kind.setting(programme, "no such setting")


def _with_parts(particulars: Iterable[Particular]) -> Iterator[Particular]:
    for each in particulars:
        yield each
        yield from _with_parts(each.parts)


def test_its_particulars_say_in_both_languages_what_they_are(kind: Kind):
    assert kind.particulars
    for each in _with_parts(kind.particulars):
        assert_in_both_languages(each.label)
        for text in (each.hint, each.heading, *(label for _value, label in each.choices)):
            if text is not None:
                assert_in_both_languages(text)
        assert each.unit is None or said_in_both(each.unit)[0] != said_in_both(each.unit)[1]
        assert each.minimum <= each.maximum


def test_no_two_particulars_have_one_key(kind: Kind):
    keys = [key for each in kind.particulars for key in each.keys]
    assert len(set(keys)) == len(keys)


def test_its_particulars_describe_all_that_its_demonstration_tells_of_an_option(kind: Kind):
    described = {key for each in kind.particulars for key in each.keys}
    told = {key for option in story(kind.key).programme.options for key in option.details}
    assert told <= described


def test_nothing_is_wrong_with_the_options_of_its_demonstration(kind: Kind):
    programme = story(kind.key).programme
    problems = [each for option in programme.options for each in kind.option_problems(programme, option)]
    assert [str(problem) for problem in problems] == []


def test_hours_are_demanded_where_its_occasions_have_hours(kind: Kind):
    programme = story(kind.key).programme
    option = programme.options[0]
    whole_days = tuple(replace(each, starts=each.first_day, ends=each.last_day) for each in option.occasions)
    found = list(kind.option_problems(programme, replace(option, occasions=whole_days)))
    assert [each.field for each in found] == (["occasions-0-starts"] if kind.timed else [])
    for problem in found:
        assert_in_both_languages(problem.message)


def test_its_tiers_have_names_where_it_has_several(kind: Kind):
    tale = story(kind.key)
    named = kind.tiers(tale.programme)
    used = {group.get("tier", 1) for group in tale.problem["groups"]}
    assert max(used) <= max(len(named), 1)
    assert len({key for key, _name in named}) == len(named)
    for _key, name in named:
        assert_in_both_languages(name)


def test_its_rules_are_sentences_in_both_languages(kind: Kind):
    rules = kind.rule_texts(story(kind.key).programme)
    assert rules
    for rule in rules:
        assert_in_both_languages(rule)
        chinese, english = said_in_both(rule)
        assert chinese.endswith("。")
        assert english.endswith(".")


def test_its_claims_have_names(kind: Kind):
    for _key, label in kind.claims:
        assert_in_both_languages(label)


def test_its_drawing_is_a_small_outline_in_the_colour_of_the_text(kind: Kind):
    drawing = ET.fromstring((kind.templates / "mark.svg").read_text(encoding="utf-8"))  # noqa: S314 - our own file
    assert drawing.get("viewBox") == "0 0 24 24"
    assert drawing.get("stroke") == "currentColor"
    assert not [each for each in drawing.iter() if each.tag.endswith(("script", "style", "image"))]


def test_its_colour_can_be_told_from_all_others(kind: Kind):
    assert re.fullmatch(r"#[0-9a-f]{6}", kind.colour)
    assert [other.key for other in kinds.every().values() if other.colour == kind.colour] == [kind.key]


# -- Sign-up -----------------------------------------------------------------------------------------


def test_its_consents_are_texts_with_versions_in_both_languages(kind: Kind):
    tale = story(kind.key)
    for application in tale.applications[:60]:
        texts = list(kind.consents(tale.programme, application))
        assert len({text.key for text in texts}) == len(texts)
        for text in texts:
            assert re.fullmatch(r"\d{4}-\d+", text.version)
            assert_in_both_languages(text.title)
            assert_in_both_languages(text.body)
            assert len(said_in_both(text.body)[0]) > 80


def test_those_who_sign_up_in_the_demonstration_meet_the_rules(kind: Kind):
    tale = story(kind.key)
    assert tale.applications
    problems = [problem for each in tale.applications for problem in kind.check(tale.programme, each)]
    assert [str(problem) for problem in problems] == []


def test_the_demonstration_depends_on_its_arguments_alone(kind: Kind):
    tale = story(kind.key)
    story.cache_clear()
    assert story(kind.key).problem == tale.problem


def test_nobody_may_rank_in_the_demonstration_what_is_barred(kind: Kind):
    tale = story(kind.key)
    for party in tale.parties:
        ranked = [option.code for option, _rank in kind.choices_of(tale.programme, party)]
        assert [code for code in party.ranking if code not in ranked] == []


# -- Allocation --------------------------------------------------------------------------------------


def test_its_frame_is_a_problem_without_names(kind: Kind):
    tale = story(kind.key)
    problem = read(tale.problem)
    assert len(problem.groups.ids) == len(tale.parties)
    written = json.dumps(tale.problem, ensure_ascii=False)
    assert [name for name in tale.names if name in written] == []


def test_the_same_programme_makes_the_same_problem(kind: Kind):
    tale = story(kind.key)
    again = kind.frame(tale.programme, tale.parties)
    assert read(again).sha256 == read(tale.problem).sha256


def test_its_problem_is_solved_and_the_auditor_finds_no_breach(kind: Kind):
    problem = read(story(kind.key).problem)
    outcome = solve(problem, seconds=15)
    assert audit(problem, outcome) == []
    assert outcome.answered
    assert outcome.placements


def test_a_place_fixed_by_hand_is_kept(kind: Kind):
    tale = story(kind.key)
    party = next(each for each in tale.parties if each.ranking)
    for pin in (party.ranking[-1], ""):
        pinned = tuple(replace(each, pinned=pin) if each is party else each for each in tale.parties)
        assert kind.frame(tale.programme, pinned)["pinned"] == {party.code: pin or None}
        read(kind.frame(tale.programme, pinned))


# -- Calendar ----------------------------------------------------------------------------------------


def _seats(kind: Kind) -> list[tuple[Person, SeatFacts]]:
    tale = story(kind.key)
    found = []
    for party in tale.parties[:40]:
        option, _rank = kind.choices_of(tale.programme, party)[0]
        station = kind.stations(tale.programme, option, [party])
        found += [
            (
                member.person,
                SeatFacts(
                    registration=member.code,
                    programme=tale.programme,
                    option=option,
                    display_name=kind.calendar_name(tale.programme, member.person),
                    role=member.role,
                    station=station.get(member.code, ""),
                    answers={**party.answers, **member.answers},
                    url="https://example.org/places/1",
                ),
            )
            for member in party.members
        ]
    return found


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_its_entries_are_valid_and_keep(kind: Kind, locale: str):
    with use_locale(locale):
        for _person, seat in _seats(kind):
            entries = kind.entries(seat)
            assert len(entries) == len(seat.option.occasions)
            for entry in entries:
                assert CalendarEntry.from_data(entry.as_data()) == entry
                assert entry.place
                assert seat.registration in entry.description


def test_its_entries_are_said_in_the_language_of_the_moment(kind: Kind):
    _person, seat = _seats(kind)[0]
    said = []
    for locale in ("zh", "en"):
        with use_locale(locale):
            said.append([entry.summary for entry in kind.entries(seat)])
    assert said[0] != said[1]


def test_calendars_name_no_child_and_tell_no_priority_answer_or_birth_date(kind: Kind):
    first_day = story(kind.key).programme.first_day
    assert first_day is not None
    for person, seat in _seats(kind):
        answered = {value for value in seat.answers.values() if isinstance(value, str)}
        private = {*person.claims, str(person.birth_date), *answered}
        age = person.age_on(first_day)
        if age is None or age < 18:
            private.add(person.name)
        for locale in ("zh", "en"):
            with use_locale(locale):
                told = "\n".join(
                    f"{entry.summary}\n{entry.place}\n{entry.description}" for entry in kind.entries(seat)
                )
            assert [secret for secret in private if len(secret) > 1 and secret in told] == []


def test_whoever_is_under_eighteen_is_not_named_in_full(kind: Kind):
    programme = story(kind.key).programme
    day = programme.first_day
    assert day is not None
    grown = Person("p", "马小兰", date(day.year - 18, day.month, 1), Sex.FEMALE)
    child = Person("p", "马小兰", date(day.year - 17, day.month, 28), Sex.FEMALE)
    assert "小兰" not in kind.calendar_name(programme, child)
    assert kind.calendar_name(programme, grown) in {"马小兰", kind.display_name(grown)}
    assert kind.display_name(child) != "马小兰" or kind.calendar_name(programme, child) == mask_name("马小兰")


def test_its_cards_and_briefs_are_said_in_both_languages(kind: Kind):
    programme = story(kind.key).programme
    for option in programme.options:
        for fact in kind.facts(programme, option):
            assert_in_both_languages(fact.label)
            assert all(part.strip() for part in said_in_both(fact.value))
    for _person, seat in _seats(kind)[:5]:
        for role in PartyRole:
            brief = kind.brief(replace(seat, role=role))
            assert brief.lines
            for line in brief.lines:
                assert_in_both_languages(line.label)
            for thing in brief.bring:
                assert isinstance(thing, Text)
                assert_in_both_languages(thing)


def test_every_amount_it_keeps_in_fen_is_typed_and_shown_in_yuan(kind: Kind):
    asked = {setting.key: setting.answer for setting in kind.settings}
    waiting = list(kind.particulars)
    while waiting:
        particular = waiting.pop()
        asked[particular.key] = particular.answer
        waiting += particular.parts
    assert {key for key in asked if key.endswith("_fen")} == {
        key for key, answer in asked.items() if answer == "money"
    }
