"""The kind's settings: who comes first, which aims, which limits; the form is built from what the kind describes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    BooleanField,
    Field,
    HiddenField,
    SelectChoice,
)
from wtforms.validators import InputRequired

from eventhub.domain.facts import ProgrammeFacts
from eventhub.i18n import N_, _
from eventhub.kinds import Kind, SettingField
from eventhub.web.forms.allocation import WholeNumber, between
from eventhub.web.forms.fields import later
from eventhub.web.forms.programme.fields import FILL_IN, Menu, Yuan, yuan_between


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
            field = form[setting.key]
            values[setting.key] = field.fen if isinstance(field, Yuan) else field.data
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
        return {setting.key: Menu(label, description=hint, choices=menu)}
    if setting.answer == "order":
        return {
            _place(setting.key, place): Menu(later(N_("Place %(place)s", place=place + 1)), choices=menu)
            for place in range(len(setting.choices))
        }
    if setting.answer == "money":
        return {
            setting.key: Yuan(
                label,
                description=hint,
                validators=[
                    InputRequired(message=FILL_IN),
                    yuan_between(setting.minimum, setting.maximum),
                ],
            )
        }
    return {
        setting.key: WholeNumber(
            label,
            description=hint,
            validators=[
                InputRequired(message=FILL_IN),
                between(setting.minimum, setting.maximum),
            ],
        )
    }
