"""The step of choosing: the ranking, and further options with what speaks against each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import request
from markupsafe import Markup

from eventhub.domain.facts import Application, OptionFacts
from eventhub.i18n import N_, Text, _
from eventhub.queries import programmes as programme_queries
from eventhub.web.my.sign_up.moment import Moment
from eventhub.web.my.sign_up.value import StepPage
from eventhub.web.public._finding import matching, months

MOST_SHOWN = 12
"""Further options shown at once; the others are found by looking for them."""
LONGEST_FIND = 60
LONGEST_WHOLE = 20
MOST_FACTS = 3
"""What a kind says first of an option: its price, and what of it is left to pay."""


def choices_step(here: Moment, application: Application, value: StepPage) -> StepPage:
    """The ranking so far and the options that fit what is looked for, those that are barred last."""
    demand = programme_queries.demand(here.programme.code)
    options = here.programme.options_of(application.item)
    known = {option.code: option for option in options}
    ranking = [code for code in application.ranking if code in known]
    others = [option for option in options if option.code not in ranking]
    find = looked_for() if len(others) > MOST_SHOWN else ""
    found = sorted(
        matching(others, find),
        key=lambda option: (_bar(here, application, option) is not None, option.first_day),
    )

    def card(option: OptionFacts) -> Mapping[str, Any]:
        return _card(here, application, option, demand.get(option.code, (0, 0))[1])

    return replace(
        value,
        chosen=tuple(card(known[code]) for code in ranking),
        available=tuple(card(option) for option in found[:MOST_SHOWN]),
        find=find,
        months=months(others) if len(others) > MOST_SHOWN else (),
        found=len(found),
        crowded=len(others) > MOST_SHOWN,
        most=min(here.kind.most_choices, len(options)),
    )


def looked_for() -> str:
    """What the reader typed to find further options, or the month they pressed instead."""
    way, _colon, pressed = request.values.get("move", "").partition(":")
    if way == "month":
        return pressed[:LONGEST_FIND]
    return request.values.get("find", "").strip()[:LONGEST_FIND]


def _card(here: Moment, application: Application, option: OptionFacts, ranked_by: int) -> Mapping[str, Any]:
    facts = here.kind.facts(here.programme, option)[:MOST_FACTS]
    occasion = option.occasions[0]
    return {
        "id": option.code,
        "title": option.title,
        "start": occasion.starts,
        "end": option.occasions[-1].ends,
        "place": str(occasion.place) or None,
        "seats": option.capacity,
        "ranked_by": ranked_by,
        "note": Markup(" · ").join(
            _whole(_("%(label)s: %(value)s", label=fact.label, value=str(fact.value))) for fact in facts
        ),
        "reason": _bar(here, application, option),
    }


def _whole(said: str) -> str:
    """A short fact whole on one line: a price is not parted from what it is the price of."""
    return Markup('<span class="eh-nowrap">{}</span>').format(said) if len(said) <= LONGEST_WHOLE else said


def _bar(here: Moment, application: Application, option: OptionFacts) -> Text | None:
    size = len(application.applicants)
    if option.capacity is not None and size > option.capacity:
        return N_(
            "It has %(seats)s places, fewer than the %(size)s of you.", seats=option.capacity, size=size
        )
    for applicant in application.applicants:
        if applicant.person is not None:
            answers = {**application.answers, **applicant.answers}
            bar = here.kind.bars(here.programme, option, applicant.person, answers)
            if bar is not None:
                return bar.message
    return None
