"""Understand the cells of a unit's list; what cannot be understood is noted by its line and column, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from eventhub.domain.facts import PersonDraft, ProgrammeFacts
from eventhub.domain.problems import Problem, Refused
from eventhub.domain.terms import PartyRole, Sex, word
from eventhub.i18n import LOCALES, N_, Text, use_locale
from eventhub.kinds import Kind
from eventhub.services import participants

NAME, BIRTH, SEX, PHONE, EMAIL, IDENTITY, PARTY, ROLE, ITEM, CHOICES, CLAIMS = (
    "name",
    "birth_date",
    "sex",
    "phone",
    "email",
    "identity_number",
    "party",
    "role",
    "item",
    "choices",
    "claims",
)

COLUMNS: dict[str, Text] = {
    NAME: N_("Name"),
    BIRTH: N_("Birth date"),
    SEX: N_("Sex"),
    PHONE: N_("Telephone"),
    EMAIL: N_("E-mail"),
    IDENTITY: N_("Identity number"),
    PARTY: N_("Goes together with (same mark)"),
    ROLE: N_("Participant or companion"),
    ITEM: N_("Contest item"),
    CHOICES: N_("Choices, dearest first"),
    CLAIMS: N_("Priority checked by the primary union"),
}


@dataclass
class Line:
    """One line of the list; reading a cell notes in ``problems`` what is wrong with it and goes on."""

    number: int
    cells: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def person(self, kind: Kind, unit: str) -> PersonDraft:
        """Who the line is about."""
        return PersonDraft(
            name=self.typed(NAME),
            birth_date=self.birth_date(),
            sex=self.term(Sex, SEX),
            organisation=unit,
            phone=self.typed(PHONE),
            email=self.typed(EMAIL),
            identity_number=self.typed(IDENTITY),
            relation="unit",
            claims=self.claims(kind),
        )

    def role(self) -> PartyRole:
        """Whether somebody takes part or comes along."""
        return self.term(PartyRole, ROLE) or PartyRole.PARTICIPANT

    def check(self, draft: PersonDraft, *, at: datetime) -> None:
        """Note what stands against the person itself: a name, a number or an address that is none."""
        try:
            participants.cleaned(draft, at=at)
        except Refused as refused:
            for problem in refused.problems:
                self._wrong(problem.field, problem.code, problem.message)

    def note(self, problem: Problem) -> None:
        """Take over a problem that names its column itself, as those of answers do."""
        message = N_("Line %(line)s, %(why)s", line=self.number, why=problem.message)
        self.problems.append(Problem(problem.code, message, "file"))

    def typed(self, key: str) -> str:
        """What stands in a cell."""
        return self.cells.get(key, "").strip()

    def item(self, programme: ProgrammeFacts) -> str:
        """The code of the item meant."""
        typed = self.typed(ITEM)
        for code, title in programme.items:
            if typed in {code, title.zh, title.en}:
                return code
        self._wrong(ITEM, "no_item", N_("there is no contest item “%(typed)s”.", typed=typed))
        return ""

    def ranking(self, programme: ProgrammeFacts, item: str) -> tuple[str, ...]:
        """The codes of the options meant, dearest first."""
        known = {
            name: option.code
            for option in programme.options_of(item)
            for name in (option.code, option.title.zh, option.title.en)
            if name
        }
        typed = self.typed(CHOICES)
        parts = [typed] if typed in known else [part.strip() for part in re.split(r"[,;，；、\n]", typed)]
        for name in parts:
            if name and name not in known:
                self._wrong(CHOICES, "no_such_option", N_("there is no choice “%(typed)s”.", typed=name))
        return tuple(known[name] for name in parts if name in known)

    def claims(self, kind: Kind) -> tuple[str, ...]:
        """The claims that the officer vouches for."""
        found = []
        for name in filter(None, (part.strip() for part in re.split(r"[,，、]", self.typed(CLAIMS)))):
            key = next((key for key, label in kind.claims if name in said(key, label)), None)
            if key is None:
                why = N_("“%(typed)s” is no priority of this programme.", typed=name)
                self._wrong(CLAIMS, "no_such_claim", why)
            else:
                found.append(key)
        return tuple(found)

    def term(self, enum: type[Any], key: str) -> Any:
        """The term meant: its word in either language, or the beginning of one, as people shorten it (女, 随行, comp)."""
        wanted = self.typed(key).casefold()
        if not wanted:
            return None
        meant = [
            term
            for term in enum
            if any(each.casefold().startswith(wanted) for each in said(str(term), word(term)))
        ]
        if len(meant) == 1:
            return meant[0]
        self._wrong(key, "no_such_term", N_("“%(typed)s” is not understood.", typed=self.typed(key)))
        return None

    def birth_date(self) -> date | None:
        """The day of birth, however people or sheets write a day."""
        typed = self.typed(BIRTH)
        text = re.sub(r"[/.年月]", "-", typed).replace("日", "")
        if not text:
            return None
        try:
            year, month, day = (int(part) for part in text.split("T")[0].split(" ")[0].split("-"))
            return date(year, month, day)
        except ValueError:
            self._wrong(
                BIRTH, "not_a_date", N_("“%(typed)s” is not a date. Write it as 1985-06-12.", typed=typed)
            )
            return None

    def _wrong(self, key: str, code: str, why: Text) -> None:
        column = COLUMNS.get(key, COLUMNS[NAME])
        message = N_("Line %(line)s, %(column)s: %(why)s", line=self.number, column=column, why=why)
        self.problems.append(Problem(code, message, "file"))


def said(key: str, text: Text) -> set[str]:
    """A term's key and its words in every language."""
    found = {key}
    for locale in LOCALES:
        with use_locale(locale):
            found.add(str(text))
    return found
