"""Goals and tables of ratios, for a terminal and for docs/benchmarks.md, and their plots."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.solver.cases import CASES, Case, Size
from benchmarks.solver.drawing import drawing
from benchmarks.solver.goals import goals
from benchmarks.solver.measure import Measured
from benchmarks.solver.record import Record, disagreements, machine, middle, not_run

MARK = "<!-- what stands below is written by python -m benchmarks.solver --docs -->"
HEAD = ("contender", "seconds", "ratio", "CPU s", "MB", "value", "bound", "gap", "runs", "")
PICTURES = ("capacities", "opening", "households")
LONGEST_LIST = 12


def page(record: Record, images: Path) -> str:
    """All that the record tells, as Markdown; the plots are written into ``images``."""
    pictures = [f"![{one.stem}](images/{one.name})" for one in plots(record, images)]
    return "\n".join([described(record), "", tables(record, pictures)])


def tables(record: Record, pictures: Iterable[str] = ()) -> str:
    """The goals, what contradicts, and every case measured so far."""
    told = ["## Goals\n", _goals(record), ""]
    if wrong := disagreements(record):
        told += [
            "**Contenders contradict each other, or an answer is wrong:**\n",
            *(f"* {one}" for one in wrong),
            "",
        ]
    if missing := _missing(record):
        told += [f"Not run so far: {missing}.", ""]
    told += [*pictures, ""]
    told += [line for case in CASES if case.name in record.runs for line in _case(record, case)]
    return "\n".join(told)


def _goals(record: Record) -> str:
    rows = [
        (goal.name, goal.title if first else "", part.asked, part.measured, goal.verdict if first else "")
        for goal in goals(record)
        for first, part in ((at == 0, part) for at, part in enumerate(goal.parts))
    ]
    rows = [
        (name if title else "", title, asked, told, f"**{word}**" if word else "")
        for name, title, asked, told, word in rows
    ]
    return _markdown(("", "goal", "asked", "measured", "verdict"), rows, left={0, 1, 2, 3, 4})


def _missing(record: Record) -> str:
    """Sizes of which nothing was run at all."""
    missing = {
        case.name: [size.name for size in case.sizes if not record.runs.get(case.name, {}).get(size.name)]
        for case in CASES
    }
    return "; ".join(f"{case} {', '.join(sizes)}" for case, sizes in missing.items() if sizes)


def _case(record: Record, case: Case) -> Iterable[str]:
    yield f"## {case.title} (`{case.name}`)\n"
    yield f"{case.about}\n"
    for size in sorted(case.sizes, key=lambda one: (one.people, one.options)):
        if record.runs[case.name].get(size.name):
            yield f"{size.people:,} x {size.options:,}, limit {size.limit:g} s\n"
            yield _markdown(HEAD, list(_size(record, case, size)), left={0, len(HEAD) - 1})
            yield ""


def _size(record: Record, case: Case, size: Size) -> Iterable[tuple[str, ...]]:
    first = record.middle(case.name, size.name, size.contenders[0])
    base = first.seconds if first is not None and not first.failed else None
    for who in size.contenders:
        runs = record.of(case.name, size.name, who)
        yield (
            _row(who, runs, base) if runs else _empty(who, "", not_run(record, case, size, who) or "not run")
        )


def _empty(who: str, runs: str, note: str) -> tuple[str, ...]:
    return (who, *("-",) * (len(HEAD) - 3), runs or "-", note)


def _row(who: str, runs: list[Measured], base: float | None) -> tuple[str, ...]:
    one = middle(runs)
    if one.failed:
        return _empty(who, str(len(runs)), one.note)
    gap = (
        None
        if one.value is None or one.bound is None
        else abs(one.value - one.bound) / max(1, abs(one.value))
    )
    return (
        who,
        f"{one.seconds:.4f}" if one.seconds < 1 else f"{one.seconds:.2f}",
        "-" if not base else f"{one.seconds / base:.2f}",
        f"{one.cpu:.2f}",
        f"{one.megabytes:.0f}",
        "-" if one.value is None else f"{one.value:,}",
        "-" if one.bound is None else f"{one.bound:,.1f}".removesuffix(".0"),
        "-" if gap is None else f"{gap:.3%}",
        str(len(runs)),
        "; ".join(_notes(one)),
    )


def _notes(one: Measured) -> Iterable[str]:
    if one.note:
        yield one.note
    if one.ended_by_limit:
        yield f"ended by its limit of {one.limit:g} s"
    if one.fault:
        yield f"**wrong: {one.fault}**"
    yield from _spoken(one.facts)


def _spoken(facts: Mapping[str, Any]) -> Iterable[str]:
    for name, value in facts.items():
        if isinstance(value, bool):
            yield name if value else f"not: {name}"
        elif isinstance(value, list):
            yield f"{name} {' '.join(map(str, value[:LONGEST_LIST]))}"
        elif value is not None:
            yield f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"


def _markdown(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, left: set[int]) -> str:
    columns = range(len(head))
    widths = [max(3, *(len(row[column]) for row in (head, *rows))) for column in columns]

    def line(cells: tuple[str, ...]) -> str:
        told = (
            cell.ljust(widths[at]) if at in left else cell.rjust(widths[at]) for at, cell in enumerate(cells)
        )
        return f"| {' | '.join(told)} |"

    rule = tuple("-" * widths[at] if at in left else "-" * (widths[at] - 1) + ":" for at in columns)
    return "\n".join([line(head), line(rule), *map(line, rows)])


def described(record: Record) -> str:
    """The machine, in a sentence or two, and whether all rows come from one state of the programme."""
    told = record.machine or machine()
    libraries = ", ".join(f"{name} {version}" for name, version in told["libraries"].items())
    states = len(record.sources)
    runs = [
        run
        for sizes in record.runs.values()
        for each in sizes.values()
        for had in each.values()
        for run in had
    ]
    minutes = sum(run.whole for run in runs) / 60
    several = f" The rows come from {states} states of the sources." if states > 1 else ""
    return (
        f"Measured on {told['processor']}, {told['cores']} cores, {told['memory_gb']} GB, {told['system']}, "
        f"Python {told['python']}; {libraries}. "
        f"{len(runs)} runs in {minutes:.0f} minutes.{several}"
    )


def plots(record: Record, folder: Path) -> list[Path]:
    """Seconds against size, a picture for each case that has two sizes or more."""
    made = []
    for case in CASES:
        lines = {who: points for who, points in _lines(record, case).items() if len(points) > 1}
        if case.name in PICTURES and lines:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"bench-{case.name}.svg"
            path.write_text(drawing(case.title, lines), encoding="utf-8")
            made.append(path)
    return made


def _lines(record: Record, case: Case) -> dict[str, list[tuple[float, float]]]:
    lines: dict[str, list[tuple[float, float]]] = {}
    for size in case.sizes:
        for who, runs in record.runs.get(case.name, {}).get(size.name, {}).items():
            one = middle(runs)
            if not one.failed and one.seconds > 0:
                lines.setdefault(who, []).append((size.people, one.seconds))
    return lines
