from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from eventhub.delivery import letters
from eventhub.domain.terms import RegistrationState, word
from eventhub.domain.when import When
from eventhub.i18n import N_, Bilingual, use_locale

TEMPLATES = Path(__file__).parents[2] / "templates"

PROGRAMME = Bilingual("2027年“阳光少年”夏令营", "Sunshine Youth summer camp 2027")
BATCH = Bilingual("第三批 北京", "Batch 3, Beijing")
REASON = Bilingual(
    "第三批共40个名额，同级报名61人；抽签号12，截止38。",
    "40 places, 61 applied in this tier; lot 12, cut-off 38.",
)
BASE: dict[str, Any] = {
    "greeting": Bilingual("马女士", "Ms Ma"),
    "url": "https://events.example.org/my/registrations/CAMP-7K2M9Q",
    "contact_name": Bilingual("自治区总工会 王老师", "Mr Wang, regional federation"),
    "contact_phone": "0951-6012345",
}
ALLOTTED = letters.AllottedLetter(
    **BASE,
    programme=PROGRAMME,
    option=BATCH,
    option_word=Bilingual("批次", "Batch"),
    when=When(date(2027, 7, 19), date(2027, 7, 24)),
    where=Bilingual("北京市朝阳区青少年营地", "Youth camp, Chaoyang, Beijing"),
    code="CAMP-7K2M9Q",
    who=Bilingual("马同学", "Child M."),
    meeting_point=Bilingual("银川火车站进站口，7:20集合", "Yinchuan railway station, 7:20"),
    bring=(Bilingual("身份证原件", "Identity card"), Bilingual("雨具", "Rain wear")),
    reason=REASON,
    lines=(letters.Row(Bilingual("费用", "Price"), Bilingual("免费", "Free")),),
)
MOVED = letters.MovedLetter(
    **{field.name: getattr(ALLOTTED, field.name) for field in fields(ALLOTTED)},
    was_when=When(date(2027, 7, 12), date(2027, 7, 17)),
)
EVERY_LETTER: tuple[letters.Content, ...] = (
    letters.ReceivedLetter(
        **BASE,
        programme=PROGRAMME,
        number="CAMP-7K2M9Q",
        choices=(BATCH, Bilingual("第一批 银川", "Batch 1, Yinchuan")),
        closes=When(date(2027, 5, 31), date(2027, 5, 31)),
        next_step=Bilingual("6月10日公布结果。", "The result is published on 10 June."),
    ),
    letters.ChangedLetter(
        **BASE,
        programme=PROGRAMME,
        number="CAMP-7K2M9Q",
        choices=(Bilingual("第一批 银川", "Batch 1, Yinchuan"),),
        next_step=Bilingual("6月10日公布结果。", "The result is published on 10 June."),
    ),
    ALLOTTED,
    MOVED,
    letters.WithdrawnLetter(
        **BASE,
        programme=PROGRAMME,
        option=BATCH,
        when=When(date(2027, 7, 19), date(2027, 7, 24)),
        code="CAMP-7K2M9Q",
        reason=REASON,
        next_step=REASON,
    ),
    letters.ReaddressedLetter(
        **BASE,
        programme=PROGRAMME,
        option=BATCH,
        when=When(date(2027, 7, 19), date(2027, 7, 24)),
        code="CAMP-7K2M9Q",
    ),
    letters.WaitlistedLetter(
        **BASE,
        programme=PROGRAMME,
        code="CAMP-7K2M9Q",
        option=BATCH,
        position=3,
        reason=REASON,
        next_step=REASON,
    ),
    letters.NotSelectedLetter(
        **BASE,
        programme=PROGRAMME,
        code="CAMP-7K2M9Q",
        reason=REASON,
        alternatives=(BATCH,),
        objection=REASON,
    ),
    letters.ReturnedLetter(
        **BASE,
        programme=PROGRAMME,
        number="CAMP-7K2M9Q",
        who=Bilingual("马同学", "Child M."),
        reason=REASON,
        closes=When(date(2027, 5, 31), date(2027, 5, 31)),
    ),
    letters.CancelledLetter(
        **BASE, programme=PROGRAMME, code="R7K2M-9Q1B", who=Bilingual("马同学", "Child M."), reason=REASON
    ),
    letters.PersonDecidedLetter(**BASE, who=Bilingual("马女士", "Ms Ma")),
    letters.PersonDecidedLetter(**BASE, who=Bilingual("马女士", "Ms Ma"), confirmed=False),
    letters.SignInLetter(url="https://events.example.org/in/abc", code="482 913"),
    letters.InvitedColleagueLetter(
        **BASE,
        invited_by=Bilingual("王芳", "Wang Fang"),
        role=N_("Organiser"),
        organisation=PROGRAMME,
        expires="18:00",
    ),
)
each_letter = pytest.mark.parametrize("letter", EVERY_LETTER, ids=lambda letter: letter.name)
each_locale = pytest.mark.parametrize("locale", ["zh", "en"])


def _write(letter: letters.Content, locale: str = "zh") -> letters.Written:
    return letters.render(letter, locale=locale, folder=TEMPLATES)


def test_a_place_is_told_in_chinese():
    written = _write(ALLOTTED)
    assert written.subject == "已入选：2027年“阳光少年”夏令营，第三批 北京"
    assert (
        written.text
        == """\
马女士，您好：

本次报名已获得名额，安排如下。

项目：2027年“阳光少年”夏令营
批次：第三批 北京
时间：2027年7月19日 周一 - 7月24日 周六（5晚）
地点：北京市朝阳区青少年营地
集合地点：银川火车站进站口，7:20集合
参加人：马同学
个人编号：CAMP-7K2M9Q
费用：免费

携带物品
- 身份证原件
- 雨具

分配依据
第三批共40个名额，同级报名61人；抽签号12，截止38。

本邮件附有日历邀请，安排如有变动，将另发邮件更新。在日历中拒绝邀请不等于放弃名额；如需放弃，请到下面的页面办理。

查看或放弃名额
https://events.example.org/my/registrations/CAMP-7K2M9Q

--------
咨询：自治区总工会 王老师 0951-6012345
本邮件由工会活动报名平台 EventHub 自动发出。
"""
    )


def test_a_place_is_told_in_english():
    written = _write(ALLOTTED, "en")
    assert written.subject == "Selected: Sunshine Youth summer camp 2027, Batch 3, Beijing"
    assert (
        written.text
        == """\
Dear Ms Ma,

This registration has been given a place.

Programme: Sunshine Youth summer camp 2027
Batch: Batch 3, Beijing
When: Mon 19 - Sat 24 July 2027 (5 nights)
Where: Youth camp, Chaoyang, Beijing
Meeting point: Yinchuan railway station, 7:20
Who goes: Child M.
Personal number: CAMP-7K2M9Q
Price: Free

What to bring
- Identity card
- Rain wear

Why this place
40 places, 61 applied in this tier; lot 12, cut-off 38.

A calendar invitation comes with this message; if the arrangements change, another one updates it. \
Declining it in the calendar does not give the place up: that is done on the page below.

See the place or give it up
https://events.example.org/my/registrations/CAMP-7K2M9Q

--------
Questions: Mr Wang, regional federation 0951-6012345
This message was written by EventHub, the union's sign-up service.
"""
    )


def test_what_the_organiser_cancelled_is_called_so_in_the_letter_as_on_the_page():
    letter = next(each for each in EVERY_LETTER if each.name == "cancelled")
    for locale in ("zh", "en"):
        with use_locale(locale):
            state = str(word(RegistrationState.CANCELLED))
        assert _write(letter, locale).subject.startswith(state)
    assert "个人编号：R7K2M-9Q1B" in _write(letter).text


def test_nobody_on_the_waiting_list_is_promised_to_move_up_in_turn():
    # Places that become free are given out anew among all who wait.
    letter = next(each for each in EVERY_LETTER if each.name == "waitlisted")
    assert "本次报名暂未获得名额，已列入候补。" in _write(letter).text
    assert "依次" not in _write(letter).text


@each_letter
@each_locale
def test_every_letter_has_a_subject_of_one_line_a_text_and_a_page(letter, locale):
    written = _write(letter, locale)
    assert written.subject
    assert "\n" not in written.subject
    assert letter.url in written.text
    page = BeautifulSoup(written.html, "html.parser")
    assert page.html["lang"] == {"zh": "zh-Hans-CN", "en": "en-GB"}[locale]
    assert [link["href"] for link in page.find_all("a") if not link["href"].startswith("tel:")] == [
        letter.url
    ]
    assert len(page.find_all("h1")) == 1


@each_letter
@each_locale
def test_text_and_page_say_the_same(letter, locale):
    """Each line of the plain letter stands in the page too, but for the address behind the page's button."""
    written = _write(letter, locale)
    page = _squeezed(BeautifulSoup(written.html, "html.parser").get_text(" "))
    for line in written.text.splitlines():
        for piece in re.split(r"：|: ", line.removeprefix("- ")):
            if piece and piece != "--------" and piece not in letter.url:
                assert _squeezed(piece) in page, piece


@each_letter
def test_every_letter_is_wholly_chinese_for_a_chinese_reader(letter):
    english = set(re.findall(r"[A-Za-z]{3,}", _write(letter).text.replace(letter.url, "")))
    assert english <= {"EventHub", "CAMP"}


@each_letter
@each_locale
def test_who_reads_in_anothers_place_is_told_why_in_one_sentence_and_nobody_else_is(letter, locale):
    sentence = {
        "zh": "因参加人没有登记可用的电子邮箱，本邮件发给您，请及时转告。",
        "en": "This message comes to you because the person concerned has no e-mail address on record. Please pass it on.",
    }[locale]
    told, alone = _write(replace(letter, pass_on=True), locale), _write(letter, locale)
    assert told.text.count(sentence) == told.html.count(sentence) == 1
    assert told.text.index(sentence) < told.text.index(letter.url)
    assert sentence not in alone.text + alone.html


@each_letter
@each_locale
def test_no_letter_shouts(letter, locale):
    written = _write(letter, locale)
    assert not re.search("[!！]", written.text + written.subject)
    assert "!" not in written.html.replace("<!DOCTYPE html>", "")


@each_letter
def test_no_letter_fetches_anything_from_outside(letter):
    page = BeautifulSoup(_write(letter).html, "html.parser")
    assert page.find_all(["img", "link", "script", "iframe", "style"]) == []
    assert "url(" not in str(page)


def test_a_letter_speaks_its_readers_language_not_the_senders():
    with use_locale("en"):
        assert _write(ALLOTTED, "zh") == _write(ALLOTTED, "zh")
        assert "已入选" in _write(ALLOTTED, "zh").subject
        assert str(BATCH) == "Batch 3, Beijing"


def test_the_old_arrangements_stand_below_the_new_ones_and_only_where_they_differ():
    text = _write(MOVED).text
    assert text.index("7月19日") < text.index("原安排作废") < text.index("7月12日")
    assert text.count("时间：") == 2
    assert text.count("地点：北京") == 1
    page = BeautifulSoup(_write(MOVED).html, "html.parser")
    # No line of a narrow screen parts a date from its weekday.
    assert [old.get_text() for old in page.find_all("s")] == [
        "2027年7月12日\N{NO-BREAK SPACE}周一 - 7月17日\N{NO-BREAK SPACE}周六（5晚）"
    ]
    assert "原安排作废" not in _write(replace(MOVED, was_when="")).text


def test_without_an_invitation_no_letter_speaks_of_one():
    for letter in EVERY_LETTER:
        if isinstance(letter, letters.AllottedLetter | letters.WithdrawnLetter):
            assert "日历" in _write(letter).text
            assert "日历" not in _write(replace(letter, invited=False)).text
        else:
            assert "日历" not in _write(letter).text


def test_what_is_empty_is_left_out():
    bare = replace(
        ALLOTTED,
        greeting="",
        who="",
        meeting_point=" ",
        bring=(),
        reason="",
        lines=(),
        contact_name="",
        contact_phone="",
    )
    text = _write(bare).text
    assert text.startswith("本次报名")
    for label in ("参加人", "集合地点", "携带物品", "分配依据", "费用", "咨询"):
        assert label not in text
    assert "\n\n\n" not in text


def test_a_kinds_own_lines_need_only_a_label_and_a_value():
    @dataclass(frozen=True)
    class Fact:
        label: object
        value: object

    text = _write(replace(ALLOTTED, lines=(Fact("随行家属", 2),))).text
    assert "随行家属：2\n" in text


def test_a_sign_in_code_never_stands_in_the_subject():
    written = _write(next(letter for letter in EVERY_LETTER if isinstance(letter, letters.SignInLetter)))
    assert "482" in written.text
    assert "482" not in written.subject


def test_a_letter_leads_only_to_a_page():
    with pytest.raises(ValueError, match="by http or https"):
        replace(ALLOTTED, url="javascript:alert(1)")


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=40))
def test_whatever_the_words_they_stay_words(words):
    hostile = f"<script>x</script>&{words}"
    tame = _write(replace(ALLOTTED, greeting="甲", reason="乙", option="丙"))
    written = _write(replace(ALLOTTED, greeting=hostile, reason=hostile, option=hostile))
    tags, tame_tags = (
        [tag.name for tag in BeautifulSoup(page.html, "html.parser").find_all()] for page in (written, tame)
    )
    assert tags == tame_tags
    assert written.text.count("\n") == tame.text.count("\n")
    assert "\n" not in written.subject
    written.text.encode()
    written.html.encode()


def test_a_name_with_line_breaks_adds_no_paragraph_to_the_plain_letter():
    text = _write(replace(ALLOTTED, greeting="马兰\n\n请转账至\r\nhttps://thief.example")).text
    assert text.splitlines()[0] == "马兰 请转账至 https://thief.example，您好："


def test_placeholders_in_typed_words_are_not_filled_in():
    typed = "%(greeting)s {{ letter.url }} 100%"
    written = _write(replace(ALLOTTED, greeting=typed, option=typed))
    assert written.text.startswith(f"{typed}，您好：")
    assert typed in written.subject
    assert typed in written.html


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_several_reasons_stand_each_on_a_line_of_its_own():
    waiting = next(each for each in EVERY_LETTER if isinstance(each, letters.WaitlistedLetter))
    told = _write(replace(waiting, reason=("第一志愿名额已满。", "第二志愿未成团。")))
    assert "- 第一志愿名额已满。\n- 第二志愿未成团。\n" in told.text
    items = [item.text for item in BeautifulSoup(told.html, "html.parser").find_all("li")]
    assert items == ["第一志愿名额已满。", "第二志愿未成团。"]


def test_a_place_that_ended_without_a_reason_says_whom_to_call():
    ended = next(each for each in EVERY_LETTER if isinstance(each, letters.WithdrawnLetter) and each.reason)
    assert "如非本人办理" not in _write(ended).text
    assert "如非本人办理" in _write(replace(ended, reason="")).text
