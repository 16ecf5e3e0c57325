"""Who may go on a retreat, on which departures, with whom, and what travellers agree to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from eventhub.domain.applicants import person_of
from eventhub.domain.facts import Applicant, Application, ConsentText, OptionFacts, Person, ProgrammeFacts
from eventhub.domain.meals import halal_missing, meals_consent
from eventhub.domain.problems import Problem
from eventhub.domain.rulebook import Rulebook
from eventhub.domain.terms import PartyRole
from eventhub.domain.wording import Listing
from eventhub.i18n import N_, Text
from eventhub.kinds.retreat.questions import PRIORITIES, setting


def _member_rule(_programme: ProgrammeFacts) -> Text:
    return N_("Participants are members of a primary union; the subsidy is theirs alone.")


def _order_rule(programme: ProgrammeFacts) -> Text:
    names = dict(PRIORITIES)
    order = tuple(names[key] for key in setting(programme, "priority_order") if key in names)
    return N_(
        "Members are served in this order, as confirmed by their primary union: %(order)s; then all others. "
        "Who belongs to several groups counts in the first of them.",
        order=Listing(order),
    )


def _once_rule(programme: ProgrammeFacts) -> Text:
    years = setting(programme, "once_in_years")
    if years > 1:
        return N_("Nobody goes more than once in %(years)s years.", years=years)
    return N_("Who has been before may go again.")


def _party_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "Families and workmates who sign up together go on the same departure or not at all, and are served with the "
        "participant among them who comes last."
    )


def _companion_rule(programme: ProgrammeFacts) -> Text:
    return N_(
        "A participant may bring up to %(most)s companions. Companions get no subsidy and pay their own price, that of a "
        "child along if they are under %(age)s on the day of departure; they take a bed and a seat in the coach.",
        most=setting(programme, "companions_each"),
        age=setting(programme, "child_price_below"),
    )


def _way_rule(programme: ProgrammeFacts) -> Text:
    return N_(
        "Who needs short ways goes only where the way there takes at most %(minutes)s minutes and little is walked; "
        "who must avoid heights goes only to places up to %(metres)s metres.",
        minutes=setting(programme, "low_mobility_minutes"),
        metres=setting(programme, "low_altitude_m"),
    )


def _meals_rule(_programme: ProgrammeFacts) -> Text:
    return N_("Who needs halal meals is placed only with hosts that can cook them.")


def _running_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "A departure below its minimum does not run and costs nothing. Beds, coach seats and the funds are never "
        "exceeded."
    )


def _quota_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "Where places are allotted to a federation or union, so many of its members are placed at least or at most."
    )


def _lot_rule(_programme: ProgrammeFacts) -> Text:
    return N_(
        "Within these rules as many members as possible have a place, on a departure ranked as high as possible; "
        "what is still equal is decided by the lot numbers drawn after sign-up."
    )


RULES = Rulebook(
    (
        ("member", _member_rule),
        ("order", _order_rule),
        ("once", _once_rule),
        ("together", _party_rule),
        ("companions", _companion_rule),
        ("ways", _way_rule),
        ("meals", _meals_rule),
        ("running", _running_rule),
        ("quota", _quota_rule),
        ("lot", _lot_rule),
    )
)


def bars(
    programme: ProgrammeFacts, option: OptionFacts, person: Person, answers: Mapping[str, Any]
) -> Problem | None:
    """Why somebody may not go on a departure: been too lately, too far, too much walking, too high, no such meals."""
    return (
        _been_lately(programme, option, person)
        or _too_hard(programme, option, person, answers)
        or _no_meals(option, person, answers)
    )


def minutes_there(option: OptionFacts, person: Person) -> int | None:
    """Minutes from somebody's city to the departure's base; from the farthest city where theirs is not known."""
    hubs: Mapping[str, int] = option.details.get("hub_minutes", {})
    places = (person.place_code[:4] + "00", *person.organisations)
    return next((hubs[place] for place in places if place in hubs), max(hubs.values(), default=None))


def check(programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    """What is wrong with an application as a whole; single departures are judged by :func:`bars`."""
    people = [person_of(applicant) for applicant in application.applicants]
    going = [a for a in application.applicants if a.role is PartyRole.PARTICIPANT]
    companions = len(application.applicants) - len(going)
    if going and companions > len(going) * setting(programme, "companions_each"):
        yield RULES.refusal(
            "companions",
            "too_many_companions",
            N_(
                "a participant may bring up to %(most)s companions; here are %(companions)s with %(going)s.",
                most=setting(programme, "companions_each"),
                companions=companions,
                going=len(going),
            ),
            field="participants",
        )
    for number, (person, applicant) in enumerate(zip(people, application.applicants, strict=True)):
        if applicant.role is PartyRole.PARTICIPANT and not person.unit:
            yield RULES.refusal(
                "member",
                "no_unit",
                N_(
                    "participants are members of a primary union. Choose the unit of %(name)s.",
                    name=person.name,
                ),
                field=f"participants-{number}-organisation",
            )
    yield from _nowhere_to_go(programme, application, people)


def consents(_programme: ProgrammeFacts, application: Application) -> Iterable[ConsentText]:
    """The conditions of the journey; a tick of its own for each sensitive answer that was given."""
    yield CONDITIONS
    if any(_asks_care(applicant) for applicant in application.applicants):
        yield CARE
    yield from meals_consent(application)


def _been_lately(programme: ProgrammeFacts, option: OptionFacts, person: Person) -> Problem | None:
    years = setting(programme, "once_in_years")
    went = max(
        (past.year for past in person.history if past.attended and past.kind == programme.kind), default=None
    )
    if went is None or not 0 <= option.first_day.year - went < years:
        return None
    return RULES.refusal(
        "once",
        "been_lately",
        N_(
            "nobody goes more than once in %(years)s years; %(name)s went in %(went)s and may go again from %(again)s.",
            years=years,
            name=person.name,
            went=went,
            again=went + years,
        ),
    )


def _too_hard(
    programme: ProgrammeFacts, option: OptionFacts, person: Person, answers: Mapping[str, Any]
) -> Problem | None:
    told = {"name": person.name, "departure": option.title}
    if answers.get("short_ways"):
        minutes, most = minutes_there(option, person), setting(programme, "low_mobility_minutes")
        if minutes is not None and minutes > most:
            return RULES.refusal(
                "ways",
                "too_far",
                N_(
                    "the way there takes at most %(most)s minutes for who needs short ways; for %(name)s it is "
                    "%(minutes)s minutes to “%(departure)s”.",
                    most=most,
                    minutes=minutes,
                    **told,
                ),
            )
        if not option.details.get("suits_elderly", True) or option.details.get("walking") == "high":
            return RULES.refusal(
                "ways",
                "too_much_walking",
                N_("“%(departure)s” has long walks, and %(name)s needs short ways.", **told),
            )
    if answers.get("no_heights"):
        metres, most = option.details.get("altitude_m", 0), setting(programme, "low_altitude_m")
        if metres > most:
            return RULES.refusal(
                "ways",
                "too_high",
                N_(
                    "who must avoid heights goes to places up to %(most)s metres; “%(departure)s” lies at %(metres)s.",
                    most=most,
                    metres=metres,
                    **told,
                ),
            )
    return None


def _no_meals(option: OptionFacts, person: Person, answers: Mapping[str, Any]) -> Problem | None:
    if not halal_missing(option, answers):
        return None
    return RULES.refusal(
        "meals",
        "no_halal",
        N_(
            "the host of “%(departure)s” cannot cook the halal meals that %(name)s needs.",
            departure=option.title,
            name=person.name,
        ),
    )


def _nowhere_to_go(
    programme: ProgrammeFacts, application: Application, people: list[Person]
) -> Iterable[Problem]:
    # Of somebody just typed in neither the city nor earlier journeys are known.
    known = [
        (number, person, {**application.answers, **applicant.answers})
        for number, (person, applicant) in enumerate(zip(people, application.applicants, strict=True))
        if applicant.person is not None
    ]

    def refusals(option: OptionFacts) -> list[Problem | None]:
        return [bars(programme, option, person, answers) for _number, person, answers in known]

    # There are hundreds of departures, and nearly always one of the first is open to all: looked for before
    # anything is counted up.
    if not known or any(not any(refusals(option)) for option in programme.options):
        return
    by_option = [refusals(option) for option in programme.options]
    barred = [index for index in range(len(known)) if all(found[index] for found in by_option)]
    for index in barred:
        nearest = next((found[index] for found in by_option), None)
        if nearest is not None:
            yield nearest.at(f"participants-{known[index][0]}-name")
    if programme.options and not barred:
        yield RULES.refusal(
            "together",
            "no_common_option",
            N_(
                "%(names)s go on the same departure or not at all, and no departure is open to all of them. "
                "Please sign up separately.",
                names=Listing(tuple(person.name for person in people)),
            ),
            field="options",
        )


def _asks_care(applicant: Applicant) -> bool:
    return bool(applicant.answers.get("short_ways") or applicant.answers.get("no_heights"))


CONDITIONS = ConsentText(
    key="conditions",
    version="2026-1",
    title=N_("Conditions of the journey"),
    body=N_(
        "I know the dates, the route, the price and my own share. The subsidy is paid to the organising agency for "
        "those who sign in on each day; it is never paid out in cash or goods, and nobody may go in my place.\n\n"
        "Everyone named here is fit to travel and has no infectious disease. We keep to the itinerary and to the "
        "instructions of the group leader, and are insured against accidents for the whole journey.\n\n"
        "Companions travel at their own cost and risk under a contract of their own with the agency.\n\n"
        "If we cannot go, I withdraw as early as I can, so that others may go. A loss from a withdrawal after the "
        "departure is formed is borne by whoever withdraws. If the departure does not reach its minimum, it does not "
        "run, nothing is owed, and I am told.\n\n"
        "What is given here is used to give out the places by the published rules, to run the journey and to settle "
        "it. The agency gets names and telephone numbers of those placed, and nothing about priorities. I may look at "
        "the data, have them put right, or withdraw at any time on the page of my sign-up."
    ),
)

CARE = ConsentText(
    key="care",
    version="2026-1",
    title=N_("Use of the answers on short ways and heights"),
    body=N_(
        "These answers say something about health and are therefore sensitive. I agree that they are used to leave "
        "out departures that would be too hard, and for nothing else. No reason is asked for, and the agency is not "
        "told. They are erased 30 days after the return. I may take them back at any time; all departures are then "
        "open again."
    ),
)
