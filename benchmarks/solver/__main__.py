"""The benchmark's command: measures what is asked, in turns, and prints the tables of ratios."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.solver.cases import CASES, Case, Size
from benchmarks.solver.measure import measure
from benchmarks.solver.record import Record
from benchmarks.solver.report import described, plots, tables

TIMES = 5
LONG = 60.0
"""Rows that take longer than this are run once."""
SEED = 2027


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and tell; 0 unless nothing fits what was asked for."""
    options = _parser().parse_args(arguments)
    asked = [
        (case, size)
        for case in CASES
        for size in case.sizes
        if (not options.only or case.name in options.only)
        and (not options.sizes or size.name in options.sizes or str(size.people) in options.sizes)
        and (size.quick or not options.quick)
    ]
    if not asked:
        print(f"no such case; there are {', '.join(case.name for case in CASES)}", file=sys.stderr)
        return 2
    record = Record.open(options.json)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for case, size in asked:
            _measure(record, case, size, Path(folder), times=1 if options.quick else options.times)
    print(described(), end="\n\n")
    print(tables(record))
    if options.docs is not None:
        _write(record, options.docs)
    return 0


def _measure(record: Record, case: Case, size: Size, folder: Path, *, times: int) -> None:
    """All contenders of one size, each once a round, until each has had its rounds."""
    path = folder / f"{case.name}-{size.name}.json"
    for turn in range(times):
        for who in size.contenders:
            had = record.of(case.name, size.name, who)
            if len(had) > turn or (had and had[-1].seconds > LONG) or (had and had[-1].value is None):
                continue
            if not path.exists():
                path.write_text(json.dumps(case.instance(size.people, size.options, SEED)), encoding="utf-8")
            measured = measure(who, path, size.limit)
            record.add(case.name, size.name, who, measured)
            print(
                f"{case.name} {size.name} {turn + 1}/{times} {who}: {measured.seconds:.2f} s, "
                f"{measured.value} (bound {measured.bound}) {measured.note}",
                file=sys.stderr,
                flush=True,
            )
    path.unlink(missing_ok=True)


def _write(record: Record, path: Path) -> None:
    """The page of results: its head stays, the tables below the mark are new."""
    head = path.read_text(encoding="utf-8").split(MARK)[0] if path.exists() else "# Benchmarks\n\n"
    try:
        pictures = [f"![{one.stem}](images/{one.name})" for one in plots(record, path.parent / "images")]
    except ImportError:
        pictures = []
    path.write_text(
        "\n".join([head.rstrip(), "", MARK, "", described(), "", *pictures, "", tables(record)]).rstrip()
        + "\n",
        encoding="utf-8",
    )


MARK = "<!-- what stands below is written by python -m benchmarks.solver --docs -->"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.solver",
        description="Measure the solver against its peers in the same run, in turns; medians of five, and ratios to ours.",
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help=f"cases: {', '.join(case.name for case in CASES)}"
    )
    parser.add_argument(
        "--sizes", nargs="+", metavar="SIZE", help="such as 10000x240, or the number of people"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="keep every run here; a stopped benchmark goes on"
    )
    parser.add_argument("--docs", type=Path, metavar="FILE", help="write tables and plots into this page")
    parser.add_argument("--times", type=int, default=TIMES, help="runs of each contender (default: 5)")
    parser.add_argument("--quick", action="store_true", help="the small sizes once: within ten minutes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
