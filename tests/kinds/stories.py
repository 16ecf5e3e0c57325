"""Small programmes of each kind and the people who would go, for the rules to be tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from eventhub import kinds
from eventhub.domain.facts import (
    Applicant,
    Application,
    OccasionFacts,
    OptionFacts,
    PartyFacts,
    PastPlace,
    Person,
    ProgrammeFacts,
    RegistrationFacts,
    SeatFacts,
    SourceFacts,
)
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import PartyRole, RegistrationState, Sex
from eventhub.i18n import Bilingual
from solvers.audit import audit
from solvers.outcome import Outcome, Status
from solvers.problem import read
from solvers.solve import solve

YUAN = 100
OPENS = datetime(2026, 5, 4, 1, tzinfo=UTC)
"""Nine in the morning of 4 May 2026, where people read it."""


# -- People ------------------------------------------------------------------------------------------


def person(
    code: str,
    *,
    name: str = "",
    born: date | None = date(2014, 3, 8),
    sex: Sex | None = Sex.FEMALE,
    claims: Sequence[str] = (),
    been: Sequence[PastPlace] = (),
    organisations: Sequence[str] = ("640000", "640100", "u1"),
    place_code: str = "640104",
) -> Person:
    return Person(
        code=code,
        name=name or f"马{code}",
        birth_date=born,
        sex=sex,
        organisations=tuple(organisations),
        place_code=place_code,
        claims=frozenset(claims),
        history=tuple(been),
    )


def party(
    *people: Person,
    ranking: Sequence[str] = (),
    companions: Sequence[Person] = (),
    answers: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    **told: Any,
) -> PartyFacts:
    """A party named after its first participant; ``personal`` answers are everybody's."""
    members = [(each, PartyRole.PARTICIPANT) for each in people]
    members += [(each, PartyRole.COMPANION) for each in companions]
    return PartyFacts(
        code=f"party-{members[0][0].code}" + (f"-{told['item']}" if told.get("item") else ""),
        members=tuple(
            RegistrationFacts(
                f"R-{each.code}-{told.get('item', '')}",
                each,
                role,
                RegistrationState.SUBMITTED,
                personal or {},
            )
            for each, role in members
        ),
        ranking=tuple(ranking),
        answers=answers or {},
        **told,
    )


def alone(
    how_many: int,
    *,
    ranking: Sequence[str],
    prefix: str = "p",
    personal: Mapping[str, Any] | None = None,
    **told: Any,
) -> list[PartyFacts]:
    """So many single people of one sort."""
    return [
        party(person(f"{prefix}{number:03}", **told), ranking=ranking, personal=personal)
        for number in range(how_many)
    ]


def with_lots(parties: Sequence[PartyFacts]) -> list[PartyFacts]:
    """The same, each with its lot: luckier the earlier it stands in the list."""
    return [replace(each, lot=lot) for each, lot in zip(parties, count(1), strict=False)]


def application(
    programme: ProgrammeFacts,
    *people: Person,
    companions: Sequence[Person] = (),
    answers: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    **told: Any,
) -> Application:
    applicants = [Applicant(person=each, answers=personal or {}) for each in people]
    applicants += [
        Applicant(person=each, role=PartyRole.COMPANION, answers=personal or {}) for each in companions
    ]
    return Application(programme.code, tuple(applicants), answers=answers or {}, **told)


# -- Programmes --------------------------------------------------------------------------------------


def programme(kind: str, options: Sequence[OptionFacts], **told: Any) -> ProgrammeFacts:
    return ProgrammeFacts(
        **{
            "code": f"{kind}-2026",
            "kind": kind,
            "title": Bilingual("测试项目", "A programme to test"),
            "summary": Bilingual("", ""),
            "opens_at": OPENS,
            "closes_at": OPENS + timedelta(days=20),
            "result_at": OPENS + timedelta(days=30),
            "announced_at": OPENS - timedelta(days=7),
            "contact_name": "杨老师",
            "contact_phone": "12900000001",
            "options": tuple(options),
        }
        | told
    )


def batch(code: str, first: date = date(2026, 7, 13), *, days: int = 6, **told: Any) -> OptionFacts:
    """A camp batch of whole days."""
    return OptionFacts(
        **{
            "code": code,
            "title": Bilingual(f"{code}营", f"Camp {code}"),
            "capacity": 10,
            "minimum": 0,
            "occasions": (
                OccasionFacts(
                    first,
                    first + timedelta(days=days - 1),
                    Bilingual("北京市", "Beijing"),
                    Bilingual("银川站前", "In front of Yinchuan station"),
                ),
            ),
            "details": {"adults": 5},
        }
        | told
    )


def heat(
    code: str,
    item: str = "C01",
    starts: datetime = datetime(2026, 9, 8, 9, tzinfo=ZONE),
    *,
    minutes: int = 30,
    position: tuple[float, float] | None = (36.1, 106.2),
    **told: Any,
) -> OptionFacts:
    """A heat of half an hour."""
    return OptionFacts(
        **{
            "code": code,
            "title": Bilingual(f"第{code}场", f"Heat {code}"),
            "item": item,
            "item_title": Bilingual(f"{item}赛", f"Item {item}"),
            "capacity": 8,
            "minimum": 0,
            "occasions": (
                OccasionFacts(
                    starts,
                    starts + timedelta(minutes=minutes),
                    Bilingual("蒋和村", "Jianghe village"),
                    latitude=position[0] if position else None,
                    longitude=position[1] if position else None,
                ),
            ),
            "details": {
                "min_age": 16,
                "max_age": 65,
                "team_sizes": [1, 2, 4],
                "field": "planting",
                "minutes": minutes,
            },
        }
        | told
    )


def departure(
    code: str,
    arrives: datetime = datetime(2026, 6, 5, 18, tzinfo=ZONE),
    *,
    details: Mapping[str, Any] | None = None,
    **told: Any,
) -> OptionFacts:
    """A departure of two nights, from Friday evening to Sunday afternoon."""
    return OptionFacts(
        **{
            "code": code,
            "title": Bilingual(f"线路{code}", f"Route {code}"),
            "capacity": 20,
            "minimum": 0,
            "occasions": (
                OccasionFacts(
                    arrives,
                    arrives + timedelta(days=1, hours=22),
                    Bilingual("昊苑村", "Haoyuan village"),
                    Bilingual("银川市总工会门前", "In front of the Yinchuan federation"),
                ),
            ),
            "details": {
                "route": code,
                "base": "640105101",
                "beds": 100,
                "price_fen": 780 * YUAN,
                "subsidy_fen": 500 * YUAN,
                "own_share_fen": 280 * YUAN,
                "companion_price_fen": 780 * YUAN,
                "hub_minutes": {"640100": 30, "640400": 305},
                "halal": True,
                "walking": "low",
                "altitude_m": 1150,
                "suits_elderly": True,
                **(details or {}),
            },
        }
        | told
    )


def fund(yuan: int, code: str = "fund", **told: Any) -> SourceFacts:
    return SourceFacts(code, Bilingual("专项资金", "Fund"), yuan * YUAN, **told)


# -- Answers -----------------------------------------------------------------------------------------


def framed(programme: ProgrammeFacts, parties: Sequence[PartyFacts]) -> dict[str, Any]:
    return kinds.of(programme).frame(programme, parties)


def solved(programme: ProgrammeFacts, parties: Sequence[PartyFacts], seconds: float = 30) -> Outcome:
    """The outcome of these parties, luckier the earlier they stand in the list; the auditor has nothing to say."""
    problem = read(framed(programme, with_lots(parties)))
    outcome = solve(problem, seconds=seconds)
    assert audit(problem, outcome) == []
    return outcome


def placed(programme: ProgrammeFacts, parties: Sequence[PartyFacts]) -> dict[str, Any]:
    """Party code -> option code of those placed, proved best."""
    outcome = solved(programme, parties)
    assert outcome.status is Status.OPTIMAL
    return dict(outcome.placements)


def infeasible(programme: ProgrammeFacts, parties: Sequence[PartyFacts]) -> bool:
    return solved(programme, parties).status is Status.INFEASIBLE


def seat(
    programme: ProgrammeFacts, option: str, who: Person, *, registration: str = "R-1", **told: Any
) -> SeatFacts:
    return SeatFacts(
        **{
            "registration": registration,
            "programme": programme,
            "option": programme.option(option),
            "display_name": kinds.of(programme).calendar_name(programme, who),
            "role": PartyRole.PARTICIPANT,
        }
        | told
    )
