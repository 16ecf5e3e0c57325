"""Which commands there are: a module of this room makes ``commands = (...)``, and they are hung under ``eventhub``."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask
from flask_migrate.cli import db as database_commands


def init_app(app: Flask) -> None:
    """Hang every command under ``eventhub``, the migrations (``eventhub db upgrade``) among them."""
    app.cli.add_command(database_commands)
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        if module.name == "commands" or module.name.startswith("_"):
            continue
        for command in getattr(importlib.import_module(f"{__package__}.{module.name}"), "commands", ()):
            app.cli.add_command(command)
