"""How an organiser's answers are typed and shown: texts, moments, days, hours, amounts, positions, lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from wtforms import (
    DateField,
    DateTimeLocalField,
    Field,
    Form,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import DataRequired, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from eventhub.domain.phases import ZONE
from eventhub.domain.wording import Money
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.web.forms.allocation import at_most
from eventhub.web.forms.fields import NOT_LISTED, later

FILL_IN = later(N_("Please fill this in."))
MOST = 1_000_000
SPARE_ROWS = 2
"""Empty lines offered below those that are filled in."""
_FEN = 100
_MOST_FEN = 10**13
_LONGEST_LIST = 50


def trimmed(text: str | None) -> str:
    """Without blanks around it."""
    return text.strip() if text else ""


def said(field: Field) -> str:
    """What was typed, "" for nothing."""
    return str(field.data or "")


def both(chinese: Field, english: Field) -> Bilingual:
    """A text as it was typed in two languages."""
    return Bilingual(said(chinese), said(english))


def free(form: Form) -> bool:
    """Whether nothing was typed into any field; a tick alone says nothing."""
    return not any(
        str(value).strip()
        for field in form
        if not isinstance(field.widget, CheckboxInput)
        for value in field.raw_data or ()
    )


def line(label: Text, *, most: int, hint: Text | None = None, required: bool = False) -> StringField:
    """A text of one line, at most so many characters long."""
    return StringField(
        later(label),
        description=later(hint) if hint else "",
        filters=[trimmed],
        validators=[*([DataRequired(message=FILL_IN)] if required else [Optional()]), at_most(most)],
        render_kw={"maxlength": most},
    )


def lines(label: Text, hint: Text | None = None) -> TextAreaField:
    """A text of several lines."""
    return TextAreaField(
        later(label),
        description=later(hint) if hint else "",
        filters=[trimmed],
        validators=[Optional(), at_most(4000)],
        render_kw={"rows": 4},
    )


class Moment(DateTimeLocalField):
    """A moment as clocks in China show it; kept as an aware one."""

    def __init__(self, label: Text, **given: Any) -> None:
        super().__init__(
            later(label), format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **given
        )

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed, in the zone people read."""
        typed = [value for value in valuelist if value.strip()]
        if not typed:
            self.data = None
            return
        try:
            super().process_formdata(typed)
        except ValueError:
            raise ValueError(_("Give a date and a time, such as 2027-05-01 09:00.")) from None
        if self.data is not None:
            self.data = self.data.replace(tzinfo=ZONE)

    def process_data(self, value: datetime | None) -> None:
        """Show a stored moment as clocks in China do."""
        self.data = value.astimezone(ZONE) if value else None


class Day(DateField):
    """A day; complains in the reader's words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a day, or nothing."""
        typed = [value.strip() for value in valuelist if value.strip()]
        self.data: date | None = None
        if typed:
            try:
                super().process_formdata(typed)
            except ValueError:
                raise ValueError(_("Give a date, such as 2027-05-01.")) from None


class Hour(TimeField):
    """An hour of the day; complains in the reader's words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read an hour, with seconds or without."""
        typed = [value[:5] for value in valuelist if value.strip()]
        self.data = None
        if typed:
            try:
                super().process_formdata(typed)
            except ValueError:
                raise ValueError(_("Give an hour, such as 09:00.")) from None


class Yuan(StringField):
    """An amount in yuan, kept as fen."""

    fen: int | None = None

    def process_data(self, value: int | None) -> None:
        """Show an amount in fen."""
        self.fen = value
        self.data = (
            "" if value is None else f"{value // _FEN}" + (f".{value % _FEN:02}" if value % _FEN else "")
        )

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read an amount in yuan, with or without thousands set apart."""
        self.data = valuelist[0].strip() if valuelist else ""
        self.fen = None
        if not self.data:
            return
        try:
            amount = Decimal(self.data.replace(",", "").replace("，", "")) * _FEN
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount < _MOST_FEN:
            raise ValueError(_("Write an amount in yuan, such as 500 or 1280.50."))
        self.fen = int(amount)


def yuan_between(least: int, most: int) -> Callable[[Form, Yuan], None]:
    """Refuse an amount outside this span, in fen; it is said in yuan."""

    def check(_form: Form, field: Yuan) -> None:
        if field.fen is not None and not least <= field.fen <= most:
            raise ValidationError(_("From %(least)s to %(most)s.", least=Money(least), most=Money(most)))

    return check


class Degrees(StringField):
    """A latitude or longitude in decimal degrees."""

    degrees: float | None = None

    def __init__(self, label: Text, *, most: int, **given: Any) -> None:
        super().__init__(later(label), **given)
        self._most = most

    def process_data(self, value: float | None) -> None:
        """Show a stored position."""
        self.degrees = value
        self.data = "" if value is None else str(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a position, or nothing."""
        self.data = valuelist[0].strip() if valuelist else ""
        self.degrees = None
        if not self.data:
            return
        try:
            degrees = float(self.data)
        except ValueError:
            degrees = float("nan")
        if not abs(degrees) <= self._most:
            raise ValueError(_("Write degrees, such as 38.59, from -%(most)s to %(most)s.", most=self._most))
        self.degrees = degrees


class Texts(TextAreaField):
    """Several short texts, one a line; kept as a list."""

    listed: tuple[str, ...] = ()

    def __init__(self, *args: Any, most: int, **given: Any) -> None:
        super().__init__(*args, **given)
        self._most = most

    def process_data(self, value: Any) -> None:
        """Show a stored list."""
        self.listed = tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()
        self.data = "\n".join(self.listed)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a list; lines left free are none."""
        self.data = valuelist[0] if valuelist else ""
        self.listed = tuple(each.strip() for each in self.data.splitlines() if each.strip())
        if len(self.listed) > _LONGEST_LIST:
            raise ValueError(_("At most %(most)s lines.", most=_LONGEST_LIST))
        if any(len(each) > self._most for each in self.listed):
            raise ValueError(_("At most %(most)s characters a line.", most=self._most))


class Menu(SelectField):
    """One of a list; complains in the reader's words."""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - given by name
        """Refuse what is not on the list."""
        if self.data not in _values(self):
            raise ValidationError(str(NOT_LISTED))


class Ticks(SelectMultipleField):
    """Several of a list, each by a tick of its own."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - given by name
        """Refuse what is not on the list."""
        if set(self.data or ()) - _values(self):
            raise ValidationError(str(NOT_LISTED))


def _values(field: SelectField | SelectMultipleField) -> set[str]:
    offered: Any = field.choices or ()
    return {choice.value for choice in offered}
