"""Every answer tells the browser to refuse foreign scripts, frames and guesses, and to keep no page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import opened, settings_for

PATHS = ("/sign-in", "/sign-up", "/sign-in/never-was", "/nothing", "/language", "/sign-out")


@pytest.mark.parametrize("path", [*PATHS, "/static/css/base.css"])
def test_every_answer_carries_them(client: FlaskClient, path: str):
    with client.get(path) as answer:
        headers = answer.headers
    nonce = re.search(r"'nonce-([^']+)'", headers["Content-Security-Policy"])
    assert nonce is not None
    assert headers["Content-Security-Policy"] == (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce[1]}'; style-src 'self' 'nonce-{nonce[1]}';"
        " img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("path", PATHS)
def test_no_cache_keeps_a_page(client: FlaskClient, path: str):
    headers = client.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert {"Cookie", "Accept-Language"} <= {word.strip() for word in headers["Vary"].split(",")}


def test_the_word_scripts_carry_is_new_each_time_and_stands_in_the_page(client: FlaskClient):
    words = set()
    for _turn in range(3):
        answer = client.get("/sign-in")
        word = re.search(r"script-src 'self' 'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        assert word is not None
        words.add(word[1])
        inside = set(re.findall(r'<script[^>]* nonce="([^"]+)"', answer.text))
        assert inside == {word[1]}
        assert len(re.findall(r"<script", answer.text)) == len(
            re.findall(r"<script[^>]* nonce=", answer.text)
        )
    assert len(words) == 3


def test_no_page_has_a_style_or_a_script_of_its_own(client: FlaskClient):
    for path in PATHS:
        page = client.get(path).text
        assert re.findall(r"\sstyle=|\son\w+=|<style|javascript:", page) == [], path


def test_a_file_named_with_its_content_is_kept_and_one_without_is_asked_for_anew(client: FlaskClient):
    page = client.get("/sign-in").text
    (named,) = re.findall(r'href="(/static/css/base\.css\?v=[0-9a-f]{10})"', page)
    with client.get(named) as kept, client.get("/static/css/base.css") as asked_anew:
        assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert asked_anew.headers["Cache-Control"] == "no-cache"


def test_over_https_browsers_are_told_to_stay_there(instance: Path, database_url: str):
    settings = settings_for(instance, database_url, EVENTHUB_BASE_URL="https://events.example.org")
    with opened(settings) as app:
        headers = app.test_client().get("/sign-in").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_forged_host_is_refused(instance: Path, database_url: str):
    settings = settings_for(instance, database_url, EVENTHUB_TRUSTED_HOSTS="events.example.org")
    with opened(settings) as app:
        client = app.test_client()
        assert client.get("/sign-in", base_url="http://events.example.org").status_code == 200
        refused = client.get("/sign-in", base_url="http://evil.example")
        assert (refused.status_code, refused.mimetype) == (400, "text/plain")
        assert "evil" not in refused.text


def test_a_forwarded_address_counts_only_behind_a_proxy(app: Flask, instance: Path, database_url: str):
    from flask import request

    def seen(house: Flask) -> str | None:
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
        found: list[str | None] = []
        house.before_request_funcs.setdefault(None, []).append(lambda: found.append(request.remote_addr))
        house.test_client().get("/sign-in", environ_overrides=environ)
        return found[0]

    assert seen(app) == "10.0.0.1"
    with opened(settings_for(instance, database_url, EVENTHUB_PROXIES="1")) as behind:
        assert seen(behind) == "203.0.113.7"
