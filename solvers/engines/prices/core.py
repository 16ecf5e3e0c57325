"""Which choices could still be part of a better answer: the rest is left out before anybody searches.

A price proof says more than its bound: at its prices each option's best is known, and so is the least it would come to
with one more choice taken. A choice whose least lies above the best answer found is in no better one (reduced cost
fixing: Crowder, Johnson, Padberg, Operations Research 31, 1983). What remains is small, and searched whole.
"""

from itertools import pairwise

import numpy as np

from solvers.certificate import Certificate
from solvers.problem import Flags, Ints, Problem
from solvers.proofs.book import Book
from solvers.proofs.settled import Settled
from solvers.proofs.terms import Terms

FAR = 2**61


def better(problem: Problem, number: int, entry: Certificate, bound: int, value: int) -> Flags:
    """The choices that an answer better than ``value`` in stage ``number`` could hold; both as if made least.

    ``entry`` proves ``bound`` inside options; every choice counts one head, and carriers seat whoever comes.
    """
    terms = _terms(problem, number, entry)
    fixed = terms.run.copy()
    for place, (option, _) in enumerate(terms.book.entries):
        fixed[option] += int(terms.piece[place])
    slack = (value - 1) * entry.scale - (bound - 1) * entry.scale
    kept = np.zeros(len(problem.choices.group), np.bool_)
    open_ = ~problem.choices.banned
    order = np.lexsort((terms.choice, problem.choices.option))
    order = order[open_[order]]
    cuts = np.searchsorted(problem.choices.option[order], np.arange(len(fixed) + 1))
    options = problem.options
    for option, (first, last) in enumerate(pairwise(cuts.tolist())):
        mine = order[first:last]
        low, high = int(options.minimum[option]), min(int(options.capacity[option]), len(mine))
        if not len(mine) or low > high:
            continue
        forced = _forced(terms.choice[mine], low, high) + int(fixed[option])
        free = _free(terms.choice[mine], low, high) + int(fixed[option])
        least = free if options.must_run[option] else min(0, free)
        kept[mine] = forced - least <= slack
    return kept


def _terms(problem: Problem, number: int, entry: Certificate) -> Terms:
    """What each choice and each option comes to at these prices, in the auditor's own reckoning."""
    book = Book(problem)
    terms = Terms(book)
    measure = book.measure(number)
    if measure is None:
        raise ValueError("this stage counts no choices")
    terms.count(measure, entry.scale)
    terms.charge(entry, Settled.by_rules(problem))
    terms.gather()
    return terms


def _free(cost: Ints, low: int, high: int) -> int:
    """The least of so many takers, the cheapest first; ``cost`` is sorted."""
    return int(np.concatenate([[0], np.cumsum(cost)])[max(low, 0) : high + 1].min())


def _forced(cost: Ints, low: int, high: int) -> Ints:
    """For each taker the least with that one taken: among the cheapest anyway, or in the place of the last of them."""
    count = len(cost)
    sums = np.concatenate([[0], np.cumsum(cost)])
    low = max(low, 1)
    # with[k]: the k cheapest, if this one is among them; beside[k]: this one and the k - 1 cheapest others.
    among = np.full(count + 2, FAR)
    among[low : high + 1] = sums[low : high + 1]
    from_here = np.minimum.accumulate(among[::-1])[::-1]
    others = np.full(count + 2, FAR)
    others[low : high + 1] = sums[low - 1 : high]
    up_to_here = np.minimum.accumulate(others)
    place = np.arange(count)
    inside = from_here[np.minimum(place + 1, count + 1)]
    beside = up_to_here[place]
    found: Ints = np.minimum(inside, np.where(beside < FAR, cost + beside, FAR))
    return found
