"""Say which rules of a run could not hold together, with the numbers they had in it, and how near one can come.

Settings may have been changed since: what a rule asked, and how many people there were, is read from the problem that
the run froze; only the names of things are today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Any

from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.wording import Money
from eventhub.i18n import N_, Text
from eventhub.kinds import fund
from eventhub.queries.reasons import Said, limit_name

Json = Mapping[str, Any]
Rule = tuple[str, str]
"""What sort of rule, and the id of what it is about."""


@dataclass(frozen=True)
class Conflict:
    """The rules that cannot hold together, and by how much each would be missed by the placement that misses least."""

    rules: tuple[Text, ...] = ()
    irreducible: bool = False
    """Whether any one of several may be loosened to take this conflict away."""
    nearest: Text | None = None
    missed: tuple[Text, ...] = ()

    @property
    def heading(self) -> Text:
        """What is said before the rules."""
        if len(self.rules) == 1:
            return N_("This rule cannot be met:")
        return N_("These rules cannot all be met:") if self.rules else N_("The rules cannot all be met.")


def conflict(told: Json, problem: Json, programme: ProgrammeFacts) -> Conflict:
    """What a run says of its conflict, in the organiser's words."""
    frozen = Frozen(problem, programme)
    ruled = sorted(_rules(told.get("rules", ())), key=frozen.weight)
    rules = tuple(dict.fromkeys(frozen.rule(rule) for rule in ruled))
    nearest = told.get("nearest") or {}
    return Conflict(
        rules=rules,
        irreducible=bool(told.get("irreducible", True)) and len(rules) > 1,
        nearest=frozen.nearest(nearest) if nearest else None,
        missed=tuple(
            dict.fromkeys(
                frozen.missed(rule, int(each.get("by", 0)))
                for each in nearest.get("missed", ())
                for rule in _rules([each])
            )
        ),
    )


def _rules(told: Iterable[Json]) -> list[Rule]:
    return [
        (str(each["kind"]), str(id_)) for each in told for id_ in each.get("groups", [each.get("id", "")])
    ]


@dataclass(frozen=True)
class Frozen:
    """A problem as it was handed to the solver, and the programme whose words name its things."""

    problem: Json
    programme: ProgrammeFacts

    def weight(self, rule: Rule) -> int:
        """Where a rule stands on the list: funds and what else is shared before options, many small limits last."""
        return 0 if rule[1] in self._resources else 1 if rule[1] in self._options else 2

    # -- A rule, and what it asked -------------------------------------------------------------------

    def rule(self, rule: Rule) -> Text:
        """What a rule asked, and of how many people it could have been met."""
        sort, id_ = rule
        if id_ in self._limits:
            return self._limit(self._limits[id_])
        if id_ in self._options:
            return self._of_option(sort, self._options[id_])
        if id_ in self._resources:
            return self._resource(self._resources[id_])
        if sort == "changes":
            return N_(
                "Against the last result at most %(most)s people may be moved.",
                most=self.problem.get("max_changes", 0),
            )
        return _OF_PEOPLE.get(sort) or N_("%(name)s.", name=self._name(rule))

    def _limit(self, limit: Json) -> Text:
        name, there = limit_name(str(limit["id"]), self.programme), self._heads(limit)
        low, high, share = limit.get("minimum"), limit.get("maximum"), limit.get("share")
        if low is not None and high is not None:
            return N_(
                "%(name)s: at least %(low)s and at most %(high)s people are placed; %(there)s entered.",
                name=name,
                low=low,
                high=high,
                there=there,
            )
        if low is not None:
            return N_(
                "%(name)s: at least %(low)s people are placed; %(there)s entered.",
                name=name,
                low=low,
                there=there,
            )
        if high is not None:
            return N_(
                "%(name)s: at most %(high)s people are placed; %(there)s entered.",
                name=name,
                high=high,
                there=there,
            )
        part, of = share or (1, 1)
        step = gcd(part, of) or 1
        return N_("%(name)s: at most %(part)s in every %(of)s.", name=name, part=part // step, of=of // step)

    def _of_option(self, sort: str, option: Json) -> Text:
        title, there = self._title(str(option["id"])), self._heads({"options": [option["id"]]})
        if sort == "minimum":
            return N_(
                "“%(option)s” needs %(minimum)s people to run; %(there)s could go there.",
                option=title,
                minimum=option.get("minimum", 0),
                there=there,
            )
        if sort == "capacity" and option.get("capacity") is not None:
            return N_("“%(option)s” has %(seats)s places.", option=title, seats=option["capacity"])
        if sort == "must_run":
            return N_("“%(option)s” is to run in any case.", option=title)
        if sort == "carriers":
            return N_(
                "“%(option)s”: everybody there needs a seat, a room or somebody in charge.", option=title
            )
        return N_("“%(option)s”: seats, minimum and what it needs.", option=title)

    def _resource(self, resource: Json) -> Text:
        name, capacity = self._name(("resource", str(resource["id"]))), int(resource.get("capacity", 0))
        if self._is_fund(str(resource["id"])):
            return N_("The fund “%(fund)s” holds %(money)s.", fund=name, money=Money(capacity))
        return N_("%(name)s: %(capacity)s in all.", name=name, capacity=capacity)

    # -- How near one can come -----------------------------------------------------------------------

    def nearest(self, nearest: Json) -> Text:
        """How many people would have a place if these rules, and no others, were missed by as little as can be."""
        sizes = {str(group["id"]): int(group.get("size", 1)) for group in self.problem.get("groups", ())}
        placed = nearest.get("placements") or {}
        return N_(
            "If these rules were missed by as little as can be, and all others kept, %(placed)s of %(all)s people would "
            "have a place:",
            placed=f"{sum(_heads_at(place, sizes.get(str(group), 0)) for group, place in placed.items()):,}",
            all=f"{sum(sizes.values()):,}",
        )

    def missed(self, rule: Rule, by: int) -> Text:
        """By how much the nearest placement misses a rule, in what the rule counts."""
        sort, id_ = rule
        name = self._name(rule)
        if id_ in self._resources and self._is_fund(id_):
            return N_("The fund “%(fund)s” would need %(money)s more.", fund=name, money=Money(by))
        if id_ in self._resources:
            return N_("%(name)s: %(by)s more would be needed.", name=name, by=by)
        if id_ in self._limits:
            share = self._limits[id_].get("share")
            by = -(-by // share[1]) if share else by
            if self._limits[id_].get("maximum") is None and not share:
                return N_("%(name)s: short by %(by)s people.", name=name, by=by)
            if self._limits[id_].get("minimum") is None:
                return N_("%(name)s: %(by)s people too many.", name=name, by=by)
            return N_("%(name)s: missed by %(by)s people.", name=name, by=by)
        if sort == "minimum":
            return N_("“%(name)s”: short by %(by)s people.", name=name, by=by)
        if sort == "capacity":
            return N_("“%(name)s”: %(by)s people too many.", name=name, by=by)
        if sort == "must_run":
            return N_("“%(name)s” would not run.", name=name)
        if sort in _NOT_KEPT:
            return _NOT_KEPT[sort]
        return N_("%(name)s: missed by %(by)s.", name=name, by=by)

    # -- What things are called ----------------------------------------------------------------------

    def _name(self, rule: Rule) -> Said:
        sort, id_ = rule
        if id_ in self._limits or sort == "limit":
            return limit_name(id_, self.programme)
        source = next((each for each in self.programme.sources if fund(each.code) == id_), None)
        if source is not None:
            return source.name
        if id_ in self._resources:
            return self._shared_by(id_)
        return self._title(id_)

    def _shared_by(self, resource: str) -> Said:
        """Beds, coaches or staff, by what shares them: a resource has no name of its own."""
        sharing = [
            str(option["id"])
            for option in self.problem.get("options", ())
            if resource in option.get("uses", {})
            or resource in option.get("head_uses", {})
            or any(resource in carrier.get("uses", {}) for carrier in option.get("carriers", ()))
        ]
        if not sharing:
            return resource
        return N_(
            "What “%(option)s” and %(others)s others share (beds, coaches, staff)",
            option=self._title(sharing[0]),
            others=len(sharing) - 1,
        )

    def _title(self, code: str) -> Said:
        option = self.programme.option_by_code.get(code)
        return code if option is None else option.title

    # -- What stands in the problem ------------------------------------------------------------------

    def _heads(self, limit: Json) -> int:
        """Heads that entered and that a limit counts: with its tag, and with a choice among its options."""
        tag, options = limit.get("tag"), limit.get("options", "*")
        among = None if options == "*" else set(options)
        return sum(
            int(group.get("size", 1)) if tag is None else _tagged(group, str(tag))
            for group in self.problem.get("groups", ())
            if any(among is None or choice["option"] in among for choice in group.get("choices", ()))
        )

    def _is_fund(self, id_: str) -> bool:
        return id_.startswith(fund(""))

    @cached_property
    def _options(self) -> dict[str, Json]:
        return _by_id(self.problem.get("options", ()))

    @cached_property
    def _limits(self) -> dict[str, Json]:
        return _by_id(self.problem.get("limits", ()))

    @cached_property
    def _resources(self) -> dict[str, Json]:
        return _by_id(self.problem.get("resources", ()))


def _by_id(things: Sequence[Json]) -> dict[str, Json]:
    return {str(each["id"]): each for each in things}


def _tagged(group: Json, tag: str) -> int:
    tags: Mapping[str, int] = group.get("tags", {})
    if tag.endswith("*"):
        return sum(heads for name, heads in tags.items() if name.startswith(tag[:-1]))
    return tags.get(tag, 0)


def _heads_at(place: Any, size: int) -> int:
    """Heads of a group at a placement: an option, or of a group that was split heads by option."""
    return (
        sum(int(heads) for heads in place.values())
        if isinstance(place, Mapping)
        else size * (place is not None)
    )


_OF_PEOPLE = {
    "pinned": N_("The places fixed by hand."),
    "required": N_("Those who must have a place."),
    "banned": N_("The places fixed by hand."),
    "clash": N_("Nobody can be in two places at once."),
    "apart": N_("Those who must not go together."),
}

_NOT_KEPT = {
    "pinned": N_("Not every place fixed by hand would be kept."),
    "required": N_("Not all who must have a place would have one."),
    "banned": N_("Not every place fixed by hand would be kept."),
    "clash": N_("Somebody would be in two places at once."),
    "apart": N_("Some would go together who must not."),
    "changes": N_("More people would be moved than may be."),
}
