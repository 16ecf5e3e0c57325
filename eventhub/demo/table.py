"""What came of the story, read from what is stored: a table for people, footnotes for its tight places, JSON for programs."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from eventhub import kinds
from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.terms import LetterState, RegistrationState, RunState, word
from eventhub.domain.wording import Listing, Money
from eventhub.extensions import db
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.models.accounts import Participant
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.models.invites import Invite, Letter
from eventhub.models.organisations import Organisation
from eventhub.models.programmes import Option, Programme
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Party, Preference, Registration
from eventhub.queries import allocations, outbox
from eventhub.queries import programmes as programme_queries

WORDS = 2
"""Columns of the table that hold words; the others hold numbers and stand to the right."""
MOST_NAMED = 5
"""Departures that did not run, and the like, named in one footnote."""


@dataclass(frozen=True)
class Note:
    """One tight place of a result: which sort it is, said in a sentence, and its numbers."""

    sort: str
    """``fund``, ``not_running``, ``ceiling``, ``floor``, ``refused_whole``, ``given_up`` or ``no_address``."""
    said: Text
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One programme of the table. Counts are heads, money is fen, the gap is in millionths (None: unknown).

    What is said of places is said of the last publication: ``placed`` = ``invites`` + ``no_address``, whoever has given
    a place up since or is written to elsewhere now; ``letters`` are all messages that were sent, first words, changes and ends.
    """

    code: str
    kind: str
    title: Bilingual
    kind_name: Text
    applied: int
    placed: int
    first_choice: int
    status: RunState
    gap: int | None
    money_used: int
    money_granted: int
    letters: int
    invites: int
    no_address: int
    parties: int
    waitlisted: int
    not_selected: int
    publications: int
    options: int
    running: int
    digest: str
    """SHA-256 of who (by name and unit) is where: equal for equal seeds and scales, whatever the dates."""
    notes: tuple[Note, ...] = ()


def rows(codes: Iterable[str]) -> tuple[Row, ...]:
    """The table's rows, one a programme, of what was published last."""
    return tuple(_row(programme_queries.facts(code)) for code in codes)


def said(table: Sequence[Row]) -> str:
    """The table and its footnotes in the reader's language, as wide as it must be."""
    head = [
        _("Programme"),
        _("Kind"),
        _("Applied"),
        _("Placed"),
        _("First choices"),
        _("Optimal or gap"),
        _("Money used / granted"),
        _("Invitations"),
        _("Letters"),
        _("No address"),
    ]
    lines = [
        [
            str(row.title),
            str(row.kind_name),
            f"{row.applied:,}",
            f"{row.placed:,}",
            f"{row.first_choice:,}",
            _result(row),
            f"{Money(row.money_used)} / {Money(row.money_granted)}",
            f"{row.invites:,}",
            f"{row.letters:,}",
            f"{row.no_address:,}",
        ]
        for row in table
    ]
    notes = [
        f"  {number}. {_('%(programme)s: %(note)s', programme=row.title, note=note.said)}"
        for number, (row, note) in enumerate(((row, note) for row in table for note in row.notes), start=1)
    ]
    return "\n".join([*_aligned([head, *lines]), "", _("Where it is tight:"), *notes])


def as_data(table: Sequence[Row]) -> dict[str, Any]:
    """The same for a program: money in fen, the gap in millionths, the footnotes with their numbers."""
    return {
        "programmes": [
            {
                "code": row.code,
                "kind": row.kind,
                "title": {"zh": row.title.zh, "en": row.title.en},
                "applied": row.applied,
                "placed": row.placed,
                "first_choice": row.first_choice,
                "status": str(row.status),
                "gap": row.gap,
                "money_used": row.money_used,
                "money_granted": row.money_granted,
                "letters": row.letters,
                "invites": row.invites,
                "no_address": row.no_address,
                "parties": row.parties,
                "waitlisted": row.waitlisted,
                "not_selected": row.not_selected,
                "publications": row.publications,
                "options": row.options,
                "running": row.running,
                "placements_sha256": row.digest,
                "notes": [{"sort": note.sort, **note.numbers} for note in row.notes],
            }
            for row in table
        ]
    }


# -- One row -----------------------------------------------------------------------------------------


def _row(programme: ProgrammeFacts) -> Row:
    run = db.session.scalars(
        select(AllocationRun)
        .join(Publication, Publication.run_id == AllocationRun.id)
        .join(Programme, Programme.id == Publication.programme_id)
        .where(Programme.code == programme.code)
        .order_by(Publication.number.desc())
        .limit(1)
    ).one()
    page = allocations.run(programme.code, run.number)
    publication = _last_publication(programme.code)
    states = _states(publication)
    invited, no_address = _reached(publication)
    return Row(
        code=programme.code,
        kind=programme.kind,
        title=programme.title,
        kind_name=kinds.of(programme).words.kind,
        applied=page.applied,
        placed=page.placed,
        first_choice=page.first_choices,
        status=page.state,
        gap=page.gap,
        money_used=page.money_used_fen,
        money_granted=page.money_granted_fen,
        letters=_letters(run.programme_id),
        invites=len(invited),
        no_address=len(no_address),
        parties=_parties(run.id),
        waitlisted=states[RegistrationState.WAITLISTED],
        not_selected=states[RegistrationState.NOT_SELECTED],
        publications=programme.published,
        options=len(programme.options),
        running=len(programme.options) - len(page.not_running),
        digest=_digest(publication),
        notes=(
            *_notes(programme, run),
            *_given_up(publication, page.placed),
            *_paper(run.programme_id, no_address),
        ),
    )


def _last_publication(code: str) -> int:
    return db.session.scalars(
        select(Publication.id)
        .join(Programme, Programme.id == Publication.programme_id)
        .where(Programme.code == code)
        .order_by(Publication.number.desc())
        .limit(1)
    ).one()


def _states(publication: int) -> Counter[RegistrationState]:
    counted = select(PublishedAllotment.state, func.count()).where(
        PublishedAllotment.publication_id == publication
    )
    found = db.session.execute(counted.group_by(PublishedAllotment.state)).all()
    return Counter({state: count for state, count in found})  # noqa: C416 - a row is no pair of the right types


def _parties(run_id: int) -> int:
    return (
        db.session.scalar(
            select(func.count(func.distinct(Registration.party_id)))
            .join(Allotment, Allotment.registration_id == Registration.id)
            .where(Allotment.run_id == run_id)
        )
        or 0
    )


def _letters(programme_id: int) -> int:
    """Messages that were sent, with a calendar entry or without."""
    sent = (Letter.programme_id == programme_id, Letter.state == LetterState.SENT)
    return db.session.scalar(select(func.count()).select_from(Letter).where(*sent)) or 0


def _reached(publication: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Placed people by registration: those with an invitation, and those whom nothing can be written to.

    What was said last counts: an address may have come, or gone, since somebody was first told.
    """
    rows = db.session.execute(
        select(Registration.code, Invite.attendee_address)
        .join(PublishedAllotment, PublishedAllotment.registration_id == Registration.id)
        .join(Invite, Invite.registration_id == Registration.id)
        .where(PublishedAllotment.publication_id == publication, PublishedAllotment.option_id.is_not(None))
        .order_by(Registration.id, Invite.id)
    )
    last: dict[str, str | None] = {code: address for code, address in rows}  # noqa: C416 - a row is no pair of the right types
    return (
        tuple(code for code, address in last.items() if address),
        tuple(code for code, address in last.items() if not address),
    )


def _digest(publication: int) -> str:
    placed = db.session.execute(
        select(Organisation.code, Participant.name, Registration.item, Option.code)
        .select_from(PublishedAllotment)
        .join(Registration, Registration.id == PublishedAllotment.registration_id)
        .join(Participant, Participant.id == Registration.participant_id)
        .outerjoin(Organisation, Organisation.id == Participant.organisation_id)
        .outerjoin(Option, Option.id == PublishedAllotment.option_id)
        .where(PublishedAllotment.publication_id == publication)
    )
    lines = sorted("\t".join(str(value or "") for value in row) for row in placed)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# -- Where it is tight -------------------------------------------------------------------------------


def _notes(programme: ProgrammeFacts, run: AllocationRun) -> Iterable[Note]:
    reasons = _reasons_of_the_unplaced(run.id)
    yield from _funds(programme, run.summary, reasons)
    yield from _not_running(programme, run.summary)
    yield from _quotas(programme, run.summary, run.id)
    yield from _refused_whole(programme, reasons)


def _given_up(publication: int, placed: int) -> Iterable[Note]:
    """Who had a place by the last publication and has given it up since: the desk counts them no longer."""
    codes = db.session.scalars(
        select(Registration.code)
        .join(PublishedAllotment, PublishedAllotment.registration_id == Registration.id)
        .where(
            PublishedAllotment.publication_id == publication,
            PublishedAllotment.option_id.is_not(None),
            Registration.state.in_((RegistrationState.WITHDRAWN, RegistrationState.CANCELLED)),
        )
        .order_by(Registration.id)
    ).all()
    if codes:
        yield Note(
            "given_up",
            N_(
                "of the %(placed)s placed, %(people)s withdrew after the result was published (%(codes)s); the desk"
                " now counts %(left)s",
                placed=f"{placed:,}",
                people=len(codes),
                codes=Listing(tuple(codes[:MOST_NAMED])),
                left=f"{placed - len(codes):,}",
            ),
            {"people": len(codes), "left": placed - len(codes), "registrations": list(codes[:MOST_NAMED])},
        )


def _paper(programme_id: int, no_address: Sequence[str]) -> Iterable[Note]:
    """Placed people without an address, and how many slips wait at the desk: for them, and for those on the waiting list."""
    slips = db.session.scalar(
        select(func.count()).where(Letter.programme_id == programme_id, outbox.to_be_printed())
    )
    if no_address:
        yield Note(
            "no_address",
            N_(
                "%(people)s placed without an e-mail address; slips to be printed at the desk, also for people moved"
                " or on the waiting list: %(slips)s",
                people=len(no_address),
                slips=slips or 0,
            ),
            {
                "people": len(no_address),
                "slips": slips or 0,
                "registrations": list(no_address[:MOST_NAMED]),
            },
        )


def _reasons_of_the_unplaced(run_id: int) -> list[Mapping[str, Any]]:
    """What stood in the way of each party that has no place, with its size."""
    found = db.session.execute(
        select(Registration.party_id, Allotment.reason)
        .join(Registration, Registration.id == Allotment.registration_id)
        .where(Allotment.run_id == run_id, Allotment.option_id.is_(None))
        .order_by(Registration.id)
    ).all()
    sizes = Counter(party for party, _reason in found)
    by_party: dict[int, Mapping[str, Any]] = {party: reason for party, reason in found}  # noqa: C416 - a row is no pair of the right types
    return [{**reason, "size": sizes[party]} for party, reason in by_party.items()]


def _funds(
    programme: ProgrammeFacts, summary: Mapping[str, Any], reasons: Sequence[Mapping[str, Any]]
) -> Iterable[Note]:
    """Funds that kept somebody out."""
    kept_out: Counter[str] = Counter()
    for reason in reasons:
        codes = {
            str(why.get("resource", why.get("which", ""))).removeprefix(kinds.fund(""))
            for why in reason.get("why", ())
            if why.get("code") == "resource"
        }
        kept_out.update(code for code in codes if any(source.code == code for source in programme.sources))
    money = {each["source"]: each for each in summary.get("money", ())}
    for source in programme.sources:
        if not kept_out[source.code] or source.code not in money:
            continue
        used, granted = money[source.code]["used"], money[source.code]["granted"]
        yield Note(
            "fund",
            N_(
                "%(fund)s is used up (%(used)s of %(granted)s) and kept %(parties)s parties out",
                fund=source.name,
                used=Money(used),
                granted=Money(granted),
                parties=kept_out[source.code],
            ),
            {"source": source.code, "used": used, "granted": granted, "parties": kept_out[source.code]},
        )


def _not_running(programme: ProgrammeFacts, summary: Mapping[str, Any]) -> Iterable[Note]:
    """Options that somebody ranked and that nevertheless do not run; the one nearest to its minimum is named."""
    wanted = _heads_that_ranked(programme.code)
    missed = sorted(
        (
            (option.minimum - wanted[option.code], option.code)
            for option in programme.options
            if option.code in summary.get("not_running", ()) and wanted[option.code]
        ),
    )
    for _short, code in [pair for pair in missed if pair[0] > 0][:MOST_NAMED]:
        option = programme.option(code)
        yield Note(
            "not_running",
            N_(
                "“%(option)s” does not run: %(heads)s asked for it and it needs %(minimum)s",
                option=option.title,
                heads=wanted[code],
                minimum=option.minimum,
            ),
            {"option": code, "heads": wanted[code], "minimum": option.minimum},
        )


def _heads_that_ranked(code: str) -> Counter[str]:
    found = db.session.execute(
        select(Option.code, func.count())
        .select_from(Preference)
        .join(Option, Option.id == Preference.option_id)
        .join(Party, Party.id == Preference.party_id)
        .join(Registration, Registration.party_id == Party.id)
        .join(Programme, Programme.id == Party.programme_id)
        .where(Programme.code == code)
        .group_by(Option.code)
    )
    return Counter({option: count for option, count in found})  # noqa: C416 - a row is no pair of the right types


def _quotas(programme: ProgrammeFacts, summary: Mapping[str, Any], run_id: int) -> Iterable[Note]:
    """Ceilings and floors that are just met while people of the same organisation stay without a place."""
    names = {f"quota:{quota.organisation}": quota for quota in programme.quotas}
    for binding in summary.get("binding", ()):
        quota = names.get(binding["limit"])
        if quota is None:
            continue
        left = _left_out(run_id, quota.organisation)
        if not left:
            continue
        sort = "ceiling" if binding["heads"] == quota.ceiling else "floor"
        sentence = (
            N_(
                "%(name)s: the ceiling of %(heads)s is reached; %(left)s more asked",
                name=quota.name,
                heads=binding["heads"],
                left=left,
            )
            if sort == "ceiling"
            else N_(
                "%(name)s: the floor of %(heads)s is just met; %(left)s more asked",
                name=quota.name,
                heads=binding["heads"],
                left=left,
            )
        )
        yield Note(
            sort, sentence, {"organisation": quota.organisation, "heads": binding["heads"], "left_out": left}
        )


def _left_out(run_id: int, organisation: str) -> int:
    path = db.session.scalars(select(Organisation.path).where(Organisation.code == organisation)).one()
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Allotment)
            .join(Registration, Registration.id == Allotment.registration_id)
            .join(Participant, Participant.id == Registration.participant_id)
            .join(Organisation, Organisation.id == Participant.organisation_id)
            .where(
                Allotment.run_id == run_id,
                Allotment.option_id.is_(None),
                Organisation.path.startswith(path, autoescape=True),
            )
        )
        or 0
    )


def _refused_whole(programme: ProgrammeFacts, reasons: Sequence[Mapping[str, Any]]) -> Iterable[Note]:
    """Parties for which an option had places left, but fewer than they are people; the largest is named."""
    found = []
    for reason in reasons:
        for why in reason.get("why", ()):
            left = why.get("left", why.get("seats_left"))
            if why.get("code") == "too-large" and left:
                found.append((reason["size"], int(left), str(why["option"])))
                break
    if not found:
        return
    size, left, code = max(found)
    yield Note(
        "refused_whole",
        N_(
            "%(parties)s parties stay whole without a place although single ones are left: "
            "one of %(size)s at “%(option)s”, where %(left)s are left",
            parties=len(found),
            size=size,
            option=programme.option(code).title,
            left=left,
        ),
        {"parties": len(found), "size": size, "option": code, "left": left},
    )


# -- Letters on a terminal ---------------------------------------------------------------------------


def _result(row: Row) -> str:
    if row.status is RunState.OPTIMAL or row.gap is None:
        return str(word(row.status))
    return _("%(word)s (gap %(gap)s%%)", word=word(row.status), gap=f"{row.gap / 10_000:.2f}")


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell; words to the left, numbers to the right."""
    widths = [max(_width(line[place]) for line in lines) for place in range(len(lines[0]))]
    rule = "  ".join("-" * width for width in widths)
    told = [_line(line, widths) for line in lines]
    return [told[0].rstrip(), rule, *(line.rstrip() for line in told[1:])]


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = enumerate(zip(line, widths, strict=True))
    return "  ".join(_padded(cell, width, left=place < WORDS) for place, (cell, width) in cells)


def _padded(cell: str, width: int, *, left: bool) -> str:
    blanks = " " * (width - _width(cell))
    return cell + blanks if left else blanks + cell


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters and their punctuation take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
