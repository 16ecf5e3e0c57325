"""An answer told in ids: who is where, what runs and with how many carriers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.outcome import Placement
from solvers.problem import Ints
from solvers.rules import carriers
from solvers.rules.form import Form


@dataclass(frozen=True, slots=True)
class Answer:
    """``placements``, ``running`` and ``carriers`` as the result format has them."""

    placements: Mapping[str, Placement]
    running: tuple[str, ...]
    carriers: Mapping[str, tuple[int, ...]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "placements": dict(self.placements),
            "running": list(self.running),
            "carriers": {option: list(pieces) for option, pieces in self.carriers.items()},
        }


def told(form: Form, values: Ints) -> Answer:
    """The answer that the values of a form's variables stand for."""
    problem = form.problem
    choices, options = problem.choices, problem.options
    taken = np.flatnonzero(values[: len(choices.group)])
    runs = options.must_run.copy()
    runs[choices.option[taken]] = True
    pieces: dict[str, list[int]] = {}
    names = form.sheet.names["pieces"].tolist()
    for (option, _), piece in zip(carriers.entries(form.sheet), names, strict=True):
        if runs[option]:
            pieces.setdefault(options.ids[option], []).append(int(values[piece]))
    return Answer(
        placements=_placements(form, values, taken),
        running=tuple(options.ids[option] for option in np.flatnonzero(runs).tolist()),
        carriers={option: tuple(each) for option, each in pieces.items()},
    )


def _placements(form: Form, values: Ints, taken: Ints) -> dict[str, Placement]:
    problem = form.problem
    groups, options = problem.groups.ids, problem.options.ids
    group, option = problem.choices.group[taken], problem.choices.option[taken]
    split = (problem.groups.piece[group] > 0).tolist()
    placements: dict[str, Any] = {}
    for one, at, is_split, units in zip(
        group.tolist(), option.tolist(), split, values[taken].tolist(), strict=True
    ):
        if is_split:
            placements.setdefault(groups[one], {})[options[at]] = units
        else:
            placements[groups[one]] = options[at]
    return placements
