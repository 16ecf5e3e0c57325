"""What a contender is given and what it says, ours and the peers' alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks.instances.flat import Drawn
from benchmarks.instances.wishes import Json
from solvers.problem import Ints, Problem, read


@dataclass(frozen=True, slots=True)
class Said:
    """What a contender comes to: the cost it reached and the bound it proves, None for what it does not tell.

    ``places`` gives the choice each group takes; it is asked once the clock has stopped, and checked.
    ``after``: another check for that moment; it gives the fault, if there is one, and facts.
    ``alone``: seconds of the part that the row is about, where that is not the whole call. ``facts``: whatever else was
    counted, by name.
    """

    value: int | None
    bound: float | None = None
    note: str = ""
    places: Callable[[], Ints] | None = None
    after: Callable[[], tuple[str, Mapping[str, Any]]] | None = None
    alone: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class Arrays(Protocol):
    """Whatever makes a problem in arrays at once."""

    def problem(self) -> Problem: ...


Source = Arrays | Json


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One instance: the problem in arrays, and the same as it is written, for those who need that."""

    problem: Problem
    source: Source

    @classmethod
    def of(cls, source: Source) -> "Task":
        if isinstance(source, dict):
            return cls(read(source), source)
        if isinstance(source, Drawn) and source.carriers:
            return cls(read(source.told()), source)
        return cls(source.problem(), source)

    def told(self) -> Json:
        """The problem as it is written; TypeError for what exists in arrays only."""
        if isinstance(self.source, dict):
            return self.source
        if isinstance(self.source, Drawn):
            return self.source.told()
        raise TypeError("this instance is not told in the format")


Instance = Callable[[int, int, int], Source]
"""People, options, seed."""
