"""Put a letter into an envelope and hand it to the post: SMTP, a folder of files, memory, or nobody.

The envelope is made of what the caller keeps (Message-ID, date, calendar octets), so a second try sends the same
octets and a reader's mail program takes the two for one. Invitations follow iMIP (RFC 6047), unsigned: S/MIME is out of
scope.
"""

from __future__ import annotations

import hashlib
import os
import re
import smtplib
import ssl
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, quote
from pathlib import Path
from typing import Any, Protocol

from eventhub.delivery import characters
from eventhub.delivery.letters import Written
from eventhub.domain.calendar_entry import Mailbox
from eventhub.domain.terms import Method

PLAIN_LENGTH = 60
"""Up to so many ASCII characters a name or a subject stands as it is, on the header's first line."""

LONGEST_MESSAGE_ID = 250
"""It stands on one line, and lines of a header end at 998 octets (RFC 5322, 2.1.1)."""


class TemporaryFailure(Exception):
    """The letter could not be handed over now; the fault is not the letter's, so it is tried again."""


class SwitchedOff(TemporaryFailure):
    """Sending is switched off: the letter waits, and no try is counted."""


class PermanentFailure(Exception):
    """The post refuses this letter for good; a person has to look at it."""


class _Envelope(EmailPolicy):
    """The standard policy, but for headers with people's words in them.

    Its folding loses or adds blanks in long names, otherwise from one Python to the next (python/cpython#92081,
    #144156); the older ``email.header`` writes them right.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header as octets."""
        match name.lower():
            case "from" | "to":
                (address,) = value.addresses
                shown = _encoded(name, address.display_name, quoted=True)
                written = f"{shown}\r\n <{address.addr_spec}>" if shown else address.addr_spec
            case "subject":
                written = _encoded(name, str(value), quoted=False)
            case "message-id":
                written = str(value)
            case _:
                return super().fold_binary(name, value)
        return f"{name}: {written}\r\n".encode("ascii")


class _Headers(HeaderRegistry):
    """The standard headers, each class made once: the library makes one anew for every header of every message."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The class of the headers of this name."""
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


_POLICY = _Envelope(linesep="\r\n", max_line_length=78, header_factory=_Headers())


def compose(
    *,
    sender: Mailbox,
    recipient: Mailbox,
    written: Written,
    message_id: str,
    date: datetime,
    invitation_ics: bytes | None = None,
    method: Method | None = None,
) -> EmailMessage:
    """One message to one person: plain text, HTML and, for an invitation, the calendar part with its METHOD.

    Equal arguments make equal octets. ``message_id`` is kept with the letter, angle brackets included; ``date`` is the
    moment the letter was written. ``invitation_ics`` and ``method`` come together.
    """
    if (
        not re.fullmatch(r"<[!#-;=?A-Z^-~]+@[A-Za-z0-9.-]+>", message_id)
        or len(message_id) > LONGEST_MESSAGE_ID
    ):
        raise ValueError(f"A Message-ID has the form <left@right>, in ASCII: {message_id!r}.")
    if (invitation_ics is None) != (method is None):
        raise ValueError("A calendar part and its method come together.")
    mail = EmailMessage(_POLICY)
    mail["From"] = _address(sender)
    mail["To"] = _address(recipient)
    mail["Subject"] = _literal(written.subject)
    mail["Date"] = format_datetime(date.astimezone(UTC))
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(written.text, charset="utf-8", cte="base64")
    mail.add_alternative(written.html, subtype="html", charset="utf-8", cte="base64")
    if invitation_ics is not None and method is not None:
        _add_calendar(mail, invitation_ics, method)
    for part in mail.iter_parts():
        del part["MIME-Version"]  # it belongs to the whole
    # The library would draw the boundary by lot; base64 parts cannot hold a line that begins with "==".
    mail.set_boundary(f"=={hashlib.sha256(message_id.encode()).hexdigest()[:32]}==")
    return mail


def octets(mail: EmailMessage) -> bytes:
    """The message as it goes over the wire: ASCII, every line ended by CRLF."""
    return mail.as_bytes(policy=_POLICY)


class Mailer(Protocol):
    """A way out of the house."""

    def send(self, message: EmailMessage, *, name: str) -> None:
        """Hand the message over; ``name`` is how a file or a log calls it, letters, digits, ``.``, ``_``, ``-``.

        Raises :class:`TemporaryFailure` when another try may help, :class:`PermanentFailure` when it will not.
        """


@dataclass
class SmtpMailer:
    """Hand messages to a mail server, over one connection as long as it lasts.

    ``starttls`` turns the connection to TLS before anything is said; ``tls`` speaks TLS from the first octet, as
    servers on port 465 want. Certificates are checked against ``context`` (default: the system's). ``timeout`` is in
    seconds, for each answer of the server.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = False
    timeout: float = 30.0
    tls: bool = False
    context: ssl.SSLContext | None = field(default=None, repr=False)
    _connection: smtplib.SMTP | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.starttls and self.tls:
            raise ValueError("TLS begins either at once or by STARTTLS, not both.")

    def send(self, message: EmailMessage, *, name: str) -> None:
        """Hand the message over; only the server's final yes counts as sent."""
        _refuse_wrong_name(name)
        with self._lock:
            connection = self._live_connection()
            try:
                connection.sendmail(*_envelope(message), octets(message))
            except smtplib.SMTPRecipientsRefused as refusal:
                self._forget()
                raise _failure(name, *next(iter(refusal.recipients.values()))) from refusal
            except smtplib.SMTPDataError as refusal:
                self._forget()
                raise _failure(name, refusal.smtp_code, refusal.smtp_error) from refusal
            except (smtplib.SMTPException, OSError) as failure:
                # Also a refused sender: that is the house's own address, and no fault of the letter.
                self._forget()
                raise TemporaryFailure(f"{name}: {_said(failure)}") from failure

    def close(self) -> None:
        """Say goodbye to the server; the next message opens a new connection."""
        with self._lock:
            self._forget()

    def _live_connection(self) -> smtplib.SMTP:
        if self._connection is not None:
            # Servers hang up on idle clients; asking first means that a message is never sent twice to find out.
            with suppress(smtplib.SMTPException, OSError):
                if self._connection.noop()[0] == 250:  # noqa: PLR2004 - SMTP's yes
                    return self._connection
            self._forget()
        try:
            self._connection = self._open()
        except (smtplib.SMTPException, OSError) as failure:
            # A wrong password or a missing STARTTLS is the house's fault, never the letter's.
            raise TemporaryFailure(f"{self.host}:{self.port}: {_said(failure)}") from failure
        return self._connection

    def _open(self) -> smtplib.SMTP:
        context = self.context or ssl.create_default_context()
        connection: smtplib.SMTP
        if self.tls:
            connection = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=context)
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.starttls:
                connection.starttls(context=context)
            if self.username:
                connection.login(self.username, self.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()


@dataclass(frozen=True)
class EmlFolder:
    """Write each message into a folder as ``<name>.eml``; the same name again replaces the file, whole or not at all."""

    path: Path

    def send(self, message: EmailMessage, *, name: str) -> None:
        """Write the message."""
        _refuse_wrong_name(name)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.path, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(octets(message))
                    file.flush()
                    os.fsync(file.fileno())
                Path(draft).replace(self.path / f"{name}.eml")
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
        except OSError as failure:
            raise TemporaryFailure(f"{name}: {failure.strerror or failure}") from failure


@dataclass(frozen=True)
class Memory:
    """Keep messages in the order sent, with the names they were sent by."""

    sent: list[tuple[str, EmailMessage]] = field(default_factory=list)

    def send(self, message: EmailMessage, *, name: str) -> None:
        """Keep the message."""
        _refuse_wrong_name(name)
        self.sent.append((name, message))


@dataclass(frozen=True)
class Off:
    """Send nothing and say so: a letter is never marked as sent that was not."""

    def send(self, message: EmailMessage, *, name: str) -> None:  # noqa: ARG002 - nobody looks at the message
        """Refuse with :class:`SwitchedOff`."""
        raise SwitchedOff(f"{name}: sending is switched off")


def _address(mailbox: Mailbox) -> Address:
    # A name that is itself an address is how one sender is made to look like another: its @ is not shown as one.
    name = _literal(mailbox.name).replace("@", "\N{FULLWIDTH COMMERCIAL AT}")
    return Address(display_name=name, addr_spec=mailbox.address)


def _literal(text: str) -> str:
    # What looks like an encoded word would be decoded once more than it was encoded, here or by the reader.
    return characters.line(text).replace("=?", "= ?")


def _encoded(header: str, text: str, *, quoted: bool) -> str:
    """The text in ASCII (RFC 2047), folded between characters, never inside one."""
    if text.isascii() and len(text) <= PLAIN_LENGTH:
        return f'"{quote(text)}"' if quoted and text else text
    return Header(text, charset="utf-8", header_name=header, maxlinelen=76).encode(
        splitchars="", linesep="\r\n"
    )


def _add_calendar(mail: EmailMessage, ics: bytes, method: Method) -> None:
    part = EmailMessage(_POLICY)
    # Given as octets, not as text: the calendar's own line ends and folds arrive as they were written.
    part.set_content(ics, maintype="text", subtype="calendar", cte="base64")
    part.set_param("charset", "UTF-8")
    part.set_param("method", method.name)
    mail.attach(part)


def _envelope(message: EmailMessage) -> tuple[str, list[str]]:
    (sender,), (recipient,) = (message[header].addresses for header in ("From", "To"))
    return sender.addr_spec, [recipient.addr_spec]


def _refuse_wrong_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", name):
        raise ValueError(f"A message is called by letters, digits, '.', '_' and '-': {name!r}.")


def _failure(name: str, code: int, answer: bytes | str) -> TemporaryFailure | PermanentFailure:
    said = f"{name}: {code} {_plain(answer)}"
    return PermanentFailure(said) if 500 <= code < 600 else TemporaryFailure(said)  # noqa: PLR2004 - RFC 5321, 4.2.1


def _said(failure: Exception) -> str:
    if isinstance(failure, smtplib.SMTPResponseException):
        return f"{failure.smtp_code} {_plain(failure.smtp_error)}"
    return str(failure) or type(failure).__name__


def _plain(answer: bytes | str) -> str:
    told = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return characters.line(told)[:200]
