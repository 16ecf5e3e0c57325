"""The door: what a WSGI server serves."""

from eventhub.app import create_app

app = create_app()
