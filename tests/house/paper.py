"""Read a page's forms as a browser does, fill them in and send them: nothing is posted that the page did not offer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from eventhub.domain.facts import Actor
from tests.visitors import sign_in

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Button:
    """A button that sends the form, with what it says of itself."""

    name: str
    value: str


@dataclass
class Form:
    """One form of a page: where it goes, what it would send untouched, and which names it offers at all."""

    action: str
    method: str
    values: Pairs = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    choices: dict[str, list[str]] = field(default_factory=dict)
    """Ticks, buttons and menus: name -> values on offer."""
    buttons: list[Button] = field(default_factory=list)

    def filled(self, typed: dict[str, str | list[str]]) -> Pairs:
        """What is sent once this was typed; a name the page does not offer is a slip of the test."""
        strange = set(typed) - self.names
        assert not strange, f"{self.action} does not ask for {sorted(strange)}, only {sorted(self.names)}"
        for name, value in typed.items():
            for each in [value] if isinstance(value, str) else value:
                on_offer = self.choices.get(name)
                assert on_offer is None or each in on_offer, f"{name}: {each} is not among {on_offer}"
        kept = [(name, value) for name, value in self.values if name not in typed]
        given = [
            (name, each)
            for name, value in typed.items()
            for each in ([value] if isinstance(value, str) else value)
        ]
        return kept + given


class _Reader(HTMLParser):
    """Collects forms, the language, and the words people see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.language = ""
        self.links: list[str] = []
        self.words: list[str] = []
        self._menu: tuple[str, bool] | None = None
        self._area: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "html":
                self.language = given.get("lang", "")
            case "script" | "style":
                self._silent += 1
            case "a" if "href" in given:
                self.links.append(given["href"])
            case "form":
                self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            case "input" | "button" | "textarea" | "select" if self.forms and "name" in given:
                self._control(tag, given)
            case "option" if self._menu is not None and self.forms:
                self._option(given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        form, name, value = self.forms[-1], given["name"], given.get("value", "")
        if "disabled" in given:
            return
        kind = given.get("type", "text") if tag == "input" else tag
        if kind == "button":
            form.buttons.append(Button(name, value))
            return
        form.names.add(name)
        if kind in {"checkbox", "radio"}:
            ticked = given.get("value", "on")
            form.choices.setdefault(name, []).append(ticked)
            if "checked" in given:
                form.values.append((name, ticked))
        elif kind == "select":
            form.choices.setdefault(name, [])
            self._menu = (name, False)
        elif kind == "textarea":
            self._area = name
            form.values.append((name, ""))
        elif kind not in {"file", "submit"}:
            form.values.append((name, value))

    def _option(self, given: dict[str, str]) -> None:
        assert self._menu is not None
        name, chosen = self._menu
        value = given.get("value", "")
        self.forms[-1].choices[name].append(value)
        if "selected" in given or not chosen:
            self.forms[-1].values = [pair for pair in self.forms[-1].values if pair[0] != name] + [
                (name, value)
            ]
            self._menu = (name, True)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._menu = None
        elif tag == "textarea":
            self._end_area()
        elif tag in {"script", "style"}:
            self._silent -= 1

    def _end_area(self) -> None:
        if self._area is not None and self.forms:
            name, value = self.forms[-1].values.pop()
            # The first line break after the tag belongs to the markup.
            self.forms[-1].values.append((name, value.replace("\r\n", "\n").removeprefix("\n")))
        self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self.forms:
            name, value = self.forms[-1].values.pop()
            self.forms[-1].values.append((name, value + data))
        if not self._silent:
            self.words.append(data)


@dataclass(frozen=True)
class Page:
    """An answer as its reader has it before them."""

    path: str
    status: int
    text: str
    answer: TestResponse

    @property
    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.text)
        return reader

    @property
    def language(self) -> str:
        return self._read.language

    @property
    def words(self) -> str:
        """What stands on it, without the markup."""
        return " ".join(" ".join(self._read.words).split())

    @property
    def links(self) -> list[str]:
        return self._read.links

    @property
    def forms(self) -> list[Form]:
        return self._read.forms

    def form(self, *, asking: str = "", action: str = "") -> Form:
        """The one form that asks for this name or goes to this address; the language switch is none of them."""
        found = [
            form
            for form in self.forms
            if not form.action.startswith("/language")
            and form.method == "post"
            and (not asking or asking in form.names or asking in {button.name for button in form.buttons})
            and (not action or form.action.partition("?")[0] == action)
        ]
        assert len(found) == 1, f"{self.path}: {len(found)} such forms among {[f.action for f in self.forms]}"
        return found[0]


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser, who reads one language."""

    client: FlaskClient
    locale: str = "zh"

    @classmethod
    def comes(cls, app: Flask, who: Actor | None, locale: str = "zh") -> Visitor:
        """Somebody who has just opened the browser and, unless nobody is named, signed in."""
        client = app.test_client()
        client.set_cookie("language", locale)
        if who is not None:
            guarded = app.config["WTF_CSRF_ENABLED"]
            app.config["WTF_CSRF_ENABLED"] = False  # the link's own page is tried where accounts are
            sign_in(client, who)
            app.config["WTF_CSRF_ENABLED"] = guarded
        return cls(client, locale)

    def reading(self, locale: str) -> Visitor:
        """The same visitor, who asked for the other language."""
        self.client.set_cookie("language", locale)
        return replace(self, locale=locale)

    def opens(self, path: str) -> Page:
        """Follow an address to wherever it leads."""
        answer = self.client.get(path, follow_redirects=True)
        return Page(answer.request.full_path.rstrip("?"), answer.status_code, answer.text, answer)

    def sends(self, page: Page, form: Form, *, press: Button | None = None, **typed: str | list[str]) -> Page:
        """Fill the form in and send it, with its own token, then follow to wherever that leads."""
        pairs = form.filled(typed)
        if press is not None:
            assert press in form.buttons, f"{page.path} has no button {press}"
            pairs.append((press.name, press.value))
        answer = self.client.post(form.action or page.path, data=MultiDict(pairs), follow_redirects=True)
        return Page(answer.request.full_path.rstrip("?"), answer.status_code, answer.text, answer)


# -- What lies in the database -----------------------------------------------------------------------


def file_of(app: Flask) -> Path:
    """The SQLite file of a test's application."""
    return Path(app.extensions["settings"].database_url.removeprefix("sqlite:///"))


def tables(app: Flask) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in the order of their keys."""
    with closing(sqlite3.connect(file_of(app))) as database:
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        return {name: database.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall() for name in names}  # noqa: S608


def columns(app: Flask) -> dict[str, list[str]]:
    """Every table with the names of its columns."""
    with closing(sqlite3.connect(file_of(app))) as database:
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        return {name: [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')] for name in names}


def changed(
    before: dict[str, list[tuple[object, ...]]], after: dict[str, list[tuple[object, ...]]]
) -> set[str]:
    """The tables in which anything differs."""
    return {name for name in before | after if before.get(name) != after.get(name)}


def everything_in(app: Flask) -> Iterator[tuple[Path, bytes]]:
    """Every file of the instance and the database with its journals, as it lies on the disk."""
    instance: Path = app.extensions["settings"].instance
    beside = file_of(app).parent.glob(f"{file_of(app).name}*")
    for path in sorted({*(each for each in instance.rglob("*") if each.is_file()), *beside}):
        yield path, path.read_bytes()
