"""Calendars that follow a person's feed at its address, from the running application."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from eventhub.extensions import db
from eventhub.queries import accounts as account_queries
from eventhub.services import registrations
from tests.calendars.evolution import EvolutionCalendar
from tests.calendars.thunderbird import Thunderbird
from tests.retreating import placed
from tests.scenario import Scenario
from tests.signing_up import at_home

pytestmark = pytest.mark.calendar


@dataclass
class Subscriber:
    """A member with a place on a departure, and the address of their feed."""

    app: Flask
    story: Scenario
    party: str
    url: str

    def gives_up(self) -> None:
        """The place is given back."""
        with at_home(self.app):
            registrations.withdraw(self.party, by=self.story.member, at=self.story.later(hours=1))


@pytest.fixture
def subscriber(app: Flask, live_server: str) -> Subscriber:
    with app.app_context():
        story = Scenario.begins()
        party = placed(story)
        token = account_queries.account(story.member.account_id).feed_token
        db.session.remove()
    app.extensions["clock"] = lambda: story.at
    return Subscriber(app, story, party, f"{live_server}/calendar/{token}.ics")


def test_gnomes_calendar_shows_the_feed_and_drops_what_has_left_it(
    calendar: EvolutionCalendar, subscriber: Subscriber
):
    (event,) = calendar.subscribe(subscriber.url).events
    assert not event["whole_days"]
    assert event["status"] == "CONFIRMED"
    assert (event["organizer"], event["attendee"]) == (None, None)
    subscriber.gives_up()
    assert calendar.refresh(0).events == []


def test_thunderbird_shows_the_feed_and_asks_for_no_answer(thunderbird: Thunderbird, subscriber: Subscriber):
    (event,) = thunderbird.subscribed(subscriber.url)
    assert not event["whole_days"]
    assert event["zone"] == "Asia/Shanghai"
    assert (event["organizer"], event["attendee"]) == (None, None)
