"""Between a run and its publication the programme may change: what the run gave must still keep every rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from eventhub.domain.facts import OptionFacts, PersonDraft, SourceFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict
from eventhub.domain.terms import Sex
from eventhub.extensions import transaction
from eventhub.i18n import Bilingual, use_locale
from eventhub.kinds.contest.checks import SAFETY
from eventhub.models.accounts import Participant
from eventhub.models.publications import Publication
from eventhub.models.registrations import Party, Preference, Registration
from eventhub.queries import programmes as programme_queries
from eventhub.services import participants, programmes, publications, registrations
from tests.allotting import allot, options_of, publish, sign_up
from tests.kinds.stories import heat
from tests.scenario import OPEN, REGION, UNIT, Scenario, camp_facts

NINE = datetime(2026, 9, 8, 9, tzinfo=ZONE)


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def changes(story: Scenario, option: OptionFacts) -> None:
    programmes.change_option(story.camp, option, by=story.organiser, at=story.at, reason="调整")


def holds_fund(story: Scenario, fen: int) -> None:
    facts = programme_queries.facts(story.camp)
    source = SourceFacts("fund", Bilingual("夏令营经费", "Camp fund"), fen)
    programmes.change(
        story.camp,
        replace(facts, sources=(source,)),
        version=programme_queries.version_of(story.camp),
        by=story.organiser,
        at=story.at,
    )


def refusal(story: Scenario, run: int) -> str:
    """Why the run is not published; nothing is, and the page that asks first says the same."""
    with pytest.raises(Conflict) as asked:
        publications.preview(story.camp, run, by=story.organiser, at=story.at)
    with pytest.raises(Conflict) as refused:
        publish(story, run)
    with transaction() as session:
        assert session.scalars(select(Publication)).all() == []
    (problem,) = refused.value.problems
    assert problem == asked.value.problems[0]
    assert problem.code == "run_stale"
    with use_locale("en"):
        return str(problem.message)


@pytest.mark.database
def test_money_taken_away_since_the_run_is_noticed(story: Scenario) -> None:
    sign_up(story, 4)
    run = allot(story)
    holds_fund(story, 3 * 230_000)
    assert "The fund “Camp fund” holds CNY 6,900" in refusal(story, run)
    holds_fund(story, 4 * 230_000)
    assert publish(story, run) == 1


def test_money_that_follows_those_who_gave_up_is_enough(story: Scenario) -> None:
    receipts = sign_up(story, 4)
    run = allot(story)
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.at)
    holds_fund(story, 3 * 230_000)
    assert publish(story, run) == 1


def test_a_higher_minimum_is_noticed_and_a_group_that_shrank_is_not_refused(story: Scenario) -> None:
    receipts = sign_up(story, 4, ranking=("B1",))
    facts = programme_queries.facts(story.camp)
    changes(story, replace(facts.option("B1"), minimum=4))
    run = allot(story)
    changes(story, replace(facts.option("B1"), minimum=5))
    assert "“Yinchuan camp B1” needs 5 people to run" in refusal(story, run)
    changes(story, replace(facts.option("B1"), minimum=4))
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.at)
    preview = publications.preview(story.camp, run, by=story.organiser, at=story.at)
    assert (preview.left_out, len(preview.warnings)) == (1, 1)
    assert publish(story, run) == 1


def test_a_batch_moved_to_days_for_which_somebody_is_too_young_or_old_is_noticed(story: Scenario) -> None:
    receipt = story.registers(story.child(born=date(2010, 8, 1)), ranking=("B1",))
    run = allot(story)
    batch = programme_queries.facts(story.camp).option("B1")
    later = tuple(
        replace(each, starts=each.starts + timedelta(days=28), ends=each.ends + timedelta(days=28))
        for each in batch.occasions
    )
    changes(story, replace(batch, occasions=later))
    assert f"Sign-up {receipt.registrations[0]} may not have the place it was given" in refusal(story, run)


def test_a_wish_that_was_changed_is_noticed(story: Scenario) -> None:
    receipt = sign_up(story, 1)[0]
    run = allot(story)
    given = options_of(story, run)[receipt.registrations[0]]
    with transaction() as session:
        party = session.scalars(select(Party).where(Party.code == receipt.party)).one()
        (wish,) = [each for each in party.preferences if each.option.code == given]
        session.execute(delete(Preference).where(Preference.id == wish.id))
    assert "does not list it" in refusal(story, run)


def test_a_party_that_was_joined_is_noticed(story: Scenario) -> None:
    receipts = sign_up(story, 2)
    run = allot(story)
    closed, story.at = story.at, OPEN
    story.registers(story.child("马后来"))
    story.at = closed
    assert publications.preview(story.camp, run, by=story.organiser, at=story.at).placed == 2
    with transaction() as session:
        party = session.scalars(select(Party).where(Party.code == receipts[0].party)).one()
        newest = select(Registration.id).order_by(Registration.id.desc()).limit(1).scalar_subquery()
        session.execute(update(Registration).where(Registration.id == newest).values(party_id=party.id))
    assert "somebody joined a party since" in refusal(story, run)


def test_a_record_put_right_since_is_judged_as_it_is(story: Scenario) -> None:
    receipt = sign_up(story, 1)[0]
    run = allot(story)
    with transaction() as session:
        session.execute(update(Participant).values(birth_date=date(2001, 1, 1)))
    assert receipt.registrations[0] in refusal(story, run)


# -- Two heats at once -------------------------------------------------------------------------------


def entered_twice(story: Scenario) -> Mapping[str, Any]:
    """A member in two contests of a series whose heats are a day apart; the receipts by contest."""
    heats = (heat("H1", "C01", NINE), heat("H2", "C02", NINE + timedelta(days=1)))
    story.camp = story.programme(
        camp_facts("contest-2026", kind="contest", options=heats, organisation=REGION)
    )
    draft = PersonDraft(
        name="王建国", birth_date=date(1985, 5, 5), sex=Sex.MALE, organisation=UNIT, relation="self"
    )
    code = participants.add(draft, by=story.member, at=story.at)
    worker = replace(story.applicant(code, by=story.member), answers={})
    return {
        item: story.registers(
            worker, by=story.member, ranking=(option,), item=item, answers={}, consents=(SAFETY.key,)
        )
        for item, option in (("C01", "H1"), ("C02", "H2"))
    }


def test_a_heat_moved_to_where_somebody_is_elsewhere_is_noticed(story: Scenario) -> None:
    entered_twice(story)
    run = allot(story)
    assert set(options_of(story, run).values()) == {"H1", "H2"}
    changes(story, replace(heat("H2", "C02", NINE)))
    assert "Nobody can be in two places at once" in refusal(story, run)
    changes(story, heat("H2", "C02", NINE + timedelta(hours=8)))
    assert publish(story, run) == 1


def test_who_gave_up_one_of_two_places_that_clash_now_is_no_hindrance(story: Scenario) -> None:
    receipts = entered_twice(story)
    run = allot(story)
    changes(story, heat("H2", "C02", NINE))
    registrations.withdraw(receipts["C01"].party, reason="", by=story.member, at=story.at)
    assert publish(story, run) == 1
