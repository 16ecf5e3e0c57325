"""What one step of a sign-up shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventhub.domain.facts import ConsentText, OptionFacts, ProgrammeFacts
from eventhub.domain.problems import Problem
from eventhub.i18n import Text
from eventhub.kinds import Kind
from eventhub.web.forms.registration import Asking, Step


@dataclass(frozen=True)
class PersonChoice:
    """Somebody the reader may sign up; with a refusal the tick is greyed and the rule stands beside it."""

    code: str
    note: str
    refusals: tuple[Problem, ...]
    url: str

    @property
    def is_registered(self) -> bool:
        """Whether the only thing against them is that they are signed up: then nothing kept of them needs mending."""
        return {each.code for each in self.refusals} == {"registered_already"}


@dataclass(frozen=True)
class ReviewRow:
    """One line of “check your answers”."""

    label: object
    value: object
    change_url: str = ""


@dataclass(frozen=True)
class Answers:
    """What was answered about one of several people, or, without a name, about all of them."""

    of: str
    rows: tuple[ReviewRow, ...]


@dataclass(frozen=True)
class StepPage:
    """One step of a sign-up, or of a change to one (``is_change``)."""

    programme: ProgrammeFacts
    kind: Kind
    step: Step
    steps: tuple[Text, ...]
    current: int
    action: str
    back_url: str
    is_change: bool = False
    item: object = ""
    people: tuple[PersonChoice, ...] = ()
    add_url: str = ""
    draft_url: str = ""
    groups: tuple[Asking, ...] = ()
    chosen: tuple[Mapping[str, Any], ...] = ()
    find: str = ""
    found: int = 0
    crowded: bool = False
    """There are more options than are shown at once; ``found`` of them fit what is looked for."""
    months: tuple[str, ...] = ()
    """The months further options begin in, where those are many."""
    most: int = 0
    """How many options may be ranked here: never more than there are."""
    available: tuple[Mapping[str, Any], ...] = ()
    answers: tuple[Answers, ...] = ()
    ranking: tuple[OptionFacts, ...] = ()
    flexible: bool = False
    texts: tuple[ConsentText, ...] = ()
    carried: tuple[tuple[str, str], ...] = ()
    stamp: str = ""
    key: str = ""
    urls: Mapping[str, str] | None = None
    children_officer: str = ""
