"""How the places of a camp are given out: who comes first, what a batch takes, what ties the batches together.

What a batch's ``OptionFacts`` hold: ``capacity`` children, ``minimum`` to run, ``cost_fen`` once if it runs and
``head_cost_fen`` a child, occasions of whole days, and in ``details`` what :mod:`eventhub.kinds.camp.particulars`
describes; of it the teachers (``adults``) bear on who has a place.

The programme's ``settings["fund"]`` names the source that pays; without it the first source does. Claims that count
are ``hardship``, ``migrant`` and ``new_form``; having been before is a ``PastPlace`` of the same kind that was attended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from eventhub.domain.facts import OptionFacts, PartyFacts, Person, ProgrammeFacts
from eventhub.i18n import N_, Text
from eventhub.kinds import Json, NameOf, fund, fund_resources
from eventhub.kinds.camp.questions import FAMILIES, setting


def group(programme: ProgrammeFacts, party: PartyFacts) -> Json:
    """A party is served with the one among it who comes last, so that nobody gains by a friend's claim."""
    sexes = Counter(f"sex:{person.sex}" for person in party.people if person.sex is not None)
    return {"tier": max(tier_of(programme, person) for person in party.people), "tags": dict(sexes)}


def tier_of(programme: ProgrammeFacts, person: Person) -> int:
    """By the kind of family the primary union vouches for, then never-been before been; 1 is served first."""
    order = tuple(setting(programme, "family_order"))
    place = next((place for place, claim in enumerate(order) if claim in person.claims), len(order))
    if not setting(programme, "never_been_first"):
        return place + 1
    return 2 * place + 1 + has_been(programme, person)


def has_been(programme: ProgrammeFacts, person: Person) -> bool:
    """Whether somebody attended an earlier programme of this kind; a place not taken up does not count."""
    return any(past.attended and past.kind == programme.kind for past in person.history)


def option(programme: ProgrammeFacts, option: OptionFacts) -> Json:
    """A batch draws on the fund if it runs and by the head, and needs a teacher for every so many children."""
    framed: Json = {"carriers": [_teachers(programme, option)]}
    paying = _payer(programme)
    if paying:
        framed["uses"] = {paying: option.cost_fen}
        framed["head_uses"] = {paying: option.head_cost_fen}
    return framed


def tiers(programme: ProgrammeFacts) -> tuple[tuple[str, Text], ...]:
    """The names of the tiers, in the order of :func:`tier_of`."""
    named = dict(FAMILIES)
    families = [(key, named[key]) for key in setting(programme, "family_order") if key in named]
    families.append(("others", N_("Families no primary union has vouched for")))
    if not setting(programme, "never_been_first"):
        return tuple(families)
    return tuple(
        tier
        for key, family in families
        for tier in (
            (key, N_("%(family)s, never been", family=family)),
            (f"{key}:been", N_("%(family)s, been before", family=family)),
        )
    )


def joint(programme: ProgrammeFacts, _parties: Sequence[PartyFacts]) -> Iterable[Json]:
    """The fund, the teachers that overlapping batches share, and girls and boys in balance."""
    yield {"resources": fund_resources(programme)}
    shared = setting(programme, "teachers_in_all")
    if shared:
        days = sorted({day for option in programme.options for day in _shared_days(programme, option)})
        yield {"resources": [{"id": day, "capacity": shared} for day in days]}
    yield {"limits": [_balance(programme, option) for option in programme.options if option.capacity]}


def limit_name(programme: ProgrammeFacts, id_: str, _name_of: NameOf) -> Text | None:
    """The one sort of limit a camp has: girls and boys in balance."""
    sort, _, code = id_.partition(":")
    option = programme.option_by_code.get(code)
    if sort != "balance" or option is None:
        return None
    return N_("Girls, or boys, in “%(option)s”", option=option.title)


def objective(programme: ProgrammeFacts) -> list[Json]:
    """First as many children as possible, those first who come first; then the aims in the organiser's order."""
    stages: dict[str, list[Json]] = {
        "balance": [{"stage": "soft"}],
        "choices": [{"stage": "rank", "as": "sum", "by": "tier"}],
        "cost": [{"stage": "cost"}],
    }
    aims = [stage for aim in setting(programme, "aims") for stage in stages.get(aim, [])]
    return [{"stage": "placed", "by": "tier"}, *aims, {"stage": "changes"}, {"stage": "lot"}]


def _payer(programme: ProgrammeFacts) -> str | None:
    chosen = programme.settings.get("fund") or next((source.code for source in programme.sources), None)
    return fund(chosen) if chosen else None


def _teachers(programme: ProgrammeFacts, option: OptionFacts) -> Json:
    carrier: Json = {"seats": setting(programme, "teacher_per_children")}
    if "adults" in option.details:
        carrier["most"] = option.details["adults"]
    if setting(programme, "teachers_in_all"):
        carrier["uses"] = dict.fromkeys(_shared_days(programme, option), 1)
    return carrier


def _shared_days(programme: ProgrammeFacts, option: OptionFacts) -> list[str]:
    """Days that stand for overlaps: batches overlap somewhere only if they do on the first day of something."""
    firsts = {each.first_day for other in programme.options for each in other.occasions}
    return [
        f"teachers:{day.isoformat()}"
        for day in sorted(firsts)
        if any(each.first_day <= day <= each.last_day for each in option.occasions)
    ]


def _balance(programme: ProgrammeFacts, option: OptionFacts) -> Json:
    """At most ``d`` between girls and boys, as a share of those there.

    In a full batch of ``c``: |girls - boys| <= d means that neither sex has more than (c + d) / 2, which is the
    share (c + d) / 2c. With fewer children the same share allows a difference of at most d n / c: never more than d.
    """
    capacity = option.capacity or 0
    difference = min(setting(programme, "sex_difference"), capacity)
    return {
        "id": f"balance:{option.code}",
        "options": [option.code],
        "tag": "sex:*",
        "share": [capacity + difference, 2 * capacity],
        "soft": not setting(programme, "sex_difference_firm"),
    }
