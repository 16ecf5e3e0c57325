"""The union's tree as the demonstration has it: real places, invented unions, codes that belong to nobody."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eventhub.domain.facts import OrganisationFacts
from eventhub.domain.terms import OrganisationKind
from eventhub.i18n import Bilingual

REGION = "640000"
BASE = "base-ningdong"
ORGAN = "organ"
FEWEST_PRIMARY = 130
MOST_PRIMARY = 1300
VILLAGES = 108

_DIVISIONS = Path(__file__).parent / "data" / "divisions.csv"
_LEVELS = {
    "region": OrganisationKind.REGION,
    "prefecture_city": OrganisationKind.CITY,
    "district": OrganisationKind.COUNTY,
    "county": OrganisationKind.COUNTY,
    "county_city": OrganisationKind.COUNTY,
}
_INDUSTRIES = (
    ("energy", "能源化工", "Energy and chemicals"),
    ("metal", "冶金机械", "Metal and machinery"),
    ("transport", "交通运输", "Transport"),
    ("building", "住房建设", "Housing and building"),
    ("farming", "农林水利", "Farming, forestry and water"),
    ("finance", "金融", "Finance"),
    ("post", "邮政快递", "Post and parcels"),
    ("trade", "财贸轻纺", "Trade and textiles"),
    ("education", "教育科研", "Education and research"),
    ("health", "医疗卫生", "Health care"),
    ("culture", "文化体育旅游", "Culture, sport and tourism"),
    ("power", "电力", "Power supply"),
)
_TRADES = (
    ("物流", "logistics"),
    ("快递", "parcel"),
    ("外卖配送", "food delivery"),
    ("货运", "haulage"),
    ("网约车", "ride-hailing"),
    ("环卫", "sanitation"),
    ("建筑", "building"),
    ("食品加工", "food"),
    ("制造", "manufacturing"),
    ("商贸服务", "trade and services"),
)
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True)
class Unit:
    """One node of the tree and the two codes it goes by: its own as a union, and its employer's."""

    facts: OrganisationFacts
    parent: str | None
    union_code: str
    employer_code: str = ""
    town_code: str = ""


def unit_code(body: str) -> str:
    """A unified social credit code: seventeen signs and their check sign (GB 32100, MOD 31)."""
    total = sum(_SIGNS.index(sign) * weight for sign, weight in zip(body, _WEIGHTS, strict=True))
    return body + _SIGNS[-total % 31]


def tree(scale: float) -> tuple[Unit, ...]:
    """Region, cities, counties, base, industrial unions, organ union, village unions, primary unions: parents first.

    The number of primary unions grows with the scale, from 130 to 1,300; everything else is always there.
    """
    units: list[Unit] = []
    paths: dict[str, tuple[str, ...]] = {}
    for number, (code, kind, name, parent, place) in enumerate(_nodes(scale), start=1):
        path = (*paths.get(parent, ()), code)
        paths[code] = path
        units.append(
            Unit(
                OrganisationFacts(code, kind, name, path, place[:6]),
                parent or None,
                unit_code(f"81649901MJX{number:06d}"),
                unit_code(f"91649902MJX{number:06d}") if kind is OrganisationKind.PRIMARY else "",
                place if len(place) > 6 else "",  # noqa: PLR2004 - towns have nine digits
            )
        )
    return tuple(units)


Node = tuple[str, OrganisationKind, Bilingual, str, str]
"""Code, kind, name, parent's code, place code."""


def _nodes(scale: float) -> Iterator[Node]:
    with _DIVISIONS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["level"] in _LEVELS:
            kind = _LEVELS[row["level"]]
            name = Bilingual(f"{row['name_zh']}总工会", f"{row['name_en']} Federation of Trade Unions")
            yield row["code"], kind, name, row["parent"], row["code"]
    base = Bilingual("宁东基地工会", "Ningdong Base Union")
    yield BASE, OrganisationKind.BASE, base, REGION, "640181"
    for key, name_zh, name_en in _INDUSTRIES:
        name = Bilingual(f"自治区{name_zh}工会", f"{name_en} Industrial Union")
        yield f"industry-{key}", OrganisationKind.INDUSTRIAL, name, REGION, REGION
    organ = Bilingual("自治区直属机关工会", "Union of Region-level Organs")
    yield ORGAN, OrganisationKind.ORGAN, organ, REGION, REGION
    towns = [row for row in rows if row["level"] == "town"]
    yield from _villages(towns)
    counties = [row for row in rows if _LEVELS.get(row["level"]) is OrganisationKind.COUNTY]
    yield from _primaries(counties, scale)


def _villages(towns: list[dict[str, str]]) -> Iterator[Node]:
    """Two village unions a town, and one more in the first ones, until there are enough."""
    for number in range(VILLAGES):
        town = towns[number % len(towns)]
        nth = number // len(towns) + 1
        name = Bilingual(
            f"{town['name_zh']}第{_NUMBERS[nth]}村工会", f"{town['name_en']} Village {nth} Union"
        )
        yield f"v{town['code']}-{nth}", OrganisationKind.VILLAGE, name, town["parent"], town["code"]


def _primaries(counties: list[dict[str, str]], scale: float) -> Iterator[Node]:
    """Seven in ten under the counties, one in ten under the base, the rest under industrial unions and the organs."""
    wanted = max(FEWEST_PRIMARY, min(MOST_PRIMARY, round(MOST_PRIMARY * scale)))
    told: Counter[tuple[str, str]] = Counter()
    for number in range(wanted):
        trade_zh, trade_en = _TRADES[number * 7 % len(_TRADES)]
        turn = number % 10
        if turn < 7:  # noqa: PLR2004 - seven in ten
            county = counties[(number - number // 10 * 3) % len(counties)]
            parent, place, where_zh, where_en = (
                county["code"],
                county["code"],
                county["name_zh"],
                county["name_en"],
            )
        elif turn == 7:  # noqa: PLR2004 - one in ten
            parent, place, where_zh, where_en = BASE, "640181", "宁东", "Ningdong"
        elif turn == 8 or number % 20 == 19:  # noqa: PLR2004 - three in twenty
            key, industry_zh, industry_en = _INDUSTRIES[number // 10 % len(_INDUSTRIES)]
            parent, place = f"industry-{key}", "640104"
            where_zh, where_en, trade_zh, trade_en = industry_zh, industry_en, "系统", "primary"
        else:
            parent, place, where_zh, where_en = ORGAN, "640104", "机关", "Organs"
            trade_zh, trade_en = "", "primary"
        told[where_zh, trade_zh] += 1
        nth = told[where_zh, trade_zh]
        name = Bilingual(f"{where_zh}{trade_zh}第{nth}工会", f"{where_en} {trade_en} union no. {nth}")
        yield f"u{number + 1:04d}", OrganisationKind.PRIMARY, name, parent, place


_NUMBERS = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
