"""Rural retreats: members go on a departure of two nights, alone, with their family or with workmates."""

from pathlib import Path

from eventhub.i18n import N_
from eventhub.kinds import Kind, Words
from eventhub.kinds.retreat import allotment, checks, invite, particulars
from eventhub.kinds.retreat.demo import DEMO
from eventhub.kinds.retreat.questions import PRIORITIES, QUESTIONS, SETTINGS

KIND = Kind(
    key="retreat",
    words=Words(
        kind=N_("Rural retreat"),
        option=N_("departure"),
        options=N_("departures"),
        seat=N_("bed"),
        seats=N_("beds"),
        item=N_("route"),
        participant=N_("traveller"),
        party=N_("family or workmates"),
        not_run=N_("This departure does not run"),
        first_day=N_("Day of departure"),
        last_day=N_("Day of return"),
    ),
    folder=Path(__file__).parent,
    colour="#2b6a8f",
    settings=SETTINGS,
    particulars=particulars.PARTICULARS,
    timed=True,
    questions=QUESTIONS,
    party_sizes=(1, 45),
    companions=True,
    most_choices=5,
    claims=PRIORITIES,
    quotas=True,
    check_option=particulars.check_option,
    check=checks.check,
    bars=checks.bars,
    consents=checks.consents,
    group=allotment.group,
    tiers=allotment.tiers,
    choice=allotment.choice,
    option=allotment.option,
    joint=allotment.joint,
    limit_name=allotment.limit_name,
    objective=allotment.objective,
    entries=invite.entries,
    facts=invite.facts,
    brief=invite.brief,
    to_pay=allotment.to_pay,
    rule_texts=checks.RULES.texts,
    demo=DEMO,
)
