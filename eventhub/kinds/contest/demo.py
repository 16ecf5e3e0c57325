"""A series of village contests to look at: fourteen contests in seven fields, 108 villages, up to 9,850 entrants."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from eventhub.domain.facts import (
    Applicant,
    Application,
    OccasionFacts,
    OptionFacts,
    OrganisationFacts,
    PersonDraft,
    ProgrammeFacts,
    SourceFacts,
)
from eventhub.domain.phases import ZONE
from eventhub.domain.seasons import into_next_season, sign_up_before
from eventhub.domain.terms import OrganisationKind
from eventhub.i18n import Bilingual
from eventhub.kinds import Cast, Demo, SignUp
from eventhub.kinds.contest.checks import consents

YUAN = 100
HEATS_A_DAY = 6
HEAT_COST_YUAN = 600
ROOM_FOR = 0.93
"""Seats for so many of those who enter, as a share: not everybody has a start."""
FEWEST_A_VILLAGE = 2
SECOND_ENTRY = 0.08
"""Share of the places of a village that go to somebody of the city who has entered another contest already."""
MEMBERS = 40
"""So many enter by an account of their own; the village officers' lists hold the others."""

_DATA = Path(__file__).parent / "data" / "contests.json"
_FIRST_START = time(8, 30)
_CHANGEOVER = timedelta(minutes=30)


def programme(scale: float, today: date) -> ProgrammeFacts:
    """Last season's series in the next one, with as many heats and stations as the scale needs."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    contests = data["contests"]
    fields = {field["code"]: field for field in data["fields"]}
    move = into_next_season(min(date.fromisoformat(contest["first_day"]) for contest in contests), today)
    options = tuple(
        heat for contest in contests for heat in _heats(contest, fields[contest["field"]], scale, move)
    )
    times = sign_up_before(today)
    year = options[0].first_day.year
    budget = sum(option.cost_fen for option in options)
    return ProgrammeFacts(
        code=f"contest-{year}",
        kind="contest",
        title=Bilingual(f"{year}年村级主题劳动竞赛", f"Village skills contests {year}"),
        summary=Bilingual(
            "围绕农民丰收节在全区村级工会举办的14场劳动竞赛，涵盖种植、养殖、农机、家政手工、农产品加工、建筑、农村电商七个领域。"
            "个人或2至4人组队参赛，可由村工会统一报名。",
            "Fourteen contests at village unions around the Harvest Festival, in seven fields from planting to rural "
            "e-commerce. One enters alone or as a team of up to four; village unions may enter their people by a list.",
        ),
        opens_at=times.opens_at,
        closes_at=times.closes_at,
        result_at=times.result_at,
        announced_at=times.announced_at,
        contact_name="劳动竞赛办公室",
        contact_phone="12900000102",
        options=options,
        sources=(SourceFacts("contest", Bilingual("劳动竞赛专项资金", "Contest fund"), budget),),
        organisation="640000",
    )


def _entries(contest: Mapping[str, Any], scale: float) -> int:
    """People who enter a contest at a scale: whole teams, and some from each village."""
    team = contest["team"]
    wanted = max(contest["entries"] * scale, contest["villages"] * FEWEST_A_VILLAGE * team)
    return int(team * max(1, round(wanted / team)))


def _heats(
    contest: Mapping[str, Any], field: Mapping[str, Any], scale: float, move: timedelta
) -> Iterator[OptionFacts]:
    team = contest["team"]
    teams = _entries(contest, scale) // team
    room = max(contest["villages"] + 1, round(teams * ROOM_FOR))
    count = max(2, -(-room * team // contest["stations"]))
    stations = -(-room // count)
    length = timedelta(minutes=field["minutes"])
    day = date.fromisoformat(contest["first_day"]) + move
    item = Bilingual(
        f"{contest['item_zh']}（{contest['village_zh']}）", f"{contest['item_en']} ({contest['village_en']})"
    )
    a_day = max(1, min(HEATS_A_DAY, timedelta(hours=9) // (length + _CHANGEOVER)))
    for number in range(count):
        starts = datetime.combine(day + timedelta(days=number // a_day), _FIRST_START, ZONE)
        starts += number % a_day * (length + _CHANGEOVER)
        yield OptionFacts(
            code=f"{contest['code']}-{number + 1:02d}",
            title=Bilingual(
                f"{contest['item_zh']}第{number + 1}场", f"{contest['item_en']}, heat {number + 1}"
            ),
            capacity=stations * team,
            minimum=2 * team,
            occasions=(
                OccasionFacts(
                    starts=starts,
                    ends=starts + length,
                    place=Bilingual(
                        f"{contest['town_zh']}{contest['village_zh']}",
                        f"{contest['village_en']}, {contest['town_en']}",
                    ),
                    meeting_point=Bilingual("村委会门前检录处", "Check-in in front of the village office"),
                    latitude=contest["latitude"],
                    longitude=contest["longitude"],
                ),
            ),
            item=contest["code"],
            item_title=item,
            place_code=contest["town_code"],
            cost_fen=HEAT_COST_YUAN * YUAN,
            details={
                "field": contest["field"],
                "item_zh": contest["item_zh"],
                "item_en": contest["item_en"],
                "team_sizes": [team],
                "min_age": field["youngest"],
                "max_age": field["oldest"],
                "minutes": field["minutes"],
                "halal": True,
            },
        )


def sign_ups(programme: ProgrammeFacts, cast: Cast, scale: float, random: Random) -> Iterator[SignUp]:
    """Entries village by village, by the officer's list or by a member's own account; some enter two contests."""
    contests = json.loads(_DATA.read_text(encoding="utf-8"))["contests"]
    villages = _hosts(
        contests, [each for each in cast.organisations if each.kind is OrganisationKind.VILLAGE]
    )
    # Who entered another contest of the city alone, and may enter a second one.
    entrants: defaultdict[str, list[PersonDraft]] = defaultdict(list)
    found: list[SignUp] = []
    for contest in contests:
        single = contest["team"] == 1
        ready = entrants[contest["county_code"][:4]] if single else []
        new: list[PersonDraft] = []
        for village, teams in _shares(contest, villages[contest["code"]], scale, random):
            for nth in range(teams):
                again = bool(ready) and nth > 0 and random.random() < SECOND_ENTRY
                people = (
                    [ready.pop(random.randrange(len(ready)))]
                    if again
                    else [_villager(programme, village, cast, random) for _place in range(contest["team"])]
                )
                new += people if single and not again else []
                found.append(_sign_up(programme, contest["code"], people, random))
        entrants[contest["county_code"][:4]] += new
    yield from _told(found, random)


def _hosts(
    contests: Sequence[Mapping[str, Any]], villages: Sequence[OrganisationFacts]
) -> dict[str, list[OrganisationFacts]]:
    """Which villages enter which contest: those of its county first, then of its city, then any; each village one."""
    left = list(villages)
    hosts: dict[str, list[OrganisationFacts]] = {}
    for contest in contests:
        county = contest["county_code"]
        left.sort(
            key=lambda village: (
                village.place_code != county,
                village.place_code[:4] != county[:4],
                village.code,
            )
        )
        hosts[contest["code"]], left = left[: contest["villages"]], left[contest["villages"] :]
    return hosts


def _shares(
    contest: Mapping[str, Any], villages: Sequence[OrganisationFacts], scale: float, random: Random
) -> Iterator[tuple[OrganisationFacts, int]]:
    """How many teams each village enters: one at least, the rest by the size of the village."""
    teams = _entries(contest, scale) // contest["team"]
    weights = [random.paretovariate(1.6) for _village in villages]
    extra = teams - len(villages)
    drawn = random.choices(range(len(villages)), weights=weights, k=extra)
    for place, village in enumerate(villages):
        yield village, 1 + drawn.count(place)


def _villager(
    programme: ProgrammeFacts, village: OrganisationFacts, cast: Cast, random: Random
) -> PersonDraft:
    """Somebody of a village. An address is rare there: the officer is written to."""
    year = programme.options[0].first_day.year
    person = cast.person(organisation=village.code, born=(year - 57, year - 20))
    return person if random.random() < 0.15 else replace(person, email="")  # noqa: PLR2004 - three in twenty


def _sign_up(
    programme: ProgrammeFacts,
    item: str,
    people: Sequence[PersonDraft],
    random: Random,
) -> SignUp:
    heats = [option.code for option in programme.options_of(item)]
    application = Application(
        programme=programme.code,
        applicants=tuple(
            Applicant(
                draft=person,
                answers={
                    "experience": random.randint(1, 20),
                    **({"meals": "halal"} if random.random() < 0.38 else {}),  # noqa: PLR2004 - as in the canteens
                },
            )
            for person in people
        ),
        ranking=tuple(random.sample(heats, min(len(heats), random.choice((0, 1, 2))))),
        item=item,
        flexible=True,
        answers={"team_name": f"{people[0].name[0]}家队"} if len(people) > 1 else {},
    )
    agreed = tuple(text.key for text in consents(programme, application) if text.required)
    return SignUp(
        application=replace(application, consents=agreed), by="officer", unit=people[0].organisation
    )


def _told(found: list[SignUp], random: Random) -> Iterator[SignUp]:
    """The same entries with those of members' own, the awkward cases, and the ones that are followed."""
    entered = Counter(applicant.draft for entry in found for applicant in entry.application.applicants)
    alone = [
        place
        for place, entry in enumerate(found)
        if len(entry.application.applicants) == 1 and entered[entry.application.applicants[0].draft] == 1
    ]
    own = set(random.sample(alone, min(MEMBERS, len(alone) // 4)))
    in_lists = [place for place in alone if place not in own]
    slip = _village_of_one_list(found, in_lists)
    followed = dict(zip(sorted(own), ("moved", "withdrawn"), strict=False))
    shared_phone = _neighbours(found, in_lists, 4)
    namesakes = _neighbours(found, [place for place in in_lists if place not in shared_phone], 2)
    for place, entry in enumerate(found):
        person = entry.application.applicants[0].draft
        if person is None:
            continue
        if place in own:
            person = replace(person, email=person.email or f"m{person.phone}@mail.example")
            yield _by_member(entry, person, followed.get(place, ""))
        elif place == slip:
            yield replace(entry, story="no_address")
        elif place in shared_phone:
            first = found[shared_phone[0]].application.applicants[0].draft
            yield _with_person(entry, replace(person, phone=first.phone if first else person.phone))
        elif place in namesakes:
            first = found[namesakes[0]].application.applicants[0].draft
            yield _with_person(entry, replace(person, name=first.name if first else person.name))
        else:
            yield entry


def _neighbours(found: Sequence[SignUp], places: Sequence[int], count: int) -> tuple[int, ...]:
    """The first so many entries in a list that come from one unit."""
    by_unit: defaultdict[str, list[int]] = defaultdict(list)
    for place in places:
        unit = by_unit[found[place].unit]
        unit.append(place)
        if len(unit) == count:
            return tuple(unit)
    return ()


def _village_of_one_list(found: Sequence[SignUp], places: Sequence[int]) -> int | None:
    """Somebody without an address in the smallest list: its officer has none either, so a slip is printed."""
    without = [
        place
        for place in places
        if not any(
            applicant.draft and applicant.draft.email for applicant in found[place].application.applicants
        )
    ]
    size = {
        unit: sum(1 for entry in found if entry.unit == unit)
        for unit in {found[place].unit for place in without}
    }
    return min(without, key=lambda place: (size[found[place].unit], place), default=None)


def _by_member(entry: SignUp, person: PersonDraft, story: str) -> SignUp:
    changed = _with_person(entry, person)
    return replace(changed, by="member", account=person, story=story)


def _with_person(entry: SignUp, person: PersonDraft) -> SignUp:
    first, *rest = entry.application.applicants
    return replace(
        entry, application=replace(entry.application, applicants=(replace(first, draft=person), *rest))
    )


DEMO = Demo(programme=programme, sign_ups=sign_ups)
