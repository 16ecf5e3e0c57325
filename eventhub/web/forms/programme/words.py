"""The words and dates of a programme, and its announcement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    HiddenField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import Optional, Regexp

from eventhub.domain.facts import OrganisationFacts, ProgrammeFacts
from eventhub.i18n import N_, Bilingual
from eventhub.kinds import Kind
from eventhub.web.forms.allocation import at_most
from eventhub.web.forms.fields import later
from eventhub.web.forms.programme.fields import Moment, both, line, lines, said, trimmed

_CODE = later(N_("Small letters, digits and hyphens only, such as camp-2027."))


class ProgrammeForm(FlaskForm):  # type: ignore[misc]
    """The words and dates of a programme. Kind, host and code are chosen once."""

    version = HiddenField()
    kind = SelectField(later(N_("Kind")), validators=[Optional()], validate_choice=False)
    organisation = SelectField(later(N_("Host")), validators=[Optional()], validate_choice=False)
    code = StringField(
        later(N_("Short code")),
        description=later(N_("It stands in the address of the programme and cannot be changed later.")),
        filters=[trimmed],
        validators=[
            Optional(),
            at_most(40),
            Regexp(r"^[a-z0-9][a-z0-9-]*$", message=_CODE),
        ],
        render_kw={"maxlength": 40},
    )
    title_zh = line(N_("Title in Chinese"), most=100, required=True)
    title_en = line(N_("Title in English"), most=200)
    summary_zh = lines(N_("Summary in Chinese"), N_("What it is and whom it is for, in a few sentences."))
    summary_en = lines(N_("Summary in English"))
    opens_at = Moment(N_("Sign-up opens"), validators=[Optional()])
    closes_at = Moment(N_("Sign-up closes"), validators=[Optional()])
    result_at = Moment(N_("Result is due"), validators=[Optional()])
    contact_name = line(N_("Contact: name"), most=50, required=True)
    contact_phone = line(N_("Contact: telephone"), most=30, required=True)

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
            code=said(self.code),
            kind=said(self.kind),
            title=Bilingual(""),
            summary=Bilingual(""),
            opens_at=None,
            closes_at=None,
            result_at=None,
            announced_at=None,
            contact_name="",
            contact_phone="",
            options=(),
            organisation=said(self.organisation),
        )
        return replace(
            kept,
            title=both(self.title_zh, self.title_en),
            summary=both(self.summary_zh, self.summary_en),
            opens_at=self.opens_at.data,
            closes_at=self.closes_at.data,
            result_at=self.result_at.data,
            contact_name=said(self.contact_name),
            contact_phone=said(self.contact_phone),
        )


class AnnounceForm(FlaskForm):  # type: ignore[misc]
    """Nothing but the press of a button."""
