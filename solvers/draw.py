"""The draw of lots: an order that nobody can steer and any stranger can work out again.

The pattern is RFC 3797: the list is fixed and its digest published, then a seed that nobody could know before
(a public lottery's numbers, say) is published, and a plain recipe turns both into lots:

    the lots are 1, 2, 3, ... in the order of the SHA-256 of ``seed:receipt`` (UTF-8, a colon between them)

Each receipt's digest is its own, so whoever joins or leaves changes nothing in the order of the others.
"""

import hashlib
import hmac
from collections.abc import Iterable

SEPARATORS = ("\n", "\r", "\x85", "\u2028", "\u2029", "\v", "\f", "\x1c", "\x1d", "\x1e")
"""What could make two lines of one receipt, or one line of two."""


class DrawError(ValueError):
    """The list or the seed cannot be drawn from; a sentence says why."""


def lots(receipts: Iterable[str], seed: str) -> dict[str, int]:
    """The lot of each receipt, 1 the luckiest, in the order of the lots; DrawError if one stands there twice.

    Blanks at both ends of the seed do not count; a seed of nothing else is refused.
    """
    known = _listed(receipts)
    spoken = seed.strip()
    if not spoken:
        raise DrawError("the seed is empty")
    in_turn = sorted(known, key=lambda one: (digest(spoken, one), one))
    return {one: lot for lot, one in enumerate(in_turn, start=1)}


def digest(seed: str, receipt: str) -> bytes:
    """What a receipt is sorted by."""
    return hashlib.sha256(f"{seed}:{receipt}".encode()).digest()


def fingerprint(receipts: Iterable[str]) -> str:
    """SHA-256 of the list, sorted by code point, a line feed after each: to be published before the seed is."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(_listed(receipts))).encode()).hexdigest()


def salted(code: str, salt: str) -> str:
    """A receipt for a registration's code that tells nobody else who it is: 32 hex digits of HMAC-SHA-256.

    Whoever knows the code and is told the salt can find the receipt in the published list; others cannot.
    """
    if not salt:
        raise DrawError("the salt is empty")
    return hmac.new(salt.encode(), code.encode(), hashlib.sha256).hexdigest()[:32]


def read(text: str) -> list[str]:
    """Receipts from a list with one on each line; blank lines and blanks round a receipt do not count."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"))
    return [line for line in lines if line]


def _listed(receipts: Iterable[str]) -> list[str]:
    listed = list(receipts)
    if not listed:
        raise DrawError("there is no receipt in the list")
    seen: dict[str, int] = {}
    for place, one in enumerate(listed, start=1):
        if one != one.strip() or not one or any(sign in one for sign in SEPARATORS):
            raise DrawError(f"receipt {place}: {one!r} is no single line without blanks round it")
        if one in seen:
            raise DrawError(f'receipt {place}: "{one}" is receipt {seen[one]} already')
        seen[one] = place
    return listed
