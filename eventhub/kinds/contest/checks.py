"""Who may enter a contest, in teams of which size, and what contestants agree to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from eventhub.domain.applicants import FULL_AGE, anyone_under, person_of
from eventhub.domain.facts import Application, ConsentText, OptionFacts, Person, ProgrammeFacts
from eventhub.domain.meals import halal_missing, meals_consent
from eventhub.domain.problems import Problem
from eventhub.domain.rulebook import Rulebook
from eventhub.domain.wording import Day, Listing
from eventhub.i18n import N_, Text
from eventhub.kinds.contest.questions import setting


def _age_rule(_programme: ProgrammeFacts) -> Text:
    return N_("Each item names the ages it is for; they are counted on the day of the heat.")


def _team_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "Each item names how many people an entry has, one to four; the people of a team are in the same heat, "
        "at the same station."
    )


def _one_entry_rule(_programme: ProgrammeFacts) -> Text:
    return N_("In each item a person is in at most one entry; several items may be entered.")


def _clash_rule(programme: ProgrammeFacts) -> Text:
    return N_(
        "Nobody is placed in two heats at once. Between two heats of one person lie the travelling time at "
        "%(speed)s km an hour and %(margin)s minutes besides.",
        speed=setting(programme, "travel_speed"),
        margin=setting(programme, "travel_margin"),
    )


def _village_rule(programme: ProgrammeFacts) -> Text:
    if setting(programme, "village_floor"):
        return N_(
            "Each village that enters has at least one entry placed, counted over all items. A village whose entries "
            "no heat can take, for age, time, size or want of entrants, is not counted."
        )
    return N_("Villages have no places of their own.")


def _spread_rule(programme: ProgrammeFacts) -> Text:
    if setting(programme, "village_spread"):
        return N_(
            "The entries of one village are spread over the heats of an item: in one heat at most the even share, "
            "rounded up, plus %(slack)s.",
            slack=setting(programme, "spread_slack"),
        )
    return N_("The entries of one village may be in any heat.")


def _meals_rule(_programme: ProgrammeFacts) -> Text:
    return N_("Who needs halal meals is placed only where the venue can cook them.")


def _running_rule(_programme: ProgrammeFacts) -> Text:
    return N_("A heat below its minimum does not run.")


def _lot_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "Within these rules as many people as possible are placed, in heats ranked as high as possible; what is still "
        "equal, and who stands at which station, is decided by the lot numbers drawn after sign-up."
    )


RULES = Rulebook(
    (
        ("age", _age_rule),
        ("team", _team_rule),
        ("one_entry", _one_entry_rule),
        ("clash", _clash_rule),
        ("village", _village_rule),
        ("spread", _spread_rule),
        ("meals", _meals_rule),
        ("running", _running_rule),
        ("lot", _lot_rule),
    )
)


def bars(
    _programme: ProgrammeFacts, option: OptionFacts, person: Person, answers: Mapping[str, Any]
) -> Problem | None:
    """Why somebody may not be in a heat: the ages of the item, or meals the venue cannot cook."""
    age = person.age_on(option.first_day)
    youngest, oldest = option.details.get("min_age", 0), option.details.get("max_age", 150)
    if age is not None and not youngest <= age <= oldest:
        return RULES.refusal(
            "age",
            "too_young" if age < youngest else "too_old",
            N_(
                "“%(item)s” is for people of %(min)s to %(max)s years; %(name)s will be %(age)s on %(day)s, "
                "the day of the heat.",
                item=option.item_title,
                min=youngest,
                max=oldest,
                name=person.name,
                age=age,
                day=Day(option.first_day),
            ),
        )
    if halal_missing(option, answers):
        return RULES.refusal(
            "meals",
            "no_halal",
            N_(
                "the venue of “%(heat)s” cannot cook the halal meals that %(name)s needs.",
                heat=option.title,
                name=person.name,
            ),
        )
    return None


def check(programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    """What is wrong with an entry as a whole; single heats are judged by :func:`bars`."""
    heats = programme.options_of(application.item)
    if not heats:
        return
    people = [person_of(applicant) for applicant in application.applicants]
    yield from _team_size(heats, people)
    for number, person in enumerate(people):
        if person.birth_date is None:
            yield Problem(
                "missing",
                N_("Date of birth of %(name)s: please fill this in.", name=person.name),
                f"participants-{number}-birth_date",
            )
    open_to = []
    for number, (person, applicant) in enumerate(zip(people, application.applicants, strict=True)):
        answers = {**application.answers, **applicant.answers}
        refused = {heat.code: bars(programme, heat, person, answers) for heat in heats}
        open_to.append({code for code, problem in refused.items() if problem is None})
        problem = next(iter(refused.values()))
        if not open_to[-1] and problem is not None:
            yield problem.at(f"participants-{number}-birth_date")
    if all(open_to) and open_to and not set.intersection(*open_to):
        yield RULES.refusal(
            "team",
            "no_common_option",
            N_(
                "a team is in one heat, and no heat of this item is open to all of %(names)s.",
                names=Listing(tuple(person.name for person in people)),
            ),
            field="options",
        )


def consents(programme: ProgrammeFacts, application: Application) -> Iterable[ConsentText]:
    """The undertaking on safety; for anybody under 18 the guardian's agreement besides."""
    yield SAFETY
    if anyone_under(FULL_AGE, programme, application):
        yield GUARDIAN_AGREEMENT
    yield from meals_consent(application)


def _team_size(heats: tuple[OptionFacts, ...], people: list[Person]) -> Iterable[Problem]:
    sizes = heats[0].details.get("team_sizes") or [1]
    if len(people) not in sizes:
        yield RULES.refusal(
            "team",
            "team_size",
            N_(
                "the number of people in an entry of “%(item)s” is %(sizes)s; here it is %(now)s.",
                item=heats[0].item_title,
                sizes=_Either(tuple(sizes)),
                now=len(people),
            ),
            field="participants",
        )


class _Either(Listing):
    """Numbers to choose from: 1, 2 or 4."""

    def __str__(self) -> str:
        *others, last = (str(part) for part in self.parts)
        return (
            str(N_("%(others)s or %(last)s", others=str(Listing(tuple(others))), last=last))
            if others
            else last
        )


SAFETY = ConsentText(
    key="safety",
    version="2026-2",
    title=N_("Undertaking on safety and fairness"),
    body=N_(
        "I take part, or sign up those named here with their knowledge, under the rules of this contest.\n\n"
        "Everyone named is fit for the work of the item and follows the instructions of the safety officer. Tools and "
        "machines are used as they are meant to be; a serious breach ends the entry. Nobody stands in for somebody "
        "else, and nobody helps from outside.\n\n"
        "The organiser insures contestants against accidents on the day. Names, villages and results are used to run "
        "the contest and to award the prizes; winners are announced by name. Telephone numbers are used only to reach "
        "the contestants."
    ),
)

GUARDIAN_AGREEMENT = ConsentText(
    key="guardian",
    version="2026-1",
    title=N_("Guardian's agreement for contestants under 18"),
    body=N_(
        "I am the guardian of the contestants under 18 named here, and I agree that they take part. I know the item, "
        "the day, the place and the tools that are used. I may take back this agreement at any time before the heat, "
        "on the page of the sign-up or by calling the contact person; the place is then given up."
    ),
)
