"""eventhub invites export: a folder a seat, its messages in order, its present calendar."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from icalendar import Calendar

from eventhub.services import allocations, registrations
from tests.allotting import allot, calendar_of, publish, sign_up
from tests.scenario import Scenario


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def test_a_seat_invited_moved_and_withdrawn_is_exported_whole(
    story: Scenario, runner: FlaskCliRunner, tmp_path: Path
) -> None:
    receipts = sign_up(story, 2)
    publish(story, allot(story))
    code = receipts[0].registrations[0]
    was = calendar_of(code)[0].option.code
    other = "B2" if was == "B1" else "B1"
    allocations.pin(story.camp, receipts[0].party, other, reason="调整", by=story.organiser, at=story.at)
    publish(story, allot(story))
    registrations.withdraw(receipts[0].party, reason="", by=story.guardian, at=story.later(hours=1))

    ended = runner.invoke(args=["invites", "export", str(tmp_path / "out"), "--programme", story.camp])
    assert ended.exit_code == 0, ended.output
    folder = tmp_path / "out" / code
    assert sorted(path.name for path in folder.iterdir()) == [
        "01-invite.eml",
        "02-update.eml",
        "03-cancel.eml",
        "feed.ics",
    ]
    methods = []
    for path in sorted(folder.glob("*.eml")):
        (calendar,) = [
            part
            for part in message_from_bytes(path.read_bytes()).walk()
            if part.get_content_type() == "text/calendar"
        ]
        methods.append(calendar.get_param("method"))
    assert methods == ["REQUEST", "REQUEST", "CANCEL"]
    assert Calendar.from_ical((folder / "feed.ics").read_bytes()).walk("VEVENT") == []
    other_feed = (tmp_path / "out" / receipts[1].registrations[0] / "feed.ics").read_bytes()
    assert len(Calendar.from_ical(other_feed).walk("VEVENT")) == 1


def test_the_export_can_be_limited_and_refuses_an_unknown_programme(
    story: Scenario, runner: FlaskCliRunner, tmp_path: Path
) -> None:
    sign_up(story, 3)
    publish(story, allot(story))
    assert runner.invoke(args=["invites", "export", str(tmp_path / "out"), "--limit", "1"]).exit_code == 0
    assert len(list((tmp_path / "out").iterdir())) == 1
    unknown = runner.invoke(args=["invites", "export", str(tmp_path), "--programme", "nothing"])
    assert unknown.exit_code == 1
    assert "nothing" in unknown.output
