"""What an organiser fills in to set up a programme: its dates and words, the kind's settings, options, money, quotas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    BooleanField,
    DateField,
    DateTimeLocalField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Optional,
    Regexp,
    ValidationError,
)

from eventhub.domain.facts import (
    OccasionFacts,
    OptionFacts,
    OrganisationFacts,
    ProgrammeFacts,
    QuotaFacts,
    SourceFacts,
)
from eventhub.domain.phases import ZONE
from eventhub.i18n import N_, Bilingual, Text, _
from eventhub.kinds import Kind, SettingField
from eventhub.web.forms.allocation import WholeNumber, at_most, between
from eventhub.web.forms.fields import later

_FILL_IN = later(N_("Please fill this in."))
_CODE = later(N_("Small letters, digits and hyphens only, such as camp-2027."))
FEN = 100
MOST = 1_000_000
SPARE_ROWS = 2
"""Empty lines offered below those that are filled in."""


def _trimmed(text: str | None) -> str:
    return text.strip() if text else ""


def _said(field: Field) -> str:
    """What was typed, "" for nothing."""
    return str(field.data or "")


def _both(chinese: Field, english: Field) -> Bilingual:
    return Bilingual(_said(chinese), _said(english))


def _line(label: Text, *, most: int, hint: Text | None = None, required: bool = False) -> StringField:
    return StringField(
        later(label),
        description=later(hint) if hint else "",
        filters=[_trimmed],
        validators=[
            *([DataRequired(message=_FILL_IN)] if required else [Optional()]),
            at_most(most),
        ],
        render_kw={"maxlength": most},
    )


def _lines(label: Text, hint: Text | None = None) -> TextAreaField:
    return TextAreaField(
        later(label),
        description=later(hint) if hint else "",
        filters=[_trimmed],
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
        """Read a day."""
        try:
            super().process_formdata(valuelist)
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
        self.data = "" if value is None else f"{value // FEN}" + (f".{value % FEN:02}" if value % FEN else "")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read an amount in yuan, with or without thousands set apart."""
        self.data = valuelist[0].strip() if valuelist else ""
        self.fen = None
        if not self.data:
            return
        try:
            amount = Decimal(self.data.replace(",", "").replace("，", "")) * FEN
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount < 10**13:
            raise ValueError(_("Write an amount in yuan, such as 500 or 1280.50."))
        self.fen = int(amount)


class ProgrammeForm(FlaskForm):  # type: ignore[misc]
    """The words and dates of a programme. Kind, host and code are chosen once."""

    version = HiddenField()
    kind = SelectField(later(N_("Kind")), validators=[Optional()], validate_choice=False)
    organisation = SelectField(later(N_("Host")), validators=[Optional()], validate_choice=False)
    code = StringField(
        later(N_("Short code")),
        description=later(N_("It stands in the address of the programme and cannot be changed later.")),
        filters=[_trimmed],
        validators=[
            Optional(),
            at_most(40),
            Regexp(r"^[a-z0-9][a-z0-9-]*$", message=_CODE),
        ],
        render_kw={"maxlength": 40},
    )
    title_zh = _line(N_("Title in Chinese"), most=100, required=True)
    title_en = _line(N_("Title in English"), most=200)
    summary_zh = _lines(N_("Summary in Chinese"), N_("What it is and whom it is for, in a few sentences."))
    summary_en = _lines(N_("Summary in English"))
    opens_at = Moment(N_("Sign-up opens"), validators=[Optional()])
    closes_at = Moment(N_("Sign-up closes"), validators=[Optional()])
    result_at = Moment(N_("Result is due"), validators=[Optional()])
    contact_name = _line(N_("Contact: name"), most=50, required=True)
    contact_phone = _line(N_("Contact: telephone"), most=30, required=True)

    def choose_among(self, kinds: Iterable[Kind], hosts: Iterable[OrganisationFacts]) -> ProgrammeForm:
        """Offer the kinds there are, and the organisations the organiser answers for."""
        self.kind.choices = [
            SelectChoice("", later(N_("Choose …"))),
            *(SelectChoice(kind.key, later(kind.words.kind)) for kind in kinds),
        ]
        self.organisation.choices = [SelectChoice(host.code, str(host.name)) for host in hosts]
        return self

    def fill(self, programme: ProgrammeFacts, version: int) -> ProgrammeForm:
        """Show a programme as it stands."""
        values = {
            "version": str(version),
            "kind": programme.kind,
            "organisation": programme.organisation,
            "code": programme.code,
            "title_zh": programme.title.zh,
            "title_en": programme.title.en,
            "summary_zh": programme.summary.zh,
            "summary_en": programme.summary.en,
            "opens_at": programme.opens_at,
            "closes_at": programme.closes_at,
            "result_at": programme.result_at,
            "contact_name": programme.contact_name,
            "contact_phone": programme.contact_phone,
        }
        for name, value in values.items():
            self[name].process_data(value)
        return self

    def facts(self, programme: ProgrammeFacts | None = None) -> ProgrammeFacts:
        """The programme with what was filled in; a new one where none is given."""
        kept = programme or ProgrammeFacts(
            code=_said(self.code),
            kind=_said(self.kind),
            title=Bilingual(""),
            summary=Bilingual(""),
            opens_at=None,
            closes_at=None,
            result_at=None,
            announced_at=None,
            contact_name="",
            contact_phone="",
            options=(),
            organisation=_said(self.organisation),
        )
        return replace(
            kept,
            title=_both(self.title_zh, self.title_en),
            summary=_both(self.summary_zh, self.summary_en),
            opens_at=self.opens_at.data,
            closes_at=self.closes_at.data,
            result_at=self.result_at.data,
            contact_name=_said(self.contact_name),
            contact_phone=_said(self.contact_phone),
        )


class AnnounceForm(FlaskForm):  # type: ignore[misc]
    """Nothing but the press of a button."""


# -- The kind's settings -----------------------------------------------------------------------------


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """The base of the form built from a kind's settings; ``version`` guards against an unseen change."""

    version = HiddenField()


def settings_form(kind: Kind) -> type[SettingsForm]:
    """A form with a field for each setting; an ordered list is a row of menus, one a place, and needs no script."""
    members: dict[str, Any] = {}
    for setting in kind.settings:
        members.update(_setting_fields(setting))
    return type("KindSettingsForm", (SettingsForm,), members)


def fill_settings(form: SettingsForm, kind: Kind, programme: ProgrammeFacts, version: int) -> SettingsForm:
    """Show the settings as they stand."""
    form.version.process_data(str(version))
    for setting in kind.settings:
        value = kind.setting(programme, setting.key)
        if setting.answer == "order":
            for place, key in enumerate(_whole_order(setting, value)):
                form[_place(setting.key, place)].process_data(key)
        else:
            form[setting.key].process_data(value)
    return form


def read_settings(form: SettingsForm, kind: Kind) -> dict[str, Any] | None:
    """The settings as filled in, or None where an order names something twice (said at its field)."""
    values: dict[str, Any] = {}
    for setting in kind.settings:
        if setting.answer != "order":
            values[setting.key] = form[setting.key].data
            continue
        order = [form[_place(setting.key, place)].data for place in range(len(setting.choices))]
        for place, key in enumerate(order):
            if key in order[:place]:
                field = form[_place(setting.key, place)]
                field.errors = [
                    *field.errors,
                    _("Each stands once in the order; this one stands above already."),
                ]
        values[setting.key] = order
    return None if form.errors else values


def order_fields(form: SettingsForm, setting: SettingField) -> list[Field]:
    """The menus of an ordered list, first place first."""
    return [form[_place(setting.key, place)] for place in range(len(setting.choices))]


def _place(key: str, place: int) -> str:
    return f"{key}-{place + 1}"


def _whole_order(setting: SettingField, stored: Iterable[str]) -> list[str]:
    known = [key for key, _label in setting.choices]
    kept = [key for key in stored if key in known]
    return kept + [key for key in known if key not in kept]


def _setting_fields(setting: SettingField) -> dict[str, Any]:
    label = later(setting.label)
    hint = later(setting.hint) if setting.hint else ""
    menu = [SelectChoice(key, later(words)) for key, words in setting.choices]
    if setting.answer == "yes_no":
        return {setting.key: BooleanField(label, description=hint)}
    if setting.answer == "choice":
        return {setting.key: SelectField(label, description=hint, choices=menu)}
    if setting.answer == "order":
        return {
            _place(setting.key, place): SelectField(
                later(N_("Place %(place)s", place=place + 1)), choices=menu
            )
            for place in range(len(setting.choices))
        }
    return {
        setting.key: WholeNumber(
            label,
            description=hint,
            validators=[
                InputRequired(message=_FILL_IN),
                between(setting.minimum, setting.maximum),
            ],
        )
    }


# -- Options -----------------------------------------------------------------------------------------


class OptionForm(FlaskForm):  # type: ignore[misc]
    """One option: what it is called, when and where, how many, what it costs."""

    version = HiddenField()
    code = StringField(
        later(N_("Short code")),
        description=later(N_("Short and unchanging, such as B1.")),
        filters=[_trimmed],
        validators=[
            DataRequired(message=_FILL_IN),
            at_most(40),
            Regexp(
                r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
                message=later(N_("Letters, digits, points and hyphens only.")),
            ),
        ],
        render_kw={"maxlength": 40},
    )
    title_zh = _line(N_("Title in Chinese"), most=100, required=True)
    title_en = _line(N_("Title in English"), most=200)
    item = _line(
        N_("Part of (code)"),
        most=40,
        hint=N_("Options of one code are shown together and give one place a person."),
    )
    item_title_zh = _line(N_("Part of: title in Chinese"), most=100)
    item_title_en = _line(N_("Part of: title in English"), most=200)
    first_day = Day(later(N_("Day it begins")), validators=[InputRequired(message=_FILL_IN)])
    starts = Hour(later(N_("Begins at")), validators=[Optional()])
    last_day = Day(later(N_("Day it ends")), validators=[InputRequired(message=_FILL_IN)])
    ends = Hour(later(N_("Ends at")), validators=[Optional()])
    place_zh = _line(N_("Place in Chinese"), most=200, required=True)
    place_en = _line(N_("Place in English"), most=200)
    meeting_zh = _line(N_("Meeting point in Chinese"), most=200)
    meeting_en = _line(N_("Meeting point in English"), most=200)
    capacity = WholeNumber(
        later(N_("Places")),
        description=later(N_("Leave it empty where any number can come.")),
        validators=[
            Optional(),
            between(0, MOST),
        ],
    )
    minimum = WholeNumber(
        later(N_("Runs from")),
        default=0,
        description=later(N_("With fewer people it does not run.")),
        validators=[
            Optional(),
            between(0, MOST),
        ],
    )
    cost = Yuan(later(N_("Cost if it runs")), validators=[Optional()])
    head_cost = Yuan(later(N_("Cost a person")), validators=[Optional()])
    details = TextAreaField(
        later(N_("Particulars of this kind")),
        description=later(
            N_("As JSON. They come along when an option is copied; change only what you know.")
        ),
        render_kw={"rows": 8, "spellcheck": "false"},
    )
    reason = _line(N_("Reason for the change"), most=500, hint=N_("For the journal."))

    def validate_last_day(self, field: Field) -> None:
        """It ends after it begins, and hours are given for both or neither."""
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError(_("The last day lies before the first."))

    def validate(self, extra_validators: Any = None) -> bool:
        """Besides each field by itself: hours are given for both ends or neither."""
        good = bool(super().validate(extra_validators))
        starts, ends = self.starts.data, self.ends.data
        same_day = self.first_day.data and self.first_day.data == self.last_day.data
        if (starts is None) != (ends is None):
            wrong = _("Give both hours, or neither for whole days.")
        elif starts is not None and ends is not None and same_day and ends <= starts:
            wrong = _("It ends before it begins.")
        else:
            return good
        self.ends.errors = [*self.ends.errors, wrong]
        return False

    def validate_details(self, field: Field) -> None:
        """A JSON object, or nothing."""
        try:
            read = json.loads(field.data or "{}")
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise ValidationError(_("Not readable: it must be a JSON object, { … }."))

    def fill(self, option: OptionFacts, version: int) -> OptionForm:
        """Show an option as it stands."""
        occasion = option.occasions[0] if option.occasions else None
        values: dict[str, Any] = {
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
            "details": json.dumps(dict(option.details), ensure_ascii=False, indent=2),
        }
        if occasion is not None:
            values |= {
                "first_day": occasion.first_day,
                "last_day": occasion.last_day,
                "starts": _hour(occasion.starts),
                "ends": _hour(occasion.ends),
                "place_zh": occasion.place.zh,
                "place_en": occasion.place.en,
                "meeting_zh": occasion.meeting_point.zh,
                "meeting_en": occasion.meeting_point.en,
            }
        for name, value in values.items():
            self[name].process_data(value)
        return self

    def facts(self, option: OptionFacts | None) -> OptionFacts:
        """The option as filled in; what the form does not ask (coordinates, further dates) is kept."""
        old = option.occasions if option else ()
        first = OccasionFacts(
            starts=_start(self.first_day.data, self.starts.data),
            ends=_start(self.last_day.data, self.ends.data),
            place=_both(self.place_zh, self.place_en),
            meeting_point=_both(self.meeting_zh, self.meeting_en),
            latitude=old[0].latitude if old else None,
            longitude=old[0].longitude if old else None,
        )
        return OptionFacts(
            code=_said(self.code),
            title=_both(self.title_zh, self.title_en),
            capacity=self.capacity.data,
            minimum=self.minimum.data or 0,
            occasions=(first, *old[1:]),
            item=_said(self.item),
            item_title=_both(self.item_title_zh, self.item_title_en),
            place_code=option.place_code if option else "",
            cost_fen=self.cost.fen or 0,
            head_cost_fen=self.head_cost.fen or 0,
            details=json.loads(self.details.data or "{}"),
        )


def _hour(moment: date | datetime) -> time | None:
    return moment.astimezone(ZONE).time() if isinstance(moment, datetime) else None


def _start(day: date | None, hour: time | None) -> date | datetime:
    if day is None:
        raise ValueError("The form was not checked before it was read.")
    return datetime.combine(day, hour, tzinfo=ZONE) if hour is not None else day


# -- Money and quotas --------------------------------------------------------------------------------


class SourceLine(Form):
    """One fund."""

    code = StringField(later(N_("Short code")), filters=[_trimmed], render_kw={"maxlength": 40})
    name_zh = StringField(later(N_("Name in Chinese")), filters=[_trimmed], render_kw={"maxlength": 100})
    name_en = StringField(later(N_("Name in English")), filters=[_trimmed], render_kw={"maxlength": 200})
    amount = Yuan(later(N_("Granted, in yuan")))
    spill = StringField(later(N_("Excess borne by (code)")), filters=[_trimmed], render_kw={"maxlength": 40})
    holder = StringField(later(N_("Only for (unit code)")), filters=[_trimmed], render_kw={"maxlength": 32})

    @property
    def empty(self) -> bool:
        """Whether the line was left free, or emptied to take the fund away."""
        return not (self.code.data or self.name_zh.data or self.amount.data)

    def validate_name_zh(self, field: Field) -> None:
        """A fund has code, name and amount."""
        if not self.empty and not (self.code.data and field.data and self.amount.data):
            raise ValidationError(_("A fund needs code, name and amount; empty all three to remove it."))


class QuotaLine(Form):
    """The floor and ceiling of one organisation."""

    organisation = SelectField(later(N_("Unit")), validators=[Optional()])
    floor = WholeNumber(
        later(N_("At least")),
        validators=[Optional(), between(0, MOST)],
    )
    ceiling = WholeNumber(
        later(N_("At most")),
        validators=[Optional(), between(0, MOST)],
    )


class MoneyForm(FlaskForm):  # type: ignore[misc]
    """The funds and quotas of a programme, a line each."""

    version = HiddenField()
    sources = FieldList(FormField(SourceLine))
    quotas = FieldList(FormField(QuotaLine))

    def offer(self, units: Sequence[tuple[str, Bilingual]]) -> MoneyForm:
        """Let quotas be chosen among these units, by code and name."""
        menu = [SelectChoice("", "–"), *(SelectChoice(code, str(name)) for code, name in units)]
        for line in self.quotas:
            line.form.organisation.choices = menu
        return self

    def read_sources(self) -> tuple[SourceFacts, ...]:
        """The funds as filled in."""
        return tuple(
            SourceFacts(
                code=_said(line.form.code),
                name=_both(line.form.name_zh, line.form.name_en),
                amount_fen=line.form.amount.fen or 0,
                spill=line.form.spill.data or None,
                holder=line.form.holder.data or None,
            )
            for line in self.sources
            if not line.form.empty
        )

    def read_quotas(self, units: Mapping[str, Bilingual]) -> tuple[QuotaFacts, ...]:
        """The quotas as filled in; a line without a unit is none."""
        return tuple(
            QuotaFacts(
                organisation=line.form.organisation.data,
                name=units[line.form.organisation.data],
                floor=line.form.floor.data or 0,
                ceiling=line.form.ceiling.data,
            )
            for line in self.quotas
            if line.form.organisation.data in units
        )


def money_data(programme: ProgrammeFacts, version: int) -> dict[str, Any]:
    """The funds and quotas as the form's data, with empty lines to fill in."""
    sources: list[dict[str, Any]] = [
        {
            "code": each.code,
            "name_zh": each.name.zh,
            "name_en": each.name.en,
            "amount": each.amount_fen,
            "spill": each.spill or "",
            "holder": each.holder or "",
        }
        for each in programme.sources
    ]
    quotas: list[dict[str, Any]] = [
        {"organisation": each.organisation, "floor": each.floor, "ceiling": each.ceiling}
        for each in programme.quotas
    ]
    return {
        "version": str(version),
        "sources": [*sources, *({} for _spare in range(SPARE_ROWS))],
        "quotas": [*quotas, *({} for _spare in range(SPARE_ROWS))],
    }
