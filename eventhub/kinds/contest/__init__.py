"""Village skills contests: single people and teams enter an item and are placed in one of its heats."""

from pathlib import Path

from eventhub.i18n import N_
from eventhub.kinds import Kind, Words
from eventhub.kinds.contest import allotment, checks, invite, particulars, villages
from eventhub.kinds.contest.demo import DEMO
from eventhub.kinds.contest.questions import QUESTIONS, SETTINGS

KIND = Kind(
    key="contest",
    words=Words(
        kind=N_("Village skills contest"),
        option=N_("heat"),
        options=N_("heats"),
        seat=N_("starting place"),
        seats=N_("starting places"),
        item=N_("contest item"),
        participant=N_("contestant"),
        party=N_("team"),
        not_run=N_("This heat does not run"),
        first_day=N_("Day of the heat"),
        last_day=N_("Day the heat ends"),
        cost=N_("Prizes and costs of the heat"),
    ),
    folder=Path(__file__).parent,
    colour="#a8601c",
    settings=SETTINGS,
    particulars=particulars.PARTICULARS,
    timed=True,
    questions=QUESTIONS,
    party_sizes=(1, 4),
    choose_item=True,
    most_choices=3,
    flexible=True,
    check_option=particulars.check_option,
    check=checks.check,
    bars=checks.bars,
    consents=checks.consents,
    group=allotment.group,
    option=allotment.option,
    joint=allotment.joint,
    limit_name=villages.limit_name,
    objective=allotment.objective,
    entries=invite.entries,
    facts=invite.facts,
    brief=invite.brief,
    stations=allotment.stations,
    rule_texts=checks.RULES.texts,
    demo=DEMO,
)
