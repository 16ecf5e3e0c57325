"""Leave a test out where a machine lacks a program it needs, and say so loudly; or refuse to leave it out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

import pytest

MARK = "left out: "


def leave_out(what: str, *, required_by: str) -> NoReturn:
    """Skip the running test because `what` is missing; fail instead where the variable `required_by` is set."""
    if os.environ.get(required_by, "") not in {"", "0"}:
        pytest.fail(f"{what} is missing, and {required_by} is set", pytrace=False)
    pytest.skip(f"{MARK}{what} is missing")


def count_left_out(skipped: Iterable[pytest.TestReport]) -> Counter[str]:
    """How many tests were left out, by what was missing. Other skips do not count."""
    reasons = Counter[str]()
    for report in skipped:
        # A skip's report carries (file, line, "Skipped: <reason>").
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if MARK in reason:
            reasons[reason.split(MARK, 1)[1].strip()] += 1
    return reasons


def say_what_was_left_out(terminal: pytest.TerminalReporter) -> None:
    """Write the count under a heading of its own, just above pytest's closing line."""
    reasons = count_left_out(terminal.stats.get("skipped", []))
    if not reasons:
        return
    terminal.section("LEFT OUT", sep="!", red=True, bold=True)
    for reason, number in sorted(reasons.items()):
        terminal.write_line(f"{number} tests were not run: {reason}", red=True, bold=True)
    terminal.write_line(
        "EVENTHUB_REQUIRE_PG=1, EVENTHUB_REQUIRE_BROWSER=1 and EVENTHUB_REQUIRE_CALENDAR=1 turn this into failing.",
        red=True,
    )
