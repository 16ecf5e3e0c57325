"""Search: what every engine is given and what it fills in, the clock, the stop and the best answer so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from solvers.certificate import Certificate
from solvers.engines.machines import Machines
from solvers.problem import Ints
from solvers.rules.form import Form


@dataclass(frozen=True, slots=True)
class Progress:
    """One word on how far a solve is; ``seconds`` since it began."""

    stage: str
    tier: int | None
    rank: int | None
    value: int | None
    bound: int | None
    seconds: float
    total_stages: int
    stage_index: int


@dataclass(slots=True, eq=False)
class Search:
    """One solve under way: the form, the clock, the best values found, bounds and proofs so far.

    ``reached`` holds what each finished stage attained, ``bounds`` what is proved of it.
    """

    form: Form
    seconds: float
    workers: int = 1
    seed: int = 0
    work: int | None = None
    on_progress: Callable[[Progress], None] | None = None
    should_stop: Callable[[], bool] | None = None
    started: float = field(default_factory=monotonic)
    best: Ints | None = None
    reached: list[int] = field(default_factory=list)
    bounds: list[int | None] = field(default_factory=list)
    lot_value: int = 0
    infeasible: bool = False
    refuted: Any = None
    """A part of the rules that was proved impossible by itself, where the whole was too large to ask."""
    missing: Ints | None = None
    """The best values found that still miss a rule."""
    certificates: dict[int, Certificate] = field(default_factory=dict)
    """By stage number, what proves its bound beyond an engine's word; -1 where nothing satisfies the rules."""

    bases: dict[int, Any] = field(default_factory=dict)
    """By stage number, where its linear relaxation ended: another question about it begins there."""
    spent: float = 0.0
    """Deterministic effort so far; it stands in for the clock where ``work`` is given."""
    machines: Machines | None = None
    """Who else counts, where prices are found; nobody: this process alone."""

    @property
    def clock(self) -> float:
        """Seconds since the solve began."""
        return monotonic() - self.started

    @property
    def elapsed(self) -> float:
        return self.clock if self.work is None else self.spent

    @property
    def stopped(self) -> bool:
        return self.should_stop is not None and self.should_stop()

    @property
    def left(self) -> float:
        """Seconds (or effort) left; nothing once somebody asked to stop."""
        if self.stopped:
            return 0.0
        return max(0.0, (self.seconds if self.work is None else self.work) - self.elapsed)

    def offer(self, values: Ints) -> bool:
        """Keep an answer if it breaks no rule and is better than the best, stage by stage."""
        if self.form.broken(values).any() or (values < 0).any() or (values > self.form.upper).any():
            return False
        if self.best is not None and self.form.score(values) >= self.form.score(self.best):
            return False
        self.best = values.copy()
        return True

    def tell(self, index: int, value: int | None, bound: int | None) -> None:
        if self.on_progress is None:
            return
        stages = self.form.problem.stages
        stage = stages[min(index, len(stages) - 1)]
        self.on_progress(
            Progress(
                stage.stage, stage.tier, stage.rank, value, bound, round(self.clock, 3), len(stages), index
            )
        )
