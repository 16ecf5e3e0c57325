"""GNOME's calendar, fed by the call with which mail programs hand it invitations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from eventhub.domain.calendar_entry import CalendarEntry
from tests.calendars.evolution import EvolutionCalendar
from tests.calendars.seats import KINDS, OFFICE, READER, Message, Story, awkward_story, story_of

pytestmark = pytest.mark.calendar


def test_an_invitation_stands_in_the_calendar_as_it_was_meant(calendar: EvolutionCalendar, story: Story):
    _shows(calendar, story, story.invited)


def test_an_update_moves_the_one_event(calendar: EvolutionCalendar, story: Story):
    calendar.receive(story.invited.ics)
    _shows(calendar, story, story.moved)


def test_a_mended_description_replaces_the_former_one(calendar: EvolutionCalendar, story: Story):
    calendar.receive(story.invited.ics, story.moved.ics)
    _shows(calendar, story, story.mended)


def test_a_withdrawn_seat_leaves_the_calendar(calendar: EvolutionCalendar, story: Story):
    standing = calendar.receive(*(message.ics for message in story.messages))
    assert (standing.refusal, standing.events) == ("", [])


def test_what_comes_twice_stands_once(calendar: EvolutionCalendar, story: Story):
    calendar.receive(story.invited.ics, story.invited.ics, story.moved.ics)
    _shows(calendar, story, story.moved)
    standing = calendar.receive(story.withdrawn.ics, story.withdrawn.ics)
    assert (standing.refusal, standing.events) == ("", [])


def test_an_update_whose_invitation_never_came_makes_the_event(calendar: EvolutionCalendar, story: Story):
    _shows(calendar, story, story.moved)


def test_a_withdrawal_of_what_never_came_is_taken_in_silence(calendar: EvolutionCalendar, story: Story):
    standing = calendar.receive(story.withdrawn.ics)
    assert (standing.refusal, standing.events) == ("", [])


def test_the_seats_of_one_person_do_not_touch_each_other(calendar: EvolutionCalendar):
    stories = [story_of(kind) for kind in KINDS]
    calendar.receive(*(story.moved.ics for story in stories))
    standing = calendar.receive(stories[0].withdrawn.ics)
    assert {event["uid"] for event in standing.events} == {story.uid for story in stories[1:]}


@pytest.mark.parametrize("name", ["invited", "moved", "mended"])
def test_awkward_words_arrive_as_they_were_written(calendar: EvolutionCalendar, name: str):
    story = awkward_story()
    _shows(calendar, story, getattr(story, name))


def _shows(calendar: EvolutionCalendar, story: Story, message: Message) -> None:
    """After this message the calendar holds one event, which tells what the message told."""
    standing = calendar.receive(message.ics)
    assert standing.refusal == ""
    (event,) = standing.events
    assert event["uid"] == story.uid
    assert event["sequence"] == message.sequence
    assert event["status"] == "CONFIRMED"
    assert event["alarms"] == 0
    assert (event["organizer"], event["attendee"]) == (f"mailto:{OFFICE.address}", f"mailto:{READER}")
    assert event["attendee_name"] == story.reader_shown
    _tells(event, message.entry)


def _tells(event: dict[str, Any], entry: CalendarEntry) -> None:
    assert event["summary"] == entry.summary
    assert event["place"] == entry.place
    assert event["description"] == entry.description
    assert event["url"] == entry.url
    assert event["whole_days"] == entry.whole_days
    assert event["shown_as"] == ("TRANSPARENT" if entry.whole_days else "OPAQUE")
    assert event["starts"] == _moment(entry.starts)
    if isinstance(entry.ends, datetime):
        assert event["ends"] == _moment(entry.ends)
        assert event["zone"].endswith("Asia/Shanghai")
    else:
        assert event["ends"] == _moment(entry.ends + timedelta(days=1))


def _moment(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return moment.isoformat()
