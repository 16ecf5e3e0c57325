from __future__ import annotations

import email
import re
import socket
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import parseaddr
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventhub.delivery import characters, ical, mailer
from eventhub.delivery.letters import Written
from eventhub.domain.calendar_entry import CalendarEntry, Invitation, Mailbox
from eventhub.domain.terms import Method

OFFICE = Mailbox(name="夏令营办公室", address="camp@union.example")
MOTHER = Mailbox(name="马兰", address="ma.lan@mail.example")
AT = datetime(2027, 6, 10, 1, 0, tzinfo=UTC)
WRITTEN = Written(
    subject="入选：2027年“阳光少年”夏令营，第三批 北京",
    text="马女士，您好：\n\n.\n..点开头的行\nFrom 开头的行\n",
    html="<!DOCTYPE html>\n<p>马女士，您好：</p>\n",
)
ICS = ical.message(
    Invitation(
        method=Method.REQUEST,
        uid="6fa0a3f2-2a51-4b0e-9df0-0c7f7a1f3f11",
        sequence=0,
        stamp=AT,
        organizer=OFFICE,
        attendee=MOTHER,
        entry=CalendarEntry(
            summary="阳光少年夏令营 第三批",
            starts=datetime(2027, 8, 1, tzinfo=UTC).date(),
            ends=datetime(2027, 8, 7, tzinfo=UTC).date(),
            place="北京市朝阳区青少年营地",
        ),
    )
)


def _mail(**change) -> EmailMessage:
    return mailer.compose(
        **{
            "sender": OFFICE,
            "recipient": MOTHER,
            "written": WRITTEN,
            "message_id": "<7f3a.1@union.example>",
            "date": AT,
            "invitation_ics": ICS,
            "method": Method.REQUEST,
            **change,
        }
    )


# -- The envelope ------------------------------------------------------------------------------------


def test_an_invitation_is_text_then_html_then_calendar_in_one_alternative():
    read = email.message_from_bytes(mailer.octets(_mail()), policy=policy.default)
    assert read.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in read.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    assert all(part["Content-Disposition"] is None for part in read.iter_parts())
    assert all(part["Content-Transfer-Encoding"] == "base64" for part in read.iter_parts())
    assert all(part.get_content_charset() == "utf-8" for part in read.iter_parts())


def _parts(mail: EmailMessage) -> list[Message[str, str]]:
    """The parts of a message as a reader's program finds them."""
    read = email.message_from_bytes(mailer.octets(mail))
    return [part for part in read.walk() if not part.is_multipart()]


def test_each_part_arrives_as_it_was_written():
    text, html, calendar = _parts(_mail())
    assert text.get_payload(decode=True).decode().replace("\r\n", "\n") == WRITTEN.text
    assert html.get_payload(decode=True).decode().replace("\r\n", "\n") == WRITTEN.html
    assert calendar.get_payload(decode=True) == ICS


@pytest.mark.parametrize("method", list(Method))
def test_the_calendar_part_names_its_method(method):
    ics = ICS.replace(b"METHOD:REQUEST", f"METHOD:{method.value}".encode())
    *_, part = _parts(_mail(invitation_ics=ics, method=method))
    assert part.get_param("method") == method.value
    assert part.get_param("charset").upper() == "UTF-8"
    assert f"METHOD:{method.value}\r\n".encode() in part.get_payload(decode=True)


def test_a_letter_without_invitation_has_no_calendar_part():
    read = email.message_from_bytes(mailer.octets(_mail(invitation_ics=None, method=None)))
    assert [part.get_content_type() for part in read.get_payload()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("half", [{"method": None}, {"invitation_ics": None}])
def test_a_calendar_part_and_its_method_come_together(half):
    with pytest.raises(ValueError, match="together"):
        _mail(**half)


def test_the_same_letter_is_the_same_octets():
    assert mailer.octets(_mail()) == mailer.octets(_mail())
    assert mailer.octets(_mail()) != mailer.octets(_mail(message_id="<7f3a.2@union.example>"))


def test_every_octet_is_ascii_and_every_line_short_and_ended_by_crlf():
    octets = mailer.octets(_mail())
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert max(len(line) for line in octets.split(b"\r\n")) <= 78


def test_the_headers_say_who_when_and_that_a_machine_wrote():
    octets = mailer.octets(_mail())
    head = octets.split(b"\r\n\r\n")[0].decode()
    assert head == (
        "From: =?utf-8?b?5aSP5Luk6JCl5Yqe5YWs5a6k?=\r\n <camp@union.example>\r\n"
        "To: =?utf-8?b?6ams5YWw?=\r\n <ma.lan@mail.example>\r\n"
        "Subject: =?utf-8?b?5YWl6YCJ77yaMjAyN+W5tOKAnOmYs+WFieWwkeW5tOKAneWkjw==?=\r\n"
        " =?utf-8?b?5Luk6JCl77yM56ys5LiJ5om5IOWMl+S6rA==?=\r\n"
        "Date: Thu, 10 Jun 2027 01:00:00 +0000\r\n"
        "Message-ID: <7f3a.1@union.example>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative;\r\n"
        ' boundary="==64508b2df154464170a952a55374ff41=="'
    )


@pytest.mark.parametrize(
    "message_id",
    ["", "7f3a@union.example", "<a b@c>", "<a@b>\r\nBcc: x@y.z", "<马@b.cn>", f"<{'a' * 300}@b>"],
)
def test_a_message_id_that_is_none_is_refused(message_id):
    with pytest.raises(ValueError, match="Message-ID"):
        _mail(message_id=message_id)


def test_a_name_cannot_pass_itself_off_as_an_address():
    octets = mailer.octets(_mail(sender=Mailbox(name="boss@union.example", address="x@elsewhere.example")))
    name, address = _address(octets, "From")
    assert address == "x@elsewhere.example"
    assert "@" not in name


@settings(max_examples=300)
@given(name=st.text(st.characters(), max_size=90), subject=st.text(st.characters(), max_size=90))
@example(name="马兰\r\nBcc: thief@x.y", subject="a\r\n\r\nbody")
@example(name="宁夏回族自治区总工会 职工疗休养办公室（阳光少年夏令营） 工作人员 甲 乙", subject="入选 " * 30)
@example(name='"甲", <x@y>; (z) \\', subject="=?utf-8?q?x?= y")
@example(name="买买提·艾合买提 👨\u200d👩\u200d👧 \u202eevil", subject="")
@example(name="=?utf-8?q?boss=40union=2Eexample?=", subject="=?x")
@example(name="a" * 90, subject="b c " * 40)
def test_whatever_the_words_the_headers_read_back_and_stay_six(name, subject):
    octets = mailer.octets(
        _mail(
            sender=Mailbox(name=name, address=OFFICE.address),
            recipient=Mailbox(name=name, address=MOTHER.address),
            written=Written(subject, "x", "x"),
        )
    )
    head = octets.split(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    read = email.message_from_bytes(octets)
    assert read.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    shown = characters.line(name).replace("@", "\N{FULLWIDTH COMMERCIAL AT}").replace("=?", "= ?")
    assert _address(octets, "From") == (shown, OFFICE.address)
    assert _address(octets, "To") == (shown, MOTHER.address)
    assert _decoded(_raw(octets, "Subject")) == characters.line(subject).replace("=?", "= ?")


def _raw(octets: bytes, header: str) -> str:
    """The header unfolded, as an old mail program reads it."""
    return re.sub(r"\r?\n", "", email.message_from_bytes(octets)[header])


def _decoded(raw: str) -> str:
    return str(make_header(decode_header(raw)))


def _address(octets: bytes, header: str) -> tuple[str, str]:
    name, address = parseaddr(_raw(octets, header))
    return _decoded(name), address


# -- The ways out ------------------------------------------------------------------------------------


class Sink:
    """A mail server on this machine that keeps what it is given, and refuses what it is told to."""

    def __init__(self) -> None:
        self.envelopes = []
        self.answers = {}
        self.connections = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - the library's name
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.envelopes.append(envelope)
        return answer


@contextmanager
def _server(sink: Sink, **settings_of_server):
    controller = Controller(sink, hostname="127.0.0.1", port=0, **settings_of_server)
    # The library knocks at the port it was given, which is 0 here: knock at the one that the system chose.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            controller,
            "_trigger_server",
            lambda: socket.create_connection(controller.server.sockets[0].getsockname()).close(),
        )
        controller.start()
    try:
        yield controller.server.sockets[0].getsockname()[1]
    finally:
        controller.stop(no_assert=True)


@contextmanager
def _post(port: int, **settings_of_mailer):
    post = mailer.SmtpMailer(host="127.0.0.1", port=port, timeout=5, **settings_of_mailer)
    try:
        yield post
    finally:
        post.close()


def test_a_server_receives_the_same_octets_for_one_recipient():
    sink = Sink()
    with _server(sink) as port, _post(port) as post:
        post.send(_mail(), name="letter-1")
    (envelope,) = sink.envelopes
    assert envelope.mail_from == OFFICE.address
    assert envelope.rcpt_tos == [MOTHER.address]
    assert envelope.original_content == mailer.octets(_mail())


def test_several_letters_share_a_connection_until_it_breaks():
    sink = Sink()
    with _server(sink) as port, _post(port) as post:
        post.send(_mail(), name="letter-1")
        post.send(_mail(), name="letter-2")
        assert sink.connections == 1
        post._connection.sock.shutdown(socket.SHUT_RDWR)
        post.send(_mail(), name="letter-3")
    assert sink.connections == 2
    assert len(sink.envelopes) == 3


@pytest.mark.parametrize(
    ("step", "answer", "failure"),
    [
        ("RCPT", "550 5.1.1 no such mailbox", mailer.PermanentFailure),
        ("RCPT", "450 4.2.1 mailbox busy", mailer.TemporaryFailure),
        ("DATA", "554 5.6.0 refused", mailer.PermanentFailure),
        ("DATA", "451 4.3.0 try later", mailer.TemporaryFailure),
        ("DATA", "421 4.3.2 closing", mailer.TemporaryFailure),
        ("MAIL", "550 5.7.1 sender not allowed", mailer.TemporaryFailure),
        ("MAIL", "452 4.3.1 disk full", mailer.TemporaryFailure),
    ],
)
def test_the_servers_no_tells_whose_fault_it_is(step, answer, failure):
    sink = Sink()
    with _server(sink) as port, _post(port) as post:
        sink.answers[step] = answer
        with pytest.raises(failure, match=f"letter-1: {answer[:3]}"):
            post.send(_mail(), name="letter-1")
        assert sink.envelopes == []
        sink.answers.clear()
        post.send(_mail(), name="letter-1")
    assert len(sink.envelopes) == 1


def test_a_server_that_is_not_there_is_tried_again_later():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with _post(port) as post, pytest.raises(mailer.TemporaryFailure, match=f"127.0.0.1:{port}"):
            post.send(_mail(), name="letter-1")


def test_a_server_that_says_nothing_is_not_waited_for_for_ever():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        post = mailer.SmtpMailer(host="127.0.0.1", port=silent.getsockname()[1], timeout=0.2)
        with pytest.raises(mailer.TemporaryFailure):
            post.send(_mail(), name="letter-1")


def test_a_server_without_starttls_gets_neither_password_nor_letter():
    sink = Sink()
    with (
        _server(sink) as port,
        _post(port, username="u", password="p", starttls=True) as post,
        pytest.raises(mailer.TemporaryFailure, match="STARTTLS"),
    ):
        post.send(_mail(), name="letter-1")
    assert sink.envelopes == []


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's context that trust each other, for 127.0.0.1."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


def _login(server, session, envelope, mechanism, auth_data):
    return AuthResult(success=(auth_data.login, auth_data.password) == (b"office", b"secret"), handled=False)


def test_a_letter_goes_out_by_starttls_after_signing_in(tmp_path):
    server, client = _certificate(tmp_path)
    sink = Sink()
    demands = {
        "tls_context": server,
        "require_starttls": True,
        "authenticator": _login,
        "auth_required": True,
    }
    with _server(sink, **demands) as port:
        with _post(port, username="office", password="secret", starttls=True, context=client) as post:
            post.send(_mail(), name="letter-1")
        with (
            _post(port, username="office", password="wrong", starttls=True, context=client) as post,
            pytest.raises(mailer.TemporaryFailure, match="535"),
        ):
            post.send(_mail(), name="letter-2")
        with (
            _post(port, username="office", password="secret", starttls=True) as post,
            pytest.raises(mailer.TemporaryFailure, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            post.send(_mail(), name="letter-3")
    assert len(sink.envelopes) == 1


def test_a_letter_goes_out_over_a_port_that_speaks_tls_from_the_start(tmp_path):
    server, client = _certificate(tmp_path)
    sink = Sink()
    with _server(sink, ssl_context=server) as port, _post(port, tls=True, context=client) as post:
        post.send(_mail(), name="letter-1")
    assert len(sink.envelopes) == 1


def test_tls_begins_once():
    with pytest.raises(ValueError, match="not both"):
        mailer.SmtpMailer(host="127.0.0.1", port=25, starttls=True, tls=True)


def test_the_password_is_not_shown():
    assert "secret" not in repr(mailer.SmtpMailer(host="h", port=25, username="u", password="secret"))


def test_a_folder_holds_one_file_a_letter_and_the_second_try_replaces_the_first(tmp_path):
    post = mailer.EmlFolder(tmp_path / "outbox")
    post.send(_mail(message_id="<old@union.example>"), name="01-invite")
    post.send(_mail(), name="01-invite")
    post.send(_mail(), name="02-update")
    assert sorted(path.name for path in (tmp_path / "outbox").iterdir()) == ["01-invite.eml", "02-update.eml"]
    assert (tmp_path / "outbox" / "01-invite.eml").read_bytes() == mailer.octets(_mail())


def test_a_folder_that_cannot_be_written_is_tried_again_and_leaves_no_scraps(tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(mailer.TemporaryFailure, match="No space left"):
        mailer.EmlFolder(tmp_path).send(_mail(), name="01-invite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "马兰", ".hidden", "a\n", "x" * 201])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path, name):
    for post in (mailer.EmlFolder(tmp_path), mailer.Memory()):
        with pytest.raises(ValueError, match="called by letters"):
            post.send(_mail(), name=name)
    assert list(tmp_path.iterdir()) == []


def test_memory_keeps_letters_in_order():
    post = mailer.Memory()
    post.send(_mail(), name="a")
    post.send(_mail(invitation_ics=None, method=None), name="b")
    assert [name for name, _ in post.sent] == ["a", "b"]
    assert post.sent[0][1]["To"].addresses[0].addr_spec == MOTHER.address


def test_what_is_switched_off_never_counts_as_sent():
    with pytest.raises(mailer.SwitchedOff):
        mailer.Off().send(_mail(), name="a")
    assert issubclass(mailer.SwitchedOff, mailer.TemporaryFailure)
