"""Rural retreats to look at: 26 routes with their departures, two nights each, and more who ask than there are beds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from eventhub.domain.facts import (
    Applicant,
    Application,
    OccasionFacts,
    OptionFacts,
    OrganisationFacts,
    PastPlace,
    Person,
    PersonDraft,
    ProgrammeFacts,
    QuotaFacts,
    SourceFacts,
)
from eventhub.domain.phases import ZONE
from eventhub.domain.seasons import into_next_season, sign_up_before
from eventhub.domain.terms import OrganisationKind, PartyRole
from eventhub.i18n import Bilingual
from eventhub.kinds import Cast, Demo, SignUp
from eventhub.kinds.retreat.checks import bars, consents

YUAN = 100
SHRINKING = 1.7
"""The retreats are ten times as large as the contests and shrink faster: a scale of 0.1 is 0.02 of their seats."""
APPLICATIONS_A_SEAT = 1.35
FUNDED = 0.7
"""The funds pay for so many heads, as a share of the seats: money ends before the beds do."""
COUNTY_FUND = 0.012
SEATS_A_COACH = 42
COACH_COST_YUAN = 2400

CAPPED = "640200"
"""A city that asks for twice its ceiling."""
CEILING = 0.04
PROMISED = "organ"
"""The organs' union: none of its members comes first anywhere, so its floor is what places most of them."""
FLOOR = 0.025
COUNTIES_WITH_FUNDS = ("640104", "640181", "640302", "640422", "640502")
SHORT = "R16"
"""Its last departure finds one traveller fewer than its minimum."""
TIGHT = "R24"
"""Its last departure has two beds left, and a family of four that asks for them."""

WITH_FAMILY = 0.12
HALAL = 0.38
SHORT_WAYS = 0.06
MEMBERS = 40
"""So many parties sign up by an account of their own; the officers' lists hold the others."""

TRIES = 80
"""Departures drawn, dear ones more often, until two or three are found that a party may take."""

_DATA = Path(__file__).parent / "data" / "routes.json"
_SHAPED_ON = 2026
_FRIDAY = 4
_CLAIMS = (
    ("heavy_post", 0.18),
    ("skilled_backbone", 0.06),
    ("health", 0.05),
    ("long_served", 0.22),
    ("retiring", 0.05),
    ("front_line", 0.30),
)
_GROUP_SIZES = (1, 2, 3, 4, 5, 6, 8, 10, 12)
_GROUP_SHARES = (50, 20, 11, 7, 4, 3, 2, 2, 1)


def programme(scale: float, today: date) -> ProgrammeFacts:
    """Last season's departures in the next one, as many and as large as the scale needs."""
    routes = json.loads(_DATA.read_text(encoding="utf-8"))["routes"]
    move = into_next_season(min(_weeks(route)[0] for route in routes), today)
    options = tuple(option for route in routes for option in _departures(route, scale, move))
    seats = sum(option.capacity or 0 for option in options)
    subsidy = 500 * YUAN
    times = sign_up_before(today)
    year = options[0].first_day.year
    counties = tuple(
        SourceFacts(
            f"county-{code}",
            Bilingual(f"{_COUNTIES[code][0]}配套资金", f"{_COUNTIES[code][1]} fund"),
            max(2, round(seats * COUNTY_FUND)) * subsidy,
            spill="common",
            holder=code,
        )
        for code in COUNTIES_WITH_FUNDS
    )
    common = round(seats * FUNDED) * subsidy - sum(source.amount_fen for source in counties)
    return ProgrammeFacts(
        code=f"retreat-{year}",
        kind="retreat",
        title=Bilingual(f"{year}年“塞上乡村”两天两夜职工疗休养", f"Two nights in the country {year}"),
        summary=Bilingual(
            "面向生产和工作一线的工会会员，26条乡村线路，两天两夜，工会每人补助500元，其余由个人承担。可携带家属，家属费用自理。",
            "For union members at the front line of production and work: 26 country routes, two nights, with 500 yuan "
            "a head from the union. Family may come along at their own cost.",
        ),
        opens_at=times.opens_at,
        closes_at=times.closes_at,
        result_at=times.result_at,
        announced_at=times.announced_at,
        contact_name="疗休养办公室",
        contact_phone="12900000103",
        options=options,
        sources=(SourceFacts("common", Bilingual("自治区补助资金", "Regional fund"), common), *counties),
        quotas=_quotas(seats),
        settings={"fund": "common", "once_in_years": 2},
        organisation="640000",
    )


_COUNTIES = {
    "640104": ("兴庆区", "Xingqing District"),
    "640181": ("灵武市", "Lingwu City"),
    "640302": ("利通区", "Litong District"),
    "640422": ("西吉县", "Xiji County"),
    "640502": ("沙坡头区", "Shapotou District"),
}


def _quotas(seats: int) -> tuple[QuotaFacts, ...]:
    return (
        QuotaFacts(
            CAPPED,
            Bilingual("石嘴山市总工会", "Shizuishan Federation of Trade Unions"),
            ceiling=_ceiling(seats),
        ),
        QuotaFacts(
            PROMISED, Bilingual("自治区直属机关工会", "Union of Region-level Organs"), floor=_floor(seats)
        ),
        QuotaFacts("u0001", Bilingual("第一个基层工会", "The first primary union"), ceiling=1),
        QuotaFacts(
            "base-ningdong", Bilingual("宁东基地工会", "Ningdong Base Union"), ceiling=round(seats * 0.2)
        ),
        QuotaFacts("640422", Bilingual("西吉县总工会", "Xiji County Federation of Trade Unions"), floor=3),
    )


def _ceiling(seats: int) -> int:
    return max(10, round(seats * CEILING))


def _floor(seats: int) -> int:
    return max(8, round(seats * FLOOR))


def _weeks(route: Mapping[str, Any]) -> list[date]:
    """The Fridays of the months in which a route is open, in the season this one is shaped on."""
    day = date(_SHAPED_ON, 1, 1)
    fridays = (day + timedelta(days=count) for count in range(365))
    return [each for each in fridays if each.weekday() == _FRIDAY and each.month in route["open_months"]]


def _departures(route: Mapping[str, Any], scale: float, move: timedelta) -> Iterator[OptionFacts]:
    weeks = _weeks(route)
    full = min(route["beds"], route["coaches_a_week"] * SEATS_A_COACH)
    wanted = full * len(weeks) * scale**SHRINKING
    # A route that needs only part of its season runs departures of one full coach.
    count = max(1, min(len(weeks), round(wanted / SEATS_A_COACH)))
    if route["code"] in {SHORT, TIGHT}:
        count = max(2, count)
    most = full if count == len(weeks) else min(full, SEATS_A_COACH)
    capacity = min(most, max(route["fewest"] + 6, round(wanted / count)))
    for number in range(count):
        friday = weeks[(2 * number + 1) * len(weeks) // (2 * count)] + move
        yield _departure(route, number + 1, friday, capacity)


def _departure(route: Mapping[str, Any], number: int, day: date, capacity: int) -> OptionFacts:
    price = route["price_yuan"] * YUAN
    subsidy = route["subsidy_yuan"] * YUAN
    nearest = min(route["minutes_from"].values())
    return OptionFacts(
        code=f"{route['code']}-{number:02d}",
        title=Bilingual(f"{route['title_zh']}（{number}）", f"{route['title_en']} ({number})"),
        capacity=capacity,
        minimum=min(route["fewest"], capacity),
        occasions=(
            OccasionFacts(
                starts=datetime.combine(day, time(17), ZONE),
                ends=datetime.combine(day + timedelta(days=2), time(16), ZONE),
                place=Bilingual(f"{route['town_zh']}{route['village_zh']}", f"{route['town_en']}"),
                meeting_point=Bilingual(
                    "市总工会门前集合，提前15分钟", "In front of the city federation, 15 minutes early"
                ),
                latitude=route["latitude"],
                longitude=route["longitude"],
            ),
        ),
        place_code=route["county_code"],
        details={
            "route": route["code"],
            "base": route["code"],
            "beds": route["beds"],
            "coach": {
                "seats": SEATS_A_COACH,
                "cost_fen": (COACH_COST_YUAN + 4 * nearest) * YUAN,
                "most": -(-capacity // SEATS_A_COACH),
                "week_most": max(route["coaches_a_week"], -(-capacity // SEATS_A_COACH)),
            },
            "price_fen": price,
            "subsidy_fen": subsidy,
            "companion_price_fen": price,
            "child_companion_price_fen": route["companion_child_yuan"] * YUAN,
            "hub_minutes": route["minutes_from"],
            "halal": route["halal"],
            "walking": route["walking"],
            "altitude_m": route["altitude_m"],
            "suits_elderly": route["gentle"],
            "stops_zh": route["stops_zh"],
        },
    )


def sign_ups(programme: ProgrammeFacts, cast: Cast, _scale: float, random: Random) -> Iterator[SignUp]:
    """Parties of members with family or workmates until 1.35 ask for each seat, unit after unit."""
    return iter(_Telling(programme, cast, random).parties())


class _Telling:
    """What is known while the parties of a retreat are made up."""

    def __init__(self, programme: ProgrammeFacts, cast: Cast, random: Random) -> None:
        self._programme = programme
        self._cast = cast
        self._random = random
        self._year = programme.options[0].first_day.year
        self._units = [each for each in cast.organisations if each.kind is OrganisationKind.PRIMARY]
        self._unit = {each.code: each for each in self._units}
        self._short = _last(programme, SHORT)
        self._tight = _last(programme, TIGHT)
        self._open = [
            option for option in programme.options if option.code not in {self._short.code, self._tight.code}
        ]
        # Some departures are asked for many times over, some hardly: as it is with real ones.
        self._dearness = list(accumulate(min(4.0, 0.4 + random.paretovariate(2.2)) for _option in self._open))

    def parties(self) -> list[SignUp]:
        seats = sum(option.capacity or 0 for option in self._programme.options)
        found = [
            *self._followed(),
            *self._tight_departure(),
            *self._short_departure(),
            *self._asking(_ceiling(seats) * 2, self._under(CAPPED), chance=3.0, most=3),
            *self._asking(_floor(seats) + 2, self._under(PROMISED), chance=0.0, most=1),
            *self._asking(2, [self._unit["u0001"]], most=1),
        ]
        rest = [
            unit
            for unit in self._units
            if not {CAPPED, PROMISED} & set(unit.path) and unit.code not in {"u0001", self._slip}
        ]
        told = sum(len(each.application.applicants) for each in found)
        found += self._asking(round(seats * APPLICATIONS_A_SEAT) - told, rest)
        return self._by_accounts(found)

    def _under(self, organisation: str) -> list[OrganisationFacts]:
        return [unit for unit in self._units if organisation in unit.path]

    @property
    def _slip(self) -> str:
        """The unit whose officer has no address, like its only traveller."""
        return self._free_units()[-1].code

    def _free_units(self) -> list[OrganisationFacts]:
        return [
            unit
            for unit in self._units
            if not {CAPPED, PROMISED, "640422"} & set(unit.path) and unit.code != "u0001"
        ]

    def _asking(
        self, heads: int, units: Sequence[OrganisationFacts], *, chance: float = 1.0, most: int = 12
    ) -> Iterator[SignUp]:
        """Parties of these units until so many heads ask; units are of very different sizes."""
        sizes = [self._random.paretovariate(1.2) for _unit in units]
        while heads > 0:
            unit = self._random.choices(units, weights=sizes)[0]
            size = min(self._random.choices(_GROUP_SIZES, weights=_GROUP_SHARES)[0], heads, most)
            members = [self._member(unit, chance) for _place in range(size)]
            family = []
            if size == 1 and most > 1 and self._random.random() < WITH_FAMILY / 0.5:
                family = [
                    self._relative(unit, members[0]) for _place in range(self._random.choice((1, 1, 2)))
                ]
            yield self._party(unit, members, family)
            heads -= size + len(family)

    def _member(self, unit: OrganisationFacts, chance: float = 1.0) -> PersonDraft:
        person = self._cast.person(organisation=unit.code, born=(self._year - 58, self._year - 22))
        claims = tuple(claim for claim, share in _CLAIMS if self._random.random() < share * chance)
        return replace(person, claims=claims)

    def _relative(self, unit: OrganisationFacts, member: PersonDraft) -> PersonDraft:
        child = self._random.random() < 0.4  # noqa: PLR2004 - two in five bring a child
        born = (self._year - 15, self._year - 8) if child else (self._year - 60, self._year - 25)
        person = self._cast.person(organisation=unit.code, born=born)
        return replace(person, relation="family", email="", phone=member.phone)

    def _party(
        self,
        unit: OrganisationFacts,
        members: Sequence[PersonDraft],
        family: Sequence[PersonDraft] = (),
        *,
        ranking: tuple[str, ...] | None = None,
        story: str = "",
    ) -> SignUp:
        applicants = tuple(
            Applicant(draft=person, role=role, answers=self._answers(plain=ranking is not None))
            for role, people in ((PartyRole.PARTICIPANT, members), (PartyRole.COMPANION, family))
            for person in people
        )
        if ranking is None:
            ranking, applicants = self._ranking(unit, applicants)
        told = Application(programme=self._programme.code, applicants=applicants, ranking=ranking)
        agreed = tuple(text.key for text in consents(self._programme, told) if text.required)
        history = {
            person.name: (PastPlace("retreat", self._year - self._random.choice((2, 3, 4))),)
            for person in members
            if not story and "long_served" not in person.claims and self._random.random() < 0.12  # noqa: PLR2004
        }
        return SignUp(
            application=replace(told, consents=agreed),
            by="officer",
            unit=unit.code,
            history=history,
            story=story,
        )

    def _answers(self, *, plain: bool) -> dict[str, Any]:
        if plain:
            return {}
        return {
            **({"meals": "halal"} if self._random.random() < HALAL else {}),
            **({"short_ways": True} if self._random.random() < SHORT_WAYS else {}),
        }

    def _ranking(
        self, unit: OrganisationFacts, applicants: tuple[Applicant, ...]
    ) -> tuple[tuple[str, ...], tuple[Applicant, ...]]:
        """Two or three departures that are open to all of them; where there are none, nobody needs short ways."""
        wanted = self._random.choice((2, 2, 3))
        for told in (applicants, tuple(replace(each, answers={}) for each in applicants)):
            found: list[str] = []
            for option in self._random.choices(self._open, cum_weights=self._dearness, k=TRIES):
                if option.code not in found and self._may_go(unit, told, option):
                    found.append(option.code)
                if len(found) == wanted:
                    return tuple(found), told
        raise ValueError(f"{TRIES} departures were tried, and none is open to {len(applicants)} people.")

    def _may_go(self, unit: OrganisationFacts, applicants: Sequence[Applicant], option: OptionFacts) -> bool:
        if option.capacity is not None and len(applicants) > option.capacity:
            return False
        return all(
            not applicant.answers
            or bars(
                self._programme,
                option,
                Person(code="", name=applicant.name, organisations=unit.path, place_code=unit.place_code),
                applicant.answers,
            )
            is None
            for applicant in applicants
        )

    def _followed(self) -> Iterator[SignUp]:
        """Two who are certain of a place and whose seats are followed, and one who can be written to nowhere."""
        largest = sorted(self._open, key=lambda option: (-(option.capacity or 0), option.code))
        ranking = tuple(option.code for option in largest[:3])
        units = self._free_units()
        for unit, story in ((units[0], "moved"), (units[1], "withdrawn")):
            person = replace(self._member(unit), claims=("heavy_post",))
            person = replace(person, email=f"m{person.phone}@mail.example")
            party = self._party(unit, [person], ranking=ranking, story=story)
            yield replace(party, by="member", account=person)
        person = replace(self._member(self._unit[self._slip]), claims=("heavy_post",), email="")
        yield self._party(self._unit[self._slip], [person], ranking=ranking, story="no_address")

    def _tight_departure(self) -> Iterator[SignUp]:
        """Couples who come first fill a departure but for two beds; the family of four that asks too stays whole."""
        units = self._free_units()
        room = self._tight.capacity or 0
        ranking = (self._tight.code,)
        sizes = [2] * ((room - 2) // 2) + [1] * (room % 2)
        for number, size in enumerate(sizes):
            unit = units[2 + number % (len(units) - 3)]
            members = [replace(self._member(unit), claims=("heavy_post",)) for _place in range(size)]
            yield self._party(unit, members, ranking=ranking)
        unit = units[2]
        members = [replace(self._member(unit), claims=()) for _place in range(2)]
        family = [self._relative(unit, members[0]) for _place in range(2)]
        yield self._party(unit, members, family, ranking=ranking, story="refused_whole")

    def _short_departure(self) -> Iterator[SignUp]:
        """One traveller fewer than the minimum; most name another departure besides."""
        units = self._free_units()
        others = [option.code for option in self._open]
        for number in range(self._short.minimum - 1):
            unit = units[3 + number % (len(units) - 4)]
            second = (self._random.choice(others),) if number % 4 else ()
            yield self._party(unit, [self._member(unit)], ranking=(self._short.code, *second))

    def _by_accounts(self, found: list[SignUp]) -> list[SignUp]:
        """Some of the small parties sign up by themselves, with the account of their first member."""
        small = [
            place
            for place, each in enumerate(found)
            if each.by == "officer" and not each.story and _is_a_household(each)
        ]
        own = set(self._random.sample(small, min(MEMBERS, len(small) // 4)))
        return [self._own(each) if place in own else each for place, each in enumerate(found)]

    def _own(self, party: SignUp) -> SignUp:
        first, *rest = party.application.applicants
        person = first.draft
        if person is None:
            return party
        person = replace(person, email=person.email or f"m{person.phone}@mail.example")
        applicants = (replace(first, draft=person), *rest)
        return replace(
            party, application=replace(party.application, applicants=applicants), by="member", account=person
        )


def _last(programme: ProgrammeFacts, route: str) -> OptionFacts:
    return [option for option in programme.options if option.details["route"] == route][-1]


def _is_a_household(party: SignUp) -> bool:
    roles = Counter(applicant.role for applicant in party.application.applicants)
    return roles[PartyRole.PARTICIPANT] == 1


DEMO = Demo(programme=programme, sign_ups=sign_ups)
