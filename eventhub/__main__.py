"""The ``eventhub`` command, on the top floor beside ``wsgi.py``."""

from __future__ import annotations

import sys

from flask.cli import FlaskGroup

from eventhub.app import create_app
from eventhub.config import ConfigError
from eventhub.kinds import KindError


def main() -> None:
    """Run a command; a bad configuration ends it with its sentence, without a traceback."""
    try:
        FlaskGroup(name="eventhub", create_app=create_app, add_default_commands=False, load_dotenv=False)()
    except (ConfigError, KindError) as error:
        sys.exit(f"eventhub: {error}")


if __name__ == "__main__":
    main()
