"""After prices: search whole what they leave open, if it is little, and prove that nothing better is left.

Where they leave much open, the choices nearest to the prices are searched first, for they hold nearly all of a good answer
(kernel search: Angelelli, Mansini and Speranza 2010). That proves nothing, but a better answer leaves less open.
"""

from dataclasses import replace

import numpy as np

from solvers.certificate import Certificate
from solvers.engines import exact, prices, race
from solvers.engines.search import Search
from solvers.problem import Flags
from solvers.rules.form import Form

LARGEST = 25_000
"""Choices left up to which they are searched."""
NEAREST = 20_000
"""Choices searched first where more are left."""
FIRST = 0.5
"""Share of the time for those."""


def search(wide: Search, *, until: float) -> bool:
    """Whether prices left something open and it was searched; a proof then closes the gap of the first stage."""
    form = wide.form
    entry = wide.certificates.get(0)
    if wide.best is None or entry is None or entry.inside != "options" or not prices.keeps_singles(form):
        return False
    value, bound = form.aims[0].value(wide.best), wide.bounds[0]
    if bound is None or bound == value or form.problem.pinned:
        return False
    kept = _open(wide, entry, bound, value)
    if int(kept.sum()) > LARGEST:
        nearest = _nearest(wide, entry, bound, value)
        if nearest is None:
            return False
        _within(wide, nearest, until=wide.elapsed + FIRST * (until - wide.elapsed))
        value = form.aims[0].value(wide.best)
        if value == bound:
            return True
        kept = _open(wide, entry, bound, value)
        if int(kept.sum()) > LARGEST:
            return True
    found = _within(wide, kept, until=until)
    if found.reached and found.bounds[0] == found.reached[0]:
        # Whatever is better lies within what was searched, so its best is the best.
        wide.bounds[0] = found.reached[0]
        wide.certificates[0] = replace(entry, proof="search", certified=bound)
    return True


def _open(wide: Search, entry: Certificate, bound: int, value: int) -> Flags:
    """The choices that an answer better than ``value`` could hold, and those of the best answer."""
    assert wide.best is not None  # noqa: S101 - asked by `search`
    sign = -1 if wide.form.aims[0].maximise else 1
    kept = prices.better(wide.form.problem, 0, entry, sign * bound, sign * value)
    return kept | (wide.best[: len(kept)] > 0)


def _nearest(wide: Search, entry: Certificate, bound: int, value: int) -> Flags | None:
    """As many choices as may be searched, those first that could be in answers nearest to the bound; None if too many."""
    near, far, found = bound, value, None
    while abs(far - near) > 1:
        middle = (near + far) // 2
        kept = _open(wide, entry, bound, middle)
        if int(kept.sum()) > NEAREST:
            far = middle
        else:
            near, found = middle, kept
    return found


def _within(wide: Search, kept: Flags, *, until: float) -> Search:
    """Search those choices alone; a better answer becomes that of ``wide``."""
    found = Search(
        wide.form,
        wide.seconds,
        wide.workers,
        wide.seed,
        on_progress=wide.on_progress,
        should_stop=wide.should_stop,
        started=wide.started,
        best=wide.best,
    )
    with race.Patient(_without(wide.form, kept)) as asked:
        exact.solve(found, asked, until=until)
    wide.best = found.best
    return found


def _without(form: Form, kept: Flags) -> Form:
    """The form with nobody at the other choices."""
    upper = form.upper.copy()
    upper[: len(kept)][~kept] = 0
    upper[form.sheet.used[~kept]] = np.minimum(upper[form.sheet.used[~kept]], 0)
    return replace(form, upper=upper)
