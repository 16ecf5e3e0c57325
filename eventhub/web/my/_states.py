"""Say in one sentence what a state means for the reader, and what happens next and when."""

from __future__ import annotations

from datetime import datetime

from eventhub.domain.phases import phase_of
from eventhub.domain.terms import Phase, RegistrationState
from eventhub.i18n import N_, Text
from eventhub.queries.registrations import PartyRow
from eventhub.web.formats import day, moment


class _Moment:
    """A moment in a sentence, said in the language the sentence is said in."""

    def __init__(self, at: datetime | None, *, hours: bool = True) -> None:
        self._at, self._hours = at, hours

    def __str__(self) -> str:
        if self._at is None:
            return str(N_("a day still to be announced"))
        return moment(self._at) if self._hours else day(self._at)


def what_next(row: PartyRow, at: datetime) -> Text:
    """The one sentence below a state."""
    return _SENTENCES[row.state](row, at)


def _draft(row: PartyRow, at: datetime) -> Text:
    if phase_of(row.programme, at) is Phase.OPEN:
        return N_(
            "It counts only once it is sent. Finish and send it before %(closes)s.",
            closes=_Moment(row.programme.closes_at),
        )
    return N_("Sign-up closed before this was sent, so it does not count.")


def _submitted(row: PartyRow, at: datetime) -> Text:
    programme = row.programme
    phase = phase_of(programme, at)
    result = _Moment(programme.result_at, hours=False)
    if phase is Phase.OPEN:
        return N_(
            "You may change or withdraw it until %(closes)s. Places are given out after that; the result is due on"
            " %(result)s.",
            closes=_Moment(programme.closes_at),
            result=result,
        )
    if phase in {Phase.PUBLISHED, Phase.OVER}:
        return N_("It is not part of the published result. Ask the contact person.")
    return N_(
        "Sign-up is closed and places are being given out. The result is due on %(result)s; you get a message.",
        result=result,
    )


def _returned(row: PartyRow, at: datetime) -> Text:
    if phase_of(row.programme, at) is Phase.OPEN:
        return N_(
            "Change it as asked and send it again before %(closes)s; otherwise it does not count.",
            closes=_Moment(row.programme.closes_at),
        )
    return N_("It was to be changed and was not sent again before sign-up closed. Call the contact person.")


def _allotted(row: PartyRow, at: datetime) -> Text:
    if phase_of(row.programme, at) is Phase.OVER:
        return N_("This programme is over.")
    return N_(
        "You have a place. If you cannot come, withdraw as early as you can, so that somebody else may have it."
    )


def _waitlisted(row: PartyRow, _at: datetime) -> Text:
    position = next((each.published.position for each in row.members if each.published), None)
    if position is None:
        return N_(
            "Places that become free are given out by the organiser in a later version of the result; if you get one, you"
            " are told. You may leave the list at any time."
        )
    return N_(
        "You are number %(position)s on the waiting list. Places that become free are given out by the organiser in a later"
        " version of the result; if you get one, you are told. You may leave the list at any time.",
        position=position,
    )


def _not_selected(_row: PartyRow, _at: datetime) -> Text:
    return N_(
        "There was no place for you this time. The reason is below; the contact person answers questions."
    )


def _withdrawn(row: PartyRow, at: datetime) -> Text:
    if phase_of(row.programme, at) is Phase.OPEN:
        return N_("You gave it up. While sign-up is open you may sign up again.")
    return N_("You gave it up.")


def _cancelled(_row: PartyRow, _at: datetime) -> Text:
    return N_("The organiser ended it. The reason is below; the contact person answers questions.")


_SENTENCES = {
    RegistrationState.DRAFT: _draft,
    RegistrationState.SUBMITTED: _submitted,
    RegistrationState.RETURNED: _returned,
    RegistrationState.ALLOTTED: _allotted,
    RegistrationState.WAITLISTED: _waitlisted,
    RegistrationState.NOT_SELECTED: _not_selected,
    RegistrationState.WITHDRAWN: _withdrawn,
    RegistrationState.CANCELLED: _cancelled,
}
