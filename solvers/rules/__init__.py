"""The rules of the format, one a file, each told once as linear rows that every engine reads."""
