"""Thunderbird, in which a reader opens the mails and presses the buttons that it shows for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.calendars.seats import KINDS, OFFICE, READER, Message, Story, awkward_story, story_of
from tests.calendars.thunderbird import Thunderbird

pytestmark = pytest.mark.calendar


def test_a_seat_is_invited_moved_mended_and_withdrawn_by_the_buttons_of_its_mails(
    thunderbird: Thunderbird, story: Story
):
    offer = thunderbird.open(story.invited.mail)
    assert offer.method == "REQUEST"
    assert {"Accept", "Tentative", "Decline"} <= set(offer.buttons)
    assert story.invited.entry.place in offer.details
    _shows(thunderbird.press("ACCEPTED"), story, story.invited)

    offer = thunderbird.open(story.moved.mail)
    assert offer.method == "REQUEST:UPDATE"
    assert "Accept" in offer.buttons
    _shows(thunderbird.press("ACCEPTED"), story, story.moved)

    # Nobody is asked again where only words were mended.
    offer = thunderbird.open(story.mended.mail)
    assert (offer.method, offer.buttons) == ("REQUEST:UPDATE-MINOR", ["Update"])
    _shows(thunderbird.press(), story, story.mended)

    offer = thunderbird.open(story.withdrawn.mail)
    assert (offer.method, offer.buttons) == ("CANCEL", ["Delete"])
    assert thunderbird.press() == []


def test_a_mail_that_comes_twice_or_late_offers_nothing(thunderbird: Thunderbird, story: Story):
    thunderbird.receive(story.moved.mail)
    for message in (story.moved, story.invited):
        offer = thunderbird.open(message.mail)
        assert (offer.method, offer.buttons) == ("", ["Details"])
        _shows(thunderbird.press("ACCEPTED"), story, story.moved)
    thunderbird.receive(story.withdrawn.mail)
    assert thunderbird.open(story.withdrawn.mail).method == ""
    assert thunderbird.press() == []


def test_an_invitation_opened_after_the_withdrawal_is_known_as_deleted(thunderbird: Thunderbird):
    story = story_of("contest")
    thunderbird.receive(story.invited.mail)
    thunderbird.receive(story.withdrawn.mail)
    offer = thunderbird.open(story.invited.mail)
    thunderbird.leave()
    assert offer.deleted_before
    assert thunderbird.standing() == []


def test_a_withdrawal_of_what_never_came_offers_nothing(thunderbird: Thunderbird):
    assert thunderbird.open(story_of("camp").withdrawn.mail).method == ""
    assert thunderbird.press() == []


def test_the_seats_of_one_person_do_not_touch_each_other(thunderbird: Thunderbird):
    stories = [story_of(kind) for kind in KINDS]
    for story in stories:
        thunderbird.receive(story.moved.mail)
    standing = thunderbird.receive(stories[0].withdrawn.mail)
    assert {event["uid"] for event in standing} == {story.uid for story in stories[1:]}


def test_awkward_words_arrive_as_they_were_written(thunderbird: Thunderbird):
    story = awkward_story()
    assert thunderbird.open(story.invited.mail).subject.startswith("日程：👨\u200d👩\u200d👧 “夏令营”")
    _shows(thunderbird.press("ACCEPTED"), story, story.invited)
    _shows(thunderbird.receive(story.moved.mail), story, story.moved)


def _shows(standing: list[dict[str, Any]], story: Story, message: Message) -> None:
    """The calendar holds one event, which tells what the message told and that the reader has accepted."""
    entry = message.entry
    (event,) = standing
    assert event["uid"] == story.uid
    assert event["sequence"] == message.sequence
    assert (event["status"], event["answer"]) == ("CONFIRMED", "ACCEPTED")
    assert (event["organizer"], event["attendee"]) == (f"mailto:{OFFICE.address}", f"mailto:{READER}")
    assert event["attendee_name"] == story.reader_shown
    for name in ("summary", "place", "description", "url", "whole_days"):
        assert event[name] == getattr(entry, name), name
    assert event["shown_as"] == ("TRANSPARENT" if entry.whole_days else "OPAQUE")
    assert event["starts"] == _moment(entry.starts)
    if isinstance(entry.ends, datetime):
        assert event["ends"] == _moment(entry.ends)
        assert event["zone"] == "Asia/Shanghai"
    else:
        assert event["ends"] == _moment(entry.ends + timedelta(days=1))


def _moment(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{moment:%Y%m%d}"
