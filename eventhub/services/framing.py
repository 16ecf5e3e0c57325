"""Frame a programme as an allocation problem: as it stands at one moment, under the rules in force, with its draw."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.domain.facts import PartyFacts, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import RegistrationState
from eventhub.extensions import snapshot
from eventhub.i18n import LOCALES, use_locale
from eventhub.models.programmes import Option
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Registration
from eventhub.queries import snapshots
from solvers import draw
from solvers.problem import Problem as SolverProblem
from solvers.problem import read as read_problem


@dataclass(frozen=True)
class Framed:
    """What goes in: the programme as it stood, its parties with their lots, and the problem as the solver reads it."""

    taken: snapshots.Snapshot
    parties: tuple[PartyFacts, ...]
    text: bytes
    problem: SolverProblem
    rule_version: str


def freeze(programme_id: int, *, seed: int, on: datetime) -> Framed:
    """The programme as a problem, as it stands in one reading transaction."""
    with snapshot() as session:
        taken = snapshots.take(session, programme_id, on=on.astimezone(ZONE).date())
        held = _held(session, programme_id)
    codes = [party.code for party in taken.parties]
    lots = draw.lots(codes, str(seed)) if codes else {}
    parties = tuple(replace(party, lot=lots[party.code]) for party in taken.parties)
    kind = kinds.of(taken.programme)
    framed = kind.frame(taken.programme, parties)
    standing = {party.code for party in parties}
    previous = {code: option for code, option in held.items() if code in standing}
    if previous:
        framed["previous"] = previous
    text = json.dumps(framed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return Framed(taken, parties, text, read_problem(text), rule_version(taken.programme))


def rule_version(programme: ProgrammeFacts) -> str:
    """A digest of the rules in force: the kind, its settings and the rules as members read them."""
    kind = kinds.of(programme)
    texts = {}
    for locale in LOCALES:
        with use_locale(locale):
            texts[locale] = [str(text) for text in kind.rule_texts(programme)]
    settings = {each.key: kind.setting(programme, each.key) for each in kind.settings}
    told = {"kind": kind.key, "settings": {**programme.settings, **settings}, "rules": texts}
    return hashlib.sha256(
        json.dumps(told, ensure_ascii=False, sort_keys=True, default=str).encode()
    ).hexdigest()


def _held(session: Session, programme_id: int) -> dict[str, str]:
    """Party -> the option it holds by the last publication; of a party that is split, none."""
    last = session.scalar(
        select(Publication.id)
        .where(Publication.programme_id == programme_id)
        .order_by(Publication.number.desc())
        .limit(1)
    )
    rows = session.execute(
        select(Registration.party_id, Option.code)
        .join(PublishedAllotment, PublishedAllotment.registration_id == Registration.id)
        .join(Option, Option.id == PublishedAllotment.option_id)
        .where(PublishedAllotment.publication_id == last, Registration.state == RegistrationState.ALLOTTED)
        .order_by(Registration.id)
    )
    found: dict[str, str] = {}
    split: set[str] = set()
    for party_id, option in rows:
        code = snapshots.group_code(party_id)
        if found.setdefault(code, option) != option:
            split.add(code)
    return {code: option for code, option in found.items() if code not in split}
