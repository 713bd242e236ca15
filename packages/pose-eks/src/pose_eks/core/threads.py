"""The same task for many items, side by side."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

A = TypeVar("A")


def in_threads(task: Callable[..., A], *items: Iterable[Any], workers: int | None) -> list[A]:
    """Do a task for every item, in so many threads; None for one per processor."""
    workers = workers or os.cpu_count() or 1
    if workers == 1:
        return list(map(task, *items))
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, *items))
