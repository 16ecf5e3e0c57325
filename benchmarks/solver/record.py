"""What has been measured so far, a JSON file that grows run by run, so that a stopped benchmark goes on."""

import json
import os
import platform
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.solver.measure import Measured

LIBRARIES = ("ortools", "highspy", "numpy", "numba", "scipy", "networkx", "matching", "fairpyx", "pyscipopt")


@dataclass(slots=True)
class Record:
    """Measurements by case, size and contender."""

    path: Path | None
    runs: dict[str, dict[str, dict[str, list[Measured]]]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | None) -> "Record":
        """Go on with what the file holds, if there is one."""
        record = cls(path)
        if path is not None and path.exists():
            written = json.loads(path.read_text(encoding="utf-8"))
            record.runs = {
                case: {
                    size: {who: [Measured(**one) for one in runs] for who, runs in each.items()}
                    for size, each in sizes.items()
                }
                for case, sizes in written["runs"].items()
            }
        return record

    def of(self, case: str, size: str, who: str) -> list[Measured]:
        return self.runs.setdefault(case, {}).setdefault(size, {}).setdefault(who, [])

    def add(self, case: str, size: str, who: str, measured: Measured) -> None:
        """Keep one more run, and write all of them down at once."""
        self.of(case, size, who).append(measured)
        if self.path is None:
            return
        half = self.path.with_name(f"{self.path.name}.part")
        half.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        half.replace(self.path)

    def to_dict(self) -> dict[str, Any]:
        runs = {
            case: {
                size: {who: [one.to_dict() for one in runs] for who, runs in each.items()}
                for size, each in sizes.items()
            }
            for case, sizes in self.runs.items()
        }
        return {"machine": machine(), "runs": runs}


def middle(runs: list[Measured]) -> Measured:
    """The median run by seconds; of those that gave an answer, if any did."""
    answered = [one for one in runs if one.value is not None] or runs
    seconds = median(one.seconds for one in answered)
    return min(answered, key=lambda one: (abs(one.seconds - seconds), one.seconds))


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
