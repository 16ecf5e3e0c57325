"""What is aimed at, and whether it is met: every figure and every verdict is worked out from the record."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from benchmarks.solver.cases import AGAIN, BARE, CASES, EIGHT, NETWORK, RESOLVING, WHOLE
from benchmarks.solver.measure import Measured
from benchmarks.solver.record import Record, middle

LARGE, MIDDLE, SMALL, HUGE = "100000x2400", "10000x240", "3000x72", "1000000x2400"
KILO = 1_024


@dataclass(frozen=True, slots=True)
class Part:
    """One thing asked for; ``met`` None: the rows that it needs were not run."""

    asked: str
    measured: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Goal:
    name: str
    title: str
    parts: tuple[Part, ...]

    @property
    def verdict(self) -> str:
        """In plain words."""
        told = [part.met for part in self.parts]
        if all(met is None for met in told):
            return "not run"
        if False in told:
            return "missed" if not any(met is not False for met in told) else "missed in part"
        return "met" if None not in told else "met as far as run"


def goals(record: Record) -> list[Goal]:
    """G1 to G12."""
    return [Goal(name, title, tuple(parts(record))) for name, title, parts in GOALS]


def _at_most(asked: str, limit: float, value: float | None, unit: str = "", digits: str = ".2f") -> Part:
    if value is None:
        return Part(asked, "not run", None)
    return Part(asked, f"{value:{digits}}{unit}", value <= limit)


def _at_least(asked: str, limit: float, value: float | None, unit: str = "", digits: str = ".0f") -> Part:
    if value is None:
        return Part(asked, "not run", None)
    return Part(asked, f"{value:{digits}}{unit}", value >= limit)


def _ratio(one: Measured | None, other: Measured | None) -> float | None:
    if one is None or other is None or one.failed or other.failed or not other.seconds:
        return None
    return one.seconds / other.seconds


def _seats(record: Record) -> Iterator[Part]:
    ours, bare = (record.middle("capacities", LARGE, who) for who in (NETWORK, BARE))
    asked = "the flow's optimum at 100,000 x 2,400"
    if ours is None or bare is None:
        yield Part(asked, "not run", None)
    else:
        same = ours.value == bare.value == ours.bound and not ours.fault
        yield Part(asked, f"{ours.value:,} and {bare.value:,}", same)
    yield _at_most("at most 1.3 x OR-Tools' bare solve", 1.3, _ratio(ours, bare), " x")
    simplex = record.middle("capacities", LARGE, "HiGHS simplex")
    yield _at_least("15 x faster than HiGHS simplex", 15, _ratio(simplex, ours), " x")
    pair = (record.middle("capacities", MIDDLE, who) for who in ("networkx", NETWORK))
    yield _at_least("100 x faster than networkx at 10,000", 100, _ratio(*pair), " x")


def _memory(record: Record) -> Iterator[Part]:
    for size, people in ((LARGE, 100_000), (HUGE, 1_000_000)):
        ours = record.middle("capacities", size, NETWORK)
        each = None if ours is None else ours.megabytes * KILO / people
        yield _at_most(f"1.5 kB a person over the input at {people:,}", 1.5, each, " kB")


def _growth(record: Record) -> Iterator[Part]:
    sizes = ((MIDDLE, 10_000), (LARGE, 100_000), (HUGE, 1_000_000))
    told = [(people, record.middle("capacities", size, NETWORK)) for size, people in sizes]
    for low, high in ((0, 2), (0, 1), (1, 2)):
        (few, quick), (many, slow) = told[low], told[high]
        asked = f"exponent at most 1.4 from {few:,} to {many:,}"
        ratio = _ratio(slow, quick)
        yield _at_most(asked, 1.4, None if ratio is None else math.log(ratio) / math.log(many / few))


def _gap(one: Measured | None) -> float | None:
    if one is None or one.value is None or one.bound is None:
        return None
    return abs(one.value - one.bound) / max(1, abs(one.value))


def _opening_large(record: Record) -> Iterator[Part]:
    ours = record.middle("opening", LARGE, WHOLE)
    gap = _gap(ours)
    percent = None if gap is None else 100 * gap
    yield _at_most("gap proved at 100,000 at most 0.5 % in 60 s", 0.5, percent, " %", ".3f")
    asked = "at most 0.2 % in 10 min"
    if percent is None or ours is None:
        yield Part(asked, "not run", None)
    elif percent <= 0.2:
        yield Part(asked, f"after {ours.seconds:.0f} s already", True)
    else:
        yield Part(asked, "not run for so long", None)
    yield _at_most("at most 1 GB", 1_024, None if ours is None else ours.megabytes, " MB", ".0f")
    kept = None if ours is None or not ours.checked else not ours.fault
    yield Part(
        "fund and minima kept", "not run" if kept is None else ours.fault or "kept" if ours else "", kept
    )


def _opening_middle(record: Record) -> Iterator[Part]:
    ours, highs = (record.middle("opening", MIDDLE, who) for who in (WHOLE, "HiGHS"))
    gap = _gap(ours)
    percent = None if gap is None else 100 * gap
    asked = "at 10,000 within 0.1 % of the optimum"
    best = [one.bound for one in (ours, highs) if one is not None and one.bound is not None]
    if ours is None or ours.value is None or not best:
        yield Part(asked, "not run", None)
    else:
        above = 100 * (ours.value - max(best)) / max(best)
        yield Part(asked, f"{above:.3f} % above the best bound of both", above <= 0.1)
    yield _at_most("gap proved at most 0.15 %", 0.15, percent, " %", ".3f")
    ratio = _ratio(ours, highs)
    asked = "a tenth of HiGHS's time to prove"
    if ratio is None or highs is None:
        yield Part(asked, "not run", None)
    elif highs.proved:
        yield Part(asked, f"{ratio:.4f} x", ratio <= 0.1)
    else:
        yield Part(
            asked, f"at most {ratio:.4f} x (HiGHS not done after {highs.seconds:.0f} s)", ratio <= 0.1 or None
        )
    share = None if ours is None or highs is None else ours.megabytes / max(1.0, highs.megabytes)
    yield _at_most("a fifth of HiGHS's memory", 0.2, share, " x")


def _opening_small(record: Record) -> Iterator[Part]:
    for size in ("1000x24", SMALL):
        ours = record.middle("opening", size, WHOLE)
        others = [record.middle("opening", size, who) for who in ("HiGHS", "CP-SAT")]
        done = [one for one in others if one is not None and not one.failed]
        asked = f"{size} proved in half the time of the faster peer"
        if ours is None or not done:
            yield Part(asked, "not run", None)
            continue
        fastest = min(done, key=lambda one: one.seconds)
        ratio = ours.seconds / fastest.seconds
        proved = "proved" if ours.proved else "not proved"
        yield Part(asked, f"{proved}, {ratio:.2f} x", ours.proved and ratio <= 0.5)
    for size in ("200x5", "260x10"):
        ours = record.middle("camp", size, WHOLE)
        asked = f"camp {size} proved in 1 s"
        if ours is None:
            yield Part(asked, "not run", None)
            continue
        optimal = ours.note == "optimal"
        told = f"{'proved' if optimal else 'not proved'}, {ours.seconds:.2f} s"
        yield Part(asked, told, optimal and ours.seconds <= 1)


def _families(record: Record) -> Iterator[Part]:
    for size, people, limit, most in ((MIDDLE, 10_000, 10, 0.5), (LARGE, 100_000, 60, 1.0)):
        ours, flow = (record.middle("households", size, who) for who in (WHOLE, "flow that splits"))
        asked = f"at {people:,} within {most:g} % of the flow bound in {limit} s, nobody split"
        if ours is None or flow is None or ours.value is None or flow.bound is None:
            yield Part(asked, "not run", None)
            continue
        above = 100 * (ours.value - flow.bound) / flow.bound
        told = f"{above:.3f} % in {ours.seconds:.1f} s{f', {ours.fault}' if ours.fault else ''}"
        in_time = ours.seconds <= limit + max(1.0, 0.05 * limit)
        yield Part(asked, told, above <= most and in_time and ours.checked and not ours.fault)


def _fairest(record: Record) -> Iterator[Part]:
    for size, people in ((LARGE, 100_000), (MIDDLE, 10_000)):
        ours = record.middle("fair", size, "ours, fair")
        fewest = f"fewest without a place at {people:,}"
        ranks = f"every rank's count the fairest at {people:,}"
        if ours is None or "unplaced" not in ours.facts:
            yield Part(fewest, "not run", None)
            yield Part(ranks, "not run", None)
            continue
        facts = ours.facts
        least = facts["fewest unplaced by maximum flow"]
        yield Part(fewest, f"{facts['unplaced']:,}, maximum flow {least:,}", facts["unplaced"] == least)
        fair = bool(facts["no chain is fairer"])
        yield Part(ranks, "no chain of moves is fairer" if fair else "a chain of moves is fairer", fair)


def _repeats(record: Record) -> Iterator[Part]:
    for case in ("repeat-fair", "repeat-camp", "repeat-opening"):
        rows = [
            run
            for each in record.runs.get(case, {}).values()
            for who, runs in each.items()
            for run in runs
            if who in AGAIN
        ]
        asked = f"{case.removeprefix('repeat-')}: the same bytes over runs, workers, order, seed and time"
        if len(rows) < len(AGAIN):
            yield Part(asked, f"{len(rows)} of {len(AGAIN)} run", None)
            continue
        proved = [run.facts.get("digest") for run in rows if run.note == "optimal"]
        kinds, late = len(set(proved)), len(rows) - len(proved)
        told = f"{len(proved)} proved runs, {kinds} result{'s' if kinds != 1 else ''}"
        # What the limit ended is promised by nobody to be the same, so it decides nothing.
        met = (None if late else True) if kinds == 1 and None not in proved else False
        yield Part(asked, f"{told}{f'; {late} not proved in time' if late else ''}", met)
    digests = [
        runs[0].facts.get("digest")
        for each in record.runs.get("repeat-opening", {}).values()
        for who, runs in each.items()
        if who in EIGHT
    ]
    if len(digests) == len(EIGHT):
        yield Part("beside: CP-SAT, 8 workers", f"{len(digests)} runs, {len(set(digests))} results", True)


def _resolves(record: Record) -> Iterator[Part]:
    anew, ties, near, whole, again = (record.middle("changed", LARGE, who) for who in RESOLVING)
    yield _at_most("fewest moves of the best, at most 0.6 x a fresh solve", 0.6, _ratio(ties, anew), " x")
    asked = "the same cost"
    if anew is None or ties is None or anew.value is None or ties.value is None:
        yield Part(asked, "not run", None)
    else:
        yield Part(asked, f"{ties.value:,} and {anew.value:,}", ties.value == anew.value)
    asked = "with a bonus 40 % fewer moves at +0.1 % cost"
    if anew is None or near is None or anew.value is None or near.value is None:
        yield Part(asked, "not run", None)
    else:
        fewer = 100 * (1 - near.facts["moved"] / max(1, anew.facts["moved"]))
        dearer = 100 * (near.value / anew.value - 1)
        told = f"{fewer:.0f} % fewer at {dearer:+.2f} %"
        yield Part(asked, told, fewer >= 40 and dearer <= 0.1 + 1e-9)
    yield _at_most("that too at most 0.6 x a fresh solve", 0.6, _ratio(near, anew), " x")
    yield _at_most("the whole call, reasons and audit too, at most 0.6 x", 0.6, _ratio(again, whole), " x")


def _audits(record: Record) -> Iterator[Part]:
    for case, size, seconds in (
        ("audit", LARGE, 1.0),
        ("audit-fair", LARGE, 1.0),
        ("audit-opening", LARGE, 1.0),
        ("audit", HUGE, 5.0),
    ):
        told = record.middle(case, size, "ours, audit")
        name = {"audit": "seats only", "audit-fair": "fair", "audit-opening": "opening"}[case]
        asked = f"{name}, {size.split('x', maxsplit=1)[0]} people, at most {seconds:g} s"
        if told is not None and told.failed:
            yield Part(asked, told.note, met=False)
            continue
        taken = None if told is None else told.seconds
        yield _at_most(asked, seconds, taken, " s")
    counted = [
        (run.facts["tampered"], run.facts["rejected"])
        for case in ("audit", "audit-camp")
        for each in record.runs.get(case, {}).values()
        for run in each.get("ours, tampered results", [])
        if "tampered" in run.facts
    ]
    asked = "everything tampered with is rejected"
    if not counted:
        yield Part(asked, "not run", None)
    else:
        all_, rejected = (sum(column) for column in zip(*counted, strict=True))
        yield Part(asked, f"{rejected} of {all_}", rejected == all_)


def _in_time(record: Record) -> Iterator[Part]:
    rows = [
        (case, run)
        for case, who, run in _every(record)
        if who.startswith("ours") and who != NETWORK and not case.startswith(("audit", "repeat"))
    ]
    asked = "limit kept within 5 % or 1 s"
    if not rows:
        yield Part(asked, "not run", None)
        return
    worst = max(run.seconds - run.limit for _, run in rows)
    late = [case for case, run in rows if run.seconds - run.limit > max(1.0, 0.05 * run.limit)]
    beyond = f"{worst:.1f} s beyond at worst" if worst > 0 else "never reached its limit"
    yield Part(asked, f"{len(rows)} runs, {beyond}", not late)
    wrong = [case for case, run in rows if run.failed or run.fault]
    yield Part("a valid answer always", f"{len(rows) - len(wrong)} of {len(rows)}", not wrong)
    for peer in ("HiGHS", "CP-SAT"):
        over = [run.seconds - run.limit for _, who, run in _every(record) if who == peer]
        if over:
            yield Part(f"beside: {peer}", f"{max(0.0, *over):.1f} s beyond at worst", True)


def _every(record: Record) -> Iterable[tuple[str, str, Measured]]:
    for case in CASES:
        for each in record.runs.get(case.name, {}).values():
            for who, runs in each.items():
                for run in runs:
                    yield case.name, who, run


GOALS: tuple[tuple[str, str, Callable[[Record], Iterator[Part]]], ...] = (
    ("G1", "Seats only, beside flow, simplex and networkx", _seats),
    ("G2", "Memory", _memory),
    ("G3", "Growth", _growth),
    ("G4", "Minimum groups and a fund, 100,000", _opening_large),
    ("G5", "The same, 10,000", _opening_middle),
    ("G6", "The same, small; a camp", _opening_small),
    ("G7", "Families kept whole", _families),
    ("G8", "Fairness", _fairest),
    ("G9", "Repeatable", _repeats),
    ("G10", "Asked again after cancellations", _resolves),
    ("G11", "The audit", _audits),
    ("G12", "Limits of time", _in_time),
)

__all__ = ["Goal", "Part", "goals", "middle"]
