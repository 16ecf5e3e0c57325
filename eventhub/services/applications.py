"""Judge an application: its answers as values, and everything that is wrong with it, named at its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from eventhub import kinds
from eventhub.domain.facts import Application, ProgrammeFacts
from eventhub.domain.problems import Problem
from eventhub.domain.questions import Asked, answers
from eventhub.domain.terms import PartyRole
from eventhub.i18n import N_


def judged(
    programme: ProgrammeFacts, application: Application, *, standing: Mapping[str, int], ours: int = 0
) -> tuple[Application, list[Problem]]:
    """The application with its answers as values, and everything that is wrong with it.

    ``standing`` says of each person who is signed up for the same item already in which party (its row);
    ``ours`` is the party that is being changed: its own registrations are no doubles.
    """
    kind = kinds.of(programme)
    application, problems = with_answers(kind, application)
    problems += _party_size(kind, programme, application)
    problems += _ranking(kind, programme, application)
    problems += kind.check(programme, application)
    problems += _twice(application, standing, ours)
    problems += _consents(kind, programme, application)
    return application, problems


def with_answers(kind: kinds.Kind, application: Application) -> tuple[Application, list[Problem]]:
    """The application with what was typed as values, and the answers that cannot be understood."""
    ours = [question for question in kind.questions if question.asked is Asked.PARTY]
    theirs = [question for question in kind.questions if question.asked is Asked.PERSON]
    values, problems = answers(ours, application.answers)
    applicants = []
    for number, applicant in enumerate(application.applicants):
        personal, wrong = answers(theirs, applicant.answers, prefix=f"participants-{number}-")
        applicants.append(replace(applicant, answers=personal))
        problems += wrong
    return replace(application, answers=values, applicants=tuple(applicants)), problems


def _party_size(kind: kinds.Kind, programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    size = len(application.applicants)
    fewest, most = kind.party_sizes
    if size == 0 or all(applicant.role is PartyRole.COMPANION for applicant in application.applicants):
        yield Problem("nobody", N_("Choose who goes."), "participants")
    elif not fewest <= size <= most:
        yield Problem(
            "party_size",
            N_(
                "From %(fewest)s to %(most)s people go together; here are %(size)s.",
                fewest=fewest,
                most=most,
                size=size,
            ),
            "participants",
        )
    if not kind.companions and any(
        applicant.role is PartyRole.COMPANION for applicant in application.applicants
    ):
        yield Problem("no_companions", N_("Nobody can be brought along in this programme."), "participants")
    known = programme.option_by_code
    rooms = [known[code].capacity for code in application.ranking if code in known]
    if rooms and all(room is not None and size > room for room in rooms):
        yield Problem(
            "party_too_large",
            N_(
                "%(size)s people want to go together, but no option chosen has more than %(room)s places. Sign up as smaller parties.",
                size=size,
                room=max(room or 0 for room in rooms),
            ),
            "participants",
        )


def _ranking(kind: kinds.Kind, programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    items = dict(programme.items)
    if application.item not in items:
        yield Problem("no_item", N_("Choose one of those listed: %(item)s.", item=kind.words.item), "item")
        return
    if not application.ranking and not application.flexible:
        yield Problem(
            "nothing_ranked", N_("Choose at least one %(option)s.", option=kind.words.option), "options"
        )
    if len(set(application.ranking)) != len(application.ranking):
        yield Problem("ranked_twice", N_("The same choice is listed twice."), "options")
    if len(application.ranking) > kind.most_choices:
        yield Problem("too_many_choices", N_("At most %(most)s choices.", most=kind.most_choices), "options")
    known = programme.option_by_code
    for code in application.ranking:
        option = known.get(code)
        if option is None or option.item != application.item:
            yield Problem(
                "no_such_option", N_("One of the choices is not offered (any more). Choose again."), "options"
            )
            continue
        for applicant in application.applicants:
            if applicant.person is None:
                continue
            bar = kind.bars(programme, option, applicant.person, {**application.answers, **applicant.answers})
            if bar is not None:
                yield Problem(
                    bar.code,
                    N_(
                        "%(name)s cannot take %(option)s: %(why)s",
                        name=applicant.name,
                        option=option.title,
                        why=bar.message,
                    ),
                    "options",
                )


def _twice(application: Application, standing: Mapping[str, int], ours: int) -> Iterable[Problem]:
    codes = [applicant.person.code for applicant in application.applicants if applicant.person]
    if len(set(codes)) != len(codes):
        yield Problem("same_person_twice", N_("The same person is listed twice."), "participants")
    for place, (code, applicant) in enumerate(zip(codes, application.applicants, strict=False)):
        if standing.get(code, ours) != ours:
            yield Problem(
                "registered_already",
                N_(
                    "%(name)s is signed up for this already. One person signs up once; look under “My sign-ups”, or call the contact if somebody else did it.",
                    name=applicant.name,
                ),
                f"participants-{place}-name",
            )


def _consents(kind: kinds.Kind, programme: ProgrammeFacts, application: Application) -> Iterable[Problem]:
    for text in kind.consents(programme, application):
        if text.required and text.key not in application.consents:
            yield Problem(
                "no_consent",
                N_(
                    "“%(title)s”: tick it to go on; without it nobody can be signed up here.",
                    title=text.title,
                ),
                f"consent-{text.key}",
            )
