"""No route vanishes unnoticed, and each says whom it is for."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from eventhub.web.access import permits_of

WRITTEN = Path(__file__).with_name("routes.txt")
WRITE_ANEW = "EVENTHUB_WRITE_ROUTES"


def routes_of(app: Flask) -> list[str]:
    """One line a route: its methods, path, name and whom it is for."""
    return sorted(
        f"{rule.rule}  {','.join(sorted(rule.methods - {'HEAD', 'OPTIONS'}))}  {rule.endpoint}"
        f"  {' '.join(sorted(permits_of(app, rule.endpoint) or {'NOBODY'}))}"
        for rule in app.url_map.iter_rules()
        if rule.methods is not None
    )


def test_the_routes_are_those_written_down(app: Flask):
    """People keep links, and mails carry them: what is lost or opened to others here is lost or opened on purpose.

    After a change made on purpose: EVENTHUB_WRITE_ROUTES=1 make test ARGS=tests/architecture/test_routes.py
    """
    routes = routes_of(app)
    if os.environ.get(WRITE_ANEW):
        WRITTEN.write_text("\n".join(routes) + "\n", encoding="utf-8")
    assert routes == WRITTEN.read_text("utf-8").splitlines()


def test_every_route_says_whom_it_is_for(app: Flask):
    assert [route for route in routes_of(app) if route.endswith("  NOBODY")] == []


def test_a_route_that_says_nothing_would_be_noticed(app: Flask):
    app.add_url_rule("/open-to-whom", "open_to_whom", lambda: "")
    assert [route for route in routes_of(app) if route.endswith("  NOBODY")] == [
        "/open-to-whom  GET  open_to_whom  NOBODY"
    ]
