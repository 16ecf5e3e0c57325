"""Problem: the format in flat arrays, canonically ordered, with every reference checked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from solvers import source as written
from solvers.arrays import UNLIMITED, Carrier, Choices, Flags, Groups, Ints, Limit, Options, Resources, Sparse
from solvers.source import ProblemError, load
from solvers.stages import Stage, unfold

__all__ = ["UNLIMITED", "Flags", "Ints", "Limit", "Placed", "Problem", "ProblemError", "read"]

Placed = Mapping[int, int]
"""Units at each choice of one group; empty: out."""


@dataclass(frozen=True, eq=False)
class Problem:
    """All ids in code-point order, so that the order of the input cannot matter."""

    name: str
    sha256: str
    tags: tuple[str, ...]
    people: tuple[str, ...]
    resources: Resources
    options: Options
    groups: Groups
    choices: Choices
    limits: tuple[Limit, ...]
    apart: tuple[tuple[int, int], ...]
    clashes: tuple[tuple[int, ...], ...]
    pinned: Mapping[int, Placed]
    previous: Mapping[int, Placed]
    max_changes: int | None
    stages: tuple[Stage, ...]

    @cached_property
    def group_number(self) -> dict[str, int]:
        return {id_: number for number, id_ in enumerate(self.groups.ids)}

    @cached_property
    def option_number(self) -> dict[str, int]:
        return {id_: number for number, id_ in enumerate(self.options.ids)}

    def matching(self, pattern: str) -> list[int]:
        """The tags a limit's ``tag`` or a stage's ``prefix*`` speaks of."""
        if pattern.endswith("*"):
            return [number for number, tag in enumerate(self.tags) if tag.startswith(pattern[:-1])]
        return [number for number, tag in enumerate(self.tags) if tag == pattern]

    @cached_property
    def turn(self) -> Ints:
        """Groups in the order of the draw: tier, lot, id."""
        return np.lexsort((np.arange(len(self.groups.ids)), self.groups.lot, self.groups.tier))

    @cached_property
    def tag_heads(self) -> dict[int, Ints]:
        """For each tag, the tagged heads per unit of each group (dense)."""
        tags, groups = self.groups.tags, self.groups
        dense: dict[int, Ints] = {}
        order = np.argsort(tags.column, kind="stable")
        for chunk in np.split(order, np.flatnonzero(np.diff(tags.column[order])) + 1) if len(order) else []:
            row = np.zeros(len(groups.ids), np.int64)
            row[tags.rows[chunk]] = tags.amount[chunk]
            row[(groups.piece > 0) & (row > 0)] = 1
            dense[int(tags.column[chunk[0]])] = row
        return dense

    def heads_tagged(self, tag: int) -> Ints:
        """Heads with this tag per unit of each choice; -1 counts everybody, a tag nobody has counts none."""
        if tag == -1:
            return self.choices.heads
        if tag not in self.tag_heads:
            return np.zeros(len(self.choices.group), np.int64)
        return self.tag_heads[tag][self.choices.group]


def read(source: Mapping[str, Any] | bytes | Path) -> Problem:
    """Read a problem from a mapping, JSON bytes or a file; ProblemError says in one sentence what is wrong."""
    raw, sha256 = load(source)
    resources = _numbered(raw.resources, "resources")
    options = _numbered(raw.options, "options")
    groups = _numbered(raw.groups, "groups")
    _Sums(raw).refuse_overflow()
    return _Reader(raw, resources, options, groups).problem(sha256)


def _numbered(items: Sequence[Any], key: str) -> dict[str, int]:
    """The number of each id in code-point order."""
    seen: dict[str, int] = {}
    for place, item in enumerate(items):
        if item.id in seen:
            raise ProblemError(f'{key}[{place}].id: "{item.id}" stands at {key}[{seen[item.id]}] already')
        seen[item.id] = place
    return {id_: number for number, id_ in enumerate(sorted(seen))}


class _Sums:
    """Adds up all amounts, so that no engine can ever pass 64 bits."""

    def __init__(self, raw: written.ProblemSource) -> None:
        self.raw = raw

    def refuse_overflow(self) -> None:
        heads = sum(max([g.size, *(c.heads or 0 for c in g.choices)]) for g in self.raw.groups)
        weight = sum(g.size if g.weight is None else g.weight for g in self.raw.groups)
        rank = max((c.rank for g in self.raw.groups for c in g.choices), default=1)
        if weight * rank >= 2**62:
            raise ProblemError("groups: the sum of weight x rank could pass 2^63")
        money = sum(
            max((c.cost for c in g.choices), default=0) * (g.size if g.piece else 1) for g in self.raw.groups
        )
        head_cost = max((o.head_cost for o in self.raw.options), default=0)
        pieces = sum(
            o.cost + sum(c.cost * min(_most(c), heads) for c in o.carriers) for o in self.raw.options
        )
        if money + heads * head_cost + pieces >= 2**62:
            raise ProblemError("options: the sum of all costs could pass 2^63")
        used = sum(
            max((max(c.uses.values(), default=0) for c in g.choices), default=0) * (g.size if g.piece else 1)
            for g in self.raw.groups
        )
        head_use = max((max(o.head_uses.values(), default=0) for o in self.raw.options), default=0)
        fixed = sum(
            max(o.uses.values(), default=0)
            + sum(max(c.uses.values(), default=0) * min(_most(c), heads) for c in o.carriers)
            for o in self.raw.options
        )
        if used + heads * head_use + fixed >= 2**62:
            raise ProblemError("resources: the sum of all uses could pass 2^63")


def _most(carrier: written.CarrierSource) -> int:
    return UNLIMITED if carrier.most is None else carrier.most


class _Reader:
    """Builds the arrays of one problem; each method one key of the format."""

    def __init__(
        self,
        raw: written.ProblemSource,
        resources: dict[str, int],
        options: dict[str, int],
        groups: dict[str, int],
    ) -> None:
        self.raw, self.resource, self.option, self.group = raw, resources, options, groups
        self.sorted_groups = sorted(enumerate(raw.groups), key=lambda pair: pair[1].id)
        names = {tag for g in raw.groups for tag in g.tags}
        names |= {c.tag for o in raw.options for c in o.carriers if c.tag is not None}
        self.tags = tuple(sorted(names))
        self.tag = {name: number for number, name in enumerate(self.tags)}
        self.people = tuple(sorted({person for g in raw.groups for person in g.people}))

    def problem(self, sha256: str) -> Problem:
        raw = self.raw
        groups, choices = self.groups_and_choices()
        at = [dict[int, int]() for _ in self.group]
        for number, (group, option) in enumerate(
            zip(choices.group.tolist(), choices.option.tolist(), strict=True)
        ):
            at[group][option] = number
        self.refuse_circles()
        return Problem(
            name=raw.name,
            sha256=sha256,
            tags=self.tags,
            people=self.people,
            resources=self.resources(),
            options=self.options(),
            groups=groups,
            choices=choices,
            limits=self.limits(),
            apart=self.apart(),
            clashes=self.clashes(),
            pinned=self.placements("pinned", raw.pinned, groups, at),
            previous=self.placements("previous", raw.previous, groups, at),
            max_changes=raw.max_changes,
            stages=self.stages(groups, choices),
        )

    def lookup(self, known: Mapping[str, int], id_: str, place: str, what: str) -> int:
        if id_ not in known:
            raise ProblemError(f'{place}: no {what} "{id_}"')
        return known[id_]

    def uses(self, amounts: Mapping[str, int], place: str) -> list[tuple[int, int]]:
        return sorted(
            (self.lookup(self.resource, r, f"{place}.{r}", "resource"), n) for r, n in amounts.items()
        )

    def resources(self) -> Resources:
        items = sorted(enumerate(self.raw.resources), key=lambda pair: pair[1].id)
        spill = [
            -1
            if r.spill is None
            else self.lookup(self.resource, r.spill, f"resources[{place}].spill", "resource")
            for place, r in items
        ]
        return Resources(
            ids=tuple(r.id for _, r in items),
            capacity=_ints(r.capacity for _, r in items),
            spill=_ints(spill),
            step=_ints(r.step for _, r in items),
        )

    def refuse_circles(self) -> None:
        spill = {r.id: r.spill for r in self.raw.resources}
        for place, resource in enumerate(self.raw.resources):
            seen, here = {resource.id}, spill[resource.id]
            while here is not None and here in spill:
                if here in seen:
                    raise ProblemError(f'resources[{place}].spill: "{resource.id}" spills in a circle')
                seen.add(here)
                here = spill[here]

    def options(self) -> Options:
        items = sorted(enumerate(self.raw.options), key=lambda pair: pair[1].id)
        return Options(
            ids=tuple(o.id for _, o in items),
            capacity=_ints(UNLIMITED if o.capacity is None else o.capacity for _, o in items),
            minimum=_ints(o.minimum for _, o in items),
            must_run=np.array([o.must_run for _, o in items], np.bool_),
            cost=_ints(o.cost for _, o in items),
            head_cost=_ints(o.head_cost for _, o in items),
            uses=Sparse.of(self.uses(o.uses, f"options[{place}].uses") for place, o in items),
            head_uses=Sparse.of(self.uses(o.head_uses, f"options[{place}].head_uses") for place, o in items),
            carriers=tuple(self.carriers(place, o) for place, o in items),
        )

    def carriers(self, place: int, option: written.OptionSource) -> tuple[Carrier, ...]:
        return tuple(
            Carrier(
                seats=c.seats,
                tag=-1 if c.tag is None else self.tag[c.tag],
                cost=c.cost,
                uses=tuple(self.uses(c.uses, f"options[{place}].carriers[{entry}].uses")),
                most=_most(c),
            )
            for entry, c in enumerate(option.carriers)
        )

    def groups_and_choices(self) -> tuple[Groups, Choices]:
        lots: dict[int, int] = {}
        person = {name: number for number, name in enumerate(self.people)}
        banned = self.banned()
        rows: list[tuple[int, int, int, int, int, int, int, bool]] = []
        uses: list[Sequence[tuple[int, int]]] = []
        first = [0]
        for number, (place, group) in enumerate(self.sorted_groups):
            self.refuse_group(place, group, lots)
            weight = group.size if group.weight is None else group.weight
            units = group.size if group.piece else 1
            for option, choice, at in self.choices_in_order(place, group):
                heads = 1 if group.piece else group.size if choice.heads is None else choice.heads
                is_banned = option in banned.get(number, ())
                rows.append(
                    (number, option, choice.rank, choice.cost, heads, weight // units, units, is_banned)
                )
                uses.append(
                    self.uses(choice.uses, f"groups[{place}].choices[{at}].uses") if choice.uses else ()
                )
            first.append(len(rows))
        raw_groups = [group for _, group in self.sorted_groups]
        table = np.array(rows, np.int64).reshape(-1, 8)
        groups = Groups(
            ids=tuple(g.id for g in raw_groups),
            size=_ints(g.size for g in raw_groups),
            tier=_ints(g.tier for g in raw_groups),
            weight=_ints(g.size if g.weight is None else g.weight for g in raw_groups),
            lot=_ints(UNLIMITED if g.lot is None else g.lot for g in raw_groups),
            required=np.array([g.required for g in raw_groups], np.bool_),
            piece=_ints(g.piece or 0 for g in raw_groups),
            tags=Sparse.of(sorted((self.tag[t], n) for t, n in g.tags.items() if n) for g in raw_groups),
            people=Sparse.of([(person[p], 1) for p in sorted(g.people)] for g in raw_groups),
            first=_ints(first),
        )
        return groups, Choices(
            group=table[:, 0].copy(),
            option=table[:, 1].copy(),
            rank=table[:, 2].copy(),
            cost=table[:, 3].copy(),
            heads=table[:, 4].copy(),
            weight=table[:, 5].copy(),
            units=table[:, 6].copy(),
            banned=table[:, 7] > 0,
            uses=Sparse.of(uses),
        )

    def refuse_group(self, place: int, group: written.GroupSource, lots: dict[int, int]) -> None:
        where = f"groups[{place}]"
        if group.lot is not None:
            if group.lot in lots:
                raise ProblemError(
                    f"{where}.lot: {group.lot} is the lot of groups[{lots[group.lot]}] already"
                )
            lots[group.lot] = place
        if len(set(group.people)) < len(group.people):
            raise ProblemError(f"{where}.people: somebody stands there twice")
        if group.piece is None:
            return
        if group.piece > group.size:
            raise ProblemError(f"{where}.piece: a part of {group.piece} is more than the size {group.size}")
        if group.weight is not None and group.weight % group.size:
            raise ProblemError(f"{where}.weight: must be a multiple of the size where the group may be split")
        if group.required:
            raise ProblemError(f'{where}.required: a group with "piece" may be partly left out')
        for at, choice in enumerate(group.choices):
            if choice.heads is not None:
                raise ProblemError(f'{where}.choices[{at}].heads: a group with "piece" counts head by head')

    def choices_in_order(
        self, place: int, group: written.GroupSource
    ) -> list[tuple[int, written.ChoiceSource, int]]:
        found = []
        for at, choice in enumerate(group.choices):
            if choice.option not in self.option:
                raise ProblemError(f'groups[{place}].choices[{at}].option: no option "{choice.option}"')
            found.append((self.option[choice.option], choice, at))
        found.sort(key=lambda one: (one[1].rank, one[0]))
        for one, other in pairwise(sorted(found, key=lambda one: one[0])):
            if one[0] == other[0]:
                twice = max(one[2], other[2])
                raise ProblemError(
                    f'groups[{place}].choices[{twice}].option: "{other[1].option}" is listed twice'
                )
        return found

    def banned(self) -> dict[int, set[int]]:
        return {
            self.lookup(self.group, group, f"banned.{group}", "group"): {
                self.lookup(self.option, option, f"banned.{group}[{place}]", "option")
                for place, option in enumerate(options)
            }
            for group, options in self.raw.banned.items()
        }

    def limits(self) -> tuple[Limit, ...]:
        numbered = _numbered(self.raw.limits, "limits")
        made: list[Limit] = []
        for place, limit in enumerate(self.raw.limits):
            where = f"limits[{place}]"
            if limit.minimum is None and limit.maximum is None and limit.share is None:
                raise ProblemError(f"{where}: needs a minimum, a maximum or a share")
            if limit.share is not None and limit.tag is None:
                raise ProblemError(f"{where}.share: needs the tag whose share it is")
            options = (
                None
                if isinstance(limit.options, str)
                else tuple(
                    sorted(
                        self.lookup(self.option, o, f"{where}.options[{n}]", "option")
                        for n, o in enumerate(limit.options)
                    )
                )
            )
            if options is not None and len(set(options)) < len(options):
                raise ProblemError(f"{where}.options: an option stands there twice")
            made.append(
                Limit(
                    id=limit.id,
                    options=options,
                    each=limit.each,
                    tag=limit.tag,
                    minimum=limit.minimum,
                    maximum=limit.maximum,
                    share=limit.share,
                    soft=limit.soft,
                )
            )
        return tuple(sorted(made, key=lambda limit: numbered[limit.id]))

    def apart(self) -> tuple[tuple[int, int], ...]:
        pairs = set()
        for place, pair in enumerate(self.raw.apart):
            one, other = (
                self.lookup(self.group, group, f"apart[{place}][{n}]", "group")
                for n, group in enumerate(pair)
            )
            if one == other:
                raise ProblemError(f'apart[{place}]: "{pair[0]}" cannot be apart from itself')
            pairs.add((min(one, other), max(one, other)))
        return tuple(sorted(pairs))

    def clashes(self) -> tuple[tuple[int, ...], ...]:
        found = set()
        for place, clash in enumerate(self.raw.clashes):
            ids = sorted(self.option) if isinstance(clash, str) else clash
            numbers = [
                self.lookup(self.option, o, f"clashes[{place}][{n}]", "option") for n, o in enumerate(ids)
            ]
            found.add(tuple(sorted(set(numbers))))
        return tuple(sorted(found))

    def placements(
        self,
        key: str,
        placements: Mapping[str, written.Placement],
        groups: Groups,
        at: Sequence[Mapping[int, int]],
    ) -> dict[int, Placed]:
        """Pins must be choices; of the previous places only those still among the choices count."""
        found: dict[int, Placed] = {}
        for id_, placement in placements.items():
            where = f"{key}.{id_}"
            group = self.lookup(self.group, id_, where, "group")
            split = bool(groups.piece[group])
            if isinstance(placement, Mapping) and not split:
                raise ProblemError(f'{where}: the group stays whole, for it has no "piece"')
            size = int(groups.size[group])
            parts = (
                placement
                if isinstance(placement, Mapping)
                else {}
                if placement is None
                else {placement: size}
            )
            if sum(parts.values()) > size:
                raise ProblemError(f"{where}: more heads than the group has")
            units: dict[int, int] = {}
            for option, heads in parts.items():
                number = self.lookup(self.option, option, where, "option")
                if number in at[group]:
                    units[at[group][number]] = heads if split else 1
                elif key == "pinned":
                    raise ProblemError(f'{where}: "{option}" is no choice of the group')
            found[group] = units
        return found

    def stages(self, groups: Groups, choices: Choices) -> tuple[Stage, ...]:
        tiers = np.unique(groups.tier).tolist()
        tier_of = groups.tier[choices.group]

        def ranks(tier: int | None) -> list[int]:
            mask = np.ones(len(tier_of), np.bool_) if tier is None else tier_of == tier
            return [int(rank) for rank in np.unique(choices.rank[mask])]

        known = {limit.id: limit.soft for limit in self.raw.limits}
        for number, stage in enumerate(self.raw.objective or ()):
            for place, id_ in enumerate(stage.limits or ()):
                where = f"objective[{number}].limits[{place}]"
                if id_ not in known:
                    raise ProblemError(f'{where}: no limit "{id_}"')
                if not known[id_]:
                    raise ProblemError(f'{where}: "{id_}" is not soft')
        return unfold(self.raw.objective, tiers=tiers, ranks=ranks)


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)
