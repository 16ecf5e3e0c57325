"""Tell a whole year through the services: from an empty house to invitations that were sent, moved and withdrawn.

Nothing here writes a row: units, accounts, sign-ups, runs and publications go through the functions that the pages
call, with every check. Time is told: sign-ups lie in the weeks before ``today``, the publications in its last days. What
comes out depends on seed and scale alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from flask import Flask
from sqlalchemy import select

from eventhub.demo import first_act, second_act
from eventhub.demo.setting import ORGANISER, Setting
from eventhub.demo.telling import Telling
from eventhub.domain.facts import OccasionFacts, OptionFacts, ProgrammeFacts
from eventhub.domain.seasons import WEEK
from eventhub.domain.terms import RegistrationState, Role
from eventhub.extensions import db
from eventhub.i18n import Bilingual
from eventhub.models.registrations import Party, Registration
from eventhub.services import programmes

_OPEN_TO_TRY = Bilingual(
    "正在报名的示范项目，可在此体验报名、变更和撤回；条件和规则与同类项目相同。",
    "Open for sign-up in this demonstration: sign up, change and withdraw here; conditions and rules are those of the kind.",
)
OPEN_ITEMS, OPEN_OPTIONS = 2, 3
"""What the programme that is open for sign-up offers: the first options of the first items."""


@dataclass(frozen=True)
class Told:
    """What a visitor needs to look at the story: its programmes, and an account of each role."""

    programmes: tuple[str, ...]
    open_programmes: tuple[str, ...]
    accounts: Mapping[Role, str]
    followed: Mapping[str, Mapping[str, str]]
    """Programme -> what the story had in mind -> the party's code."""


def tell(app: Flask, *, scale: float, seed: int, today: date, seconds: int, telling: Telling) -> Told:
    """The whole story, in an empty and migrated database. ``seconds`` is what each run of the solver may take."""
    setting = Setting(app, scale=scale, seed=seed, today=today, seconds=seconds, telling=telling)
    first_act.play(setting)
    second_act.play(setting)
    setting.deliver(setting.days_ago(1, 20))
    opened = tuple(_open_another(setting, chapter.programme) for chapter in setting.chapters)
    setting.deliver(setting.days_ago(0, 8))
    return Told(
        programmes=tuple(chapter.programme.code for chapter in setting.chapters),
        open_programmes=opened,
        accounts=_faces(setting),
        followed={chapter.programme.code: dict(chapter.followed) for chapter in setting.chapters},
    )


def _open_another(setting: Setting, shown: ProgrammeFacts) -> str:
    """A further, small programme of the kind that is open for sign-up, so that a newcomer can try."""
    items = [item for item, _title in shown.items][:OPEN_ITEMS]
    chosen = [option for item in items for option in shown.options_of(item)[:OPEN_OPTIONS]]
    first = min(option.first_day for option in chosen)
    move = setting.today + 8 * WEEK - first
    move = WEEK * -(-move.days // 7)
    code = f"{shown.kind}-extra-{(first + move).year}"
    by = setting.organiser
    facts = replace(
        shown,
        code=code,
        title=Bilingual(f"{shown.title.zh}（加开）", f"{shown.title.en}: places added"),
        summary=_OPEN_TO_TRY,
        announced_at=None,
        opens_at=setting.days_ago(3, 9),
        closes_at=setting.days_ago(-21, 18),
        result_at=setting.days_ago(-28, 18),
        options=tuple(_moved(option, move) for option in chosen),
        quotas=(),
        published=0,
    )
    programmes.create(facts, by=by, at=setting.days_ago(4, 9))
    programmes.announce(code, by=by, at=setting.days_ago(4, 10))
    return code


def _faces(setting: Setting) -> dict[Role, str]:
    """An account of each role with something to see: the first who signed up somebody that has a place."""
    placed = set(
        db.session.scalars(
            select(Party.account_id)
            .join(Registration, Registration.party_id == Party.id)
            .where(Registration.state == RegistrationState.ALLOTTED)
        )
    )
    found = {Role.ORGANISER: setting.codes[ORGANISER]}
    for chapter in setting.chapters:
        for each in chapter.signed:
            actor = setting.actors[each.by]
            if actor.account_id in placed:
                found.setdefault(next(iter(actor.roles)), setting.codes[each.by])
    return found


def _moved(option: OptionFacts, by: timedelta) -> OptionFacts:
    occasions = tuple(_occasion_moved(occasion, by) for occasion in option.occasions)
    return replace(option, occasions=occasions)


def _occasion_moved(occasion: OccasionFacts, by: timedelta) -> OccasionFacts:
    return replace(occasion, starts=occasion.starts + by, ends=occasion.ends + by)
