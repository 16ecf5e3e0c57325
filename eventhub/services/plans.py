"""Work out what publishing a run would do, and refuse what must not be published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from eventhub import kinds
from eventhub.domain import changes, phases
from eventhub.domain.facts import Actor, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem
from eventhub.domain.terms import IN_ALLOCATION, RUN_USABLE, Change, Phase, RegistrationState, word
from eventhub.i18n import N_, Text
from eventhub.models.allocations import AllocationRun, Allotment, Pin
from eventhub.models.programmes import Option
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Registration
from eventhub.queries import programmes as programme_queries
from eventhub.queries import reasons
from eventhub.services import corrections, fitting, framing, programmes, results
from eventhub.services.holders import Holder, Holders
from eventhub.services.invites import Living, living
from eventhub.services.seat_letters import Place
from eventhub.services.seats import Post


@dataclass(frozen=True)
class Standing:
    """One registration of the run, and what the run and the last publication say of it."""

    id: int
    code: str
    old_state: RegistrationState
    option: str | None
    station: str
    position: int | None
    reason: Mapping[str, Any]

    @property
    def state(self) -> RegistrationState:
        return results.state_of(self.option, self.position)


@dataclass
class Plan:
    """All that publishing would do: registrations by what happens to them."""

    programme: ProgrammeFacts
    programme_id: int
    run_id: int
    run_number: int
    number: int
    option_ids: Mapping[str, int]
    standing: Sequence[Standing]
    old: Mapping[str, str | None]
    holders: Mapping[int, Holder]
    alive: Mapping[int, list[Living]]
    by_change: dict[str, Change]
    left_out: int
    warnings: list[Text] = field(default_factory=list)

    def counts(self) -> Counter[Change]:
        return Counter(self.by_change.values())

    @property
    def seats(self) -> Iterable[Standing]:
        return (each for each in self.standing if each.option is not None)

    def address_of(self, each: Standing) -> str | None:
        """Where messages about a seat go: whoever is written to now."""
        return self.holders[each.id].to.address

    def told(self, session: Session, *, at: datetime) -> Counter[tuple[Change | RegistrationState, bool]]:
        """How many heads hear what, and whether by mail (True) or by a slip: exactly those that publishing writes to."""
        post = Post(session, self.programme, programme_id=self.programme_id, at=at)
        heard = (self._heard(post, each) for each in self.standing)
        return Counter(one for one in heard if one is not None)

    def _heard(self, post: Post, each: Standing) -> tuple[Change | RegistrationState, bool] | None:
        change = self.by_change.get(each.code)
        alive = self.alive.get(each.id, [])
        if alive and change is Change.KEPT:
            return None
        if each.option is not None:
            told = post.would_tell(self.holders[each.id], self.place_of(each), alive)
            return (change or Change.NEW, self.address_of(each) is not None) if told else None
        if alive:
            told = post.would_tell(self.holders[each.id], None, alive)
            return (Change.WITHDRAWN, alive[0].attendee_address is not None) if told else None
        last = self.programme.last_day
        if each.state is each.old_state or (last is not None and last < post.today):
            return None
        return each.state, self.address_of(each) is not None

    def place_of(self, each: Standing) -> Place:
        assert each.option is not None  # noqa: S101 - asked of seats only
        return Place(
            option=self.programme.option(each.option),
            option_id=self.option_ids[each.option],
            station=each.station,
            reason=reasons.paragraph(each.reason, self.programme),
        )


def plan(
    session: Session, code: str, run_number: int, *, by: Actor, at: datetime, lock: bool = False
) -> Plan:
    """What publishing this run now would do.

    :class:`Conflict` for a run without a usable result, one that no longer fits what is stored, or one that would change
    nothing. ``lock`` holds those who withdraw at this very moment until the transaction ends.
    """
    row = programmes.owned(session, code, by)
    facts = programme_queries.of_row(session, row)
    run = session.scalar(
        select(AllocationRun).where(AllocationRun.programme_id == row.id, AllocationRun.number == run_number)
    )
    if run is None:
        raise NotFound
    _demand_usable(run, facts, at)
    option_codes = _option_codes(session, row.id)
    standing, left_out = _standing(session, run.id, option_codes, lock=lock)
    last = _last_publication(session, row.id)
    old = _old(session, last, option_codes)
    today = at.astimezone(ZONE).date()
    _demand_valid(session, run, last, facts, standing, old, on=today)
    new = {each.code: each.option for each in standing}
    alive = living(session, [each.id for each in standing])
    told = [each.id for each in standing if _is_told(each, old)]
    holders = Holders(session, on=today, guardians_first=kinds.of(facts).for_guardians).of(told)
    planned = Plan(
        programme=facts,
        programme_id=row.id,
        run_id=run.id,
        run_number=run_number,
        number=1 + (last.number if last else 0),
        option_ids={option: option_id for option_id, option in option_codes.items()},
        standing=standing,
        old=old,
        holders=holders,
        alive=alive,
        by_change=dict(changes.between(old, new).by_registration),
        left_out=left_out,
    )
    _find_changed_facts(session, planned, at=at)
    _demand_news(planned, run, last)
    planned.warnings += _short_options(planned)
    planned.warnings += corrections.warnings(
        session, (each.code for each in planned.seats), since=last.at if last else run.requested_at
    )
    return planned


def _option_codes(session: Session, programme_id: int) -> dict[int, str]:
    rows = session.execute(select(Option.id, Option.code).where(Option.programme_id == programme_id))
    return {row.id: row.code for row in rows}


def _is_told(each: Standing, old: Mapping[str, str | None]) -> bool:
    return each.option is not None or old.get(each.code) is not None or each.state is not each.old_state


def _demand_usable(run: AllocationRun, programme: ProgrammeFacts, at: datetime) -> None:
    if run.state not in RUN_USABLE:
        raise Conflict(
            Problem(
                "run_not_usable",
                N_(
                    "Run %(number)s gave nobody a place (%(state)s), so there is nothing to publish.",
                    number=run.number,
                    state=word(run.state),
                ),
            )
        )
    if phases.phase_of(programme, at) in {Phase.DRAFT, Phase.ANNOUNCED, Phase.OPEN, Phase.OVER}:
        raise Conflict(
            Problem(
                "not_publishable",
                N_(
                    "A result is published between the close of sign-up and the end of the programme; this one is “%(phase)s”.",
                    phase=word(phases.phase_of(programme, at)),
                ),
            )
        )


def _standing(
    session: Session, run_id: int, option_codes: Mapping[int, str], *, lock: bool
) -> tuple[list[Standing], int]:
    """What the run says of everybody who is still in it, and how many are not."""
    wanted = (
        select(
            Registration.id,
            Registration.code,
            Registration.state,
            Allotment.option_id,
            Allotment.station,
            Allotment.position,
            Allotment.reason,
        )
        .join(Allotment, Allotment.registration_id == Registration.id)
        .where(Allotment.run_id == run_id)
        .order_by(Registration.id)
    )
    if lock:
        # Who withdraws at this very moment waits, and then finds and ends the seat given here.
        wanted = wanted.with_for_update(of=Registration)
    found, left_out = [], 0
    for row in session.execute(wanted):
        if row.state not in IN_ALLOCATION:
            left_out += 1
            continue
        found.append(
            Standing(
                id=row.id,
                code=row.code,
                old_state=row.state,
                option=option_codes[row.option_id] if row.option_id else None,
                station=row.station,
                position=row.position,
                reason=row.reason,
            )
        )
    return found, left_out


def _last_publication(session: Session, programme_id: int) -> Publication | None:
    return session.scalar(
        select(Publication)
        .where(Publication.programme_id == programme_id)
        .order_by(Publication.number.desc())
        .limit(1)
    )


def _old(
    session: Session, last: Publication | None, option_codes: Mapping[int, str]
) -> dict[str, str | None]:
    """Registration -> the option it holds by the last publication; ended seats are no longer held."""
    if last is None:
        return {}
    rows = session.execute(
        select(Registration.code, PublishedAllotment.option_id)
        .join(Registration, Registration.id == PublishedAllotment.registration_id)
        .where(
            PublishedAllotment.publication_id == last.id,
            PublishedAllotment.option_id.is_not(None),
            Registration.state == RegistrationState.ALLOTTED,
        )
    )
    return {code: option_codes[option_id] for code, option_id in rows if option_id is not None}


def _demand_valid(
    session: Session,
    run: AllocationRun,
    last: Publication | None,
    programme: ProgrammeFacts,
    standing: Sequence[Standing],
    old: Mapping[str, str | None],
    *,
    on: date,
) -> None:
    """Refuse a run that no longer fits: rules, money, times or people have changed in a way that it did not see."""
    stale = None
    heads = Counter(each.option for each in standing if each.option is not None)
    over = [
        option.title
        for option in programme.options
        if option.capacity is not None and heads[option.code] > option.capacity
    ]
    if run.rule_version != framing.rule_version(programme):
        stale = N_("its rules or settings were changed since")
    elif over:
        stale = N_("“%(option)s” has fewer seats now", option=over[0])
    elif _breaks_a_pin(session, run):
        stale = N_("places were fixed by hand since")
    elif _was_joined(session, run):
        stale = N_("somebody joined a party since")
    elif last is not None and last.run_id > run.id and old.keys() - {each.code for each in standing}:
        stale = N_("people who hold a place by a later result were not part of it")
    if stale is not None:
        raise Conflict(
            Problem(
                "run_stale",
                N_(
                    "Run %(number)s no longer fits this programme: %(because)s. Run the allocation again and publish that.",
                    number=run.number,
                    because=stale,
                ),
            )
        )
    broken = fitting.first_misfit(session, run, on=on)
    if broken is not None:
        raise Conflict(
            Problem(
                "run_stale",
                N_(
                    "Run %(number)s breaks a rule as it stands today. %(rule)s Run the allocation again and publish that.",
                    number=run.number,
                    rule=broken,
                ),
            )
        )


def _breaks_a_pin(session: Session, run: AllocationRun) -> bool:
    broken = session.scalar(
        select(func.count())
        .select_from(Allotment)
        .join(Registration, Registration.id == Allotment.registration_id)
        .join(Pin, Pin.party_id == Registration.party_id)
        .where(
            Allotment.run_id == run.id,
            Registration.state.in_(IN_ALLOCATION),
            Allotment.option_id.is_distinct_from(Pin.option_id),
        )
    )
    return bool(broken)


def _was_joined(session: Session, run: AllocationRun) -> bool:
    """Whether a party of the run has a member by now whom the run did not see."""
    mate = aliased(Registration)
    seen = select(Allotment.registration_id).where(Allotment.run_id == run.id)
    joined = session.scalar(
        select(func.count())
        .select_from(Allotment)
        .join(Registration, Registration.id == Allotment.registration_id)
        .join(mate, mate.party_id == Registration.party_id)
        .where(Allotment.run_id == run.id, mate.state.in_(IN_ALLOCATION), mate.id.not_in(seen))
    )
    return bool(joined)


def _find_changed_facts(session: Session, plan: Plan, *, at: datetime) -> None:
    """A seat in the same option whose calendar entry reads otherwise now has changed, not stayed."""
    post = Post(session, plan.programme, programme_id=plan.programme_id, at=at)
    for each in plan.seats:
        alive = plan.alive.get(each.id)
        if (
            plan.by_change.get(each.code) is Change.KEPT
            and alive
            and post.would_move(plan.holders[each.id], plan.place_of(each), alive)
        ):
            plan.by_change[each.code] = Change.CHANGED


def _demand_news(plan: Plan, run: AllocationRun, last: Publication | None) -> None:
    if last is None or last.run_id != run.id:
        return
    if set(plan.by_change.values()) <= {Change.KEPT} and all(
        each.state is each.old_state for each in plan.standing
    ):
        raise Conflict(
            Problem(
                "nothing_new",
                N_(
                    "This run is published already (number %(number)s); nothing would change.",
                    number=last.number,
                ),
            )
        )


def _short_options(plan: Plan) -> list[Text]:
    """Options that fell below their minimum because people of the run gave up."""
    heads = Counter(each.option for each in plan.seats)
    return [
        N_(
            "“%(option)s” needs %(minimum)s and has %(heads)s since people gave up. Run again if it is not to run.",
            option=option.title,
            minimum=option.minimum,
            heads=heads[option.code],
        )
        for option in plan.programme.options
        if 0 < heads[option.code] < option.minimum
    ]
