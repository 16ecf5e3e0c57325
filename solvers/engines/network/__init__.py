"""The network: exact where rules only count heads and their counts nest, stage by stage, the draw included.

Its parts are loaded when they are first asked, for they bring the compiler with them, which takes most of a second.
"""

from importlib import import_module

from solvers.engines.search import Search

__all__ = ["solve"]


def solve(search: Search) -> bool:
    """Settle every stage and the draw; False if the problem is none for a network or its amounts are too large."""
    return bool(import_module("solvers.engines.network.stages").solve(search))
