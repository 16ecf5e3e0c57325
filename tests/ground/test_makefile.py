"""`make` explains itself, and says in one sentence what a machine lacks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


def make(*words: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    # Without the flags of a `make test` that runs this very test.
    environment = {"PATH": path, "HOME": os.environ.get("HOME", "")}
    return subprocess.run(
        [str(MAKE), *words],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A folder to stand for PATH, holding the shell's own helpers only."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "touch"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


def put_python(folder: Path, answers: str) -> None:
    """A Python that succeeds or fails by what it is asked."""
    (folder / "python3").write_text(f'#!/bin/sh\ncase "$2" in {answers} *) exit 0;; esac\n')
    (folder / "python3").chmod(0o755)


def test_make_alone_lists_every_command():
    targets = re.findall(r"^([.a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    said = make().stdout
    assert len(targets) > 5
    assert [target for target in targets if f"make {target} " not in said] == []


@pytest.mark.parametrize("too_old", [True, False])
def test_without_a_recent_python_one_sentence_says_what_to_install(
    bare_machine: Path, tmp_path: Path, too_old: bool
):
    if too_old:
        put_python(bare_machine, "*version_info*) exit 1;;")
    done = make(".venv", f"VENV={tmp_path}/venv", path=str(bare_machine))
    assert done.returncode != 0
    sentence, make_said = done.stderr.strip().splitlines()
    assert re.fullmatch(
        r"EventHub needs Python 3.11 or newer: install it \(.+\), then run make again\.", sentence
    )
    assert make_said.startswith("make: ***")
    assert not (tmp_path / "venv").exists()


def test_without_the_venv_module_one_sentence_says_what_to_install(bare_machine: Path, tmp_path: Path):
    put_python(bare_machine, "*ensurepip*) exit 1;;")
    done = make(".venv", f"VENV={tmp_path}/venv", path=str(bare_machine))
    assert done.returncode != 0
    sentence, make_said = done.stderr.strip().splitlines()
    assert re.fullmatch(
        r"Python's venv module is missing: install it \(.+\), then run make again\.", sentence
    )
    assert make_said.startswith("make: ***")
    assert not (tmp_path / "venv").exists()


def test_an_environment_that_stands_is_not_installed_again(tmp_path: Path):
    venv = tmp_path / "venv"
    venv.mkdir()
    (venv / ".running").touch()
    done = make(".venv", f"VENV={venv}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Installing" not in done.stdout
