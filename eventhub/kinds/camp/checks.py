"""Who may register for a camp, for which batches, and what guardians agree to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from eventhub.domain.applicants import OWN_CONSENT_AGE, anyone_under, person_of
from eventhub.domain.facts import Application, ConsentText, OptionFacts, Person, ProgrammeFacts
from eventhub.domain.meals import halal_missing, meals_consent
from eventhub.domain.problems import Problem
from eventhub.domain.rulebook import Rulebook
from eventhub.domain.wording import Day, Listing
from eventhub.i18n import N_, Text
from eventhub.kinds.camp.questions import FAMILIES, setting


def _age_rule(programme: ProgrammeFacts) -> Text:
    return N_(
        "Campers are %(min)s to %(max)s years old on the first day of their batch; a birthday counts from its own day on.",
        min=setting(programme, "min_age"),
        max=setting(programme, "max_age"),
    )


def _family_rule(programme: ProgrammeFacts) -> Text:
    names = dict(FAMILIES)
    order = tuple(names[key] for key in setting(programme, "family_order") if key in names)
    if setting(programme, "never_been_first"):
        return N_(
            "Families are served in this order, as confirmed by their primary union: %(order)s; within each, children "
            "who have never been to a camp come first. Families not confirmed come last.",
            order=Listing(order),
        )
    return N_(
        "Families are served in this order, as confirmed by their primary union: %(order)s. "
        "Families not confirmed come last.",
        order=Listing(order),
    )


def _party_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "Brothers, sisters and friends who sign up together go to the same batch or not at all, and are served with "
        "the one among them who comes last. Those who may go separately sign up separately."
    )


def _staff_rule(programme: ProgrammeFacts) -> Text:
    return N_(
        "Each teacher looks after at most %(children)s children; a batch has no more seats than its teachers allow.",
        children=setting(programme, "teacher_per_children"),
    )


def _running_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "A batch below its minimum does not run, and all batches together stay within the fund. "
        "The camp is free to families."
    )


def _balance_rule(programme: ProgrammeFacts) -> Text:
    if setting(programme, "sex_difference_firm"):
        return N_(
            "In a full batch girls and boys differ by at most %(difference)s, in a smaller one by less in proportion.",
            difference=setting(programme, "sex_difference"),
        )
    return N_(
        "As far as possible girls and boys differ by at most %(difference)s in a full batch.",
        difference=setting(programme, "sex_difference"),
    )


def _lot_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "Within these rules as many children as possible have a place, in as high a choice as possible; "
        "what is still equal is decided by the lot numbers drawn after sign-up."
    )


def _contacts_rule(_programme: ProgrammeFacts) -> Text:
    return N_("Each sign-up names two emergency contacts with different telephone numbers.")


def _meals_rule(_programme: ProgrammeFacts) -> Text:
    return N_("Who needs halal meals is placed only where the camp site can cook them.")


RULES = Rulebook(
    (
        ("age", _age_rule),
        ("families", _family_rule),
        ("together", _party_rule),
        ("contacts", _contacts_rule),
        ("meals", _meals_rule),
        ("staff", _staff_rule),
        ("running", _running_rule),
        ("balance", _balance_rule),
        ("lot", _lot_rule),
    )
)


def bars(
    programme: ProgrammeFacts, option: OptionFacts, person: Person, answers: Mapping[str, Any]
) -> Problem | None:
    """Why a child may not go to a batch: its age on the first day, or meals the site cannot cook."""
    age = person.age_on(option.first_day)
    youngest, oldest = setting(programme, "min_age"), setting(programme, "max_age")
    if age is not None and person.birth_date is not None and not youngest <= age <= oldest:
        told = {
            "name": person.name,
            "min": youngest,
            "max": oldest,
            "age": age,
            "day": Day(option.first_day),
            "batch": option.title,
        }
        if age > oldest:
            because = N_(
                "campers are %(min)s to %(max)s years old on the first day of the batch; "
                "%(name)s will be %(age)s when “%(batch)s” begins on %(day)s.",
                **told,
            )
        else:
            because = N_(
                "campers are %(min)s to %(max)s years old on the first day of the batch; %(name)s will be %(age)s when "
                "“%(batch)s” begins on %(day)s and turns %(min)s only on %(birthday)s.",
                **told,
                birthday=Day(_birthday(person.birth_date, youngest)),
            )
        return RULES.refusal("age", "too_old" if age > oldest else "too_young", because)
    if halal_missing(option, answers):
        return RULES.refusal(
            "meals",
            "no_halal",
            N_(
                "the site of “%(batch)s” cannot cook the halal meals that %(name)s needs.",
                batch=option.title,
                name=person.name,
            ),
        )
    return None


def check(programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    """What is wrong with an application as a whole; single batches are judged by :func:`bars`."""
    children = [person_of(applicant) for applicant in application.applicants]
    for number, child in enumerate(children):
        yield from _unknown(child, f"participants-{number}-")
    answers = [{**application.answers, **applicant.answers} for applicant in application.applicants]
    open_to = [
        {option.code for option in programme.options if bars(programme, option, child, its_answers) is None}
        for child, its_answers in zip(children, answers, strict=True)
    ]
    for number, child in enumerate(children):
        if programme.options and not open_to[number]:
            nearest = _nearest(programme, child, answers[number])
            yield nearest.at(f"participants-{number}-birth_date")
    if all(open_to) and children and not set.intersection(*open_to):
        yield RULES.refusal(
            "together",
            "no_common_option",
            N_(
                "%(names)s go to the same batch or not at all, and no batch is open to all of them. "
                "Please sign them up separately.",
                names=Listing(tuple(child.name for child in children)),
            ),
            field="options",
        )
    yield from _same_contact(application)


def consents(programme: ProgrammeFacts, application: Application) -> Iterable[ConsentText]:
    """The guardian's consent; for a child under 14 on the day of collection the special rules besides."""
    yield GUARDIAN_CONSENT
    if anyone_under(OWN_CONSENT_AGE, programme, application):
        yield CHILDREN_RULES
    yield from meals_consent(application)


def _unknown(child: Person, field: str) -> Iterable[Problem]:
    if child.birth_date is None:
        yield Problem(
            "missing",
            N_("Date of birth of %(name)s: please fill this in.", name=child.name),
            field + "birth_date",
        )
    if child.sex is None:
        yield Problem("missing", N_("Sex of %(name)s: please choose.", name=child.name), field + "sex")


def _nearest(programme: ProgrammeFacts, child: Person, answers: Mapping[str, Any]) -> Problem:
    """Of a child that no batch is open to, the refusal that comes closest: the last batch for the too young, else
    the first.
    """
    options = sorted(programme.options, key=lambda option: (option.first_day, option.code))
    found = [problem for option in options if (problem := bars(programme, option, child, answers))]
    return next((problem for problem in reversed(found) if problem.code == "too_young"), found[0])


def _same_contact(application: Application) -> Iterable[Problem]:
    first, second = (application.answers.get(f"contact{number}_phone") for number in (1, 2))
    if first and first == second:
        yield RULES.refusal(
            "contacts",
            "same_contact",
            N_(
                "the two emergency contacts have different telephone numbers. Give another number for the second."
            ),
            field="contact2_phone",
        )


def _birthday(born: date, age: int) -> date:
    """The day somebody reaches an age; born on 29 February: 1 March in a common year."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


GUARDIAN_CONSENT = ConsentText(
    key="guardian",
    version="2026-2",
    title=N_("Guardian's consent to the camp"),
    body=N_(
        "I am the guardian of the children named in this sign-up, and I agree that they take part in the camp.\n\n"
        "What I tell about them is true and complete. I know the dates, the place, the programme and the rules of the "
        "camp, and have talked them over with the children. I bring them to the meeting point in time and collect them "
        "there, or name in writing who does.\n\n"
        "The organiser insures every child against accidents for the whole journey, sends teachers, a medic and a "
        "safety officer along, and calls me and then the second contact at once if anything happens. In an emergency "
        "the teacher may have a child treated before I am reached.\n\n"
        "If a child cannot come, I withdraw the sign-up as early as I can, so that another child may have the place. "
        "A child whose illness would endanger itself or others stays at home, and I say so before the departure.\n\n"
        "The names, birth dates and answers given here are used only to decide about places, to run the camp and to "
        "reach me. I may look at them, have them put right, or take back this consent at any time on the page of my "
        "sign-up; the place is then given up. The answers are erased 30 days after the camp."
    ),
)

CHILDREN_RULES = ConsentText(
    key="children_rules",
    version="2026-2",
    title=N_("Special rules for data about children under 14"),
    body=N_(
        "Data about children under 14 are sensitive by law, so we ask for this consent apart from the other.\n\n"
        "What is collected: the child's name, date of birth, sex and kind of family, an emergency contact, and, only "
        "after a place is offered, the identity number that the insurer needs. Nothing is collected from the child "
        "itself, and the child has no account.\n\n"
        "What for: to check the age, to give out the places by the published rules, to insure the child and to look "
        "after it. Nothing else; no advertising, no profiles, no handing on except to the insurer and the camp site, "
        "who get only what they need.\n\n"
        "How it is kept: identity numbers are encrypted; few people may open a child's record, and whoever prints or "
        "downloads a list of children is written down, with the time and the number of children on it. No child is "
        "named in a public notice, and calendars and mails carry no full name. Answers are erased 30 days after the "
        "child's batch ends, without a place 30 days after the last batch.\n\n"
        "You may refuse: the child then cannot be signed up here, and you may ask the contact person of the programme "
        "for a sign-up on paper. You may look at the data, have them put right or erased, or take back this consent "
        "at any time on the page of your sign-up, or by calling the contact person, who answers for children's data."
    ),
)
