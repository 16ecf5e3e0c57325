"""Say how far a long step has come: a bar on a terminal, one quiet line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import TypeVar

from tqdm import tqdm

from eventhub.i18n import _

T = TypeVar("T")


@dataclass(frozen=True)
class Telling:
    """Where words about the progress go."""

    say: Callable[[str], None]
    bars: bool = False

    @classmethod
    def on_terminal(cls, say: Callable[[str], None]) -> Telling:
        """Bars if somebody is watching."""
        return cls(say, bars=sys.stderr.isatty())

    def each(self, what: str, things: Iterable[T], *, total: int | None = None) -> Iterator[T]:
        """The things one after another, while it is shown how many have been dealt with."""
        if total is None and isinstance(things, Sized):
            total = len(things)
        if self.bars:
            yield from tqdm(things, desc=what, total=total, leave=True, file=sys.stderr, dynamic_ncols=True)
            return
        began = time.monotonic()
        count = 0
        for thing in things:
            yield thing
            count += 1
        seconds = f"{time.monotonic() - began:.1f}"
        if count:
            self.say(_("%(what)s: %(count)s (%(seconds)s s)", what=what, count=count, seconds=seconds))
