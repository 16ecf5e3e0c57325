"""The face: one request, one call, one page."""
