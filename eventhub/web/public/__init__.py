"""What everybody may see: the programmes, and calendars behind their secret addresses."""
