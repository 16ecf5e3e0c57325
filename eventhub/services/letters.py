"""Put letters into the outbox, in the transaction of what they tell of; the worker sends them afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import uuid4

from babel.dates import format_datetime
from flask import current_app
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.config import Settings
from eventhub.delivery import letters as delivery
from eventhub.delivery.letters import ChangedLetter, Content, ReceivedLetter, ReturnedLetter
from eventhub.domain.calendar_entry import Mailbox
from eventhub.domain.facts import Actor, Person, ProgrammeFacts
from eventhub.domain.identity import told_apart
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import LIVE, LetterState, Role
from eventhub.domain.wording import Listing
from eventhub.i18n import DEFAULT_LOCALE, N_, _, babel_locale, current_locale, use_locale
from eventhub.models.accounts import Account
from eventhub.models.invites import Letter
from eventhub.models.registrations import Party
from eventhub.queries.reasons import Sentences

CONTENTS: dict[str, type[Content]] = {
    each.name: each
    for each in vars(delivery).values()
    if isinstance(each, type) and issubclass(each, Content) and each is not Content
}


@dataclass(frozen=True)
class Recipient:
    """Whom a letter about somebody goes to; without an address it is a slip to be printed."""

    name: str
    address: str | None
    locale: str = DEFAULT_LOCALE
    account_id: int | None = None
    stands_in: bool = False
    """An officer, who reads this because nobody nearer to whom it concerns can be written to."""


def queue(
    session: Session,
    content: Content,
    *,
    to: Recipient,
    at: datetime,
    programme_id: int | None = None,
) -> Letter:
    """Write a letter into the outbox, its words fixed now in its reader's language."""
    row = Letter(
        name=content.name,
        programme_id=programme_id,
        account_id=to.account_id,
        recipient_name=to.name,
        recipient_address=to.address,
        locale=to.locale,
        context=spoken(content, to.locale),
        message_id=f"<{uuid4()}@{message_domain()}>",
        created_at=at,
        state=LetterState.QUEUED if to.address else LetterState.PRINT,
    )
    session.add(row)
    return row


def spoken(content: Content, locale: str) -> dict[str, Any]:
    """The content as plain JSON, said in a language, so that a second try says the same."""
    with use_locale(locale):
        return {field.name: _plain(getattr(content, field.name)) for field in fields(content)}


def content_of(letter: Letter) -> Content:
    """The content of a letter as it was put into the outbox."""
    shape = CONTENTS[letter.name]
    known = {field.name for field in fields(shape)}
    values = {name: _back(value) for name, value in letter.context.items() if name in known}
    return shape(**values)


def mailbox_of_the_house() -> Mailbox:
    """The mailbox that invites, and that answers come back to."""
    settings: Settings = current_app.extensions["settings"]
    return Mailbox(name=settings.organizer_name, address=settings.organizer_address)


def message_domain() -> str:
    """The domain of message ids: the sender's."""
    settings = current_app.extensions["settings"]
    return str((settings.mail_sender or settings.organizer_address).rpartition("@")[2])


def received(
    session: Session,
    party: Party,
    programme: ProgrammeFacts,
    *,
    by: Actor,
    at: datetime,
    changed: bool = False,
) -> None:
    """Tell whoever signed up alone that it has arrived, or that it was ``changed`` and what stands now.

    An officer's list is answered on its own page.
    """
    account = party.account or session.get(Account, by.account_id)
    if account is None or not account.email or by.is_a(Role.OFFICER):
        return
    known = programme.option_by_code
    settings = current_app.extensions["settings"]
    with use_locale(account.locale):
        shape = ChangedLetter if changed else ReceivedLetter
        content = shape(
            greeting=account.name,
            url=f"{settings.base_url}/my/registrations/{party.code}",
            contact_name=programme.contact_name,
            contact_phone=programme.contact_phone,
            programme=programme.title,
            number=party.code,
            who=_who(party, programme),
            choices=[
                known[each.option.code].title for each in party.preferences if each.option.code in known
            ],
            closes=_moment(programme.closes_at),
            next_step=N_(
                "The result is published on %(day)s; everybody is told.", day=_moment(programme.result_at)
            )
            if programme.result_at
            else N_("Everybody is told the result."),
        )
    queue(
        session,
        content,
        to=Recipient(account.name, account.email, account.locale, account.id),
        at=at,
        programme_id=party.programme_id,
    )


def returned(session: Session, party: Party, programme: ProgrammeFacts, *, reason: str, at: datetime) -> None:
    """Tell whoever signed up, for nobody else can change it, what is to be changed; a slip where they have no address."""
    account = party.account
    if account is None:
        return
    settings = current_app.extensions["settings"]
    with use_locale(account.locale):
        content = ReturnedLetter(
            greeting=account.name,
            url=f"{settings.base_url}/my/registrations/{party.code}",
            contact_name=programme.contact_name,
            contact_phone=programme.contact_phone,
            programme=programme.title,
            number=party.code,
            who=_who(party, programme),
            reason=reason,
            closes=_moment(programme.closes_at),
        )
    row = queue(
        session,
        content,
        to=Recipient(account.name, account.email, account.locale, account.id),
        at=at,
        programme_id=party.programme_id,
    )
    row.registration_id = next((each.id for each in party.registrations if each.state in LIVE), None)


def _who(party: Party, programme: ProgrammeFacts) -> str:
    """Everybody of a party whose registration lives, as a mail may call them."""
    kind = kinds.of(programme)
    people = [
        Person(
            code="",
            name=each.participant.name,
            birth_date=each.participant.birth_date,
            sex=each.participant.sex,
        )
        for each in party.registrations
        if each.state in LIVE
    ]
    return _names(
        [kind.calendar_name(programme, person) for person in people], [person.name for person in people]
    )


def _names(shown: Sequence[str], names: Sequence[str]) -> str:
    """Everybody of a party; who still would be called the same is counted."""
    counts = Counter(told_apart(shown, names))
    return str(
        Listing(
            tuple(
                _("%(name)s (%(count)s people)", name=name, count=count) if count > 1 else name
                for name, count in counts.items()
            )
        )
    )


def _moment(at: datetime | None) -> str:
    """A moment as the reader writes it: “2026年6月1日 周一 18:00”, “Mon 1 June 2026, 18:00”."""
    if at is None:
        return ""
    pattern = "y年M月d日 EEE HH:mm" if current_locale() == "zh" else "EEE d MMMM y, HH:mm"
    return format_datetime(at.astimezone(ZONE), pattern, tzinfo=ZONE, locale=babel_locale())


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Sentences) and len(value.parts) > 1:
        return [str(each) for each in value.parts]
    if hasattr(value, "label") and hasattr(value, "value"):
        return {"label": str(value.label), "value": str(value.value)}
    return str(value)


def _back(value: Any) -> Any:
    if isinstance(value, Mapping):
        return delivery.Row(value["label"], value["value"])
    if isinstance(value, list):
        return tuple(_back(each) for each in value)
    return value
