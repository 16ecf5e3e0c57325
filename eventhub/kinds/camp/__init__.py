"""Summer camps: children go in batches of several days, signed up by their guardians, free to the families."""

from pathlib import Path

from eventhub.i18n import N_
from eventhub.kinds import Kind, Words
from eventhub.kinds.camp import allotment, checks, invite, particulars
from eventhub.kinds.camp.demo import DEMO
from eventhub.kinds.camp.questions import FAMILIES, QUESTIONS, SETTINGS

KIND = Kind(
    key="camp",
    words=Words(
        kind=N_("Summer camp"),
        option=N_("batch"),
        options=N_("batches"),
        seat=N_("place in the camp"),
        seats=N_("places in the camp"),
        item=N_("camp"),
        participant=N_("camper"),
        party=N_("brothers, sisters and friends"),
        not_run=N_("This batch does not run"),
        first_day=N_("First day"),
        last_day=N_("Last day"),
        cost=N_("Cost of a batch that runs"),
        head_cost=N_("Cost a child"),
    ),
    folder=Path(__file__).parent,
    colour="#2f7d4f",
    settings=SETTINGS,
    particulars=particulars.PARTICULARS,
    timed=False,
    questions=QUESTIONS,
    party_sizes=(1, 4),
    most_choices=5,
    for_guardians=True,
    claims=FAMILIES,
    check_option=particulars.check_option,
    check=checks.check,
    bars=checks.bars,
    consents=checks.consents,
    group=allotment.group,
    tiers=allotment.tiers,
    option=allotment.option,
    joint=allotment.joint,
    limit_name=allotment.limit_name,
    objective=allotment.objective,
    entries=invite.entries,
    facts=invite.facts,
    brief=invite.brief,
    display_name=invite.display_name,
    rule_texts=checks.RULES.texts,
    demo=DEMO,
)
