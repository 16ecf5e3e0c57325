"""What is imported is declared, what is declared is used and locked, and each lock holds every hash."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"benchmarks", "eventhub", "solvers", "tests", "wsgi"}

# Used without being imported: by name on the command line, by another package, or as data.
STARTED_BY_NAME = {"gunicorn", "psycopg", "tzdata", "argon2-cffi"}
DEVELOPING_BY_NAME = {
    "codespell", "coverage", "djlint", "import-linter", "mypy", "pre-commit", "pytest-timeout", "pytest-xdist", "ruff", "uv",
}  # fmt: skip
# Bindings of the distribution, imported by a reader that its own Python runs (tests/calendars).
OF_THE_SYSTEM = {"gi"}

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def names(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[\s\[<>=!;~]", requirement)[0]) for requirement in requirements}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


RUNNING = names(PROJECT["dependencies"])
DEVELOPING = names(PROJECT["optional-dependencies"]["dev"])
MEASURING = names(PROJECT["optional-dependencies"]["bench"])
SHARING = names(PROJECT["optional-dependencies"]["dask"])
"""What reaches other machines, installed only by whoever has some."""
BY_HAND = {"fairpyx"}
"""Peers that cannot be installed beside us and are measured where somebody did it all the same."""
BUILDING = names(PROJECT["optional-dependencies"]["build"])


def imported_by(*folders: str) -> set[str]:
    """The distributions whose modules the Python files in these folders import."""
    distributions = packages_distributions()
    found: set[str] = set()
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            for module in top_level_imports(ast.parse(file.read_text("utf-8"))):
                if module not in sys.stdlib_module_names | OURS | OF_THE_SYSTEM:
                    found.update(canonical(name) for name in distributions.get(module, [module]))
    return found


def top_level_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def locked(file: str) -> dict[str, list[str]]:
    """Each pinned distribution in a lock and its hashes."""
    blocks = re.split(r"\n(?=\w)", (ROOT / file).read_text("utf-8"))
    pinned: dict[str, list[str]] = {}
    for block in blocks:
        if found := re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==", block):
            pinned.setdefault(canonical(found[1]), []).extend(
                re.findall(r"--hash=sha256:[0-9a-f]{64}", block)
            )
    return pinned


# What one distribution brings along and promises: a Flask application imports these from Flask's own family.
BROUGHT_ALONG = {"werkzeug", "jinja2", "markupsafe", "click", "itsdangerous", "flask-login", "numpy"}


def test_everything_imported_to_run_is_declared():
    assert imported_by("eventhub", "solvers", "migrations") - RUNNING - BROUGHT_ALONG - SHARING == set()


def test_what_reaches_other_machines_is_declared_tested_and_not_needed_to_run():
    file = ROOT / "solvers/engines/cluster.py"
    assert {canonical(top) for top in top_level_imports(parsed(file))} & SHARING == SHARING
    assert SHARING <= DEVELOPING
    assert not SHARING & (RUNNING | set(locked("requirements.lock")))


def test_everything_declared_to_run_is_used():
    assert RUNNING - imported_by("eventhub", "solvers", "migrations") - STARTED_BY_NAME == set()


def test_everything_imported_by_the_tests_is_declared():
    assert imported_by("tests") - RUNNING - DEVELOPING - BROUGHT_ALONG == set()


def test_everything_declared_to_develop_is_used():
    stubs = {name for name in DEVELOPING if name.startswith("types-")}
    assert DEVELOPING - imported_by("tests") - DEVELOPING_BY_NAME - stubs - SHARING == set()


def test_everything_imported_to_measure_is_declared():
    imported = {
        top for file in (ROOT / "benchmarks").rglob("*.py") for top in top_level_imports(parsed(file))
    }
    outside = {canonical(name) for name in imported - sys.stdlib_module_names - OURS}
    assert outside - RUNNING - MEASURING - BROUGHT_ALONG == BY_HAND
    assert MEASURING - outside == set()


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("file", "declared"),
    [
        ("requirements.lock", RUNNING | BUILDING),
        ("requirements-dev.lock", RUNNING | BUILDING | DEVELOPING),
        ("requirements-bench.lock", RUNNING | BUILDING | DEVELOPING | MEASURING),
    ],
)
def test_a_lock_holds_what_is_declared_with_hashes(file: str, declared: set[str]):
    pinned = locked(file)
    assert declared - set(pinned) == set()
    assert [name for name, hashes in pinned.items() if not hashes] == []


def test_the_locks_agree():
    running, developing = locked("requirements.lock"), locked("requirements-dev.lock")
    measuring = locked("requirements-bench.lock")
    assert {name: developing.get(name) for name in running} == running
    assert {name: measuring.get(name) for name in developing} == developing
