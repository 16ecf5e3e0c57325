"""What an organiser fills in to have places given out, to fix one by hand, and to make a result public."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    Field,
    Form,
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Optional, ValidationError

from eventhub.domain.facts import OptionFacts
from eventhub.domain.when import When
from eventhub.i18n import N_, _
from eventhub.web.forms.fields import NOT_LISTED, later

NOWHERE = "-"
"""What a pin's form sends for “no place at all”."""
LONGEST_REASON = 500
MOST_SECONDS = 86_400
MOST_SEED = 2**63 - 1
"""Wide bounds of a form; the service names the ones in force."""


_FILL_IN = later(N_("Please fill this in."))


def at_most(most: int) -> Callable[[Form, Field], None]:
    """Refuse a text longer than this. WTForms' own check cannot say a text that waits for its reader."""

    def check(_form: Form, field: Field) -> None:
        if len(str(field.data or "")) > most:
            raise ValidationError(_("At most %(most)s characters.", most=most))

    return check


def between(least: int, most: int) -> Callable[[Form, Field], None]:
    """Refuse a number outside this span; nothing typed is for others to judge."""

    def check(_form: Form, field: Field) -> None:
        if field.data is not None and not least <= field.data <= most:
            raise ValidationError(_("From %(least)s to %(most)s.", least=least, most=f"{most:,}"))

    return check


class WholeNumber(IntegerField):
    """A whole number that complains in the reader's words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep what was typed, so that it can be shown again."""
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            self.data = int(valuelist[0].strip())
        except ValueError:
            self.data = None
            raise ValueError(_("Write a whole number, such as 60.")) from None


class RunForm(FlaskForm):  # type: ignore[misc]
    """One asking of the solver."""

    seconds = WholeNumber(
        later(N_("Time for the search")),
        default=60,
        description=later(
            N_(
                "In seconds. It ends sooner if the best result is proved; a stopped one keeps the best so far."
            )
        ),
        validators=[InputRequired(message=_FILL_IN), between(1, MOST_SECONDS)],
    )
    seed = WholeNumber(
        later(N_("Seed of the draw")),
        description=later(
            N_(
                "Leave it empty: the draw published before holds, or a new one is drawn. Anybody can check it."
            )
        ),
        validators=[Optional(), between(0, MOST_SEED)],
    )


class _Menu(SelectField):
    """One of a list; complains in the reader's words."""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - given by name
        """Refuse what is not on the list."""
        offered: Any = self.choices or ()
        if self.data and self.data not in {choice.value for choice in offered}:
            raise ValidationError(str(NOT_LISTED))


class PinForm(FlaskForm):  # type: ignore[misc]
    """A party's place fixed by hand."""

    party = HiddenField()
    option = _Menu(
        later(N_("Place")), validators=[DataRequired(message=later(N_("Choose one of the options.")))]
    )
    reason = TextAreaField(
        later(N_("Reason")),
        description=later(N_("It stands in the journal, for everybody who looks at this later.")),
        validators=[
            DataRequired(message=later(N_("Say why, for everybody who looks at it later."))),
            at_most(LONGEST_REASON),
        ],
        render_kw={"rows": 3, "maxlength": LONGEST_REASON},
    )

    def offer(self, options: Iterable[OptionFacts], ranked: Collection[str] = ()) -> PinForm:
        """Let it choose among these options, or none: the party's own choices first, the others by month."""
        options = sorted(options, key=lambda each: (each.first_day, each.code))
        own = sorted(
            (each for each in options if each.code in ranked), key=lambda each: list(ranked).index(each.code)
        )
        self.option.choices = [
            SelectChoice("", later(N_("Choose …"))),
            SelectChoice(NOWHERE, later(N_("No place: leave this party out"))),
            *(_choice(each, str(N_("Their choices"))) for each in own),
            *(_choice(each, f"{each.first_day:%Y-%m}") for each in options if each.code not in ranked),
        ]
        return self


def _choice(option: OptionFacts, group: str) -> SelectChoice:
    said = f"{option.title} · {When(option.first_day, option.last_day)}"
    return SelectChoice(option.code, said, optgroup=group)


class PublishForm(FlaskForm):  # type: ignore[misc]
    """A result made public. ``number`` is the version it is to become, so that a second press changes nothing."""

    run = HiddenField(validators=[DataRequired()])
    number = HiddenField(validators=[DataRequired()])
    reason = StringField(
        later(N_("Reason for this version")),
        description=later(N_("One line, for the history and for whoever is moved: what changed and why.")),
        validators=[at_most(LONGEST_REASON)],
        render_kw={"maxlength": LONGEST_REASON},
    )


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """A step that the person concerned is told the reason of."""

    reason = TextAreaField(
        later(N_("Reason")),
        description=later(N_("The person reads it: say what is wrong and what to do.")),
        validators=[
            DataRequired(message=later(N_("Give the reason: the person will read it."))),
            at_most(LONGEST_REASON),
        ],
        render_kw={"rows": 3, "maxlength": LONGEST_REASON},
    )
