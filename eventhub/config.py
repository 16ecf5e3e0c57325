"""The environment, read once into one frozen value; nonsense stops the start with a sentence that says what to do."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEVELOPMENT_ORGANIZER = "organiser@eventhub.invalid"
_SECRET_LENGTH = 32


class ConfigError(Exception):
    """A setting is missing or makes no sense; the sentence says which and what to do."""


def demonstration_mark(instance: Path) -> Path:
    """The file by which an instance folder is known to hold a demonstration, to whichever command opens it."""
    return instance / "demonstration.txt"


def holds_demonstration(instance: Path) -> bool:
    """Whether the data in an instance folder were made up by ``eventhub demo``."""
    return demonstration_mark(instance).exists()


@dataclass(frozen=True)
class Settings:
    """All settings of a running house. Every field is an environment variable, ``EVENTHUB_`` before its name."""

    instance: Path
    """The one folder everything is written to."""
    production: bool = False
    secret_key: str = field(default="", repr=False)
    data_key: str = field(default="", repr=False)
    """Seals identity numbers; keep it apart from the database."""
    index_key: str = field(default="", repr=False)
    database_url: str = field(default="", repr=False)
    base_url: str = "http://127.0.0.1:8000"
    """Where the house is reached: every link in a mail starts with it."""
    trusted_hosts: tuple[str, ...] = ()
    proxies: int = 0
    """How many reverse proxies stand in front and set X-Forwarded-For; 0 trusts none."""
    organizer_name: str = "EventHub"
    organizer_address: str = DEVELOPMENT_ORGANIZER
    """The mailbox people's answers go to; somebody must read it."""
    mail_sender: str = ""
    """From address; the organizer's unless said otherwise, in the same domain."""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_starttls: bool = True
    mail_off: bool = False
    """Write letters and invites, send none of them."""
    kinds_path: tuple[Path, ...] = ()
    demo_numbers: bool = False
    """Accept the identity and telephone numbers of the demonstration, which belong to nobody. Unless it is said
    otherwise they are accepted in an instance that holds a demonstration."""
    max_upload_bytes: int = 5_000_000
    children_officer: str = ""
    """Who answers for children's data (name and telephone), shown on every form about a child."""

    @property
    def runs_folder(self) -> Path:
        """Where a solve leaves its problem and result while it runs."""
        return self.instance / "runs"

    @property
    def mail_folder(self) -> Path:
        """Where mails are written, one file each, while no SMTP host is set."""
        return self.instance / "mail"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; :class:`ConfigError` on the first that makes no sense.

        Outside production missing secrets are made once and kept in the instance folder, readable by its owner
        alone.
        """
        values = os.environ if environ is None else environ
        reader = _Reader(values)
        instance = Path(values.get("EVENTHUB_INSTANCE") or "instance").absolute()
        production = reader.flag("PRODUCTION")
        settings = cls(
            instance=instance,
            production=production,
            secret_key=reader.secret("SECRET_KEY", instance, production=production),
            data_key=reader.secret("DATA_KEY", instance, production=production),
            index_key=reader.secret("INDEX_KEY", instance, production=production),
            database_url=_database_url(values.get("EVENTHUB_DATABASE_URL", ""), instance),
            base_url=reader.url("BASE_URL", "http://127.0.0.1:8000"),
            trusted_hosts=tuple(host for host in values.get("EVENTHUB_TRUSTED_HOSTS", "").split(",") if host),
            proxies=reader.number("PROXIES", 0),
            organizer_name=values.get("EVENTHUB_ORGANIZER_NAME", "EventHub"),
            organizer_address=values.get("EVENTHUB_ORGANIZER_ADDRESS", DEVELOPMENT_ORGANIZER),
            mail_sender=values.get("EVENTHUB_MAIL_SENDER", ""),
            smtp_host=values.get("EVENTHUB_SMTP_HOST", ""),
            smtp_port=reader.number("SMTP_PORT", 587),
            smtp_user=values.get("EVENTHUB_SMTP_USER", ""),
            smtp_password=values.get("EVENTHUB_SMTP_PASSWORD", ""),
            smtp_starttls=reader.flag("SMTP_STARTTLS", default=True),
            mail_off=reader.flag("MAIL_OFF"),
            kinds_path=tuple(
                Path(part) for part in values.get("EVENTHUB_KINDS_PATH", "").split(os.pathsep) if part
            ),
            demo_numbers=reader.flag(
                "DEMO_NUMBERS", default=holds_demonstration(instance) and not production
            ),
            max_upload_bytes=reader.number("MAX_UPLOAD_BYTES", 5_000_000),
            children_officer=values.get("EVENTHUB_CHILDREN_OFFICER", ""),
        )
        settings.refuse_nonsense()
        return settings

    def refuse_nonsense(self) -> None:
        """Raise :class:`ConfigError` for what would only fail later, in front of people."""
        if "@" not in self.organizer_address:
            raise ConfigError("EVENTHUB_ORGANIZER_ADDRESS must be a mail address that somebody reads.")
        if not self.production:
            return
        if self.organizer_address == DEVELOPMENT_ORGANIZER:
            raise ConfigError(
                "Set EVENTHUB_ORGANIZER_ADDRESS to a mailbox that somebody reads: people answer their invitations."
            )
        if not self.smtp_host and not self.mail_off:
            raise ConfigError("Set EVENTHUB_SMTP_HOST, or EVENTHUB_MAIL_OFF=1 to send nothing on purpose.")
        if self.demo_numbers:
            raise ConfigError("EVENTHUB_DEMO_NUMBERS is for demonstrations; unset it in production.")
        if not self.base_url.startswith("https://"):
            raise ConfigError("EVENTHUB_BASE_URL must start with https:// in production.")
        if not self.children_officer:
            raise ConfigError(
                "Set EVENTHUB_CHILDREN_OFFICER to the name and telephone of whoever answers for children's data."
            )

    def sealing_key(self) -> bytes:
        """64 bytes for AES-SIV, from ``data_key``."""
        return hashlib.sha512(b"eventhub data " + self.data_key.encode()).digest()

    def blind_index_key(self) -> bytes:
        """32 bytes for the blind index, from ``index_key``."""
        return hashlib.sha256(b"eventhub index " + self.index_key.encode()).digest()


@dataclass(frozen=True)
class _Reader:
    values: Mapping[str, str]

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self.values.get(f"EVENTHUB_{name}", "").strip().lower()
        if text in {"", "0", "no", "false", "off"}:
            return default if text == "" else False
        if text in {"1", "yes", "true", "on"}:
            return True
        raise ConfigError(f"EVENTHUB_{name} must be 1 or 0, not {text!r}.")

    def number(self, name: str, default: int) -> int:
        text = self.values.get(f"EVENTHUB_{name}", "").strip()
        try:
            number = int(text) if text else default
        except ValueError:
            raise ConfigError(f"EVENTHUB_{name} must be a whole number, not {text!r}.") from None
        if number < 0:
            raise ConfigError(f"EVENTHUB_{name} must not be negative.")
        return number

    def url(self, name: str, default: str) -> str:
        text = self.values.get(f"EVENTHUB_{name}", default).rstrip("/")
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"EVENTHUB_{name} must be an address such as https://events.example.org, not {text!r}."
            )
        return text

    def secret(self, name: str, instance: Path, *, production: bool) -> str:
        text = self.values.get(f"EVENTHUB_{name}", "")
        if not text and not production:
            return _kept_secret(instance / f"{name.lower()}.txt")
        if len(text) < _SECRET_LENGTH:
            raise ConfigError(
                f"Set EVENTHUB_{name} to {_SECRET_LENGTH} or more random characters,"
                " for instance from: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return text


def _kept_secret(path: Path) -> str:
    """The secret in this file, made on first use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()


def _database_url(text: str, instance: Path) -> str:
    if not text:
        return f"sqlite:///{instance / 'eventhub.sqlite'}"
    for old in ("postgres://", "postgresql://"):
        if text.startswith(old):
            return "postgresql+psycopg://" + text.removeprefix(old)
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("EVENTHUB_DATABASE_URL must start with sqlite:/// or postgresql://.")
    return text
