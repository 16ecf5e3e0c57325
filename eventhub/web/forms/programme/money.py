"""The funds a programme draws on, and the quotas of organisations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    SelectChoice,
    StringField,
)
from wtforms.validators import Optional, ValidationError

from eventhub.domain.facts import ProgrammeFacts, QuotaFacts, SourceFacts
from eventhub.i18n import N_, Bilingual, _
from eventhub.web.forms.allocation import WholeNumber, between
from eventhub.web.forms.fields import later
from eventhub.web.forms.programme.fields import MOST, SPARE_ROWS, Menu, Yuan, both, said, trimmed

_NO_BEARER = N_("No other fund")


class SourceLine(Form):
    """One fund."""

    code = StringField(later(N_("Short code")), filters=[trimmed], render_kw={"maxlength": 40})
    name_zh = StringField(later(N_("Name in Chinese")), filters=[trimmed], render_kw={"maxlength": 100})
    name_en = StringField(later(N_("Name in English")), filters=[trimmed], render_kw={"maxlength": 200})
    amount = Yuan(later(N_("Granted, in yuan")))
    spill = Menu(later(N_("Excess borne by")))
    holder = Menu(later(N_("Only for")))

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

    organisation = Menu(later(N_("Unit")))
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

    def offer(self, units: Sequence[tuple[str, Bilingual]], sources: Sequence[SourceFacts]) -> MoneyForm:
        """Let units be chosen, by code and name, and the funds there are to bear an excess."""
        of_units = _menu("–", units)
        bearers = _menu(later(_NO_BEARER), ((each.code, each.name) for each in sources))
        for quota in self.quotas:
            quota.form.organisation.choices = of_units
        for source in self.sources:
            source.form.holder.choices = _menu(later(N_("Everybody")), units)
            source.form.spill.choices = bearers
        return self

    def read_sources(self) -> tuple[SourceFacts, ...]:
        """The funds as filled in."""
        return tuple(
            SourceFacts(
                code=said(line.form.code),
                name=both(line.form.name_zh, line.form.name_en),
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


def _menu(none: str, named: Iterable[tuple[str, Bilingual]]) -> list[SelectChoice]:
    return [SelectChoice("", none), *(SelectChoice(code, str(name)) for code, name in named)]


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
