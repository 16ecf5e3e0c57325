"""After prices: search whole what they leave open, which is little, and prove that nothing better is left."""

from dataclasses import replace

import numpy as np

from solvers.engines import exact, prices, race
from solvers.engines.search import Search
from solvers.problem import Flags
from solvers.rules.form import Form

LARGEST = 25_000
"""Choices left up to which they are searched."""


def search(wide: Search, *, until: float) -> bool:
    """Whether prices left something open and it was searched; a proof then closes the gap of the first stage."""
    form = wide.form
    entry = wide.certificates.get(0)
    if wide.best is None or entry is None or entry.inside != "options" or not prices.keeps_singles(form):
        return False
    aim, bound = form.aims[0], wide.bounds[0]
    value = aim.value(wide.best)
    if bound is None or bound == value or form.problem.pinned:
        return False
    sign = -1 if aim.maximise else 1
    kept = prices.better(form.problem, 0, entry, sign * bound, sign * value)
    kept |= wide.best[: len(kept)] > 0
    if int(kept.sum()) > LARGEST:
        return False
    found = Search(
        form,
        wide.seconds,
        wide.workers,
        wide.seed,
        on_progress=wide.on_progress,
        should_stop=wide.should_stop,
        started=wide.started,
        best=wide.best,
    )
    with race.Patient(_without(form, kept)) as asked:
        exact.solve(found, asked, until=until)
    wide.best = found.best
    if found.reached and found.bounds[0] == found.reached[0]:
        # Whatever is better lies within what was searched, so its best is the best.
        wide.bounds[0] = found.reached[0]
        wide.certificates[0] = replace(entry, proof="search", certified=bound)
    return True


def _without(form: Form, kept: Flags) -> Form:
    """The form with nobody at the other choices."""
    upper = form.upper.copy()
    upper[: len(kept)][~kept] = 0
    upper[form.sheet.used[~kept]] = np.minimum(upper[form.sheet.used[~kept]], 0)
    return replace(form, upper=upper)
