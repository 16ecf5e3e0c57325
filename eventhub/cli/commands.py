"""Which commands there are: a module of this room makes ``commands = (...)``, and they are hung under ``eventhub``."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask


def init_app(app: Flask) -> None:
    """Hang every command under ``eventhub``; the migrations (``eventhub db upgrade``) hang themselves."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        if module.name == "commands" or module.name.startswith("_"):
            continue
        for command in getattr(importlib.import_module(f"{__package__}.{module.name}"), "commands", ()):
            app.cli.add_command(command)
