"""Each import contract would notice its own breach: the house is copied, spoilt in one place, and checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREACHES = {
    "a room without a floor": ("floors", "eventhub/utils.py", ""),
    "an arrow that runs up": ("floors", "eventhub/queries/stray.py", "import eventhub.services"),
    "web and cli that know each other": ("floors", "eventhub/cli/stray.py", "import eventhub.web"),
    "an arrow up for types alone": (
        "floors",
        "eventhub/domain/stray.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import eventhub.models",
    ),
    "a solver that knows the house": ("solvers-are-pure", "solvers/stray.py", "import eventhub.domain"),
    "a solver that knows the web": ("solvers-are-pure", "solvers/stray.py", "import flask"),
    "a kind that asks the database": ("the-trade-is-pure", "eventhub/kinds/stray.py", "import sqlalchemy"),
    "a page that writes a row": ("pages-cannot-write", "eventhub/web/stray.py", "import eventhub.models"),
    "a page that solves": ("pages-cannot-write", "eventhub/web/stray.py", "import solvers"),
    "OR-Tools outside the engines": ("ortools-in-the-engines", "solvers/stray.py", "import ortools.sat"),
    "icalendar outside its file": ("icalendar-in-one-file", "eventhub/delivery/stray.py", "import icalendar"),
    "Dask outside its file": ("dask-in-one-file", "solvers/engines/stray.py", "import distributed"),
    "a kind that knows another": (
        "kinds-are-strangers",
        "eventhub/kinds/camp/stray.py",
        "import eventhub.kinds.contest",
    ),
}


@pytest.fixture(scope="module")
def copy_of_the_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = tmp_path_factory.mktemp("house")
    for package in ("eventhub", "solvers"):
        shutil.copytree(ROOT / package, house / package, ignore=only_python)
    shutil.copy(ROOT / "pyproject.toml", house)
    return house


def only_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or (Path(folder) / name).is_dir())]


def broken_contracts(house: Path) -> str:
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode in {0, 1}, checked.stdout + checked.stderr
    return checked.stdout


@pytest.mark.parametrize("breach", BREACHES)
def test_the_contract_notices(breach: str, copy_of_the_house: Path, names_of_contracts: dict[str, str]):
    contract, file, source = BREACHES[breach]
    stray = copy_of_the_house / file
    stray.write_text(source)
    try:
        said = broken_contracts(copy_of_the_house)
    finally:
        stray.unlink()
    assert f"{names_of_contracts[contract]} BROKEN" in said


def test_circles_are_noticed(copy_of_the_house: Path, names_of_contracts: dict[str, str]):
    strays = {"one": "import eventhub.domain.two", "two": "import eventhub.domain.one"}
    files = [copy_of_the_house / f"eventhub/domain/{name}.py" for name in strays]
    for file, source in zip(files, strays.values(), strict=True):
        file.write_text(source)
    try:
        said = broken_contracts(copy_of_the_house)
    finally:
        for file in files:
            file.unlink()
    assert f"{names_of_contracts['no-circles']} BROKEN" in said


@pytest.fixture(scope="module")
def names_of_contracts() -> dict[str, str]:
    import tomllib

    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return {contract["id"]: contract["name"] for contract in contracts}
