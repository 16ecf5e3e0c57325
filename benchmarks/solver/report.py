"""The tables of ratios, for a terminal and for docs/benchmarks.md, and their plots."""

from collections.abc import Iterable
from pathlib import Path

from benchmarks.solver.cases import CASES, Case, Size
from benchmarks.solver.measure import Measured
from benchmarks.solver.record import Record, machine, middle

HEAD = ("contender", "seconds", "ratio", "CPU s", "MB", "value", "bound", "gap", "runs", "")


def tables(record: Record) -> str:
    """Every case measured so far, as Markdown."""
    return "\n".join(line for case in CASES if case.name in record.runs for line in _case(record, case))


def _case(record: Record, case: Case) -> Iterable[str]:
    yield f"## {case.title} (`{case.name}`)\n"
    yield f"{case.goal}\n"
    for size in case.sizes:
        rows = _size(record, case, size)
        if rows:
            yield f"{size.people:,} x {size.options:,}, limit {size.limit:g} s\n"
            yield _markdown(rows)
            yield ""


def _size(record: Record, case: Case, size: Size) -> list[tuple[str, ...]]:
    told = record.runs.get(case.name, {}).get(size.name, {})
    ours = told.get(size.contenders[0])
    base = middle(ours).seconds if ours else None
    return [_row(who, told[who], base) for who in size.contenders if told.get(who)]


def _row(who: str, runs: list[Measured], base: float | None) -> tuple[str, ...]:
    one = middle(runs)
    if one.value is None:
        return (
            who,
            f"{one.seconds:.2f}" if one.seconds else "-",
            "-",
            "-",
            "-",
            "-",
            "-",
            "-",
            str(len(runs)),
            one.note,
        )
    ratio = one.seconds / base if base else None
    return (
        who,
        f"{one.seconds:.3f}" if one.seconds < 10 else f"{one.seconds:.1f}",
        "-" if ratio is None else f"{ratio:.2f}",
        f"{one.cpu:.2f}",
        f"{one.megabytes:.0f}",
        f"{one.value:,}",
        "-" if one.bound is None else f"{one.bound:,.1f}".removesuffix(".0"),
        "-" if one.bound is None else f"{abs(one.value - one.bound) / max(1, abs(one.value)):.3%}",
        str(len(runs)),
        one.note,
    )


def _markdown(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD))]

    def line(cells: tuple[str, ...]) -> str:
        first, *numbers, last = (
            cell.ljust(width) if at in {0, len(HEAD) - 1} else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {first} | {' | '.join(numbers)} | {last} |"

    rule = [
        ("-" * width) if at in {0, len(HEAD) - 1} else ("-" * (width - 1) + ":")
        for at, width in enumerate(widths)
    ]
    return "\n".join([line(HEAD), line(tuple(rule)), *map(line, rows)])


def described() -> str:
    """The machine, in a sentence or two."""
    told = machine()
    libraries = ", ".join(f"{name} {version}" for name, version in told["libraries"].items())
    return (
        f"Measured on {told['processor']}, {told['cores']} cores, {told['memory_gb']} GB, {told['system']}, "
        f"Python {told['python']}; {libraries}."
    )


def plots(record: Record, folder: Path) -> list[Path]:
    """Seconds against size, a picture for each case with three sizes or more; matplotlib is needed."""
    import matplotlib as mpl  # noqa: PLC0415 - only who wants pictures needs it

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "eventhub"
    made = []
    for case in CASES:
        lines = _lines(record, case)
        if sum(len(points) for points in lines.values()) and max(map(len, lines.values())) > 2:
            made.append(_plot(case, lines, folder / f"bench-{case.name}.svg"))
    return made


def _lines(record: Record, case: Case) -> dict[str, list[tuple[int, float]]]:
    lines: dict[str, list[tuple[int, float]]] = {}
    for size in case.sizes:
        for who, runs in record.runs.get(case.name, {}).get(size.name, {}).items():
            if runs and middle(runs).value is not None:
                lines.setdefault(who, []).append((size.people, middle(runs).seconds))
    return lines


def _plot(case: Case, lines: dict[str, list[tuple[int, float]]], path: Path) -> Path:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    figure, axes = plt.subplots(figsize=(7, 4.2))
    for who, points in lines.items():
        ours = who.startswith("ours")
        axes.plot(
            *zip(*points, strict=True), marker="o", markersize=4, linewidth=2.2 if ours else 1.1, label=who
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("people")
    axes.set_ylabel("seconds")
    axes.set_title(case.title)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path
