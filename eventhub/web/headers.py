"""What every answer tells the browser to refuse: foreign scripts, frames, guessed types, kept personal pages."""

from __future__ import annotations

import secrets

from flask import Flask, g, request
from werkzeug.wrappers import Response

_CONTENT = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}';"
    " img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_AGE = "max-age=31536000"


def init_app(app: Flask, *, https: bool) -> None:
    """Set the headers on every answer; over HTTPS the browser is told to stay there."""

    @app.after_request
    def set_headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", _CONTENT.format(nonce=csp_nonce()))
        headers.setdefault("X-Content-Type-Options", "nosniff")
        # Addresses with a token in them stay in the house; a token of the form guard is checked by its origin.
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if https:
            headers.setdefault("Strict-Transport-Security", _AGE)
        if request.endpoint == "static":
            # Named with a word made of its content, a file never changes; named without it, it is asked for anew.
            headers["Cache-Control"] = f"public, {_AGE}, immutable" if "v" in request.args else "no-cache"
        else:
            # Pages name people and carry one-time values: no cache keeps them. A calendar's feed says `private`.
            if not headers.get("Cache-Control", "").startswith("private"):
                headers["Cache-Control"] = "no-store"
            response.vary.update(["Cookie", "Accept-Language"])
        return response


def csp_nonce() -> str:
    """The word that scripts of this one answer carry."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce
