"""What a form asks, and how an answer becomes a value.

A kind lists its :class:`Question` values; pages build fields from them, rosters read columns by them, and the same
:func:`answers` turns what was typed into checked values for both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from eventhub.domain import identity
from eventhub.domain.problems import Problem
from eventhub.i18n import N_, Text


class Answer(StrEnum):
    """What sort of value a question is answered with."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    YES_NO = "yes_no"
    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    DATE = "date"
    PHONE = "phone"


class Asked(StrEnum):
    """Of whom it is asked: once of the party, of each person, or only of companions or participants."""

    PARTY = "party"
    PERSON = "person"


@dataclass(frozen=True)
class Question:
    """One thing a form asks.

    ``purpose`` says why it is asked and ``sensitive`` that it needs a consent of its own; both are shown beside
    the field. ``limit`` is the longest text in characters or the largest number. What is ``only_counted`` stands
    beside no name on a list of people: lists tell how many gave each answer.
    """

    key: str
    label: Text
    answer: Answer = Answer.TEXT
    asked: Asked = Asked.PERSON
    required: bool = False
    choices: tuple[tuple[str, Text], ...] = ()
    hint: Text | None = None
    purpose: Text | None = None
    limit: int = 100
    sensitive: bool = False
    only_counted: bool = False


def asks_for_claim(question: Question, claims: Collection[str]) -> bool:
    """Whether a question is answered by one of the claims that a primary union confirms."""
    return (
        question.answer is Answer.CHOICE
        and bool(question.choices)
        and all(key in claims for key, _label in question.choices)
    )


def confirmed_answers(
    questions: Iterable[Question], *, claims: Collection[str], confirmed: Collection[str]
) -> dict[str, str]:
    """Answers nobody need be asked for, since their primary union has confirmed them already.

    ``claims`` are those of the kind, ``confirmed`` the ones checked and valid of one person. Of several the one that
    the question names first counts; which of them gives priority is decided by the claims, never by the answer.
    """
    found = {}
    for question in questions:
        if question.asked is Asked.PERSON and asks_for_claim(question, claims):
            known = next((key for key, _label in question.choices if key in confirmed), None)
            if known is not None:
                found[question.key] = known
    return found


def answers(
    questions: Iterable[Question], typed: Mapping[str, Any], *, prefix: str = ""
) -> tuple[dict[str, Any], list[Problem]]:
    """Values for the questions and the problems met; a key nobody asked for is dropped."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for question in questions:
        raw = typed.get(question.key)
        if isinstance(raw, str):
            raw = raw.strip()
        if raw is None or raw in ("", []):
            if question.required:
                problems.append(_missing(question, prefix))
            continue
        value = _READERS[question.answer](question, raw)
        if isinstance(value, Problem):
            problems.append(value.at(prefix + question.key))
        else:
            values[question.key] = value
    return values, problems


def _missing(question: Question, prefix: str) -> Problem:
    return Problem(
        "missing", N_("%(label)s: please fill this in.", label=question.label), prefix + question.key
    )


def _text(question: Question, raw: Any) -> str | Problem:
    try:
        text = identity.clean_text(str(raw))
    except ValueError:
        return Problem(
            "control_characters",
            N_("%(label)s: contains characters that cannot be printed. Type it again.", label=question.label),
        )
    if len(text) > question.limit:
        return Problem(
            "too_long",
            N_(
                "%(label)s: at most %(limit)s characters, now %(now)s.",
                label=question.label,
                limit=question.limit,
                now=len(text),
            ),
        )
    return text


def _yes_no(question: Question, raw: Any) -> bool | Problem:
    if isinstance(raw, bool):
        return raw
    if str(raw).strip().lower() in {"yes", "y", "true", "1", "on", "是", "有"}:
        return True
    if str(raw).strip().lower() in {"no", "n", "false", "0", "off", "否", "无"}:
        return False
    return Problem("not_yes_no", N_("%(label)s: answer yes or no.", label=question.label))


def _choice(question: Question, raw: Any) -> str | Problem:
    for value, label in question.choices:
        if str(raw) in {value, str(label)}:
            return value
    return Problem("no_such_choice", N_("%(label)s: choose one of the answers listed.", label=question.label))


def _choices(question: Question, raw: Any) -> list[str] | Problem:
    chosen = (
        raw
        if isinstance(raw, list | tuple)
        else [part for part in str(raw).replace("、", ",").split(",") if part]
    )
    values = [_choice(question, part) for part in chosen]
    for value in values:
        if isinstance(value, Problem):
            return value
    return [str(value) for value in values]


def _number(question: Question, raw: Any) -> int | Problem:
    try:
        number = int(str(raw).strip())
    except ValueError:
        return Problem(
            "not_a_number", N_("%(label)s: write a whole number, such as 12.", label=question.label)
        )
    if not 0 <= number <= question.limit:
        return Problem(
            "out_of_range", N_("%(label)s: from 0 to %(limit)s.", label=question.label, limit=question.limit)
        )
    return number


def _date(question: Question, raw: Any) -> str | Problem:
    if isinstance(raw, date):
        return raw.isoformat()
    try:
        return date.fromisoformat(str(raw).strip()).isoformat()
    except ValueError:
        return Problem("not_a_date", N_("%(label)s: write a date such as 2012-07-15.", label=question.label))


def _phone(question: Question, raw: Any) -> str | Problem:
    phone = identity.normal_phone(str(raw))
    return phone or Problem(
        "not_a_phone", N_("%(label)s: write a mobile number of 11 digits.", label=question.label)
    )


_READERS: dict[Answer, Callable[[Question, Any], Any]] = {
    Answer.TEXT: _text,
    Answer.LONG_TEXT: _text,
    Answer.YES_NO: _yes_no,
    Answer.CHOICE: _choice,
    Answer.CHOICES: _choices,
    Answer.NUMBER: _number,
    Answer.DATE: _date,
    Answer.PHONE: _phone,
}
