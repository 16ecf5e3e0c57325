"""A fourth kind from outside the house, and each kind in turn."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eventhub import i18n, kinds
from eventhub.kinds import Kind

CHECKUP_FOLDER = Path(__file__).parent / "checkup_kind"


@contextmanager
def kinds_also_in(folder: Path) -> Iterator[None]:
    """Find the kinds of another folder for a while, and forget them afterwards."""
    path, folders = list(kinds.__path__), list(i18n._folders)
    kinds.look_also_in([folder])
    try:
        yield
    finally:
        kinds.__path__[:] = path
        i18n._folders[:] = folders
        i18n._catalogue.cache_clear()
        kinds.every.cache_clear()
        for name in [
            name
            for name, module in sys.modules.items()
            if str(folder) in str(getattr(module, "__file__", ""))
        ]:
            del sys.modules[name]
            vars(kinds).pop(name.rpartition(".")[2], None)


@pytest.fixture
def checkup() -> Iterator[Kind]:
    """Hospital half-days: a kind the house does not know, found by its folder."""
    with kinds_also_in(CHECKUP_FOLDER):
        yield kinds.named("checkup")


def _every_key() -> list[str]:
    """The house's kinds, those of ``EVENTHUB_KINDS_PATH``, and the one that only the tests have."""
    outside = [Path(part) for part in os.environ.get("EVENTHUB_KINDS_PATH", "").split(os.pathsep) if part]
    if outside:
        kinds.look_also_in(outside)
    return sorted({*kinds.every(), "checkup"})


@pytest.fixture(params=_every_key())
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind there is."""
    key = str(request.param)
    if key not in kinds.every():
        found: Kind = request.getfixturevalue("checkup")
        return found
    return kinds.named(key)
