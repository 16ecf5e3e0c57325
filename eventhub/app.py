"""Put the house together: the only place that knows every part, and decides nothing."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from flask_security import SQLAlchemySessionUserDatastore
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from eventhub import kinds
from eventhub.cli import commands
from eventhub.config import Settings
from eventhub.extensions import configure_sqlite, csrf, db, security
from eventhub.models.accounts import Account, AccountRole
from eventhub.models.sealing import Seals
from eventhub.web import accounts, blueprints, locale

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The application over these settings, or over those of the environment."""
    settings = settings or Settings.from_environ()
    settings.instance.mkdir(parents=True, exist_ok=True)
    kinds.look_also_in(settings.kinds_path)
    kinds.every()

    app = Flask(
        "eventhub",
        root_path=str(ROOT / "eventhub"),
        instance_path=str(settings.instance),
        template_folder=str(ROOT / "templates"),
    )
    app.config.from_mapping(_flask_config(settings))
    app.extensions["settings"] = settings
    app.extensions["seals"] = Seals(settings.sealing_key(), settings.blind_index_key())
    _open_database(app, settings)
    locale.init_app(app)
    csrf.init_app(app)
    security.init_app(
        app, SQLAlchemySessionUserDatastore(db.session, Account, AccountRole), register_blueprint=False
    )
    accounts.init_app(app)
    blueprints.init_app(app)
    commands.init_app(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    return app


def _flask_config(settings: Settings) -> dict[str, object]:
    https = settings.base_url.startswith("https://")
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings),
        "MAX_CONTENT_LENGTH": settings.max_upload_bytes,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 2_000,
        # Browsers take a cookie of this prefix only over HTTPS, for this host alone.
        "SESSION_COOKIE_NAME": "__Host-eventhub" if https else "eventhub",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "TRUSTED_HOSTS": list(settings.trusted_hosts) or None,
        "WTF_CSRF_TIME_LIMIT": None,
        # Some browsers inside other apps send no Referer; the token is bound to a cookie no other host can set.
        "WTF_CSRF_SSL_STRICT": False,
        # Of the accounts library we use the session and who is in it; its pages, its commands and what it would
        # write by itself are off: people come in by our links, and services are the only writers.
        "SECURITY_TRACKABLE": False,
        "SECURITY_CLI_USERS_NAME": False,
        "SECURITY_CLI_ROLES_NAME": False,
        "SETTINGS": settings,
    }


def _engine_options(settings: Settings) -> dict[str, object]:
    # The story of a failed statement goes into the log; the names and numbers it carried do not.
    silent = {"hide_parameters": True}
    if settings.is_sqlite:
        return {**silent, "connect_args": {"timeout": 30}}
    return {**silent, "pool_pre_ping": True, "pool_size": 8, "max_overflow": 8}


def _open_database(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"))
    with app.app_context():
        engine: Engine = db.engine
        if settings.is_sqlite:
            configure_sqlite(engine)
