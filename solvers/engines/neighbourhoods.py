"""Improve an answer piece by piece: free the groups round a few options, ask CP-SAT, keep what is better."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from solvers.engines.exact import ask
from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND

BITS = 42
"""Stages are asked for together as long as their joint weight stays below 2 to this."""

PATIENCE = 200
"""Steps without anything better after which it is enough."""
QUICK, SMALLEST, LARGEST = 0.5, 40, 400
"""A step quicker than so many seconds frees more groups next time, between these numbers."""
EFFORT = 0.05
"""What one step counts beside CP-SAT's own effort, so that ``work`` ends it."""


class Neighbourhood:
    """The part of a form that speaks of some groups, everything else held where it is."""

    def __init__(self, form: Form, values: Ints, sums: Ints, groups: Sequence[int]) -> None:
        self.form, self.values = form, values
        self.free = self._free(groups)
        self.model: Any = cp_model.CpModel()
        upper = form.upper[self.free].tolist()
        self.variables = [self.model.new_int_var(0, int(min(most, 2**53)), "") for most in upper]
        self.slot = dict(zip(self.free.tolist(), range(len(self.free)), strict=True))
        self.slacks: list[cp_model.IntVar] = []
        self._add_rows(sums)
        for variable, value in zip(self.variables, values[self.free].tolist(), strict=True):
            self.model.add_hint(variable, value)

    def _free(self, groups: Sequence[int]) -> Ints:
        form, problem = self.form, self.form.problem
        first = problem.groups.first.tolist()
        choices = np.concatenate([np.arange(first[g], first[g + 1]) for g in groups]).astype(np.int64)
        names = form.sheet.names
        chosen = np.zeros(len(form.upper), np.bool_)
        chosen[choices] = True
        chosen[form.sheet.used[choices]] = True
        touched = np.zeros(len(problem.options.ids), np.bool_)
        touched[problem.choices.option[choices]] = True
        chosen[names["run"][touched]] = True
        owner = [option for option, carriers in enumerate(problem.options.carriers) for _ in carriers]
        chosen[names["pieces"][touched[np.array(owner, np.int64)]]] = True
        for name, variables in names.items():
            if name == "spill" or name.startswith(("worst ", "spread ")):
                chosen[variables] = True
        # Misses and moves follow from the rows that the chosen choices stand in.
        order, start = form.by_column
        nothing = np.zeros(0, np.int64)
        standing = [form.row[order[start[c] : start[c + 1]]] for c in choices.tolist()]
        rows = np.unique(np.concatenate([nothing, *standing]))
        follow = np.zeros(len(form.upper), np.bool_)
        follow[names["miss"]] = True
        follow[names["moved"]] = True
        beside = [form.column[form.start[r] : form.start[r + 1]] for r in rows.tolist()]
        inside = np.concatenate([nothing, *beside])
        chosen[inside[follow[inside]]] = True
        return np.flatnonzero(chosen)

    def _add_rows(self, sums: Ints) -> None:
        form = self.form
        order, start = form.by_column
        entries = np.concatenate([order[start[c] : start[c + 1]] for c in self.free.tolist()])
        if not len(entries):
            return
        rows, columns, amounts = form.row[entries], form.column[entries], form.amount[entries]
        by_row = np.argsort(rows, kind="stable")
        rows, columns, amounts = rows[by_row], columns[by_row], amounts[by_row]
        cuts = np.concatenate([[0], np.flatnonzero(np.diff(rows)) + 1, [len(rows)]])
        mine = np.add.reduceat(amounts * self.values[columns], cuts[:-1])
        slot, variables = self.slot, self.variables
        slots = [slot[column] for column in columns.tolist()]
        listed = amounts.tolist()
        for place, row in enumerate(rows[cuts[:-1]].tolist()):
            cut = slice(int(cuts[place]), int(cuts[place + 1]))
            held = int(sums[row] - mine[place])
            low = int(form.low[row]) - held if form.low[row] > -NO_BOUND else -(2**62)
            high = int(form.high[row]) - held if form.high[row] < NO_BOUND else 2**62
            terms, weights = [variables[s] for s in slots[cut]], listed[cut]
            missed = max(int(form.low[row] - sums[row]), int(sums[row] - form.high[row]), 0)
            if missed:
                slack = self.model.new_int_var(0, missed, "")
                self.model.add_hint(slack, missed)
                self.slacks.append(slack)
                terms.append(slack)
                weights = [*weights, 1 if form.low[row] > sums[row] else -1]
            self.model.add_linear_constraint(cp_model.LinearExpr.weighted_sum(terms, weights), low, high)

    def improve(self, search: Search, *, seconds: float) -> Ints | None:
        """The best values found, stages in order; None if nothing better."""
        found = None
        for batch in self._batches():
            if search.left <= 0:
                break
            terms = [variable for variable, _ in batch]
            weights = [weight for _, weight in batch]
            expression = cp_model.LinearExpr.weighted_sum(terms, weights)
            self.model.clear_objective()
            self.model.minimize(expression)
            solver, status = ask(self.model, search, seconds=min(seconds, search.left))
            if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
                break
            found = self.values.copy()
            found[self.free] = [solver.value(variable) for variable in self.variables]
            self.model.clear_hints()
            for variable in (*self.variables, *self.slacks):
                self.model.add_hint(variable, solver.value(variable))
            self.model.add(expression <= round(solver.objective_value))
        return found

    def _batches(self) -> list[list[tuple[cp_model.IntVar, int]]]:
        """Stages joined into few objectives, an earlier one outweighing all later ones in it."""
        upper = self.form.upper[self.free]
        ready: list[tuple[list[tuple[cp_model.IntVar, int]], int]] = []
        if self.slacks:
            ready.append(([(slack, 1) for slack in self.slacks], 2**30))
        for aim in self.form.aims:
            kept = np.isin(aim.column, self.free)
            if not kept.any():
                continue
            amount = -aim.amount[kept] if aim.maximise else aim.amount[kept]
            slots = [self.slot[column] for column in aim.column[kept].tolist()]
            width = int((np.abs(amount) * upper[slots]).sum())
            terms = [
                (self.variables[slot], weight) for slot, weight in zip(slots, amount.tolist(), strict=True)
            ]
            ready.append((terms, width))
        batches: list[list[tuple[cp_model.IntVar, int]]] = []
        room = 0
        joined: list[list[tuple[list[tuple[cp_model.IntVar, int]], int]]] = []
        for terms, width in ready:
            bits = max(1, width.bit_length())
            if not joined or room + bits > BITS:
                joined.append([])
                room = 0
            joined[-1].append((terms, width))
            room += bits
        for group in joined:
            weight, batch = 1, []
            for terms, width in reversed(group):
                batch += [(variable, weight * amount) for variable, amount in terms]
                weight *= width + 1
            batches.append(batch)
        return batches


def improve(search: Search, values: Ints, *, until: float) -> Ints:
    """Better and better values until the clock says ``until`` (seconds since the start); floors come first."""
    form = search.form
    draw = random.Random(search.seed)
    picker = _Picker(form, draw)
    score = (int(form.broken(values).sum()), *form.score(values))
    size, idle = 120, 0
    while search.left > 0 and search.elapsed < until and idle < PATIENCE:
        groups = picker.pick(values, size)
        if not groups:
            break
        began = search.elapsed
        search.spent += EFFORT
        sums = form.activity(values)
        found = Neighbourhood(form, values, sums, groups).improve(
            search, seconds=max(0.1, min(2.0, until - began))
        )
        idle += 1
        if found is not None:
            new = (int(form.broken(found).sum()), *form.score(found))
            if new < score:
                values, score, idle = found, new, 0
                search.offer(values)
                search.tell(0, form.aims[0].value(values) if form.aims else None, None)
        took = search.elapsed - began
        size = min(LARGEST, size + 10) if took < QUICK else max(SMALLEST, size - 20)
    return values


class _Picker:
    """Whom to free next: somebody badly served, the options they list, and who sits or waits there."""

    def __init__(self, form: Form, draw: random.Random) -> None:
        self.form, self.draw = form, draw
        problem = form.problem
        order = np.argsort(problem.choices.option, kind="stable")
        cuts = np.searchsorted(problem.choices.option[order], np.arange(1, len(problem.options.ids)))
        self.listed = np.split(order, cuts)
        self.turn = problem.turn[np.diff(problem.groups.first)[problem.turn] > 0]
        """Groups that list something, in the order of the draw."""

    def pick(self, values: Ints, size: int) -> list[int]:
        problem = self.form.problem
        choices = problem.choices
        broken = np.flatnonzero(self.form.broken(values))
        count = len(choices.group)
        if len(broken):
            row = int(broken[self.draw.randrange(len(broken))])
            columns = self.form.column[self.form.start[row] : self.form.start[row + 1]]
            inside = columns[columns < count]
            run = columns[(columns >= count) & (columns < count + len(problem.options.ids))] - count
            if not len(inside) and len(run):
                inside = self.listed[int(run[0])]
            seed_choices = inside.tolist()
            if not seed_choices:
                return []
            seed = int(choices.group[seed_choices[self.draw.randrange(len(seed_choices))]])
            chosen = list(dict.fromkeys([seed, *self._some(np.unique(choices.group[inside]), size // 2)]))
        else:
            placed = values[:count] > 0
            content = np.zeros(len(problem.groups.ids), np.bool_)
            content[choices.group[placed & (choices.rank == 1)]] = True
            waiting = self.turn[~content[self.turn]]
            if not len(waiting):
                waiting = self.turn
            if not len(waiting):
                return []
            # The first in line come up more often.
            at = min(self.draw.randrange(len(waiting)), self.draw.randrange(len(waiting)))
            chosen = [int(waiting[at])]
        return self._around(values, chosen, size)

    def _around(self, values: Ints, chosen: list[int], size: int) -> list[int]:
        problem = self.form.problem
        first = problem.groups.first.tolist()
        option = problem.choices.option
        queue = [int(o) for g in chosen for o in option[first[g] : first[g + 1]].tolist()]
        self.draw.shuffle(queue)
        found = dict.fromkeys(chosen)
        for one in dict.fromkeys(queue):
            here = self.listed[one]
            sitting = problem.choices.group[here[values[here] > 0]]
            placed = np.zeros(len(problem.groups.ids), np.bool_)
            listing = problem.choices.group[here]
            placed[sitting] = True
            waiting = listing[~placed[listing]]
            found.update(dict.fromkeys(self._some(sitting, 60)))
            found.update(dict.fromkeys(self._some(waiting, 30)))
            if len(found) >= size:
                break
        return list(found)[:size]

    def _some(self, groups: Ints, count: int) -> list[int]:
        listed = groups.tolist()
        return listed if len(listed) <= count else self.draw.sample(listed, count)
