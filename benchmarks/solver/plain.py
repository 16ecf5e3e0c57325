"""The same problem as anybody would first write it down: arrays for the peers, which know nothing of the format; and a check
of any answer to it that shares no code with the solvers.
"""

from dataclasses import dataclass

import numpy as np

from solvers.problem import UNLIMITED, Ints, Problem


@dataclass(frozen=True, eq=False)
class Plain:
    """Groups that take exactly one of their choices; options that run or not; perhaps one fund.

    ``cost`` is what a choice costs, ``heads`` what it takes of its option's ``capacity`` (a large number: any).
    """

    groups: int
    group: Ints
    option: Ints
    cost: Ints
    heads: Ints
    capacity: Ints
    minimum: Ints
    opening: Ints
    spent: Ints
    """Fen of the fund a choice takes."""
    once: Ints
    """Fen of the fund an option takes if it runs."""
    fund: int | None

    @property
    def joint(self) -> bool:
        """Whether it matters which options run."""
        return bool(self.minimum.any() or self.opening.any() or self.once.any())


def plain(problem: Problem) -> Plain:
    """The arrays of a problem of the benchmark's families; ValueError for any other."""
    choices, options, groups = problem.choices, problem.options, problem.groups
    if len(problem.resources.ids) > 1 or problem.limits or problem.apart or problem.clashes:
        raise ValueError("the peers' models know seats, minima, opening costs and one fund")
    if not groups.required.all() or (groups.piece > 0).any():
        raise ValueError("the peers' models place every group whole")
    fund = int(problem.resources.capacity[0]) if problem.resources.ids else None
    head = np.zeros(len(options.ids), np.int64)
    head[options.head_uses.rows] = options.head_uses.amount
    once = np.zeros(len(options.ids), np.int64)
    once[options.uses.rows] = options.uses.amount
    return Plain(
        groups=len(groups.ids),
        group=choices.group,
        option=choices.option,
        cost=choices.cost + choices.heads * options.head_cost[choices.option],
        heads=choices.heads,
        capacity=np.where(options.capacity >= UNLIMITED, int(choices.heads.sum()), options.capacity),
        minimum=options.minimum,
        opening=options.cost,
        spent=head[choices.option] * choices.heads,
        once=once,
        fund=fund,
    )


def fault(plain: Plain, taken: Ints, value: int | None) -> str:
    """What is wrong with an answer that takes these choices, one for each group, at this cost; empty if nothing is."""
    if len(taken) != plain.groups or (plain.group[taken] != np.arange(plain.groups)).any():
        return "not one choice for each group"
    option = plain.option[taken]
    load = np.bincount(option, plain.heads[taken], len(plain.capacity)).astype(np.int64)
    runs = np.bincount(option, minlength=len(plain.capacity)) > 0
    if (load > plain.capacity).any():
        return f"{int((load > plain.capacity).sum())} options hold more than their seats"
    if (runs & (load < plain.minimum)).any():
        return f"{int((runs & (load < plain.minimum)).sum())} options run below their minimum"
    spent = int(plain.spent[taken].sum()) + int(plain.once[runs].sum())
    if plain.fund is not None and spent > plain.fund:
        return f"the fund is overspent by {spent - plain.fund}"
    cost = int(plain.cost[taken].sum()) + int(plain.opening[runs].sum())
    # Who is stopped by his limit may still keep options open that nobody uses, and count them.
    idle = int(plain.opening[~runs].sum())
    return "" if value is not None and cost <= value <= cost + idle else f"it costs {cost}, not {value}"
