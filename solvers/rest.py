"""Rest: Python's search for cycles of garbage waits while hundreds of thousands of small things are made that stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Search for no cycles within; what is made here makes none, and looking at it again and again takes half the time.

    What was on before is on again afterwards. A thread beside this one is spared the search too, and only the search:
    what nobody refers to is freed at once all the same.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
