"""The particulars of an option as the kind describes them: fields built from them, shown, read, and what was typed kept.

Names of fields are the keys under which the values lie; a text in two languages has a field for each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    BooleanField,
    Field,
    FieldList,
    Form,
    FormField,
    SelectChoice,
    StringField,
)
from wtforms.validators import InputRequired, Optional, ValidationError

from eventhub.domain.particulars import Particular
from eventhub.domain.terms import OrganisationKind
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.web.forms.allocation import WholeNumber, at_most, between
from eventhub.web.forms.fields import choices, later
from eventhub.web.forms.programme.fields import (
    FILL_IN,
    SPARE_ROWS,
    Day,
    Menu,
    Texts,
    Ticks,
    Yuan,
    free,
    trimmed,
    yuan_between,
)

_LANGUAGES = (N_("%(label)s (Chinese)"), N_("%(label)s (English)"))
_NONE = ("", N_("Not said"))
_SHORT = frozenset({"number", "money", "choice", "day", "unit"})
"""Answers that take little room."""
UnitsOf = Callable[[tuple[OrganisationKind, ...]], Iterable[tuple[str, Bilingual]]]
"""Organisations of some kinds, by code and name."""


class Part(Form):
    """The parts of a group or of a line; one left free throughout is none, and nothing is missing in it."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for field in self:
            # What a line needs, it needs once anything of it is filled in: a browser must not demand it before.
            field.flags.required = False

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the parts once anything of them is filled in."""
        return free(self) or bool(super().validate(extra_validators))


class Unit(Menu):
    """An organisation; the page offers them, since only it may ask which there are."""

    def __init__(self, *args: Any, among: tuple[OrganisationKind, ...], **given: Any) -> None:
        super().__init__(*args, **given)
        self.choices = []
        self.among = among


def part_form(particulars: Iterable[Particular], *, base: type[Form] = Form) -> type[Form]:
    """A form with the fields of these particulars."""
    members: dict[str, Any] = {}
    for particular in particulars:
        members |= _FIELDS[particular.answer](particular)
    for name in members:
        if hasattr(Form, name):
            message = (
                f"No particular can have the key {name!r}: every form has something of this name already."
            )
            raise ValueError(message)
    return type("ParticularsForm", (base,), members)


def offer_units(form: Form, units: UnitsOf, kept: Collection[str] = ()) -> None:
    """Let organisations be chosen; one that is named already is among them, whatever became of it."""
    for field in _deep(form):
        if isinstance(field, Unit):
            known = {code: str(name) for code, name in units(field.among)}
            known |= {code: code for code in sorted(set(kept) - known.keys())}
            field.choices = [
                SelectChoice("", later(_NONE[1])),
                *(SelectChoice(*each) for each in known.items()),
            ]


def units_named(particulars: Iterable[Particular], details: Mapping[str, Any]) -> Iterator[str]:
    """The organisations that the details name, by code."""
    for particular in particulars:
        value = details.get(particular.key)
        if particular.answer == "unit" and value:
            yield str(value)
        elif particular.parts:
            for part in [value] if particular.answer == "group" else _lines(particular, value):
                yield from units_named(particular.parts, part or {})


def shown(particulars: Iterable[Particular], details: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields show of the details."""
    return {
        key: _shown(particular, details.get(key, particular.default))
        for particular in particulars
        for key in particular.keys
    }


def filled(particulars: Iterable[Particular], form: Form) -> dict[str, Any]:
    """What was filled in, by key; None where nothing was."""
    return {key: _filled(particular, form[key]) for particular in particulars for key in particular.keys}


@dataclass(frozen=True)
class Asked:
    """A particular with the fields it is filled in with, as a page shows them."""

    particular: Particular
    fields: tuple[Field, ...] = ()
    parts: tuple[Asked, ...] = ()
    lines: tuple[tuple[Field, ...], ...] = ()


@dataclass(frozen=True)
class Section:
    """Particulars that stand under one heading, in rows: short answers side by side, everything else by itself."""

    heading: Text | None
    rows: tuple[tuple[Asked, ...], ...]


def sections(particulars: Sequence[Particular], form: Form) -> tuple[Section, ...]:
    """The particulars of an option as its page shows them."""
    begun: list[Text | None] = []
    for particular in particulars:
        begun.append(particular.heading or (begun[-1] if begun else None))
    pairs = zip(begun, (_asked(each, form) for each in particulars), strict=True)
    return tuple(
        Section(heading, tuple(_rows_of([asked for _heading, asked in group])))
        for heading, group in groupby(pairs, key=lambda pair: pair[0])
    )


def _rows_of(all_asked: Sequence[Asked]) -> Iterator[tuple[Asked, ...]]:
    for short, group in groupby(all_asked, key=lambda asked: asked.particular.answer in _SHORT):
        row = tuple(group)
        yield from (row,) if short else ((asked,) for asked in row)


def _asked(particular: Particular, form: Form) -> Asked:
    if not particular.parts:
        return Asked(particular, fields=tuple(form[key] for key in particular.keys))
    inner: Any = form[particular.key]
    if particular.answer == "group":
        return Asked(particular, parts=tuple(_asked(part, inner.form) for part in particular.parts))
    names = [key for part in particular.parts for key in part.keys]
    return Asked(particular, lines=tuple(tuple(line.form[name] for name in names) for line in inner))


def _deep(form: Form) -> Iterator[Field]:
    waiting: list[Any] = list(form)
    while waiting:
        field = waiting.pop(0)
        yield field
        if isinstance(field, FormField | FieldList):
            waiting += list(field)


# -- From the details to the fields, and back --------------------------------------------------------


def _shown(particular: Particular, value: Any) -> Any:
    match particular.answer:
        case "choice":
            return "" if value is None else str(value)
        case "choices":
            return [str(each) for each in value] if isinstance(value, list | tuple) else []
        case "day":
            return date.fromisoformat(value) if value else None
        case "group":
            return shown(particular.parts, value if isinstance(value, Mapping) else {})
        case "lines" | "table":
            kept = [shown(particular.parts, each) for each in _lines(particular, value)]
            return [*kept, *({} for _spare in range(SPARE_ROWS))]
        case _:
            return value


def _lines(particular: Particular, value: Any) -> list[Mapping[str, Any]]:
    if particular.answer == "table":
        first, second = (part.key for part in particular.parts)
        return [{first: one, second: other} for one, other in dict(value or {}).items()]
    return list(value or ())


def _filled(particular: Particular, field: Any) -> Any:
    match particular.answer:
        case "money":
            return field.fen
        case "yes_no":
            return bool(field.data)
        case "choice" | "choices":
            wanted = set(field.data) if particular.answer == "choices" else {field.data}
            found = [value for value, _label in particular.choices if str(value) in wanted]
            return found if particular.answer == "choices" else next(iter(found), None)
        case "texts":
            return list(field.listed)
        case "day":
            return field.data.isoformat() if field.data else None
        case "group":
            return {} if free(field.form) else filled(particular.parts, field.form)
        case "lines" | "table":
            return _filled_lines(particular, field)
        case _:
            return field.data


def _filled_lines(particular: Particular, field: FieldList[Any]) -> Any:
    found = [filled(particular.parts, each.form) for each in field if not free(each.form)]
    if particular.answer == "table":
        first, second = (part.key for part in particular.parts)
        return {each[first]: each[second] for each in found}
    return [{key: value for key, value in each.items() if value not in (None, "", [])} for each in found]


# -- Fields ------------------------------------------------------------------------------------------


def _told(particular: Particular) -> dict[str, Any]:
    return {
        "label": later(particular.label),
        "description": later(particular.hint) if particular.hint else "",
    }


def _needed(particular: Particular) -> list[Any]:
    return [InputRequired(message=FILL_IN) if particular.required else Optional()]


def _number(particular: Particular) -> dict[str, Any]:
    bounds = between(particular.minimum, particular.maximum)
    return {particular.key: WholeNumber(**_told(particular), validators=[*_needed(particular), bounds])}


def _money(particular: Particular) -> dict[str, Any]:
    bounds = yuan_between(particular.minimum, particular.maximum)
    return {particular.key: Yuan(**_told(particular), validators=[*_needed(particular), bounds])}


def _yes_no(particular: Particular) -> dict[str, Any]:
    return {particular.key: BooleanField(**_told(particular))}


def _choice(particular: Particular) -> dict[str, Any]:
    menu = choices((_NONE, *((str(value), label) for value, label in particular.choices)))
    return {particular.key: Menu(**_told(particular), choices=menu, validators=_needed(particular))}


def _choices(particular: Particular) -> dict[str, Any]:
    ticks = choices((str(value), label) for value, label in particular.choices)
    return {particular.key: Ticks(**_told(particular), choices=ticks, validators=_needed(particular))}


def _text(particular: Particular) -> dict[str, Any]:
    return {
        key: StringField(
            **told,
            filters=[trimmed],
            validators=[*needed, at_most(particular.limit)],
            render_kw={"maxlength": particular.limit},
        )
        for key, told, needed in _by_language(particular)
    }


def _texts(particular: Particular) -> dict[str, Any]:
    return {
        key: Texts(**told, most=particular.limit, validators=needed, render_kw={"rows": 5})
        for key, told, needed in _by_language(particular)
    }


def _by_language(particular: Particular) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """Key, words and demands of each language; the English may always be missing."""
    if not particular.bilingual:
        yield particular.key, _told(particular), _needed(particular)
        return
    chinese, english = particular.keys
    in_chinese, in_english = (Text(words.msgid, {"label": particular.label}) for words in _LANGUAGES)
    yield chinese, _told(particular) | {"label": later(in_chinese)}, _needed(particular)
    yield english, _told(particular) | {"label": later(in_english)}, [Optional()]


def _day(particular: Particular) -> dict[str, Any]:
    return {particular.key: Day(**_told(particular), validators=_needed(particular))}


def _unit(particular: Particular) -> dict[str, Any]:
    return {particular.key: Unit(**_told(particular), among=particular.units, validators=_needed(particular))}


def _group(particular: Particular) -> dict[str, Any]:
    return {particular.key: FormField(part_form(particular.parts, base=Part), **_told(particular))}


def _rows(particular: Particular) -> dict[str, Any]:
    line = FormField(part_form(particular.parts, base=Part), label=later(particular.label))
    once = [_each_once] if particular.answer == "table" else []
    return {particular.key: FieldList(line, **_told(particular), validators=once)}


def _each_once(_form: Form, field: FieldList[Any]) -> None:
    """What a table leads from stands in one line of it."""
    seen: set[Any] = set()
    for line in field:
        if free(line.form):
            continue
        first = next(iter(line.form))
        if first.data in seen and not first.errors:
            first.errors = [_("Each stands once; this one stands above already.")]
            raise ValidationError(first.errors[0])
        seen.add(first.data)


_FIELDS: Mapping[str, Callable[[Particular], dict[str, Any]]] = {
    "number": _number,
    "money": _money,
    "yes_no": _yes_no,
    "choice": _choice,
    "choices": _choices,
    "text": _text,
    "texts": _texts,
    "day": _day,
    "unit": _unit,
    "group": _group,
    "lines": _rows,
    "table": _rows,
}
