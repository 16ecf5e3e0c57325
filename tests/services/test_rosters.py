"""An officer's list: read from a sheet, counted whole or not at all."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import xlsxwriter
from flask import Flask
from sqlalchemy import func, select

from eventhub import kinds
from eventhub.domain.facts import OccasionFacts, OptionFacts, ProgrammeFacts
from eventhub.domain.problems import Refused
from eventhub.extensions import db
from eventhub.i18n import Bilingual, use_locale
from eventhub.models.accounts import Claim, Participant
from eventhub.models.registrations import Party, Registration
from eventhub.queries import programmes
from eventhub.services import cells, rosters
from tests.scenario import REGION, UNIT, Scenario, camp_facts

pytestmark = pytest.mark.database

RETREAT = "retreat-2026"


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        story = Scenario.begins()
        story.programme(retreat())
        yield story


def retreat() -> ProgrammeFacts:
    departure = OptionFacts(
        code="R01-1",
        title=Bilingual("贺兰山东麓 6月12日", "East Helan, 12 June"),
        capacity=40,
        minimum=2,
        occasions=(
            OccasionFacts(
                datetime(2026, 6, 12, 10, tzinfo=UTC),
                datetime(2026, 6, 14, 8, tzinfo=UTC),
                Bilingual("昊苑村", "Haoyuan"),
            ),
        ),
        details={
            "route": "R01",
            "halal": True,
            "suits_elderly": True,
            "walking": "low",
            "price_fen": 78000,
            "subsidy_fen": 50000,
            "own_share_fen": 28000,
            "companion_price_fen": 78000,
            "child_companion_price_fen": 47000,
            "hub_minutes": {"640100": 30},
            "coach": {"seats": 42, "cost_fen": 0, "most": 1},
        },
    )
    return ProgrammeFacts(
        code=RETREAT,
        kind="retreat",
        title=Bilingual("塞上乡村疗休养", "Rural retreat"),
        summary=Bilingual("两天两夜", "Two nights"),
        opens_at=datetime(2026, 5, 1, tzinfo=UTC),
        closes_at=datetime(2026, 6, 1, tzinfo=UTC),
        result_at=None,
        announced_at=None,
        contact_name="陈主任",
        contact_phone="0951-0000000",
        options=(departure,),
        organisation=REGION,
    )


def sheet(*rows: list[str], head: list[str] | None = None) -> bytes:
    """A workbook as an officer saves it: text cells only."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for line, row in enumerate([head or heads(), *rows]):
            for column, cell in enumerate(row):
                page.write_string(line, column, cell)
    return out.getvalue()


def heads() -> list[str]:
    """The headings as the page offers them, in Chinese."""
    with use_locale("zh"):
        return [str(cells.COLUMNS[key]) for key in ("name", "birth_date", "sex", "phone", "party", "choices")]


def hand_in(story: Scenario, content: bytes, key: str = "k1") -> rosters.RosterReceipt:
    facts = programmes.facts(RETREAT)
    read = rosters.read_sheet(content, facts)
    wanted = rosters.applications(read, facts, unit=UNIT)
    return rosters.register_all(RETREAT, wanted, unit=UNIT, key=key, by=story.officer, at=story.at)


MA = ["马建国", "1980-05-02", "男", "12900000011", "甲", "R01-1"]
MARY = ["丁秀兰", "1982/3/9", "女", "12900000011", "甲", "R01-1"]
BAI = ["白海燕", "1990年1月20日", "女", "12900000012", "", "R01-1"]


def test_lines_with_the_same_mark_go_together(story: Scenario) -> None:
    receipt = hand_in(story, sheet(MA, MARY, BAI))
    assert (receipt.parties, receipt.people, receipt.replayed) == (2, 3, False)
    sizes = db.session.scalars(
        select(func.count()).select_from(Registration).group_by(Registration.party_id)
    ).all()
    assert sorted(sizes) == [1, 2]
    assert db.session.scalars(select(Participant.birth_date).order_by(Participant.birth_date)).all() == [
        date(1980, 5, 2),
        date(1982, 3, 9),
        date(1990, 1, 20),
    ]


def test_the_same_list_twice_counts_once(story: Scenario) -> None:
    hand_in(story, sheet(MA, MARY))
    again = hand_in(story, sheet(MA, MARY))
    assert again.replayed
    assert db.session.scalar(select(func.count()).select_from(Party)) == 1


def test_one_wrong_line_keeps_everybody_out_and_is_named(story: Scenario) -> None:
    wrong = ["王\x07五", "1985-01-01", "男", "12900000013", "", "R01-1"]
    text = "\n".join([",".join(heads()), ",".join(MA), ",".join(wrong)])
    with pytest.raises(Refused) as refused:
        hand_in(story, text.encode())
    assert any("2" in str(problem) for problem in refused.value.problems)
    assert db.session.scalar(select(func.count()).select_from(Registration)) == 0
    assert db.session.scalar(select(func.count()).select_from(Participant)) == 0


def test_a_list_saved_by_an_old_office_is_read(story: Scenario) -> None:
    text = "\n".join([",".join(heads()), ",".join(BAI)])
    assert hand_in(story, text.encode("gb18030")).people == 1


def test_english_headings_and_words_do_as_well(story: Scenario) -> None:
    with use_locale("en"):
        english = [str(cells.COLUMNS[key]) for key in ("name", "birth_date", "sex", "choices")]
    row = ["白海燕", "1990-01-20", "Female", "East Helan, 12 June"]
    content = "\n".join([",".join(english), ",".join(f'"{cell}"' for cell in row)])
    assert hand_in(story, content.encode()).people == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_sheet"),
        (b"PK\x03\x04 not a workbook", "unreadable_file"),
        (b"\xff\xfe\x00\x01", "unreadable_file"),
        ("部门,电话\n一车间,1".encode(), "no_name_column"),
        (b"Name\n", "empty_sheet"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(story: Scenario, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        hand_in(story, content)
    assert {problem.code for problem in refused.value.problems} == {code}


def test_a_file_that_unpacks_to_a_mountain_is_refused_before_it_does(story: Scenario) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (rosters.MOST_UNPACKED + 1))
    with pytest.raises(Refused) as refused:
        hand_in(story, bomb.getvalue())
    assert {problem.code for problem in refused.value.problems} == {"too_large_file"}


def test_an_officers_word_counts_as_the_primary_unions_check(story: Scenario) -> None:
    facts = programmes.facts(RETREAT)
    from eventhub import kinds

    key = kinds.of(facts).claims[0][0]
    with use_locale("zh"):
        head = [*heads(), str(cells.COLUMNS["claims"])]
    hand_in(story, sheet([*BAI, key], head=head))
    claim = db.session.scalars(select(Claim)).one()
    assert (claim.kind, claim.checked) == (key, True)


@pytest.mark.parametrize(
    ("typed", "role"), [("随行", "companion"), ("参加人", "participant"), ("Comp", "companion")]
)
def test_a_role_may_be_shortened_as_people_do(story: Scenario, typed: str, role: str) -> None:
    with use_locale("zh"):
        head = [*heads(), str(cells.COLUMNS["role"])]
    hand_in(story, sheet([*MA, "参加人员"], [*MARY, typed], head=head))
    found = db.session.scalars(select(Registration.role).order_by(Registration.id)).all()
    assert [str(each) for each in found] == ["participant", role]


def test_a_word_that_begins_two_or_none_is_asked_for_again(story: Scenario) -> None:
    with use_locale("zh"):
        head = [*heads(), str(cells.COLUMNS["role"])]
    with pytest.raises(Refused) as refused:
        hand_in(story, sheet([*MA, "领队"], head=head))
    assert {problem.code for problem in refused.value.problems} == {"no_such_term"}


def test_a_list_has_a_column_for_all_that_must_be_answered() -> None:
    for kind in kinds.every().values():
        plan = replace(camp_facts(), kind=kind.key)
        asked = {question.key for question in kind.questions if question.required}
        assert asked <= {key for key, _label in rosters.columns(plan)}, kind.key
    assert {"contact1_phone", "contact2_phone"} <= {key for key, _label in rosters.columns(camp_facts())}
