"""Say why: the solver's codes and numbers as sentences a member, or an organiser, can check.

A reason is kept with a result as numbers only (lot, tier, and for each dearer option the first thing in the way); it
becomes words when it is read, in the language of whoever reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from eventhub import kinds
from eventhub.domain.facts import ProgrammeFacts, SourceFacts
from eventhub.domain.wording import Money
from eventhub.i18n import N_, Bilingual, Text, current_locale
from eventhub.kinds import fund
from eventhub.queries import organisations

MOST_OPTIONS = 3
"""Of options with room that somebody did not choose, so many are named."""

_NOT_LISTED = "not-listed"

Why = Mapping[str, Any]
Said = Text | Bilingual | str


@dataclass(frozen=True)
class Sentences:
    """Several sentences in a row, as one paragraph."""

    parts: tuple[Text, ...]

    def __str__(self) -> str:
        return ("" if current_locale() == "zh" else " ").join(str(part) for part in self.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)


def paragraph(reason: Why, programme: ProgrammeFacts) -> Sentences:
    """The whole reason of one result, to be said later."""
    return Sentences(sentences(reason, programme))


def sentences(reason: Why, programme: ProgrammeFacts) -> tuple[Text, ...]:
    """Which choice it was, and for each dearer one what was in the way."""
    told: list[Text] = []
    rank = reason.get("rank")
    if reason.get("pinned"):
        told.append(N_("The organiser fixed this by hand."))
    elif rank == 1:
        told.append(N_("This was your first choice."))
    elif rank is not None:
        told.append(N_("This was your choice number %(rank)s.", rank=rank))
    for why in reason.get("why", ()):
        if why.get("code") != _NOT_LISTED:
            told += _why(why, reason, programme)
    told += _unlisted(reason, programme)
    if not told:
        told.append(N_("None of the options that you chose was open to you."))
    return tuple(told)


def about(reason: Why, programme: ProgrammeFacts) -> tuple[Text, ...]:
    """The same sentences in the third person, for whoever reads at the desk about somebody else."""
    return tuple(
        replace(text, msgid=_ABOUT.get(text.msgid, text).msgid) for text in sentences(reason, programme)
    )


def _unlisted(reason: Why, programme: ProgrammeFacts) -> list[Text]:
    """Options with places left that were not chosen; not beside an empty fund or a full quota, which may hold there too.

    A full option may hide an empty fund, since only the first thing in the way is told: where there are funds or
    quotas it is said that they decide too.
    """
    whys = reason.get("why", ())
    if any(why.get("code") == "limit" or _is_fund(why, programme) for why in whys):
        return []
    told = [each for why in whys if why.get("code") == _NOT_LISTED for each in _why(why, reason, programme)]
    if told and (programme.sources or programme.quotas):
        told.append(
            N_("Whether one of these places could have been yours also depended on funds and quotas.")
        )
    return told


def _why(why: Why, reason: Why, programme: ProgrammeFacts) -> list[Text]:
    say = _SENTENCES.get(str(why.get("code")))
    if say is None:
        return []
    told = why.get("options", [why.get("option", "")])
    return [
        sentence
        for code in told[:MOST_OPTIONS]
        for sentence in say(why, reason, programme, _title(str(code), programme))
    ]


def _title(code: str, programme: ProgrammeFacts) -> Said:
    option = programme.option_by_code.get(code)
    return option.title if option else code


def _full(why: Why, reason: Why, _programme: ProgrammeFacts, title: Said) -> Iterable[Text]:
    tier, rank, lot = why.get("tier"), why.get("rank"), why.get("lot")
    seats = why.get("seats")
    if seats is None:
        seats = why.get("filled", 0)
    if tier is not None and tier < reason.get("tier", tier):
        yield N_(
            "“%(option)s”: %(seats)s places, all taken by people who come before you by the rules of priority.",
            option=title,
            seats=seats,
        )
    elif lot is None or reason.get("lot") is None:
        yield N_("“%(option)s”: all %(seats)s places are taken.", option=title, seats=seats)
    else:
        yield N_(
            "“%(option)s”: %(seats)s places, wanted by %(asked)s people of your priority; your lot is %(mine)s, the last one in has %(last)s.",
            option=title,
            seats=seats,
            asked=why.get("asked", 0),
            mine=reason["lot"],
            last=lot,
        )
        if rank is not None and why.get("own_rank") is not None and rank < why["own_rank"]:
            yield N_("Those who ranked it higher came first.")
    if why.get("passed"):
        yield N_(
            "%(passed)s places there went to people after you in the draw, because more people have a place, or a better one, that way.",
            passed=why["passed"],
        )


def _did_not_run(why: Why, _reason: Why, _programme: ProgrammeFacts, title: Said) -> Iterable[Text]:
    yield N_(
        "“%(option)s” does not run: %(heads)s people wanted it, and it needs %(minimum)s.",
        option=title,
        heads=_number(why, "heads", "listed", "wanted"),
        minimum=_number(why, "minimum"),
    )


def _too_large(why: Why, _reason: Why, _programme: ProgrammeFacts, title: Said) -> Iterable[Text]:
    yield N_(
        "“%(option)s” has %(left)s places left, too few for your party of %(size)s, which goes together or not at all.",
        option=title,
        left=_number(why, "left", "seats_left"),
        size=_number(why, "size"),
    )


def _resource(why: Why, _reason: Why, programme: ProgrammeFacts, title: Said) -> Iterable[Text]:
    left, needed = _number(why, "left"), _number(why, "needed")
    source = _source(why, programme)
    if source is not None:
        yield N_(
            "“%(option)s”: the fund “%(fund)s” has %(left)s left, and your place would take %(needed)s.",
            option=title,
            fund=source.name,
            left=Money(left),
            needed=Money(needed),
        )
    else:
        yield N_(
            "“%(option)s”: of what it shares with others (beds, coaches, staff) %(left)s are left, and you would need %(needed)s.",
            option=title,
            left=left,
            needed=needed,
        )


def _source(why: Why, programme: ProgrammeFacts) -> SourceFacts | None:
    id_ = str(why.get("resource", why.get("which", "")))
    return next((each for each in programme.sources if fund(each.code) == id_), None)


def _is_fund(why: Why, programme: ProgrammeFacts) -> bool:
    return why.get("code") == "resource" and _source(why, programme) is not None


def _limit(why: Why, _reason: Why, programme: ProgrammeFacts, title: Said) -> Iterable[Text]:
    if "minimum_of" in why:
        other = _title(str(why["minimum_of"]), programme)
        yield N_(
            "“%(option)s”: without you “%(other)s” would fall below its minimum.", option=title, other=other
        )
        return
    name = limit_name(str(why.get("limit", why.get("id", ""))), programme)
    yield N_("“%(option)s”: the quota is used up (%(limit)s).", option=title, limit=name)


def _plain(sentence: Callable[[Said], Text]) -> Callable[..., Iterable[Text]]:
    def say(_why: Why, _reason: Why, _programme: ProgrammeFacts, title: Said) -> Iterable[Text]:
        yield sentence(title)

    return say


_SENTENCES: dict[str, Callable[[Why, Why, ProgrammeFacts, Said], Iterable[Text]]] = {
    "full": _full,
    "did-not-run": _did_not_run,
    "too-large": _too_large,
    "resource": _resource,
    "limit": _limit,
    "banned": _plain(lambda title: N_("“%(option)s” is not open to you.", option=title)),
    "pinned": _plain(lambda title: N_("“%(option)s”: your place was fixed by hand elsewhere.", option=title)),
    "apart": _plain(
        lambda title: N_("“%(option)s”: somebody goes there with whom you do not go together.", option=title)
    ),
    "clash": _plain(
        lambda title: N_(
            "“%(option)s” is at the same time as, or too far from, another place you have.", option=title
        )
    ),
    "changes": _plain(
        lambda title: N_(
            "“%(option)s”: it would have moved too many people who have a place already.", option=title
        )
    ),
    "aim": _plain(
        lambda title: N_(
            "“%(option)s”: with you there, fewer people would have a place or a good choice.", option=title
        )
    ),
    "room": _plain(
        lambda title: N_("“%(option)s”: the search ended before this place was tried for you.", option=title)
    ),
    _NOT_LISTED: _plain(
        lambda title: N_("“%(option)s” has places left, but you did not choose it.", option=title)
    ),
}


_ABOUT: Mapping[str, Text] = {
    "This was your first choice.": N_("This was the first choice."),
    "This was your choice number %(rank)s.": N_("This was choice number %(rank)s."),
    "None of the options that you chose was open to you.": N_(
        "None of the options chosen was open to this member."
    ),
    "Whether one of these places could have been yours also depended on funds and quotas.": N_(
        "Whether one of these places could have been given to this member also depended on funds and quotas."
    ),
    "“%(option)s”: %(seats)s places, all taken by people who come before you by the rules of priority.": N_(
        "“%(option)s”: %(seats)s places, all taken by people who come before this member by the rules of priority."
    ),
    "“%(option)s”: %(seats)s places, wanted by %(asked)s people of your priority; your lot is %(mine)s, the last one in has %(last)s.": N_(
        "“%(option)s”: %(seats)s places, wanted by %(asked)s people of the same priority; this member's lot is %(mine)s, the last one in has %(last)s."
    ),
    "%(passed)s places there went to people after you in the draw, because more people have a place, or a better one, that way.": N_(
        "%(passed)s places there went to people after this member in the draw, because more people have a place, or a better one, that way."
    ),
    "“%(option)s” has %(left)s places left, too few for your party of %(size)s, which goes together or not at all.": N_(
        "“%(option)s” has %(left)s places left, too few for this party of %(size)s, which goes together or not at all."
    ),
    "“%(option)s”: the fund “%(fund)s” has %(left)s left, and your place would take %(needed)s.": N_(
        "“%(option)s”: the fund “%(fund)s” has %(left)s left, and this place would take %(needed)s."
    ),
    "“%(option)s”: of what it shares with others (beds, coaches, staff) %(left)s are left, and you would need %(needed)s.": N_(
        "“%(option)s”: of what it shares with others (beds, coaches, staff) %(left)s are left, and this party would need %(needed)s."
    ),
    "“%(option)s”: without you “%(other)s” would fall below its minimum.": N_(
        "“%(option)s”: without this party “%(other)s” would fall below its minimum."
    ),
    "“%(option)s” is not open to you.": N_("“%(option)s” is not open to this member."),
    "“%(option)s”: your place was fixed by hand elsewhere.": N_(
        "“%(option)s”: the place of this party was fixed by hand elsewhere."
    ),
    "“%(option)s”: somebody goes there with whom you do not go together.": N_(
        "“%(option)s”: somebody goes there with whom this party does not go together."
    ),
    "“%(option)s” is at the same time as, or too far from, another place you have.": N_(
        "“%(option)s” is at the same time as, or too far from, another place of this member."
    ),
    "“%(option)s”: with you there, fewer people would have a place or a good choice.": N_(
        "“%(option)s”: with this party there, fewer people would have a place or a good choice."
    ),
    "“%(option)s”: the search ended before this place was tried for you.": N_(
        "“%(option)s”: the search ended before this place was tried for this party."
    ),
    "“%(option)s” has places left, but you did not choose it.": N_(
        "“%(option)s” has places left, but this party did not choose it."
    ),
}
"""How the desk reads what the member reads of himself; what speaks to nobody stands in both the same."""


def limit_name(id_: str, programme: ProgrammeFacts) -> Said:
    """A limit as people know it: the organisation whose quota it is, what its kind calls it, or its options."""
    sort, _, rest = id_.partition(":")
    quota = next((each for each in programme.quotas if each.organisation == rest), None)
    if quota is not None:
        return quota.name
    named = kinds.of(programme).limit_name(programme, id_, organisations.name_of)
    if named is not None:
        return named
    option = programme.option_by_code.get(rest) or programme.option_by_code.get(sort)
    return id_ if option is None else option.title


def _number(why: Why, *names: str) -> int:
    return next((int(why[name]) for name in names if isinstance(why.get(name), int)), 0)
