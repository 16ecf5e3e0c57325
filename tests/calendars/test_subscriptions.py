"""Calendars that follow a person's feed at its address, from the running application."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask

from eventhub.delivery import ical
from eventhub.domain.calendar_entry import Seat
from eventhub.extensions import db
from eventhub.queries import accounts as account_queries
from eventhub.services import registrations
from tests.calendars.evolution import EvolutionCalendar
from tests.calendars.seats import BEGINS, KINDS, Message, story_of
from tests.calendars.thunderbird import Thunderbird
from tests.retreating import placed
from tests.scenario import Scenario
from tests.signing_up import at_home

pytestmark = pytest.mark.calendar

REFRESH = timedelta(hours=4)


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


@dataclass
class Feed:
    """A feed that shows what it is told to show."""

    url: str = ""
    octets: bytes = b""

    def shows(self, *messages: Message) -> None:
        """These seats, and no others, from now on."""
        seats = [
            Seat(uid=each.uid, sequence=each.sequence, changed=BEGINS, entry=each.entry) for each in messages
        ]
        self.octets = ical.feed(seats, name="我的日程", url="https://events.example.org/my", refresh=REFRESH)


@pytest.fixture
def feed() -> Iterator[Feed]:
    served = Feed()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/calendar; charset=utf-8")
            self.end_headers()
            self.wfile.write(served.octets)

        def log_message(self, *_told: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        served.url = f"http://127.0.0.1:{server.server_port}/feed.ics"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


def test_both_show_a_members_feed_and_ask_for_no_answer_until_the_seat_is_given_up(
    calendar: EvolutionCalendar, thunderbird: Thunderbird, subscriber: Subscriber
):
    for (event,) in (calendar.subscribe(subscriber.url).events, thunderbird.subscribed(subscriber.url, 1)):
        assert not event["whole_days"]
        assert event["zone"].endswith("Asia/Shanghai")
        assert (event["organizer"], event["attendee"]) == (None, None)
    subscriber.gives_up()
    assert thunderbird.subscribed(subscriber.url, 0) == []


def test_gnomes_calendar_follows_a_feed_as_seats_move_and_go(calendar: EvolutionCalendar, feed: Feed):
    camp, contest, retreat = (story_of(kind) for kind in KINDS)
    feed.shows(camp.invited, contest.invited, retreat.invited)
    assert len(calendar.subscribe(feed.url).events) == 3
    feed.shows(contest.moved, retreat.invited)
    told = {event["summary"]: event["place"] for event in calendar.refresh(2).events}
    assert told == {
        message.entry.summary: message.entry.place for message in (contest.moved, retreat.invited)
    }
