"""Certificate: by what a stage's bound can be checked again, and how that is written down in ids."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from solvers.problem import Ints, Problem

Proof = Literal["prices", "chain", "search"]
Inside = Literal["groups", "options"]
SIDES = ("minimum", "maximum", "share")


def no_prices() -> Ints:
    """No price at all: the rules of this kind are left out."""
    return np.zeros(0, np.int64)


class Row(NamedTuple):
    """One side of a limit, spelt out for one tag (-1 everybody, -2 a tag nobody has) at one option (-1 together)."""

    limit: int
    tag: int
    option: int
    side: str


class Share(NamedTuple):
    """The share of one tag that a stage ``spread`` speaks of."""

    stage: int
    tag: int


@dataclass(frozen=True, eq=False)
class Certificate:
    """What proves one stage's bound; all multipliers are whole numbers over ``scale``, in the problem's numbering.

    An array is empty where no rule of its kind has a price; else it has an entry for every rule of that kind:
    options, carriers' entries (options by id, entries in order; those of one option and tag have one price),
    resources, ``limit_rows``, groups, stages, ``share_rows``. What each price multiplies, and its sign, is said
    in docs/allocation-format.md. ``certified`` is what the prices of a ``search`` do prove.
    """

    proof: Proof
    scale: int = 1
    inside: Inside = "groups"
    capacity: Ints = field(default_factory=no_prices)
    minimum: Ints = field(default_factory=no_prices)
    carriers: Ints = field(default_factory=no_prices)
    resources: Ints = field(default_factory=no_prices)
    limits: Ints = field(default_factory=no_prices)
    groups: Ints = field(default_factory=no_prices)
    earlier: Ints = field(default_factory=no_prices)
    spread: Ints = field(default_factory=no_prices)
    changes: int = 0
    certified: int | None = None

    def to_dict(self, problem: Problem) -> dict[str, Any]:
        """As the result format writes it: by ids, rules without a price left out."""
        written: dict[str, Any] = {"proof": self.proof}
        prices = self._prices(problem)
        if prices or self.proof == "prices" or self.inside == "options":
            written |= {"scale": self.scale, "inside": self.inside} | prices
        if self.certified is not None:
            written["certified"] = self.certified
        return written

    def _prices(self, problem: Problem) -> dict[str, Any]:
        options = problem.options.ids
        found: dict[str, Any] = {
            "capacity": _by_id(self.capacity, options),
            "minimum": _by_id(self.minimum, options),
            "carriers": _by_entry(self.carriers, problem),
            "resources": _by_id(self.resources, problem.resources.ids),
            "limits": _by_row(self.limits, problem),
            "groups": _by_id(self.groups, problem.groups.ids),
            "earlier": np.trim_zeros(self.earlier, "b").tolist(),
            "spread": _by_share(self.spread, problem),
            "changes": self.changes,
        }
        return {key: prices for key, prices in found.items() if prices}

    @classmethod
    def from_dict(cls, problem: Problem, written: Mapping[str, Any]) -> "Certificate":
        """Read one entry back; ValueError if it names what is not there or is no number."""
        known = {"proof", "scale", "inside", "certified", *_READERS, "changes"}
        strange = sorted(set(written) - known)
        if strange:
            raise ValueError(f'no key "{strange[0]}"')
        if written.get("proof") not in {"prices", "chain", "search"}:
            raise ValueError('"proof" is "prices", "chain" or "search"')
        if written.get("inside", "groups") not in {"groups", "options"}:
            raise ValueError('"inside" is "groups" or "options"')
        scale = _whole(written.get("scale", 1))
        if scale < 1:
            raise ValueError('"scale" is at least 1')
        certified = written.get("certified")
        try:
            return cls(
                proof=written["proof"],
                scale=scale,
                inside=written.get("inside", "groups"),
                changes=_whole(written.get("changes", 0)),
                certified=None if certified is None else _whole(certified),
                **{key: read(written[key], problem) for key, read in _READERS.items() if key in written},
            )
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(f"cannot be read: {error!r}") from None


def entry_owners(problem: Problem) -> list[tuple[int, int]]:
    """(option, entry) of every carrier, options by id, entries in order: the numbering of ``carriers``."""
    return [
        (option, entry)
        for option, listed in enumerate(problem.options.carriers)
        for entry in range(len(listed))
    ]


def limit_rows(problem: Problem) -> list[Row]:
    """Every limit spelt out: limits by id, tags, with ``each`` its options, then its sides; numbers ``limits``."""
    return [row for number in range(len(problem.limits)) for row in _rows_of(problem, number)]


def _rows_of(problem: Problem, number: int) -> Iterator[Row]:
    limit = problem.limits[number]
    tags = [-1] if limit.tag is None else problem.matching(limit.tag)
    if limit.tag is not None and not tags and not limit.tag.endswith("*"):
        tags = [-2]
    everywhere = range(len(problem.options.ids)) if limit.options is None else limit.options
    sides = [side for side in SIDES if getattr(limit, side) is not None]
    for tag in tags:
        for option in everywhere if limit.each else (-1,):
            yield from (Row(number, tag, option, side) for side in sides)


def share_rows(problem: Problem) -> list[Share]:
    """Every tag of every stage ``spread``: stages in order, tags by name; the numbering of ``spread``."""
    return [
        Share(number, tag)
        for number, stage in enumerate(problem.stages)
        if stage.stage == "spread"
        for tag in problem.matching(f"{stage.prefix or ''}*")
    ]


# -- writing -----------------------------------------------------------------------------------------


def _by_id(prices: Ints, ids: Sequence[str]) -> dict[str, int]:
    return {ids[number]: int(prices[number]) for number in np.flatnonzero(prices).tolist()}


def _by_entry(prices: Ints, problem: Problem) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    if prices.any():
        for (option, _), price in zip(entry_owners(problem), prices.tolist(), strict=True):
            found.setdefault(problem.options.ids[option], []).append(price)
    return {id_: listed for id_, listed in found.items() if any(listed)}


def _by_row(prices: Ints, problem: Problem) -> list[dict[str, Any]]:
    rows = limit_rows(problem) if prices.any() else []
    found = []
    for number in np.flatnonzero(prices).tolist():
        row = rows[number]
        entry: dict[str, Any] = {"id": problem.limits[row.limit].id, "side": row.side}
        if row.tag >= 0:
            entry["tag"] = problem.tags[row.tag]
        if row.option >= 0:
            entry["option"] = problem.options.ids[row.option]
        found.append(entry | {"price": int(prices[number])})
    return found


def _by_share(prices: Ints, problem: Problem) -> list[dict[str, Any]]:
    rows = share_rows(problem) if prices.any() else []
    return [
        {"stage": rows[number].stage, "tag": problem.tags[rows[number].tag], "price": int(prices[number])}
        for number in np.flatnonzero(prices).tolist()
    ]


# -- reading -----------------------------------------------------------------------------------------


def _whole(value: object) -> int:
    if type(value) is not int or abs(value) >= 2**62:
        raise ValueError(f"{value!r} is no whole number below 2^62")
    return value


def _numbered(written: Mapping[str, Any], number: Mapping[str, int]) -> Ints:
    prices = np.zeros(len(number), np.int64)
    for id_, price in written.items():
        if id_ not in number:
            raise ValueError(f'no "{id_}"')
        prices[number[id_]] = _whole(price)
    return prices


def _read_resources(written: Mapping[str, Any], problem: Problem) -> Ints:
    return _numbered(written, {id_: number for number, id_ in enumerate(problem.resources.ids)})


def _read_options(written: Mapping[str, Any], problem: Problem) -> Ints:
    return _numbered(written, problem.option_number)


def _read_groups(written: Mapping[str, Any], problem: Problem) -> Ints:
    return _numbered(written, problem.group_number)


def _read_carriers(written: Mapping[str, Any], problem: Problem) -> Ints:
    prices: list[int] = []
    for option, listed in enumerate(problem.options.carriers):
        told = written.get(problem.options.ids[option], [0] * len(listed))
        if len(told) != len(listed):
            raise ValueError(f'"{problem.options.ids[option]}" has {len(listed)} carriers')
        prices += [_whole(price) for price in told]
    for id_ in written:
        if id_ not in problem.option_number:
            raise ValueError(f'no option "{id_}"')
    return np.array(prices, np.int64)


def _read_limits(written: Iterable[Mapping[str, Any]], problem: Problem) -> Ints:
    rows = limit_rows(problem)
    number = {
        (
            problem.limits[row.limit].id,
            row.side,
            problem.tags[row.tag] if row.tag >= 0 else None,
            problem.options.ids[row.option] if row.option >= 0 else None,
        ): place
        for place, row in enumerate(rows)
    }
    prices = np.zeros(len(rows), np.int64)
    for entry in written:
        key = entry["id"], entry["side"], entry.get("tag"), entry.get("option")
        if key not in number:
            raise ValueError(f'no limit "{entry["id"]}" with such a side, tag and option')
        prices[number[key]] = _whole(entry["price"])
    return prices


def _read_earlier(written: Sequence[Any], problem: Problem) -> Ints:
    if len(written) > len(problem.stages):
        raise ValueError("more earlier stages than there are")
    prices = np.zeros(len(problem.stages), np.int64)
    prices[: len(written)] = [_whole(price) for price in written]
    return prices


def _read_spread(written: Iterable[Mapping[str, Any]], problem: Problem) -> Ints:
    rows = share_rows(problem)
    number = {(row.stage, problem.tags[row.tag]): place for place, row in enumerate(rows)}
    prices = np.zeros(len(rows), np.int64)
    for entry in written:
        if (entry["stage"], entry["tag"]) not in number:
            raise ValueError(f'no stage {entry["stage"]} that spreads over "{entry["tag"]}"')
        prices[number[entry["stage"], entry["tag"]]] = _whole(entry["price"])
    return prices


_READERS: dict[str, Callable[[Any, Problem], Ints]] = {
    "capacity": _read_options,
    "minimum": _read_options,
    "carriers": _read_carriers,
    "resources": _read_resources,
    "limits": _read_limits,
    "groups": _read_groups,
    "earlier": _read_earlier,
    "spread": _read_spread,
}
