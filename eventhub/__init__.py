"""EventHub: sign-ups, fair placement and calendar invitations for the programmes of a trade union."""

__version__ = "0.1.0"
