"""The engines: the only rooms that know OR-Tools."""
