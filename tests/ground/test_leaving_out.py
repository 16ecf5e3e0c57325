"""What is left out is counted and said loudly, or fails where leaving out is not allowed."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from tests.leaving_out import leave_out, say_what_was_left_out

@pytest.fixture(scope="session")
def server():
    leave_out("a PostgreSQL server", required_by="EVENTHUB_REQUIRE_PG")

@pytest.mark.parametrize("number", [1, 2, 3])
def test_needs_the_server(server, number): ...

def test_needs_nothing(): ...

@pytest.mark.skip(reason="not for this system")
def test_skipped_for_another_reason(): ...
"""

CONFTEST = "from tests.conftest import pytest_terminal_summary"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("EVENTHUB_REQUIRE_PG", raising=False)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(SUITE)
    return pytester


def test_the_number_left_out_stands_above_the_closing_line(suite: pytest.Pytester):
    result = suite.runpytest_inprocess("-rs")
    result.assert_outcomes(passed=1, skipped=4)
    result.stdout.fnmatch_lines(
        [
            "*short test summary*",
            "*LEFT OUT*",
            "3 tests were not run: a PostgreSQL server is missing",
            "*1 passed*",
        ]
    )


def test_a_required_server_that_is_missing_fails_the_tests(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EVENTHUB_REQUIRE_PG", "1")
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, skipped=1, errors=3)
    result.stdout.fnmatch_lines(["*a PostgreSQL server is missing, and EVENTHUB_REQUIRE_PG is set*"])
    result.stdout.no_fnmatch_line("*LEFT OUT*")


def test_nothing_is_said_where_nothing_was_left_out(suite: pytest.Pytester):
    result = suite.runpytest_inprocess("-k", "needs_nothing or skipped_for")
    result.assert_outcomes(passed=1, skipped=1, deselected=3)
    result.stdout.no_fnmatch_line("*LEFT OUT*")
