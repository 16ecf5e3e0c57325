"""A summer camp to look at: five batches, 210 seats, and the 260 children whose families ask for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from eventhub.domain.facts import (
    Applicant,
    Application,
    OccasionFacts,
    OptionFacts,
    PastPlace,
    PersonDraft,
    ProgrammeFacts,
    SourceFacts,
)
from eventhub.domain.seasons import birthday_aged, into_next_season, sign_up_before
from eventhub.domain.terms import OrganisationKind, Sex
from eventhub.i18n import Bilingual
from eventhub.kinds import Cast, Demo, SignUp
from eventhub.kinds.camp.checks import consents

CHILDREN = 260
SIBLING_PAIRS = 18
FRIEND_PAIRS = 6
BEEN_BEFORE = 12
YUAN = 100

_DATA = Path(__file__).parent / "data" / "batches.json"
_DEARNESS = {"B1": 30, "B3": 27, "B2": 17, "B4": 15, "B5": 11}
_FAMILIES = (("hardship",), ("migrant",), ("new_form",), ())
_FAMILY_SHARES = (18, 44, 36, 2)
_PROGRAMME_EN = {
    "升旗": "flag raising",
    "故宫": "Palace Museum",
    "长城": "Great Wall",
    "科学技术馆": "science museum",
    "军事博物馆": "military museum",
    "闭营联欢": "farewell party",
    "科技创新实践": "science practice",
    "贺兰山研学": "study walk in the Helan range",
    "黄河研学": "study walk by the Yellow River",
    "手绘": "drawing",
    "剪纸": "paper-cutting",
    "红色教育": "red sites",
    "采摘": "fruit picking",
    "编织": "weaving",
    "长征精神": "spirit of the Long March",
    "森林研学": "study walk in the forest",
    "劳动实践": "hands-on work",
}
_TRANSPORT = {
    "coach": ("大巴", "coach"),
    "rail_sleeper_or_air": ("卧铺火车或飞机", "sleeper train or flight"),
}


def programme(_scale: float, today: date) -> ProgrammeFacts:
    """Last season's camp in the next one; it is whole at every scale."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    batches = data["batches"]
    move = into_next_season(min(date.fromisoformat(batch["first_day"]) for batch in batches), today)
    options = tuple(_batch(batch, move) for batch in batches)
    times = sign_up_before(today)
    year = options[0].first_day.year
    return ProgrammeFacts(
        code=f"camp-{year}",
        kind="camp",
        title=Bilingual(f"{year}年“阳光少年”职工子女夏令营", f"Sunshine Youth summer camp {year}"),
        summary=Bilingual(
            "面向困难职工、农民工和新就业形态劳动者家庭的10至15周岁子女，分五期前往北京、银川和六盘山，食宿交通和保险全部由工会承担。",
            "For children of 10 to 15 from families of workers in hardship, rural migrant workers and workers in new "
            "employment forms: five batches to Beijing, Yinchuan and the Liupan mountains, free to the families.",
        ),
        opens_at=times.opens_at,
        closes_at=times.closes_at,
        result_at=times.result_at,
        announced_at=times.announced_at,
        contact_name="夏令营办公室",
        contact_phone="12900000101",
        options=options,
        sources=(SourceFacts("camp", Bilingual("夏令营专项资金", "Camp fund"), data["fund_yuan"] * YUAN),),
        settings={"fund": "camp", "teacher_per_children": data["teacher_per_children"]},
        organisation="640000",
    )


def _batch(batch: dict[str, Any], move: timedelta) -> OptionFacts:
    first, last = (date.fromisoformat(batch[key]) + move for key in ("first_day", "last_day"))
    transport_zh, transport_en = _TRANSPORT[batch["transport"]]
    return OptionFacts(
        code=batch["code"],
        title=Bilingual(batch["title_zh"], batch["title_en"]),
        capacity=batch["seats"],
        minimum=batch["minimum"],
        occasions=(
            OccasionFacts(
                starts=first,
                ends=last,
                place=Bilingual(batch["place_zh"], batch["place_en"]),
                meeting_point=Bilingual("各市总工会门前，7:30", "In front of the city federation, 7:30"),
            ),
        ),
        place_code=batch["place_code"],
        head_cost_fen=batch["cost_yuan_a_child"] * YUAN,
        details={
            "adults": batch["teachers"],
            "halal": True,
            "programme_zh": batch["programme_zh"],
            "programme_en": [_PROGRAMME_EN[each] for each in batch["programme_zh"]],
            "transport_zh": transport_zh,
            "transport_en": transport_en,
        },
    )


@dataclass(frozen=True)
class _Family:
    """One guardian and the children who go together; ``claims`` are of the family, so of each child."""

    unit: str
    guardian: PersonDraft
    children: tuple[PersonDraft, ...]
    claims: tuple[str, ...]


def sign_ups(programme: ProgrammeFacts, cast: Cast, _scale: float, random: Random) -> Iterator[SignUp]:
    """236 parties: eighteen pairs of siblings, six of friends, the rest alone; each by a guardian's own account."""
    units = [each.code for each in cast.organisations if each.kind is OrganisationKind.PRIMARY]
    first_day = programme.options[0].first_day
    sizes = [2] * (SIBLING_PAIRS + FRIEND_PAIRS)
    sizes += [1] * (CHILDREN - sum(sizes))
    before = set(random.sample(range(SIBLING_PAIRS + FRIEND_PAIRS, len(sizes)), BEEN_BEFORE))
    for number, size in enumerate(sizes):
        siblings = number < SIBLING_PAIRS
        family = _family(cast, random, units, first_day, size=size, siblings=siblings)
        family, story = _awkward(family, number, programme)
        history = {
            child.name: (PastPlace("camp", first_day.year - 1),)
            for child in family.children
            if number in before
        }
        ranking = _ranking(programme, family, random, story)
        yield SignUp(
            application=_application(programme, family, ranking, random),
            by="guardian",
            unit=family.unit,
            account=family.guardian,
            history=history,
            story=story,
        )


def _family(
    cast: Cast, random: Random, units: Sequence[str], first_day: date, *, size: int, siblings: bool
) -> _Family:
    unit = random.choice(units)
    guardian = cast.person(organisation=unit, born=(first_day.year - 48, first_day.year - 36))
    claims = random.choices(_FAMILIES, weights=_FAMILY_SHARES)[0]
    children = []
    for place in range(size):
        surname = guardian.name[0] if siblings or place == 0 else ""
        sex = random.choices((Sex.FEMALE, Sex.MALE), weights=(46, 54))[0]
        child = cast.person(
            organisation=unit, born=(first_day.year - 13, first_day.year - 13), sex=sex, surname=surname
        )
        # Birthdays count from the first day of the season, so that a season moved by weeks has the same children.
        born = birthday_aged(random.randint(10, 14), first_day, days_ago=random.randint(40, 320))
        children.append(replace(child, birth_date=born, phone="", email="", relation="child", claims=claims))
    return _Family(unit, guardian, tuple(children), claims)


def _awkward(family: _Family, number: int, programme: ProgrammeFacts) -> tuple[_Family, str]:
    """The few families every rule is tried on; ``number`` counts parties, the single children begin at 24."""
    first_day = programme.options[0].first_day
    child = family.children[0]
    match number - SIBLING_PAIRS - FRIEND_PAIRS:
        case 0:  # followed from invitation to withdrawal: certain of a place
            return _first_tier(family), "moved"
        case 1:  # no address anywhere: a slip is printed
            return replace(_first_tier(family), guardian=replace(family.guardian, email="")), "no_address"
        case 2:
            return _first_tier(family), "withdrawn"
        case 3:  # ten on the very first day
            return _with_child(family, replace(child, birth_date=birthday_aged(10, first_day))), ""
        case 4:  # turns sixteen between the first batches: later ones are barred
            late = programme.options[2].first_day
            return _with_child(family, replace(child, birth_date=birthday_aged(16, late))), ""
        case 5:  # turns ten between the batches: the earlier ones are barred
            late = programme.options[2].first_day
            return _with_child(family, replace(child, birth_date=birthday_aged(10, late))), ""
        case 6:  # turns fourteen between sign-up and camp
            return _with_child(
                family, replace(child, birth_date=birthday_aged(14, first_day, days_ago=1))
            ), ""
        case 7:  # a surname most programs read wrongly, and a name with a middle dot
            return _with_child(family, replace(child, name="阿依古丽·买买提")), ""
        case _:
            return family, ""


def _first_tier(family: _Family) -> _Family:
    claims = ("hardship",)
    children = tuple(replace(child, claims=claims) for child in family.children)
    guardian = (
        family.guardian
        if family.guardian.email
        else replace(family.guardian, email=f"g{family.guardian.phone}@mail.example")
    )
    return replace(family, claims=claims, children=children, guardian=guardian)


def _with_child(family: _Family, child: PersonDraft) -> _Family:
    return replace(family, children=(child, *family.children[1:]))


def _ranking(programme: ProgrammeFacts, family: _Family, random: Random, story: str) -> tuple[str, ...]:
    """Beijing is dearest to most; half name three batches, some only Beijing, those followed all five."""
    wanted = len(programme.options) if story else random.choices((2, 3, 4, 5), weights=(15, 45, 20, 20))[0]
    open_to = [
        option for option in programme.options if all(_fits(option, child) for child in family.children)
    ]
    drawn = sorted(
        open_to, key=lambda option: (-(random.random() ** (1 / _DEARNESS[option.code])), option.code)
    )
    return tuple(option.code for option in drawn[:wanted])


def _fits(option: OptionFacts, child: PersonDraft) -> bool:
    born, day = child.birth_date, option.first_day
    if born is None:
        return False
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return 10 <= age <= 15  # noqa: PLR2004 - the ages of the camp


def _application(
    programme: ProgrammeFacts, family: _Family, ranking: tuple[str, ...], random: Random
) -> Application:
    halal = random.random() < 0.38  # noqa: PLR2004 - as in the region's own canteens
    answers = {
        "family": family.claims[0] if family.claims else "migrant",
        **({"meals": "halal"} if halal else {}),
    }
    told = Application(
        programme=programme.code,
        applicants=tuple(Applicant(draft=child, answers=answers) for child in family.children),
        ranking=ranking,
        answers={
            "contact1_name": family.guardian.name,
            "contact1_phone": family.guardian.phone,
            "contact2_name": f"{family.guardian.name[0]}家长",
            "contact2_phone": f"1298{family.guardian.phone[-7:]}",
        },
    )
    return replace(told, consents=tuple(text.key for text in consents(programme, told) if text.required))


DEMO = Demo(programme=programme, sign_ups=sign_ups)
