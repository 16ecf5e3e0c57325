"""Settled: what every placement as good as allowed in the stages so far must do, known from their prices alone."""

from dataclasses import dataclass, replace

import numpy as np

from solvers.problem import Flags, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """``shut`` choices are taken by none; ``placed`` groups are placed whole.

    ``never`` options do not run, ``always`` ones do; ``full`` ones run with every seat taken.
    """

    shut: Flags
    placed: Flags
    never: Flags
    always: Flags
    full: Flags

    @classmethod
    def by_rules(cls, problem: Problem) -> "Settled":
        """What the rules alone settle: bans, and pins, which leave no other choice open; required groups."""
        choices, groups, options = problem.choices, problem.groups, problem.options
        pinned = np.zeros(len(groups.ids), np.bool_)
        pinned[list(problem.pinned)] = True
        none = np.zeros(len(options.ids), np.bool_)
        always = options.must_run.copy()
        for placed in problem.pinned.values():
            always[choices.option[list(placed)]] = True
        return cls(
            shut=choices.banned | pinned[choices.group],
            placed=groups.required & ~pinned,
            never=none,
            always=always,
            full=none,
        )

    def without(self, choices: Flags) -> "Settled":
        return replace(self, shut=self.shut | choices)

    def and_(self, other: "Settled") -> "Settled":
        """What both settle together."""
        return Settled(
            shut=self.shut | other.shut,
            placed=self.placed | other.placed,
            never=self.never | other.never,
            always=self.always | other.always,
            full=self.full | other.full,
        )
