"""What has been measured so far, a JSON file that grows run by run, so that a stopped benchmark goes on."""

import hashlib
import json
import os
import platform
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.solver.cases import CASES, PEERS, Case, Size
from benchmarks.solver.measure import Measured

LIBRARIES = ("ortools", "highspy", "numpy", "numba", "scipy", "networkx", "matching", "fairpyx", "pyscipopt")
SOURCES = ("solvers", "benchmarks/instances")
SLOWER, FROM_SECONDS = 50.0, 1.0
"""A peer so many times slower than ours, that takes at least so long, is not asked at the next size."""


@dataclass(slots=True)
class Record:
    """Measurements by case, size and contender; ``sources`` are digests of the programme they were made with."""

    path: Path | None
    runs: dict[str, dict[str, dict[str, list[Measured]]]] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path | None) -> "Record":
        """Go on with what the file holds, if there is one."""
        record = cls(path)
        if path is not None and path.exists():
            written = json.loads(path.read_text(encoding="utf-8"))
            record.machine, record.sources = written["machine"], written["sources"]
            record.runs = {
                case: {
                    size: {who: [Measured(**one) for one in runs] for who, runs in each.items()}
                    for size, each in sizes.items()
                }
                for case, sizes in written["runs"].items()
            }
        return record

    def of(self, case: str, size: str, who: str) -> list[Measured]:
        return self.runs.get(case, {}).get(size, {}).get(who, [])

    def add(self, case: str, size: str, who: str, measured: Measured) -> None:
        """Keep one more run, and write all of them down at once."""
        self.runs.setdefault(case, {}).setdefault(size, {}).setdefault(who, []).append(measured)
        self.machine = self.machine or machine()
        if (now := digest()) not in self.sources:
            self.sources.append(now)
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half = self.path.with_name(f"{self.path.name}.part")
        half.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        half.replace(self.path)

    def forget_failed(self, case: str, size: str) -> None:
        """What failed is tried once more by whoever goes on: the machine or the programme may have changed."""
        each = self.runs.get(case, {}).get(size, {})
        for who in list(each):
            each[who] = [one for one in each[who] if not one.failed]
            if not each[who]:
                del each[who]

    def to_dict(self) -> dict[str, Any]:
        runs = {
            case: {
                size: {who: [one.to_dict() for one in runs] for who, runs in each.items()}
                for size, each in sizes.items()
            }
            for case, sizes in self.runs.items()
        }
        return {"machine": self.machine, "sources": self.sources, "runs": runs}

    def middle(self, case: str, size: str, who: str) -> Measured | None:
        runs = self.of(case, size, who)
        return middle(runs) if runs else None


def middle(runs: list[Measured]) -> Measured:
    """The median run by seconds; of those that did not fail, if any did not."""
    answered = [one for one in runs if not one.failed] or runs
    seconds = median(one.seconds for one in answered)
    return min(answered, key=lambda one: (abs(one.seconds - seconds), one.seconds))


def not_run(record: Record, case: Case, size: Size, who: str) -> str:
    """Why a peer is not asked at this size: what it did at a smaller one. Empty: it is asked."""
    if who not in PEERS or who in size.needed:
        return ""
    for smaller in sorted(case.sizes, key=lambda one: -one.people):
        told = record.middle(case.name, smaller.name, who)
        if smaller.people >= size.people or told is None:
            continue
        if told.failed:
            return f"not run: {told.note} at {smaller.people:,}"
        if told.ended_by_limit:
            return f"not run: not done after {told.limit:g} s at {smaller.people:,}"
        ours = record.middle(case.name, smaller.name, smaller.contenders[0])
        if ours is not None and told.seconds > max(FROM_SECONDS, SLOWER * ours.seconds):
            return f"not run: {told.seconds:.0f} s at {smaller.people:,}, {told.seconds / ours.seconds:.0f} x ours"
    return ""


def disagreements(record: Record) -> list[str]:
    """Where two who both prove their value do not have the same, or a value passes another's bound; or an answer is wrong."""
    found = []
    for case in CASES:
        for size, each in record.runs.get(case.name, {}).items():
            told = {who: middle(runs) for who, runs in each.items()}
            found += [f"{case.name} {size} {who}: {one.fault}" for who, one in told.items() if one.fault]
            bounds = {who: one.bound for who, one in told.items() if one.bound is not None}
            values = {who: one.value for who, one in told.items() if one.value is not None and not one.fault}
            if case.name == "changed" or case.name.startswith(("repeat", "fair")):
                continue
            found += [
                f"{case.name} {size}: {who} has {value:,}, below the bound {bound:,.1f} of {other}"
                for who, value in values.items()
                for other, bound in bounds.items()
                if value < bound - 1e-6 * abs(bound) - 0.5
            ]
    return found


def digest() -> str:
    """Of the programme's sources: rows of one table should come from one state of them."""
    root = Path(__file__).parents[2]
    found = hashlib.sha256()
    for folder in SOURCES:
        for file in sorted((root / folder).rglob("*.py")):
            found.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:12]


def machine() -> dict[str, Any]:
    """What it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version for name in LIBRARIES if (version := _version(name))},
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
