"""The benchmark's command: measures what is asked, in turns, and prints the goals and the tables of ratios."""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.solver.cases import CASES, Case, Size
from benchmarks.solver.measure import measure
from benchmarks.solver.record import Record, disagreements, not_run
from benchmarks.solver.report import MARK, page, tables

TIMES = 5
LONG = 60.0
"""Rows that take longer than this are run once."""
SEED = 2027
RECORD = Path("build/bench-solver.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for and tell it; 0, 1 if contenders contradict each other, 2 for no such case."""
    options = _parser().parse_args(arguments)
    asked = list(_asked(options.only, options.sizes, quick=options.quick))
    if not asked:
        print(f"no such case; there are {', '.join(case.name for case in CASES)}", file=sys.stderr)
        return 2
    if options.fresh:
        options.json.unlink(missing_ok=True)
    record = Record.open(options.json)
    if not options.report:
        try:
            _measure_all(record, asked, times=1 if options.quick else options.times)
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here", file=sys.stderr)
    print(tables(record))
    if options.docs is not None:
        _write(record, options.docs)
    wrong = disagreements(record)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


def _asked(
    only: Sequence[str] | None, sizes: Sequence[str] | None, *, quick: bool
) -> Iterable[tuple[Case, Size]]:
    """Cases as they stand, the small sizes first: what a peer did there decides whether it is asked at the next."""
    for case in CASES:
        for size in sorted(case.sizes, key=lambda one: (one.people, one.options)):
            wanted = not sizes or size.name in sizes or str(size.people) in sizes
            if (not only or case.name in only) and wanted and (size.quick or not quick):
                yield case, size


def _measure_all(record: Record, asked: Sequence[tuple[Case, Size]], *, times: int) -> None:
    """Everything once, then all that is not done yet in turns: whenever it is stopped, as much as can be is there."""
    for case, size in asked:
        record.forget_failed(case.name, size.name)
    for turn in range(times):
        for case, size in asked:
            for who in size.contenders:
                if turn < size.times and not _done(record, case, size, who, turn):
                    _measure(record, case, size, who, f"{turn + 1}/{min(times, size.times)}")


def _done(record: Record, case: Case, size: Size, who: str, turn: int) -> bool:
    had = record.of(case.name, size.name, who)
    if len(had) > turn:
        return True
    if had:
        return had[-1].failed or had[-1].ended_by_limit or had[-1].seconds > LONG
    return bool(not_run(record, case, size, who))


def _measure(record: Record, case: Case, size: Size, who: str, turn: str) -> None:
    began = time.monotonic()
    measured = measure(who, case.name, size.people, size.options, seed=SEED, limit=size.limit_of(who))
    measured = replace(measured, whole=round(time.monotonic() - began, 1))
    record.add(case.name, size.name, who, measured)
    print(
        f"{case.name} {size.name} {turn} {who}: {measured.seconds:.3f} s, {measured.value} "
        f"(bound {measured.bound}) {measured.note} {measured.fault} [{measured.whole:.0f} s in all]",
        file=sys.stderr,
        flush=True,
    )


def _write(record: Record, path: Path) -> None:
    """The page of results: its head stays, what stands below the mark is new."""
    head = path.read_text(encoding="utf-8").split(MARK)[0] if path.exists() else "# Benchmarks\n\n"
    text = page(record, path.parent / "images")
    path.write_text(f"{head.rstrip()}\n\n{MARK}\n\n{text.rstrip()}\n", encoding="utf-8")


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
        "--json",
        type=Path,
        metavar="FILE",
        default=RECORD,
        help="keep every run here; a stopped benchmark goes on (default: %(default)s)",
    )
    parser.add_argument("--fresh", action="store_true", help="begin anew: forget what the file holds")
    parser.add_argument("--report", action="store_true", help="run nothing, tell what the file holds")
    parser.add_argument(
        "--docs", type=Path, metavar="FILE", help="write goals, tables and plots into this page"
    )
    parser.add_argument("--times", type=int, default=TIMES, help="runs of each contender (default: 5)")
    parser.add_argument("--quick", action="store_true", help="the small sizes once: within ten minutes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
