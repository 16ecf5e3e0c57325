"""Real calendar programs, each started when the first test asks; without one its tests are left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calendars.evolution import Evolution, EvolutionCalendar, find_evolution, running_evolution
from tests.calendars.seats import KINDS, Story, story_of
from tests.calendars.thunderbird import Thunderbird, find_thunderbird, running_thunderbird
from tests.leaving_out import leave_out


@pytest.fixture(params=KINDS)
def story(request: pytest.FixtureRequest) -> Story:
    """A seat of each kind."""
    return story_of(request.param)


@pytest.fixture(scope="session")
def evolution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evolution]:
    """GNOME's calendar service."""
    command = find_evolution()
    if command is None:
        leave_out("evolution-data-server", required_by="EVENTHUB_REQUIRE_CALENDAR")
    with running_evolution(command, tmp_path_factory.mktemp("evolution")) as service:
        yield service


@pytest.fixture
def calendar(evolution: Evolution) -> EvolutionCalendar:
    """An empty calendar in it."""
    return evolution.calendar()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thunderbird]:
    """Thunderbird with a mailbox of its own."""
    program = find_thunderbird()
    if program is None:
        leave_out("Thunderbird", required_by="EVENTHUB_REQUIRE_CALENDAR")
    with running_thunderbird(program, tmp_path_factory.mktemp("thunderbird")) as thunderbird:
        yield thunderbird


@pytest.fixture
def thunderbird(running: Thunderbird) -> Thunderbird:
    """The same with an empty calendar."""
    running.clear()
    return running
