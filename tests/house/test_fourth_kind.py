"""A kind that the house has never heard of goes all the way: nothing but its folder is added."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import icalendar
import pytest
from flask import Flask
from sqlalchemy import select

from eventhub import kinds
from eventhub.cli.worker import Worker
from eventhub.domain.facts import Actor, PersonDraft
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import Role
from eventhub.extensions import db
from eventhub.models.allocations import AllocationRun
from eventhub.queries import programmes
from eventhub.queries.accounts import account
from eventhub.services import accounts, participants
from tests.conftest import opened, settings_for
from tests.house.paper import Button, Form, Page, Visitor
from tests.kinds.conftest import CHECKUP_FOLDER, kinds_also_in
from tests.scenario import COUNTY, UNIT, Scenario

KEY = "checkup"
HOUSE = Path(kinds.__file__).resolve().parent.parent.parent
"""The checkout: the kind's folder lies outside of it."""
CODE = "checkup-2026"
DAY = date(2026, 7, 7)
WORDS = {
    "zh": {
        "kind": "健康体检",
        "question": "体检套餐",
        "rule": "须空腹的检查安排在上午。",
        "card": "体检结果只有您和医院知道。",
        "barred": "须空腹检查",
        "place": "第一人民医院",
        "entry": "第一人民医院预约",
        "bring": "会员卡和手机",
        "lang": "zh-CN",
        "hospital": "医院",
        "setting": "须带押金",
        "doctors": "值班医生",
        "extra": "心电图，80元",
        "first_day": "体检日期",
        "too_few": "0名医生半天最多接诊0人。",
    },
    "en": {
        "kind": "Health check",
        "question": "Which package?",
        "rule": "Tests on an empty stomach are made in the morning.",
        "card": "Only you and the hospital learn the results.",
        "barred": "comes on an empty stomach",
        "place": "First Hospital",
        "entry": "Appointment at First Hospital",
        "bring": "member card and telephone",
        "lang": "en-GB",
        "hospital": "Hospital",
        "setting": "Deposit to bring",
        "doctors": "Doctors on duty",
        "extra": "心电图, CNY 80",
        "first_day": "Day of the check",
        "too_few": "0 doctors see at most 0 people in half a day.",
    },
}
NAMES = {"zh": "王建国", "en": "Aygul Ahmat"}
HALVES = {"H1-am": ("上午", "morning", "08:00", "12:00"), "H1-pm": ("下午", "afternoon", "14:00", "17:30")}


@dataclass
class Clinic:
    """The federation with a health check to come: two half-days of two appointments each."""

    app: Flask
    story: Scenario
    workers: dict[str, Actor] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def visitor(self, who: Actor | None, locale: str) -> Visitor:
        return Visitor.comes(self.app, who, locale)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The kind's folder, copied to where nothing of the house lies."""
    place = tmp_path / "elsewhere"
    shutil.copytree(CHECKUP_FOLDER / KEY, place / KEY, ignore=shutil.ignore_patterns("__pycache__"))
    assert HOUSE not in place.resolve().parents
    return place


@pytest.fixture
def clinic(folder: Path, instance: Path, database_url: str) -> Iterator[Clinic]:
    """The house over an instance whose settings name that folder, with one worker a language."""
    assert KEY not in kinds.every()
    settings = settings_for(instance, database_url, EVENTHUB_KINDS_PATH=str(folder))
    with kinds_also_in(folder), opened(settings) as app:
        assert kinds.named(KEY).folder == folder / KEY
        app.config["WTF_CSRF_ENABLED"] = True
        house = Clinic(app, Scenario())
        app.extensions["clock"] = lambda: house.story.at
        # Left again before anybody opens a page: a request inside another's context would share who is signed in.
        with app.app_context():
            _people_it(house)
        yield house
    assert KEY not in kinds.every()


def _people_it(house: Clinic) -> None:
    story = house.story
    story._plant()
    story.organiser = story.account("陈主任", "chen@example.org", Role.ORGANISER, COUNTY)
    for locale, name in NAMES.items():
        actor = story.account(name, f"{locale}@example.org", Role.MEMBER)
        accounts.speak(actor.account_id, locale)
        house.workers[locale] = actor
        draft = PersonDraft(
            name=name, birth_date=date(1985, 5, 1), organisation=UNIT, email=f"{locale}@example.org"
        )
        house.people[locale] = participants.add(draft, by=actor, at=story.at)


# -- What the house knows ----------------------------------------------------------------------------


def test_no_file_of_the_house_names_the_kind():
    rooms = [HOUSE / name for name in ("eventhub", "solvers", "templates", "migrations")]
    files = [
        path
        for room in rooms
        for path in room.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert len(files) > 200
    told = re.compile(
        rb"(?i)\bcheckups?\b|\xe4\xbd\x93\xe6\xa3\x80"
    )  # the key, and what Chinese readers call it
    assert [path.relative_to(HOUSE).as_posix() for path in files if told.search(path.read_bytes())] == []
    assert told.search((CHECKUP_FOLDER / KEY / "__init__.py").read_bytes())


def test_without_its_folder_the_kind_is_gone(instance: Path, database_url: str):
    with opened(settings_for(instance, database_url)):
        assert KEY not in kinds.every()


# -- All the way -------------------------------------------------------------------------------------


def test_a_fourth_kind_goes_all_the_way_in_both_languages(clinic: Clinic):
    set_up(clinic)
    for locale in ("zh", "en"):
        programme_page(clinic, locale)
    parties = {locale: signs_up(clinic, locale) for locale in ("zh", "en")}
    clinic.story.at = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
    allotted(clinic)
    clinic.story.later(hours=1)
    publish(clinic)
    clinic.story.later(minutes=5)
    runs, delivered = Worker(clinic.app, clock=lambda: clinic.story.at).do_all_due()
    assert (runs, delivered.later, delivered.dead) == (0, 0, 0)
    for locale, party in parties.items():
        result(clinic, locale, party)
        letter(clinic, locale)
        feed(clinic, locale)
    gives_up(clinic, "zh", parties["zh"])


def set_up(clinic: Clinic) -> None:
    """The organiser makes the programme at the desk, without a word of code."""
    desk = clinic.visitor(clinic.story.organiser, "zh")
    new = desk.opens("/desk/programmes/new")
    made = desk.sends(
        new,
        new.form(asking="title_zh"),
        kind=KEY,
        organisation=COUNTY,
        code=CODE,
        title_zh="健康守护体检",
        title_en="Checks for outdoor workers",
        summary_zh="为户外劳动者免费体检。",
        summary_en="Free checks for outdoor workers.",
        opens_at="2026-05-01T09:00",
        closes_at="2026-06-01T18:00",
        result_at="2026-06-10T09:00",
        contact_name="体检办公室",
        contact_phone="0951-0000404",
    )
    assert made.path.partition("?")[0] == f"/desk/programmes/{CODE}/options", made.words
    for code, (half_zh, half_en, starts, ends) in HALVES.items():
        told = {
            "code": code,
            "title_zh": f"第一人民医院{half_zh}",
            "title_en": f"First Hospital, {half_en}",
            "occasions-0-first_day": DAY.isoformat(),
            "occasions-0-last_day": DAY.isoformat(),
            "occasions-0-starts": starts,
            "occasions-0-ends": ends,
            "occasions-0-place_zh": "第一人民医院",
            "occasions-0-place_en": "First Hospital",
            "capacity": "2",
            "minimum": "0",
            "details-entrance_zh": "东门",
            "details-results_on": "2026-07-20",
            "details-extras-0-name": "心电图",
            "details-extras-0-price_fen": "80",
        }
        sets_up_half_day(desk, told)
    with clinic.app.app_context():
        kept_options = programmes.facts(CODE).options
        db.session.remove()
    assert [option.details for option in kept_options] == 2 * [
        {
            "doctors": 1,
            "entrance_zh": "东门",
            "results_on": "2026-07-20",
            "extras": [{"name": "心电图", "price_fen": 80_00}],
        }
    ]
    settings = desk.opens(f"/desk/programmes/{CODE}/settings")
    assert WORDS["zh"]["setting"] in settings.words
    assert WORDS["en"]["setting"] in desk.reading("en").opens(f"/desk/programmes/{CODE}/settings").words
    desk.reading("zh")
    kept = desk.sends(settings, settings.form(asking="deposit_fen"), deposit_fen="20")
    with clinic.app.app_context():
        assert programmes.facts(CODE).settings == {"deposit_fen": 20_00}
        db.session.remove()
    overview = desk.opens(f"/desk/programmes/{CODE}")
    assert kept.path == overview.path
    announced = desk.sends(overview, overview.form(action=f"/desk/programmes/{CODE}/announcement"))
    assert announced.status == 200, announced.words
    assert "已发布" in announced.words, announced.words


def sets_up_half_day(desk: Visitor, told: dict[str, str]) -> None:
    """A half-day in the kind's own words, with a slip on the way: nothing is kept, and nothing typed is lost."""
    address = f"/desk/programmes/{CODE}/options"
    slip = desk.opens(f"{address}/new")
    for locale in ("en", "zh"):
        blank = desk.reading(locale).opens(f"{address}/new")
        for word in ("doctors", "first_day"):
            assert WORDS[locale][word] in blank.words
        slip = desk.sends(blank, blank.form(asking="title_zh"), **told, **{"details-doctors": "0"})
        assert slip.status == 422
        assert WORDS[locale]["too_few"] in slip.words
        assert ("details-extras-0-price_fen", "80") in slip.form(asking="title_zh").values
    kept = desk.sends(slip, slip.form(asking="title_zh"), **{"details-doctors": "1"})
    assert kept.path == address, kept.words
    assert told["code"] in kept.text


def programme_page(clinic: Clinic, locale: str) -> None:
    """Everybody reads what it is and by which rules, in their language, with the kind's own drawing and card."""
    visitor, words = clinic.visitor(None, locale), WORDS[locale]
    listed = visitor.opens("/")
    assert f"/programmes/{CODE}" in listed.links, listed.words
    assert words["kind"] in listed.words
    assert words["card"] in listed.words
    assert "M12 20.500C5 15.800" in listed.text
    shown = visitor.opens(f"/programmes/{CODE}")
    assert (shown.status, shown.language) == (200, words["lang"])
    for word in ("kind", "rule", "place", "hospital", "extra"):
        assert words[word] in shown.words, (locale, word)
    assert WORDS["en" if locale == "zh" else "zh"]["rule"] not in shown.words
    assert f"/my/registrations/new/{CODE}" in shown.text


def signs_up(clinic: Clinic, locale: str) -> str:
    """Every step of the form, with a slip on the way: a fasting test is no choice in the afternoon."""
    visitor, words = clinic.visitor(clinic.workers[locale], locale), WORDS[locale]

    who = visitor.opens(f"/my/registrations/new/{CODE}")
    assert (who.status, who.language) == (200, words["lang"])
    asked = visitor.sends(who, who.form(asking="participants"), participants=[clinic.people[locale]])
    assert asked.path.endswith("/questions"), asked.words
    party = asked.path.split("/")[-2]

    assert words["question"] in asked.words
    unanswered = visitor.sends(asked, asked.form(asking="participants-0-package"))
    assert unanswered.status == 422
    assert words["question"] in unanswered.words
    chosen = visitor.sends(
        asked, asked.form(asking="participants-0-package"), **{"participants-0-package": "fasting"}
    )
    assert chosen.path.endswith("/choices"), chosen.words

    assert words["barred"] in chosen.words
    offered = [button.value for button in chosen.form(asking="move").buttons]
    assert "add:H1-am" in offered
    assert "add:H1-pm" not in offered
    ranked = visitor.sends(chosen, chosen.form(asking="move"), press=Button("move", "add:H1-am"))
    assert ranked.path == chosen.path
    review = visitor.sends(ranked, ranked.form(asking="flexible"))
    assert review.path.endswith("/review"), review.words

    assert words["place"] in review.words
    sent = visitor.sends(review, _of_review(review))
    assert sent.path == f"/my/registrations/{party}?sent=1", sent.words
    assert party in sent.words
    again = visitor.sends(review, _of_review(review))
    assert (again.status, again.path) == (200, f"/my/registrations/{party}")
    return party


def _of_review(page: Page) -> Form:
    return page.form(asking="stamp")


def allotted(clinic: Clinic) -> None:
    """The organiser asks at the desk; the worker solves in a child process, the auditor agrees."""
    desk = clinic.visitor(clinic.story.organiser, "zh")
    bench = desk.opens(f"/desk/programmes/{CODE}/allocations")
    assert "时段" in bench.words
    asked = desk.sends(bench, bench.form(asking="seconds"), seconds="20", seed="7")
    assert asked.path == f"/desk/programmes/{CODE}/allocations/1", asked.words
    runs, _delivered = Worker(clinic.app, clock=lambda: clinic.story.at).do_all_due()
    assert runs == 1
    with clinic.app.app_context():
        run = db.session.scalars(select(AllocationRun)).one()
        assert (str(run.state), run.error) == ("optimal", None)
        assert all([run.problem, run.result, run.input_digest, run.solver_version])
    for locale in ("zh", "en"):
        shown = desk.reading(locale).opens(asked.path)
        assert (shown.status, shown.language) == (200, WORDS[locale]["lang"])
        assert WORDS[locale]["kind"] in shown.words
        assert WORDS[locale]["place"] in shown.words


def publish(clinic: Clinic) -> None:
    """The confirm page counts, the button publishes."""
    desk = clinic.visitor(clinic.story.organiser, "en")
    asked = desk.opens(f"/desk/programmes/{CODE}/publications/new?run=1")
    done = desk.sends(asked, asked.form(asking="run"))
    assert done.path == f"/desk/programmes/{CODE}/publications/1", done.words
    roster = desk.opens(f"/desk/programmes/{CODE}/roster/paper")
    assert all(name in roster.words for name in NAMES.values())


def result(clinic: Clinic, locale: str, party: str) -> None:
    """My registration says where and when, what to bring, and why."""
    visitor, words = clinic.visitor(clinic.workers[locale], locale), WORDS[locale]
    shown = visitor.opens(f"/my/registrations/{party}")
    assert (shown.status, shown.language) == (200, words["lang"])
    assert words["place"] in shown.words
    assert words["bring"] in shown.words
    assert words["entry"] in visitor.opens("/my/calendar").words
    (path,) = [link for link in shown.links if link.endswith(".ics")]
    entry_is_right(visitor.client.get(path).data, locale)


def mails_to(clinic: Clinic, address: str) -> list[EmailMessage]:
    """What the worker wrote into the folder of mails, oldest first."""
    folder = clinic.app.extensions["settings"].mail_folder
    mails = [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))
    ]
    return [mail for mail in mails if address in str(mail["To"])]


def letter(clinic: Clinic, locale: str) -> None:
    """One letter in the reader's language, with the invitation in it."""
    mails = [mail for mail in mails_to(clinic, f"{locale}@example.org") if _calendar_of(mail) is not None]
    (mail,) = mails
    words = WORDS[locale]
    text = mail.get_body(("plain",)).get_content()
    page = mail.get_body(("html",)).get_content()
    for told in (text, page):
        assert words["place"] in told
        assert words["bring"] in told
        assert WORDS["en" if locale == "zh" else "zh"]["bring"] not in told
    octets = _calendar_of(mail)
    assert octets is not None
    calendar = entry_is_right(octets, locale)
    assert str(calendar["METHOD"]) == "REQUEST"
    (event,) = calendar.walk("VEVENT")
    assert event["ATTENDEE"] == f"mailto:{locale}@example.org"
    for secret in ("fasting", "空腹", "empty stomach", "套餐", "package"):
        assert secret not in octets.decode()


def _calendar_of(mail: EmailMessage) -> bytes | None:
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            octets = part.get_payload(decode=True)
            assert isinstance(octets, bytes)
            return octets
    return None


def feed(clinic: Clinic, locale: str) -> None:
    """The personal address gives the same place, without asking for an answer."""
    with clinic.app.app_context():
        token = account(clinic.workers[locale].account_id).feed_token
    answer = clinic.app.test_client().get(f"/calendar/{token}.ics")
    assert answer.status_code == 200
    calendar = entry_is_right(answer.data, locale)
    assert "METHOD" not in calendar


def entry_is_right(octets: bytes, locale: str) -> icalendar.Calendar:
    """One timed entry of the morning at the hospital, in the reader's language; the calendar it was read from."""
    calendar = icalendar.Calendar.from_ical(octets)
    (event,) = calendar.walk("VEVENT")
    assert str(event["SUMMARY"]) == WORDS[locale]["entry"]
    assert str(event["LOCATION"]) == WORDS[locale]["place"]
    starts, ends = event["DTSTART"].dt, event["DTEND"].dt
    assert starts == datetime(2026, 7, 7, 8, 0, tzinfo=ZONE)
    assert ends - starts == timedelta(hours=4)
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    return calendar


def gives_up(clinic: Clinic, locale: str, party: str) -> None:
    """Who withdraws is told, and the calendar entry is taken back under its UID."""
    clinic.story.later(hours=1)
    visitor = clinic.visitor(clinic.workers[locale], locale)
    asked = visitor.opens(f"/my/registrations/{party}/withdraw")
    done = visitor.sends(asked, asked.form(asking="reason"))
    assert done.path == f"/my/registrations/{party}", done.words
    Worker(clinic.app, clock=lambda: clinic.story.at).do_all_due()
    calendars = [
        icalendar.Calendar.from_ical(octets)
        for mail in mails_to(clinic, f"{locale}@example.org")
        if (octets := _calendar_of(mail)) is not None
    ]
    by_method = {str(calendar["METHOD"]): calendar.walk("VEVENT")[0] for calendar in calendars}
    assert set(by_method) == {"REQUEST", "CANCEL"}
    assert by_method["CANCEL"]["UID"] == by_method["REQUEST"]["UID"]
    assert int(by_method["CANCEL"]["SEQUENCE"]) > int(by_method["REQUEST"].get("SEQUENCE", 0))
    assert visitor.opens("/my/calendar").words.count(WORDS[locale]["entry"]) == 0
