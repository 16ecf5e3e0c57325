"""Health checks: workers choose a half-day at a hospital; who must come fasting comes in the morning."""

from pathlib import Path

from eventhub.i18n import N_
from eventhub.kinds import Kind, Words
from eventhub.kinds.checkup import allotment, checks, invite, particulars
from eventhub.kinds.checkup.demo import DEMO
from eventhub.kinds.checkup.questions import QUESTIONS, SETTINGS

KIND = Kind(
    key="checkup",
    words=Words(
        kind=N_("Health check"),
        option=N_("half-day"),
        options=N_("half-days"),
        seat=N_("appointment"),
        seats=N_("appointments"),
        item=N_("check-up"),
        participant=N_("examinee"),
        party=N_("workmates"),
        not_run=N_("This half-day is not held"),
        first_day=N_("Day of the check"),
        last_day=N_("Day the check ends"),
        head_cost=N_("Paid to the hospital for each"),
    ),
    folder=Path(__file__).parent,
    colour="#6b4f9a",
    settings=SETTINGS,
    particulars=particulars.PARTICULARS,
    timed=True,
    questions=QUESTIONS,
    most_choices=3,
    flexible=True,
    check_option=particulars.check_option,
    bars=checks.bars,
    group=allotment.group,
    option=allotment.option,
    objective=allotment.objective,
    entries=invite.entries,
    facts=invite.facts,
    brief=invite.brief,
    rule_texts=checks.RULES.texts,
    demo=DEMO,
)
