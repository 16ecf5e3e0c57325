"""Nobody is in two places at once: a person holds at most one of options that clash, and no option twice."""

from collections.abc import Iterator

import numpy as np

from solvers.problem import Problem
from solvers.rules.rule import Sheet


def add(sheet: Sheet) -> None:
    """Rows ``clash`` by person."""
    subject: list[int] = []
    row: list[int] = []
    column: list[int] = []
    for person, choices in exclusive(sheet.problem):
        row += [len(subject)] * len(choices)
        column += [int(sheet.used[choice]) for choice in choices]
        subject.append(person)
    sheet.rows("clash", subject, [(np.array(row, np.int64), np.array(column, np.int64), 1)], high=1)


def exclusive(problem: Problem) -> Iterator[tuple[int, tuple[int, ...]]]:
    """For each person, sets of choices of which at most one may be taken."""
    clashes_of: dict[int, list[int]] = {}
    for number, clash in enumerate(problem.clashes):
        for option in clash:
            clashes_of.setdefault(option, []).append(number)
    groups = problem.groups
    members: dict[int, list[int]] = {}
    for group, person in zip(groups.people.rows.tolist(), groups.people.column.tolist(), strict=True):
        members.setdefault(person, []).append(group)
    for person in sorted(members):
        mine = members[person]
        if len(mine) == 1 and not groups.piece[mine[0]]:
            continue
        yield from ((person, choices) for choices in _sets(problem, mine, clashes_of))


def _sets(problem: Problem, groups: list[int], clashes_of: dict[int, list[int]]) -> list[tuple[int, ...]]:
    at: dict[tuple[str, int], list[int]] = {}
    for group in groups:
        for choice in range(int(problem.groups.first[group]), int(problem.groups.first[group + 1])):
            option = int(problem.choices.option[choice])
            at.setdefault(("option", option), []).append(choice)
            for clash in clashes_of.get(option, ()):
                at.setdefault(("clash", clash), []).append(choice)
    found = {tuple(sorted(choices)) for choices in at.values() if len(choices) > 1}
    kept: list[tuple[int, ...]] = []
    for choices in sorted(found, key=lambda one: (-len(one), one)):
        one_group = len({int(problem.choices.group[choice]) for choice in choices}) == 1
        if one_group and not problem.groups.piece[problem.choices.group[choices[0]]]:
            continue
        if not any(set(choices) <= set(larger) for larger in kept):
            kept.append(choices)
    return sorted(kept)
