"""Tell a whole year through the services: from an empty house to invitations that were sent, moved and withdrawn.

Nothing here writes a row: units, accounts, sign-ups, runs and publications go through the functions that the pages
call, with every check. Time is told: sign-ups lie in the weeks before ``today``, the publications in its last days. What
comes out depends on seed and scale alone.
"""

from __future__ import annotations

import time as stopwatch
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from flask import Flask
from sqlalchemy import select

from eventhub import kinds
from eventhub.delivery import mailer
from eventhub.demo import cast, units
from eventhub.demo.people import People, identity_number
from eventhub.demo.telling import Telling
from eventhub.domain.facts import (
    HOUSE,
    Actor,
    OccasionFacts,
    OptionFacts,
    PersonDraft,
    ProgrammeFacts,
)
from eventhub.domain.phases import ZONE
from eventhub.domain.seasons import WEEK
from eventhub.domain.terms import RUN_USABLE, PartyRole, RegistrationState, Role
from eventhub.extensions import db
from eventhub.i18n import Bilingual, _
from eventhub.kinds import SignUp
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.models.programmes import Option, Programme
from eventhub.models.registrations import Party, Preference, Registration
from eventhub.queries import people as people_queries
from eventhub.queries.accounts import actor_by_code
from eventhub.services import (
    accounts,
    allocations,
    histories,
    organisations,
    outbox,
    participants,
    programmes,
    publications,
    registrations,
    rosters,
    runs,
)
from eventhub.services.accounts import AccountDraft
from eventhub.services.organisations import OrganisationDraft

WORKER = "demonstration"
SOLVES_AT_ONCE = 2
SMALL = 400
"""Programmes of so many parties are run again for a place fixed by hand; larger ones move by a change of place."""
LETTERS_AT_ONCE = 500
IDENTITY_NUMBERS = 5
STAFF_DOMAIN = "union.example"
_OPEN_TO_TRY = Bilingual(
    "正在报名的示范项目，可在此体验报名、变更和撤回；条件和规则与同类项目相同。",
    "Open for sign-up in this demonstration: sign up, change and withdraw here; conditions and rules are those of the kind.",
)
OPEN_ITEMS, OPEN_OPTIONS = 2, 3
"""What the programme that is open for sign-up offers: the first options of the first items."""


class ToldBadly(Exception):
    """The story did not come out as it must: a run without a result, for instance."""


@dataclass(frozen=True)
class Signed:
    """One party that signed up: its code, who did it, and what the story has in mind for it."""

    party: str
    by: str
    story: str


@dataclass
class Chapter:
    """One programme of the story and what has become of it."""

    programme: ProgrammeFacts
    sign_ups: list[SignUp]
    signed: list[Signed] = field(default_factory=list)
    followed: dict[str, str] = field(default_factory=dict)
    """What the story had in mind -> the party's code."""
    again: bool = False
    """Whether the second publication is of a second run."""


@dataclass(frozen=True)
class Told:
    """What a visitor needs to look at the story: its programmes, and an account of each role."""

    programmes: tuple[str, ...]
    open_programmes: tuple[str, ...]
    accounts: Mapping[Role, str]
    followed: Mapping[str, Mapping[str, str]]
    """Programme -> what the story had in mind -> the party's code."""


@dataclass
class _Clock:
    """A moment that moves on with real time from where it was set, so that leases and beats mean what they say."""

    at: datetime
    since: float = field(default_factory=stopwatch.monotonic)

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=stopwatch.monotonic() - self.since)


def tell(app: Flask, *, scale: float, seed: int, today: date, seconds: int, telling: Telling) -> Told:
    """The whole story, in an empty and migrated database. ``seconds`` is what each run of the solver may take."""
    story = _Story(app, scale=scale, seed=seed, today=today, seconds=seconds, telling=telling)
    return story.tell()


class _Story:
    def __init__(
        self, app: Flask, *, scale: float, seed: int, today: date, seconds: int, telling: Telling
    ) -> None:
        self._app = app
        self._scale, self._seed, self._seconds = scale, seed, seconds
        self._today = today
        self._telling = telling
        self._tree = units.tree(scale)
        self._mail = mailer.EmlFolder(app.extensions["settings"].mail_folder)
        self._chapters: list[Chapter] = []
        self._actors: dict[str, Actor] = {}
        """Unit, telephone of a member or guardian, or ``organiser`` -> who acts."""
        self._codes: dict[str, str] = {}
        """The same -> the account's code."""

    def tell(self) -> Told:
        self._begin()
        for chapter in self._chapters:
            self._sign_up(chapter)
        self._allot()
        for chapter in self._chapters:
            self._publish_first(chapter)
        for chapter in self._chapters:
            self._second_act(chapter)
        for chapter in self._chapters:
            self._give_up(chapter)
        self._deliver(self._days_ago(1, 20))
        opened = tuple(self._open_another(chapter.programme) for chapter in self._chapters)
        self._deliver(self._days_ago(0, 8))
        return Told(
            programmes=tuple(chapter.programme.code for chapter in self._chapters),
            open_programmes=opened,
            accounts=self._faces(),
            followed={chapter.programme.code: dict(chapter.followed) for chapter in self._chapters},
        )

    # -- The first act: sign-up --------------------------------------------------------------------

    def _begin(self) -> None:
        start = self._days_ago(40, 9)
        organisations.plant(
            [
                OrganisationDraft(
                    code=unit.facts.code,
                    kind=unit.facts.kind,
                    name=unit.facts.name,
                    parent=unit.parent or "",
                    place_code=unit.facts.place_code,
                    union_code=unit.union_code,
                )
                for unit in self._tree
            ],
            by=HOUSE,
            at=start,
        )
        facts = [unit.facts for unit in self._tree]
        for place, kind in enumerate(kind for kind in kinds.every().values() if kind.demo is not None):
            assert kind.demo is not None  # noqa: S101 - asked just above
            programme = kind.demo.programme(self._scale, self._today)
            found = cast.sign_ups(programme, facts, place=place, scale=self._scale, seed=self._seed)
            self._chapters.append(Chapter(programme, found))
        self._make_accounts(start)
        organiser = self._actors["organiser"]
        for chapter in self._chapters:
            programmes.create(replace(chapter.programme, announced_at=None), by=organiser, at=start)
            programmes.announce(
                chapter.programme.code, by=organiser, at=chapter.programme.announced_at or start
            )

    def _make_accounts(self, at: datetime) -> None:
        """The organiser, an officer a unit, and everybody who signs up singly; some officers have no address."""
        found = [sign_up for chapter in self._chapters for sign_up in chapter.sign_ups]
        silent = {sign_up.unit for sign_up in found if sign_up.story == "no_address"}
        drafts = {
            "organiser": AccountDraft(
                "夏宁", f"organiser@{STAFF_DOMAIN}", "12900000001", Role.ORGANISER, units.REGION
            )
        }
        names = People([unit.facts for unit in self._tree], Random(f"{self._seed} officers"), first=0)
        for number, unit in enumerate(sorted({sign_up.unit for sign_up in found}), start=1):
            officer = names.person(organisation=unit, born=(1975, 1990))
            drafts[unit] = AccountDraft(
                officer.name,
                "" if unit in silent else f"{unit}@{STAFF_DOMAIN}",
                f"12905{number:06d}",
                Role.OFFICER,
                unit,
            )
        for sign_up in found:
            person = sign_up.account
            if person is not None:
                role = Role.GUARDIAN if sign_up.by == "guardian" else Role.MEMBER
                drafts[person.phone] = AccountDraft(person.name, person.email, person.phone, role)
        codes = accounts.create_many(list(drafts.values()), by=HOUSE, at=at)
        self._codes = dict(zip(drafts, codes, strict=True))
        self._actors = {
            key: actor_by_code(code) for key, code in self._telling.each(_("Accounts"), self._codes.items())
        }

    def _sign_up(self, chapter: Chapter) -> None:
        """Unit after unit by its list, then member after member, through the weeks of sign-up."""
        lists: dict[str, list[SignUp]] = defaultdict(list)
        singly: list[SignUp] = []
        for sign_up in chapter.sign_ups:
            if sign_up.by == "officer":
                lists[sign_up.unit].append(sign_up)
            else:
                singly.append(sign_up)
        moments = _moments(chapter.programme, len(lists) + len(singly))
        title = chapter.programme.title
        if lists:
            for unit, found in self._telling.each(
                _("%(programme)s: units' lists", programme=title), lists.items()
            ):
                self._sign_up_unit(chapter, unit, found, next(moments))
        if singly:
            for sign_up in self._telling.each(
                _("%(programme)s: members and guardians", programme=title), singly
            ):
                self._sign_up_one(chapter, sign_up, next(moments))
        chapter.followed = {each.story: each.party for each in chapter.signed if each.story}
        self._deliver(_moment_of(chapter.programme.closes_at))

    def _sign_up_unit(self, chapter: Chapter, unit: str, found: Sequence[SignUp], at: datetime) -> None:
        officer = self._actors[unit]
        code = chapter.programme.code
        self._remember(found, by=officer, at=at)
        last = db.session.scalar(select(Party.id).order_by(Party.id.desc()).limit(1)) or 0
        rosters.register_all(
            code,
            [sign_up.application for sign_up in found],
            unit=unit,
            key=f"{code}-{unit}"[:30],
            by=officer,
            at=at,
        )
        parties = db.session.scalars(select(Party.code).where(Party.id > last).order_by(Party.id)).all()
        chapter.signed += [
            Signed(party, unit, sign_up.story) for party, sign_up in zip(parties, found, strict=True)
        ]

    def _sign_up_one(self, chapter: Chapter, sign_up: SignUp, at: datetime) -> None:
        """As the pages do it: first one's people, which the unit vouches for, then the sign-up itself."""
        assert sign_up.account is not None  # noqa: S101 - whoever signs up singly has an account
        actor = self._actors[sign_up.account.phone]
        officer = self._actors[sign_up.unit]
        applicants = []
        past = {}
        for applicant in sign_up.application.applicants:
            draft = applicant.draft
            assert draft is not None  # noqa: S101 - the kinds' demonstrations know nobody yet
            code = participants.add(draft, by=actor, at=at)
            for claim in draft.claims:
                participants.check_claim(code, claim, valid_until=self._today + 52 * WEEK, by=officer, at=at)
            if draft.name in sign_up.history:
                past[code] = sign_up.history[draft.name]
            applicants.append((code, applicant))
        if past:
            histories.remember(past, by=self._actors["organiser"], at=at)
        on = at.astimezone(ZONE).date()
        known = []
        for code, applicant in applicants:
            row = people_queries.one_of(actor, code, on=on)
            assert row is not None  # noqa: S101 - added just above
            known.append(replace(applicant, person=row.person, draft=None))
        application = replace(sign_up.application, applicants=tuple(known))
        receipt = registrations.register(application, key="demonstration", by=actor, at=at)
        chapter.signed.append(Signed(receipt.party, sign_up.account.phone, sign_up.story))

    def _remember(self, found: Iterable[SignUp], *, by: Actor, at: datetime) -> None:
        past = {}
        for sign_up in found:
            for applicant in sign_up.application.applicants:
                if applicant.draft is not None and applicant.draft.name in sign_up.history:
                    code = participants.add(applicant.draft, by=by, at=at)
                    past[code] = sign_up.history[applicant.draft.name]
        if past:
            histories.remember(past, by=self._actors["organiser"], at=at)

    # -- The second act: places, publications, invitations -----------------------------------------

    def _allot(self) -> None:
        """All runs, the largest first, two at a time."""
        at = self._days_ago(6, 9)
        by = self._actors["organiser"]
        queued = []
        for chapter in sorted(self._chapters, key=lambda chapter: -len(chapter.sign_ups)):
            code = chapter.programme.code
            allocations.request(code, seconds=self._seconds, seed=self._seed, by=by, at=at)
            queued.append(code)
        with ThreadPoolExecutor(SOLVES_AT_ONCE) as pool:
            ended = pool.map(lambda code: self._execute(code, at), queued)
            for _ended in self._telling.each(_("Places given out"), ended, total=len(queued)):
                pass

    def _execute(self, code: str, at: datetime) -> None:
        with self._app.app_context():
            run = _last_run(code)
            run_id = run.id
            db.session.rollback()
            state = runs.execute(run_id, worker=f"{WORKER} {code}", clock=_Clock(at))
            if state not in RUN_USABLE:
                error = db.session.get_one(AllocationRun, run_id).error
                message = f"{code}: the run ended as {state}. {error or ''}"
                raise ToldBadly(message)

    def _publish_first(self, chapter: Chapter) -> None:
        at = self._days_ago(5, 10)
        publications.publish(
            chapter.programme.code,
            _last_run(chapter.programme.code).number,
            reason="首次公布",
            by=self._actors["organiser"],
            at=at,
        )
        self._deliver(at + timedelta(minutes=10))
        self._give_identity_numbers(chapter, at + timedelta(hours=4))

    def _second_act(self, chapter: Chapter) -> None:
        """A seat is moved by a second publication."""
        code, by = chapter.programme.code, self._actors["organiser"]
        at = self._days_ago(3, 15)
        moved = chapter.followed["moved"]
        if len(chapter.sign_ups) <= SMALL and (other := _another_choice(moved)) is not None:
            allocations.pin(code, moved, other, reason="家庭提出调整，经核实同意", by=by, at=at)
            allocations.request(code, seconds=self._seconds, by=by, at=at)
            self._execute(code, at)
            chapter.again = True
            reason = "按核实情况调整一户的期次"
        else:
            option = chapter.programme.option(_seat_of(moved))
            programmes.change_option(
                code, _elsewhere(option), by=by, at=at, reason="原场地另有安排，改在文化广场"
            )
            reason = "一个场次改变地点"
        publications.publish(code, _last_run(code).number, reason=reason, by=by, at=at + timedelta(hours=1))
        self._deliver(at + timedelta(hours=2))

    def _give_up(self, chapter: Chapter) -> None:
        """The seat that was moved is given up, and another as it was."""
        for story in ("moved", "withdrawn"):
            party = chapter.followed[story]
            who = next(each.by for each in chapter.signed if each.party == party)
            registrations.withdraw(
                party, reason="家中有事，不能参加", by=self._actors[who], at=self._days_ago(2, 19)
            )

    def _give_identity_numbers(self, chapter: Chapter, at: datetime) -> None:
        """Asked for only once a place is offered; a few give theirs at once."""
        rows = db.session.execute(
            select(Registration.id, Party.code)
            .join(Party, Party.id == Registration.party_id)
            .join(Allotment, Allotment.registration_id == Registration.id)
            .where(
                Allotment.run_id == _last_run(chapter.programme.code).id,
                Allotment.option_id.is_not(None),
                Registration.role == PartyRole.PARTICIPANT,
            )
            .order_by(Registration.id)
        ).all()
        by = {each.party: each.by for each in chapter.signed}
        for registration_id, party in rows[:IDENTITY_NUMBERS]:
            row = db.session.get_one(Registration, registration_id).participant
            person = PersonDraft(row.name, row.birth_date, row.sex)
            number = identity_number(person, row.id)
            participants.give_identity(row.code, number, by=self._actors[by[party]], at=at)

    def _deliver(self, at: datetime) -> None:
        """Everything due by then leaves as files; the demonstration writes to nobody."""
        clock = _Clock(at)

        def sendings() -> Iterator[int]:
            while True:
                done = outbox.deliver_due(self._mail, limit=LETTERS_AT_ONCE, worker=WORKER, clock=clock)
                if not done.sent:
                    return
                yield done.sent

        for _done in self._telling.each(_("Letters written, by the hundreds"), sendings()):
            pass

    # -- What a visitor finds ------------------------------------------------------------------------

    def _open_another(self, shown: ProgrammeFacts) -> str:
        """A further, small programme of the kind that is open for sign-up, so that a newcomer can try."""
        items = [item for item, _title in shown.items][:OPEN_ITEMS]
        chosen = [option for item in items for option in shown.options_of(item)[:OPEN_OPTIONS]]
        first = min(option.first_day for option in chosen)
        move = self._today + 8 * WEEK - first
        move = WEEK * -(-move.days // 7)
        code = f"{shown.kind}-extra-{(first + move).year}"
        by = self._actors["organiser"]
        facts = replace(
            shown,
            code=code,
            title=Bilingual(f"{shown.title.zh}（加开）", f"{shown.title.en}: places added"),
            summary=_OPEN_TO_TRY,
            announced_at=None,
            opens_at=self._days_ago(3, 9),
            closes_at=self._days_ago(-21, 18),
            result_at=self._days_ago(-28, 18),
            options=tuple(_moved(option, move) for option in chosen),
            quotas=(),
            published=0,
        )
        programmes.create(facts, by=by, at=self._days_ago(4, 9))
        programmes.announce(code, by=by, at=self._days_ago(4, 10))
        return code

    def _faces(self) -> dict[Role, str]:
        """An account of each role with something to see: the first who signed up somebody that has a place."""
        placed = set(
            db.session.scalars(
                select(Party.account_id)
                .join(Registration, Registration.party_id == Party.id)
                .where(Registration.state == RegistrationState.ALLOTTED)
            )
        )
        found = {Role.ORGANISER: self._codes["organiser"]}
        for chapter in self._chapters:
            for each in chapter.signed:
                actor = self._actors[each.by]
                if actor.account_id in placed:
                    found.setdefault(next(iter(actor.roles)), self._codes[each.by])
        return found

    def _days_ago(self, days: int, hour: int) -> datetime:
        return datetime.combine(self._today - timedelta(days=days), time(hour), ZONE).astimezone(UTC)


def _moments(programme: ProgrammeFacts, count: int) -> Iterator[datetime]:
    """So many moments spread over the sign-up, and some to spare."""
    opens, closes = _moment_of(programme.opens_at), _moment_of(programme.closes_at)
    step = (closes - opens) / (count + 2)
    at = opens
    while True:
        at += step
        yield at.replace(microsecond=0)


def _moment_of(at: datetime | None) -> datetime:
    if at is None:
        raise ToldBadly("A programme of the demonstration has a sign-up that opens and closes.")
    return at


def _last_run(code: str) -> AllocationRun:
    return db.session.scalars(
        select(AllocationRun)
        .join(Programme, Programme.id == AllocationRun.programme_id)
        .where(Programme.code == code)
        .order_by(AllocationRun.number.desc())
        .limit(1)
    ).one()


def _seat_of(party: str) -> str:
    """The option a party was given by the last run."""
    found = db.session.scalars(
        select(Option.code)
        .join(Allotment, Allotment.option_id == Option.id)
        .join(Registration, Registration.id == Allotment.registration_id)
        .join(Party, Party.id == Registration.party_id)
        .where(Party.code == party)
        .order_by(Allotment.run_id.desc())
        .limit(1)
    ).first()
    if found is None:
        message = f"{party} was to be followed, but has no place."
        raise ToldBadly(message)
    return found


def _another_choice(party: str) -> str | None:
    """The dearest other option the party ranked."""
    seat = _seat_of(party)
    ranked = db.session.scalars(
        select(Option.code)
        .join(Preference, Preference.option_id == Option.id)
        .join(Party, Party.id == Preference.party_id)
        .where(Party.code == party)
        .order_by(Preference.rank)
    ).all()
    return next((code for code in ranked if code != seat), None)


def _elsewhere(option: OptionFacts) -> OptionFacts:
    """The same option on the square of the place."""
    first, *rest = option.occasions
    place = Bilingual(
        f"{first.place.zh}文化广场", f"{first.place.en}, culture square" if first.place.en else ""
    )
    return replace(option, occasions=(replace(first, place=place), *rest))


def _moved(option: OptionFacts, by: timedelta) -> OptionFacts:
    occasions = tuple(_occasion_moved(occasion, by) for occasion in option.occasions)
    return replace(option, occasions=occasions)


def _occasion_moved(occasion: OccasionFacts, by: timedelta) -> OccasionFacts:
    return replace(occasion, starts=occasion.starts + by, ends=occasion.ends + by)
