"""The command line: python -m solvers solve | audit | explain | draw."""

import argparse
import json
import math
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import msgspec

from solvers import baselines, draw
from solvers.audit import examine
from solvers.draw import DrawError
from solvers.outcome import Outcome, Status
from solvers.problem import ProblemError, read
from solvers.proofs import claims
from solvers.reasons import explain
from solvers.solve import EngineError, Progress, solve
from solvers.source import TOO_DEEP, bytes_of, canonical_text

ANSWER, FALSE_CLAIM, REFUSED, INFEASIBLE, NOTHING_FOUND = 0, 1, 2, 3, 4


class OutError(ValueError):
    """The result cannot be written where it was wanted; a sentence says why."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the number is the exit code."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except (ProblemError, EngineError, DrawError, OutError) as error:
        print(error, file=sys.stderr)
        return REFUSED


def _solve(options: argparse.Namespace) -> int:
    stop, began = _Stop(), monotonic()
    _writable(options.out)
    problem = read(options.problem)
    outcome = solve(
        problem,
        seconds=max(0.0, options.seconds - (monotonic() - began)),  # whoever waits, waits for the reading too
        work=options.work,
        workers=options.workers,
        seed=options.seed,
        engine=options.engine,
        cluster=options.cluster,
        more=options.more,
        on_progress=_Line(terminal=sys.stderr.isatty()) if options.progress else None,
        should_stop=stop.asked,
    )
    if options.progress and sys.stderr.isatty():
        print(file=sys.stderr)
    _write(options.out, canonical_text(outcome.to_dict()) + b"\n")
    if options.baseline and outcome.answered:
        ours, other = baselines.standing_of(problem, outcome), baselines.run(problem, options.baseline)
        beside = sys.stderr if options.out is None else sys.stdout
        print(baselines.table(ours, other, options.baseline), file=beside)
    return {Status.INFEASIBLE: INFEASIBLE, Status.UNKNOWN: NOTHING_FOUND}.get(outcome.status, ANSWER)


def _audit(options: argparse.Namespace) -> int:
    """False claims on standard output, a line each; beside them, for a reader, what every bound rests on."""
    problem, outcome = read(options.problem), _result(options.result)
    breaches, told = examine(problem, outcome)
    for breach in breaches:
        print(breach.sentence)
    if told:
        print(claims.table(told), file=sys.stderr)
    unchecked = not all(claim.checked for claim in told)
    return FALSE_CLAIM if breaches or (options.strict and unchecked) else ANSWER


def _explain(options: argparse.Namespace) -> int:
    problem, outcome = read(options.problem), _result(options.result)
    if options.group not in problem.group_number:
        print(f'no group "{options.group}"', file=sys.stderr)
        return REFUSED
    print(explain(problem, outcome, options.group).paragraph)
    return ANSWER


def _draw(options: argparse.Namespace) -> int:
    try:
        text = options.receipts.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise DrawError(f"{options.receipts}: {getattr(error, 'strerror', None) or error}") from None
    receipts = draw.read(text)
    print(f"list {draw.fingerprint(receipts)}", file=sys.stderr)
    for receipt, lot in draw.lots(receipts, options.seed).items():
        print(f"{lot}\t{receipt}")
    return ANSWER


class _Stop:
    """SIGTERM or SIGINT once: stop and keep the best answer so far; the second time end at once."""

    def __init__(self) -> None:
        self.signals = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def asked(self) -> bool:
        return self.signals > 0

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signals += 1
        if self.signals > 1:
            os._exit(128 + number)


class _Line:
    """Progress for a person (one line, redrawn) or for a program (a JSON object a line)."""

    def __init__(self, *, terminal: bool) -> None:
        self.terminal = terminal

    def __call__(self, progress: Progress) -> None:
        if not self.terminal:
            print(json.dumps(asdict(progress)), file=sys.stderr, flush=True)
            return
        which = " ".join(
            f"{key} {value}"
            for key, value in (("tier", progress.tier), ("rank", progress.rank))
            if value is not None
        )
        text = (
            f"{progress.stage_index + 1}/{progress.total_stages} {progress.stage} {which}: "
            f"{progress.value} (bound {progress.bound}), {progress.seconds:.0f} s"
        )
        print(f"\r{text:<100}", end="", file=sys.stderr, flush=True)


def _result(path: Path) -> Outcome:
    text = bytes_of(path)
    try:
        written = msgspec.json.decode(text, type=dict[str, Any])
        return Outcome.from_dict(written)
    except RecursionError:
        raise ProblemError(f"{path}: {TOO_DEEP}") from None
    except (ValueError, msgspec.DecodeError) as error:
        raise ProblemError(f"{path}: {error}") from None


def _writable(path: Path | None) -> None:
    """Said before the work, not after it: OutError where no result could be written."""
    if path is None:
        return
    if path.is_dir():
        raise OutError(f"{path}: is a folder")
    if not path.parent.is_dir():
        raise OutError(f"{path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutError(f"{path}: nothing may be written in {path.parent}")


def _write(path: Path | None, text: bytes) -> None:
    """Whole or not at all, so that nobody reads half a result."""
    if path is None:
        sys.stdout.buffer.write(text)
        return
    half = path.with_name(f"{path.name}.part")
    try:
        half.write_bytes(text)
        half.replace(path)
    except OSError as error:
        raise OutError(f"{path}: {error.strerror or error}") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: not a time of 0 seconds or more")
    return seconds


def _least(least: int) -> Callable[[str], int]:
    """Whole numbers from here to 2^31 - 1, which is what engines take."""

    def number(text: str) -> int:
        if not least <= int(text) < 2**31:
            raise argparse.ArgumentTypeError(f"{text}: not a whole number from {least} to {2**31 - 1}")
        return int(text)

    number.__name__ = "whole number"
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m solvers", description="Allot places, check and explain.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("solve", help="place the groups of a problem")
    command.set_defaults(run=_solve)
    command.add_argument("problem", type=Path)
    command.add_argument("--out", type=Path, help="where the result goes (default: standard output)")
    command.add_argument(
        "--seconds", type=_seconds, default=60, help="time, reading included (default: %(default)s)"
    )
    command.add_argument(
        "--work",
        type=_least(1),
        help="deterministic effort in place of seconds: an unproved answer repeats with the same --workers and"
        " --seed, on one version (default: none)",
    )
    command.add_argument(
        "--workers", type=_least(1), default=1, help="threads at most (default: %(default)s)"
    )
    command.add_argument(
        "--seed", type=_least(0), default=0, help="where searches begin (default: %(default)s)"
    )
    command.add_argument(
        "--engine", default="auto", help="auto, flow, cpsat, mip (HiGHS) or prices (default: %(default)s)"
    )
    command.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="count prices on other machines too: a Dask scheduler's address, or local:NUMBER of processes here",
    )
    command.add_argument(
        "--more", action="store_true", help="also tell what one more seat or step would bring"
    )
    command.add_argument("--progress", action="store_true", help="tell how far it is, on the error stream")
    command.add_argument(
        "--baseline",
        choices=sorted(baselines.MECHANISMS),
        help="also print what deferred acceptance (da) or serial dictatorship (sd) would have come to",
    )
    command = commands.add_parser("audit", help="re-check a result")
    command.set_defaults(run=_audit)
    command.add_argument("problem", type=Path)
    command.add_argument("result", type=Path)
    command.add_argument("--strict", action="store_true", help="also fail on what cannot be checked")
    command = commands.add_parser("explain", help="say why a group got what it got")
    command.set_defaults(run=_explain)
    command.add_argument("problem", type=Path)
    command.add_argument("result", type=Path)
    command.add_argument("group", metavar="GROUP")
    command = commands.add_parser(
        "draw",
        help="draw lots from receipts and a published seed",
        description="Print lot and receipt, the luckiest first. Lots follow the SHA-256 of seed:receipt, so anybody can"
        " repeat the draw; the digest of the list goes to the error stream, to be published before the seed is known.",
    )
    command.set_defaults(run=_draw)
    command.add_argument("receipts", type=Path, help="a file with one receipt on each line")
    command.add_argument("--seed", required=True, help="what was published after the list, as one text")
    return parser


if __name__ == "__main__":
    sys.exit(main())
