"""How programmes differ: what each kind says of itself, and how kinds are found.

A kind is one folder with one frozen :class:`Kind`. The engine asks it; nothing ever compares its key. Folders are
found beside this file and in the folders named by ``EVENTHUB_KINDS_PATH``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Protocol

from eventhub.domain.applicants import FULL_AGE
from eventhub.domain.calendar_entry import CalendarEntry
from eventhub.domain.facts import (
    Application,
    ConsentText,
    OptionFacts,
    OrganisationFacts,
    PartyFacts,
    PastPlace,
    Person,
    PersonDraft,
    ProgrammeFacts,
    SeatFacts,
)
from eventhub.domain.identity import mask_name
from eventhub.domain.particulars import Particular
from eventhub.domain.problems import Problem
from eventhub.domain.questions import Question
from eventhub.domain.terms import PartyRole, Sex
from eventhub.i18n import N_, Bilingual, Text, add_catalogues

FORMAT = "eventhub.allocation-problem/1"
Json = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """What people read for this kind's things, in the reader's language."""

    kind: Text
    """The kind itself: “Summer camp”."""
    option: Text
    """What is ranked: “batch”, “heat”, “departure”."""
    options: Text
    seat: Text
    """What an option has so many of, one of them: “bed”, as in “bed 12”."""
    seats: Text
    """The same, many of them, over a column of numbers: “beds”."""
    item: Text
    """What options are grouped by, where a programme has several: “contest item”."""
    participant: Text
    """Who goes: “camper”, “contestant”, “traveller”."""
    party: Text
    """Who goes together: “brothers, sisters and friends”, “team”, “family or workmates”."""
    not_run: Text
    """What befalls an option short of its minimum: “does not run”."""
    first_day: Text
    """The day an option begins: “first day of the camp”, “day of the heat”."""
    last_day: Text
    cost: Text | None = None
    """What it costs if it runs, whoever comes; None: the kind counts no such cost, so no form asks for it."""
    head_cost: Text | None = None
    """What it costs for each who comes; None: the kind counts no such cost."""


@dataclass(frozen=True)
class SettingField:
    """One setting an organiser may change: a number, an amount, a yes or no, or an ordered list of choices.

    ``answer`` is one of ``number``, ``money`` (typed in yuan, kept in fen), ``yes_no``, ``order`` (every choice once,
    dearest first), ``choice``. ``minimum`` and ``maximum`` bound a number, or an amount in fen.
    """

    key: str
    label: Text
    answer: str
    default: Any
    hint: Text | None = None
    choices: tuple[tuple[str, Text], ...] = ()
    minimum: int = 0
    maximum: int = 1_000_000
    unit: Text | None = None
    """What the number counts, said behind the field: “minutes”."""


@dataclass(frozen=True)
class Fact:
    """A labelled line on an option's card, a letter or a slip: “Own share: 280 yuan”."""

    label: Text
    value: Any


@dataclass(frozen=True)
class Brief:
    """What a placed participant is told besides what, when and where."""

    lines: tuple[Fact, ...] = ()
    bring: tuple[Text, ...] = ()


class Cast(Protocol):
    """Synthetic units and people, made by the demonstration and handed to a kind."""

    organisations: Sequence[OrganisationFacts]

    def person(
        self, *, organisation: str, born: tuple[int, int], sex: Sex | None = None, surname: str = ""
    ) -> PersonDraft:
        """Somebody new in a unit, born in one of these years, with a telephone and perhaps an address."""
        ...


@dataclass(frozen=True)
class SignUp:
    """One party of the demonstration and the way it signs up.

    ``by`` is ``officer`` (in the list of ``unit``, one transaction a unit), ``member`` or ``guardian`` (singly, by
    the account of ``account``: the first applicant himself, or a parent). ``story`` marks the parties that the
    demonstration follows: ``moved``, ``withdrawn``, ``refused_whole``, ``no_address``.
    """

    application: Application
    by: str
    unit: str
    account: PersonDraft | None = None
    history: Mapping[str, tuple[PastPlace, ...]] = field(default_factory=dict)
    """Names of applicants -> where they went before."""
    story: str = ""


@dataclass(frozen=True)
class Demo:
    """The kind's part of the demonstration: a programme shaped on last season's, and sign-ups that make it tight.

    ``programme(scale, today)``: dates moved by whole weeks into the next season after today.
    ``sign_ups(programme, cast, scale, random)``: depends on its arguments alone.
    """

    programme: Callable[[float, date], ProgrammeFacts]
    sign_ups: Callable[[ProgrammeFacts, Cast, float, Random], Iterable[SignUp]]


def _nothing(*_: Any) -> tuple[()]:
    return ()


Bars = Callable[[ProgrammeFacts, OptionFacts, Person, Mapping[str, Any]], Problem | None]


NameOf = Callable[[str], Bilingual]


class GivesStations(Protocol):
    """How stations or seat numbers of one option are given out."""

    def __call__(
        self,
        programme: ProgrammeFacts,
        option: OptionFacts,
        parties: Sequence[PartyFacts],
        held: Mapping[str, str] = ...,
        /,
    ) -> Mapping[str, str]:
        """Registration code -> station. ``held`` are the stations published before: who stays keeps theirs."""
        ...


def _no_stations(*_: Any) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """All that the house needs to know of one kind of programme.

    Functions are pure and ask no clock. Amounts of money are integer fen, sizes are heads.
    """

    key: str
    words: Words
    folder: Path
    colour: str
    """A CSS colour for recognition; its drawing is ``templates/mark.svg`` of the folder."""
    settings: tuple[SettingField, ...] = ()
    particulars: tuple[Particular, ...] = ()
    """What an organiser fills in of an option besides what every option has; it lies in the option's ``details``."""
    timed: bool | None = None
    """Whether occasions have hours: always, never (whole days), or as the organiser likes (None)."""
    questions: tuple[Question, ...] = ()
    party_sizes: tuple[int, int] = (1, 1)
    """Fewest and most people a party may have."""
    companions: bool = False
    """Whether somebody may be brought along who is not a participant."""
    choose_item: bool = False
    """Whether one chooses an item first (a contest) and then, if one likes, ranks its options."""
    most_choices: int = 5
    flexible: bool = False
    """Whether a party takes any other option of the item besides those ranked, unless it says otherwise."""
    for_guardians: bool = False
    """Whether guardians sign up children; otherwise members sign up themselves."""
    claims: tuple[tuple[str, Text], ...] = ()
    """Claims that matter here (priority, eligibility), checked by the primary union as yes or no."""
    quotas: bool = False
    """Whether :attr:`joint` makes limits of the programme's quotas. The desk asks for none where nothing would heed
    them."""

    check_option: Callable[[ProgrammeFacts, OptionFacts], Iterable[Problem]] = _nothing
    """What is wrong with an option as a whole. A problem's field is that of the desk's form: ``minimum``,
    ``occasions-0-ends``, ``details-max_age``."""
    check: Callable[[ProgrammeFacts, Application], Iterable[Problem]] = _nothing
    """Who may register: problems of the application as a whole and of each person, with the rule cited."""
    bars: Bars = lambda *_: None
    """Why this person, with these answers, may not take this option, or None. Asked by the form (greyed with the
    reason), by sign-up (ranking it is refused) and by :meth:`frame` (it is no choice)."""
    consents: Callable[[ProgrammeFacts, Application], Iterable[ConsentText]] = _nothing
    """Which texts this application must agree to, each by a tick of its own."""

    group: Callable[[ProgrammeFacts, PartyFacts], Json]
    """Tier, tags, weight of a party for the solver (``allocation format: groups[]`` without id and choices)."""
    tiers: Callable[[ProgrammeFacts], Sequence[tuple[str, Text]]] = _nothing
    """What :attr:`group` calls its tiers, in their order: tier 1 is the first. A key names the same people whatever
    their place in the order; none: the tiers have numbers only, or all are alike."""
    choice: Callable[[ProgrammeFacts, PartyFacts, OptionFacts], Json] = lambda *_: {}
    """What one choice costs and uses (``choices[]`` without option and rank)."""
    option: Callable[[ProgrammeFacts, OptionFacts], Json]
    """What an option is to the solver (``options[]`` without id; capacity and minimum are filled in)."""
    joint: Callable[[ProgrammeFacts, Sequence[PartyFacts]], Iterable[Json]] = _nothing
    """What ties choices together: fragments of the problem (``resources``, ``limits``, ``clashes``, ``apart``)."""
    limit_name: Callable[[ProgrammeFacts, str, NameOf], Text | None] = lambda *_: None
    """Whom and what a limit of :attr:`joint` speaks of, by its id, as people know it: “the entries of Huoji village”.
    The last argument gives the name of an organisation or a place by its code. None: it is named by its options."""
    objective: Callable[[ProgrammeFacts], list[Json]] = lambda _: []
    """The stages in order; none: the format's default."""

    entries: Callable[[SeatFacts], tuple[CalendarEntry, ...]]
    """A published place as calendar entries; most kinds have one."""
    facts: Callable[[ProgrammeFacts, OptionFacts], tuple[Fact, ...]] = _nothing
    """Labelled lines for an option's card: price to me, nights, walking, meals."""
    brief: Callable[[SeatFacts], Brief] = lambda _: Brief()
    """What a placed participant is told besides."""
    to_pay: Callable[[ProgrammeFacts, OptionFacts, PartyRole, int | None], int | None] | None = None
    """What somebody placed pays in fen, by role and age on the first day; None: not known. Kinds in which nobody pays
    leave it out."""
    display_name: Callable[[Person], str] = lambda person: person.name
    """What of a name may stand in calendars and mails."""
    stations: GivesStations = _no_stations
    """Registration code -> station or seat number, given out once the placements of an option are known."""
    rule_texts: Callable[[ProgrammeFacts], tuple[Text, ...]] = _nothing
    """The rules of choosing, each a sentence a member can check: shown on the programme page and cited."""
    demo: Demo | None = None

    @property
    def templates(self) -> Path:
        return self.folder / "templates"

    def setting(self, programme: ProgrammeFacts, key: str) -> Any:
        """A setting of the programme, or the kind's default."""
        return setting_of(self.settings, programme, key)

    def option_problems(self, programme: ProgrammeFacts, option: OptionFacts) -> Iterator[Problem]:
        """What is wrong with an option: hours that are missing, and whatever else the kind finds."""
        if self.timed:
            yield from (
                Problem(
                    "no_hours",
                    N_("Say at what hour it begins and ends."),
                    f"occasions-{number}-starts",
                )
                for number, occasion in enumerate(option.occasions)
                if not (isinstance(occasion.starts, datetime) and isinstance(occasion.ends, datetime))
            )
        yield from self.check_option(programme, option)

    def calendar_name(self, programme: ProgrammeFacts, person: Person) -> str:
        """What of a name may stand in calendars and mails of this programme.

        Nobody who is under 18 on its first day is named in full, whatever the kind says; adults are named as the
        kind likes.
        """
        shown = self.display_name(person)
        day = programme.first_day
        age = person.age_on(day) if day is not None else None
        return (
            mask_name(person.name) if shown == person.name and age is not None and age < FULL_AGE else shown
        )

    def choices_of(self, programme: ProgrammeFacts, party: PartyFacts) -> list[tuple[OptionFacts, int]]:
        """The options a party may take, with their rank: ranked ones first, then, if it is flexible, the others
        of the item at one rank. What bars one of its people is no choice.
        """
        return open_choices(self.bars, programme, party)

    def frame(self, programme: ProgrammeFacts, parties: Sequence[PartyFacts]) -> Json:
        """The programme as an allocation problem: numbers and codes only, no names of people.

        Group ids are party codes, option ids option codes; people are named by their code where one person may
        be in several parties.
        """
        problem: Json = {
            "format": FORMAT,
            "name": programme.code,
            "options": [self._framed_option(programme, option) for option in programme.options],
            "groups": [],
        }
        pinned: dict[str, str | None] = {}
        for party in parties:
            choices = self.choices_of(programme, party)
            if party.pinned is not None:
                pinned[party.code] = party.pinned or None
            if party.pinned and party.pinned not in {option.code for option, _rank in choices}:
                # A place fixed by hand is kept even where the party never ranked it.
                choices.append((programme.option(party.pinned), len(party.ranking) + 1))
            group = {
                "id": party.code,
                "size": party.size,
                **({"lot": party.lot} if party.lot is not None else {}),
                **self.group(programme, party),
                "choices": [
                    {"option": option.code, "rank": rank, **self.choice(programme, party, option)}
                    for option, rank in choices
                ],
            }
            problem["groups"].append(group)
        for fragment in self.joint(programme, parties):
            for key, value in fragment.items():
                problem.setdefault(key, []).extend(value)
        if pinned:
            problem["pinned"] = pinned
        stages = self.objective(programme)
        if stages:
            problem["objective"] = stages
        return problem

    def _framed_option(self, programme: ProgrammeFacts, option: OptionFacts) -> Json:
        framed: Json = {"id": option.code, "capacity": option.capacity, "minimum": option.minimum}
        if option.cost_fen:
            framed["cost"] = option.cost_fen
        if option.head_cost_fen:
            framed["head_cost"] = option.head_cost_fen
        return framed | self.option(programme, option)


def setting_of(fields: Iterable[SettingField], programme: ProgrammeFacts, key: str) -> Any:
    """A setting of the programme, or the default of its field; KeyError where no field has this key."""
    for setting in fields:
        if setting.key == key:
            return programme.settings.get(key, setting.default)
    raise KeyError(key)


def open_choices(bars: Bars, programme: ProgrammeFacts, party: PartyFacts) -> list[tuple[OptionFacts, int]]:
    """The options a party may take, with their rank: see :meth:`Kind.choices_of`."""
    known = programme.option_by_code
    ranked = [known[code] for code in party.ranking if code in known]
    found = [(option, rank) for rank, option in enumerate(ranked, start=1)]
    if party.flexible:
        last = len(ranked) + 1
        found += [
            (option, last) for option in programme.options_of(party.item) if option.code not in party.ranking
        ]
    return [
        (option, rank)
        for option, rank in found
        if all(
            bars(programme, option, member.person, {**party.answers, **member.answers}) is None
            for member in party.members
        )
    ]


STEP_FEN = 1_000_000
"""What “one more” means for a fund: ten thousand yuan."""


def fund(code: str) -> str:
    """The id of a source of money among the resources."""
    return f"fund:{code}"


def fund_resources(programme: ProgrammeFacts) -> list[Json]:
    """The programme's sources of money as resources of the problem, each with what bears its excess."""
    return [
        {
            "id": fund(source.code),
            "capacity": source.amount_fen,
            "step": STEP_FEN,
            **({"spill": fund(source.spill)} if source.spill else {}),
        }
        for source in programme.sources
    ]


class KindError(Exception):
    """A folder among the kinds that is none: the start stops with a sentence."""


def look_also_in(folders: Iterable[Path]) -> None:
    """Find kinds in these folders too (``EVENTHUB_KINDS_PATH``)."""
    for folder in folders:
        if not folder.is_dir():
            message = f"EVENTHUB_KINDS_PATH names {folder}, which is no folder."
            raise KindError(message)
        if str(folder) not in __path__:
            __path__.append(str(folder))
    every.cache_clear()


@cache
def every() -> dict[str, Kind]:
    """Every kind found, by key, in the order of their keys."""
    found = {name: _load(name) for _finder, name, is_package in pkgutil.iter_modules(__path__) if is_package}
    return dict(sorted(found.items()))


def of(programme: ProgrammeFacts) -> Kind:
    """The kind of a programme."""
    return named(programme.kind)


def named(key: str) -> Kind:
    """The kind of this key; KindError where its folder is gone."""
    try:
        return every()[key]
    except KeyError:
        message = f"There is no kind {key!r}: its folder is missing from the kinds path."
        raise KindError(message) from None


def _load(name: str) -> Kind:
    module = importlib.import_module(f"{__name__}.{name}")
    kind = getattr(module, "KIND", None)
    if not isinstance(kind, Kind):
        message = f"The folder {name!r} among the kinds offers no KIND."
        raise KindError(message)
    if kind.key != name:
        message = f"The kind in the folder {name!r} calls itself {kind.key!r}; both must be the same."
        raise KindError(message)
    add_catalogues(kind.folder / "translations")
    return kind
