"""Tell what comes after sign-up: time passes to the close, a run is asked for and executed, its result published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from eventhub.delivery.mailer import Memory
from eventhub.domain.terms import RegistrationState, RunState, Sex
from eventhub.extensions import db
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.models.invites import Invite, Letter
from eventhub.models.programmes import Option
from eventhub.models.registrations import Registration
from eventhub.queries import allocations as allocation_queries
from eventhub.services import allocations, outbox, publications, runs
from eventhub.services.intake import Receipt
from tests.scenario import Scenario

CLOSED = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
SECONDS = 20
NAMES = "兰梅竹菊荷松柏枫桐桂榆柳杨槐桃李杏梨枣橘橙柚蕉荔龙茶豆麦稻米"


def sign_up(story: Scenario, count: int, *, ranking: tuple[str, ...] = ("B1", "B2")) -> list[Receipt]:
    """So many single children of the guardian, girls and boys in turn."""
    return [
        story.registers(
            story.child(
                f"马{NAMES[number // len(NAMES)]}{NAMES[number % len(NAMES)]}",
                born=date(2014, 1, 1) + timedelta(days=number),
                sex=Sex.FEMALE if number % 2 else Sex.MALE,
            ),
            ranking=ranking,
        )
        for number in range(count)
    ]


def close(story: Scenario) -> None:
    """Let time pass until sign-up is over."""
    story.at = max(story.at, CLOSED)


def allot(story: Scenario, *, seed: int | None = 7) -> int:
    """A run, asked for and executed; its number."""
    close(story)
    number = allocations.request(story.camp, seconds=SECONDS, seed=seed, by=story.organiser, at=story.at)
    ended = runs.execute(allocation_queries.run_id(story.camp, number), worker="w1", clock=ticking(story))
    assert ended is RunState.OPTIMAL, run_row(story, number).error
    return number


def publish(story: Scenario, run: int) -> int:
    """A run, made public a while later."""
    return publications.publish(story.camp, run, by=story.organiser, at=story.later(hours=1))


def ticking(story: Scenario) -> Callable[[], datetime]:
    """The story's clock: it stands still unless the story lets time pass."""
    return lambda: story.at


def run_row(story: Scenario, number: int) -> AllocationRun:
    """The row of a run, read anew."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(AllocationRun, allocation_queries.run_id(story.camp, number))


def options_of(story: Scenario, number: int) -> dict[str, str | None]:
    """Registration code -> option code of a run."""
    rows = db.session.execute(
        select(Registration.code, Option.code)
        .select_from(Allotment)
        .join(Registration, Registration.id == Allotment.registration_id)
        .outerjoin(Option, Option.id == Allotment.option_id)
        .where(Allotment.run_id == allocation_queries.run_id(story.camp, number))
        .order_by(Allotment.id)
    )
    return {row[0]: row[1] for row in rows}


def states() -> dict[str, RegistrationState]:
    """Registration code -> state, read anew."""
    db.session.rollback()
    rows = db.session.execute(select(Registration.code, Registration.state))
    return {row.code: row.state for row in rows}


def told(*names: str) -> list[Letter]:
    """Letters of these names in the order they were written, read anew."""
    db.session.rollback()
    db.session.expire_all()
    return list(
        db.session.scalars(
            select(Letter).where(Letter.name.in_(names) if names else Letter.id > 0).order_by(Letter.id)
        )
    )


def calendar_of(code: str) -> list[Invite]:
    """The calendar objects of a registration, ended ones too, in the order they were made."""
    db.session.rollback()
    db.session.expire_all()
    return list(
        db.session.scalars(
            select(Invite).join(Registration).where(Registration.code == code).order_by(Invite.id)
        )
    )


def deliver(story: Scenario, out: Memory | None = None, *, limit: int = 1000) -> Memory:
    """Everything that is due goes out, into memory."""
    out = out or Memory()
    outbox.deliver_due(out, limit=limit, worker="w1", clock=ticking(story))
    return out
