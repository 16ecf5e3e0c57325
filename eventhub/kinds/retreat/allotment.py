"""How the places of a retreat are given out: who comes first, who pays, which beds and coaches departures share.

What a departure's ``OptionFacts`` hold: ``capacity`` and ``minimum`` (12 to 45) in heads, companions counted; one
occasion from the evening of arrival to the end of the last day as moments, with ``meeting_point``; money in ``details``
and not in ``cost_fen`` or ``head_cost_fen``.
What ``details`` hold is described in :mod:`eventhub.kinds.retreat.particulars`: departures of one ``base`` share its
``beds`` (the largest given by its departures counts), those of one ``route`` its coaches of a calendar week.

A source with a ``holder`` pays for the participants of that organisation and all below it (the nearest one up the
tree), and what exceeds it is borne by its ``spill``; everybody else is paid for by the source that
``settings["fund"]`` names, else by the first without a holder. Claims that count are the keys of
``questions.PRIORITIES``; ``long_served`` counts only for who has never been. Quotas count participants, not
companions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from eventhub.domain.facts import OptionFacts, PartyFacts, Person, ProgrammeFacts
from eventhub.domain.terms import PartyRole
from eventhub.i18n import N_, Text
from eventhub.kinds import Json, NameOf, fund, fund_resources
from eventhub.kinds.retreat.questions import PRIORITIES, setting

NEVER_BEEN = "long_served"
"""The priority that is lost by the first retreat."""


def group(programme: ProgrammeFacts, party: PartyFacts) -> Json:
    """A party is served with the participant among it who comes last; companions weigh nothing and use no quota."""
    holders = {quota.organisation for quota in programme.quotas}
    counted = Counter(
        f"org:{organisation}"
        for member in party.participants
        for organisation in set(member.person.organisations) & holders
    )
    tiers = [tier_of(programme, member.person) for member in party.participants]
    return {
        "tier": max(tiers, default=len(PRIORITIES) + 1),
        "weight": len(party.participants),
        "tags": dict(sorted(counted.items())),
    }


def tier_of(programme: ProgrammeFacts, person: Person) -> int:
    """The first priority group that somebody belongs to in the organiser's order; 1 is served first."""
    order = tuple(setting(programme, "priority_order"))
    mine = set(person.claims)
    if has_been(programme, person):
        mine.discard(NEVER_BEEN)
    return 1 + next((place for place, claim in enumerate(order) if claim in mine), len(order))


def has_been(programme: ProgrammeFacts, person: Person) -> bool:
    """Whether somebody attended an earlier programme of this kind; a place not taken up does not count."""
    return any(past.attended and past.kind == programme.kind for past in person.history)


def tiers(programme: ProgrammeFacts) -> tuple[tuple[str, Text], ...]:
    """The names of the tiers, in the order of :func:`tier_of`."""
    named = dict(PRIORITIES)
    order = [(key, named[key]) for key in setting(programme, "priority_order") if key in named]
    return (*order, ("others", N_("All other members")))


def choice(programme: ProgrammeFacts, party: PartyFacts, option: OptionFacts) -> Json:
    """What the funds pay for a party: the subsidy of each participant from the source that answers for it."""
    subsidy = subsidy_of(programme, option)
    uses: Counter[str] = Counter()
    for member in party.participants:
        payer = payer_of(programme, member.person)
        if payer:
            uses[fund(payer)] += subsidy
    return {"cost": subsidy * len(party.participants), "uses": dict(sorted(uses.items()))}


def subsidy_of(programme: ProgrammeFacts, option: OptionFacts) -> int:
    """Fen a participant from the funds: never more than the price."""
    subsidy = int(option.details.get("subsidy_fen", setting(programme, "subsidy_fen")))
    return min(subsidy, int(option.details.get("price_fen", subsidy)))


def own_share_of(programme: ProgrammeFacts, option: OptionFacts) -> int | None:
    """Fen left for a participant to pay; None where the departure names no price."""
    price = option.details.get("price_fen")
    return None if price is None else int(price) - subsidy_of(programme, option)


def to_pay(programme: ProgrammeFacts, option: OptionFacts, role: PartyRole, age: int | None) -> int | None:
    """Fen somebody placed pays: a participant the own share, a companion the price of its age; None: not known."""
    if role is not PartyRole.COMPANION:
        return own_share_of(programme, option)
    prices = companion_prices(programme, option, age)
    return option.details[prices[0]] if len(prices) == 1 else None


def companion_prices(programme: ProgrammeFacts, option: OptionFacts, age: int | None) -> tuple[str, ...]:
    """Which prices in ``details`` a companion may have to pay: one, or both where there are two and no age is known."""
    adult, child = "companion_price_fen", "child_companion_price_fen"
    named = tuple(key for key in (adult, child) if option.details.get(key) is not None)
    if child not in named or age is None:
        return named
    return (child,) if age < setting(programme, "child_price_below") else tuple(set(named) - {child})


def payer_of(programme: ProgrammeFacts, person: Person) -> str | None:
    """The source that pays for somebody: that of the nearest organisation up the tree, else the common one."""
    by_holder = {source.holder: source.code for source in programme.sources if source.holder}
    for organisation in reversed(person.organisations):
        if organisation in by_holder:
            return by_holder[organisation]
    common = next((source.code for source in programme.sources if not source.holder), None)
    return programme.settings.get("fund") or common


def option(_programme: ProgrammeFacts, option: OptionFacts) -> Json:
    """A departure takes a bed a head for every night, and coaches by the piece."""
    framed: Json = {}
    beds = _beds(option)
    if beds:
        framed["head_uses"] = dict.fromkeys(beds, 1)
    coach = option.details.get("coach")
    if coach:
        carrier: Json = {"seats": coach["seats"], "cost": coach.get("cost_fen", 0)}
        if coach.get("most") is not None:
            carrier["most"] = coach["most"]
        if coach.get("week_most") is not None:
            carrier["uses"] = dict.fromkeys(_coach_weeks(option), 1)
        framed["carriers"] = [carrier]
    return framed


def joint(programme: ProgrammeFacts, _parties: Sequence[PartyFacts]) -> Iterable[Json]:
    """The funds, the beds of each night, the coaches of a week, and the quotas of organisations."""
    yield {"resources": fund_resources(programme)}
    yield {"resources": list(_shared(programme))}
    yield {"limits": list(_quotas(programme))}


def limit_name(_programme: ProgrammeFacts, id_: str, name_of: NameOf) -> Text | None:
    """The one sort of limit a retreat has: a quota, which may have been taken away since."""
    sort, _, organisation = id_.partition(":")
    return N_("Quota of %(name)s", name=name_of(organisation)) if sort == "quota" else None


def objective(programme: ProgrammeFacts) -> list[Json]:
    """First as many members as possible, those first who come first; then the aims in the organiser's order."""
    stages: dict[str, list[Json]] = {
        "choices": [{"stage": "rank", "as": "sum", "by": "tier"}],
        "running": [{"stage": "running"}],
        "cost": [{"stage": "cost"}],
    }
    aims = [stage for aim in setting(programme, "aims") for stage in stages.get(aim, [])]
    return [{"stage": "placed", "by": "tier"}, *aims, {"stage": "changes"}, {"stage": "lot"}]


def nights_of(option: OptionFacts) -> Iterator[date]:
    """The dates on whose evening one goes to bed there."""
    for occasion in option.occasions:
        for count in range((occasion.last_day - occasion.first_day).days):
            yield occasion.first_day + timedelta(days=count)


def _beds(option: OptionFacts) -> list[str]:
    if "beds" not in option.details or "base" not in option.details:
        return []
    return [f"beds:{option.details['base']}:{night.isoformat()}" for night in nights_of(option)]


def _coach_weeks(option: OptionFacts) -> list[str]:
    """The calendar weeks in which a departure sets out, most have one."""
    weeks = sorted({occasion.first_day.isocalendar()[:2] for occasion in option.occasions})
    route = option.details.get("route", option.code)
    return [f"coaches:{route}:{year}-W{week:02}" for year, week in weeks]


def _shared(programme: ProgrammeFacts) -> Iterable[Json]:
    capacities: dict[str, int] = {}
    for option in programme.options:
        for night in _beds(option):
            capacities[night] = max(capacities.get(night, 0), option.details["beds"])
        coach = option.details.get("coach") or {}
        if coach.get("week_most") is not None:
            for week in _coach_weeks(option):
                capacities[week] = max(capacities.get(week, 0), coach["week_most"])
    return ({"id": id_, "capacity": capacity} for id_, capacity in sorted(capacities.items()))


def _quotas(programme: ProgrammeFacts) -> Iterable[Json]:
    for quota in programme.quotas:
        limit: Json = {
            "id": f"quota:{quota.organisation}",
            "options": "*",
            "tag": f"org:{quota.organisation}",
        }
        if quota.floor:
            limit["minimum"] = quota.floor
        if quota.ceiling is not None:
            limit["maximum"] = quota.ceiling
        if len(limit) > 3:  # noqa: PLR2004 - id, options and tag alone limit nothing
            yield limit
