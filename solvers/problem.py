"""Problem: the format in flat arrays, canonically ordered, with every reference checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from solvers import source as written
from solvers.arrays import UNLIMITED, Carrier, Choices, Flags, Groups, Ints, Limit, Options, Resources, Sparse
from solvers.columns import Columns, filled_in, read_columns
from solvers.refusals import doubt_groups, doubt_sums, most_of, numbered, refuse
from solvers.source import Doubt, ProblemError, bytes_of, opened, whole
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

    @cached_property
    def tag_number(self) -> dict[str, int]:
        return {tag: number for number, tag in enumerate(self.tags)}

    @cached_property
    def held(self) -> tuple[Ints, Ints]:
        """The previous places, and the units at each."""
        pairs = [pair for placed in self.previous.values() for pair in placed.items()]
        table = np.array(pairs, np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def matching(self, pattern: str) -> list[int]:
        """The tags a limit's ``tag`` or a stage's ``prefix*`` speaks of."""
        if pattern.endswith("*"):
            return [number for number, tag in enumerate(self.tags) if tag.startswith(pattern[:-1])]
        return [self.tag_number[pattern]] if pattern in self.tag_number else []

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
    text = source if isinstance(source, Mapping) else bytes_of(source)
    try:
        return _read(text, sums_hold=False)
    except (Doubt, ProblemError):
        pass
    # Something is wrong, or so large that its sums must be taken exactly: look at each thing in turn.
    raw, written_ = whole(text)
    refuse(written_)
    return _read(raw, sums_hold=True)


def _read(text: Mapping[str, Any] | bytes, *, sums_hold: bool) -> Problem:
    parts = opened(text)
    raw = parts.source
    resources = numbered(raw.resources, "resources")
    options = numbered(raw.options, "options")
    columns = read_columns(parts, options, resources)
    del parts  # and with them the groups as they were written
    doubt_groups(columns)
    if not sums_hold:
        doubt_sums(raw, columns)
    groups, choices = filled_in(columns)
    return _Reader(raw, resources, options, columns).problem(groups, choices)


class _Reader:
    """Builds the arrays of one problem; each method one key of the format."""

    def __init__(
        self,
        raw: written.ProblemSource,
        resources: dict[str, int],
        options: dict[str, int],
        columns: Columns,
    ) -> None:
        self.raw, self.resource, self.option, self.columns = raw, resources, options, columns
        names = {c.tag for o in raw.options for c in o.carriers if c.tag is not None}
        self.tags = tuple(sorted(names | set(columns.tag_names)))
        self.tag = {name: number for number, name in enumerate(self.tags)}

    @cached_property
    def group(self) -> dict[str, int]:
        return {id_: number for number, id_ in enumerate(self.columns.ids)}

    def problem(self, groups: Groups, choices: Choices) -> Problem:
        raw = self.raw
        self.ban(groups, choices)
        self.refuse_circles()
        return Problem(
            name=raw.name,
            sha256=self.columns.sha256,
            tags=self.tags,
            people=self.columns.names,
            resources=self.resources(),
            options=self.options(),
            groups=replace(groups, tags=self.tags_numbered(groups.tags)),
            choices=choices,
            limits=self.limits(),
            apart=self.apart(),
            clashes=self.clashes(),
            pinned=self.placements("pinned", raw.pinned, groups, choices),
            previous=self.placements("previous", raw.previous, groups, choices),
            max_changes=raw.max_changes,
            stages=self.stages(groups, choices),
        )

    def tags_numbered(self, tags: Sparse) -> Sparse:
        """Groups' tags by their numbers among all tags, those of carriers too."""
        number = np.array([self.tag[name] for name in self.columns.tag_names], np.int64)
        return Sparse(tags.start, number[tags.column], tags.amount) if len(number) else tags

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
                most=most_of(c),
            )
            for entry, c in enumerate(option.carriers)
        )

    def ban(self, groups: Groups, choices: Choices) -> None:
        """Mark the choices that are banned."""
        for group, options in self.raw.banned.items():
            number = self.group.get(group)
            if number is None:
                raise Doubt
            mine = slice(int(groups.first[number]), int(groups.first[number + 1]))
            listed = [self.option.get(option, -1) for option in options]
            if -1 in listed:
                raise Doubt
            choices.banned[mine] = np.isin(choices.option[mine], listed)

    def limits(self) -> tuple[Limit, ...]:
        number = numbered(self.raw.limits, "limits")
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
        return tuple(sorted(made, key=lambda limit: number[limit.id]))

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
        choices: Choices,
    ) -> dict[int, Placed]:
        """Pins must be choices; of the previous places only those still among the choices count."""
        found: dict[int, Placed] = {}
        at = _Choice(groups, choices)
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
                choice = at.of(group, number)
                if choice is not None:
                    units[choice] = heads if split else 1
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


class _Choice:
    """Finds the choice of a group for an option."""

    def __init__(self, groups: Groups, choices: Choices) -> None:
        self.groups, self.choices = groups, choices

    @cached_property
    def _listed(self) -> tuple[list[int], list[int]]:
        return self.groups.first.tolist(), self.choices.option.tolist()

    def of(self, group: int, option: int) -> int | None:
        first, options = self._listed
        try:
            return options.index(option, first[group], first[group + 1])
        except ValueError:
            return None


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)
