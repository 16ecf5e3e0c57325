"""Machines: who keeps the parts of a question and asks them, in this process or elsewhere."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from numpy.typing import NDArray

Numbers = NDArray[Any]
Asked = Callable[[Any, Numbers, Numbers], tuple[Numbers, Numbers]]
"""A function of a part, what concerns that part alone, and what concerns all of them."""
ADDRESS = re.compile(r"local:[1-9][0-9]{0,2}|(tcp|tls|ws|wss)://[^\s/]+:[0-9]{1,5}/?")


class Unreachable(ValueError):
    """There are no such machines, or they cannot do it; a sentence says why."""


class Machines(Protocol):
    """Somebody who keeps parts and asks each of them the same question."""

    def keep(self, parts: Callable[[int], Sequence[Any]]) -> Any:
        """Divide into as many parts as suit these machines, and keep them; what to name them by."""
        ...

    def ask(self, kept: Any, asked: Asked, own: Sequence[Numbers], common: Numbers) -> list[Any] | None:
        """What each part answers, in their order; None if nobody is left who could say."""
        ...


class Here:
    """In this process, one part after the other: what all others are held against."""

    def __init__(self, count: int) -> None:
        self.count = count

    def keep(self, parts: Callable[[int], Sequence[Any]]) -> Any:
        return parts(self.count)

    def ask(self, kept: Any, asked: Asked, own: Sequence[Numbers], common: Numbers) -> list[Any] | None:
        return [asked(part, mine, common) for part, mine in zip(kept, own, strict=True)]


def at(address: str | None, *, left: Callable[[], float]) -> AbstractContextManager[Machines | None]:
    """The machines at ``local:NUMBER`` or at a scheduler's address; they are called when first needed.

    ``left`` says for how many seconds an answer is worth waiting for. Unreachable if the address is none, or if
    what it takes to call there is not installed.
    """
    if address is None:
        return nullcontext()
    if not ADDRESS.fullmatch(address):
        raise Unreachable(f'"{address}" is neither local:NUMBER nor an address like tcp://HOST:PORT')
    if find_spec("distributed") is None:
        raise Unreachable('other machines are reached with "pip install eventhub[dask]"')
    found: AbstractContextManager[Machines] = import_module("solvers.engines.cluster").Cluster(
        address, left=left
    )
    return found
