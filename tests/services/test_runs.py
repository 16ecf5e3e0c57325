"""Runs are executed on a leased row and stored whole by whoever still holds it."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from eventhub.domain.terms import RunState
from eventhub.extensions import db, transaction
from eventhub.i18n import use_locale
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.queries import allocations as queries
from eventhub.queries import programmes as programmes_queries
from eventhub.queries import results
from eventhub.services import allocations, framing, jobs, registrations, runs, solving
from eventhub.services.programmes import change
from tests.allotting import allot, close, options_of, publish, run_row, sign_up, ticking
from tests.scenario import Scenario, batch, camp_facts

pytestmark = pytest.mark.database


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def test_a_run_is_stored_with_all_that_it_takes_to_repeat_and_to_check_it(story: Scenario) -> None:
    sign_up(story, 6)
    number = allot(story, seed=11)

    run = run_row(story, number)
    assert (run.state, run.seed, run.seed_source, run.tries) == (RunState.OPTIMAL, 11, "given", 1)
    assert run.lease_until is None
    assert run.problem is not None
    assert run.result is not None
    problem = json.loads(zlib.decompress(run.problem))
    result = json.loads(zlib.decompress(run.result))
    assert result["problem_sha256"] == run.input_digest
    assert sorted(group["lot"] for group in problem["groups"]) == [1, 2, 3, 4, 5, 6]
    assert run.rule_version == framing.rule_version(queries.run(story.camp, number).programme)
    assert run.engine
    assert run.solver_version
    assert set(options_of(story, number).values()) == {"B1"}
    assert run.summary["placed"] == 6
    assert run.summary["money"] == [{"source": "fund", "used": 6 * 230_000, "granted": 100_000_00}]


def test_the_same_seed_and_the_same_rows_give_the_same_result(story: Scenario) -> None:
    sign_up(story, 24)
    first, second = allot(story, seed=3), allot(story, seed=3)
    other = allot(story, seed=4)

    assert options_of(story, first) == options_of(story, second)
    assert run_row(story, first).input_digest == run_row(story, second).input_digest
    assert options_of(story, first) != options_of(story, other)


def test_a_party_is_placed_together_or_not_at_all(story: Scenario) -> None:
    story.programme(camp_facts("tight", options=(batch("B1", date(2026, 7, 13), capacity=3),)))
    story.camp = "tight"
    pair = story.registers(
        story.child("马小雨"), story.child("马小雪", born=date(2015, 8, 1)), ranking=("B1",)
    )
    other = story.registers(story.child("丁一"), story.child("丁二", born=date(2015, 9, 1)), ranking=("B1",))
    given = options_of(story, allot(story))

    assert sorted(
        [{given[code] for code in receipt.registrations} for receipt in (pair, other)], key=str
    ) == sorted([{"B1"}, {None}], key=str)


def test_whoever_has_no_place_stands_in_line_by_tier_and_lot_with_a_reason(story: Scenario) -> None:
    sign_up(story, 22)
    number = allot(story)

    page = results.people_of(story.camp, number, placed=False)
    assert page.total == 2
    by_lot = sorted(page.rows, key=lambda row: (row.tier, row.lot or 0))
    assert [row.position for row in by_lot] == [1, 2]
    assert all(row.why for row in page.rows)


def test_a_run_is_executed_by_one_worker_until_its_lease_runs_out(story: Scenario) -> None:
    close(story)
    run_id = queries.run_id(story.camp, allocations.request(story.camp, by=story.organiser, at=story.at))
    with transaction() as session:
        assert jobs.lease_run(session, run_id, worker="first", at=story.at)
    with transaction() as session:
        assert not jobs.lease_run(session, run_id, worker="second", at=story.at)
    assert jobs.runs_due(story.at) == ()

    story.later(minutes=5)
    assert jobs.runs_due(story.at) == (run_id,)
    with transaction() as session:
        assert jobs.lease_run(session, run_id, worker="second", at=story.at)


def test_what_a_worker_writes_after_losing_its_lease_is_dropped(
    story: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(story, 2)
    close(story)
    number = allocations.request(story.camp, seconds=5, seed=1, by=story.organiser, at=story.at)
    run_id = queries.run_id(story.camp, number)
    solve = solving.solve

    def robbed(*args: object, **more: object) -> solving.Ended:
        ended = solve(*args, **more)  # type: ignore[arg-type]
        with transaction() as session:
            session.execute(
                update(AllocationRun)
                .where(AllocationRun.id == run_id)
                .values(leased_by="thief", tries=AllocationRun.tries + 1)
            )
        return ended

    monkeypatch.setattr(solving, "solve", robbed)
    assert runs.execute(run_id, worker="w1", clock=ticking(story)) is None
    assert db.session.scalar(select(func.count()).select_from(Allotment)) == 0
    db.session.rollback()

    monkeypatch.setattr(solving, "solve", solve)
    story.later(hours=1)
    assert runs.execute(run_id, worker="thief", clock=ticking(story)) is RunState.OPTIMAL
    assert len(options_of(story, number)) == 2


def test_a_run_that_took_three_workers_with_it_is_given_up(story: Scenario) -> None:
    close(story)
    number = allocations.request(story.camp, by=story.organiser, at=story.at)
    run_id = queries.run_id(story.camp, number)
    for _ in range(jobs.MOST_RUN_TRIES):
        with transaction() as session:
            assert jobs.lease_run(session, run_id, worker="dies", at=story.later(hours=1))
    assert runs.execute(run_id, worker="w", clock=lambda: story.later(hours=1)) is None

    assert run_row(story, number).state is RunState.FAILED
    assert run_row(story, number).error


def test_a_fault_of_the_program_fails_the_run_with_a_word(
    story: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(story, 1)
    close(story)
    number = allocations.request(story.camp, seed=1, by=story.organiser, at=story.at)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(solving, "solve", broken)
    run_id = queries.run_id(story.camp, number)
    assert runs.execute(run_id, worker="w", clock=ticking(story)) is RunState.FAILED
    assert queries.run(story.camp, number).error == "RuntimeError: the disk is full"


def test_an_answer_that_fails_the_audit_gives_nobody_a_place(
    story: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(story, 2)
    close(story)
    number = allocations.request(story.camp, seconds=5, seed=1, by=story.organiser, at=story.at)
    solve = solving.solve

    def forged(folder: object, **more: object) -> solving.Ended:
        ended = solve(folder, **more)  # type: ignore[arg-type]
        path = folder / "result.json"  # type: ignore[operator]
        result = json.loads(path.read_text())
        result["placements"].popitem()
        path.write_text(json.dumps(result))
        return ended

    monkeypatch.setattr(solving, "solve", forged)
    run_id = queries.run_id(story.camp, number)
    assert runs.execute(run_id, worker="w", clock=ticking(story)) is RunState.FAILED
    assert "audit" in (run_row(story, number).error or "")
    assert options_of(story, number) == {}


def test_floors_that_cannot_be_met_end_a_run_as_infeasible_and_the_page_names_them(
    story: Scenario,
) -> None:
    story.programme(
        camp_facts(
            "impossible",
            options=(replace(batch("B1", date(2026, 7, 13), minimum=9), details={"adults": 1}),),
        )
    )
    story.camp = "impossible"
    receipts = sign_up(story, 3, ranking=("B1",))
    close(story)
    allocations.pin(story.camp, receipts[0].party, "B1", reason="特殊情况", by=story.organiser, at=story.at)
    number = allocations.request(story.camp, seconds=10, seed=1, by=story.organiser, at=story.at)
    run_id = queries.run_id(story.camp, number)
    ended = runs.execute(run_id, worker="w", clock=ticking(story))

    assert ended is RunState.INFEASIBLE, run_row(story, number).error
    page = queries.run(story.camp, number)
    assert not page.usable
    assert options_of(story, number) == {}
    with use_locale("en"):
        told = [str(rule) for rule in page.conflict.rules]
        assert told
        assert any("needs 9 people to run; 3 could go there" in rule or "in charge" in rule for rule in told)
        assert "3 people would have a place" in str(page.conflict.nearest)
        assert page.conflict.missed
    facts = programmes_queries.facts(story.camp)
    eased = replace(facts, options=(replace(facts.options[0], minimum=2),))
    change(
        story.camp,
        eased,
        version=programmes_queries.version_of(story.camp),
        by=story.organiser,
        at=story.at,
    )
    with use_locale("en"):
        assert [str(rule) for rule in queries.run(story.camp, number).conflict.rules] == told


def test_a_second_run_moves_nobody_without_need(story: Scenario) -> None:
    receipts = sign_up(story, 24)
    first = allot(story, seed=3)
    publish(story, first)
    before = options_of(story, first)
    gone = next(receipt for receipt in receipts if before[receipt.registrations[0]] == "B2")
    registrations.withdraw(gone.party, reason="", by=story.guardian, at=story.later(hours=1))
    after = options_of(story, allot(story, seed=None))

    kept = [code for code in after if before[code] is not None and before[code] == after[code]]
    assert len(kept) >= 18


def test_progress_is_told_in_words(story: Scenario) -> None:
    close(story)
    number = allocations.request(story.camp, by=story.organiser, at=story.at)
    with transaction() as session:
        session.execute(
            update(AllocationRun).values(
                progress={"stage": "placed", "tier": 2, "stage_index": 1, "total_stages": 4, "seconds": 2.5}
            )
        )
    state, progress = queries.progress(story.camp, number)
    assert (state, progress.percent, progress.seconds) == (RunState.QUEUED, 25, 2.5)
    with use_locale("en"):
        assert str(progress.stage) == "Placed · Group 2"


def test_lease_times_are_counted_from_the_clock_handed_in(story: Scenario) -> None:
    close(story)
    run_id = queries.run_id(story.camp, allocations.request(story.camp, by=story.organiser, at=story.at))
    with transaction() as session:
        jobs.lease_run(session, run_id, worker="w", at=story.at)
    run = db.session.get_one(AllocationRun, run_id)
    assert run.lease_until == story.at + jobs.LEASE
    db.session.rollback()
    assert jobs.LONG_STEP > jobs.LEASE > timedelta(seconds=10)
