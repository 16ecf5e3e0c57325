"""Changing a programme: of two at one moment one is kept, and the other is told."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select

from eventhub.domain.problems import Conflict
from eventhub.extensions import db
from eventhub.models.journal import JournalEntry
from eventhub.models.programmes import Programme
from eventhub.queries import programmes as queries
from eventhub.services import programmes
from tests.scenario import Scenario

pytestmark = pytest.mark.database


def test_of_changes_of_one_version_at_one_moment_one_is_kept(app: Flask) -> None:
    with app.app_context():
        story = Scenario.begins()
        facts = queries.facts(story.camp)
        version = db.session.scalars(select(Programme.version)).one()
        db.session.remove()
    ready, said = Barrier(4, timeout=20), []

    def change(number: int) -> None:
        with app.app_context():
            ready.wait()
            try:
                wanted = replace(facts, contact_name=f"陈{'一二三四'[number]}")
                programmes.change(
                    story.camp, wanted, version=version, by=story.organiser, at=story.at, reason="换人"
                )
                said.append("kept")
            except Conflict as conflict:
                said.append(conflict.problems[0].code)
            finally:
                db.session.remove()

    threads = [Thread(target=change, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(said) == [*["changed_meanwhile"] * 3, "kept"]
    with app.app_context():
        counted = select(func.count()).where(JournalEntry.event == "programme changed")
        assert db.session.scalar(counted) == 1
        db.session.remove()
