from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from eventhub.domain.when import When
from eventhub.i18n import use_locale

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("span", "chinese", "english"),
    [
        (
            When(date(2026, 7, 6), date(2026, 7, 11)),
            "2026年7月6日 周一 - 7月11日 周六（5晚）",
            "Mon 6 - Sat 11 July 2026 (5 nights)",
        ),
        (
            When(date(2027, 6, 30), date(2027, 7, 1)),
            "2027年6月30日 周三 - 7月1日 周四（1晚）",
            "Wed 30 June - Thu 1 July 2027 (1 night)",
        ),
        (
            When(date(2027, 12, 30), date(2028, 1, 2)),
            "2027年12月30日 周四 - 2028年1月2日 周日（3晚）",
            "Thu 30 December 2027 - Sun 2 January 2028 (3 nights)",
        ),
        (When(date(2027, 7, 6), date(2027, 7, 6)), "2027年7月6日 周二", "Tue 6 July 2027"),
        (
            When(datetime(2027, 9, 18, 8, 30, tzinfo=ZONE), datetime(2027, 9, 18, 11, 0, tzinfo=ZONE)),
            "2027年9月18日 周六 08:30-11:00",
            "Sat 18 September 2027, 08:30-11:00",
        ),
        (
            When(datetime(2027, 5, 14, 14, 0, tzinfo=ZONE), datetime(2027, 5, 16, 12, 0, tzinfo=ZONE)),
            "2027年5月14日 周五 14:00 - 5月16日 周日 12:00（2晚）",
            "Fri 14 May 2027, 14:00 - Sun 16 May 2027, 12:00 (2 nights)",
        ),
    ],
)
def test_a_span_is_said_as_people_read_it(span, chinese, english):
    with use_locale("zh"):
        assert str(span) == chinese
    with use_locale("en"):
        assert str(span) == english
