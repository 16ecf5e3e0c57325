"""Keep out of what leaves the house the characters that break a message or hide its meaning.

Names and titles are shown as they were typed; only characters without a shape of their own are touched: controls,
and the marks that turn the direction of writing and so can make one name look like another.
"""

from __future__ import annotations

import re

_BREAKS = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls but tab and the line breaks
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks, overrides, isolates
    "\ufeff\ufffe\uffff]"  # byte order mark and what is no character
)
_HALVES = re.compile("[\ud800-\udfff]")


def paragraphs(text: str) -> str:
    """The text with one sort of line break, and nothing in it that cannot be seen."""
    told = _BREAKS.sub("\n", text).replace("\t", " ")
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", _UNSEEN.sub("", told))


def line(text: str) -> str:
    """The text as one line: line breaks and runs of blanks become one blank."""
    return re.sub(" {2,}", " ", paragraphs(text).replace("\n", " ")).strip(" ")
