"""The numbered rules of a programme, so that every refusal can cite the one it follows from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.problems import Problem
from eventhub.domain.wording import Clause
from eventhub.i18n import N_, Text


@dataclass(frozen=True)
class Rulebook:
    """Rules in the order of their numbers, each a key and the sentence it makes of a programme's settings.

    Every rule has its number whether or not it bites in this programme, so that a number never changes its meaning.
    """

    rules: tuple[tuple[str, Callable[[ProgrammeFacts], Text]], ...]

    def texts(self, programme: ProgrammeFacts) -> tuple[Text, ...]:
        """Each rule as a sentence a member can check."""
        return tuple(say(programme) for _key, say in self.rules)

    def clause(self, key: str) -> Clause:
        """The number by which a rule is cited."""
        return Clause([known for known, _say in self.rules].index(key) + 1)

    def refusal(self, rule: str, code: str, because: Text, *, field: str = "") -> Problem:
        """A problem that begins with the rule it follows from: “By rule 3 of this programme, …”."""
        return Problem(
            code,
            N_("By rule %(rule)s of this programme, %(because)s", rule=self.clause(rule), because=because),
            field,
        )
