"""How words leave the house: calendars, letters, mail."""
