"""Tables: the network in flat arrays, as compiled code wants them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.problem import Ints

Small = NDArray[np.int32]


class Rows(NamedTuple):
    """Units (a whole group, or a head of one that may be split) and the places open to each.

    Row u's places are ``first[u]`` to ``first[u + 1]``: the ``node`` it would stand at, and the ``choice`` of the
    problem (-1: out). ``place`` is the one it has, or -1; ``unit`` its number before any sorting.
    """

    first: Ints
    node: Small
    choice: Small
    place: Ints
    unit: Small


class Crowd(NamedTuple):
    """Which rows stand at each node: ``member[base[v] : base[v] + size[v]]``; ``where`` finds a row again."""

    base: Ints
    member: Small
    size: Ints
    where: Ints


class Tree(NamedTuple):
    """Nodes and the quotas above them: what stands at a node counts at its ``parent`` too, up to the root, the last.

    Between ``low`` and ``high`` units pass from a node to its parent; ``flow`` do now. ``child[start[v] :
    start[v + 1]]`` are the nodes below v.
    """

    parent: Ints
    low: Ints
    high: Ints
    flow: Ints
    start: Ints
    child: Ints
