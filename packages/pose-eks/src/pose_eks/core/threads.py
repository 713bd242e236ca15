"""Work side by side: a task for many items, and what is made while the last of it is used."""

import os
from collections.abc import Callable, Iterable, Iterator
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


def one_ahead(items: Iterable[A]) -> Iterator[A]:
    """Give items, none of them None; a thread makes each while the one before is used."""
    source = iter(items)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(next, source, None)
        while (item := asked.result()) is not None:
            asked = pool.submit(next, source, None)
            yield item
