"""Which pages hang where, and what every template may use.

How to hang a page: a module ``eventhub/web/<face>/<word>.py`` (face: ``public``, ``my`` or ``desk``) makes

    pages = Blueprint("<word>", __name__)

and marks each view::

    @pages.get("/registrations/<code>")
    @permission(SIGNED_IN)
    def show(code: str) -> ResponseReturnValue:
        return page("my/registration.html", RegistrationPage(...))

It is found by its folder and hung under its face: ``public`` at ``/``, ``my`` at ``/my``, ``desk`` at ``/desk``. Its routes
are then called ``my.registrations.show``. A module whose name begins with ``_``, or that makes no ``pages``, is left alone.
A view without ``@permission`` stops the start.

In a template: ``page`` is the page value; ``actor``, ``locale``, ``navigation()``, ``csp_nonce()``, ``csrf_token()``,
``static_url(path)`` and everything in :data:`eventhub.web.formats.GLOBALS` are there for all, macros included. An
undefined name is an error. A kind's own templates are found as ``<kind>/card.html``; most kinds have none:
``{% include card.kind.key ~ "/card.html" ignore missing %}``.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Flask, current_app, request, url_for
from flask_wtf.csrf import generate_csrf
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from eventhub import kinds
from eventhub.i18n import N_, Text, current_locale, gettext, ngettext_raw
from eventhub.web import access, errors, formats, headers, locale, logs
from eventhub.web.access import GUARDIAN, MEMBER, OFFICER, ORGANISER, PUBLIC, Permit
from eventhub.web.pages import LONGEST_NUMBER

FACES = {"public": "", "my": "/my", "desk": "/desk"}


@dataclass(frozen=True)
class Place:
    """Somewhere the reader may go from every page."""

    label: Text
    url: str
    active: bool


@dataclass(frozen=True)
class _Way:
    """A place of the navigation and who is shown it; one whose page does not exist is not shown."""

    path: str
    label: Text
    permits: frozenset[Permit]
    visitors_only: bool = False


_WAYS = (
    _Way("/", N_("Programmes"), frozenset({PUBLIC})),
    _Way("/my/registrations", N_("My registrations"), frozenset({MEMBER, GUARDIAN, OFFICER})),
    _Way("/my/calendar", N_("My calendar"), frozenset({MEMBER, GUARDIAN, OFFICER})),
    _Way("/my/people", N_("My people"), frozenset({MEMBER, GUARDIAN, OFFICER})),
    _Way("/desk", N_("Desk"), frozenset({ORGANISER, OFFICER})),
    _Way("/sign-in", N_("Sign in"), frozenset({PUBLIC}), visitors_only=True),
)


def init_app(app: Flask) -> None:
    """Hang every page, the error pages and the template helpers; refuse a page that is not guarded."""
    _prepare_templates(app)
    app.url_map.converters["int"] = RowNumber
    errors.init_app(app)
    headers.init_app(app, https=bool(app.config["SESSION_COOKIE_SECURE"]))
    for face, prefix in FACES.items():
        app.register_blueprint(_face(face, prefix))
    access.refuse_unguarded(app)
    logs.init_app(app)


class RowNumber(IntegerConverter):
    """A number in an address; one that no row can have leads nowhere."""

    regex = rf"\d{{1,{LONGEST_NUMBER}}}"


def navigation() -> tuple[Place, ...]:
    """Where this reader may go, the place they are in marked."""
    actor = access.current_actor()
    ways = [
        way
        for way in _WAYS
        if access.may(actor, way.permits)
        and not (way.visitors_only and actor is not None)
        and _leads_somewhere(way.path)
    ]
    here = max((way.path for way in ways if _is_under(request.path, way.path)), key=len, default="")
    return tuple(Place(way.label, way.path, active=way.path == here) for way in ways)


def static_url(path: str) -> str:
    """The address of a file of ours, changed when the file is: browsers may keep it for ever."""
    folder = current_app.static_folder
    file = Path(folder or "") / path
    return url_for(
        "static", filename=path, v=_stamp(file, file.stat().st_mtime_ns) if file.is_file() else None
    )


def _face(name: str, prefix: str) -> Blueprint:
    """All pages of one face, found in its folder."""
    face = Blueprint(name, __name__, url_prefix=prefix or None)
    if name == "public":
        face.add_url_rule("/language", "language", locale.switch, methods=["POST"])
    for module in _modules_of(name):
        pages = getattr(importlib.import_module(module), "pages", None)
        if isinstance(pages, Blueprint):
            face.register_blueprint(pages)
    return face


def _modules_of(face: str) -> list[str]:
    package = f"{__package__}.{face}"
    if find_spec(package) is None:
        return []
    found = pkgutil.iter_modules(importlib.import_module(package).__path__)
    return [f"{package}.{module.name}" for module in found if not module.name.startswith("_")]


def _prepare_templates(app: Flask) -> None:
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(gettext, ngettext_raw, newstyle=True)  # type: ignore[attr-defined]
    environment.loader = ChoiceLoader(
        [
            FileSystemLoader(str(app.template_folder)),
            PrefixLoader({kind.key: FileSystemLoader(kind.templates) for kind in kinds.every().values()}),
        ]
    )
    environment.globals.update(
        formats.GLOBALS,
        csp_nonce=headers.csp_nonce,
        csrf_token=generate_csrf,
        static_url=static_url,
        navigation=navigation,
    )
    app.context_processor(lambda: {"actor": access.current_actor(), "locale": current_locale()})


def _leads_somewhere(path: str) -> bool:
    try:
        current_app.url_map.bind("", "/").match(path, method="GET")
    except HTTPException:
        return False
    return True


def _is_under(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


@cache
def _stamp(file: Path, _changed: int) -> str:
    """A word that follows from what is in a file: equal on every server, new when the file is."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]
