"""Health checks to look at: two hospitals, four half-days, and more workers than appointments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from eventhub.domain.facts import Applicant, Application, OccasionFacts, OptionFacts, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.i18n import Bilingual
from eventhub.kinds import Cast, Demo, SignUp

HOSPITALS = (("H1", "第一人民医院", "First Hospital"), ("H2", "中医医院", "Hospital of Chinese Medicine"))
HALVES = (("am", "上午", "morning", time(8), time(12)), ("pm", "下午", "afternoon", time(14), time(17, 30)))
WORKERS = 12


def programme(_scale: float, today: date) -> ProgrammeFacts:
    """Four half-days of two places each, a month from today."""
    day = today + timedelta(days=30)
    opens = datetime.combine(today - timedelta(days=1), time(), UTC)
    return ProgrammeFacts(
        code=f"checkup-{day.year}",
        kind="checkup",
        title=Bilingual("健康守护体检", "Health checks"),
        summary=Bilingual(
            "为户外和新就业形态劳动者免费体检。", "Free checks for outdoor and new-form workers."
        ),
        opens_at=opens,
        closes_at=opens + timedelta(days=10),
        result_at=opens + timedelta(days=15),
        announced_at=opens,
        contact_name="体检办公室",
        contact_phone="12900000404",
        options=tuple(
            OptionFacts(
                code=f"{hospital}-{half}",
                title=Bilingual(f"{name_zh}{half_zh}", f"{name_en}, {half_en}"),
                capacity=2,
                minimum=0,
                occasions=(
                    OccasionFacts(
                        datetime.combine(day, begins, ZONE),
                        datetime.combine(day, ends, ZONE),
                        Bilingual(name_zh, name_en),
                    ),
                ),
            )
            for hospital, name_zh, name_en in HOSPITALS
            for half, half_zh, half_en, begins, ends in HALVES
        ),
        organisation="640000",
    )


def sign_ups(programme: ProgrammeFacts, cast: Cast, _scale: float, random: Random) -> Iterator[SignUp]:
    """A dozen workers of the first unit without units below it; every third must come fasting."""
    parents = {code for each in cast.organisations for code in each.path[:-1]}
    unit = next(each.code for each in cast.organisations if each.code not in parents)
    for number in range(WORKERS):
        worker = cast.person(organisation=unit, born=(1970, 2000))
        package = "basic" if number % 3 else "fasting"
        open_to = [
            option.code for option in programme.options if package == "basic" or option.code.endswith("am")
        ]
        yield SignUp(
            application=Application(
                programme=programme.code,
                applicants=(Applicant(draft=worker, answers={"package": package}),),
                ranking=tuple(random.sample(open_to, 2)),
                flexible=number % 2 == 0,
            ),
            by="member",
            unit=unit,
            account=worker,
        )


DEMO = Demo(programme=programme, sign_ups=sign_ups)
