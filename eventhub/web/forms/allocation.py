"""What an organiser fills in to have places given out, to fix one by hand, and to make a result public."""

from __future__ import annotations

from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from eventhub.domain.facts import OptionFacts
from eventhub.domain.when import When
from eventhub.i18n import N_
from eventhub.web.forms.fields import later

NOWHERE = "-"
"""What a pin's form sends for “no place at all”."""
LONGEST_REASON = 500


_FILL_IN = later(N_("Please fill this in."))
_WHOLE = later(N_("Write a whole number, such as 60."))


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
            raise ValueError(_WHOLE) from None


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
        validators=[InputRequired(message=_FILL_IN), NumberRange(min=1, message=_WHOLE)],
    )
    seed = WholeNumber(
        later(N_("Seed of the draw")),
        description=later(
            N_(
                "Leave it empty: the draw published before holds, or a new one is drawn. Anybody can check it."
            )
        ),
        validators=[Optional(), NumberRange(min=0, message=_WHOLE)],
    )


class PinForm(FlaskForm):  # type: ignore[misc]
    """A party's place fixed by hand."""

    party = HiddenField()
    option = SelectField(
        later(N_("Place")), validators=[DataRequired(message=later(N_("Choose one of the options.")))]
    )
    reason = TextAreaField(
        later(N_("Reason")),
        description=later(N_("It stands in the journal, for everybody who looks at this later.")),
        validators=[
            DataRequired(message=later(N_("Say why, for everybody who looks at it later."))),
            Length(max=LONGEST_REASON, message=later(N_("At most 500 characters."))),
        ],
        render_kw={"rows": 3, "maxlength": LONGEST_REASON},
    )

    def offer(self, options: Iterable[OptionFacts]) -> PinForm:
        """Let it choose among these options, or none."""
        self.option.choices = [
            SelectChoice("", later(N_("Choose …"))),
            *(
                SelectChoice(each.code, f"{each.title} · {When(each.first_day, each.last_day)}")
                for each in options
            ),
            SelectChoice(NOWHERE, later(N_("No place: leave this party out"))),
        ]
        return self


class PublishForm(FlaskForm):  # type: ignore[misc]
    """A result made public. ``number`` is the version it is to become, so that a second press changes nothing."""

    run = HiddenField(validators=[DataRequired()])
    number = HiddenField(validators=[DataRequired()])
    reason = StringField(
        later(N_("Reason for this version")),
        description=later(N_("One line, for the history: what changed and why.")),
        validators=[Length(max=LONGEST_REASON, message=later(N_("At most 500 characters.")))],
        render_kw={"maxlength": LONGEST_REASON},
    )


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """A step that the person concerned is told the reason of."""

    reason = TextAreaField(
        later(N_("Reason")),
        description=later(N_("The person reads it: say what is wrong and what to do.")),
        validators=[
            DataRequired(message=later(N_("Give the reason: the person will read it."))),
            Length(max=LONGEST_REASON, message=later(N_("At most 500 characters."))),
        ],
        render_kw={"rows": 3, "maxlength": LONGEST_REASON},
    )
