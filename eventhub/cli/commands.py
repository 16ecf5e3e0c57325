"""Which commands there are."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Hang every command under ``eventhub``."""
    del app
