"""One small frozen value a page: what its template may use, under the name ``page``."""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app, make_response, render_template
from flask.wrappers import Response


def page(template: str, value: Any = None, /, status: int = 200, **parts: Any) -> Response:
    """Render a template over its page value.

    The template sees the value as ``page``. ``parts`` are what cannot be frozen (a form) or what the frame asks for
    by name (``contact``).
    """
    if value is not None and not _is_frozen(value):
        raise TypeError(f"A page value is a frozen dataclass, not {type(value).__name__}.")
    return make_response(_tight(render_template(template, page=value, **parts)), status)


_INDENTED = re.compile(r"\n\s+(?=<(?!/textarea))")
"""Blanks and empty lines before an element. What somebody typed holds no bare “<”, so it is left as it is."""


def _tight(html: str) -> str:
    """The page without the templates' indentation, a third of a long table; a line's end still parts words."""
    return _INDENTED.sub("\n", html)


def now() -> datetime:
    """The moment of this request, in UTC: the one place where pages look at the clock.

    Tests and demonstrations may put a clock of their own into ``app.extensions["clock"]``.
    """
    clock = current_app.extensions.get("clock")
    moment: datetime = clock() if clock else datetime.now(UTC)
    return moment


LONGEST_NUMBER = 9
"""Digits: more than any row of ours has, and less than a database's numbers hold."""


def row_number(typed: str) -> int:
    """A number as it stands in an address; ValueError for what no row can have."""
    if len(typed) > LONGEST_NUMBER:
        raise ValueError(typed[:20])
    return int(typed)


def _is_frozen(value: Any) -> bool:
    return is_dataclass(value) and bool(vars(type(value))["__dataclass_params__"].frozen)
