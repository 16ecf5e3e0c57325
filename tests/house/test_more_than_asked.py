"""A form takes what it asks for and nothing besides: columns posted along, a role, a state, an owner, change nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import pytest
from sqlalchemy import select

from eventhub.extensions import db
from eventhub.kinds.camp.checks import CHILDREN_RULES, GUARDIAN_CONSENT
from eventhub.models import Base
from eventhub.models.registrations import Registration
from eventhub.services import registrations
from tests.conftest import opened, settings_for
from tests.databases import SQLiteTemplate
from tests.house.paper import Button, Form, Page, Pairs, Visitor, columns, file_of, tables
from tests.house.test_every_route import address_of
from tests.house.world import NOW_OPEN, PAST, World

DRAWN = re.compile(
    r"(?:^code|token|idempotency_key|uid|_index|_sealed|uniquifier|digest|message_id|(?:^|_)lot|fingerprint)$"
)
"""Columns whose values are drawn by lot; what was posted along must not stand in them either."""
ASKED_FOR = {
    *(
        "participants",
        "companions",
        "options",
        "move",
        "goto",
        "step",
        "stamp",
        "idempotency_key",
        "flexible",
        "who",
    ),
    *(
        "participants-0-family",
        "participants-0-meals",
        "contact1_name",
        "contact1_phone",
        "title_zh",
        "summary_zh",
    ),
    *(
        "opens_at",
        "closes_at",
        "result_at",
        "capacity",
        "minimum",
        "cost",
        "head_cost",
        "details-adults",
        "details-price_fen",
        "occasions-0-first_day",
    ),
    *(
        "occasions-0-last_day",
        "occasions-0-starts",
        "occasions-0-place_zh",
        "occasions-0-remove",
        "occasions-1-first_day",
        "version",
        "seconds",
        "seed",
        "run",
        "number",
        "reason",
        "party",
    ),
    *("sources-0-code", "sources-0-name_zh", "sources-0-amount", "quotas-0-organisation", "quotas-0-floor"),
    *(
        "verdict",
        "participant",
        "kind",
        "valid_until",
        "rows",
        "agreed",
        "sheet",
        "unit",
        "participants-0-name",
    ),
    *("participants-0-birth_date", "identity_number", "identifier", "locale", "next", "remove", "min_age"),
}
"""What the forms of the house ask for."""
Rows = dict[str, list[dict[str, object]]]
PLANTED = ("planted-7", "777777", "organiser", "allotted", "1")
"""What a stranger would send along: a word, a row, a role, a state, a yes."""


@dataclass(frozen=True)
class Sending:
    """One form of the house as somebody sends it: who, from which page, with what typed in."""

    who: str
    path: Callable[[World], str]
    find: Callable[[Page], Form]
    typed: dict[str, str | list[str]]
    writes: frozenset[str]
    """Tables that an honest sending changes."""
    press: Button | None = None


def _asking(name: str) -> Callable[[Page], Form]:
    return lambda page: page.form(asking=name)


SENDINGS = {
    "a person": Sending(
        "member",
        lambda _world: "/my/people/new",
        _asking("relation"),
        {"relation": "self", "name": "王建国", "birth_date": "1980-01-02"},
        frozenset({"participant", "relation", "journal_entry"}),
    ),
    "a person corrected": Sending(
        "guardian",
        lambda world: f"/my/people/{world.person}",
        _asking("birth_date"),
        {"phone": "12900000777"},
        frozenset({"participant", "journal_entry"}),
    ),
    "who goes": Sending(
        "guardian",
        lambda world: f"/my/registrations/{world.draft}/people",
        _asking("participants"),
        {},
        frozenset(),
    ),
    "questions": Sending(
        "guardian",
        lambda world: f"/my/registrations/{world.draft}/questions",
        _asking("contact1_name"),
        {"contact1_name": "马兰英"},
        frozenset({"party"}),
    ),
    "choices": Sending(
        "guardian",
        lambda world: f"/my/registrations/{world.draft}/choices",
        _asking("move"),
        {},
        frozenset({"preference"}),
        Button("move", "remove:B2"),
    ),
    "the sign-up": Sending(
        "guardian",
        lambda world: f"/my/registrations/{world.draft}/review",
        _asking("consent-guardian"),
        {f"consent-{text.key}": text.version for text in (GUARDIAN_CONSENT, CHILDREN_RULES)},
        frozenset({"party", "registration", "registration_step", "consent", "letter"}),
    ),
    "a withdrawal": Sending(
        "guardian",
        lambda world: f"/my/registrations/{world.sent}/withdraw",
        _asking("reason"),
        {"reason": "去外婆家"},
        frozenset({"registration", "registration_step", "journal_entry"}),
    ),
    "a new account": Sending(
        "anonymous",
        lambda _world: "/sign-up",
        _asking("role"),
        {"name": "赵新", "email": "zhaoxin@example.org", "role": "member", "organisation": "U001"},
        frozenset({"account", "membership", "letter", "signin_link", "signin_attempt", "journal_entry"}),
    ),
    "a programme": Sending(
        "organiser",
        lambda _world: f"/desk/programmes/{NOW_OPEN}/edit",
        _asking("title_zh"),
        {"title_zh": "阳光少年营"},
        frozenset({"programme", "journal_entry"}),
    ),
    "an option": Sending(
        "organiser",
        lambda _world: f"/desk/programmes/{NOW_OPEN}/options/B1",
        _asking("capacity"),
        {"capacity": "12"},
        frozenset({"programme", "option", "journal_entry"}),
    ),
    "a run": Sending(
        "organiser",
        lambda _world: f"/desk/programmes/{PAST}/allocations",
        _asking("seconds"),
        {"seconds": "5"},
        frozenset({"allocation_run", "journal_entry"}),
    ),
}


@pytest.fixture(scope="module")
def world(sqlite_template: SQLiteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("asked")
    settings = settings_for(folder / "instance", sqlite_template.copy_to(folder / "world.sqlite"))
    with opened(settings) as app:
        yield World.in_full_swing(app)


@pytest.fixture(scope="module")
def visitors(world: World) -> dict[str, Visitor]:
    return {
        who: Visitor.comes(world.app, world.visitors[who]) for who in {each.who for each in SENDINGS.values()}
    }


@pytest.fixture(scope="module")
def kept(world: World, visitors: dict[str, Visitor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database as it stands before anything is sent, with everybody signed in."""
    assert visitors
    copy = tmp_path_factory.mktemp("kept") / "kept.sqlite"
    _copy(file_of(world.app), copy)
    return copy


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def every_column() -> set[str]:
    """Every name under which anything is kept, and some that only look like one."""
    named = {name for table in Base.metadata.tables.values() for name in table.columns.keys()}  # noqa: SIM118
    return named | {"roles", "scope", "by", "at", "account", "programme", "state", "is_admin", "_method"}


def sent(world: World, visitor: Visitor, sending: Sending, more: Pairs) -> tuple[int, Rows]:
    """Send it, with more along, and say what then lies in the database, without what is drawn by lot."""
    page = visitor.opens(sending.path(world))
    assert page.status == 200, page.words
    form = sending.find(page)
    if more:
        # What the form itself asks for is sent once, and honestly.
        form.values += [(name, value) for name, value in more if name not in form.names and name != "move"]
    answer = visitor.sends(page, form, press=sending.press, **sending.typed)
    return answer.status, told(world)


def told(world: World) -> Rows:
    names = columns(world.app)
    return {
        table: [_undrawn(dict(zip(names[table], row, strict=True))) for row in rows]
        for table, rows in tables(world.app).items()
    }


def _undrawn(row: dict[str, object]) -> dict[str, object]:
    if row.get("name") == "signin":
        row["context"] = "a secret, drawn by lot"
    return {name: value for name, value in row.items() if not DRAWN.search(name)}


@pytest.mark.parametrize("what", SENDINGS)
def test_columns_sent_along_change_nothing(world: World, visitors: dict[str, Visitor], kept: Path, what: str):
    sending = SENDINGS[what]
    before = _restored(world, kept)
    status, honest = sent(world, visitors[sending.who], sending, [])
    assert status == 200
    assert {table for table in honest if honest[table] != before[table]} == sending.writes
    for planted in PLANTED:
        _restored(world, kept)
        more = [(name, planted) for name in sorted(every_column())]
        status, planted_along = sent(world, visitors[sending.who], sending, more)
        assert status == 200
        assert _differing(honest, planted_along) == [], planted


def _differing(honest: Rows, other: Rows) -> list[tuple[str, object, object]]:
    return [
        (table, one, another)
        for table in honest
        for one, another in zip_longest(honest[table], other[table])
        if one != another
    ]


def _restored(world: World, kept: Path) -> Rows:
    _copy(kept, file_of(world.app))
    return told(world)


def test_a_column_that_was_taken_would_be_noticed(world: World, visitors: dict[str, Visitor], kept: Path):
    _restored(world, kept)
    sending = SENDINGS["a person corrected"]
    page = visitors["guardian"].opens(sending.path(world))
    form = sending.find(page)
    visitors["guardian"].sends(page, form, phone="12900000777")
    honest = told(world)
    _restored(world, kept)
    visitors["guardian"].sends(page, form, phone="12900000777", email="planted@example.org")
    assert told(world)["participant"] != honest["participant"]


def test_a_stale_form_gives_up_nobody_else(world: World, visitors: dict[str, Visitor], kept: Path):
    """Of three brothers one has withdrawn; the page of the other window still names him."""
    _restored(world, kept)
    story = world.story
    with world.app.app_context():
        brothers = tuple(story.child(name) for name in ("马一山", "马二水", "马三石"))
        pair = replace(
            story.application(*brothers), programme=NOW_OPEN, consents=("guardian", "children_rules")
        )
        receipt = registrations.register(pair, key="brothers", by=story.guardian, at=story.at)
    path = f"/my/registrations/{receipt.party}/withdraw"
    for first in receipt.registrations[:2]:
        page = visitors["guardian"].opens(path)
        done = visitors["guardian"].sends(page, page.form(asking="reason"), who=first)
        assert done.path == f"/my/registrations/{receipt.party}"
        # A second press is taken for what it is, and gives up nobody else.
        assert visitors["guardian"].client.post(path, data={"who": first}).status_code == 303
    with world.app.app_context():
        states = dict(db.session.execute(select(Registration.code, Registration.state)).all())
    assert [str(states[code]) for code in receipt.registrations] == ["withdrawn", "withdrawn", "submitted"]


def test_every_form_that_keeps_something_of_people_is_tried():
    assert {"participant", "party", "registration", "account", "membership", "programme", "option"} <= {
        table for sending in SENDINGS.values() for table in sending.writes
    }


ODD = ("\x00", "😀", "9" * 30, "x" * 1000, "2026-13-45", "[", "张三\r\nBcc: x")


@pytest.mark.parametrize("who", ["guardian", "officer", "organiser", "anonymous"])
def test_odd_forms_break_nothing(world: World, kept: Path, who: str):
    """Whatever stands in whatever field, it is taken or refused with a sentence; nothing falls over."""
    _restored(world, kept)
    visitor = Visitor.comes(world.app, world.visitors[who])
    forms = [
        (address_of(world, rule), rule.endpoint)
        for rule in world.app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and rule.endpoint not in {"accounts.leave", "accounts.redeem"}
    ]
    fields = every_column() | ASKED_FOR
    broken = []
    for path, endpoint in forms:
        for odd in ODD:
            answer = visitor.client.post(path, data=dict.fromkeys(fields, odd))
            if answer.status_code >= 500:
                broken.append((endpoint, odd[:20]))
    assert broken == []
