"""Say things in the reader's language: marks for translation, the locale in force, the catalogues.

Source text is English; the Chinese catalogue is complete and comes first on every page. Catalogues are read from
``.po`` files when the house opens (a second, once), so there is no compiled file to forget.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES = ("zh", "en")
DEFAULT_LOCALE = "zh"
BABEL_NAMES = {"zh": "zh_Hans_CN", "en": "en_GB"}

_CATALOGUES = Path(__file__).parent / "translations"
_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
_folders: list[Path] = [_CATALOGUES]


def current_locale() -> str:
    """The reader's locale: one of :data:`LOCALES`."""
    return _locale.get()


def babel_locale() -> str:
    """The same as Babel names it, for dates and numbers."""
    return BABEL_NAMES[current_locale()]


def set_locale(locale: str) -> None:
    """Speak this language from now on in this request or thread; an unknown one becomes the default."""
    _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Speak another language for a while: a letter is written in its reader's, not its sender's."""
    token = _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)
    try:
        yield
    finally:
        _locale.reset(token)


def add_catalogues(folder: Path) -> None:
    """Let a kind bring its own ``<locale>/LC_MESSAGES/messages.po``; its words win over the house's."""
    if folder.is_dir() and folder not in _folders:
        _folders.append(folder)
        _catalogue.cache_clear()


@cache
def _catalogue(locale: str) -> NullTranslations:
    merged: NullTranslations = NullTranslations()
    for folder in _folders:
        path = folder / locale / "LC_MESSAGES" / "messages.po"
        if not path.exists():
            continue
        compiled = BytesIO()
        with path.open("rb") as source:
            write_mo(compiled, read_po(source, locale=BABEL_NAMES[locale]))
        compiled.seek(0)
        translations = Translations(compiled)
        merged = translations if not isinstance(merged, Translations) else merged.merge(translations)
    return merged


def gettext(msgid: str) -> str:
    """The message in the reader's language, its placeholders untouched."""
    return _catalogue(current_locale()).ugettext(msgid) if msgid else ""


def ngettext_raw(singular: str, plural: str, num: int) -> str:
    """The fitting form of a counted message, its placeholders untouched."""
    return _catalogue(current_locale()).ungettext(singular, plural, num)


def _(msgid: str, **params: Any) -> str:
    """The message in the reader's language with its ``%(name)s`` filled in."""
    message = gettext(msgid)
    return message % _spoken(params) if params else message


def ngettext(singular: str, plural: str, num: int, **params: Any) -> str:
    """A counted message; ``%(num)s`` is the count."""
    return ngettext_raw(singular, plural, num) % {"num": num, **_spoken(params)}


def _spoken(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Text | Bilingual) else value for name, value in params.items()
    }


@dataclass(frozen=True)
class Text:
    """A message to be said later, in whatever language its reader then has."""

    msgid: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return _(self.msgid, **self.params)

    def __hash__(self) -> int:
        return hash(self.msgid)

    def __html__(self) -> str:
        from markupsafe import escape  # noqa: PLC0415 - only pages need it

        return str(escape(str(self)))


def N_(msgid: str, **params: Any) -> Text:  # noqa: N802 - the name that extractors know
    """Mark a message for translation and say it later."""
    return Text(msgid, params)


@dataclass(frozen=True)
class Bilingual:
    """What an organiser typed in both languages; the English may be missing, and the Chinese then stands for it."""

    zh: str
    en: str = ""

    def __str__(self) -> str:
        return self.en if self.en and current_locale() == "en" else self.zh
