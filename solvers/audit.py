"""Re-check an answer against the rules and recount every number it claims, without asking any engine."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from msgspec import UNSET

from solvers.arrays import Carrier, Ints, Sparse
from solvers.audit_reasons import false_reasons
from solvers.ledger import Ledger, Quota, pinned_kept, read_placements
from solvers.outcome import Outcome, StageResult, Status
from solvers.problem import Problem
from solvers.proofs.claims import Claim, claims
from solvers.rest import collector_at_rest
from solvers.stages import Stage


@dataclass(frozen=True, slots=True)
class Breach:
    """One false claim: the rule or key, the id it is about, and a sentence."""

    rule: str
    id: str
    sentence: str


def audit(problem: Problem, outcome: Outcome) -> list[Breach]:
    """Every rule broken and every number claimed falsely; an empty list is a clean answer."""
    return examine(problem, outcome)[0]


@collector_at_rest()
def examine(problem: Problem, outcome: Outcome) -> tuple[list[Breach], list[Claim]]:
    """The breaches, and beside them what each stage's bound rests on.

    Bounds that prices or a chain prove are proved again. Those that rest on an engine's search cannot be
    recounted; what is checked is that they are on the sound side of what was reached, and that ``optimal`` is
    claimed only where every one is met.
    """
    if outcome.problem_sha256 != problem.sha256:
        return [Breach("problem_sha256", problem.name, "the result belongs to another problem")], []
    if not outcome.answered:
        told = claims(problem, outcome)
        return [*_nothing_claimed(outcome), *_nearest(problem, outcome), *_unproved(told)], told
    taken, wrong = read_placements(problem, outcome.placements)
    if wrong:
        return [Breach("placements", id_, sentence) for id_, sentence in wrong], []
    numbers = problem.option_number
    strange = [option for option in (*outcome.running, *outcome.carriers) if option not in numbers]
    if strange:
        return [Breach("running", strange[0], f'there is no option "{strange[0]}"')], []
    ledger = Ledger(problem, taken, {numbers[option]: pieces for option, pieces in outcome.carriers.items()})
    breaches = [breach for check in RULES for breach in check(ledger)]
    breaches += _running(ledger, outcome)
    breaches += _carriers(ledger, outcome.carriers)
    breaches += _stages(ledger, outcome)
    if not breaches and _settled(outcome):
        breaches += _spare(ledger, outcome.carriers)
    told = []
    if not breaches:
        told = claims(problem, outcome, ledger)
        breaches += _unproved(told)
        breaches += [Breach("reasons", id_, sentence) for id_, sentence in false_reasons(ledger, outcome)]
    return breaches, told


def broken(
    problem: Problem, placements: Mapping[str, object], carriers: Mapping[str, Sequence[int]]
) -> list[Breach]:
    """The rules of a problem that placements break, whoever made them and of whichever problem they were an answer.

    ``placements`` and ``carriers`` as in a result; an option that is not in ``carriers`` takes none. A placement that is
    none of its group's choices is a breach of ``placements`` and counts at no option.
    """
    taken, wrong = read_placements(problem, placements)
    numbers = problem.option_number
    pieces = {numbers[option]: tuple(count) for option, count in carriers.items() if option in numbers}
    ledger = Ledger(problem, taken, pieces)
    ids = problem.options.ids
    needed = {
        ids[option]: pieces.get(option, (0,) * len(carriers))
        for option, carriers in enumerate(problem.options.carriers)
        if carriers and ledger.runs[option]
    }
    found = [Breach("placements", id_, sentence) for id_, sentence in wrong]
    found += [breach for check in RULES for breach in check(ledger)]
    return [*found, *_carriers(ledger, needed)]


def _unproved(told: Iterable[Claim]) -> Iterator[Breach]:
    for claim in told:
        if claim.wrong:
            yield Breach("certificate", claim.stage, claim.wrong)


def _nothing_claimed(outcome: Outcome) -> Iterator[Breach]:
    for key in ("placements", "running", "carriers", "stages", "reasons"):
        if getattr(outcome, key):
            yield Breach(key, "", f'a result "{outcome.status}" has no {key}')
    if outcome.status is Status.INFEASIBLE and outcome.conflict is None:
        yield Breach("conflict", "", "nothing is said of which rules conflict")


def _nearest(problem: Problem, outcome: Outcome) -> Iterator[Breach]:
    """The nearest placement of a conflict breaks none but the rules in conflict."""
    conflict = outcome.conflict or {}
    near = conflict.get("nearest")
    if near is None:
        return
    loose = {
        (rule["kind"], id_) for rule in conflict["rules"] for id_ in rule.get("groups", [rule.get("id")])
    }
    must = [run and ("must_run", id_) not in loose for id_, run in _must_run(problem)]
    spared = replace(problem, options=replace(problem.options, must_run=np.array(must, np.bool_)))
    taken, wrong = read_placements(spared, near["placements"])
    numbers = problem.option_number
    if wrong or not set(near["carriers"]) <= set(numbers):
        yield Breach("nearest", "", "the nearest placement speaks of places that are not there")
        return
    ledger = Ledger(spared, taken, {numbers[option]: tuple(n) for option, n in near["carriers"].items()})
    for breach in (breach for check in RULES for breach in check(ledger)):
        if (breach.rule, breach.id or "max_changes") not in loose:
            yield Breach(
                "nearest", breach.id, f"the nearest placement breaks another rule: {breach.sentence}"
            )


def _must_run(problem: Problem) -> Iterator[tuple[str, bool]]:
    return zip(problem.options.ids, problem.options.must_run.tolist(), strict=True)


# -- rules -------------------------------------------------------------------------------------------


def _once(ledger: Ledger) -> Iterator[Breach]:
    groups = ledger.problem.groups
    places = np.bincount(ledger.place_group, minlength=len(groups.ids))
    for group in np.flatnonzero((places > 1) & (groups.piece == 0)).tolist():
        yield Breach("once", groups.ids[group], f'group "{groups.ids[group]}" has more than one place')


def _required(ledger: Ledger) -> Iterator[Breach]:
    groups = ledger.problem.groups
    placed = np.zeros(len(groups.ids), np.bool_)
    placed[ledger.place_group] = True
    for group in np.flatnonzero(groups.required & ~placed).tolist():
        yield Breach("required", groups.ids[group], f'group "{groups.ids[group]}" must be placed and is not')


def _pinned(ledger: Ledger) -> Iterator[Breach]:
    ids = ledger.problem.groups.ids
    for group, pin in ledger.problem.pinned.items():
        if not pinned_kept(ledger.taken, ledger.at.get(group, ()), pin):
            yield Breach(
                "pinned", ids[group], f'group "{ids[group]}" does not have the place it is pinned to'
            )


def _banned(ledger: Ledger) -> Iterator[Breach]:
    problem = ledger.problem
    for choice in ledger.places[problem.choices.banned[ledger.places]].tolist():
        group = problem.groups.ids[problem.choices.group[choice]]
        option = problem.options.ids[problem.choices.option[choice]]
        yield Breach("banned", group, f'group "{group}" is in "{option}", which is banned for it')


def _seats(ledger: Ledger) -> Iterator[Breach]:
    options = ledger.problem.options
    for option in np.flatnonzero(ledger.loads > options.capacity).tolist():
        id_, load = options.ids[option], ledger.load[option]
        yield Breach("capacity", id_, f'"{id_}" has {load} heads for {options.capacity[option]} seats')
    runs = np.array(ledger.runs, np.bool_)
    for option in np.flatnonzero((ledger.loads < options.minimum) & runs).tolist():
        id_, load = options.ids[option], ledger.load[option]
        yield Breach("minimum", id_, f'"{id_}" runs with {load} heads, fewer than {options.minimum[option]}')


def _resources(ledger: Ledger) -> Iterator[Breach]:
    resources = ledger.problem.resources
    for number, borne in enumerate(ledger.borne):
        if borne > resources.capacity[number] and resources.spill[number] < 0:
            id_ = resources.ids[number]
            yield Breach(
                "resource", id_, f'of "{id_}" {borne} is used, but there is {resources.capacity[number]}'
            )


def _limits(ledger: Ledger) -> Iterator[Breach]:
    hard = [limit for limit in ledger.problem.limits if not limit.soft]
    for quota in ledger.quotas(limit for limit in hard if ledger.missed(limit)):
        if quota.missed:
            yield Breach(
                "limit", quota.limit.id, f'limit "{quota.limit.id}" is missed {_where(ledger, quota)}'
            )


def _where(ledger: Ledger, quota: Quota) -> str:
    tag = f' for "{ledger.problem.tags[quota.tag]}"' if quota.tag >= 0 else ""
    option = f' at "{ledger.problem.options.ids[quota.option]}"' if quota.option >= 0 else ""
    return f"by {quota.missed}{tag}{option} ({quota.heads} heads)"


def _apart(ledger: Ledger) -> Iterator[Breach]:
    ids, options = ledger.problem.groups.ids, ledger.problem.choices.option
    for one, other in ledger.problem.apart:
        mine, theirs = (
            {int(options[choice]) for choice in ledger.at.get(group, ())} for group in (one, other)
        )
        if mine & theirs:
            yield Breach("apart", ids[one], f'groups "{ids[one]}" and "{ids[other]}" are in one option')


def _people(ledger: Ledger) -> Iterator[Breach]:
    problem = ledger.problem
    at, place = problem.groups.people.entries(ledger.place_group)
    person, option = problem.groups.people.column[at], ledger.place_option[place]
    busy = np.bincount(person, minlength=len(problem.people)) > 1
    person, option = person[busy[person]], option[busy[person]]
    clashes = Sparse.of([[(number, 1) for number in mine] for mine in ledger.clashing])
    entry, held = clashes.entries(option)
    twice = _repeated(person, option, len(problem.options.ids))
    clashing = _repeated(person[held], clashes.column[entry], len(problem.clashes))
    for number in np.union1d(twice, clashing).tolist():
        id_ = problem.people[number]
        yield Breach("clash", id_, f'person "{id_}" holds places that clash')


def _repeated(person: Ints, thing: Ints, things: int) -> Ints:
    """The people beside whom one thing stands twice."""
    key, times = np.unique(person * max(1, things) + thing, return_counts=True)
    found: Ints = key[times > 1] // max(1, things)
    return found


def _changes(ledger: Ledger) -> Iterator[Breach]:
    most = ledger.problem.max_changes
    if most is not None and ledger.moved > most:
        yield Breach("changes", "", f"{ledger.moved} heads moved, more than {most}")


RULES = (_once, _required, _pinned, _banned, _seats, _resources, _limits, _apart, _people, _changes)


# -- claims ------------------------------------------------------------------------------------------


def _running(ledger: Ledger, outcome: Outcome) -> Iterator[Breach]:
    ids = ledger.problem.options.ids
    if outcome.running != tuple(ids[option] for option, runs in enumerate(ledger.runs) if runs):
        yield Breach("running", "", "the list of running options is not that of the placements")


def _carriers(ledger: Ledger, told: Mapping[str, Sequence[int]]) -> Iterator[Breach]:
    options, everybody = ledger.problem.options, _everybody(ledger.problem)
    most = 2**62 // max(1, sum(len(carriers) for carriers in options.carriers))
    for option, carriers in enumerate(options.carriers):
        id_ = options.ids[option]
        pieces = told.get(id_)
        if not carriers or not ledger.runs[option]:
            if pieces is not None:
                yield Breach("carriers", id_, f'"{id_}" takes carriers it has no need of')
            continue
        if pieces is None or len(pieces) != len(carriers) or any(type(n) is not int or n < 0 for n in pieces):
            yield Breach("carriers", id_, f'"{id_}" does not say how many of each carrier it takes')
            continue
        if any(n > everybody and n * _largest(c) >= most for c, n in zip(carriers, pieces, strict=True)):
            yield Breach("carriers", id_, f'"{id_}" takes more carriers than can be counted')
        for tag in {carrier.tag for carrier in carriers}:
            seats = sum(c.seats * n for c, n in zip(carriers, pieces, strict=True) if c.tag == tag)
            if seats < ledger.tagged[option][tag]:
                heads = ledger.tagged[option][tag]
                yield Breach("carriers", id_, f'"{id_}" has {seats} carrier seats for {heads} heads')
        if any(n > c.most for c, n in zip(carriers, pieces, strict=True)):
            yield Breach("carriers", id_, f'"{id_}" takes more carriers than there are')


def _settled(outcome: Outcome) -> bool:
    """Whether the lot is claimed to its end, which leaves one answer: that with the fewest carriers."""
    return any(each.stage == "lot" and each.value == each.bound for each in outcome.stages)


def _spare(ledger: Ledger, told: Mapping[str, Sequence[int]]) -> Iterator[Breach]:
    """A piece without which everybody would still have a seat is one too many."""
    options = ledger.problem.options
    for option, carriers in enumerate(options.carriers):
        pieces = told.get(options.ids[option], ())
        for carrier, n in zip(carriers, pieces, strict=False):
            seats = sum(c.seats * m for c, m in zip(carriers, pieces, strict=True) if c.tag == carrier.tag)
            if n and seats - carrier.seats >= ledger.tagged[option][carrier.tag]:
                id_ = options.ids[option]
                yield Breach("carriers", id_, f'"{id_}" takes a carrier more than its heads need')


def _largest(carrier: Carrier) -> int:
    """The largest amount that counts for each piece."""
    return max(carrier.cost, carrier.seats, *(amount for _, amount in carrier.uses))


def _everybody(problem: Problem) -> int:
    """The most heads that there could ever be: every group where it counts most."""
    most = np.zeros(len(problem.groups.ids), np.int64)
    np.maximum.at(most, problem.choices.group, problem.choices.heads * problem.choices.units)
    return int(most.sum())


def _stages(ledger: Ledger, outcome: Outcome) -> Iterator[Breach]:
    expected = ledger.problem.stages
    if [_name(stage) for stage in expected] != [_name(result) for result in outcome.stages]:
        yield Breach("stages", "", "the stages are not those of the objective")
        return
    for stage, result in zip(expected, outcome.stages, strict=True):
        yield from _stage(ledger, stage, result)
    met = all(result.best == result.bound for result in outcome.stages)
    if met != (outcome.status is Status.OPTIMAL):
        yield Breach("status", "", f'"{outcome.status}" does not fit the bounds of the stages')


def _name(stage: Stage | StageResult) -> tuple[object, ...]:
    return stage.stage, stage.tier, stage.tag, stage.rank


def _stage(ledger: Ledger, stage: Stage, result: StageResult) -> Iterator[Breach]:
    groups = len(ledger.problem.groups.ids)
    name = stage.label
    yield from _gap(name, result)
    if stage.stage == "lot":
        if not 0 <= result.value <= groups or result.bound != groups or result.reached is not None:
            yield Breach(
                "stages", name, f"the lot speaks of {result.value} of {result.bound} groups, not {groups}"
            )
        return
    value = ledger.value(stage)
    if value != result.value:
        yield Breach("stages", name, f"stage {name} claims {result.value}; the placements give {value}")
    sign = 1 if stage.maximise else -1
    if sign * (result.value - stage.allowed(result.best)) < 0:
        yield Breach("stages", name, f"stage {name} fell back further than its tolerance allows")
    if result.bound is not None and sign * (result.bound - result.best) < 0:
        yield Breach(
            "stages", name, f"stage {name} claims the bound {result.bound}, yet reached {result.best}"
        )


def _gap(name: str, result: StageResult) -> Iterator[Breach]:
    """A result that was read says a gap with each stage; one fresh from an engine only works it out."""
    if result.told_gap is not UNSET and result.told_gap != result.gap:
        yield Breach(
            "stages",
            name,
            f"stage {name} claims the gap {result.told_gap}; its value and bound make {result.gap}",
        )
