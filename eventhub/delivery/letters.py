"""Write a letter in its reader's language: subject, plain text and HTML, the facts first.

What a letter tells is a small frozen value; ``templates/letters/<name>`` says it. A letter never carries a child's full
name, an identity number, a health note or a mark of hardship: whoever fills ``who`` gives the name the kind allows.

Values may be plain text or anything said by ``str`` in the reader's language: ``Text``, ``Bilingual``, ``When``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from eventhub.delivery import characters
from eventhub.i18n import N_, babel_locale, gettext, ngettext_raw, use_locale

Said = object
"""What ``str`` says in the reader's language."""


@dataclass(frozen=True)
class Written:
    """A letter as it was written, once: a second try sends the same words."""

    subject: str
    text: str
    html: str


class Labelled(Protocol):
    """A fact with its label, such as a kind's own lines: “Own share: 280 yuan”."""

    @property
    def label(self) -> Said:
        """What it is."""

    @property
    def value(self) -> Said:
        """What it amounts to."""


@dataclass(frozen=True)
class Row:
    """One labelled line of a letter."""

    label: Said
    value: Said


@dataclass(frozen=True, kw_only=True)
class Content:
    """What every letter tells: whom it greets, the page it leads to, whom to call."""

    name: ClassVar[str]
    """The folder of its templates."""

    greeting: Said
    url: str
    contact_name: Said = ""
    contact_phone: str = ""
    pass_on: bool = False
    """Whoever it concerns has no address of their own: the reader is told so, and asked to pass it on."""

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise ValueError(f"A letter leads to a page, by http or https, not to {self.url!r}.")

    @property
    def rows(self) -> tuple[Row, ...]:
        """The facts in the order of their weight; empty ones are left out."""
        return ()


@dataclass(frozen=True, kw_only=True)
class ReceivedLetter(Content):
    """A registration has arrived: its number, what was chosen, what happens next.

    ``choices`` come dearest first; ``closes`` is until when it may be changed; ``next_step`` is a sentence.
    """

    name = "received"

    programme: Said
    number: str
    who: Said = ""
    choices: Sequence[Said] = ()
    closes: Said = ""
    next_step: Said = ""
    lines: Sequence[Labelled] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The facts, number first."""
        return _rows(
            (N_("Registration number"), self.number),
            (N_("Programme"), self.programme),
            (N_("Who goes"), self.who),
            *(
                (N_("Choice %(rank)s", rank=rank), choice)
                for rank, choice in enumerate(self.choices, start=1)
            ),
            (N_("May be changed until"), self.closes),
            lines=self.lines,
        )


@dataclass(frozen=True, kw_only=True)
class ChangedLetter(ReceivedLetter):
    """A registration that had arrived before was changed: the facts are those that stand now."""

    name = "changed"


@dataclass(frozen=True, kw_only=True)
class AllottedLetter(Content):
    """A place was given: what, when, where, what to bring, why, and whom to call.

    ``option_word`` is the kind's word for its options (batch, heat, departure); ``reason`` a sentence; ``lines`` are
    the kind's own. ``invited`` says whether a calendar invitation comes along.
    """

    name = "allotted"

    programme: Said
    option: Said
    when: Said
    where: Said
    code: str
    option_word: Said = N_("Option")
    who: Said = ""
    meeting_point: Said = ""
    bring: Sequence[Said] = ()
    reason: Said = ""
    lines: Sequence[Labelled] = ()
    invited: bool = True

    @property
    def rows(self) -> tuple[Row, ...]:
        """The facts: what, when, where, then the rest."""
        return _rows(
            (N_("Programme"), self.programme),
            (self.option_word, self.option),
            (N_("When"), self.when),
            (N_("Where"), self.where),
            (N_("Meeting point"), self.meeting_point),
            (N_("Who goes"), self.who),
            (N_("Personal number"), self.code),
            lines=self.lines,
        )


@dataclass(frozen=True, kw_only=True)
class MovedLetter(AllottedLetter):
    """A place has moved or its facts have changed: the new ones first, then the old ones that no longer hold.

    Of the old ones give only those that changed.
    """

    name = "moved"

    was_option: Said = ""
    was_when: Said = ""
    was_where: Said = ""

    @property
    def old_rows(self) -> tuple[Row, ...]:
        """What no longer holds."""
        return _rows(
            (self.option_word, self.was_option),
            (N_("When"), self.was_when),
            (N_("Where"), self.was_where),
        )


@dataclass(frozen=True, kw_only=True)
class WithdrawnLetter(Content):
    """A place has ended, given up or taken back: which, why, and what one can do now."""

    name = "withdrawn"

    programme: Said
    option: Said
    when: Said
    code: str
    option_word: Said = N_("Option")
    who: Said = ""
    reason: Said = ""
    next_step: Said = ""
    invited: bool = True

    @property
    def rows(self) -> tuple[Row, ...]:
        """The facts of the place that was."""
        return _rows(
            (N_("Programme"), self.programme),
            (self.option_word, self.option),
            (N_("When"), self.when),
            (N_("Who goes"), self.who),
            (N_("Personal number"), self.code),
        )


@dataclass(frozen=True, kw_only=True)
class ReaddressedLetter(WithdrawnLetter):
    """A place stands, but is written about to another address now: to the former one, so that its calendar lets go."""

    name = "readdressed"


@dataclass(frozen=True, kw_only=True)
class WaitlistedLetter(Content):
    """No place yet, but one in line: which line, how far, why, and what happens next."""

    name = "waitlisted"

    programme: Said
    code: str
    option: Said = ""
    option_word: Said = N_("Option")
    position: int | None = None
    who: Said = ""
    reason: Said = ""
    next_step: Said = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The facts, the place in line first."""
        return _rows(
            (N_("Place in line"), "" if self.position is None else self.position),
            (N_("Programme"), self.programme),
            (self.option_word, self.option),
            (N_("Who goes"), self.who),
            (N_("Personal number"), self.code),
        )


@dataclass(frozen=True, kw_only=True)
class NotSelectedLetter(Content):
    """No place this time: the reason in numbers, what else is open, how to object.

    ``objection`` is a sentence with the way and the last day.
    """

    name = "not_selected"

    programme: Said
    code: str
    who: Said = ""
    reason: Said = ""
    alternatives: Sequence[Said] = ()
    objection: Said = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Which registration this is about."""
        return _rows(
            (N_("Programme"), self.programme),
            (N_("Who goes"), self.who),
            (N_("Personal number"), self.code),
        )


@dataclass(frozen=True, kw_only=True)
class ReturnedLetter(Content):
    """A registration is handed back to whoever sent it: what to change, and until when it counts if sent again."""

    name = "returned"

    programme: Said
    number: str
    who: Said = ""
    reason: Said = ""
    closes: Said = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Which registration, and until when."""
        return _rows(
            (N_("Registration number"), self.number),
            (N_("Programme"), self.programme),
            (N_("Who goes"), self.who),
            (N_("What to change"), self.reason),
            (N_("May be changed until"), self.closes),
        )


@dataclass(frozen=True, kw_only=True)
class CancelledLetter(Content):
    """The organiser has ended a registration that had no place: which, and why."""

    name = "cancelled"

    programme: Said
    code: str
    who: Said = ""
    reason: Said = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Which registration."""
        return _rows(
            (N_("Personal number"), self.code),
            (N_("Programme"), self.programme),
            (N_("Who goes"), self.who),
            (N_("Why it ended"), self.reason),
        )


@dataclass(frozen=True, kw_only=True)
class SignInLetter(Content):
    """A way in that works once: ``url`` is the link, ``code`` the same for typing; both end after ``minutes``."""

    name = "signin"

    greeting: Said = ""
    code: str = ""
    minutes: int = 15

    @property
    def rows(self) -> tuple[Row, ...]:
        """The code."""
        return _rows((N_("Sign-in code"), self.code))


@dataclass(frozen=True, kw_only=True)
class InvitedColleagueLetter(Content):
    """A colleague is asked to the desk: by whom, as what, for which organisation, until when the link holds."""

    name = "invited_colleague"

    invited_by: Said
    role: Said
    organisation: Said = ""
    expires: Said = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is offered."""
        return _rows(
            (N_("Role"), self.role),
            (N_("Organisation"), self.organisation),
            (N_("Invited by"), self.invited_by),
            (N_("The link works until"), self.expires),
        )


@dataclass(frozen=True, kw_only=True)
class PersonDecidedLetter(Content):
    """The unit has compared two records: whoever typed one of them may act for this person, or may not."""

    name = "person_decided"

    who: Said = ""
    confirmed: bool = True

    @property
    def rows(self) -> tuple[Row, ...]:
        """Whom it is about."""
        return _rows((N_("Person"), self.who))


def render(content: Content, *, locale: str, folder: Path) -> Written:
    """Write the letter with the templates of ``folder`` (the project's ``templates``), in ``locale``."""
    with use_locale(locale):
        subject, text, html = (
            _environment(folder).get_template(f"letters/{content.name}/{part}").render(letter=content)
            for part in ("subject.txt", "body.txt", "body.html")
        )
    return Written(characters.line(subject), _tidy(text), _unbroken(_tidy(html)))


_DATE = re.compile(
    r"\d日 周[一二三四五六日](?: \d\d:\d\d)?|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2}(?: [A-Z][a-z]+(?: \d{4})?)?"
)
"""A date with its weekday, which no line of a narrow screen may part."""


def _unbroken(html: str) -> str:
    """The page with its dates each whole on one line: mail programs know no style for that, but the blank that holds."""
    return _DATE.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), html)


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(gettext, ngettext_raw, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["language"] = _language
    return environment


def _language() -> str:
    """The reader's language as HTML names it."""
    return babel_locale().replace("_", "-")


def _one_line(value: object) -> object:
    # A name or reason with line breaks in it cannot add paragraphs of its own to the plain letter.
    return value if isinstance(value, Markup) else characters.line(str(value))


def _tidy(written: str) -> str:
    """Without blanks at line ends, with at most one empty line in a row, ending in one line break."""
    lines = [line.rstrip() for line in characters.paragraphs(written).split("\n")]
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]
    return "\n".join(kept).strip("\n") + "\n"


def _rows(*told: tuple[Said, Said], lines: Iterable[Labelled] = ()) -> tuple[Row, ...]:
    all_told = [*told, *((line.label, line.value) for line in lines)]
    return tuple(Row(label, value) for label, value in all_told if str(value).strip())
