"""What is written down of each request, one JSON line each, without anything that would let a reader in.

An address with a secret in it (a sign-in link, a calendar's feed) has ``<token>`` in its route; wherever such an address
would be written, here or in the story of an error, the secret is left out.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, g, request
from werkzeug.wrappers import Response

HIDDEN = "***"
_log = structlog.get_logger("eventhub.request")
_codes = re.compile(r"(?i)\b((?:code|token|secret|password|cookie)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;]+")


def init_app(app: Flask) -> None:
    """Note each request, and send every line of the house to standard error as JSON."""
    secret_addresses = _secret_addresses(app)

    def hide(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {name: _hidden(value, secret_addresses) for name, value in event.items()}

    _configure(hide)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def note(response: Response) -> Response:
        if request.endpoint != "static":
            _log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000),
                size=response.content_length,
            )
        return response


def redacted(text: str, app: Flask) -> str:
    """The text without the secrets of addresses."""
    return str(_hidden(text, _secret_addresses(app)))


def _secret_addresses(app: Flask) -> re.Pattern[str]:
    """Addresses up to where their secret begins."""
    starts = {
        rule.rule.partition("<")[0] for rule in app.url_map.iter_rules() if "token" in rule.arguments
    } - {"/"}
    either = "|".join(re.escape(start) for start in sorted(starts)) or "(?!)"
    return re.compile(rf"({either})([^/?#\s\"'<>]+)")


def _hidden(value: Any, secret_addresses: re.Pattern[str]) -> Any:
    if not isinstance(value, str):
        return value
    return _codes.sub(rf"\g<1>{HIDDEN}", secret_addresses.sub(rf"\g<1>{HIDDEN}", value))


def _configure(hide: Any) -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        # Hidden here too: a host that adds a handler of its own must not get what ours leaves out.
        processors=[*shared, hide, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    house = logging.getLogger("eventhub")
    for old in [handler for handler in house.handlers if isinstance(handler, _ToStandardError)]:
        house.removeHandler(old)
    handler = _ToStandardError()
    handler.setFormatter(formatter)
    house.addHandler(handler)
    house.setLevel(logging.INFO)


class _ToStandardError(logging.StreamHandler[Any]):
    """Standard error as it is at the moment of writing: tests and servers put their own in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, _stream: Any) -> None:
        return
