"""One option: what it is called, when and where, how many, what it costs, and what the kind asks besides."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, cast

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    StringField,
)
from wtforms.validators import DataRequired, InputRequired, Optional, Regexp, ValidationError

from eventhub.domain.facts import OccasionFacts, OptionFacts
from eventhub.domain.particulars import changed
from eventhub.domain.phases import ZONE
from eventhub.i18n import N_, _
from eventhub.kinds import Kind
from eventhub.web.forms.allocation import WholeNumber, at_most, between
from eventhub.web.forms.fields import later
from eventhub.web.forms.programme.fields import (
    FILL_IN,
    MOST,
    Day,
    Degrees,
    Hour,
    Yuan,
    both,
    free,
    line,
    said,
    trimmed,
)
from eventhub.web.forms.programme.particulars import filled, part_form, shown

_NORTH, _EAST = 90, 180


class OccasionForm(Form):
    """One date with its place. A line left free throughout is none; one ticked for removal is not looked at."""

    needed = False
    """Whether it must be filled in: there is no other one."""

    first_day: Day
    last_day: Day
    starts: Hour | None = None
    ends: Hour | None = None
    place_zh = line(N_("Place in Chinese"), most=200, required=True)
    place_en = line(N_("Place in English"), most=200)
    meeting_zh = line(N_("Meeting point in Chinese"), most=200)
    meeting_en = line(N_("Meeting point in English"), most=200)
    latitude = Degrees(N_("Latitude"), most=_NORTH)
    longitude = Degrees(N_("Longitude"), most=_EAST)
    remove = BooleanField(later(N_("Take this date away")))

    @property
    def counts(self) -> bool:
        """Whether it is an occasion of the option as filled in."""
        return not self.remove.data and (self.needed or not free(self))

    @property
    def spare(self) -> bool:
        """Whether it is a free line, offered for one date more."""
        return self.first_day.data is None and free(self)

    def validate(self, extra_validators: Any = None) -> bool:
        """Besides each field by itself: ends that follow beginnings, and both of what comes in twos."""
        if self.remove.data and self.needed:
            self.remove.errors = [_("One date must stay.")]
            return False
        if not self.counts:
            return True
        good = bool(super().validate(extra_validators))
        return all([good, self._good_hours(), self._good_position()])

    def validate_last_day(self, field: Field) -> None:
        """It ends after it begins."""
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError(_("The last day lies before the first."))

    def _good_hours(self) -> bool:
        if self.starts is None or self.ends is None:
            return True
        starts, ends = self.starts.data, self.ends.data
        same_day = self.first_day.data and self.first_day.data == self.last_day.data
        if (starts is None) != (ends is None):
            wrong = _("Give both hours, or neither for whole days.")
        elif starts is not None and ends is not None and same_day and ends <= starts:
            wrong = _("It ends before it begins.")
        else:
            return True
        if not self.starts.errors and not self.ends.errors:
            self.ends.errors = [wrong]
        return False

    def _good_position(self) -> bool:
        if bool(self.latitude.data) == bool(self.longitude.data):
            return True
        self.longitude.errors = [*self.longitude.errors, _("Give both latitude and longitude, or neither.")]
        return False

    def facts(self) -> OccasionFacts:
        """The occasion as filled in."""
        starts, ends = (field.data if field is not None else None for field in (self.starts, self.ends))
        return OccasionFacts(
            starts=_moment(self.first_day.data, starts),
            ends=_moment(self.last_day.data, ends),
            place=both(self.place_zh, self.place_en),
            meeting_point=both(self.meeting_zh, self.meeting_en),
            latitude=self.latitude.degrees,
            longitude=self.longitude.degrees,
        )


class OptionForm(FlaskForm):  # type: ignore[misc]
    """The base of the form of an option, to which :func:`option_form` adds what its kind says."""

    kind: Kind
    cost: Yuan | None = None
    head_cost: Yuan | None = None
    item: StringField
    item_title_zh: StringField
    item_title_en: StringField
    occasions: FieldList[Any]
    details: FormField[Any]

    version = HiddenField()
    code = StringField(
        later(N_("Short code")),
        description=later(N_("Short and unchanging, such as B1.")),
        filters=[trimmed],
        validators=[
            DataRequired(message=FILL_IN),
            at_most(40),
            Regexp(
                r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
                message=later(N_("Letters, digits, points and hyphens only.")),
            ),
        ],
        render_kw={"maxlength": 40},
    )
    title_zh = line(N_("Title in Chinese"), most=100, required=True)
    title_en = line(N_("Title in English"), most=200)
    capacity = WholeNumber(
        later(N_("Places")),
        description=later(N_("Leave it empty where any number can come.")),
        validators=[Optional(), between(0, MOST)],
    )
    minimum = WholeNumber(
        later(N_("Runs from")),
        default=0,
        description=later(N_("With fewer people it does not run.")),
        validators=[Optional(), between(0, MOST)],
    )
    reason = line(N_("Reason for the change"), most=500, hint=N_("For the journal."))

    def validate(self, extra_validators: Any = None) -> bool:
        """Besides each field by itself: at least one date stays."""
        dates = [each.form for each in self.occasions]
        if not any(each.counts for each in dates):
            dates[0].needed = True
        return bool(super().validate(extra_validators))

    def facts(self, option: OptionFacts | None) -> OptionFacts:
        """The option as filled in; what the form does not ask is kept. Dates stand in their order."""
        dates = [each.form.facts() for each in self.occasions if each.form.counts]
        kept = option.details if option else {}
        return OptionFacts(
            code=said(self.code),
            title=both(self.title_zh, self.title_en),
            capacity=self.capacity.data,
            minimum=self.minimum.data or 0,
            occasions=tuple(sorted(dates, key=lambda each: each.starts.isoformat())),
            item=said(self.item),
            item_title=both(self.item_title_zh, self.item_title_en),
            place_code=option.place_code if option else "",
            cost_fen=_amount(self.cost, option.cost_fen if option else 0),
            head_cost_fen=_amount(self.head_cost, option.head_cost_fen if option else 0),
            details=changed(kept, self.kind.particulars, filled(self.kind.particulars, self.details.form)),
        )


def option_form(kind: Kind) -> type[OptionForm]:
    """The form of an option of this kind, in the kind's words."""
    words = kind.words
    members: dict[str, Any] = {
        "kind": kind,
        **_item(kind),
        "occasions": FieldList(FormField(_occasion_form(kind)), min_entries=1),
        "details": FormField(part_form(kind.particulars)),
    }
    if words.cost is not None:
        members["cost"] = Yuan(later(words.cost), validators=[Optional()])
    if words.head_cost is not None:
        members["head_cost"] = Yuan(later(words.head_cost), validators=[Optional()])
    return cast("type[OptionForm]", type("KindOptionForm", (OptionForm,), members))


def _item(kind: Kind) -> dict[str, Any]:
    """What the option is a part of; needed where people choose an item first."""
    told = {"item": kind.words.item, "options": kind.words.options}
    return {
        "item": line(
            N_("Code (%(item)s)", **told),
            most=40,
            hint=N_("All %(options)s of one code are shown together and give one place a person.", **told),
            required=kind.choose_item,
        ),
        "item_title_zh": line(N_("Title in Chinese (%(item)s)", **told), most=100, required=kind.choose_item),
        "item_title_en": line(N_("Title in English (%(item)s)", **told), most=200),
    }


def blank_data(kind: Kind, version: int) -> dict[str, Any]:
    """The form's data for an option that there is not yet."""
    return {"version": str(version), "occasions": [{}], "details": shown(kind.particulars, {})}


def option_data(kind: Kind, option: OptionFacts, version: int) -> dict[str, Any]:
    """An option as the form's data, with a free line for another date."""
    return {
        "version": str(version),
        "code": option.code,
        "title_zh": option.title.zh,
        "title_en": option.title.en,
        "item": option.item,
        "item_title_zh": option.item_title.zh,
        "item_title_en": option.item_title.en,
        "capacity": option.capacity,
        "minimum": option.minimum,
        "cost": option.cost_fen or None,
        "head_cost": option.head_cost_fen or None,
        "occasions": [*(_occasion_data(each) for each in option.occasions), {}],
        "details": shown(kind.particulars, option.details),
    }


def _occasion_form(kind: Kind) -> type[Form]:
    words = kind.words
    members: dict[str, Any] = {
        "first_day": Day(later(words.first_day), validators=[InputRequired(message=FILL_IN)]),
        "last_day": Day(later(words.last_day), validators=[InputRequired(message=FILL_IN)]),
    }
    if kind.timed is not False:
        needed = InputRequired(message=FILL_IN) if kind.timed else Optional()
        members["starts"] = Hour(later(N_("Begins at")), validators=[needed])
        members["ends"] = Hour(later(N_("Ends at")), validators=[needed])
    return type("KindOccasionForm", (OccasionForm,), members)


def _occasion_data(occasion: OccasionFacts) -> dict[str, Any]:
    return {
        "first_day": occasion.first_day,
        "last_day": occasion.last_day,
        "starts": _hour(occasion.starts),
        "ends": _hour(occasion.ends),
        "place_zh": occasion.place.zh,
        "place_en": occasion.place.en,
        "meeting_zh": occasion.meeting_point.zh,
        "meeting_en": occasion.meeting_point.en,
        "latitude": occasion.latitude,
        "longitude": occasion.longitude,
    }


def _amount(field: Yuan | None, kept: int) -> int:
    return kept if field is None else field.fen or 0


def _hour(moment: date | datetime) -> time | None:
    return moment.astimezone(ZONE).time() if isinstance(moment, datetime) else None


def _moment(day: date | None, hour: time | None) -> date | datetime:
    if day is None:
        raise ValueError("The form was not checked before it was read.")
    return datetime.combine(day, hour, tzinfo=ZONE) if hour is not None else day
